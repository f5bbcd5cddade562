package pagerduty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	pd "github.com/PagerDuty/go-pagerduty"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/intaketest"
	"tocsin/internal/intake/pagerduty"
)

const key = "0123456789abcdef0123456789abcdef"

func door() *intaketest.Door { return intaketest.NewDoor(key, "pagerduty") }

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	intaketest.Golden(t, pagerduty.New(), door)
}

// client is PagerDuty's own Go client, pointed at us by changing one URL.
func client(t *testing.T, d intake.Door) *pd.Client {
	t.Helper()
	srv := httptest.NewServer(intaketest.Mux(pagerduty.New(), d))
	t.Cleanup(srv.Close)
	return pd.NewClient("", pd.WithV2EventsAPIEndpoint(srv.URL))
}

func TestGoPagerDutyLifecycle(t *testing.T) {
	t.Parallel()
	d := door()
	c := client(t, d)
	event := &pd.V2Event{
		RoutingKey: key, Action: "trigger", Client: "shop", ClientURL: "https://shop.example.com",
		Links:   []any{map[string]string{"href": "https://runbooks.example.com", "text": "runbook"}},
		Payload: &pd.V2Payload{Summary: "checkout is down", Source: "web1", Severity: "critical", Details: map[string]any{"zone": "eu-1", "n": 3}},
	}
	made, err := c.ManageEventWithContext(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	if made.DedupKey == "" || made.Status != "success" || made.Message != "Event processed" {
		t.Fatalf("answer %+v", made)
	}
	for _, action := range []string{"acknowledge", "resolve"} {
		if _, err := c.ManageEventWithContext(t.Context(), &pd.V2Event{RoutingKey: key, Action: action, DedupKey: made.DedupKey}); err != nil {
			t.Fatalf("%s: %v", action, err)
		}
	}
	got := d.Signals()
	if len(got) != 3 {
		t.Fatalf("have %d signals, want 3", len(got))
	}
	for i, want := range []signal.Action{signal.Trigger, signal.Acknowledge, signal.Resolve} {
		if got[i].Action != want || got[i].DedupKey != made.DedupKey {
			t.Errorf("signal %d is %s of %q, want %s of %q", i, got[i].Action, got[i].DedupKey, want, made.DedupKey)
		}
	}
	if got[0].Labels["zone"] != "eu-1" || got[0].Labels["n"] != "" || got[0].Details != `{"n":3,"zone":"eu-1"}` {
		t.Errorf("labels %v, details %s", got[0].Labels, got[0].Details)
	}
}

func TestGoPagerDutyChangeEvent(t *testing.T) {
	t.Parallel()
	d := door()
	answer, err := client(t, d).CreateChangeEventWithContext(t.Context(), pd.ChangeEvent{
		RoutingKey: key,
		Payload:    pd.ChangeEventPayload{Summary: "deployed v2", Source: "ci"},
		Links:      []pd.ChangeEventLink{{Href: "https://ci.example.com/1", Text: "build"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != "success" || answer.Message != "Change event processed" {
		t.Errorf("answer %+v", answer)
	}
	if got := d.Signals(); len(got) != 1 || got[0].Action != signal.Change || got[0].DedupKey == "" || len(got[0].Links) != 1 {
		t.Errorf("signals %+v", got)
	}
}

func TestGoPagerDutyReadsRefusals(t *testing.T) {
	t.Parallel()
	good := pd.V2Event{RoutingKey: key, Action: "resolve", DedupKey: "k"}
	for name, c := range map[string]struct {
		door   error
		event  pd.V2Event
		status int
		says   string
	}{
		"unknown key": {nil, pd.V2Event{RoutingKey: strings.Repeat("f", 32), Action: "resolve", DedupKey: "k"}, 400, "'routing_key' belongs to no integration"},
		"busy":        {intake.ErrBusy, good, 429, "Enhance Your Calm."},
		"disk full":   {errors.New("disk full"), good, 500, "send again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door()
			d.Err = c.door
			_, err := client(t, d).ManageEventWithContext(t.Context(), &c.event)
			var status pd.APIError
			if !errors.As(err, &status) || status.StatusCode != c.status {
				t.Fatalf("the client says %v, want status %d", err, c.status)
			}
			if status.RateLimited() != (c.status == 429) || status.Temporary() != (c.status != 400) {
				t.Errorf("the client takes %d for rate limited=%v temporary=%v", c.status, status.RateLimited(), status.Temporary())
			}
			event, err := json.Marshal(c.event)
			if err != nil {
				t.Fatal(err)
			}
			rec := httptest.NewRecorder()
			intaketest.Mux(pagerduty.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v2/enqueue", bytes.NewReader(event)))
			var refused pd.EventsAPIV2Error // what the client's other entry point decodes
			if err := json.Unmarshal(rec.Body.Bytes(), &refused); err != nil {
				t.Fatal(err)
			}
			if says := strings.Join(refused.APIError.ErrorObject.Errors, " "); !strings.Contains(says, c.says) {
				t.Errorf("the answer says %q, want %q", says, c.says)
			}
			if len(d.Signals()) != 0 {
				t.Error("a refused event went through the door")
			}
		})
	}
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	event := func(size int) string {
		head := `{"routing_key":"` + key + `","event_action":"trigger","payload":{"summary":"x","source":"y","severity":"info","custom_details":{"blob":"`
		tail := `"}}}`
		return head + strings.Repeat("a", size-len(head)-len(tail)) + tail
	}
	for size, want := range map[int]int{512 << 10: 202, 512<<10 + 1: 413, 10 << 20: 413} {
		d := door()
		rec := httptest.NewRecorder()
		intaketest.Mux(pagerduty.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v2/enqueue", strings.NewReader(event(size))))
		if rec.Code != want {
			t.Errorf("%d bytes: %d, want %d", size, rec.Code, want)
		}
		var shape struct{ Errors []string }
		if err := json.Unmarshal(rec.Body.Bytes(), &shape); err != nil || (want == 413) != (len(shape.Errors) == 1) {
			t.Errorf("%d bytes: answer %s", size, rec.Body)
		}
		if (len(d.Rejections()) == 1) != (want == 413) {
			t.Errorf("%d bytes: rejections %v", size, d.Rejections())
		}
	}
}

func TestBrokenUTF8IsTakenAndMended(t *testing.T) {
	t.Parallel()
	d := door()
	body := []byte(`{"routing_key":"` + key + `","event_action":"trigger","dedup_key":"k","payload":{"summary":"caf` + "\xff" + `","source":"a\u0000b","severity":"info"}}`)
	rec := httptest.NewRecorder()
	intaketest.Mux(pagerduty.New(), d).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v2/enqueue", bytes.NewReader(body)))
	if rec.Code != 202 || len(d.Signals()) != 1 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if s := d.Signals()[0]; s.Summary != "caf\uFFFD" || s.Source != "ab" {
		t.Errorf("summary %q, source %q", s.Summary, s.Source)
	}
}

func TestSampleIsAccepted(t *testing.T) {
	t.Parallel()
	d := door()
	srv := httptest.NewServer(intaketest.Mux(pagerduty.New(), d))
	defer srv.Close()
	req, err := pagerduty.New().Sample(srv.URL+"/", key)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 202 || len(d.Signals()) != 1 {
		t.Errorf("status %d, %d signals", resp.StatusCode, len(d.Signals()))
	}
}

// FuzzEnqueue: whatever comes in, the answer is in the vendor's shape, and 202
// if and only if one complete signal went through the door.
func FuzzEnqueue(f *testing.F) {
	f.Add([]byte(`{"routing_key":"` + key + `","event_action":"trigger","payload":{"summary":"x","source":"y","severity":"info"}}`))
	f.Add([]byte(`{"routing_key":"` + key + `","event_action":"resolve","dedup_key":"k","links":[{}],"images":[null]}`))
	f.Add([]byte(`{"routing_key":"` + key + `","event_action":"trigger","payload":[],"links":{}}`))
	f.Add([]byte(`{"routing_key":{}}`))
	f.Add([]byte("\xef\xbb\xbf[[[["))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/v2/enqueue", "/v2/change/enqueue"} {
			d := door()
			rec := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, bytes.NewReader(body))
			intaketest.Mux(pagerduty.New(), d).ServeHTTP(rec, req)
			if !json.Valid(rec.Body.Bytes()) {
				t.Fatalf("answer is not JSON: %q", rec.Body)
			}
			got := d.Signals()
			if (rec.Code == 202) != (len(got) == 1) {
				t.Fatalf("%d with %d signals", rec.Code, len(got))
			}
			for _, s := range got {
				// Door.Clean may empty a key or summary made of NULs only.
				if s.Action == "" || (s.DedupKey == "" && !bytes.Contains(body, []byte(`\u0000`))) {
					t.Fatalf("incomplete signal %+v", s)
				}
			}
		}
	})
}
