package cli

import (
	"encoding/json"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/config"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/server"
)

// explainFolder answers from a plan folder, before anybody applies it. Nothing
// is known there of silences, overrides or verified contacts.
func explainFolder(dir string, vars map[string]string, b api.ExplainBody) (explain.Answer, error) {
	loaded, err := config.LoadDir(dir, server.ConfigOptions(server.Channels(), vars))
	if err != nil {
		return explain.Answer{}, err
	}
	if err := loaded.Plan.Prepare(time.LoadLocation); err != nil {
		return explain.Answer{}, err
	}
	q := explain.Question{Plan: loaded.Plan, At: b.At, Labels: b.Labels, Integration: b.Integration, Service: b.Service}
	if q.At.IsZero() {
		q.At = time.Now()
	}
	horizon, err := plan.ParseDuration(b.Horizon)
	if err != nil {
		return explain.Answer{}, fact.Refuse("invalid", "horizon", err.Error())
	}
	q.Horizon = horizon.Std()
	if b.Severity != "" {
		var ok bool
		if q.Severity, ok = signal.ParseSeverity(b.Severity); !ok {
			return explain.Answer{}, fact.Refuse("invalid", "severity", b.Severity+" is not critical, error, warning or info")
		}
	}
	if b.Integration != "" && q.Plan.Integration(b.Integration) == nil {
		return explain.Answer{}, fact.Refuse("invalid", "integration", "there is no integration "+b.Integration)
	}
	if b.Service != "" && q.Plan.Service(b.Service) == nil {
		return explain.Answer{}, fact.Refuse("invalid", "service", "there is no service "+b.Service)
	}
	return explain.Explain(q)
}

// printFolder shows an answer in the format that the flags ask for.
func (g *globals) printFolder(a explain.Answer) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return show(g, data, printExplanation)
}
