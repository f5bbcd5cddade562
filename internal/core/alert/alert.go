// Package alert holds the life of one alert (deduplicate, escalate in
// severity, resolve) and of a group of them (gather, hold, mute, ask for a
// page). It decides what deserves a page; whom that page reaches is core/page.
package alert

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Kind is the stream kind of an alert: "alert/<integration>/<hash of key>".
// One stream is one dedup key; it holds the newest alert of that key.
const Kind = "alert"

// Stream is the stream of a dedup key in an integration's key space.
func Stream(integration, dedupKey string) fact.Stream {
	return fact.Of(Kind, integration+"/"+fact.Hash(dedupKey))
}

// Status is where an alert stands.
type Status string

// The statuses. An alert is never reopened: a new trigger is a new alert.
const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// State is one alert.
type State struct {
	ID          string            `json:"id"`
	Integration string            `json:"integration"`
	DedupKey    string            `json:"dedup_key"`
	Status      Status            `json:"status"`
	Severity    signal.Severity   `json:"severity,omitempty"`
	Summary     string            `json:"summary"`
	Source      string            `json:"source,omitempty"`
	Service     string            `json:"service,omitempty"` // where it was routed first
	Labels      signal.Labels     `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Links       []signal.Link     `json:"links,omitempty"`
	Details     string            `json:"details,omitempty"`
	StartsAt    time.Time         `json:"starts_at"` // the source's word, else ours
	ReceivedAt  time.Time         `json:"received_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	ResolvedAt  time.Time         `json:"resolved_at,omitzero"`
	// ExpiresAt is when it resolves by itself unless it is sent again.
	ExpiresAt time.Time     `json:"expires_at,omitzero"`
	Count     int64         `json:"count"` // triggers received
	AckedBy   string        `json:"acked_by,omitempty"`
	Groups    []fact.Stream `json:"groups,omitempty"`
}

// StreamKind says which stream this is a state of.
func (*State) StreamKind() string { return Kind }

// Clone copies what a step may change.
func (s *State) Clone() *State {
	c := *s
	c.Groups = slices.Clone(s.Groups)
	return &c
}

// Input is what can happen to an alert.
type Input interface{ alertInput() }

// Received is a signal from the alert's integration.
type Received struct {
	Integration string
	Signal      signal.Signal
}

// Expired is the alert's own wake: its source may have stopped sending.
type Expired struct{}

// Close resolves the alert by hand, or because its page was resolved by hand.
type Close struct{ Why fact.Reason }

func (Received) alertInput() {}
func (Expired) alertInput()  {}
func (Close) alertInput()    {}

// WakeExpire is the key of the wake that resolves an alert by itself.
const WakeExpire = "expire"

// Step moves one alert. A nil state is a key never seen, or seen long ago.
func Step(sc plan.Scene, s *State, in Input) (*State, fact.Outcome, error) {
	t := turn{sc: sc, s: s}
	if s != nil {
		t.s = s.Clone()
	}
	switch in := in.(type) {
	case Received:
		t.received(in)
	case Expired:
		t.expired()
	case Close:
		t.resolve(in.Why, sc.At)
	default:
		return s, fact.Outcome{}, fmt.Errorf("alert: unknown input %T", in)
	}
	return t.s, t.out, nil
}

// turn is one step in the making.
type turn struct {
	sc  plan.Scene
	s   *State
	out fact.Outcome
}

func (t *turn) open() bool { return t.s != nil && t.s.Status == Firing }

func (t *turn) received(in Received) {
	switch in.Signal.Action {
	case signal.Trigger:
		if t.open() {
			t.again(in.Signal)
		} else {
			t.fire(in)
		}
	case signal.Acknowledge:
		t.acknowledge(in)
	case signal.Resolve:
		t.resolve(fact.Because("source-resolved", "its source says that it is over"), endOf(in.Signal, t.sc.At))
	case signal.Change:
		t.out.Add(fact.Fact{Subject: in.Signal.Service, Text: in.Signal.Summary,
			Why: fact.Because("change-event", "a change is evidence and never alerts"), Body: Changed{Signal: in.Signal, Integration: in.Integration}})
	}
}

func endOf(sig signal.Signal, now time.Time) time.Time {
	if sig.EndsAt.IsZero() || sig.EndsAt.After(now) {
		return now
	}
	return sig.EndsAt
}

func laterOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (t *turn) fire(in Received) {
	sig := in.Signal
	if !sig.EndsAt.IsZero() && !sig.EndsAt.After(t.sc.At) {
		return // a trigger that was over before it came
	}
	t.s = &State{
		ID: t.sc.NewID("a", in.Integration+"\x00"+sig.DedupKey), Integration: in.Integration, DedupKey: sig.DedupKey, Status: Firing,
		Severity: sig.Severity, Summary: sig.Summary, Source: sig.Source, Labels: sig.Labels, Annotations: sig.Annotations,
		Links: sig.Links, Details: sig.Details, StartsAt: sig.StartsAt, ReceivedAt: t.sc.At, UpdatedAt: t.sc.At, Count: 1,
	}
	if t.s.StartsAt.IsZero() || t.s.StartsAt.After(t.sc.At) {
		t.s.StartsAt = t.sc.At
	}
	t.expect(sig)
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: "Firing: " + t.s.Summary,
		Why: fact.Because("first-of-key", "no alert with this key was open").By("integration " + in.Integration), Body: Fired{Alert: t.s.ID, Severity: t.s.Severity}})
	t.route(in)
}

// again is a repeat. It changes what is shown, and tells anybody only if the
// alert got worse. A repeat that changes nothing makes no fact.
func (t *turn) again(sig signal.Signal) {
	t.s.Count++
	t.s.UpdatedAt = t.sc.At
	t.expect(sig)
	if sig.Summary != "" {
		t.s.Summary = sig.Summary
	}
	if !maps.Equal(sig.Annotations, t.s.Annotations) && sig.Annotations != nil {
		t.s.Annotations = sig.Annotations
	}
	if sig.Details != "" {
		t.s.Details = sig.Details
	}
	if sig.Severity == "" || sig.Severity == t.s.Severity {
		return
	}
	was := t.s.Severity
	t.s.Severity = sig.Severity
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: fmt.Sprintf("Severity %s, was %s", word(sig.Severity), word(was)),
		Why:  fact.Because("severity-changed", "its source changed the severity"),
		Body: Reassessed{Alert: t.s.ID, Member: t.member(), Was: was, Groups: slices.Clone(t.s.Groups)}})
}

func word(s signal.Severity) string {
	if s == "" {
		return "unsaid"
	}
	return string(s)
}

// expect notes when the alert resolves by itself. The wake is armed once and
// moves only when it fires early: a source that repeats every minute costs no
// wake each time.
func (t *turn) expect(sig signal.Signal) {
	end := sig.EndsAt
	if end.IsZero() {
		if in := t.sc.Plan.Integration(t.s.Integration); in != nil && in.ResolveTimeout > 0 {
			end = t.sc.At.Add(in.ResolveTimeout.Std())
		}
	}
	if end.IsZero() {
		return
	}
	if t.s.ExpiresAt.IsZero() || end.Before(t.s.ExpiresAt) {
		t.out.WakeAt(WakeExpire, end)
	}
	t.s.ExpiresAt = end
}

func (t *turn) expired() {
	if !t.open() || t.s.ExpiresAt.IsZero() {
		return
	}
	if t.s.ExpiresAt.After(t.sc.At) {
		t.out.WakeAt(WakeExpire, t.s.ExpiresAt)
		return
	}
	t.resolve(fact.Because("not-sent-again", "it was not sent again before its time ran out"), t.s.ExpiresAt)
}

func (t *turn) acknowledge(in Received) {
	if !t.open() || t.s.AckedBy != "" {
		return // acknowledging what is unknown or over is not an error: 202, nothing happens
	}
	t.s.AckedBy = "integration " + in.Integration
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: "Acknowledged at its source",
		Why:  fact.Because("source-acknowledged", "its source says that somebody has it").By("integration " + in.Integration),
		Body: AckedAtSource{Alert: t.s.ID, Groups: slices.Clone(t.s.Groups)}})
}

func (t *turn) resolve(why fact.Reason, at time.Time) {
	if !t.open() {
		return
	}
	t.s.Status = Resolved
	t.s.ResolvedAt = laterOf(at, t.s.StartsAt) // a source whose clock is wrong may say otherwise
	t.s.UpdatedAt = t.sc.At
	t.out.Cancel(WakeExpire)
	t.out.Add(fact.Fact{Subject: t.s.ID, Text: "Resolved: " + t.s.Summary, Why: why,
		Body: Ended{Alert: t.s.ID, Groups: slices.Clone(t.s.Groups)}})
}

func (t *turn) origin() Origin {
	return Origin{Labels: t.s.Labels, Service: t.s.Service, Integration: t.s.Integration, Source: t.s.Source,
		Key: string(Stream(t.s.Integration, t.s.DedupKey))}
}

func (t *turn) member() Member {
	return Member{Alert: t.s.ID, Stream: Stream(t.s.Integration, t.s.DedupKey), Severity: t.s.Severity,
		Summary: t.s.Summary, Labels: t.origin().RouteLabels(t.s.Severity), Since: t.s.StartsAt}
}
