package scenario_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/internal/core/scenario"
)

const small = `plan
  users:
    ana: {name: Ana, contacts: [{id: phone, inapp: {}}]}
  policies:
    p: {steps: [{notify: [user/ana]}], repeat_after: 10m}
  services:
    s: {policy: p}
  integrations:
    prom: {type: alertmanager, service: s}
`

func run(t *testing.T, text string) *scenario.Result {
	t.Helper()
	s, err := scenario.Parse("x.tocsin", text)
	if err != nil {
		t.Fatal(err)
	}
	return scenario.Run(s, options)
}

func TestParseNamesTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pass 1m\n\nfly away\n":             `x.tocsin:3: unknown command "fly"`,
		"----\n":                            "x.tocsin:1: a transcript needs a command above it",
		"note INC-1 \"open\nend\n":          "x.tocsin:1: the line ends inside a quoted word",
		"silence s1 {a=\"}\" for 1h\n":      "x.tocsin:1: the line ends inside { }",
		"pass 1m\n  indented: yaml\n":       "x.tocsin:2: an indented line belongs to a plan",
		"# only a comment\nplan\n\npass 1m": "x.tocsin:2: name a plan file, or write the plan indented below",
	} {
		_, err := scenario.Parse("x.tocsin", text)
		var at *scenario.Error
		if !errors.As(err, &at) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestMistakes: what a script may not say is named with its line, and nothing
// after it is played.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pass soon":                              `x.tocsin:10: "soon" is not a duration`,
		"pass 1m 2m":                             `x.tocsin:10: do not understand "2m" here`,
		"at yesterday":                           `x.tocsin:10: "yesterday" is not a time`,
		"at 03:00 Europe/Atlantis":               `x.tocsin:10: unknown time zone "Europe/Atlantis"`,
		"alert graph key=1":                      `x.tocsin:10: no integration "graph" in the plan`,
		"alert severity=purple key=1":            `x.tocsin:10: "purple" is not a severity`,
		"alert severity=critical":                "x.tocsin:10: say which alert",
		"ack p1 by ana":                          "x.tocsin:10: there is no page p1 yet",
		"deliver":                                "x.tocsin:10: no message is waiting",
		"fail ana/phone":                         "x.tocsin:10: say to whom and with which error",
		`silence s1 {a="b"} by ana "why"`:        "x.tocsin:10: say how long",
		`silence s1 {a~b} for 1h by ana "why"`:   "x.tocsin:10: matchers",
		"check shop ok":                          `x.tocsin:10: no check "shop"`,
		"who days":                               `x.tocsin:10: no schedule "days"`,
		"plan missing.yaml":                      "x.tocsin:10: plan missing.yaml:",
		"expect rain":                            "x.tocsin:10: can expect told",
		"declare SEV9 \"Down\" by ana":           "x.tocsin:10: severity: \"SEV9\"",
		"sev INC-1 SEV1 by ana":                  "x.tocsin:10: refused: there is no incident INC-1",
		"expect refused":                         "x.tocsin:10: nothing was refused",
		"at 2025-01-01\nalert key=1\nat 2024-01": `x.tocsin:12: "2024-01" is not a time`,
	} {
		if got := run(t, small+text).Report(); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n%s want %s", text, got, want)
		}
	}
}

