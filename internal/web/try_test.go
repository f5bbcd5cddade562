package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/PuerkitoBio/goquery"

	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/webhook"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// realMapper is the generic webhook itself.
type realMapper struct{}

func asWrongs(errs []intake.FieldError) (out []web.Wrong) {
	for _, e := range errs {
		out = append(out, web.Wrong{Field: e.Field, Text: e.Why})
	}
	return out
}

func (realMapper) Check(m map[string]string) []web.Wrong { return asWrongs(webhook.Check(m)) }

func (realMapper) Preview(m map[string]string, h http.Header, body []byte) ([]signal.Signal, []web.Wrong) {
	signals, errs := webhook.Preview(m, h, body)
	return signals, asWrongs(errs)
}

// folderPlans is plan tools of a plan that a folder owns.
type folderPlans struct{ web.PlanTools }

func (folderPlans) ManagedBy() string { return "the folder /etc/tocsin" }

func mapping(t *testing.T, w *sample.World, role web.Role, change ...func(*web.Config)) *browser {
	t.Helper()
	change = append(change, func(c *web.Config) { c.Mapper = realMapper{} })
	site, err := sample.Site(w, &sample.Auth{User: "ana", Role: role}, change...)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, site: site, jar: map[string]string{"tocsin": "sample"}}
}

func read(t *testing.T, rec *httptest.ResponseRecorder) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const tryPath = "/integrations/jobs/preview"

func TestTryingAPayloadShowsTheSignalAndWhoWouldBeTold(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := mapping(t, w, web.Viewer)
	page := read(t, b.get("/integrations/jobs"))
	if got := page.Find("#map-summary").AttrOr("value", ""); got != "event.job + ' failed'" {
		t.Errorf("the mapping of the plan is not in its field: %q", got)
	}
	before, _ := w.Tail(t.Context(), 0, 10_000)
	rec := b.post(tryPath, url.Values{"body": {`{"job":"nightly <b>","host":"db1","level":"critical"}`}, "headers": {"X-Env: prod\r\n"},
		"map-summary": {"event.job + ' failed'"}, "map-dedup_key": {"'job/' + event.job"}, "map-service": {"'checkout'"}, "map-labels": {`{"env": headers["x-env"]}`}})
	if rec.Code != http.StatusOK {
		t.Fatalf("answered %d", rec.Code)
	}
	got := text(t, rec.Body)
	has(t, got, "It would become 1 signal", "Triggers", "job/nightly <b>", "nightly <b> failed", "critical", "from db1", "env=prod", "Route", "checkout", "is told by", "integrations: jobs: mapping:")
	if after, _ := w.Tail(t.Context(), 0, 10_000); len(before) == 0 || len(after) != len(before) {
		t.Error("a preview left something in the journal")
	}
	if strings.Contains(got, "Save this mapping") {
		t.Error("a viewer is offered to save")
	}
	resolve := b.post(tryPath, url.Values{"body": {`{"job":"x","status":"ok"}`}, "map-dedup_key": {"event.job"}})
	has(t, text(t, resolve.Body), "Resolves", "It ends the alert with this key")
}

func TestMistakesStandBesideTheirField(t *testing.T) {
	t.Parallel()
	b := mapping(t, sample.Calm(), web.Admin)
	for _, c := range []struct{ field, value, body, place, want string }{
		{"map-summary", "event.job +", `{}`, "#map-summary-wrong", "line 1, column 12"},
		{"map-severity", "'loud'", `{"job":"x"}`, "#map-severity-wrong", "must yield critical"},
		{"map-action", "'explode'", `[{"job":"x"}]`, "#map-action-wrong", "events[0]: must yield trigger"},
		{"map-summary", "event.job", `{`, "#body-wrong", ""},
		{"headers", "no colon", `{}`, "#headers-wrong", "line 1 is not like Name: value"},
	} {
		rec := b.post(tryPath, url.Values{c.field: {c.value}, "body": {c.body}})
		doc := read(t, rec)
		if got := doc.Find(c.place).Text(); !strings.Contains(got, c.want) || got == "" {
			t.Errorf("%s = %q: beside the field stands %q, want %q", c.field, c.value, got, c.want)
		}
		if doc.Find(".wrongs a").Length() == 0 {
			t.Errorf("%s = %q: no summary leads to the field", c.field, c.value)
		}
	}
}

func TestATriedMappingCanBeSaved(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	form := url.Values{"do": {"save"}, "map-summary": {"'mapped ' + event.job"}, "map-each": {" "}}
	if code := mapping(t, w, web.Responder).post(tryPath, form).Code; code != http.StatusForbidden {
		t.Errorf("a responder saving: %d", code)
	}
	owned := func(c *web.Config) { c.Plans = folderPlans{c.Plans} }
	if strings.Contains(text(t, mapping(t, w, web.Admin, owned).get("/integrations/jobs").Body), "Save this mapping") {
		t.Error("what a folder owns is offered to be saved")
	}
	version := w.Plan().Version
	mapping(t, w, web.Admin, owned).post(tryPath, form)
	bad := mapping(t, w, web.Admin).post(tryPath, url.Values{"do": {"save"}, "map-summary": {"event."}})
	if bad.Code != http.StatusUnprocessableEntity || w.Plan().Version != version {
		t.Fatalf("a mapping that cannot be read: %d, plan v%d to v%d", bad.Code, version, w.Plan().Version)
	}
	has(t, mapping(t, w, web.Admin).follow(tryPath, form), "The mapping is saved")
	if m := w.Plan().Integration("jobs").Mapping; len(m) != 1 || m["summary"] != "'mapped ' + event.job" || w.Plan().Version != version+1 {
		t.Errorf("v%d holds %v", w.Plan().Version, m)
	}
}

func TestOnlyTheGenericWebhookIsTried(t *testing.T) {
	t.Parallel()
	b := mapping(t, sample.Calm(), web.Admin)
	if strings.Contains(text(t, b.get("/integrations/prometheus").Body), "Try a payload") {
		t.Error("Prometheus has no mapping to try")
	}
	if code := mapping(t, sample.Calm(), web.Admin, func(c *web.Config) {}).post("/integrations/prometheus/preview", nil).Code; code == http.StatusOK {
		t.Errorf("answered %d", code)
	}
}

// What is shown to be pasted into the plan must mean the same there.
func TestTheSnippetOfAMappingIsPlanYAML(t *testing.T) {
	t.Parallel()
	b := mapping(t, sample.Calm(), web.Viewer)
	want := map[string]string{"summary": `'it''s ' + "${HOME}: # {" + event.job`, "details": "{\n  'ü': \"\\n\"\n}", "severity": `"warning"`}
	form := url.Values{"body": {`{"job":"x"}`}}
	for k, v := range want {
		form.Set("map-"+k, strings.ReplaceAll(v, "\n", "\r\n"))
	}
	snippet := read(t, b.post(tryPath, form)).Find("#mapping").Text()
	loaded, err := config.Load(fstest.MapFS{"plan.yaml": {Data: []byte(strings.Replace(snippet, "    mapping:", "    type: webhook\n    key_hash: "+strings.Repeat("ab", 32)+"\n    mapping:", 1))}}, config.Options{})
	var problems config.Problems
	if errors.As(err, &problems) || err != nil {
		t.Fatalf("%v\n%s", err, snippet)
	}
	var in *plan.Integration
	if in = loaded.Plan.Integration("jobs"); in == nil {
		t.Fatal("no integration")
	}
	for k, v := range want {
		if in.Mapping[k] != v {
			t.Errorf("%s is %q in the plan, want %q", k, in.Mapping[k], v)
		}
	}
}
