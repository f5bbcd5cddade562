package config

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/internal/core/plan"
)

func load(t *testing.T, text string) *plan.Plan {
	t.Helper()
	loaded, err := Load(file(text), fakes())
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Plan
}

const diffBefore = `
users:
  ana: {name: Ana (sample), contacts: [{id: phone, ntfy: {topic: one}}, {email: ana@example.com}], rules: {high: [phone]}}
  bo: {}
teams:
  payments: {members: [ana]}
schedules:
  primary: {zone: Europe/Berlin, layers: [{name: days, members: [ana, bo], turn: 1 week, start: 2026-01-05 09:00}]}
policies:
  payments: {steps: [{notify: schedule/primary}, {after: 5m, notify: user/bo}]}
  payments-primary: {steps: [{notify: schedule/primary}], ack_timeout: 30m}
services:
  checkout: {policy: payments, tier: 2}
  old: {policy: payments}
integrations:
  prom: {type: alertmanager, key: one}
checks:
  up: {http: {url: "http://127.0.0.1:1", authorization: hunter2}, interval: 30s}
route:
  routes:
    - {name: outage, match: {severity: critical}, declare: SEV3}
    - {match: {env: dev}, no_page: true}
fallback: user/ana
`

const diffAfter = `
users:
  ana: {name: Ana (sample), contacts: [{email: ana@example.com}, {id: phone, ntfy: {topic: two}}], rules: {high: [phone, email after 2m]}}
  bo: {contacts: [inapp]}
  chen: {}
teams:
  payments: {members: [ana, chen]}
schedules:
  primary: {zone: Europe/Berlin, layers: [{name: days, members: [ana, [bo, chen]], turn: 2 weeks, start: 2026-01-05 09:00}]}
policies:
  payments: {steps: [{notify: schedule/primary}, {after: 10m, notify: [user/bo, user/chen]}, {after: 5m, notify: user/ana}], repeat: 1}
  payments-primary: {steps: [{notify: schedule/primary}]}
services:
  checkout: {policy: payments-primary, tier: 2, team: payments}
  new: {policy: payments}
integrations:
  prom: {type: alertmanager, key: two}
checks:
  up: {http: {url: "http://127.0.0.1:1", authorization: hunter3}, interval: 1m}
route:
  group_by: [service]
  routes:
    - {match: {canary: "true"}, service: new}
    - {name: outage, match: {severity: critical}, declare: SEV2}
    - {match: {env: dev}}
`

func TestDiffSpeaksInWords(t *testing.T) {
	t.Parallel()
	before, after := load(t, diffBefore), load(t, diffAfter)
	var b strings.Builder
	for _, c := range Diff(before, after) {
		fmt.Fprintf(&b, "%-7s %-40s %s\n", c.Kind, c.Path, c.Sentence)
		if strings.Contains(c.Old+c.New+c.Sentence, "hunter") {
			t.Errorf("a secret is shown: %+v", c)
		}
	}
	text, err := UnifiedYAML(before, after)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.golden", b.String()+"\n"+text)
}

func TestDiffOfWholePlans(t *testing.T) {
	t.Parallel()
	p := load(t, diffBefore)
	for _, c := range Diff(nil, p) {
		if c.Kind != Added || strings.Contains(c.Sentence, "contact") {
			t.Errorf("a new plan holds new things, each told once; have %+v", c)
		}
	}
	if n := len(Diff(nil, p)); n != 13 {
		t.Errorf("want one sentence for each of 11 things and 2 routes; have %d", n)
	}
	for _, c := range Diff(p, nil) {
		if c.Kind != Removed {
			t.Errorf("have %+v", c)
		}
	}
}

// Words may leave nothing out: plans that differ in YAML differ in words.
func TestDiffSeesWhatYAMLSees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := genPlan(t), genPlan(t)
		if rapid.Bool().Draw(t, "one part") {
			c := *a
			switch rapid.IntRange(0, 6).Draw(t, "part") {
			case 0:
				c.Users = b.Users
			case 1:
				c.Schedules = b.Schedules
			case 2:
				c.Policies = b.Policies
			case 3:
				c.Services = b.Services
			case 4:
				c.Checks = b.Checks
			case 5:
				c.Channels, c.Heartbeats, c.Integrations = b.Channels, b.Heartbeats, b.Integrations
			}
			b = &c
		}
		text, err := UnifiedYAML(a, b)
		if err != nil {
			t.Fatal(err)
		}
		changes := Diff(a, b)
		if (len(changes) == 0) != (text == "") {
			t.Fatalf("%d changes in words, but in YAML:\n%s\n%v", len(changes), text, changes)
		}
		for _, c := range changes {
			if c.Sentence == "" || c.Path == "" || strings.Contains(c.Sentence, "{old}") {
				t.Fatalf("half a change: %+v", c)
			}
		}
	})
}

func TestUnifiedCanBeApplied(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			var b strings.Builder
			for _, l := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", ""}), 0, 40).Draw(t, "lines") {
				b.WriteString(l + "\n")
			}
			return b.String()
		})
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		diff := unified(before, after)
		if got := apply(t, before, diff); got != after {
			t.Fatalf("applied:\n%q\nwant:\n%q\n%s", got, after, diff)
		}
	})
}

// apply is patch: it trusts only the hunks' headers for where to go on.
func apply(t *rapid.T, before, diff string) string {
	old := lines(before)
	var out []string
	at := 0
	for i, l := range lines(diff) {
		switch {
		case i < 2: // the names of the files
		case strings.HasPrefix(l, "@@"):
			var from, count, to, more int
			if _, err := fmt.Sscanf(l, "@@ -%d,%d +%d,%d @@", &from, &count, &to, &more); err != nil {
				t.Fatal(err)
			}
			if count > 0 {
				from--
			}
			for ; at < from; at++ {
				out = append(out, old[at])
			}
			if more > 0 && to != len(out)+1 {
				t.Fatalf("%s stands at line %d of the new text", l, len(out)+1)
			}
		case l[0] == '+':
			out = append(out, l[1:])
		default:
			if old[at] != l[1:] {
				t.Fatalf("line %d is %q, the difference says %q", at+1, old[at], l[1:])
			}
			if at++; l[0] == ' ' {
				out = append(out, l[1:])
			}
		}
	}
	out = append(out, old[at:]...)
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n") + "\n"
}
