package web

import (
	"context"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
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
	PlanVersions(ctx context.Context, before int64, limit int) ([]PlanVersion, error)
	PlanVersion(ctx context.Context, version int64) (*PlanVersion, error)
	// Activity is what each integration received, by its id.
	Activity(ctx context.Context) (map[string]Activity, error)
}

// PlanVersion is one version of the plan.
type PlanVersion struct {
	Version int64
	At      time.Time
	Author  string
	Comment string
	Plan    *plan.Plan
}

// Activity is what an integration received lately.
type Activity struct {
	LastAt     time.Time
	Accepted   int64
	Rejected   int64
	LastError  string
	RejectedAt time.Time
}

// Door is the way in for everything that a person does here.
type Door interface {
	// Do submits one input of the core. An error of type *fact.Refused is an
	// answer for the person; nothing happened.
	Do(ctx context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error)
	NewID(prefix string) string
	Plan() *plan.Plan
	Board() *plan.Board
	// SavePlan prepares and stores the plan as a new version.
	SavePlan(ctx context.Context, author, comment string, p *plan.Plan) (int64, error)
	// Changes receives something after each commit, until ctx ends. It may
	// leave out commits, never the last one.
	Changes(ctx context.Context) <-chan struct{}
	Now() time.Time
}

// Role is what an account may do.
type Role string

// The roles, each including the one below it.
const (
	Admin     Role = "admin"     // changes the plan, accounts and integrations
	Responder Role = "responder" // acknowledges, declares, silences, overrides
	Viewer    Role = "viewer"    // reads
)

// May says whether the role includes another.
func (r Role) May(need Role) bool { return rank[r] >= rank[need] && rank[r] > 0 }

var rank = map[Role]int{Viewer: 1, Responder: 2, Admin: 3}

// Session is a signed-in person. User is the person's id in the plan.
type Session struct {
	User    string
	Name    string
	Role    Role
	Expires time.Time
}

// Account is a login.
type Account struct {
	User  string
	Email string
	Name  string
	Role  Role
}

// APIToken is a token of a program; the secret is shown once, when it is made.
type APIToken struct {
	ID       string
	Name     string
	Role     Role
	Created  time.Time
	LastUsed time.Time
	Expires  time.Time
}

// Auth keeps accounts, sessions and API tokens. Errors of type *fact.Refused
// are for people.
type Auth interface {
	FirstRun(ctx context.Context) (bool, error)
	// CreateFirst makes the first account, an admin; refused if there is one.
	CreateFirst(ctx context.Context, a Account, password string) error
	// SignIn checks a password and returns a session token for the cookie.
	SignIn(ctx context.Context, login, password, from string) (token string, expires time.Time, err error)
	SignOut(ctx context.Context, token string) error
	// Session finds the session of a cookie's token; false if there is none.
	Session(ctx context.Context, token string) (Session, bool)
	Accounts(ctx context.Context) ([]Account, error)
	CreateAccount(ctx context.Context, by string, a Account, password string) error
	SetRole(ctx context.Context, by, user string, role Role) error
	ChangePassword(ctx context.Context, user, old, next string) error
	Tokens(ctx context.Context, user string) ([]APIToken, error)
	CreateToken(ctx context.Context, user string, t APIToken) (secret string, err error)
	RevokeToken(ctx context.Context, user, id string) error
}

// Link is what a signed link allows.
type Link struct {
	Page     string
	Incident string
	User     string
	Contact  string
	Also     []string
	Expires  time.Time
}

// ActionTokens checks the signed links below /a/.
type ActionTokens interface {
	// Verify reads a token. An expired one is returned with expired set; ok is
	// false for one that is not ours.
	Verify(token string, now time.Time) (l Link, expired, ok bool)
}

// Field is one setting of a channel or a check, for forms.
type Field struct {
	Name, Label, Help string
	Required, Secret  bool
}

// Channel is a way to reach somebody.
type Channel struct {
	Name   string
	Title  string
	Fields []Field
}

// Channels knows the ways out.
type Channels interface {
	Channels() []Channel
	// Check says what is wrong with settings; nil is good.
	Check(channel string, settings map[string]string) error
}

// Format is a type of integration.
type Format struct {
	Name    string
	Title   string
	Snippet func(baseURL, key string) string
}

// Formats knows the ways in.
type Formats interface {
	Formats() []Format
	// Test submits one harmless sample event as if it came from the source.
	Test(ctx context.Context, integration string) error
}

// Probe is one result of a check.
type Probe struct {
	At     time.Time
	OK     bool
	Took   time.Duration
	Reason string
}

// Probes remembers the latest results of each check, oldest first.
type Probes interface {
	Recent(check string, limit int) []Probe
}

// Problem is a mistake or a warning about a plan, for people.
type Problem struct {
	Where   string // "plan.yaml:12" or "services.shop"
	Text    string
	Warning bool
}

// PlanTools reads, writes and judges plans.
type PlanTools interface {
	Encode(p *plan.Plan) (string, error)
	Parse(source string) (*plan.Plan, []Problem)
	// Diff says in sentences what changed.
	Diff(old, next *plan.Plan) []string
	// Findings are the dead ends of a plan: a service nobody is paged for.
	Findings(p *plan.Plan, b *plan.Board, at time.Time) []Problem
	// ManagedBy names what owns the plan ("the folder /etc/tocsin"), so that it
	// is read-only here; empty if this is the place to edit it.
	ManagedBy() string
}

// Push is Web Push, as far as a browser must know of it.
type Push interface {
	// PublicKey is the VAPID key in base64url; empty if push is off.
	PublicKey() string
}

// Subscriber is a Push that keeps subscriptions; without it a browser cannot
// be added here.
type Subscriber interface {
	// Subscribe keeps what a browser handed over, for a person. An error of
	// type *fact.Refused says what is wrong with it.
	Subscribe(ctx context.Context, person string, s Subscription) error
}

// Subscription is a browser that agreed to be pushed to.
type Subscription struct{ Endpoint, P256dh, Auth, UserAgent string }
