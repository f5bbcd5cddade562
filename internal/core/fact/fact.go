// Package fact holds the words that every rule speaks: what is now true
// (Fact), what the world must still be told (Effect) and when to look again
// (Wake). It decides nothing and imports nothing of ours.
package fact

import (
	"strings"
	"time"
)

// Stream names one unit of locking: "kind/rest", for example "page/p01j...".
// Everything the core decides is decided for one stream at a time.
type Stream string

// Kind is the part before the first slash.
func (s Stream) Kind() string { k, _, _ := strings.Cut(string(s), "/"); return k }

// ID is the part after the first slash.
func (s Stream) ID() string { _, id, _ := strings.Cut(string(s), "/"); return id }

// Of builds a stream name.
func Of(kind, id string) Stream { return Stream(kind + "/" + id) }

// Reason says why something was decided. No fact is without one.
type Reason struct {
	// Code is stable and made for programs: "first-in-group", "nobody-on-call".
	Code string `json:"code"`
	// Text is a plain sentence part for a tired reader, without a full stop.
	Text string `json:"text"`
	// Rule names what in the plan or which run-time object decided, for
	// example "policy payments, step 2" or "silence s01j...". May be empty.
	Rule string `json:"rule,omitempty"`
}

// Because builds a reason without a rule.
func Because(code, text string) Reason { return Reason{Code: code, Text: text} }

// By adds the rule that decided.
func (r Reason) By(rule string) Reason { r.Rule = rule; return r }

// Body is what a fact says, one type per kind of fact. Bodies are stored as
// JSON, so their fields are exported and plain.
type Body interface {
	// FactKind is stable: it is stored, and other rooms switch on it.
	FactKind() string
}

// Fact is something that became true in one stream.
type Fact struct {
	// Subject is the id of the thing whose timeline shows this fact: an
	// alert, a page, an incident, a silence. Empty means the stream's own id.
	Subject string
	// Text is the sentence a timeline shows: "Told Ana by e-mail".
	Text string
	Why  Reason
	Body Body
	// Unsaid facts feed other streams and lists, but no timeline: another
	// fact of the same transaction says the same to people.
	Unsaid bool
}

// Effect is something the world must still be told, at least once. Key is the
// idempotency key: the same key is the same message.
type Effect struct {
	Key  string
	Body EffectBody
}

// EffectBody is what must be done, one type per kind of effect; stored as JSON.
type EffectBody interface{ EffectKind() string }

// Wake asks to be looked at again. A stream has at most one wake per Key: a
// later Wake with the same key replaces the earlier one, and the zero At
// withdraws it.
type Wake struct {
	Key string
	At  time.Time
}

// Outcome is what one step decided, in order.
type Outcome struct {
	Facts   []Fact
	Effects []Effect
	Wakes   []Wake
}

// Add records a fact.
func (o *Outcome) Add(f Fact) { o.Facts = append(o.Facts, f) }

// Do records an effect.
func (o *Outcome) Do(e Effect) { o.Effects = append(o.Effects, e) }

// WakeAt arms (or re-arms) a wake.
func (o *Outcome) WakeAt(key string, at time.Time) {
	o.Wakes = append(o.Wakes, Wake{Key: key, At: at})
}

// Cancel withdraws a wake.
func (o *Outcome) Cancel(key string) { o.Wakes = append(o.Wakes, Wake{Key: key}) }

// Actor is who caused an input.
type Actor struct {
	// Kind is one of "user", "integration", "system", "link", "chat", "api".
	Kind string `json:"kind"`
	// ID is the user, integration or token; empty for the system.
	ID string `json:"id,omitempty"`
	// Via says by what road a person acted: "page", "link", "slack", "cli".
	Via string `json:"via,omitempty"`
}

// System is the actor of clocks and machinery.
var System = Actor{Kind: "system"}

// User is a person acting by the given road.
func User(id, via string) Actor { return Actor{Kind: "user", ID: id, Via: via} }

// Name is how a sentence names the actor.
func (a Actor) Name() string {
	switch {
	case a.ID == "" && a.Kind == "system":
		return "Tocsin"
	case a.ID == "":
		return a.Kind
	case a.Kind == "user":
		return a.ID
	default:
		return a.Kind + " " + a.ID
	}
}

// Refused is an answer for people: the input was understood and may not happen.
type Refused struct {
	Code  string // "not-found", "invalid", "conflict", "forbidden"
	Field string // which field of the request, may be empty
	Why   string
}

func (r *Refused) Error() string {
	if r.Field != "" {
		return r.Field + ": " + r.Why
	}
	return r.Why
}

// Refuse builds a Refused.
func Refuse(code, field, why string) *Refused { return &Refused{Code: code, Field: field, Why: why} }
