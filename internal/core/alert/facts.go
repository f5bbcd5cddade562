package alert

import (
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Fired: an alert came to be.
type Fired struct {
	Alert    string          `json:"alert"`
	Severity signal.Severity `json:"severity,omitempty"`
}

// Routed: a route took the alert into a group.
type Routed struct {
	Group fact.Stream `json:"group"`
	Setup Setup       `json:"setup"`
	// Member is for the group's step; the journal has it under the alert.
	Member Member `json:"-"`
}

// Reassessed: the source changed the severity of an open alert.
type Reassessed struct {
	Alert  string          `json:"alert"`
	Member Member          `json:"-"`
	Was    signal.Severity `json:"was,omitempty"`
	Groups []fact.Stream   `json:"-"`
}

// AckedAtSource: somebody acknowledged where the alert comes from.
type AckedAtSource struct {
	Alert  string        `json:"alert"`
	Groups []fact.Stream `json:"-"`
}

// Ended: the alert is over.
type Ended struct {
	Alert  string        `json:"alert"`
	Groups []fact.Stream `json:"-"`
}

// Changed: a change event (a deploy) came in.
type Changed struct {
	Integration string        `json:"integration"`
	Signal      signal.Signal `json:"signal"`
}

// Recorded: a group takes the alert and tells nobody, because the route says so.
type Recorded struct {
	Group fact.Stream `json:"group"`
	Alert string      `json:"alert"`
}

// Held: the group waits for company before it asks for a page.
type Held struct {
	Group fact.Stream `json:"group"`
	Until time.Time   `json:"until"`
}

// Muted: the alert would be told, and is not.
type Muted struct {
	Group fact.Stream `json:"group"`
	Alert string      `json:"alert"`
	By    string      `json:"by"` // "silence s01..." or "maintenance m01..."
}

// Unmuted: nothing mutes the alert any more.
type Unmuted struct {
	Group fact.Stream `json:"group"`
	Alert string      `json:"alert"`
}

// PageWanted: the group asks for a human.
type PageWanted struct {
	Page string `json:"page"`
	Ask  Ask    `json:"ask"`
}

// Ask is what a page needs to know of the group that wants it.
type Ask struct {
	Group    fact.Stream     `json:"group"`
	Route    string          `json:"route"`
	Rule     string          `json:"rule,omitempty"` // the route's name in a reason
	Service  string          `json:"service,omitempty"`
	Policy   string          `json:"policy,omitempty"`
	Urgency  plan.Urgency    `json:"urgency"`
	Severity signal.Severity `json:"severity,omitempty"`
	Title    string          `json:"title"`
	Alerts   int             `json:"alerts"`
	First    string          `json:"first,omitempty"` // the first alert's id
	Declare  int             `json:"declare,omitempty"`
	Drill    bool            `json:"drill,omitempty"`
}

// Joined: an alert joined a group whose page is already open.
type Joined struct {
	Page     string          `json:"page"`
	Alert    string          `json:"alert"`
	Summary  string          `json:"summary"` // of the alert that joined
	Alerts   int             `json:"alerts"`
	Severity signal.Severity `json:"severity,omitempty"` // the worst of the group now
	Urgency  plan.Urgency    `json:"urgency"`
	Title    string          `json:"title"`
}

// Left: an alert of a paged group is over and others are not.
type Left struct {
	Page   string `json:"page"`
	Alert  string `json:"alert"`
	Alerts int    `json:"alerts"`
	Title  string `json:"title"`
}

// NeverPaged: the group ended before anybody was to be told.
type NeverPaged struct {
	Group fact.Stream `json:"group"`
	Alert string      `json:"alert"`
}

// Quieted: everything in a paged group is muted now.
type Quieted struct {
	Page string      `json:"page"`
	By   string      `json:"by"`
	Why  fact.Reason `json:"-"`
}

// Awakened: something in a quieted group may be told again.
type Awakened struct {
	Page string      `json:"page"`
	Why  fact.Reason `json:"-"`
}

// Worsened: a paged group's worst severity rose.
type Worsened struct {
	Page     string          `json:"page"`
	Severity signal.Severity `json:"severity"`
	Urgency  plan.Urgency    `json:"urgency"`
	Title    string          `json:"title"`
}

// Cleared: every alert of a paged group is over.
type Cleared struct {
	Page string `json:"page"`
}

// PageAcked: the source acknowledged on behalf of the group's page.
type PageAcked struct {
	Page string `json:"page"`
	By   string `json:"by"`
}

// Emptied: somebody resolved the page by hand, so its alerts are closed.
type Emptied struct {
	Alerts []fact.Stream `json:"alerts"`
}

// The names under which the facts are stored.
func (Fired) FactKind() string         { return "alert.fired" }
func (Routed) FactKind() string        { return "alert.routed" }
func (Reassessed) FactKind() string    { return "alert.reassessed" }
func (AckedAtSource) FactKind() string { return "alert.acknowledged" }
func (Ended) FactKind() string         { return "alert.resolved" }
func (Changed) FactKind() string       { return "change.received" }
func (Recorded) FactKind() string      { return "group.recorded" }
func (Held) FactKind() string          { return "group.held" }
func (Muted) FactKind() string         { return "group.muted" }
func (Unmuted) FactKind() string       { return "group.unmuted" }
func (PageWanted) FactKind() string    { return "group.page-wanted" }
func (Joined) FactKind() string        { return "group.joined" }
func (Left) FactKind() string          { return "group.left" }
func (NeverPaged) FactKind() string    { return "group.never-paged" }
func (Quieted) FactKind() string       { return "group.quieted" }
func (Awakened) FactKind() string      { return "group.awakened" }
func (Worsened) FactKind() string      { return "group.worsened" }
func (Cleared) FactKind() string       { return "group.cleared" }
func (PageAcked) FactKind() string     { return "group.acknowledged" }
func (Emptied) FactKind() string       { return "group.emptied" }
