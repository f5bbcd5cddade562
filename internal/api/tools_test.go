package api_test

import (
	"encoding/json"
	"errors"
	"testing/fstest"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/config"
	"tocsin/internal/core/plan"
)

// tools are the real plan reader and writer, as the roof ties them.
type tools struct{ managed string }

func (tools) Read(files map[string][]byte) api.ReadPlan {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	loaded, err := config.Load(fsys, config.Options{})
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		return api.ReadPlan{Problems: planProblems(problems)}
	case err != nil:
		return api.ReadPlan{Problems: []api.PlanProblem{{Severity: "error", Text: err.Error()}}}
	}
	return api.ReadPlan{Plan: loaded.Plan, Problems: planProblems(loaded.Warnings)}
}

func planProblems(list config.Problems) []api.PlanProblem {
	var out []api.PlanProblem
	for _, p := range list {
		out = append(out, api.PlanProblem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Severity: string(p.Severity), Text: p.Message})
	}
	return out
}

func (tools) Encode(p *plan.Plan) ([]byte, error) { return config.Encode(p) }

func (tools) Diff(before, after *plan.Plan) []api.PlanChange {
	var out []api.PlanChange
	for _, c := range config.Diff(before, after) {
		out = append(out, api.PlanChange{Kind: string(c.Kind), Path: c.Path, Sentence: c.Sentence})
	}
	return out
}

func (tools) Unified(before, after *plan.Plan) (string, error) {
	return config.UnifiedYAML(before, after)
}

func (tools) Findings(p *plan.Plan, b *plan.Board, at time.Time) []api.PlanProblem {
	var out []api.PlanProblem
	for _, f := range config.Findings(p, b, at) {
		out = append(out, api.PlanProblem{Path: f.Path, Code: f.Code, Severity: string(f.Severity), Text: f.Text})
	}
	return out
}

func (t tools) ManagedBy() string { return t.managed }

// secrets says what the webhook channel marks as secret.
type secrets struct{}

func (secrets) Secret(channel string) []string {
	if channel == "webhook" {
		return []string{"url", "secret", "headers"}
	}
	return nil
}

type formats struct{}

func (formats) Formats() []api.Format {
	return []api.Format{
		{Name: "alertmanager", Title: "Alertmanager API v2", Snippet: func(base, key string) string { return base + "/api/v2/alerts " + key }},
		{Name: "pagerduty", Title: "PagerDuty Events API v2", Snippet: func(base, key string) string { return base + "/v2/enqueue " + key }},
	}
}

type probes struct{}

func (probes) Recent(check string, limit int) []api.Probe {
	all := []api.Probe{{At: time.Unix(0, 0).UTC(), OK: true}, {At: time.Unix(60, 0).UTC(), Reason: "status 503 of " + check}}
	return all[max(0, len(all)-limit):]
}

func decode[T any](data []byte) (v T, err error) {
	err = json.Unmarshal(data, &v)
	return v, err
}
