package watch_test

import (
	"testing"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/core/watch"
)

// look is one result at a time in seconds, and what it makes true.
type look struct {
	at   int
	seen int // when the node saw it; at, if zero
	by   string
	ok   bool
	want string // "", "soft", "trigger" or "resolve"
}

func TestLooksOfSeveralNodesAreOneStory(t *testing.T) {
	t.Parallel()
	for name, looks := range map[string][]look{
		"one node":                             {{at: 0, want: "soft"}, {at: 60, want: "soft"}, {at: 120, want: "trigger"}, {at: 180}, {at: 240, ok: true, want: "resolve"}},
		"the same result offered twice":        {{at: 10, seen: 1, want: "soft"}, {at: 20, seen: 1}, {at: 30, seen: 25, want: "soft"}, {at: 40, seen: 25}, {at: 60, seen: 20, want: "trigger"}},
		"two nodes do not count together":      {{at: 0, by: "a", want: "soft"}, {at: 1, by: "b"}, {at: 60, by: "a", want: "soft"}, {at: 61, by: "b"}, {at: 120, by: "a", want: "trigger"}},
		"one that reaches it ends nothing":     {{at: 0, by: "a", want: "soft"}, {at: 1, by: "b", ok: true}, {at: 60, by: "a", want: "soft"}, {at: 120, by: "a", want: "trigger"}, {at: 121, by: "b", ok: true}, {at: 180, by: "a"}, {at: 240, by: "a"}, {at: 300, by: "a"}, {at: 361, by: "b", ok: true}, {at: 420, by: "a", ok: true, want: "resolve"}},
		"one that falls silent loses the say":  {{at: 0, by: "a", want: "soft"}, {at: 1, by: "b"}, {at: 200, by: "b", want: "soft"}, {at: 260, by: "b", want: "trigger"}, {at: 600, by: "c", ok: true, want: "resolve"}},
		"a hard failure is taken over as well": {{at: 0, by: "a", want: "soft"}, {at: 60, by: "a", want: "soft"}, {at: 120, by: "a", want: "trigger"}, {at: 400, by: "b"}, {at: 460, by: "a", ok: true}, {at: 461, by: "b", ok: true, want: "resolve"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &plan.Plan{Checks: []plan.Check{{ID: "c", Type: "http", Interval: plan.Duration(time.Minute), Timeout: plan.Duration(5 * time.Second), Retries: 2}}}
			if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
				t.Fatal(err)
			}
			start := time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)
			var s *watch.Check
			for i, l := range looks {
				seen := l.seen
				if seen == 0 {
					seen = l.at
				}
				next, out, err := watch.StepCheck(plan.Scene{Plan: p, At: start.Add(time.Duration(l.at) * time.Second)}, "c", s,
					watch.Probed{OK: l.ok, Reason: "503", By: l.by, At: start.Add(time.Duration(seen) * time.Second)})
				if err != nil {
					t.Fatal(err)
				}
				s = next
				if got := said(out.Facts); got != l.want {
					t.Errorf("look %d, %+v: said %q, want %q", i, l, got, l.want)
				}
			}
		})
	}
}

func said(facts []fact.Fact) string {
	for _, f := range facts {
		switch b := f.Body.(type) {
		case watch.Softly:
			return "soft"
		case watch.Raised:
			return map[signal.Action]string{signal.Trigger: "trigger", signal.Resolve: "resolve"}[b.Signal.Action]
		}
	}
	return ""
}

func TestAHeartbeatThatIsExpectedSoonerIsMissedSooner(t *testing.T) {
	t.Parallel()
	expecting := func(every time.Duration) *plan.Plan {
		p := &plan.Plan{Heartbeats: []plan.Heartbeat{{ID: "backup", Every: plan.Duration(every)}}}
		if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
			t.Fatal(err)
		}
		return p
	}
	at := time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)
	s, _, err := watch.StepHeartbeat(plan.Scene{Plan: expecting(24 * time.Hour), At: at}, "backup", nil, watch.Ping{})
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Minute)
	_, out, err := watch.StepHeartbeat(plan.Scene{Plan: expecting(5 * time.Minute), At: at}, "backup", s, watch.Ping{})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Wakes) != 1 || !out.Wakes[0].At.Equal(at.Add(5*time.Minute)) {
		t.Errorf("it looks again at %+v", out.Wakes)
	}
}
