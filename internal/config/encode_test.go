package config

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// samePlan compares what people configured and leaves out what Prepare adds.
var samePlan = cmp.Options{
	cmpopts.IgnoreUnexported(plan.Plan{}, signal.Matcher{}),
	cmpopts.IgnoreFields(plan.Route{}, "ID"),
	cmpopts.IgnoreFields(oncall.Schedule{}, "Loc"),
	// Nothing and an empty list are the same, but not for group_by.
	cmp.FilterPath(func(p cmp.Path) bool {
		field, ok := p.Index(-1).(cmp.StructField)
		return !ok || field.Name() != "GroupBy"
	}, cmpopts.EquateEmpty()),
}

func file(text string) fstest.MapFS { return fstest.MapFS{"plan.yaml": {Data: []byte(text)}} }

func TestEncodeReadsBackToTheEqualPlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := genPlan(t)
		text, err := Encode(want)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		got, err := Load(file(string(text)), Options{})
		if err != nil {
			t.Fatalf("load: %v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got.Plan, samePlan); diff != "" {
			t.Fatalf("plan changed on its way (-want +got):\n%s\n%s", diff, text)
		}
		again, err := Encode(got.Plan)
		if err != nil || string(again) != string(text) {
			t.Fatalf("not canonical: %v\n%s\n%s", err, text, again)
		}
	})
}

// The store keeps plans as JSON. Nothing that YAML can say may be lost there.
func TestJSONKeepsThePlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := genPlan(t)
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got plan.Plan
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(want, &got, samePlan); diff != "" {
			t.Fatalf("plan changed on its way (-want +got):\n%s", diff)
		}
	})
}

// gen draws the parts of a plan. Ids come from fixed lists, so that references
// lead somewhere.
type gen struct{ *rapid.T }

var (
	userIDs    = []string{"ana", "bo", "chen", "x@example.com"}
	serviceIDs = []string{"checkout", "no", "42"}
	policyIDs  = []string{"p.1", "true"}
)

func (g gen) text(label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "plain", "no", "~", "null", "1e3", "0x1f", "2026-01-05", "a: b", "# x", "- x", " pad ", "<<", "${X}", "$${X}", "line\nbreak\n", "\n", "tab\there", "ü ✓", "'", `"`, "{", "*a", "&a", "!t", "%", "@", "`", "\u2028", "\ufeff", "😀"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab $${}:#-'\"\n\t\\%&*!|>é\u0085")), 0, 12, -1),
	).Draw(g.T, label)
}

func (g gen) word(label string) string { // never empty
	return "w" + g.text(label)
}

func (g gen) oneOf(label string, of ...string) string { return rapid.SampledFrom(of).Draw(g.T, label) }
func (g gen) num(label string, from, to int) int      { return rapid.IntRange(from, to).Draw(g.T, label) }
func (g gen) yes(label string) bool                   { return rapid.Bool().Draw(g.T, label) }
func (g gen) dur(label string) plan.Duration {
	return plan.Duration(g.num(label, 0, 1e9)) * plan.Duration(time.Millisecond)
}

func (g gen) texts(label string) map[string]string {
	return rapid.MapOfN(rapid.Custom(func(t *rapid.T) string { return gen{t}.word(label) }), rapid.Custom(func(t *rapid.T) string { return gen{t}.text(label) }), 0, 3).Draw(g.T, label)
}

func (g gen) words(label string) []string {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return gen{t}.word(label) }), 0, 3).Draw(g.T, label)
}

func (g gen) targets(label string, least int) []plan.Target {
	var out []plan.Target
	for range g.num(label, least, 3) {
		switch g.oneOf(label, "user", "schedule", "team", "channel") {
		case "user":
			out = append(out, plan.Target{Kind: plan.ToUser, ID: g.oneOf(label, userIDs...)})
		case "schedule":
			out = append(out, plan.Target{Kind: plan.ToSchedule, ID: "primary"})
		case "team":
			out = append(out, plan.Target{Kind: plan.ToTeam, ID: "payments"})
		default:
			out = append(out, plan.Target{Kind: plan.ToChannel, ID: "ops"})
		}
	}
	return out
}

func genPlan(t *rapid.T) *plan.Plan {
	g := gen{t}
	p := &plan.Plan{
		Teams:    []plan.Team{{ID: "payments", Name: g.text("name"), Members: userIDs[:g.num("members", 0, 4)]}},
		Channels: []plan.Contact{g.contact("ops")},
		Fallback: g.targets("fallback", 0),
	}
	for _, id := range userIDs {
		p.Users = append(p.Users, g.user(id))
	}
	s := oncall.Schedule{ID: "primary", Name: g.text("name"), Zone: g.oneOf("zone", "", "Europe/Berlin", "UTC")}
	for range g.num("layers", 0, 3) {
		s.Layers = append(s.Layers, g.layer())
	}
	p.Schedules = []oncall.Schedule{s}
	for _, id := range policyIDs {
		pol := plan.Policy{ID: id, Name: g.text("name"), Repeat: g.num("repeat", 0, 9), RepeatAfter: g.dur("pause"), AckTimeout: g.dur("ack"), Fallback: g.targets("fallback", 0)}
		for range g.num("steps", 1, 3) {
			pol.Steps = append(pol.Steps, plan.Step{After: g.dur("after"), Targets: g.targets("targets", 1)})
		}
		p.Policies = append(p.Policies, pol)
	}
	for _, id := range []string{"42", "checkout", "no"} {
		p.Services = append(p.Services, plan.Service{ID: id, Name: g.text("name"), Description: g.text("about"), Runbook: g.text("runbook"),
			Team: g.oneOf("team", "", "payments"), Policy: g.oneOf("policy", "", "p.1", "true"), Tier: g.num("tier", 0, 9), Urgency: g.urgency()})
	}
	g.sources(p)
	p.Route = g.route(0)
	return p
}

