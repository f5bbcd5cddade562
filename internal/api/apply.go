package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/scenario"
)

// Files are the files of a plan folder by their names, with / between folders.
type Files map[string]string

// ValidateBody is a plan to be judged.
type ValidateBody struct {
	Files Files `json:"files" doc:"Plan files (*.yaml) and scenarios (*.tocsin) by their names in the folder."`
}

// ApplyBody is a plan to be put in force.
type ApplyBody struct {
	Files   Files  `json:"files" doc:"Plan files (*.yaml) and scenarios (*.tocsin) by their names in the folder."`
	Comment string `json:"comment,omitempty" doc:"Why."`
	Base    int64  `json:"base,omitempty" doc:"The version that the change was made from; a conflict if another is in force."`
	Force   bool   `json:"force,omitempty" doc:"Also if scenarios do not hold."`
}

// RollbackBody names the version to return to.
type RollbackBody struct {
	Version int64  `json:"version" minimum:"1"`
	Comment string `json:"comment,omitempty"`
}

// Judgement is what is to be said about a plan before it is in force.
type Judgement struct {
	OK        bool             `json:"ok" doc:"It can be applied: no errors, and every scenario holds."`
	Problems  []PlanProblem    `json:"problems" doc:"Mistakes and warnings of the files."`
	Findings  []PlanProblem    `json:"findings" doc:"Dead ends: legal, and unwise."`
	Scenarios []ScenarioResult `json:"scenarios"`
	Diff      PlanDiff         `json:"diff" doc:"Against the plan in force."`
}

// ScenarioResult is how one scenario went.
type ScenarioResult struct {
	File   string `json:"file"`
	Rule   string `json:"rule,omitempty" doc:"What it shows."`
	OK     bool   `json:"ok"`
	Report string `json:"report,omitempty" doc:"What does not hold."`
}

// Applied is the version that is in force.
type Applied struct {
	Version int64    `json:"version"`
	Changed bool     `json:"changed" doc:"False: the plan says what it said before, and there is no new version."`
	Diff    PlanDiff `json:"diff"`
}

func (a *API) applyPlans() {
	const tag = "Plan"
	add(a, spec{id: "validate-plan", method: http.MethodPost, path: "/plan/validate", tag: tag, role: auth.Responder,
		summary: "Judge a plan: mistakes, dead ends, scenarios, differences; nothing is changed"},
		func(_ context.Context, q asked[Posted[ValidateBody]]) (*Out[Judgement], error) {
			j, _, err := a.judge(q.in.Body.Files)
			if err != nil {
				return nil, err
			}
			return answer(j)
		})
	add(a, spec{id: "apply-plan", method: http.MethodPost, path: "/plan/apply", tag: tag, role: auth.Admin, summary: "Put a plan in force as a new version", errors: []int{409}}, a.apply)
	add(a, spec{id: "rollback-plan", method: http.MethodPost, path: "/plan/rollback", tag: tag, role: auth.Admin,
		summary: "Put an earlier version in force again, as a new version", errors: []int{404, 409}}, a.rollback)
}

