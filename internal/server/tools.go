package server

import (
	"errors"
	"io/fs"
	"testing/fstest"
	"time"

	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/detect"
	"tocsin/internal/web"
)

// tools reads, writes and judges plans for the faces.
type tools struct{ planner *planner }

func (t tools) load(files map[string][]byte) (*config.Loaded, config.Problems) {
	folder := fstest.MapFS{}
	for name, data := range files {
		if fs.ValidPath(name) {
			folder[name] = &fstest.MapFile{Data: data}
		}
	}
	o := t.planner.options()
	// Whoever sends a plan over the network must not name our files.
	o.Secret = nil
	loaded, err := config.Load(folder, o)
	if err == nil {
		if err = loaded.Plan.Prepare(time.LoadLocation); err == nil {
			return loaded, loaded.Warnings
		}
	}
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, problems
	}
	return nil, config.Problems{{Message: err.Error(), Severity: config.Error}}
}

// ManagedBy says which folder owns the plan.
func (t tools) ManagedBy() string {
	if t.planner.dir == "" {
		return ""
	}
	return "the folder " + t.planner.dir
}

// webPlans is tools in the pages' words.
type webPlans struct{ tools }

func (t webPlans) Encode(p *plan.Plan) (string, error) {
	b, err := config.Encode(p)
	return string(b), err
}

func (t webPlans) Parse(source string) (*plan.Plan, []web.Problem) {
	loaded, problems := t.load(map[string][]byte{"plan.yaml": []byte(source)})
	var out []web.Problem
	for _, p := range problems {
		out = append(out, web.Problem{Where: where(p.File, p.Line, p.Path), Text: p.Message, Warning: p.Severity != config.Error})
	}
	if loaded == nil {
		return nil, out
	}
	return loaded.Plan, out
}

func (t webPlans) Diff(old, next *plan.Plan) []string {
	var out []string
	for _, c := range config.Diff(old, next) {
		out = append(out, c.Sentence)
	}
	return out
}

func (t webPlans) Findings(p *plan.Plan, b *plan.Board, at time.Time) []web.Problem {
	var out []web.Problem
	for _, f := range config.Findings(p, b, at) {
		out = append(out, web.Problem{Where: f.Path, Text: f.Text, Warning: true})
	}
	return out
}

// webProbes are the latest results of checks.
type webProbes struct{ eyes *detect.Scheduler }

func (p webProbes) Recent(check string, limit int) []web.Probe {
	list := p.eyes.History(check)
	if limit > 0 && len(list) > limit {
		list = list[len(list)-limit:]
	}
	out := make([]web.Probe, len(list))
	for i, x := range list {
		out[i] = web.Probe{At: x.At, OK: x.OK, Took: x.Latency, Reason: x.Reason}
	}
	return out
}
