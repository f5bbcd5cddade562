package explain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

var monday = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func minutes(n int) plan.Duration { return plan.Duration(time.Duration(n) * time.Minute) }

func equal(name, value string) signal.Matchers {
	return signal.Matchers{{Name: name, Op: signal.Equal, Value: value}}
}

// house is a plan with one of everything that an explanation can meet.
func house(t *testing.T) *plan.Plan {
	t.Helper()
	hold := minutes(2)
	inbox := []plan.Contact{{ID: "inbox", Channel: "inapp"}}
	p := &plan.Plan{
		Users: []plan.User{{ID: "ana", Name: "Ana", Contacts: []plan.Contact{{ID: "inbox", Channel: "inapp"}, {ID: "phone", Channel: "ntfy"}}},
			{ID: "bo", Name: "Bo", Contacts: inbox}, {ID: "chen", Name: "Chen"}, {ID: "dee", Name: "Dee", Contacts: inbox}},
		Teams: []plan.Team{{ID: "web", Members: []string{"ana", "bo"}}},
		Schedules: []oncall.Schedule{{ID: "day", Zone: "UTC", Layers: []oncall.Layer{{Name: "office", Seats: [][]string{{"ana"}}, Unit: oncall.Day, Every: 1,
			Start: oncall.LocalTime{Year: 2026, Month: 1, Day: 5}, Windows: []oncall.Window{{Start: 9 * 60, End: 17 * 60}}}}}},
		Policies: []plan.Policy{
			{ID: "ladder", Steps: []plan.Step{{Targets: []plan.Target{{Kind: plan.ToSchedule, ID: "day"}}}, {After: minutes(5), Targets: []plan.Target{{Kind: plan.ToUser, ID: "bo"}, {Kind: plan.ToChannel, ID: "ops"}}}}},
			{ID: "mute-person", Steps: []plan.Step{{Targets: []plan.Target{{Kind: plan.ToUser, ID: "chen"}}}}, AckTimeout: minutes(10)}},
		Services: []plan.Service{{ID: "shop", Policy: "ladder"}, {ID: "mail", Policy: "mute-person"}},
		Channels: []plan.Contact{{ID: "ops", Channel: "webhook"}},
		Route: plan.Route{Service: "shop", Routes: []plan.Route{
			{Name: "noise", Matchers: equal("team", "noise"), NoPage: "true"},
			{Name: "slow", Matchers: equal("team", "slow"), GroupWait: &hold, GroupBy: []string{"env"}},
			{Name: "loud", Matchers: equal("team", "loud"), Declare: 2},
			{Name: "copy", Matchers: equal("team", "both"), Continue: true},
			{Name: "mail", Matchers: equal("team", "both"), Service: "mail"}}},
		Fallback: []plan.Target{{Kind: plan.ToUser, ID: "dee"}},
	}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		t.Fatal(err)
	}
	return p
}

// told is the plot of an answer: after, kind and who.
func told(steps []explain.Step) string {
	var out []string
	for _, s := range steps {
		line := s.After.String() + " " + string(s.Kind)
		if s.Who != "" {
			line += " " + s.Who + " by " + s.How
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		question explain.Question
		route    string
		plot     string
	}{
		"nobody answers": {explain.Question{Severity: signal.Critical}, "root route",
			"0s paged; 0s step; 0s passed-over Ana by phone (ntfy); 0s told Ana by inbox (inapp); " +
				"5m step; 5m told channel ops by ops (webhook); 5m told Bo by inbox (inapp); 10m ran-out; 10m step; 10m told Dee by inbox (inapp)"},
		"a short look": {explain.Question{Severity: signal.Critical, Horizon: time.Minute}, "root route",
			"0s paged; 0s step; 0s passed-over Ana by phone (ntfy); 0s told Ana by inbox (inapp)"},
		"at night": {explain.Question{At: monday.Add(12 * time.Hour), Horizon: time.Minute}, "root route",
			"0s paged; 0s nobody; 0s step; 0s told channel ops by ops (webhook); 0s told Bo by inbox (inapp)"},
		"recorded only":        {explain.Question{Labels: signal.Labels{"team": "noise"}}, "route noise", "0s recorded"},
		"waiting for company":  {explain.Question{Labels: signal.Labels{"team": "slow", "env": "prod"}, Horizon: 3 * time.Minute}, "route slow", "0s held; 2m paged; 2m step; 2m passed-over Ana by phone (ntfy); 2m told Ana by inbox (inapp)"},
		"an incident with it":  {explain.Question{Labels: signal.Labels{"team": "loud"}, Horizon: time.Minute}, "route loud", "0s paged; 0s step; 0s passed-over Ana by phone (ntfy); 0s told Ana by inbox (inapp); 0s declared"},
		"a person of no reach": {explain.Question{Service: "mail", Labels: signal.Labels{"team": "both"}, Horizon: time.Minute}, "route copy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := x.question
			q.Plan = house(t)
			if q.At.IsZero() {
				q.At = monday
			}
			a, err := explain.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			if a.Route != x.route {
				t.Errorf("taken by %s, want %s", a.Route, x.route)
			}
			if got := told(a.Steps); x.plot != "" && got != x.plot {
				t.Errorf("got  %s\nwant %s", got, x.plot)
			}
			for _, s := range a.Steps {
				if s.Text == "" || s.Why.Code == "" || s.Why.Text == "" {
					t.Errorf("a step without a reason: %+v", s)
				}
			}
		})
	}
}

