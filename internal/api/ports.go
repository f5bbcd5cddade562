package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// Ledger answers what is written down. A single thing that does not exist is
// nil without an error; lists are newest first and bounded by their filter.
type Ledger interface {
	Alerts(ctx context.Context, f alert.Filter) ([]*alert.State, error)
	Alert(ctx context.Context, id string) (*alert.State, error)
	Pages(ctx context.Context, f page.Filter) ([]*page.State, error)
	Page(ctx context.Context, id string) (*page.State, error)
	Incidents(ctx context.Context, f incident.Filter) ([]*incident.State, error)
	Incident(ctx context.Context, id string) (*incident.State, error)
	Notifications(ctx context.Context, f notification.RowFilter) ([]notification.Row, error)
	// Timeline is the entries of any of the subjects after a position, oldest
	// first.
	Timeline(ctx context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error)
	// Tail is all entries after a position, oldest first. A negative position
	// counts from the end: -1 is the newest entry alone.
	Tail(ctx context.Context, after int64, limit int) ([]fact.Entry, error)
	State(ctx context.Context, stream fact.Stream) (core.State, error)
	// States is every state of a kind, by name of the stream.
	States(ctx context.Context, kind string) ([]core.State, error)
	// PlanVersions are below a version (0: the newest), newest first, without
	// their plans. PlanVersion is one with its plan.
	PlanVersions(ctx context.Context, before int64, limit int) ([]ledger.PlanVersion, error)
	PlanVersion(ctx context.Context, version int64) (*ledger.PlanVersion, error)
	// Activity is what each integration received, by its id.
	Activity(ctx context.Context) (map[string]ledger.Activity, error)
}

// Door is the way in for everything that is done here.
type Door interface {
	// Do submits one input of the core. An error of type *fact.Refused is an
	// answer for whoever asked; nothing happened.
	Do(ctx context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error)
	NewID(prefix string) string
	Plan() *plan.Plan
	Board() *plan.Board
	// SavePlan prepares and stores the plan as a new version.
	SavePlan(ctx context.Context, actor fact.Actor, v ledger.PlanVersion) (int64, error)
	// Changes receives something after each commit, until ctx ends. It may
	// leave out commits, never the last one.
	Changes(ctx context.Context) <-chan struct{}
	Now() time.Time
}

// Channels knows the ways out, as far as settings go.
type Channels interface {
	// Secret lists the settings of a channel that must not be given out.
	Secret(channel string) []string
}

// Format is a type of integration.
type Format struct {
	Name    string
	Title   string
	Snippet func(baseURL, key string) string
}

// Formats knows the ways in.
type Formats interface{ Formats() []Format }

// Probe is one result of a check.
type Probe struct {
	At     time.Time     `json:"at"`
	OK     bool          `json:"ok"`
	Took   time.Duration `json:"took_ns" doc:"Nanoseconds that the attempt took."`
	Reason string        `json:"reason,omitempty" doc:"Why it failed."`
}

// Probes remembers the latest results of each check, oldest first.
type Probes interface {
	Recent(check string, limit int) []Probe
}

// Problem is a mistake or a warning about a plan, for people.
type PlanProblem struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Path     string `json:"path,omitempty" doc:"What it is about: services.checkout.policy."`
	Code     string `json:"code,omitempty" doc:"Stable name of a finding: schedule-gap."`
	Severity string `json:"severity" enum:"error,warning,info"`
	Text     string `json:"text"`
}

// PlanChange is one difference of two plans in words.
type PlanChange struct {
	Kind     string `json:"kind" enum:"added,removed,changed"`
	Path     string `json:"path"`
	Sentence string `json:"sentence"`
}

// ReadPlan is a plan read from files. Plan is nil if a problem refuses it.
type ReadPlan struct {
	Plan     *plan.Plan
	Problems []PlanProblem
}

// PlanTools reads, writes and judges plans.
type PlanTools interface {
	// Read parses files by their names in the plan folder.
	Read(files map[string][]byte) ReadPlan
	// Encode writes the canonical YAML.
	Encode(p *plan.Plan) ([]byte, error)
	// Diff says in sentences what changed; either may be nil.
	Diff(before, after *plan.Plan) []PlanChange
	// Unified is the difference of the two as YAML, like diff -u.
	Unified(before, after *plan.Plan) (string, error)
	// Findings are the dead ends of a plan: a service nobody is paged for.
	Findings(p *plan.Plan, b *plan.Board, at time.Time) []PlanProblem
	// ManagedBy names what owns the plan ("the folder /etc/tocsin"), so that it
	// is read-only here; empty if this is the place to change it.
	ManagedBy() string
}

// Symptom is something that Tocsin sees wrong in itself.
type Symptom struct {
	Name string    `json:"name"`
	Text string    `json:"text"`
	When time.Time `json:"since,omitzero"`
}

// Health is the self-watch. Symptoms are what is wrong now; none is good.
type Health interface {
	Symptoms(ctx context.Context) []Symptom
}

// Options are the rooms and facts that the API stands on. Ledger, Door, Auth
// and Tools are needed; the others may be absent, and then what they would
// tell is left out.
type Options struct {
	Ledger Ledger
	Door   Door
	Auth   *auth.Auth
	Tools  PlanTools
	// Session finds the person of a browser's cookie.
	Session  func(*http.Request) (auth.Person, bool)
	Channels Channels
	Formats  Formats
	Probes   Probes
	Health   Health
	Mapper   Mapper
	// Busy is the door's error for "come back later"; it becomes 429.
	Busy    error
	Version string
	// BaseURL is how people reach this Tocsin, for snippets and links.
	BaseURL string
	Log     *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Ledger == nil || o.Door == nil || o.Auth == nil || o.Tools == nil {
		return o, errors.New("the API needs a ledger, a door, auth and plan tools")
	}
	if o.Session == nil {
		o.Session = func(*http.Request) (auth.Person, bool) { return auth.Person{}, false }
	}
	if o.Channels == nil {
		o.Channels = nothing{}
	}
	if o.Formats == nil {
		o.Formats = nothing{}
	}
	if o.Probes == nil {
		o.Probes = nothing{}
	}
	if o.Health == nil {
		o.Health = nothing{}
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// nothing stands in for rooms that are absent. Of an unknown channel every
// setting counts as secret: too little shown can be asked for, too much cannot
// be taken back.
type nothing struct{}

func (nothing) Secret(string) []string             { return []string{"*"} }
func (nothing) Formats() []Format                  { return nil }
func (nothing) Recent(string, int) []Probe         { return nil }
func (nothing) Symptoms(context.Context) []Symptom { return nil }
