package api_test

import (
	"encoding/json"
	"errors"
	"testing/fstest"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
	"tocsin/internal/notify/inapp"
	"tocsin/internal/notify/webhook"
)

// tools are the real plan reader and writer, as the roof ties them.
type tools struct{ managed string }

func (tools) Read(files map[string][]byte) api.ReadPlan {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	loaded, err := config.Load(fsys, config.Options{Channels: ways{registry}})
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

// registry holds the real channels of the sample plan, as far as settings go.
var registry = notify.Registry{"webhook": webhook.New(notify.Deps{}), "inapp": inapp.New()}

// ways is the registry in config's words and in the API's.
type ways struct{ notify.Registry }

func (w ways) Fields(channel string) (secret []string, known bool) {
	_, known = w.Registry[channel]
	return w.Secret(channel), known
}

func (w ways) Secret(channel string) []string {
	var out []string
	if c, ok := w.Registry[channel]; ok {
		for _, f := range c.Fields() {
			if f.Secret {
				out = append(out, f.Name)
			}
		}
	}
	return out
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