func TestARouteThatContinuesIsExplainedWithTheNext(t *testing.T) {
	t.Parallel()
	a, err := explain.Explain(explain.Question{Plan: house(t), At: monday, Labels: signal.Labels{"team": "both"}, Horizon: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if a.Service != "shop" || len(a.Also) != 1 || a.Also[0].Service != "mail" || a.Also[0].Route != "route mail" {
		t.Fatalf("%+v", a)
	}
	if got, want := told(a.Also[0].Steps), "0s paged; 0s step; 0s unreachable Chen by "; !strings.HasPrefix(got, want) {
		t.Errorf("the second road: %s", got)
	}
}

func TestWhatMutesIsNamedAndEnds(t *testing.T) {
	t.Parallel()
	b := &plan.Board{Silences: []plan.Silence{{ID: "s1", Matchers: []signal.Matchers{equal("env", "prod")}, StartsAt: monday, EndsAt: monday.Add(30 * time.Minute), CreatedBy: "bo", Comment: "racks"}}}
	q := explain.Question{Plan: house(t), Board: b, At: monday, Labels: signal.Labels{"env": "prod"}, Horizon: 31 * time.Minute}
	a, err := explain.Explain(q)
	if err != nil {
		t.Fatal(err)
	}
	if a.Muted == nil || a.Muted.Rule != "silence s1" || !a.MutedUntil.Equal(monday.Add(30*time.Minute)) {
		t.Errorf("muted by %+v until %s", a.Muted, a.MutedUntil)
	}
	if got, want := told(a.Steps), "0s muted; 30m unmuted; 30m paged;"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
	q.Labels = signal.Labels{"env": "dev"}
	if a, err = explain.Explain(q); err != nil || a.Muted != nil {
		t.Errorf("another alert is muted by %+v, %v", a.Muted, err)
	}
}

// aPage is a page of the ladder as the rules left it.
func aPage(t *testing.T, p *plan.Plan, change func(*page.State)) *page.State {
	t.Helper()
	s, _, err := page.Step(plan.Scene{Plan: p, Board: &plan.Board{}, At: monday, Actor: fact.System}, "p1", nil,
		page.Open{Ask: alert.Ask{Service: "shop", Policy: "ladder", Urgency: plan.High, Title: "Shop is down", Alerts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tells {
		s.Tells[i].Outcome = notification.OutcomeDelivered
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestWhyAPersonWasToldOrNot(t *testing.T) {
	t.Parallel()
	p := house(t)
	for name, x := range map[string]struct {
		user   string
		change func(*page.State)
		told   bool
		want   string
	}{
		"told":         {"ana", nil, true, "Ana was told by inbox at 2026-01-05 09:00:00 UTC, step 1, being the reason; it was delivered."},
		"not yet":      {"bo", nil, false, "Bo has not been told yet: inbox (inapp) comes at 2026-01-05 09:05:00 UTC if nobody answers, named in person."},
		"the fallback": {"dee", nil, false, "Dee has not been told yet: inbox (inapp) comes at 2026-01-05 09:10:00 UTC"},
		"nowhere":      {"chen", nil, false, "Chen was not told: nothing leads there. Now step 1 tells ana by schedule/day; step 2 tells bo by user/bo and channel ops; the fallback tells dee by user/dee."},
		"answered before": {"bo", func(s *page.State) {
			s.Status, s.AckedBy, s.AckedAt, s.Next, s.NextAt, s.Calls = page.Acknowledged, "Ana", monday.Add(time.Minute), "", time.Time{}, nil
		}, false, "Bo stands on step 2 (named in person), and Ana acknowledged at 2026-01-05 09:01:00 UTC before that was reached."},
		"over before": {"bo", func(s *page.State) {
			s.Status, s.ResolvedAt = page.Resolved, monday.Add(time.Minute)
		}, false, "the page was over at 2026-01-05 09:01:00 UTC"},
		"muted": {"bo", func(s *page.State) {
			s.Status, s.QuietBy, s.Next, s.NextAt, s.Calls = page.Muted, "silence s1", "", time.Time{}, nil
		}, false, "nobody is told while silence s1 mutes everything"},
		"no contact": {"chen", func(s *page.State) {
			s.Targets, s.NextAt, s.Calls = []plan.Target{{Kind: plan.ToUser, ID: "chen"}}, time.Time{}, nil
		}, false, "Chen stands on step 1 (named in person) and has no contact to be told by."},
		"failed": {"ana", func(s *page.State) { s.Tells[0].Outcome = notification.OutcomeFailed }, true, "it could not be delivered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := aPage(t, p, x.change)
			before := text(t, s)
			v, err := explain.Why(explain.Situation{Plan: p, Board: &plan.Board{}, At: monday, Page: s}, x.user, map[string]string{s.Tells[0].ID: "the reason"})
			if err != nil {
				t.Fatal(err)
			}
			if v.Told != x.told || !strings.Contains(v.Sentence, x.want) {
				t.Errorf("told %v: %s\nwant %v: %s", v.Told, v.Sentence, x.told, x.want)
			}
			if after := text(t, s); after != before {
				t.Errorf("asking changed the page:\n%s\n%s", before, after)
			}
		})
	}
	if _, err := explain.Why(explain.Situation{Plan: p, Board: &plan.Board{}, At: monday, Page: aPage(t, p, nil)}, "nobody", nil); err == nil {
		t.Error("a person who does not exist is explained")
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestNothingIsAheadOfAPageThatIsOver(t *testing.T) {
	t.Parallel()
	p := house(t)
	s := aPage(t, p, func(s *page.State) { s.Status = page.Resolved })
	steps, err := explain.Ahead(explain.Situation{Plan: p, Board: &plan.Board{}, At: monday, Page: s})
	if err != nil || len(steps) != 0 {
		t.Errorf("%v, %v", steps, err)
	}
}

// TestAnEndlessPlotIsCut: a policy that repeats every second for a week must
// not make the question hang.
func TestAnEndlessPlotIsCut(t *testing.T) {
	t.Parallel()
	p := house(t)
	p.Policies[0].Repeat, p.Policies[0].RepeatAfter = 1_000_000, plan.Duration(time.Second)
	p.Policies[0].Steps = p.Policies[0].Steps[:1]
	a, err := explain.Explain(explain.Question{Plan: p, At: monday, Horizon: 30 * 24 * time.Hour})
	if err != nil || !a.Cut || len(a.Steps) == 0 {
		t.Errorf("cut %v, %d steps, %v", a.Cut, len(a.Steps), err)
	}
}

func Example() {
	p := &plan.Plan{Users: []plan.User{{ID: "ana", Name: "Ana", Contacts: []plan.Contact{{ID: "inbox", Channel: "inapp"}}}},
		Policies: []plan.Policy{{ID: "all", Steps: []plan.Step{{Targets: []plan.Target{{Kind: plan.ToUser, ID: "ana"}}}}}},
		Services: []plan.Service{{ID: "shop", Policy: "all"}}, Route: plan.Route{Service: "shop"}}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		panic(err)
	}
	a, _ := explain.Explain(explain.Question{Plan: p, At: monday, Horizon: time.Minute})
	for _, s := range a.Steps {
		fmt.Printf("+%s %s, because %s\n", s.After, s.Text, s.Why.Text)
	}
	// Output:
	// +0s A page is opened, urgency high, because a group of alerts needs a human
	// +0s Step 1: telling Ana, because the policy begins
	// +0s Ana is told by inbox (inapp), because named in person
}
