package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/signal"
)

// ExplainBody describes an alert that might come in.
type ExplainBody struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Severity    string            `json:"severity,omitempty" doc:"critical, error, warning, info, or a source's own word."`
	Integration string            `json:"integration,omitempty"`
	Service     string            `json:"service,omitempty" doc:"One that the sender itself names."`
	At          time.Time         `json:"at,omitzero" doc:"Absent: now."`
	Horizon     string            `json:"horizon,omitempty" doc:"How far to look ahead, at most 7d." default:"1h"`
}

func (a *API) explain() {
	add(a, spec{id: "explain-alert", method: http.MethodPost, path: "/explain", tag: "Explain", role: auth.Viewer,
		summary: "What would become of an alert: which route, who is told, how, when and why, if nobody answers", about: "Nothing is changed and nobody is told."},
		func(_ context.Context, q asked[Posted[ExplainBody]]) (*Out[explain.Answer], error) {
			b := q.in.Body
			question := explain.Question{Plan: a.opts.Door.Plan(), Board: a.opts.Door.Board(), At: a.at(b.At), Labels: b.Labels, Integration: b.Integration, Service: b.Service}
			var err error
			if question.Horizon, err = horizonOf(b.Horizon); err != nil {
				return nil, err
			}
			if b.Severity != "" {
				severity, ok := signal.ParseSeverity(b.Severity)
				if !ok {
					return nil, invalid("severity", "%q is not critical, error, warning or info", b.Severity)
				}
				question.Severity = severity
			}
			if b.Integration != "" && question.Plan.Integration(b.Integration) == nil {
				return nil, invalid("integration", "there is no integration %q", b.Integration)
			}
			if b.Service != "" && question.Plan.Service(b.Service) == nil {
				return nil, invalid("service", "there is no service %q", b.Service)
			}
			out, err := explain.Explain(question)
			if err != nil {
				return nil, err
			}
			return answer(out)
		})
}
