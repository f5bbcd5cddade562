package browsertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/web/sample"
)

func waiting(t *testing.T, w *sample.World) string {
	t.Helper()
	pages, err := w.Pages(t.Context(), page.Filter{Status: page.Triggered})
	if err != nil || len(pages) == 0 {
		t.Fatalf("no page waits: %v", err)
	}
	return pages[0].ID
}

// paths are the main pages of a world, with names for their pictures.
func paths(id string) [][2]string {
	return [][2]string{
		{"now", "/"}, {"page", "/pages/" + id + "?whynot=bo"}, {"answer", "/a/" + id}, {"mine", "/me"}, {"alerts", "/alerts"}, {"incidents", "/incidents"}, {"incident", "/incidents/INC-2"}, {"declare", "/incidents/new"},
		{"oncall", "/oncall"}, {"schedule", "/schedules/platform"}, {"month", "/schedules/storefront-primary?view=month"}, {"services", "/services"}, {"service", "/services/checkout"},
		{"service-edit", "/services/checkout/edit"}, {"policy-edit", "/policies/storefront/edit"}, {"silences", "/silences"}, {"silence-new", "/silences/new?matchers=cluster%3D%22fra-1%22"}, {"maintenance-new", "/maintenance/new"}, {"checks", "/checks"}, {"check", "/checks/front-page"},
		{"integrations", "/integrations"}, {"integration", "/integrations/prometheus"}, {"integration-try", "/integrations/jobs"}, {"integration-new", "/integrations/new"}, {"people", "/people"}, {"person", "/people/ana"}, {"person-new", "/people/new"}, {"contact-new", "/people/ana/contacts/new"},
		{"plan", "/plan"}, {"plan-version", "/plan/versions/1"}, {"plan-edit", "/plan/edit"}, {"settings", "/settings"}, {"more", "/more"}, {"help", "/help"}, {"search", "/search?q=check"}, {"signin", "/signin"}, {"nowhere", "/nowhere/at/all"},
	}
}

func TestPagesOnADeskAndOnATelephoneInBothThemes(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	base := serve(t, w, "ana")
	x := newTab(t, launch(t), base)
	id := waiting(t, w)
	for _, s := range []struct {
		width, height int64
		theme         string
	}{{1280, 900, "light"}, {1280, 900, "dark"}, {390, 844, "light"}, {390, 844, "dark"}, {320, 640, "light"}} {
		x.screen(t, s.width, s.height, s.theme)
		for _, p := range paths(id) {
			where := fmt.Sprintf("%s at %d %s", p[0], s.width, s.theme)
			x.visit(t, base+p[1])
			if p[0] == "nowhere" {
				x.complaints() // the browser rightly says 404
			}
			x.look(t, where)
			if s.width > 320 {
				x.shot(t, fmt.Sprintf("%s-%d-%s", p[0], s.width, s.theme))
			}
		}
	}
}

// Nothing that comes from outside may widen the page or run.
func TestHostileDataOnATelephone(t *testing.T) {
	t.Parallel()
	w := sample.Nasty()
	base := serve(t, w, "ana")
	x := newTab(t, launch(t), base)
	x.screen(t, 320, 640, "light")
	for _, p := range paths(waiting(t, w)) {
		if p[0] == "nowhere" {
			continue
		}
		x.visit(t, base+p[1])
		x.look(t, "hostile "+p[0])
	}
}

// A page that is open learns of a commit by itself, and keeps its place.
func TestNowChangesWithoutAReload(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	base := serve(t, w, "bo")
	x := newTab(t, launch(t), base)
	x.screen(t, 1280, 900, "light")
	x.visit(t, base+"/")
	ask[bool](t, x, `window.here = true`)
	w.Must(fact.User("ana", "link"), page.Stream(waiting(t, w)), page.Acknowledge{})
	x.until(t, `!document.querySelector(".loud") && document.querySelector("h1").textContent.includes("Everything that called is answered")`)
	if !ask[bool](t, x, `window.here === true`) {
		t.Error("the page was loaded again instead of changed")
	}
	x.look(t, "after the news")
}

// Without a script a responder can still acknowledge.
func TestAcknowledgeWithoutScript(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	base := serve(t, w, "ana")
	id := waiting(t, w)
	x := newTab(t, launch(t), base)
	x.screen(t, 390, 844, "dark")
	tell(t, x.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	x.visit(t, base+"/")
	x.run(t, "press Acknowledge", chromedp.Click(chromedp.CSS(`form[action$="/acknowledge"] button`)), chromedp.WaitVisible(chromedp.CSS(".flash")))
	p, err := w.Page(context.Background(), id)
	if err != nil || p.Status != page.Acknowledged {
		t.Errorf("the page is %s, %v; the answer says %q", p.Status, err, flashText(t, x))
	}
	x.shot(t, "acknowledged-390-dark")
}

// The keys work: g and a letter goes there, / searches.
func TestKeys(t *testing.T) {
	t.Parallel()
	base := serve(t, sample.Calm(), "ana")
	x := newTab(t, launch(t), base)
	x.screen(t, 1280, 900, "light")
	x.visit(t, base+"/")
	x.run(t, "go to on-call by keys", chromedp.KeyEvent("g"), chromedp.KeyEvent("o"))
	x.run(t, "search by a key", chromedp.WaitVisible(chromedp.CSS(`.rail a[href="/oncall"][aria-current]`)), chromedp.KeyEvent("/"))
	focus := ask[string](t, x, `document.activeElement.id`)
	if focus != "q" {
		t.Errorf("/ leads to %q, want the search field", focus)
	}
}

func flashText(t *testing.T, x *tab) string {
	t.Helper()
	tell(t, x.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	return ask[string](t, x, `document.querySelector(".flash").textContent`)
}
