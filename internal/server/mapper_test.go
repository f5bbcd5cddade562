package server

import (
	"net/http"
	"strings"
	"testing"
)

// Both faces must show what the webhook itself would say, mistakes included.
func TestMappersPassOnSignalsAndMistakes(t *testing.T) {
	t.Parallel()
	good, bad := map[string]string{"summary": "event.name + headers['x-env']"}, map[string]string{"summary": "event.name +"}
	headers, body := http.Header{"X-Env": {"prod"}}, []byte(`{"name":"nightly "}`)
	if signals, errs := (webMapper{}).Preview(good, headers, body); len(errs) != 0 || len(signals) != 1 || signals[0].Summary != "nightly prod" {
		t.Errorf("pages: %+v, %v", signals, errs)
	}
	if signals, errs := (apiMapper{}).Preview(good, headers, body); len(errs) != 0 || len(signals) != 1 || signals[0].Summary != "nightly prod" {
		t.Errorf("API: %+v, %v", signals, errs)
	}
	if errs := (webMapper{}).Check(bad); len(errs) == 0 || errs[0].Field != "summary" || !strings.Contains(errs[0].Text, "line 1") {
		t.Errorf("pages: %v", errs)
	}
	if signals, errs := (apiMapper{}).Preview(bad, headers, body); len(signals) != 0 || len(errs) == 0 || errs[0].Field != "summary" || !strings.Contains(errs[0].Why, "line 1") {
		t.Errorf("API: %+v, %v", signals, errs)
	}
	if errs := (webMapper{}).Check(good); len(errs) != 0 {
		t.Errorf("a good mapping: %v", errs)
	}
}
