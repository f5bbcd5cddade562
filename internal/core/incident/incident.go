// Package incident is the declared response: how bad, where it stands, who was
// asked to help, what was said. Getting humans is core/page's business; an
// incident only summons them.
package incident

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// Kind is the stream kind of an incident; DeskKind of the desk that numbers
// them.
const (
	Kind     = "incident"
	DeskKind = "desk"
)

// Desk is the one stream that gives incidents their numbers.
var Desk = fact.Of(DeskKind, "incidents")

// Stream is the stream of an incident.
func Stream(id string) fact.Stream { return fact.Of(Kind, id) }

// Status is where an incident stands.
type Status string

// The statuses. Merged is final; resolved can be reopened.
const (
	Declared   Status = "declared"
	Mitigating Status = "mitigating"
	Mitigated  Status = "mitigated"
	Resolved   Status = "resolved"
	Merged     Status = "merged"
)

// statuses are those a person may set.
var statuses = []Status{Declared, Mitigating, Mitigated, Resolved}

// Severity is SEV1 (worst) to SEV5.
type Severity int

func (s Severity) String() string { return fmt.Sprintf("SEV%d", int(s)) }

// Valid says whether the severity is SEV1 to SEV5.
func (s Severity) Valid() bool { return s >= 1 && s <= 5 }

// ParseSeverity reads "SEV2", "sev2" or "2".
func ParseSeverity(text string) (Severity, error) {
	digits := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SEV")
	if len(digits) == 1 && digits[0] >= '1' && digits[0] <= '5' {
		return Severity(digits[0] - '0'), nil
	}
	return 0, fact.Refuse("invalid", "severity", fmt.Sprintf("%q is not one of SEV1 to SEV5", text))
}

// State is one incident.
type State struct {
	ID         string       `json:"id"` // INC-212
	Title      string       `json:"title"`
	Severity   Severity     `json:"severity"`
	Status     Status       `json:"status"`
	Service    string       `json:"service,omitempty"`
	Summary    string       `json:"summary,omitempty"`
	DeclaredAt time.Time    `json:"declared_at"`
	DeclaredBy string       `json:"declared_by"`
	ResolvedAt time.Time    `json:"resolved_at,omitzero"`
	UpdatedAt  time.Time    `json:"updated_at"`
	MergedInto string       `json:"merged_into,omitempty"`
	Merged     []string     `json:"merged,omitempty"` // incidents merged into this
	Pages      []string     `json:"pages,omitempty"`
	Responders []Responder  `json:"responders,omitempty"`
	Drill      bool         `json:"drill,omitempty"`
	Summons    int          `json:"summons,omitempty"`
	Urgency    plan.Urgency `json:"urgency,omitempty"`
}

// Responder was asked to help.
type Responder struct {
	Target  plan.Target `json:"target"`
	AskedBy string      `json:"asked_by"`
	AskedAt time.Time   `json:"asked_at"`
	Page    string      `json:"page"`
}

// DeskState counts incidents.
type DeskState struct {
	Last int64 `json:"last"`
	// ByPage finds the incident that was declared for a page, so that a repeat
	// declares nothing.
	ByPage map[string]string `json:"by_page,omitempty"`
}

// StreamKind says which stream this is a state of.
func (*State) StreamKind() string { return Kind }

// StreamKind says which stream this is a state of.
func (*DeskState) StreamKind() string { return DeskKind }

// Clone copies what a step may change.
func (s *State) Clone() *State {
	c := *s
	c.Merged, c.Pages, c.Responders = slices.Clone(s.Merged), slices.Clone(s.Pages), slices.Clone(s.Responders)
	return &c
}

// Declare opens an incident, by hand or for a page.
type Declare struct {
	Title    string
	Severity Severity
	Service  string
	Summary  string
	Page     string // declared for this page, may be empty
	Drill    bool
}

// Input is what can happen to an incident.
type Input interface{ incidentInput() }

// Open is the desk's word that the incident exists.
type Open struct {
	Declare Declare
	By      string
}

// SetSeverity changes the severity; lowering needs a reason.
type SetSeverity struct {
	Severity Severity
	Reason   string
}

// SetStatus moves the incident. Resolved can be left again: that is a reopen.
type SetStatus struct {
	Status Status
	Reason string
}

// Rename gives it a better title.
type Rename struct{ Title string }

// Note adds a line to the timeline.
type Note struct{ Text string }

// AddResponders asks targets for help.
type AddResponders struct{ Targets []plan.Target }

// LinkPage takes a page in.
type LinkPage struct{ Page string }

// MergeInto ends this incident in favour of another.
type MergeInto struct{ Other string }

// TakeOver takes in what was merged.
type TakeOver struct {
	Other      string
	Pages      []string
	Responders []Responder
}

func (Open) incidentInput()          {}
func (SetSeverity) incidentInput()   {}
func (SetStatus) incidentInput()     {}
func (Rename) incidentInput()        {}
func (Note) incidentInput()          {}
func (AddResponders) incidentInput() {}
func (LinkPage) incidentInput()      {}
func (MergeInto) incidentInput()     {}
func (TakeOver) incidentInput()      {}