func (g gen) urgency() plan.Urgency {
	return plan.Urgency(g.oneOf("urgency", "", "high", "low", "by-severity"))
}

func (g gen) severity() signal.Severity {
	return signal.Severity(g.oneOf("severity", "", "critical", "error", "warning", "info"))
}

func (g gen) contact(id string) plan.Contact {
	c := plan.Contact{ID: id, Channel: g.oneOf("channel", "ntfy", "email", "inapp", "no"), Settings: g.texts("settings")}
	if g.yes("limited") {
		c.Limit = plan.Limit{Count: g.num("count", 1, 99), Per: g.dur("per") + 1e6}
	}
	return c
}

func (g gen) user(id string) plan.User {
	u := plan.User{ID: id, Name: g.text("name"), Email: g.text("email"), Zone: g.oneOf("zone", "", "Europe/Madrid")}
	for i := range g.num("contacts", 0, 3) {
		u.Contacts = append(u.Contacts, g.contact(fmt.Sprintf("c%d", i)))
	}
	for range g.num("rules", 0, len(u.Contacts)) {
		u.High = append(u.High, plan.NotifyRule{Contact: u.Contacts[0].ID, After: g.dur("after")})
		u.Low = append(u.Low, plan.NotifyRule{Contact: u.Contacts[0].ID})
	}
	return u
}

func (g gen) layer() oncall.Layer {
	l := oncall.Layer{Name: g.text("name"), Priority: g.num("priority", -3, 9), Every: g.num("every", 1, 9),
		Unit:  oncall.Unit(g.oneOf("unit", "hour", "day", "week", "month")),
		Start: oncall.LocalTime{Year: g.num("year", 2000, 2100), Month: time.Month(g.num("month", 1, 12)), Day: g.num("day", 1, 28), Clock: oncall.ClockTime(g.num("clock", 0, 1440))}}
	if g.yes("ends") {
		l.Until = l.Start
		l.Until.Year++
	}
	l.CountDaysOn = l.Unit == oncall.Day && g.yes("days on")
	for range g.num("seats", 1, 3) {
		seat := rapid.SliceOfN(rapid.SampledFrom(append([]string{oncall.Vacant}, userIDs...)), 0, 3).Draw(g.T, "seat")
		l.Seats = append(l.Seats, seat)
	}
	for range g.num("windows", 0, 3) {
		w := oncall.Window{Start: oncall.ClockTime(g.num("start", 0, 1440)), End: oncall.ClockTime(g.num("end", 0, 1440))}
		w.Days = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) time.Weekday {
			return time.Weekday(rapid.IntRange(0, 6).Draw(t, "day"))
		}), 0, 7, rapid.ID[time.Weekday]).Draw(g.T, "days")
		l.Windows = append(l.Windows, w)
	}
	return l
}

func (g gen) sources(p *plan.Plan) {
	for _, id := range []string{"grafana", "prom"} {
		p.Integrations = append(p.Integrations, plan.Integration{ID: id, Name: g.text("name"), Type: g.word("type"), Service: g.oneOf("service", append(serviceIDs, "")...),
			KeyHash: g.oneOf("key", "", HashKey(id)), ResolveTimeout: g.dur("resolve"), Mapping: g.texts("mapping")})
		p.Checks = append(p.Checks, plan.Check{ID: id, Name: g.text("name"), Service: g.oneOf("service", append(serviceIDs, "")...), Type: "http", Settings: g.texts("settings"),
			Interval: g.dur("interval") + 1e6, Timeout: g.dur("timeout") + 1e6, Retries: g.num("retries", 0, 9), RetryInterval: g.dur("retry"),
			Conditions: g.words("conditions"), Severity: g.severity(), Labels: g.texts("labels")})
		p.Heartbeats = append(p.Heartbeats, plan.Heartbeat{ID: id, Name: g.text("name"), Every: g.dur("every") + 1e6, Grace: g.dur("grace"), Severity: g.severity(), Labels: g.texts("labels"), KeyHash: g.oneOf("key", "", HashKey(id))})
	}
}

func (g gen) route(depth int) plan.Route {
	r := plan.Route{Name: g.text("name"), Service: g.oneOf("service", append(serviceIDs, "")...), Policy: g.oneOf("policy", "", "p.1"),
		Urgency: g.urgency(), NoPage: g.oneOf("no_page", "", "true", "false"), Declare: g.num("declare", 0, 5)}
	if g.yes("grouped") {
		r.GroupBy = append([]string{}, g.words("group_by")...)
	}
	if g.yes("waits") {
		wait := g.dur("wait")
		r.GroupWait = &wait
	}
	if depth > 0 {
		r.Continue = g.yes("continue")
		for range g.num("matchers", 0, 3) {
			m, err := signal.NewMatcher(g.word("label"), signal.Op(g.oneOf("op", "=", "!=")), g.text("value"))
			if err == nil {
				r.Matchers = append(r.Matchers, m)
			}
		}
		if g.yes("expression") {
			m, _ := signal.NewMatcher("team", signal.Op(g.oneOf("op", "=~", "!~")), g.oneOf("expression", "a|b", `pay.*\d+`, "", `"x"`, "(?i)x"))
			r.Matchers = append(r.Matchers, m)
		}
	}
	if depth < 3 {
		for range g.num("routes", 0, 2) {
			r.Routes = append(r.Routes, g.route(depth+1))
		}
	}
	return r
}
