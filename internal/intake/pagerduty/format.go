// Package pagerduty speaks PagerDuty's Events API v2: POST /v2/enqueue and
// POST /v2/change/enqueue, as its clients know them. It turns one event into
// one signal and never decides who is told.
//
// An unknown routing key is answered with 400, where PagerDuty says 202 and
// drops the event: saying yes to something that nobody will see is the one
// thing a pager must not do.
package pagerduty

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// Name is the integration type.
const Name = "pagerduty"

// maxEvent is the largest event: 512 KiB. Clients cut their events at 512,000
// bytes to stay below it.
const maxEvent = 512 << 10

// keyLength is how long PagerDuty's routing keys are.
const keyLength = 32

// New is the format.
func New() intake.Format {
	return intake.Format{
		Name:  Name,
		Title: "PagerDuty Events API v2",
		Routes: func(d intake.Door) []intake.Route {
			event := handler(d, eventKind{parseEvent, acceptedEvent})
			change := handler(d, eventKind{parseChange, acceptedChange})
			return []intake.Route{
				{Pattern: "POST /v2/enqueue", Handler: event},
				{Pattern: "POST /v2/enqueue/{$}", Handler: event},
				{Pattern: "POST /v2/change/enqueue", Handler: change},
				{Pattern: "POST /v2/change/enqueue/{$}", Handler: change},
			}
		},
		Snippet: snippet,
		Sample:  sample,
	}
}

// eventKind is what tells an alert event from a change event.
type eventKind struct {
	parse    func(o *intake.Object, now time.Time) signal.Signal
	accepted func(s signal.Signal) any
}

type acceptance struct {
	Status   string `json:"status"`
	Message  string `json:"message"`
	DedupKey string `json:"dedup_key,omitempty"`
}

type refusal struct {
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Errors  []string `json:"errors"`
}

func acceptedEvent(s signal.Signal) any {
	return acceptance{Status: "success", Message: "Event processed", DedupKey: s.DedupKey}
}

func acceptedChange(signal.Signal) any {
	return acceptance{Status: "success", Message: "Change event processed"}
}

func handler(d intake.Door, kind eventKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, bad := intake.ReadBody(w, r, maxEvent)
		if bad != nil {
			refuse(w, bad.Status, bad.Why)
			d.Reject(nil, Name, bad.Why)
			return
		}
		o, bad := intake.ParseObject(body)
		if bad != nil {
			refuse(w, bad.Status, bad.Why)
			d.Reject(nil, Name, bad.Why)
			return
		}
		in := integration(d, o)
		s := kind.parse(o, time.Now())
		if errs := o.Errors(); len(errs) > 0 {
			refuse(w, http.StatusBadRequest, sentences(errs)...)
			d.Reject(in, Name, intake.Join(errs))
			return
		}
		if err := d.Submit(r.Context(), in, []signal.Signal{s}); err != nil {
			failed(w, err)
			return
		}
		intake.WriteJSON(w, http.StatusAccepted, kind.accepted(s))
	}
}

// integration finds the owner of the routing key, or records why there is none.
func integration(d intake.Door, o *intake.Object) *plan.Integration {
	before := len(o.Errors())
	key := strings.TrimSpace(o.Text("routing_key"))
	if len(o.Errors()) > before {
		return nil
	}
	if key == "" {
		o.Fail("routing_key", blank)
		return nil
	}
	in, ok := d.Integration(key)
	switch {
	case ok:
		return in
	case len(key) != keyLength:
		o.Fail("routing_key", wrongLength)
	default:
		o.Fail("routing_key", "belongs to no integration of this server, so the event was not taken")
	}
	return nil
}

const (
	blank       = "is missing or blank"
	wrongLength = "has the wrong length"
)

// sentences are the errors in PagerDuty's wording: the field in single quotes.
func sentences(errs []intake.FieldError) []string {
	out := make([]string, len(errs))
	for i, e := range errs {
		if e.Why == wrongLength {
			out[i] = fmt.Sprintf("Length of '%s' is incorrect (should be %d characters)", e.Field, keyLength)
			continue
		}
		out[i] = fmt.Sprintf("'%s' %s", e.Field, e.Why)
	}
	return out
}

func refuse(w http.ResponseWriter, status int, errs ...string) {
	intake.WriteJSON(w, status, refusal{Status: "invalid event", Message: "Event object is invalid", Errors: errs})
}

func failed(w http.ResponseWriter, err error) {
	status, why := intake.SubmitStatus(w, err)
	if status == http.StatusTooManyRequests {
		intake.WriteJSON(w, status, refusal{
			Status:  "throttle exceeded",
			Message: "Requests for this service are arriving too quickly.  Please retry later.",
			Errors:  []string{"Enhance Your Calm."},
		})
		return
	}
	intake.WriteJSON(w, status, refusal{Status: "error", Message: "Internal Server Error", Errors: []string{why}})
}

func snippet(baseURL, key string) string {
	base := strings.TrimSuffix(baseURL, "/")
	return fmt.Sprintf(`# alertmanager.yml
receivers:
  - name: tocsin
    pagerduty_configs:
      - routing_key: %s
        url: %s/v2/enqueue
`, key, base)
}

func sample(baseURL, key string) (*http.Request, error) {
	body := intake.Compact(map[string]any{
		"routing_key": key, "event_action": "trigger", "dedup_key": "tocsin-test-event",
		"payload": map[string]any{"summary": "Test event sent from Tocsin", "source": "tocsin", "severity": "info"},
	})
	req, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(baseURL, "/")+"/v2/enqueue", strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("sample event for %s: %w", baseURL, err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}