// maxRemembered bounds what the desk remembers.
const maxRemembered = 256

// StepDesk numbers incidents.
func StepDesk(sc plan.Scene, s *DeskState, in Declare) (*DeskState, fact.Outcome, error) {
	var out fact.Outcome
	if !in.Severity.Valid() {
		return s, out, fact.Refuse("invalid", "severity", "an incident is SEV1 to SEV5")
	}
	in.Title = strings.TrimSpace(in.Title)
	if in.Title == "" {
		return s, out, fact.Refuse("invalid", "title", "say in a few words what is wrong")
	}
	next := &DeskState{ByPage: map[string]string{}}
	if s != nil {
		next.Last = s.Last
		// Ids sort by time: the eldest is the least likely to be asked for again.
		pages := slices.Sorted(maps.Keys(s.ByPage))
		for _, page := range pages[max(0, len(pages)-maxRemembered):] {
			next.ByPage[page] = s.ByPage[page]
		}
	}
	if in.Page != "" && next.ByPage[in.Page] != "" {
		if sc.Actor.Kind == "user" {
			return s, out, fact.Refuse("conflict", "page", "page "+in.Page+" has "+next.ByPage[in.Page]+" already")
		}
		return s, out, nil
	}
	next.Last++
	id := fmt.Sprintf("INC-%d", next.Last)
	if in.Page != "" {
		next.ByPage[in.Page] = id
	}
	out.Add(fact.Fact{Subject: id, Why: fact.Because("numbered", "the desk numbers incidents in order"), Unsaid: true,
		Body: Numbered{Incident: id, Declare: in, By: sc.Actor.Name()}})
	return next, out, nil
}

// Step moves one incident.
func Step(sc plan.Scene, id string, s *State, in Input) (*State, fact.Outcome, error) {
	t := turn{sc: sc}
	if s == nil {
		open, ok := in.(Open)
		if !ok {
			return nil, t.out, fact.Refuse("not-found", "", "there is no incident "+id)
		}
		t.open(id, open)
		return t.s, t.out, nil
	}
	if s.Status == Merged {
		return s, t.out, t.afterMerge(s, in)
	}
	t.s = s.Clone()
	t.s.UpdatedAt = sc.At
	err := t.on(in)
	if err != nil {
		return s, fact.Outcome{}, err
	}
	return t.s, t.out, nil
}

type turn struct {
	sc  plan.Scene
	s   *State
	out fact.Outcome
}

func (t *turn) afterMerge(s *State, in Input) error {
	switch in.(type) {
	case LinkPage, Open:
		return nil
	}
	return fact.Refuse("conflict", "", fmt.Sprintf("%s was merged into %s", s.ID, s.MergedInto))
}

func (t *turn) on(in Input) error {
	switch in := in.(type) {
	case Open: // the same request again
	case SetSeverity:
		return t.setSeverity(in)
	case SetStatus:
		return t.setStatus(in)
	case Rename:
		return t.rename(in.Title)
	case Note:
		return t.note(in.Text)
	case AddResponders:
		return t.summon(in.Targets)
	case LinkPage:
		t.link(in.Page)
	case MergeInto:
		return t.merge(in.Other)
	case TakeOver:
		t.takeOver(in)
	default:
		return fmt.Errorf("incident: unknown input %T", in)
	}
	return nil
}

func (t *turn) actor() string {
	if t.sc.Actor.Kind == "user" {
		if u := t.sc.Plan.User(t.sc.Actor.ID); u != nil {
			return u.DisplayName()
		}
	}
	return t.sc.Actor.Name()
}

func (t *turn) byHand() fact.Reason { return fact.Because("by-hand", t.actor()+" decided it") }

func (t *turn) say(text string, why fact.Reason, body fact.Body) {
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: text, Why: why, Body: body})
}

func (t *turn) open(id string, in Open) {
	d := in.Declare
	t.s = &State{ID: id, Title: d.Title, Severity: d.Severity, Status: Declared, Service: d.Service, Summary: d.Summary,
		DeclaredAt: t.sc.At, DeclaredBy: in.By, UpdatedAt: t.sc.At, Drill: d.Drill}
	why := fact.Because("declared-by-hand", t.actor()+" declared it")
	if d.Page != "" && t.sc.Actor.Kind != "user" {
		why = fact.Because("declared-by-rule", "its route declares an incident with the page").By("page " + d.Page)
	}
	t.say(fmt.Sprintf("%s declared: %s", d.Severity, d.Title), why, Opened{Incident: id, Severity: d.Severity})
	if d.Page != "" {
		t.link(d.Page)
	}
}

func (t *turn) link(page string) {
	if slices.Contains(t.s.Pages, page) {
		return
	}
	t.s.Pages = append(t.s.Pages, page)
	t.say("Page "+page+" belongs to it", fact.Because("linked", "the page is about this incident"), PageLinked{Incident: t.s.ID, Page: page})
}
