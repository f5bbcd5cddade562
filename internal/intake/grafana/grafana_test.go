package grafana_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/internal/intake"
	"tocsin/internal/intake/grafana"
	"tocsin/internal/intake/intaketest"
)

const key = "hook-key-1"

func door() *intaketest.Door { return intaketest.NewDoor(key, grafana.Name) }

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, grafana.New(), door)
}

func send(d *intaketest.Door, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	intaketest.Mux(grafana.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/in/"+key+"/grafana", strings.NewReader(body)))
	return rec
}

func TestDiskFullIsNoYes(t *testing.T) {
	t.Parallel()
	d := door()
	d.Err = errors.New("disk full")
	if rec := send(d, `{"status":"firing","alerts":[{"labels":{"a":"b"}}]}`); rec.Code != 500 || strings.Contains(rec.Body.String(), "disk full") {
		t.Errorf("%d %s; want 500 without the inner reason", rec.Code, rec.Body)
	}
}

func TestBusyMakesGrafanaSendAgain(t *testing.T) {
	t.Parallel()
	d := door()
	d.Err = intake.ErrBusy
	if rec := send(d, `{"status":"firing","alerts":[{"labels":{"a":"b"}}]}`); rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func FuzzContactPoint(f *testing.F) {
	f.Add(`{"status":"firing","alerts":[{"labels":{"a":"b"},"values":{"A":1e999},"dashboardURL":7}]}`)
	f.Add(`{"ruleId":1,"state":"ok","tags":{"a":"b"}}`)
	f.Add(`{"ruleName":"","state":"alerting"}`)
	f.Fuzz(func(t *testing.T, body string) {
		d := door()
		rec := send(d, body)
		if !json.Valid(rec.Body.Bytes()) || (rec.Code != 200 && rec.Code != 400) {
			t.Fatalf("%d %q", rec.Code, rec.Body)
		}
		for _, s := range d.Signals() {
			if s.Action == "" || (s.DedupKey == "" && !strings.Contains(body, `\u0000`)) {
				t.Fatalf("incomplete signal %+v", s)
			}
		}
	})
}
