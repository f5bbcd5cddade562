package notification

import "time"

// The outcomes of a message, as pages and lists know them.
const (
	OutcomeAccepted  = "accepted"
	OutcomeDelivered = "delivered"
	OutcomeFailing   = "failing"
	OutcomeFailed    = "failed"
	OutcomeWithdrawn = "withdrawn"
	OutcomeHeld      = "held"
	OutcomeFolded    = "folded"
	OutcomeQueued    = "queued"
)

// Life is what every fact about a message begins with.
type Life struct {
	Notification string `json:"notification"`
	Page         string `json:"page,omitempty"`
	Incident     string `json:"incident,omitempty"`
	To           Ref    `json:"to"`
	Kind         Kind   `json:"kind"`
	Attempt      int    `json:"attempt,omitempty"`
}

// Queue: a message was handed to its contact.
type Queue struct {
	Notification string  `json:"notification"`
	To           Ref     `json:"to"`
	Message      Message `json:"message"`
}

// Arrived: the other side took it. Status is accepted or delivered.
type Arrived struct {
	Life
	Status     string `json:"status"`
	ProviderID string `json:"provider_id,omitempty"`
	Detail     string `json:"detail,omitempty"`
}

// Failing: an attempt failed and another follows.
type Failing struct {
	Life
	Error string    `json:"error"`
	Again time.Time `json:"again"`
	First bool      `json:"first,omitempty"`
}

// GaveUp: nothing more is tried. It stays visible as a dead letter.
type GaveUp struct {
	Life
	Error     string `json:"error"`
	Permanent bool   `json:"permanent,omitempty"`
}

// HeldBack: the contact's limit makes it wait.
type HeldBack struct{ Life }

// Folded: another message carries it.
type Folded struct {
	Life
	Into string `json:"into"`
}

// Withdrew: it did not leave, because nobody needs it any more.
type Withdrew struct{ Life }

// The names under which the facts are stored.
func (Queue) FactKind() string    { return "notification.queued" }
func (Arrived) FactKind() string  { return "notification.arrived" }
func (Failing) FactKind() string  { return "notification.failing" }
func (GaveUp) FactKind() string   { return "notification.gave-up" }
func (HeldBack) FactKind() string { return "notification.held" }
func (Folded) FactKind() string   { return "notification.folded" }
func (Withdrew) FactKind() string { return "notification.withdrawn" }
