// Package notification is the delivery of one message to one contact: queue,
// limit, fold, retry, give up. Who is told is decided in core/page; how often
// one telephone may ring, and when to try again, is decided here.
package notification

import (
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// Kind is what a message is about.
type Kind string

// The kinds of message.
const (
	KindPage     Kind = "page"     // somebody must answer
	KindResolved Kind = "resolved" // what you were told about is over
	KindAcked    Kind = "acked"    // somebody else has it
	KindIncident Kind = "incident" // an incident was declared or changed
	KindVerify   Kind = "verify"   // a contact is being verified: Code is set
	KindTest     Kind = "test"     // a person asked for a test message
	KindWarning  Kind = "warning"  // Tocsin watches itself
)

// Message is what one contact is to be told. It is plain data: a channel
// renders it in its own way and adds the links that it can carry.
type Message struct {
	// ID is the notification's id, the idempotency key that a receiver may use
	// to drop a repeat.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// User is who is told, empty for a shared channel.
	User    string       `json:"user,omitempty"`
	Urgency plan.Urgency `json:"urgency,omitempty"`
	// Title fits a lock screen; Body is a few plain lines.
	Title string `json:"title"`
	Body  string `json:"body,omitempty"`
	// Page, Incident and Service are ids, for links; each may be empty.
	Page     string `json:"page,omitempty"`
	Incident string `json:"incident,omitempty"`
	Service  string `json:"service,omitempty"`
	Severity string `json:"severity,omitempty"`
	// Alerts is how many alerts this stands for, at least 1 for a page.
	Alerts int `json:"alerts,omitempty"`
	// Folded lists what was held back by the contact's limit and is told now,
	// one line each. Pages holds their page ids, for "acknowledge all".
	Folded []string `json:"folded,omitempty"`
	Pages  []string `json:"pages,omitempty"`
	// More is how many further messages it stands for that it does not name.
	More int    `json:"more,omitempty"`
	Code string `json:"code,omitempty"` // KindVerify
	// Ends are the messages that a KindResolved takes back. A contact that
	// never let any of them out is not told the end either.
	Ends []string `json:"ends,omitempty"`
	// Drill marks a practice: every channel must show it first.
	Drill bool `json:"drill,omitempty"`
	// Step and Why say which rung told and why, in one sentence.
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"` // when it was decided
}

// Send is the effect of telling: one attempt at one contact.
type Send struct {
	Contact Ref     `json:"contact"`
	Attempt int     `json:"attempt"` // from 1
	Message Message `json:"message"`
}

// EffectKind names the effect.
func (Send) EffectKind() string { return "send" }

// Ref names a contact: a person's, or a shared channel when User is empty.
type Ref struct {
	User    string `json:"user,omitempty"`
	Contact string `json:"contact"`
}

func (r Ref) String() string {
	if r.User == "" {
		return "channel:" + r.Contact
	}
	return r.User + "/" + r.Contact
}

// Stream is the contact's own stream: everything one telephone gets is decided
// in one place, so limits hold whoever is asking.
func (r Ref) Stream() fact.Stream { return fact.Of("contact", r.String()) }

// Find looks the contact up in the plan; nil when it is gone.
func (r Ref) Find(p *plan.Plan) *plan.Contact {
	if r.User == "" {
		return p.Channel(r.Contact)
	}
	return p.UserContact(r.User, r.Contact)
}
