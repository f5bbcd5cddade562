// Package notify carries messages out, one folder a channel. It makes exactly
// one attempt and says honestly how it went; whether to try again, and whom to
// try next, are rules of the core. It never writes to the store.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tocsin/internal/core/notification"
)

// Field describes one setting of a channel, for forms, docs and checks.
type Field struct {
	Name     string // key in plan.Contact.Settings
	Label    string
	Help     string
	Required bool
	Secret   bool // may hold env:NAME or file:PATH; never shown, never exported
}

// Channel is one way out. A channel is built once and used by many goroutines.
type Channel interface {
	// Fields lists the settings in the order of a form.
	Fields() []Field
	// Check says what is wrong with settings, naming the field; nil is good.
	Check(settings map[string]string) error
	// Send makes one attempt. A nil error means that the other side took
	// responsibility. Errors made by Permanent and RetryAfter are told apart;
	// every other error is temporary. Send must respect ctx.
	Send(ctx context.Context, d Delivery) (Receipt, error)
}

// Delivery is one attempt's worth of work.
type Delivery struct {
	// Settings are the contact's, with secrets already read.
	Settings map[string]string
	Message  notification.Message
	Attempt  int
	// Links are what a person may follow or press. A channel shows those it
	// can; an empty URL means that the action does not apply.
	Links Links
}

// Links are signed: they work without signing in. GET shows a page, only POST
// acts, since mail scanners follow links.
type Links struct {
	View        string
	Acknowledge string
	Escalate    string
	Resolve     string
	// Token is the signed token of the links, for channels that send button
	// values instead of URLs (Slack). Empty when there is nothing to act on.
	Token string
}

// Receipt is what a channel learnt from the other side.
type Receipt struct {
	// Status is "accepted" (the other side will try) or "delivered" (a device
	// or an inbox has it).
	Status string
	// ProviderID is the other side's name for the message, for receipts that
	// come later and for its support desk.
	ProviderID string
	// Detail is one line for the delivery history: "250 2.0.0 Ok: queued as 4F2".
	Detail string
}

// Failure is an attempt that did not succeed.
type Failure struct {
	// Permanent: trying the same again cannot help (bad address, revoked key).
	Permanent bool
	// After is how long the other side asked us to wait; 0 if it did not say.
	After time.Duration
	Err   error
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Permanent marks an error that no repetition can mend.
func Permanent(err error) error { return &Failure{Permanent: true, Err: err} }

// RetryAfter marks an error that the other side put a waiting time on.
func RetryAfter(after time.Duration, err error) error { return &Failure{After: after, Err: err} }

// AsFailure classifies any error of Send.
func AsFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Err: err}
}

// Deps is what the roof hands to every channel that it builds.
type Deps struct {
	// HTTP is guarded against server-side request forgery; use no other client.
	HTTP *http.Client
	// BaseURL is how people reach this Tocsin: "https://tocsin.example.com".
	BaseURL string
	// From is the sender address of e-mail.
	From string
}

// Registry maps channel names to channels.
type Registry map[string]Channel

// Check says what is wrong with a contact's settings.
func (r Registry) Check(channel string, settings map[string]string) error {
	c, ok := r[channel]
	if !ok {
		return fmt.Errorf("no channel is called %q", channel)
	}
	return c.Check(settings)
}
