package amwebhook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/internal/core/plan"
	"tocsin/internal/intake"
	"tocsin/internal/intake/amwebhook"
	"tocsin/internal/intake/intaketest"
)

const key = "hook-key-1"

func door() *intaketest.Door {
	d := intaketest.NewDoor(key, amwebhook.Name)
	d.Keys["pd-key"] = &plan.Integration{ID: "shop-pd", Type: "pagerduty"}
	return d
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, amwebhook.New(), door)
}

func send(d *intaketest.Door, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	intaketest.Mux(amwebhook.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/in/"+key+"/alertmanager-webhook", strings.NewReader(body)))
	return rec
}

// Alertmanager sends again at once only after a 5xx.
func TestBusyMakesAlertmanagerSendAgain(t *testing.T) {
	t.Parallel()
	d := door()
	d.Err = intake.ErrBusy
	if rec := send(d, `{"status":"firing","alerts":[{"labels":{"a":"b"}}]}`); rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	d := door()
	if rec := send(d, `{"x":"`+strings.Repeat("x", 10<<20)+`"}`); rec.Code != 413 || len(d.Signals()) != 0 || len(d.Rejections()) != 1 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// The same alert by webhook and by API has one identity.
func TestFingerprintIsThatOfTheAPI(t *testing.T) {
	t.Parallel()
	d := door()
	send(d, `{"status":"firing","alerts":[{"labels":{"alertname":"CheckoutDown","instance":"web1:9090","severity":"critical"}}]}`)
	if got := d.Signals(); len(got) != 1 || got[0].DedupKey != "93425c1e88949634" {
		t.Errorf("signals %+v, want the fingerprint that Alertmanager sent for these labels", got)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add(`{"status":"firing","alerts":[{"labels":{"a":"b"}}]}`)
	f.Add(`{"alerts":[{"status":"resolved","fingerprint":"x","endsAt":"2026-08-22T10:00:00Z"},null,[]],"truncatedAlerts":{}}`)
	f.Add(`{"alerts":[{"labels":[],"annotations":7,"startsAt":true}]}`)
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
