// Package watch decides what Tocsin's own eyes mean: when failed probes make a
// hard failure, and when a heartbeat has been missed. It ends in signals, as
// everybody else's monitoring does.
package watch

import (
	"fmt"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// The stream kinds, and the integrations in whose key space the alerts stand.
const (
	CheckKind     = "check"
	HeartbeatKind = "heartbeat"

	CheckIntegration     = "checks"
	HeartbeatIntegration = "heartbeats"
)

// Check is what is known of one check.
type Check struct {
	ID string `json:"id"`
	// Failures in a row; hard once they exceed the check's retries.
	Failures int       `json:"failures,omitempty"`
	Hard     bool      `json:"hard,omitempty"`
	Reason   string    `json:"reason,omitempty"` // of the last failure
	Since    time.Time `json:"since,omitzero"`   // when the present condition began
	// LastAt is when the last failure was seen, of those that were counted or
	// are counted on; By is the node that saw it, where there are several.
	LastAt time.Time `json:"last_at,omitzero"`
	By     string    `json:"by,omitempty"`
}

// Heartbeat is what is known of one heartbeat.
type Heartbeat struct {
	ID       string    `json:"id"`
	LastPing time.Time `json:"last_ping,omitzero"`
	Due      time.Time `json:"due,omitzero"` // when it looks again
	Missed   bool      `json:"missed,omitempty"`
}

// StreamKind says which stream this is a state of.
func (*Check) StreamKind() string { return CheckKind }

// StreamKind says which stream this is a state of.
func (*Heartbeat) StreamKind() string { return HeartbeatKind }

// Probed is one result of a check.
type Probed struct {
	OK     bool
	Reason string // why not, as a sentence part
	Output string // what the check printed or read, cut
	// At is when it was seen, so that the same result twice counts once. Zero:
	// now.
	At time.Time
	// By is the node that looked, where there are several; else empty.
	By string
}

// Ping is a heartbeat's sign of life.
type Ping struct{}

// Alarm is a heartbeat's own wake.
type Alarm struct{}

// WakeLate is the key of the wake at which a heartbeat is late.
const WakeLate = "late"

// Raised: the eyes send a signal, which goes the way of every signal.
type Raised struct {
	Integration string        `json:"integration"`
	Signal      signal.Signal `json:"signal"`
}

// Softly: a check failed and is tried again before anybody is told.
type Softly struct {
	Check    string `json:"check"`
	Failures int    `json:"failures"`
}

// FactKind is the stored name.
func (Raised) FactKind() string { return "watch.raised" }

// FactKind is the stored name.
func (Softly) FactKind() string { return "watch.soft-failure" }

// StepCheck counts failures. A result that changes nothing returns the state
// it was given, so nothing is written.
func StepCheck(sc plan.Scene, id string, s *Check, in Probed) (*Check, fact.Outcome, error) {
	var out fact.Outcome
	c := sc.Plan.Check(id)
	if c == nil {
		return s, out, nil // removed from the plan while it was being probed
	}
	again := !in.At.IsZero() && s != nil && in.At.Equal(s.LastAt)
	if again || (s != nil && s.Failures > 0 && anothers(sc, c, s, in)) {
		return s, out, nil
	}
	if in.At.IsZero() {
		in.At = sc.At
	}
	if in.OK {
		if s != nil && s.Failures == 0 {
			return s, out, nil
		}
		if s != nil && s.Hard {
			out.Add(raise(id, "a look at it succeeded", checkSignal(c, signal.Resolve, "works again", "")))
		}
		return &Check{ID: id, Since: sc.At}, out, nil
	}
	next := Check{ID: id, Since: sc.At}
	if s != nil && s.Failures > 0 {
		next = *s
	}
	if next.Hard {
		// It goes on; the alert is open already, and reasons carry ever new
		// figures. Only that somebody still looks is noted now and then.
		if in.By == s.By && (in.By == "" || sc.At.Sub(s.LastAt) < reign(c)/2) {
			return s, out, nil
		}
		next.LastAt, next.By = in.At, in.By
		return &next, out, nil
	}
	next.Failures++
	next.LastAt, next.By = in.At, in.By
	next.Reason = in.Reason
	if next.Failures <= c.Retries {
		out.Add(fact.Fact{Subject: id, Text: fmt.Sprintf("Failed, try %d of %d: %s", next.Failures, c.Retries+1, in.Reason),
			Why: fact.Because("soft-failure", "one failure may be an accident; it is tried again first").By("check " + id), Body: Softly{Check: id, Failures: next.Failures}})
		return &next, out, nil
	}
	next.Hard = true
	out.Add(raise(id, fmt.Sprintf("it failed %d times in a row", next.Failures), checkSignal(c, signal.Trigger, in.Reason, in.Output)))
	return &next, out, nil
}

// anothers says whether another node has the say about a failing check: nodes
// that all look at the same thing must not count each other's failures, nor
// should one that reaches it end what another sees burning.
func anothers(sc plan.Scene, c *plan.Check, s *Check, in Probed) bool {
	return s.By != "" && in.By != "" && in.By != s.By && sc.At.Sub(s.LastAt) < reign(c)
}

// reign is how long a node that saw a failure and falls silent keeps the say.
func reign(c *plan.Check) time.Duration {
	return 3*max(c.Interval, c.RetryInterval).Std() + c.Timeout.Std()
}

func raise(id, why string, sig signal.Signal) fact.Fact {
	return fact.Fact{Subject: id, Text: sig.Summary, Why: fact.Because("hard-state", why).By("check " + id), Body: Raised{Integration: CheckIntegration, Signal: sig}}
}

func checkSignal(c *plan.Check, action signal.Action, reason, output string) signal.Signal {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	if action == signal.Trigger {
		name = "Check failed: " + name
	}
	sig := signal.Signal{Action: action, DedupKey: c.ID, Severity: c.Severity, Summary: name + ": " + reason, Source: c.ID,
		Service: c.Service, Labels: signal.Labels{"check": c.ID, "check_type": c.Type}}
	if sig.Severity == "" {
		sig.Severity = signal.Critical
	}
	for _, n := range c.Labels.Names() {
		sig.Labels[n] = c.Labels[n]
	}
	if output != "" {
		sig.Annotations = map[string]string{"output": output}
	}
	return sig
}

// StepHeartbeat moves one heartbeat. It sleeps until the first ping.
func StepHeartbeat(sc plan.Scene, id string, s *Heartbeat, in any) (*Heartbeat, fact.Outcome, error) {
	var out fact.Outcome
	h := sc.Plan.Heartbeat(id)
	if _, ok := in.(Alarm); ok && h == nil {
		return nil, out, nil // it left the plan; nobody expects it any more
	}
	if h == nil {
		return s, out, fact.Refuse("not-found", "", "there is no heartbeat "+id)
	}
	switch in.(type) {
	case Ping:
		return ping(sc, h, s, out)
	case Alarm:
		if s == nil || s.Missed {
			return s, out, nil
		}
		due := late(h, s.LastPing)
		if due.After(sc.At) {
			out.WakeAt(WakeLate, due)
			next := *s
			next.Due = due
			return &next, out, nil
		}
		next := *s
		next.Missed = true
		reason := fmt.Sprintf("no ping for %s", plan.Duration(sc.At.Sub(s.LastPing).Round(time.Second)))
		sig := heartbeatSignal(h, signal.Trigger, reason)
		out.Add(fact.Fact{Subject: id, Text: sig.Summary, Why: fact.Because("ping-missed", reason).By("heartbeat " + id), Body: Raised{Integration: HeartbeatIntegration, Signal: sig}})
		return &next, out, nil
	}
	return s, out, fmt.Errorf("heartbeat: unknown input %T", in)
}

func ping(sc plan.Scene, h *plan.Heartbeat, s *Heartbeat, out fact.Outcome) (*Heartbeat, fact.Outcome, error) {
	next := Heartbeat{ID: h.ID, LastPing: sc.At}
	due := late(h, sc.At)
	if s != nil {
		next.Due = s.Due
	}
	// A wake that is armed moves only when it fires, which costs a ping nothing,
	// unless the plan expects pings sooner than it did.
	if s == nil || s.Missed || due.Before(s.Due) {
		out.WakeAt(WakeLate, due)
		next.Due = due
	}
	if s != nil && s.Missed {
		sig := heartbeatSignal(h, signal.Resolve, "is back")
		out.Add(fact.Fact{Subject: h.ID, Text: sig.Summary, Why: fact.Because("ping-came", "it pinged again").By("heartbeat " + h.ID), Body: Raised{Integration: HeartbeatIntegration, Signal: sig}})
	}
	return &next, out, nil
}

func late(h *plan.Heartbeat, last time.Time) time.Time {
	return last.Add(h.Every.Std() + h.Grace.Std())
}

func heartbeatSignal(h *plan.Heartbeat, action signal.Action, reason string) signal.Signal {
	name := h.Name
	if name == "" {
		name = h.ID
	}
	sig := signal.Signal{Action: action, DedupKey: h.ID, Severity: h.Severity, Summary: "Heartbeat " + name + ": " + reason, Source: h.ID,
		Service: h.Service, Labels: signal.Labels{"heartbeat": h.ID}}
	if sig.Severity == "" {
		sig.Severity = signal.Critical
	}
	for _, n := range h.Labels.Names() {
		sig.Labels[n] = h.Labels[n]
	}
	return sig
}
