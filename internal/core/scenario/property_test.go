package scenario_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/scenario"
)

// nightPlan has a bit of everything: an empty step, limits, an acknowledgement
// timeout, a group that waits, a route that declares, a room.
const nightPlan = `
users:
  ana: {name: Ana, contacts: [{id: phone, limit: 1 per 2m, inapp: {}}, {id: email, email: ana@example.com}]}
  bo: {name: Bo, contacts: [{id: phone, inapp: {}}]}
  chen: {name: Chen, contacts: [{id: phone, ntfy: {topic: chen}}]}
  dana: {name: Dana}
schedules:
  days:
    zone: Europe/Berlin
    layers: [{members: [bo, dana], turn: 1 day, start: 2026-01-05 09:00, hours: ["09:00-17:00"]}]
policies:
  a: {steps: [{notify: [user/ana]}, {after: 5m, notify: [schedule/days]}, {after: 5m, notify: [user/chen]}], repeat: 1, ack_timeout: 30m, fallback: [user/bo]}
  b: {steps: [{notify: [schedule/days]}, {after: 1m, notify: [user/dana]}]}
  c: {steps: [{notify: [channel/ops, user/chen]}]}
channels:
  ops: {slack: {url: "https://chat.example.com/hook"}}
services:
  x: {policy: a}
  y: {policy: b}
  z: {policy: c}
integrations:
  prom: {type: alertmanager, resolve_timeout: 2h}
fallback: [user/chen]
route:
  group_by: [service]
  routes:
    - {match: {kind: slow}, group_wait: 30s}
    - {match: {kind: grave}, declare: SEV2}
    - {match: {kind: quiet}, no_page: true}
`

func nightlyPlan(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := load(scenario.Source{Text: nightPlan})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// anyCommand draws a line of the language that makes sense now and then.
func anyCommand() *rapid.Generator[string] {
	pick := func(list []string) *rapid.Generator[string] { return rapid.SampledFrom(list) }
	return rapid.Custom(func(t *rapid.T) string {
		service := pick([]string{"x", "y", "z"}).Draw(t, "service")
		kind := pick([]string{"plain", "slow", "grave", "quiet"}).Draw(t, "kind")
		key := pick([]string{"1", "2", "3"}).Draw(t, "key")
		one := fmt.Sprintf("key=%s-%s-%s service=%s label.service=%s kind=%s", service, kind, key, service, service, kind)
		who := pick([]string{"ana", "bo", "chen"}).Draw(t, "who")
		contact := pick([]string{"ana/phone", "ana/email", "bo/phone", "chen/phone", "channel:ops"}).Draw(t, "contact")
		thing := fmt.Sprintf("p%d", rapid.IntRange(1, 5).Draw(t, "page"))
		length := pick([]string{"1s", "40s", "3m", "10m", "45m", "3h"}).Draw(t, "length")
		silence := pick([]string{`{service="x"}`, `{kind=~"slow|plain"}`, `{severity="warning"}`}).Draw(t, "silence")
		return pick([]string{
			"alert prom " + one + " severity=critical", "alert prom " + one + " severity=critical", "alert prom " + one + " severity=warning",
			"resolve prom " + one, "ack prom " + one,
			"ack " + thing + " by " + who, "resolve " + thing + " by " + who, "escalate " + thing + " by " + who,
			"pass " + length, "pass " + length, "pass " + length,
			"silence s1 " + silence + " for " + length + " by " + who + " why", "expire s1 by " + who,
			"maintenance m1 y for " + length + " by " + who + " why", "expire m1 by " + who,
			"break " + contact + " broken permanent", "break " + contact + " busy temporary", "mend " + contact,
			"receipts by hand", "receipts at once", "deliver", "fail " + contact + " broken", "fail " + contact + " busy temporary",
			"unverified " + contact, "override o1 days only " + who + " for " + length + " by " + who,
			"declare SEV2 Down by " + who, "status INC-1 resolved by " + who, "summon INC-1 user/" + who + " by ana",
		}).Draw(t, "command")
	})
}

// play does random commands. What a script may not say (a page that does not
// exist) is passed over; what remains must never fail.
func play(t *rapid.T, w *scenario.World, lines []string, after func(string)) []string {
	var out []string
	for _, line := range lines {
		s, err := scenario.Parse("random", line)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Do(s.Blocks[0].Commands[0])
		if err != nil && !strings.Contains(err.Error(), "there is no") && !strings.Contains(err.Error(), "waiting for a receipt") {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(append(out, "> "+line), got...)
		if after != nil {
			after(line)
		}
	}
	return out
}

func TestRandomNightsRepeat(t *testing.T) {
	t.Parallel()
	p := nightlyPlan(t)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(anyCommand(), 1, 40).Draw(t, "lines")
		opts := scenario.Options{Plan: p, Zones: time.LoadLocation}
		first := play(t, scenario.NewWorld(opts), lines, nil)
		second := play(t, scenario.NewWorld(opts), lines, nil)
		if !slices.Equal(first, second) {
			t.Fatalf("two plays of one night differ:\n%s\n\n%s", strings.Join(first, "\n"), strings.Join(second, "\n"))
		}
	})
}

