package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/plan"
	"tocsin/internal/intake"
	"tocsin/internal/intake/intaketest"
	"tocsin/internal/intake/webhook"
)

const key = "hook-key-1"

// jobs maps a made-up job runner's report, one event a job.
func jobs() map[string]string {
	return map[string]string{
		"each":      `body.jobs`,
		"action":    `event.st == "FAIL" ? "trigger" : "resolve"`,
		"dedup_key": `"job/" + event.n`,
		"summary":   `"Job " + event.n + " on " + event.node + " in " + headers["x-env"]`,
		"severity":  `event.?sev.orValue("info") == 2 ? "error" : string(event.?sev.orValue("info"))`,
		"source":    `event.node`,
		"labels":    `{"job": event.n.upperAscii(), "env": headers["x-env"], "has_auth": "authorization" in headers}`,
		"links":     `event.urls.map(u, {"href": u, "text": "build"})`,
		"details":   `{"status": event.st}`,
	}
}

func door() *intaketest.Door {
	d := intaketest.NewDoor(key, webhook.Name)
	d.Keys["mapped"] = &plan.Integration{ID: "jobs", Type: webhook.Name, Mapping: jobs()}
	d.Keys["broken"] = &plan.Integration{ID: "broken", Type: webhook.Name, Mapping: map[string]string{"summary": "bod.title", "sumary": "1"}}
	return d
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, webhook.New(), door)
}

func TestPreviewIsWhatWouldBeSent(t *testing.T) {
	t.Parallel()
	headers := http.Header{"X-Env": {"prod"}}
	body := `{"jobs":[{"n":"backup","st":"FAIL","sev":2,"node":"db1","urls":["https://ci.example.com/1"]}]}`
	previewed, errs := webhook.Preview(jobs(), headers, []byte(body))
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	d := door()
	req := httptest.NewRequest(http.MethodPost, "/in/mapped", strings.NewReader(body))
	req.Header = headers
	intaketest.Mux(webhook.New(), d).ServeHTTP(httptest.NewRecorder(), req)
	have, _ := json.Marshal(previewed)
	sent, _ := json.Marshal(d.Signals())
	if string(have) != string(sent) || len(previewed) != 1 {
		t.Errorf("preview\n%s\nsent\n%s", have, sent)
	}
}

func TestErrorsNameFieldAndPosition(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mapping     map[string]string
		body, field string
		says        string
		signals     int
	}{
		"undeclared name":      {map[string]string{"summary": "body.a +\n bod.title"}, `{}`, "summary", "line 2, column 2: undeclared reference to 'bod'", 0},
		"syntax":               {map[string]string{"action": "body."}, `{}`, "action", "line 1, column", 0},
		"unknown field":        {map[string]string{"title": "1"}, `{}`, "title", "no such field", 0},
		"missing key, summary": {map[string]string{"summary": "body.title"}, `{"message":"usual"}`, "summary", "no such key: title", 1},
		"missing key, action":  {map[string]string{"action": "body.st"}, `{}`, "action", "no such key: st", 0},
		"unknown action":       {map[string]string{"action": `"explode"`}, `{}`, "action", `not "explode"`, 0},
		"identity is a list":   {map[string]string{"dedup_key": `[1]`}, `{}`, "dedup_key", "must yield text, not a list", 0},
		"each is no list":      {map[string]string{"each": `body`}, `{}`, "each", "must yield a list, not an object", 0},
		"labels are no map":    {map[string]string{"labels": `3`}, `{}`, "labels", "must yield a map, not a number", 1},
		"not JSON":             {nil, `{"a`, "", "ends too early", 0},
		"too long":             {map[string]string{"summary": `"` + strings.Repeat("x", 9<<10) + `"`}, `{}`, "summary", "longer than", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signals, errs := webhook.Preview(c.mapping, nil, []byte(c.body))
			if len(errs) == 0 || errs[0].Field != c.field || !strings.Contains(errs[0].Why, c.says) {
				t.Errorf("errors %v, want %s: %s", errs, c.field, c.says)
			}
			if len(signals) != c.signals {
				t.Errorf("%d signals, want %d: %+v", len(signals), c.signals, signals)
			}
			if c.signals == 1 && len(signals) == 1 && !strings.Contains(signals[0].Annotations[webhook.MappingNote], c.says) {
				t.Errorf("the signal does not say what went wrong: %v", signals[0].Annotations)
			}
		})
	}
}

