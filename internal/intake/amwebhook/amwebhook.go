// Package amwebhook takes Alertmanager's webhook, version 4 (and the receivers
// that send the same shape): one signal for each alert of the group. It
// decides nothing about who is told, and does not trust the group's own status
// where an alert has one.
package amwebhook

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// Name is the integration type.
const Name = "alertmanager-webhook"

// New is the format.
func New() intake.Format {
	return intake.Format{
		Name:   Name,
		Title:  "Alertmanager webhook",
		Routes: routes,
		Snippet: func(baseURL, key string) string {
			return fmt.Sprintf(`# alertmanager.yml
receivers:
  - name: tocsin
    webhook_configs:
      - url: %s/in/%s/alertmanager-webhook
        send_resolved: true
`, strings.TrimSuffix(baseURL, "/"), key)
		},
		Sample: func(baseURL, key string) (*http.Request, error) {
			return intake.NewSample(baseURL, "/in/"+key+"/alertmanager-webhook",
				`{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"TocsinTest","severity":"info"},"annotations":{"summary":"Test event sent from Tocsin"}}]}`)
		},
	}
}

func routes(d intake.Door) []intake.Route {
	road := intake.Receiver{Format: Name, Door: d, Busy: http.StatusServiceUnavailable, Parse: func(r intake.Request) ([]signal.Signal, []intake.FieldError) {
		group, errs := Parse(r.Body, r.Now)
		if group.Truncated != "" {
			d.Reject(r.Integration, Name, group.Truncated+" alerts were cut off by the sender's max_alerts")
		}
		return group.Signals(), errs
	}}
	return slices.Concat(
		intake.Both("POST /in/{key}/alertmanager-webhook", road.Handler(intake.Own())),
		intake.Both("POST /integrations/v1/alertmanager/{key}", road.Handler(intake.OnCall(Name, "alertmanager"))),
		intake.Both("POST /api/v2/prometheusalertmanager/incoming", road.Handler(intake.GoAlert())),
	)
}

// Group is one webhook call.
type Group struct {
	// Body is the call's own fields.
	Body *intake.Object
	// Truncated is the number of alerts that the sender left out, if any.
	Truncated string
	Alerts    []Alert
}

// Alert is one alert of the call: the fields as sent, and what they mean.
type Alert struct {
	Fields *intake.Object
	Signal signal.Signal
}

// Signals are the alerts' signals, in order.
func (g Group) Signals() []signal.Signal {
	out := make([]signal.Signal, len(g.Alerts))
	for i, a := range g.Alerts {
		out[i] = a.Signal
	}
	return out
}

// Parse reads a webhook call. Alerts that cannot be used are named in the
// errors and left out; the others are good.
func Parse(body []byte, now time.Time) (Group, []intake.FieldError) {
	o, bad := intake.ParseObject(body)
	if bad != nil {
		return Group{}, []intake.FieldError{{Why: bad.Why}}
	}
	g := Group{Body: o}
	if n := fmt.Sprint(o.Raw("truncatedAlerts")); o.Has("truncatedAlerts") && n != "0" {
		g.Truncated = n
	}
	if !o.Has("alerts") {
		o.Fail("alerts", "is missing")
	}
	status := o.Text("status")
	for _, a := range o.List("alerts") {
		before := len(o.Errors())
		s := read(a, status, now)
		if len(o.Errors()) > before {
			continue
		}
		intake.AddLink(&s, o.Text("externalURL"), "Alertmanager")
		g.Alerts = append(g.Alerts, Alert{Fields: a, Signal: s})
	}
	return g, o.Errors()
}

func read(a *intake.Object, groupStatus string, now time.Time) signal.Signal {
	s := signal.Signal{Labels: a.Texts("labels"), Annotations: a.Texts("annotations"), DedupKey: a.Text("fingerprint")}
	status := a.Text("status")
	if status == "" {
		status = groupStatus
	}
	start, end := readTime(a, "startsAt"), readTime(a, "endsAt")
	switch status {
	case "firing":
		s.Action = signal.Trigger
		// A webhook repeats only every few hours, so an end that a firing
		// alert happens to carry must not resolve it in between.
		end = time.Time{}
	case "resolved":
		s.Action = signal.Resolve
	default:
		a.Fail("status", fmt.Sprintf("must be firing or resolved, not %q", signal.Truncate(status, 40)))
	}
	if s.DedupKey == "" && len(s.Labels) == 0 {
		a.Fail("labels", "at least one label or a fingerprint is needed to tell alerts apart")
	}
	if s.DedupKey == "" {
		s.DedupKey = intake.Fingerprint(s.Labels)
	}
	intake.Describe(&s)
	intake.AddLink(&s, a.Text("generatorURL"), "Source")
	intake.SetTimes(&s, start, end, now)
	return s
}

func readTime(a *intake.Object, name string) time.Time {
	text := a.Text(name)
	at, err := intake.ParseTime(text)
	if err != nil {
		a.Fail(name, fmt.Sprintf("%q %s", signal.Truncate(text, 60), err))
	}
	return at
}