// TestRandomNightsHold checks after every command what must hold at any time.
func TestRandomNightsHold(t *testing.T) {
	t.Parallel()
	p := nightlyPlan(t)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(anyCommand(), 1, 60).Draw(t, "lines")
		w := scenario.NewWorld(scenario.Options{Plan: p, Zones: time.LoadLocation})
		var said int
		var done []string
		play(t, w, lines, func(line string) {
			done = append(done, line)
			fail := func(format string, args ...any) {
				t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(done, "\n"))
			}
			for _, f := range w.Facts()[said:] {
				if f.Why.Text == "" || f.Why.Code == "" || f.Subject == "" && !f.Unsaid || f.Text == "" && !f.Unsaid {
					fail("a fact without subject, text or reason: %+v", f)
				}
			}
			said = len(w.Facts())
			if strings.HasPrefix(line, "pass") {
				if late := w.Overdue(); len(late) > 0 {
					fail("wakes in the past: %v", late)
				}
			}
			for _, wrong := range slices.Concat(uncared(w), endless(w)) {
				fail("%s", wrong)
			}
		})
	})
}

// TestRandomNightsEnd ends a random night and looks at what arrived: whoever
// got a page got its end.
func TestRandomNightsEnd(t *testing.T) {
	t.Parallel()
	p := nightlyPlan(t)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(anyCommand(), 1, 40).Draw(t, "lines")
		w := scenario.NewWorld(scenario.Options{Plan: p, Zones: time.LoadLocation})
		play(t, w, lines, nil)
		play(t, w, []string{"mend ana/phone", "mend ana/email", "mend bo/phone", "mend chen/phone", "mend channel:ops", "receipts at once", "deliver"}, nil)
		for i := range 40 {
			play(t, w, []string{fmt.Sprintf("resolve p%d by ana", i+1)}, nil)
		}
		out := play(t, w, []string{"pass 3d", "status INC-1 resolved by ana", "pass 3d"}, nil)
		told, ended := map[string]bool{}, map[string]bool{}
		for _, f := range w.Facts() {
			if g, ok := f.Body.(notification.GaveUp); ok && g.Kind == notification.KindResolved {
				ended[g.Page+" "+g.To.User] = true // it was tried, and that it failed is on record
			}
			a, ok := f.Body.(notification.Arrived)
			if !ok || a.To.User == "" || a.Page == "" {
				continue
			}
			if a.Kind == notification.KindPage {
				told[a.Page+" "+a.To.User] = true
			} else if a.Kind == notification.KindResolved {
				ended[a.Page+" "+a.To.User] = true
			}
		}
		for _, stream := range w.Streams() {
			if s, ok := w.State(stream).(*page.State); ok && s.Open() {
				for user := range told {
					if strings.HasPrefix(user, s.ID+" ") {
						delete(told, user) // a page after the fortieth, still open
					}
				}
			}
		}
		for who := range told {
			if !ended[who] {
				t.Fatalf("%s got the page and never its end; the last was\n%s\nof\n%s", who, strings.Join(out, "\n"), strings.Join(lines, "\n"))
			}
		}
	})
}

// uncared finds open, unmuted alerts of high urgency that nobody is being
// asked about, and pages that stand still without having said so.
func uncared(w *scenario.World) []string {
	var wrong []string
	for _, stream := range w.Streams() {
		switch s := w.State(stream).(type) {
		case *alert.Group:
			for _, m := range s.Members {
				cared := s.Setup.NoPage || m.MutedBy != "" || m.Paged && s.Page != "" || s.HoldUntil.After(w.Now())
				if why, _ := alert.MutedBy(w.Scene(), m.Labels, s.Setup.Service); !s.Setup.NoPage && why.Rule != m.MutedBy {
					wrong = append(wrong, fmt.Sprintf("alert %s counts as muted by %q, and what mutes it is %q", m.Summary, m.MutedBy, why.Rule))
				}
				if !cared {
					wrong = append(wrong, fmt.Sprintf("alert %s fires and nobody is asked", m.Summary))
				}
			}
			if s.Page != "" {
				if p, _ := w.State(page.Stream(s.Page)).(*page.State); !p.Open() {
					wrong = append(wrong, fmt.Sprintf("group %s has page %s, which is over", stream, s.Page))
				}
			}
		case *page.State:
			if s.Status == page.Triggered && !goesOn(s) {
				wrong = append(wrong, fmt.Sprintf("page %s stands still: %+v", s.ID, s))
			}
		}
	}
	return wrong
}

func goesOn(s *page.State) bool {
	if !s.NextAt.IsZero() || s.Unanswered || len(s.Targets) > 0 {
		return true // a summons asks once; it is a request, not a ladder
	}
	return slices.ContainsFunc(s.Calls, func(c page.Call) bool { return len(c.Rules) > 0 })
}

// endless finds people who were told of a page that is over and who neither
// were told so nor are about to be.
func endless(w *scenario.World) []string {
	told, ended := map[string]bool{}, map[string]bool{}
	for _, stream := range w.Streams() {
		s, ok := w.State(stream).(*page.State)
		if !ok || s.Open() {
			continue
		}
		for _, x := range s.Tells {
			key := s.ID + " " + x.To.User
			arrived := x.Outcome == notification.OutcomeAccepted || x.Outcome == notification.OutcomeDelivered
			switch {
			case x.To.User == "":
			case x.Kind == notification.KindPage && arrived:
				told[key] = true
			case x.Kind == notification.KindResolved:
				ended[key] = true
			}
		}
	}
	var wrong []string
	for key := range told {
		if !ended[key] {
			wrong = append(wrong, "never told the end: "+key)
		}
	}
	slices.Sort(wrong)
	return wrong
}
