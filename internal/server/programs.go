package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/auth"
	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/web"
)

// mountAPI puts the API for programs on the mux.
func (s *Server) mountAPI(mux *http.ServeMux) error {
	a, err := api.New(api.Options{
		Ledger: s.store, Door: s.engine, Auth: s.auth, Tools: apiTools{tools{s.planner}}, Session: s.browser,
		Channels: apiChannels{s.channels}, Formats: apiFormats{}, Probes: apiProbes{webProbes{s.eyes}}, Health: s, Mapper: apiMapper{},
		Busy: engine.ErrBusy, Version: s.opts.Version, BaseURL: s.opts.ExternalURL, Log: s.opts.Log.With("room", "api"),
	})
	if err != nil {
		return err
	}
	// A browser's session works here too, so strange pages must not use it.
	guard := http.NewCrossOriginProtection()
	mux.Handle(api.Prefix+"/", guard.Handler(a.Handler()))
	return nil
}

// browser finds the person of the pages' session cookie.
func (s *Server) browser(r *http.Request) (auth.Person, bool) {
	c, err := r.Cookie(web.SessionCookie)
	if err != nil {
		return auth.Person{}, false
	}
	return s.auth.Session(r.Context(), c.Value)
}

type apiChannels struct{ registry notify.Registry }

func (c apiChannels) Secret(channel string) []string {
	secret, known := channelNames{c.registry}.Fields(channel)
	if !known {
		return []string{"*"} // too little shown can be asked for; too much cannot be taken back
	}
	return secret
}

type apiFormats struct{}

func (apiFormats) Formats() []api.Format {
	var out []api.Format
	for _, f := range formats() {
		out = append(out, api.Format{Name: f.Name, Title: f.Title, Snippet: f.Snippet})
	}
	return out
}

type apiProbes struct{ webProbes }

func (p apiProbes) Recent(check string, limit int) []api.Probe {
	var out []api.Probe
	for _, x := range p.webProbes.Recent(check, limit) {
		out = append(out, api.Probe{At: x.At, OK: x.OK, Took: x.Took, Reason: x.Reason})
	}
	return out
}

// Symptoms are what the self-watch sees wrong right now.
func (s *Server) Symptoms(ctx context.Context) []api.Symptom {
	var out []api.Symptom
	for _, x := range s.symptoms() {
		since, err := x.since(ctx)
		if err != nil {
			return append(out, api.Symptom{Name: "database", Text: "The database does not answer"})
		}
		if !since.IsZero() && time.Since(since) > x.bound {
			out = append(out, api.Symptom{Name: x.key, Text: x.summary, When: since})
		}
	}
	for _, id := range s.eyes.Overdue(time.Now()) {
		out = append(out, api.Symptom{Name: "check-overdue", Text: fmt.Sprintf("Check %s has no result though one is due", id)})
	}
	return out
}

// apiTools is tools in the API's words.
type apiTools struct{ tools }

func (t apiTools) Read(files map[string][]byte) api.ReadPlan {
	loaded, problems := t.load(files)
	var r api.ReadPlan
	for _, p := range problems {
		r.Problems = append(r.Problems, api.PlanProblem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Severity: string(p.Severity), Text: p.Message})
	}
	if loaded != nil {
		r.Plan = loaded.Plan
	}
	return r
}

func (apiTools) Encode(p *plan.Plan) ([]byte, error) { return config.Encode(p) }

func (apiTools) Diff(before, after *plan.Plan) []api.PlanChange {
	var out []api.PlanChange
	for _, c := range config.Diff(before, after) {
		out = append(out, api.PlanChange{Kind: string(c.Kind), Path: c.Path, Sentence: c.Sentence})
	}
	return out
}

func (apiTools) Unified(before, after *plan.Plan) (string, error) {
	return config.UnifiedYAML(before, after)
}

func (apiTools) Findings(p *plan.Plan, b *plan.Board, at time.Time) []api.PlanProblem {
	var out []api.PlanProblem
	for _, f := range config.Findings(p, b, at) {
		out = append(out, api.PlanProblem{File: f.Place.File, Line: f.Place.Line, Column: f.Place.Column, Path: f.Path, Code: f.Code, Severity: string(f.Severity), Text: f.Text})
	}
	return out
}
