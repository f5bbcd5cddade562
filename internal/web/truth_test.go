package web_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tocsin/internal/config"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// replan changes the plan of a world.
func replan(t *testing.T, w *sample.World, edit func(*plan.Plan)) {
	t.Helper()
	p := *w.Plan()
	p.Policies = append([]plan.Policy{}, p.Policies...)
	edit(&p)
	if _, err := w.SavePlan(t.Context(), "ana", "a test", &p); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyIsPromisedAFallbackThatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit         func(*plan.Plan)
		want, refuse string
	}{
		"of the policy": {func(p *plan.Plan) { p.Fallback = nil }, "the fallback is told at 03:18 CEST", "nobody is left"},
		"of the plan":   {func(p *plan.Plan) { dropFallbacks(p) }, "the fallback is told at 03:18 CEST", "nobody is left"},
		"none":          {func(p *plan.Plan) { dropFallbacks(p); p.Fallback = nil }, "nobody is left to tell at 03:18 CEST: there is no fallback", "the fallback is told"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, id := burning(t)
			replan(t, w, func(p *plan.Plan) {
				c.edit(p)
				for i := range p.Policies {
					p.Policies[i].Repeat = 0
				}
			})
			w.Until(w.Now().Add(7 * time.Minute)) // the last step is told
			for _, path := range []string{"/", "/pages/" + id} {
				got := text(t, open(t, w, "ana", web.Viewer).get(path).Body)
				if low := strings.ToLower(got); !strings.Contains(low, strings.ToLower(c.want)) || strings.Contains(low, c.refuse) {
					t.Errorf("%s: want %q and not %q in\n%s", path, c.want, c.refuse, got)
				}
			}
		})
	}
}

func dropFallbacks(p *plan.Plan) {
	for i := range p.Policies {
		p.Policies[i].Fallback = nil
	}
}

func TestAServiceSaysWhenThereIsNoFallback(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	replan(t, w, func(p *plan.Plan) { dropFallbacks(p); p.Fallback = nil })
	has(t, text(t, open(t, w, "ana", web.Viewer).get("/services/checkout").Body), "nobody is left to tell: there is no fallback")
}

// Told is said only of those whom a message got to.
func TestWhoeverNoMessageGotToIsNotToldYet(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	ladder := func(user string) string {
		doc, err := goquery.NewDocumentFromReader(open(t, w, user, web.Viewer).get("/pages/" + id).Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(doc.Find(".ladder").Text()), " ")
	}
	if got := ladder("ana"); !strings.HasPrefix(got, "Told You Waiting") && !strings.HasPrefix(got, "ToldYou") {
		t.Errorf("delivered by phone: %q", got)
	}
	for _, contact := range []string{"push", "phone", "mail"} {
		w.Fail("bo/"+contact, "503 out of service")
	}
	w.Must(fact.User("dee", "web"), page.Stream(id), page.Escalate{})
	if got := ladder("ana"); !strings.Contains(got, "You; telling Bo, not delivered yet") {
		t.Errorf("Bo's messages fail: %q", got)
	}
}

// Whoever copies a sample out of an empty page must get a plan.
func TestSamplesOfEmptyPagesLoad(t *testing.T) {
	t.Parallel()
	b := open(t, sample.Fresh(), "ana", web.Admin)
	rest := "users:\n  ana: {name: Ana}\n  bo: {name: Bo}\n"
	found := map[string]string{}
	for _, path := range []string{"/", "/oncall", "/services", "/checks", "/integrations", "/silences", "/people", "/pages", "/alerts", "/incidents", "/plan"} {
		doc, err := goquery.NewDocumentFromReader(b.get(path).Body)
		if err != nil {
			t.Fatal(err)
		}
		doc.Find(".empty pre").Each(func(_ int, pre *goquery.Selection) {
			if section, _, ok := strings.Cut(pre.Text(), ":\n"); ok {
				found[section] = pre.Text()
			}
		})
	}
	for _, section := range []string{"schedules", "policies", "checks"} {
		if found[section] == "" {
			t.Errorf("no empty page shows %s; found %v", section, found)
		}
		rest += found[section] + "\n"
	}
	if len(found) != 3 {
		t.Errorf("samples that this test does not load: %v", found)
	}
	loaded, err := config.Load(fstest.MapFS{"plan.yaml": {Data: []byte(rest)}}, config.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, rest)
	}
	if err := loaded.Plan.Prepare(time.LoadLocation); err != nil {
		t.Fatal(err)
	}
}
