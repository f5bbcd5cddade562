package page

import (
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// Opened: a page came to be.
type Opened struct {
	Page    string       `json:"page"`
	Service string       `json:"service,omitempty"`
	Policy  string       `json:"policy,omitempty"`
	Urgency plan.Urgency `json:"urgency"`
}

// Climbed: a rung of the policy was reached.
type Climbed struct {
	Page  string    `json:"page"`
	Rung  int       `json:"rung"`
	Round int       `json:"round,omitempty"`
	Users []string  `json:"users,omitempty"`
	Next  time.Time `json:"next,omitzero"`
}

// NobodyOnCall: a rung found no one.
type NobodyOnCall struct {
	Page string `json:"page"`
	Rung int    `json:"rung"`
}

// Unreachable: a person is to be told and there is no way.
type Unreachable struct {
	Page string `json:"page"`
	User string `json:"user"`
}

// Skipped: a contact was passed over.
type Skipped struct {
	Page string           `json:"page"`
	To   notification.Ref `json:"to"`
}

// Told: a message goes to a contact. Whether it arrived is said by the
// notification's own facts.
type Told struct {
	Page    string               `json:"page"`
	To      notification.Ref     `json:"to"`
	Message notification.Message `json:"message"`
}

// Withdrawn: messages that have not left yet need not leave.
type Withdrawn struct {
	Page string             `json:"page"`
	From []notification.Ref `json:"from"`
}

// Acked: somebody has it.
type Acked struct {
	Page string `json:"page"`
	By   string `json:"by"`
}

// Reopened: an acknowledged page is triggered again.
type Reopened struct {
	Page string `json:"page"`
}

// RanOut: the whole policy was walked and nobody answered.
type RanOut struct {
	Page string `json:"page"`
}

// Hushed: everything the page stands for is muted.
type Hushed struct {
	Page string `json:"page"`
	By   string `json:"by"`
}

// Grown: an alert joined.
type Grown struct {
	Page   string `json:"page"`
	Alert  string `json:"alert"`
	Alerts int    `json:"alerts"`
}

// Attached: the page belongs to an incident.
type Attached struct {
	Page     string `json:"page"`
	Incident string `json:"incident"`
}

// Closed: the page is over. ByHand tells the group to close its alerts.
type Closed struct {
	Page   string `json:"page"`
	ByHand bool   `json:"by_hand,omitempty"`
	Group  string `json:"-"`
}

// The names under which the facts are stored.
func (Opened) FactKind() string       { return "page.opened" }
func (Climbed) FactKind() string      { return "page.climbed" }
func (NobodyOnCall) FactKind() string { return "page.nobody-on-call" }
func (Unreachable) FactKind() string  { return "page.unreachable" }
func (Skipped) FactKind() string      { return "page.skipped" }
func (Told) FactKind() string         { return "page.told" }
func (Withdrawn) FactKind() string    { return "page.withdrawn" }
func (Acked) FactKind() string        { return "page.acknowledged" }
func (Reopened) FactKind() string     { return "page.reopened" }
func (RanOut) FactKind() string       { return "page.ran-out" }
func (Hushed) FactKind() string       { return "page.muted" }
func (Grown) FactKind() string        { return "page.grown" }
func (Attached) FactKind() string     { return "page.attached" }
func (Closed) FactKind() string       { return "page.resolved" }
