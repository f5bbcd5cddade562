package heartbeat_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tocsin/internal/intake"
	"tocsin/internal/intake/heartbeat"
	"tocsin/internal/intake/intaketest"
)

func door() *intaketest.Door {
	return &intaketest.Door{Heartbeats: map[string]bool{"nightly-backup": true}}
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, heartbeat.New(), door)
}

func ping(d *intaketest.Door, method, path, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	intaketest.Mux(heartbeat.New(), d).ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	return rec
}

func TestEveryAddressPings(t *testing.T) {
	t.Parallel()
	d := door()
	want := []string{}
	for _, c := range [][2]string{{"GET", "/heartbeat/nightly-backup"}, {"HEAD", "/heartbeat/nightly-backup"}, {"PUT", "/heartbeat/nightly-backup/"},
		{"GET", "/integrations/v1/webhook/nightly-backup/heartbeat/"}, {"POST", "/api/v2/heartbeat/nightly-backup"}, {"POST", "/compat/heartbeat/heartbeat/nightly-backup"}} {
		if rec := ping(d, c[0], c[1], strings.Repeat("log ", 1<<20)); rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %v", c[0], c[1], rec.Code, rec.Header())
		}
		want = append(want, "nightly-backup")
	}
	if !slices.Equal(d.Pings(), want) {
		t.Errorf("pings %v, want %v", d.Pings(), want)
	}
}

func TestAPingThatIsNotWrittenIsNoYes(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{intake.ErrBusy: 429, errors.New("disk full"): 500} {
		d := door()
		d.Err = err
		if rec := ping(d, "GET", "/heartbeat/nightly-backup", ""); rec.Code != status {
			t.Errorf("%v: %d, want %d", err, rec.Code, status)
		}
	}
}