// TestExpect: an expectation that does not hold says what is true instead.
func TestExpect(t *testing.T) {
	t.Parallel()
	story := small + "alert key=1 summary=Down\nack p1 by ana\ndeclare SEV2 Down by ana\n"
	for text, want := range map[string]string{
		"expect told ana by phone":           "",
		"expect told ana":                    "",
		"expect told bo":                     "bo was not told (page); told were ana/phone",
		"expect not told bo":                 "",
		"expect not told ana":                "ana/phone was told (page) 1 times",
		"expect nobody told":                 "somebody was told: ana/phone",
		"mark\nexpect nobody told":           "",
		"mark\nexpect told ana":              "ana was not told (page), and nobody else was",
		"expect page p1 acknowledged":        "",
		"expect page p1 acknowledged by ana": "",
		"expect page p1 acknowledged by bo":  `p1 was acknowledged by "Ana"`,
		"expect page p1 resolved":            "p1 is acknowledged",
		"expect page p1 unanswered":          "p1 is not unanswered",
		"expect page p1 asleep":              "a page is triggered",
		"expect pages 1 open":                "",
		"expect pages 2 open":                "1 pages are open",
		"expect alert a1 firing":             "",
		"expect alert a1 muted":              "a1 is firing",
		"expect incident INC-1 SEV2":         "",
		"expect incident INC-1 declared":     "",
		"expect incident INC-1 SEV1":         "INC-1 is SEV2 declared",
		"expect incident INC-2 SEV1":         "there is no incident INC-2",
		"ack p1 by bo\nexpect refused":       "",
		"ack p1 by bo\nexpect refused SEV":   "it was refused otherwise: Ana acknowledged it already",
		"ack p1 by bo":                       "refused: Ana acknowledged it already",
	} {
		r := run(t, story+text)
		switch {
		case want == "" && !r.OK():
			t.Errorf("%s: %s", text, r.Report())
		case want != "" && (len(r.Mistakes) == 0 || !strings.HasPrefix(r.Mistakes[0].Why, want)):
			t.Errorf("%s:\n%s want %s", text, r.Report(), want)
		}
	}
}

func TestDiffShowsTheLine(t *testing.T) {
	t.Parallel()
	r := run(t, small+`alert key=1 summary=Down
----
a1     Firing: Up                                     because no alert with this key was open [integration prom]
a1     Routed to service s                            because no narrower route matches [root route]
`)
	want := []string{
		"x.tocsin:12: alert key=1 summary=Down",
		" - a1     Firing: Up                                     because no alert with this key was open [integration prom]",
		" + a1     Firing: Down                                   because no alert with this key was open [integration prom]",
		"   a1     Routed to service s                            because no narrower route matches [root route]",
		" + a1     Needs a human: page p1                         because first alert of its group [root route]",
	}
	if got := r.Report(); r.OK() || !strings.HasPrefix(got, strings.Join(want, "\n")) {
		t.Errorf("got\n%s", got)
	}
}

// TestRewrite keeps everything but the transcripts, and what it writes holds.
func TestRewrite(t *testing.T) {
	t.Parallel()
	text := "# A rule.\n" + small + "alert key=1 summary=Down\n----\nwrong\n\n# A remark.\nresolve key=1\n\npass 1h\n----\n"
	fresh := run(t, text).Rewrite()
	r := run(t, fresh)
	if !r.OK() {
		t.Error(r.Report())
	}
	for _, part := range []string{"# A rule.\n", small, "\n\n# A remark.\nresolve key=1\n\npass 1h\n----\n(nothing)\n"} {
		if !strings.Contains(fresh, part) {
			t.Errorf("%q is lost in\n%s", part, fresh)
		}
	}
	if strings.Contains(fresh, "wrong") {
		t.Error("the old transcript stayed")
	}
}

// TestGivenPlan: scripts of a plan folder are played against that plan.
func TestGivenPlan(t *testing.T) {
	t.Parallel()
	p, err := load(scenario.Source{Text: strings.TrimPrefix(small, "plan\n")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse("x.tocsin", "alert key=1\nexpect told ana\n")
	if err != nil {
		t.Fatal(err)
	}
	if r := scenario.Run(s, scenario.Options{Plan: p}); !r.OK() {
		t.Error(r.Report())
	}
}

// FuzzParse: no text makes the parser or the world panic.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob(filepath.Join(folder, "*.tocsin"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	p, err := load(scenario.Source{Name: "shop.yaml"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scenario.Parse("fuzz", text)
		if err != nil || len(text) > 1000 || strings.Contains(text, "pass") || strings.Contains(text, "at ") {
			return // long nights take long
		}
		_ = scenario.Run(s, scenario.Options{Plan: p}).Report()
	})
}
