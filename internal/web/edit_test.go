package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"tocsin/internal/core/plan"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// formOf is what a browser would send of a page's form, untouched.
func formOf(t *testing.T, b *browser, path string) url.Values {
	t.Helper()
	out := url.Values{}
	doc := read(t, b.get(path))
	form := doc.Find(`form[action="` + path + `"]`)
	for _, in := range form.Find("input, textarea").EachIter() {
		out.Set(in.AttrOr("name", ""), in.AttrOr("value", in.Text()))
	}
	for _, in := range form.Find("select").EachIter() {
		out.Set(in.AttrOr("name", ""), in.Find("option[selected]").AttrOr("value", ""))
	}
	if len(out) == 0 {
		t.Fatalf("%s has no form", path)
	}
	return out
}

func TestAFormSentUntouchedChangesNothing(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := open(t, w, "ana", web.Admin)
	before, _ := sample.Rooms{}.Encode(w.Plan())
	version := w.Plan().Version
	for _, path := range []string{"/services/checkout/edit", "/policies/storefront/edit"} {
		has(t, b.follow(path, formOf(t, b, path)), "It is in force")
	}
	after, _ := sample.Rooms{}.Encode(w.Plan())
	drop := func(s string, v int64) string {
		return strings.Replace(s, `"version": `+strconv.FormatInt(v, 10), "", 1)
	}
	if w.Plan().Version != version+2 || drop(after, version+2) != drop(before, version) {
		t.Errorf("v%d became v%d:\n%s\n%s", version, w.Plan().Version, before, after)
	}
}

func TestAServiceAndItsPolicyAreChangedByForms(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := open(t, w, "ana", web.Admin)
	form := formOf(t, b, "/services/checkout/edit")
	form.Set("name", "Checkout 2")
	form.Set("policy", "platform")
	form.Set("urgency", "high")
	form.Set("runbook", "https://runbooks.example.com/checkout")
	has(t, b.follow("/services/checkout/edit", form), "Checkout 2", "urgency high", "platform")
	s := w.Plan().Service("checkout")
	if s.Policy != "platform" || s.Urgency != plan.High || s.Runbook != "https://runbooks.example.com/checkout" {
		t.Errorf("the plan holds %+v", s)
	}
	form = formOf(t, b, "/policies/storefront/edit")
	form.Set("notify-2", "")
	form.Set("after-3", "7m")
	form.Set("after-4", "1h")
	form.Set("notify-4", "user/chen, team/storefront,user/chen")
	form.Set("fallback", "")
	b.follow("/policies/storefront/edit", form)
	p := w.Plan().Policy("storefront")
	if len(p.Steps) != 3 || p.Steps[1].After.String() != "7m" || p.Steps[2].After.String() != "1h" || len(p.Steps[2].Targets) != 2 || len(p.Fallback) != 0 {
		t.Errorf("the plan holds %+v", p)
	}
}

func TestMistakesInAFormStandBesideTheirField(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := open(t, w, "ana", web.Admin)
	version := w.Plan().Version
	for _, c := range [][4]string{
		{"/services/checkout/edit", "runbook", "javascript:alert(1)", "an address begins with https://"},
		{"/services/checkout/edit", "policy", "zzz", `there is no policy "zzz"`},
		{"/services/checkout/edit", "urgency", "loud", `there is no urgency "loud"`},
		{"/policies/storefront/edit", "notify-1", "", "the first step must tell somebody"},
		{"/policies/storefront/edit", "notify-2", "user/zzz", `there is no "user/zzz"`},
		{"/policies/storefront/edit", "after-2", "soon", "is not a duration"},
		{"/policies/storefront/edit", "after-2", "", "say how long the step before is given"},
		{"/policies/storefront/edit", "repeat", "-1", "a number, 0 or more"},
		{"/policies/storefront/edit", "fallback", "chen", `there is no "chen"`},
	} {
		form := formOf(t, b, c[0])
		form.Set(c[1], c[2])
		rec := b.post(c[0], form)
		if got := strings.ToLower(read(t, rec).Find("#" + c[1] + "-wrong").Text()); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(got, strings.ToLower(c[3])) {
			t.Errorf("%s %s=%q: %d, beside the field stands %q", c[0], c[1], c[2], rec.Code, got)
		}
	}
	late := formOf(t, b, "/services/checkout/edit")
	late.Set("base", "1000")
	if rec := b.post("/services/checkout/edit", late); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(text(t, rec.Body), "Somebody saved v") {
		t.Errorf("over an older plan: %d", rec.Code)
	}
	if w.Plan().Version != version {
		t.Errorf("v%d became v%d", version, w.Plan().Version)
	}
}

func TestFormsAreReadOnlyWhereAFolderOwnsThePlan(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	version := w.Plan().Version
	b := mapping(t, w, web.Admin, func(c *web.Config) { c.Plans = folderPlans{c.Plans} })
	for _, path := range []string{"/services/checkout/edit", "/policies/storefront/edit"} {
		doc := read(t, b.get(path))
		if doc.Find("fieldset[disabled] input").Length() == 0 || doc.Find("main form button").Length() != 0 || !strings.Contains(doc.Find("main").Text(), "the folder /etc/tocsin") {
			t.Errorf("%s can be edited", path)
		}
		if code := b.post(path, formOf(t, b, path)).Code; code != http.StatusForbidden {
			t.Errorf("POST %s: %d", path, code)
		}
		if code := open(t, w, "bo", web.Responder).get(path).Code; code != http.StatusForbidden {
			t.Errorf("a responder gets %s: %d", path, code)
		}
	}
	if w.Plan().Version != version {
		t.Error("the plan was changed")
	}
}
