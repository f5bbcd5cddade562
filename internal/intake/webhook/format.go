// Package webhook takes any JSON (or a form, or plain text) and makes signals
// of it: by a mapping in CEL, field by field, or by the names that such
// messages usually use. It decides nothing about who is told.
//
// An event whose action or identity cannot be worked out is refused by name.
// An error in any other field costs nobody a page: the field falls back to
// what is usual, and the signal says so.
package webhook

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// Name is the integration type.
const Name = "webhook"

// New is the format.
func New() intake.Format {
	return intake.Format{
		Name:   Name,
		Title:  "Webhook (any JSON, mapped with CEL)",
		Routes: routes,
		Snippet: func(baseURL, key string) string {
			return fmt.Sprintf(`curl -X POST %s/in/%s \
  -H 'Content-Type: application/json' \
  -d '{"summary": "Disk of db1 is full", "status": "firing", "severity": "critical", "source": "db1", "dedup_key": "db1-disk"}'
`, strings.TrimSuffix(baseURL, "/"), key)
		},
		Sample: func(baseURL, key string) (*http.Request, error) {
			return intake.NewSample(baseURL, "/in/"+key, `{"summary":"Test event sent from Tocsin","status":"firing","severity":"info","source":"tocsin","dedup_key":"tocsin-test-event"}`)
		},
	}
}

func routes(d intake.Door) []intake.Route {
	compiled := newCache()
	mapped := intake.Receiver{Format: Name, Door: d, Parse: func(r intake.Request) ([]signal.Signal, []intake.FieldError) {
		m, errs := compiled.get(r.Integration.Mapping)
		if len(errs) > 0 {
			return nil, errs
		}
		res := m.apply(message{headers: r.HTTP.Header, query: r.HTTP.URL.Query(), body: r.Body})
		if len(res.notes) > 0 {
			d.Reject(r.Integration, Name, "taken, with usual values in place of: "+intake.Join(res.notes))
		}
		return res.signals, res.errs
	}}
	goAlert := intake.Receiver{Format: Name, Door: d, Parse: func(r intake.Request) ([]signal.Signal, []intake.FieldError) {
		return parseGoAlert(message{headers: r.HTTP.Header, query: r.HTTP.URL.Query(), body: r.Body})
	}}
	return slices.Concat(
		intake.Both("POST /in/{key}", mapped.Handler(intake.Own())),
		intake.Both("PUT /in/{key}", mapped.Handler(intake.Own())),
		intake.Both("POST /integrations/v1/webhook/{key}", mapped.Handler(intake.OnCall(Name))),
		intake.Both("POST /integrations/v1/formatted_webhook/{key}", mapped.Handler(intake.OnCall(Name))),
		intake.Both("POST /api/v2/generic/incoming", goAlert.Handler(goAlertStyle())),
	)
}

// goAlertStyle answers 204, or a short JSON to those who ask for JSON.
func goAlertStyle() intake.Style {
	style := intake.GoAlert()
	style.Taken = func(w http.ResponseWriter, r *http.Request, signals []signal.Signal) {
		if r.Header.Get("Accept") != "application/json" || len(signals) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		// Alerts have no numbers here, and whether this one is new is decided
		// after the answer, so AlertID and IsNew are not claimed.
		intake.WriteJSON(w, http.StatusOK, map[string]string{"Summary": signals[0].Summary, "Dedup": signals[0].DedupKey})
	}
	return style
}

// Preview says what a request would yield, without sending it anywhere: the
// signals, and everything that is wrong with the mapping or the body. It
// touches nothing.
func Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []intake.FieldError) {
	m, errs := compile(mapping)
	if len(errs) > 0 {
		return nil, errs
	}
	res := m.apply(message{headers: headers, query: url.Values{}, body: body})
	for i := range res.signals {
		res.signals[i].Clean()
	}
	return res.signals, slices.Concat(res.errs, res.notes)
}

// Check compiles a mapping and says what is wrong with it, by field and
// position.
func Check(mapping map[string]string) []intake.FieldError {
	_, errs := compile(mapping)
	return errs
}
