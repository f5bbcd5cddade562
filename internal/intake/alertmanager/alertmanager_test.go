package alertmanager_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/internal/intake"
	"tocsin/internal/intake/alertmanager"
	"tocsin/internal/intake/intaketest"
)

const key = "am-key-1"

func door() *intaketest.Door { return intaketest.NewDoor(key, "alertmanager") }

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, alertmanager.New(), door)
}

func send(d *intaketest.Door, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/api/v2/alerts", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	rec := httptest.NewRecorder()
	intaketest.Mux(alertmanager.New(), d).ServeHTTP(rec, req)
	return rec
}

func TestNoYesBeforeTheDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
	}{{intake.ErrBusy, 429}, {fmt.Errorf("submit: %w", intake.ErrBusy), 429}, {errors.New("disk full"), 500}} {
		d := door()
		d.Err = c.err
		// A bad alert in the batch must not hide that the good one was not taken.
		rec := send(d, `[{"labels":{"alertname":"x"}},{"labels":{}}]`)
		var text string
		if err := json.Unmarshal(rec.Body.Bytes(), &text); err != nil || rec.Code != c.status {
			t.Errorf("%v: answer %d %s, want %d and a JSON string", c.err, rec.Code, rec.Body, c.status)
		}
		if (rec.Header().Get("Retry-After") != "") != (c.status == 429) {
			t.Errorf("%v: Retry-After %q", c.err, rec.Header().Get("Retry-After"))
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	d := door()
	rec := send(d, `[{"labels":{"a":"`+strings.Repeat("x", 10<<20)+`"}}]`)
	if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), `"code":413`) || len(d.Signals()) != 0 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestFullPrometheusBatch(t *testing.T) {
	t.Parallel()
	d := door()
	var b strings.Builder
	for i := range 256 {
		fmt.Fprintf(&b, `,{"labels":{"alertname":"x","instance":"web%d"},"annotations":{"summary":%q}}`, i, strings.Repeat("long ", 150))
	}
	if rec := send(d, "["+b.String()[1:]+"]"); rec.Code != 200 || rec.Body.Len() != 0 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	keys := map[string]bool{}
	for _, s := range d.Signals() {
		keys[s.DedupKey] = true
	}
	if len(keys) != 256 {
		t.Errorf("have %d keys, want 256", len(keys))
	}
}

func TestSnippetNamesHostKeyAndPrefix(t *testing.T) {
	t.Parallel()
	got := alertmanager.New().Snippet("https://tocsin.example.com/ops/", key)
	for _, want := range []string{"scheme: https", "path_prefix: /ops", "credentials: " + key, `["tocsin.example.com"]`} {
		if !strings.Contains(got, want) {
			t.Errorf("snippet lacks %q:\n%s", want, got)
		}
	}
}

func TestSampleIsAccepted(t *testing.T) {
	t.Parallel()
	d := door()
	srv := httptest.NewServer(intaketest.Mux(alertmanager.New(), d))
	defer srv.Close()
	req, err := alertmanager.New().Sample(srv.URL, key)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || len(d.Signals()) != 1 {
		t.Errorf("status %d, %d signals", resp.StatusCode, len(d.Signals()))
	}
}

// FuzzAlerts: 200 without a body if all were taken, else JSON; schema errors
// take nothing.
func FuzzAlerts(f *testing.F) {
	for _, seed := range []string{`[{"labels":{"alertname":"x"}}]`, `[{"labels":{"a":""}},{"labels":{"b":"c"},"endsAt":"2020-01-01T00:00:00Z"}]`,
		`[null,{}]`, `null`, `[{"labels":{"a":1}}]`, `[{"labels":{"\u0000":"x"},"startsAt":"1e9"}]`, "[{\"labels\":{\"a\":\"\xff\"},\"startsAt\":\"1787392770\"}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := door()
		rec := send(d, string(body))
		switch rec.Code {
		case 200:
			if rec.Body.Len() != 0 {
				t.Fatalf("200 with a body: %q", rec.Body)
			}
		case 400, 422:
			if !json.Valid(rec.Body.Bytes()) {
				t.Fatalf("answer is not JSON: %q", rec.Body)
			}
			if bytes.HasPrefix(rec.Body.Bytes(), []byte("{")) && len(d.Signals()) != 0 {
				t.Fatalf("a schema error took %d signals", len(d.Signals()))
			}
		default:
			t.Fatalf("answer %d", rec.Code)
		}
		for _, s := range d.Signals() {
			if len(s.DedupKey) != 16 || s.Action == "" {
				t.Fatalf("incomplete signal %+v", s)
			}
		}
	})
}