func TestCostIsLimited(t *testing.T) {
	t.Parallel()
	long := `{"l":[` + strings.TrimSuffix(strings.Repeat("1,", 2000), ",") + `],"s":"` + strings.Repeat("a", 100_000) + `"}`
	for name, expression := range map[string]string{
		"nested loops":     `string(body.l.map(x, body.l.map(y, body.l.map(z, x + y + z))).size())`,
		"a long text":      `body.l.exists(x, body.s.lowerAscii() == "b") ? "a" : "b"`,
		"a growing text":   `body.s.replace("a", body.s)`,
		"a doubling chain": `body.l.map(x, body.s + body.s + body.s)[0]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signals, errs := webhook.Preview(map[string]string{"summary": expression}, nil, []byte(long))
			if len(errs) != 1 || (!strings.Contains(errs[0].Why, "cost limit") && !strings.Contains(errs[0].Why, "the limit is")) {
				t.Errorf("errors %v", errs)
			}
			if len(signals) != 1 {
				t.Error("an expression that costs too much must not cost the page")
			}
		})
	}
}

func TestCheckAcceptsWhatPreviewRuns(t *testing.T) {
	t.Parallel()
	if errs := webhook.Check(jobs()); len(errs) != 0 {
		t.Error(errs)
	}
	if errs := webhook.Check(map[string]string{"summary": "(", "severity": "nope"}); len(errs) < 2 {
		t.Errorf("want an error for each field, have %v", errs)
	}
}

// The example in the documentation must do what the page says.
func TestDocumentedMappingWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/integrations/webhook.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\nmapping:")
	example, _, _ := strings.Cut(rest, "```")
	var doc struct{ Mapping map[string]string }
	if err := yaml.Unmarshal([]byte("mapping:"+example), &doc); err != nil {
		t.Fatal(err)
	}
	body := `{"jobs":[{"name":"backup","node":"db1","state":"FAIL","url":"https://ci.example.com/1"},{"name":"report","node":"db2","state":"DONE","level":"error","url":""}]}`
	signals, errs := webhook.Preview(doc.Mapping, http.Header{"X-Env": {"prod"}}, []byte(body))
	if len(errs) != 0 || len(signals) != 2 {
		t.Fatalf("%d signals, errors %v", len(signals), errs)
	}
	if s := signals[0]; s.Action != "trigger" || s.DedupKey != "job/backup" || s.Severity != "warning" || s.Labels["env"] != "prod" || len(s.Links) != 1 {
		t.Errorf("first event %+v", s)
	}
	if s := signals[1]; s.Action != "resolve" || s.Severity != "error" {
		t.Errorf("second event %+v", s)
	}
}

func TestTooManyEvents(t *testing.T) {
	t.Parallel()
	_, errs := webhook.Preview(nil, nil, []byte("["+strings.Repeat("1,", 1000)+"1]"))
	if len(errs) != 1 || !strings.Contains(errs[0].Why, "more than 1000 events") {
		t.Error(errs)
	}
}

func TestBusyIsNoYes(t *testing.T) {
	t.Parallel()
	d := door()
	d.Err = intake.ErrBusy
	rec := httptest.NewRecorder()
	intaketest.Mux(webhook.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/in/"+key, strings.NewReader(`{"summary":"x"}`)))
	if rec.Code != 429 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// FuzzPreview: no mapping and no body may break it, and what it yields is
// whole.
func FuzzPreview(f *testing.F) {
	f.Add(`body.title`, `{"title":"x"}`)
	f.Add(`event.a.map(x, x.b)[0]`, `[{"a":[{"b":1e400}]}]`)
	f.Add(`body.?x.orValue({1: [null, duration("1s"), timestamp("2026-08-22T10:00:00Z"), b"x", optional.none()]})`, `{}`)
	f.Add(`"a".split("").replace`, `{"tags":[["a"]],"labels":{"":null}}`)
	f.Fuzz(func(t *testing.T, expression, body string) {
		for _, field := range []string{"each", "action", "dedup_key", "summary", "labels", "links", "details"} {
			signals, errs := webhook.Preview(map[string]string{field: expression}, nil, []byte(body))
			for _, s := range signals {
				if s.Action == "" || (s.DedupKey == "" && !strings.Contains(body+expression, `\`) && !strings.Contains(expression, "\x00")) {
					t.Fatalf("%s: incomplete signal %+v", field, s)
				}
				if s.Details != "" && !json.Valid([]byte(s.Details)) {
					t.Fatalf("%s: details are not JSON: %q", field, s.Details)
				}
			}
			if len(signals) == 0 && len(errs) == 0 && field != "each" && body != "" && !strings.Contains(body, "[") {
				t.Fatalf("%s: neither a signal nor an error for %q", field, body)
			}
		}
	})
}