// judge reads the files and says all that is to be said about them.
func (a *API) judge(files Files) (Judgement, *plan.Plan, error) {
	if len(files) == 0 {
		return Judgement{}, nil, invalid("files", "send at least one plan file")
	}
	data := map[string][]byte{}
	for name, text := range files {
		if name == "" || path.Clean(name) != name || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || strings.Contains(name, `\`) {
			return Judgement{}, nil, invalid("files", "%q is not a name inside of a plan folder", name)
		}
		data[name] = []byte(text)
	}
	read := a.opts.Tools.Read(data)
	j := Judgement{Problems: read.Problems, Findings: []PlanProblem{}, Scenarios: []ScenarioResult{}, Diff: PlanDiff{Changes: []PlanChange{}}}
	if j.Problems == nil {
		j.Problems = []PlanProblem{}
	}
	if read.Plan == nil {
		return j, nil, nil
	}
	current := a.opts.Door.Plan()
	for _, where := range restore(read.Plan, current) {
		j.Problems = append(j.Problems, PlanProblem{Path: where, Severity: "error", Text: "this reads " + Hidden + ", and there is no secret in force that it could stand for"})
	}
	j.Findings = append(j.Findings, a.opts.Tools.Findings(read.Plan, a.opts.Door.Board(), a.opts.Door.Now())...)
	j.Scenarios = append(j.Scenarios, a.play(read.Plan, data)...)
	var err error
	if j.Diff, err = a.planDiff(current, read.Plan); err != nil {
		return j, nil, err
	}
	j.Diff.From = current.Version
	j.OK = !slices.ContainsFunc(j.Problems, isError) && !slices.ContainsFunc(j.Scenarios, func(s ScenarioResult) bool { return !s.OK })
	return j, read.Plan, nil
}

func isError(p PlanProblem) bool { return p.Severity == "error" }

// play runs the scenarios that came with a plan, in order of name.
func (a *API) play(p *plan.Plan, files map[string][]byte) []ScenarioResult {
	var out []ScenarioResult
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".tocsin" {
			continue
		}
		out = append(out, a.playOne(p, name, files))
	}
	return out
}

func (a *API) playOne(p *plan.Plan, name string, files map[string][]byte) ScenarioResult {
	res := ScenarioResult{File: name}
	script, err := scenario.Parse(name, string(files[name]))
	if err != nil {
		res.Report = err.Error()
		return res
	}
	load := func(src scenario.Source) (*plan.Plan, error) {
		text := []byte(src.Text)
		if src.Text == "" {
			text = files[path.Join(path.Dir(name), src.Name)]
		}
		if text == nil {
			return nil, fmt.Errorf("there is no plan file %s beside it", src.Name)
		}
		read := a.opts.Tools.Read(map[string][]byte{path.Base(src.Name + ".yaml"): text})
		if read.Plan == nil {
			return nil, errors.New(firstError(read.Problems))
		}
		return read.Plan, nil
	}
	played := scenario.Run(script, scenario.Options{Plan: p, Load: load, Zones: time.LoadLocation})
	res.Rule, res.OK = script.Rule, played.OK()
	if !res.OK {
		res.Report = played.Report()
	}
	return res
}

func firstError(list []PlanProblem) string {
	for _, p := range list {
		if isError(p) {
			return p.Text
		}
	}
	return "it cannot be read"
}

// editable refuses changes of a plan that something else owns.
func (a *API) editable() error {
	if by := a.opts.Tools.ManagedBy(); by != "" {
		return newProblem(http.StatusConflict, "", "the plan is managed by "+by+"; change it there")
	}
	return nil
}

// edit changes a copy of the plan in force and saves it. One edit at a time:
// two that start from the same version would undo each other.
func (a *API) edit(ctx context.Context, who auth.Person, comment string, change func(*plan.Plan) error) error {
	if err := a.editable(); err != nil {
		return err
	}
	a.editing.Lock()
	defer a.editing.Unlock()
	next := *a.opts.Door.Plan()
	if err := change(&next); err != nil {
		return err
	}
	_, err := a.save(ctx, who, comment, &next)
	return err
}

func (a *API) save(ctx context.Context, who auth.Person, comment string, p *plan.Plan) (int64, error) {
	source, err := a.opts.Tools.Encode(p)
	if err != nil {
		return 0, fmt.Errorf("write the plan: %w", err)
	}
	return a.opts.Door.SavePlan(ctx, actor(who), ledger.PlanVersion{Author: who.ID, Comment: comment, Plan: p, Source: string(source)})
}

func (a *API) apply(ctx context.Context, q asked[Posted[ApplyBody]]) (*Out[Applied], error) {
	b := q.in.Body
	if err := a.editable(); err != nil {
		return nil, err
	}
	a.editing.Lock()
	defer a.editing.Unlock()
	if have := a.opts.Door.Plan().Version; b.Base != 0 && b.Base != have {
		return nil, newProblem(http.StatusConflict, "base", fmt.Sprintf("version %d is in force, and this was made from version %d", have, b.Base))
	}
	j, next, err := a.judge(b.Files)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(j.Problems, isError) || next == nil {
		return nil, planRefused(j.Problems)
	}
	if !j.OK && !b.Force {
		return nil, scenariosRefused(j.Scenarios)
	}
	return a.putInForce(ctx, q.who, b.Comment, next)
}

// putInForce saves a plan unless it says what is in force already.
func (a *API) putInForce(ctx context.Context, who auth.Person, comment string, next *plan.Plan) (*Out[Applied], error) {
	current := a.opts.Door.Plan()
	d, err := a.planDiff(current, next)
	if err != nil {
		return nil, err
	}
	d.From = current.Version
	same, err := a.opts.Tools.Unified(current, next)
	if err != nil {
		return nil, fmt.Errorf("compare plans: %w", err)
	}
	if same == "" && current.Version > 0 {
		d.To = current.Version
		return answer(Applied{Version: current.Version, Diff: d})
	}
	if d.To, err = a.save(ctx, who, comment, next); err != nil {
		return nil, err
	}
	return answer(Applied{Version: d.To, Changed: true, Diff: d})
}

// planRefused lists every mistake with its place.
func planRefused(list []PlanProblem) *Problem {
	p := newProblem(http.StatusBadRequest, "files", "the plan has mistakes")
	for _, x := range list {
		if !isError(x) {
			continue
		}
		where := x.Path
		if x.File != "" {
			where = fmt.Sprintf("%s:%d", x.File, x.Line)
		}
		p.Errors = append(p.Errors, Detail{Field: where, Detail: x.Text})
	}
	if len(p.Errors) > 0 {
		p.Detail = strings.TrimPrefix(p.Errors[0].Field+": ", ": ") + p.Errors[0].Detail
	}
	return p
}

func scenariosRefused(list []ScenarioResult) *Problem {
	p := newProblem(http.StatusConflict, "files", "a scenario does not hold; send force to apply the plan all the same")
	for _, s := range list {
		if !s.OK {
			p.Errors = append(p.Errors, Detail{Field: s.File, Detail: s.Report})
		}
	}
	return p
}

func (a *API) rollback(ctx context.Context, q asked[Posted[RollbackBody]]) (*Out[Applied], error) {
	if err := a.editable(); err != nil {
		return nil, err
	}
	a.editing.Lock()
	defer a.editing.Unlock()
	v, err := a.planVersion(ctx, q.in.Body.Version)
	if err != nil {
		return nil, err
	}
	comment := strings.TrimSpace(fmt.Sprintf("back to version %d. %s", v.Version, q.in.Body.Comment))
	out, err := a.putInForce(ctx, q.who, comment, v.Plan)
	var refused *fact.Refused
	if errors.As(err, &refused) {
		return nil, newProblem(http.StatusConflict, refused.Field, fmt.Sprintf("version %d cannot be in force any more: %s", v.Version, refused.Why))
	}
	return out, err
}
