package intake_test

import (
	"net/http"
	"strings"
	"testing"

	"tocsin/internal/intake"
	"tocsin/internal/intake/alertmanager"
	"tocsin/internal/intake/amwebhook"
	"tocsin/internal/intake/grafana"
	"tocsin/internal/intake/heartbeat"
	"tocsin/internal/intake/intaketest"
	"tocsin/internal/intake/pagerduty"
	"tocsin/internal/intake/webhook"
)

func formats() []intake.Format {
	return []intake.Format{pagerduty.New(), alertmanager.New(), amwebhook.New(), grafana.New(), heartbeat.New(), webhook.New()}
}

// All formats stand at their vendors' own paths on one listener, beside the
// pages' catch-all and the calls of the same vendors that other rooms answer.
// ServeMux panics on a pattern that collides.
func TestAllFormatsShareOneListener(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	none := func(http.ResponseWriter, *http.Request) {}
	for _, others := range []string{"GET /", "GET /api/v2/alerts", "GET /alertmanager/api/v2/alerts", "GET /api/v2/{rest...}", "POST /api/v2/silences",
		"POST /v2/alerts", "GET /v2/heartbeats/{name}/ping", "POST /integrations/generic/20131114/alert/{key}/{route}", "POST /api/v1/alerts", "GET /in/{key}"} {
		mux.HandleFunc(others, none)
	}
	seen := map[string]bool{}
	for _, f := range formats() {
		if f.Name == "" || f.Title == "" || seen[f.Name] {
			t.Errorf("format %q has no title, or its name twice", f.Name)
		}
		seen[f.Name] = true
		for _, r := range f.Routes(&intaketest.Door{}) {
			method, path, ok := strings.Cut(r.Pattern, " ")
			if !ok {
				t.Errorf("%s: pattern %q names no method, so it would collide with GET /", f.Name, r.Pattern)
			}
			mux.HandleFunc(r.Pattern, r.Handler)
			mux.HandleFunc(method+" /compat/"+f.Name+path, r.Handler)
		}
	}
}

// Every snippet carries the address and the key, and no double slash.
func TestSnippetsAreReadyToPaste(t *testing.T) {
	t.Parallel()
	for _, f := range formats() {
		got := f.Snippet("https://tocsin.example.com/", "KEY123")
		if !strings.Contains(got, "tocsin.example.com") || !strings.Contains(got, "KEY123") || strings.Contains(got, "com//") {
			t.Errorf("%s:\n%s", f.Name, got)
		}
		if _, err := f.Sample("https://tocsin.example.com/", "KEY123"); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if _, err := f.Sample("://", "KEY123"); err == nil {
			t.Errorf("%s: no error for a broken base URL", f.Name)
		}
	}
}
