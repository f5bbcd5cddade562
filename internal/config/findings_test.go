package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// monday is a Monday morning in Berlin, in winter.
var monday = time.Date(2026, 1, 12, 10, 0, 0, 0, time.UTC)

func listFindings(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func TestFindingsNameWhatIsUnwise(t *testing.T) {
	t.Parallel()
	loaded, err := LoadDir("testdata/findings.yaml", fakes())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.golden", listFindings(loaded.Findings(&plan.Board{}, monday)))
}

func TestVerifiedContactsAreNoFinding(t *testing.T) {
	t.Parallel()
	loaded, err := LoadDir("testdata/findings.yaml", fakes())
	if err != nil {
		t.Fatal(err)
	}
	board := &plan.Board{Verified: map[string]string{"ana/email": loaded.Plan.UserContact("ana", "email").Address(), "bo/email": "another address"}}
	var about []string
	for _, f := range loaded.Findings(board, monday) {
		if f.Code == "no-verified-contact" {
			about = append(about, f.Path)
		}
	}
	if got := strings.Join(about, " "); got != "users.bo" {
		t.Errorf("want a finding about bo alone, whose address changed; have %q", got)
	}
	for _, f := range Findings(loaded.Plan, nil, monday) {
		if f.Code == "no-verified-contact" || f.Place.File != "" {
			t.Errorf("without a board and files: %v", f)
		}
	}
}

func TestTheSamplePlanHasNoFindings(t *testing.T) {
	t.Parallel()
	opts := fakes()
	opts.Vars = map[string]string{"SHOP_URL": "http://127.0.0.1:1", "ALERTMANAGER_KEY": "one", "PAGERDUTY_KEY": "two"}
	loaded, err := LoadDir("../drill/demoplan", opts)
	if err != nil {
		t.Fatal(err)
	}
	if found := loaded.Findings(&plan.Board{}, monday); len(found) > 0 {
		t.Errorf("the sample plan is not exemplary:\n%s", listFindings(found))
	}
}

// What is called unreachable must be so for every alert there can be.
func TestUnreachableIsProved(t *testing.T) {
	t.Parallel()
	reported := 0
	rapid.Check(t, func(t *rapid.T) {
		p := &plan.Plan{Route: plan.Route{Routes: genSiblings(t, 0)}}
		if err := p.Prepare(time.LoadLocation); err != nil {
			t.Fatal(err)
		}
		taken := map[string]bool{}
		values := []string{"", "x", "y", "xx", "z"}
		for _, a := range values {
			for _, b := range values {
				walkTaken(&p.Route, "route", signal.Labels{"a": a, "b": b}, taken)
			}
		}
		for _, f := range Findings(p, nil, monday) {
			if !strings.HasPrefix(f.Code, "route-") {
				continue
			}
			reported++
			if taken[f.Path] {
				t.Fatalf("%s is called unreachable and is taken: %s", f.Path, f.Text)
			}
		}
	})
	if reported == 0 {
		t.Error("nothing was ever reported: this test proves nothing")
	}
}

func genSiblings(t *rapid.T, depth int) []plan.Route {
	var out []plan.Route
	for range rapid.IntRange(0, 3).Draw(t, "siblings") {
		r := plan.Route{Continue: rapid.Bool().Draw(t, "continue")}
		for range rapid.IntRange(0, 3).Draw(t, "matchers") {
			op := rapid.SampledFrom([]signal.Op{signal.Equal, signal.NotEqual, signal.Match, signal.NotMatch}).Draw(t, "op")
			m, err := signal.NewMatcher(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "label"), op,
				rapid.SampledFrom([]string{"", "x", "y", "x|y", "x.*", ".*", ".+", "x|"}).Draw(t, "value"))
			if err != nil {
				t.Fatal(err)
			}
			r.Matchers = append(r.Matchers, m)
		}
		if depth < 2 {
			r.Routes = genSiblings(t, depth+1)
		}
		out = append(out, r)
	}
	return out
}

// walkTaken marks every route that the labels enter.
func walkTaken(r *plan.Route, path string, l signal.Labels, taken map[string]bool) bool {
	if !r.Matchers.Matches(l) {
		return false
	}
	taken[path] = true
	for i := range r.Routes {
		if walkTaken(&r.Routes[i], fmt.Sprintf("%s.routes[%d]", path, i), l, taken) && !r.Routes[i].Continue {
			break
		}
	}
	return true
}

func TestSourcesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	const sources = "integrations: {in: {type: pagerduty, key: env:X}}\nchecks: {look: {http: \"http://127.0.0.1:1\"}}\nheartbeats: {beat: {every: 1d}}\nservices: {shop: {}}\n"
	for name, c := range map[string]struct{ route, want string }{
		"no route":                   {"route: {}\n", "check-leads-nowhere heartbeat-leads-nowhere integration-leads-nowhere"},
		"the root gives a service":   {"route: {service: shop}\n", ""},
		"a route for another source": {"route: {routes: [{match: {integration: other}, service: shop}]}\n", "integration-leads-nowhere"},
		"a route for this source":    {"route: {routes: [{match: {integration: in}, service: shop}]}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loaded, err := Load(file(sources+c.route), fakes())
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, f := range loaded.Findings(nil, monday) {
				if strings.HasSuffix(f.Code, "-leads-nowhere") {
					codes = append(codes, f.Code)
				}
			}
			if got := strings.Join(codes, " "); got != c.want {
				t.Errorf("have %q, want %q", got, c.want)
			}
		})
	}
}
