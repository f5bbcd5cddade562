// Package grafana takes Grafana Alerting's webhook contact point: Alertmanager's
// shape with links to dashboard, panel, silence and picture, and the values
// that were measured. The one-rule shape of Grafana's old alerting is read too.
// It decides nothing about who is told.
package grafana

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/amwebhook"
)

// Name is the integration type.
const Name = "grafana"

// New is the format.
func New() intake.Format {
	return intake.Format{
		Name:   Name,
		Title:  "Grafana contact point",
		Routes: routes,
		Snippet: func(baseURL, key string) string {
			return fmt.Sprintf(`# provisioning/alerting/tocsin.yaml
apiVersion: 1
contactPoints:
  - orgId: 1
    name: tocsin
    receivers:
      - uid: tocsin
        type: webhook
        settings:
          url: %s/in/%s/grafana
          httpMethod: POST
`, strings.TrimSuffix(baseURL, "/"), key)
		},
		Sample: func(baseURL, key string) (*http.Request, error) {
			return intake.NewSample(baseURL, "/in/"+key+"/grafana",
				`{"version":"1","status":"firing","orgId":1,"title":"Test event","state":"alerting","alerts":[{"status":"firing","labels":{"alertname":"TocsinTest","severity":"info"},"annotations":{"summary":"Test event sent from Tocsin"}}]}`)
		},
	}
}

func routes(d intake.Door) []intake.Route {
	road := intake.Receiver{Format: Name, Door: d, Busy: http.StatusServiceUnavailable, Parse: func(r intake.Request) ([]signal.Signal, []intake.FieldError) {
		signals, truncated, errs := parse(r.Body, r.Now)
		if truncated != "" {
			d.Reject(r.Integration, Name, truncated+" alerts were cut off by the contact point's limit")
		}
		return signals, errs
	}}
	return slices.Concat(
		intake.Both("POST /in/{key}/grafana", road.Handler(intake.Own())),
		intake.Both("PUT /in/{key}/grafana", road.Handler(intake.Own())), // the contact point can be told to PUT
		intake.Both("POST /integrations/v1/grafana/{key}", road.Handler(intake.OnCall(Name))),
		intake.Both("POST /integrations/v1/grafana_alerting/{key}", road.Handler(intake.OnCall(Name))),
		intake.Both("POST /api/v2/grafana/incoming", road.Handler(intake.GoAlert())),
	)
}

func parse(body []byte, now time.Time) (signals []signal.Signal, truncated string, errs []intake.FieldError) {
	o, bad := intake.ParseObject(body)
	if bad != nil {
		return nil, "", []intake.FieldError{{Why: bad.Why}}
	}
	if !o.Has("alerts") && (o.Has("ruleName") || o.Has("ruleId")) {
		s := readOldRule(o, now)
		if errs := o.Errors(); len(errs) > 0 {
			return nil, "", errs
		}
		return []signal.Signal{s}, "", nil
	}
	group, errs := amwebhook.Parse(body, now)
	for _, a := range group.Alerts {
		s := a.Signal
		for i := range s.Links {
			if s.Links[i].Text == "Alertmanager" {
				s.Links[i].Text = "Grafana"
			}
		}
		for _, link := range [][2]string{{"dashboardURL", "Dashboard"}, {"panelURL", "Panel"}, {"silenceURL", "Silence in Grafana"}, {"imageURL", "Image"}} {
			if href, ok := a.Fields.Raw(link[0]).(string); ok {
				intake.AddLink(&s, href, link[1])
			}
		}
		if text, ok := a.Fields.Raw("valueString").(string); ok {
			intake.Annotate(&s, "value", strings.TrimSpace(text))
		}
		s.Details = intake.Compact(a.Fields.Raw("values"))
		signals = append(signals, s)
	}
	return signals, group.Truncated, errs
}

// readOldRule reads the shape of Grafana's alerting before version 9.
func readOldRule(o *intake.Object, now time.Time) signal.Signal {
	s := signal.Signal{Action: signal.Trigger, Labels: o.Texts("tags")}
	switch state := o.Text("state"); state {
	case "ok", "paused":
		s.Action = signal.Resolve
	case "alerting", "no_data", "pending", "unknown":
	default:
		o.Fail("state", fmt.Sprintf("must be alerting, no_data or ok, not %q", signal.Truncate(state, 40)))
	}
	name := o.Text("ruleName")
	s.DedupKey = name
	if o.Has("ruleId") {
		s.DedupKey = fmt.Sprintf("rule %v", o.Raw("ruleId"))
	}
	if s.DedupKey == "" {
		o.Fail("ruleName", "is needed where there is no ruleId")
	}
	if name != "" && s.Labels["alertname"] == "" {
		s.Labels["alertname"] = name
	}
	intake.Describe(&s)
	if title := o.Text("title"); title != "" {
		s.Summary = title
	}
	intake.Annotate(&s, "message", o.Text("message"))
	intake.AddLink(&s, o.Text("ruleUrl"), "Rule")
	intake.AddLink(&s, o.Text("imageUrl"), "Image")
	s.Details = intake.Compact(o.Raw("evalMatches"))
	intake.SetTimes(&s, time.Time{}, time.Time{}, now)
	return s
}
