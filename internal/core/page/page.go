// Package page walks an escalation policy until somebody answers. It decides
// who is told, by which contact, when the next one is tried, and what a failed
// message changes. How one telephone is rung is core/notification's business.
package page

import (
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Kind is the stream kind of a page.
const Kind = "page"

// Stream is the stream of a page.
func Stream(id string) fact.Stream { return fact.Of(Kind, id) }

// Status is where a page stands.
type Status string

// The statuses. Muted: everything it stands for is muted, nobody is told.
const (
	Triggered    Status = "triggered"
	Acknowledged Status = "acknowledged"
	Muted        Status = "muted"
	Resolved     Status = "resolved"
)

// State is one attempt to get a human.
type State struct {
	ID       string          `json:"id"`
	Status   Status          `json:"status"`
	Group    fact.Stream     `json:"group,omitempty"`    // who asked: a group,
	Incident string          `json:"incident,omitempty"` // or an incident; a declared one is linked here too
	Route    string          `json:"route,omitempty"`
	Service  string          `json:"service,omitempty"`
	Policy   string          `json:"policy,omitempty"`
	Targets  []plan.Target   `json:"targets,omitempty"` // instead of a policy: these, once
	Urgency  plan.Urgency    `json:"urgency"`
	Severity signal.Severity `json:"severity,omitempty"`
	Title    string          `json:"title"`
	Alerts   int             `json:"alerts"`
	First    string          `json:"first,omitempty"` // first alert
	Drill    bool            `json:"drill,omitempty"`

	OpenedAt   time.Time `json:"opened_at"`
	AckedAt    time.Time `json:"acked_at,omitzero"`
	AckedBy    string    `json:"acked_by,omitempty"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	ResolvedBy string    `json:"resolved_by,omitempty"`

	// Rung is the index of the last rung told, -1 before the first. Round
	// counts the runs through the policy from 0.
	Rung  int `json:"rung"`
	Round int `json:"round,omitempty"`
	// NextAt and Next say what happens next and when; zero: nothing will.
	NextAt time.Time `json:"next_at,omitzero"`
	Next   Next      `json:"next,omitempty"`
	// Unanswered: the whole policy ran out. Nobody: somewhere on the way
	// nobody was on call.
	Unanswered bool `json:"unanswered,omitempty"`
	Nobody     bool `json:"nobody,omitempty"`
	// FellBack: the fallback was told since the policy began.
	FellBack bool `json:"fell_back,omitempty"`
	// QuietBy mutes everything that the page stands for; it is known even while
	// somebody has the page, for the time when they no longer have it.
	QuietBy string `json:"quiet_by,omitempty"`
	// Rose: the urgency rose while it was quiet, so that nobody was told.
	Rose  bool   `json:"rose,omitempty"`
	Calls []Call `json:"calls,omitempty"`
	Tells []Tell `json:"tells,omitempty"`
	Count int    `json:"count,omitempty"` // messages made, for their ids
}

// Next is what the ladder does when NextAt comes.
type Next string

// What can come next.
const (
	NextRung     Next = "rung"
	NextRepeat   Next = "repeat"
	NextFallback Next = "fallback"
	NextReopen   Next = "reopen" // the acknowledgement lapses
)

// Call is one person being told, contact after contact.
type Call struct {
	User  string    `json:"user"`
	Rung  int       `json:"rung"`
	Round int       `json:"round,omitempty"`
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
	// Rules are the contacts still to be told, in order of time.
	Rules []Due `json:"rules,omitempty"`
}

// Due is a contact and when it is told.
type Due struct {
	Contact string    `json:"contact"`
	At      time.Time `json:"at"`
}

// Tell is one message of this page and what became of it.
type Tell struct {
	ID      string            `json:"id"`
	To      notification.Ref  `json:"to"`
	Kind    notification.Kind `json:"kind"`
	Title   string            `json:"title,omitempty"`
	Rung    int               `json:"rung"`
	Round   int               `json:"round,omitempty"`
	At      time.Time         `json:"at"`
	Outcome string            `json:"outcome,omitempty"` // "", accepted, delivered, failing, failed, withdrawn
}

// StreamKind says which stream this is a state of.
func (*State) StreamKind() string { return Kind }

// Clone copies what a step may change.
func (s *State) Clone() *State {
	c := *s
	c.Calls = slices.Clone(s.Calls)
	for i := range c.Calls {
		c.Calls[i].Rules = slices.Clone(c.Calls[i].Rules)
	}
	c.Tells = slices.Clone(s.Tells)
	return &c
}

// Open says whether the page still wants something of somebody.
func (s *State) Open() bool { return s != nil && s.Status != Resolved }

// Input is what can happen to a page.
type Input interface{ pageInput() }

// Open starts a page for a group.
type Open struct{ Ask alert.Ask }

// Summon starts a page for an incident: these targets are asked to join.
type Summon struct {
	Incident string
	Title    string
	Service  string
	Policy   string        // or
	Targets  []plan.Target // these
	Urgency  plan.Urgency
	Drill    bool
}

// Grew says that an alert joined.
type Grew struct{ alert.Joined }

// Worse says that the severity rose.
type Worse struct{ alert.Worsened }

// Shrank says that an alert is over and others are not.
type Shrank struct{ alert.Left }

// Clear says that every alert is over.
type Clear struct{}

// Quiet says that everything is muted; Wake that it no longer is.
type Quiet struct {
	By  string
	Why fact.Reason
}

// Wake ends Quiet.
type Wake struct{ Why fact.Reason }

// Acknowledge says that the actor has it.
type Acknowledge struct{}

// Escalate asks for the next rung now.
type Escalate struct{}

// Resolve ends the page by hand.
type Resolve struct{}

// Finish ends a summons whose incident is over.
type Finish struct{ Incident string }

// Attach links the page to an incident.
type Attach struct{ Incident string }

// Due is a wake of the page's own: a Wake key.
type Alarm struct{ Key string }

// Delivery is what became of a message.
type Delivery struct {
	Notification string
	Outcome      string
	First        bool // the first failed attempt of this message
}

func (Open) pageInput()        {}
func (Summon) pageInput()      {}
func (Grew) pageInput()        {}
func (Worse) pageInput()       {}
func (Shrank) pageInput()      {}
func (Clear) pageInput()       {}
func (Quiet) pageInput()       {}
func (Wake) pageInput()        {}
func (Acknowledge) pageInput() {}
func (Escalate) pageInput()    {}
func (Resolve) pageInput()     {}
func (Finish) pageInput()      {}
func (Attach) pageInput()      {}
func (Alarm) pageInput()       {}
func (Delivery) pageInput()    {}

// Step moves one page. Refusals are for people: a key pressed too late.
func Step(sc plan.Scene, id string, s *State, in Input) (*State, fact.Outcome, error) {
	t := turn{sc: sc}
	if s == nil {
		switch in := in.(type) {
		case Open:
			t.open(id, in)
		case Summon:
			t.summon(id, in)
		case Acknowledge, Escalate, Resolve:
			return nil, t.out, fact.Refuse("not-found", "", "there is no page "+id)
		}
		return t.s, t.out, nil
	}
	if s.Status == Resolved {
		return s, t.out, t.late(s, in)
	}
	t.s = s.Clone()
	err := t.on(in)
	return t.s, t.out, err
}

// late answers what comes after the end. Only people are told so: machinery
// is allowed to be late.
func (t *turn) late(s *State, in Input) error {
	switch in.(type) {
	case Acknowledge, Escalate, Resolve:
		by := s.ResolvedBy
		if by == "" {
			by = "its alerts"
		}
		return fact.Refuse("conflict", "", fmt.Sprintf("page %s was resolved already, by %s", s.ID, by))
	}
	return nil
}

// turn is one step in the making.
type turn struct {
	sc  plan.Scene
	s   *State
	out fact.Outcome
}

func (t *turn) on(in Input) error {
	switch in := in.(type) {
	case Open, Summon: // the same request again
	case Grew:
		t.grew(in.Joined)
	case Worse:
		t.worse(in.Worsened)
	case Shrank:
		t.s.Alerts, t.s.Title = in.Alerts, in.Title
	case Clear:
		t.resolve("", fact.Because("all-resolved", "its last alert resolved"))
	case Quiet:
		t.quiet(in)
	case Wake:
		t.wake(in.Why)
	case Acknowledge:
		return t.acknowledge()
	case Escalate:
		t.escalate()
	case Resolve:
		t.resolve(t.sc.Actor.Name(), fact.Because("by-hand", t.actor()+" resolved it"))
	case Finish:
		t.resolve("", fact.Because("incident-resolved", "its incident is resolved").By("incident "+in.Incident))
	case Attach:
		t.attach(in.Incident)
	case Alarm:
		t.alarm(in.Key)
	case Delivery:
		t.delivery(in)
	default:
		return fmt.Errorf("page: unknown input %T", in)
	}
	return nil
}

func (t *turn) open(id string, in Open) {
	a := in.Ask
	t.s = &State{ID: id, Status: Triggered, Group: a.Group, Route: a.Route, Service: a.Service, Policy: a.Policy, Urgency: a.Urgency,
		Severity: a.Severity, Title: a.Title, Alerts: a.Alerts, First: a.First, Drill: a.Drill, OpenedAt: t.sc.At, Rung: -1}
	t.begin(fact.Because("group-asked", "a group of alerts needs a human").By(a.Rule))
}

func (t *turn) summon(id string, in Summon) {
	t.s = &State{ID: id, Status: Triggered, Incident: in.Incident, Service: in.Service, Policy: in.Policy, Targets: in.Targets,
		Urgency: in.Urgency, Title: in.Title, Drill: in.Drill, OpenedAt: t.sc.At, Rung: -1}
	t.begin(fact.Because("summoned", t.actor()+" asked for help").By("incident " + in.Incident))
}

func (t *turn) begin(why fact.Reason) {
	t.say("Page opened: "+t.s.Title, why, Opened{Page: t.s.ID, Service: t.s.Service, Policy: t.s.Policy, Urgency: t.s.Urgency})
	if len(t.s.Targets) == 0 {
		why = fact.Because("page-opened", "the policy begins")
	}
	t.climb(why)
}

func (t *turn) grew(j alert.Joined) {
	t.s.Alerts, t.s.Title = j.Alerts, j.Title
	t.s.Severity = j.Severity
	t.say(fmt.Sprintf("Joined, %d alerts now: %s", j.Alerts, j.Summary), fact.Because("page-open", "its group has this page already"), Grown{Page: t.s.ID, Alert: j.Alert, Alerts: j.Alerts})
	t.harder(j.Urgency)
}

func (t *turn) worse(w alert.Worsened) {
	t.s.Severity, t.s.Title = w.Severity, w.Title
	t.harder(w.Urgency)
}

// harder wakes people again when a low page becomes a high one: whoever
// acknowledged a warning did not acknowledge an outage.
func (t *turn) harder(u plan.Urgency) {
	if u != plan.High || t.s.Urgency == plan.High {
		return
	}
	t.s.Urgency = plan.High
	if t.s.QuietBy != "" {
		t.s.Rose = true
		return
	}
	why := fact.Because("urgency-rose", "its severity is "+string(t.s.Severity)+" now")
	t.say("Urgency rose to high", why, Reopened{Page: t.s.ID})
	t.restart(why)
}

func (t *turn) attach(incident string) {
	if t.s.Incident == "" {
		t.s.Incident = incident
		t.say("Belongs to "+incident, fact.Because("declared", "an incident was declared for it"), Attached{Page: t.s.ID, Incident: incident})
	}
}

func (t *turn) say(text string, why fact.Reason, body fact.Body) {
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: text, Why: why, Body: body})
}

// actor names who acts, as a sentence does.
func (t *turn) actor() string {
	if t.sc.Actor.Kind == "user" {
		return t.person(t.sc.Actor.ID)
	}
	return t.sc.Actor.Name()
}

func (t *turn) person(id string) string {
	if u := t.sc.Plan.User(id); u != nil {
		return u.DisplayName()
	}
	return id
}
