package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
)

// PlanVersion is one version of the plan.
type PlanVersion struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at,omitzero"`
	Author  string    `json:"author,omitempty"`
	Comment string    `json:"comment,omitempty"`
}

// Plan is a version with what it says.
type Plan struct {
	PlanVersion
	ManagedBy string          `json:"managed_by,omitempty" doc:"What owns the plan; then it is changed there and not here."`
	Plan      json.RawMessage `json:"plan" doc:"The plan. Secrets read env:(secret)."`
	YAML      string          `json:"yaml" doc:"The same as a plan file."`
}

// PlanDiff is what changed between two versions.
type PlanDiff struct {
	From    int64        `json:"from" doc:"0 is the empty plan."`
	To      int64        `json:"to"`
	Changes []PlanChange `json:"changes" doc:"In words."`
	Unified string       `json:"unified" doc:"Like diff -u of the YAML; empty if nothing changed."`
}

// ByVersion names a version.
type ByVersion struct {
	Version int64 `path:"version" minimum:"1"`
}

// DiffQuery names two versions.
type DiffQuery struct {
	ByVersion
	From int64 `query:"from" minimum:"-1" default:"-1" doc:"Absent: the version before; 0: the empty plan."`
}

// YAMLOut is a plan file.
type YAMLOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `contentType:"application/yaml"`
}

func (a *API) plans() {
	const tag = "Plan"
	add(a, spec{id: "get-plan", method: http.MethodGet, path: "/plan", tag: tag, role: auth.Viewer, summary: "The plan in force"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[Plan], error) {
			p := a.opts.Door.Plan()
			v := ledger.PlanVersion{Version: p.Version, Plan: p}
			if p.Version > 0 {
				stored, err := a.opts.Ledger.PlanVersion(ctx, p.Version)
				if err != nil {
					return nil, err
				}
				if stored != nil {
					v = *stored
					v.Plan = p
				}
			}
			return a.planView(v)
		})
	add(a, spec{id: "get-plan-yaml", method: http.MethodGet, path: "/plan.yaml", tag: tag, role: auth.Viewer, summary: "The plan in force as a file"},
		func(context.Context, asked[struct{}]) (*YAMLOut, error) {
			data, err := a.opts.Tools.Encode(a.shown(a.opts.Door.Plan()))
			if err != nil {
				return nil, fmt.Errorf("write the plan: %w", err)
			}
			return &YAMLOut{ContentType: "application/yaml", Body: data}, nil
		})
	add(a, spec{id: "list-plan-versions", method: http.MethodGet, path: "/plan/versions", tag: tag, role: auth.Viewer, summary: "List versions of the plan, newest first"}, a.planVersions)
	add(a, spec{id: "get-plan-version", method: http.MethodGet, path: "/plan/versions/{version}", tag: tag, role: auth.Viewer, summary: "One version of the plan", errors: []int{404}},
		func(ctx context.Context, q asked[ByVersion]) (*Out[Plan], error) {
			v, err := a.planVersion(ctx, q.in.Version)
			if err != nil {
				return nil, err
			}
			return a.planView(*v)
		})
	add(a, spec{id: "diff-plan-version", method: http.MethodGet, path: "/plan/versions/{version}/diff", tag: tag, role: auth.Viewer,
		summary: "What changed between two versions, in words and as a diff", errors: []int{404}}, a.diff)
}

func (a *API) planView(v ledger.PlanVersion) (*Out[Plan], error) {
	shown := a.shown(v.Plan)
	body, err := json.Marshal(shown)
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	text, err := a.opts.Tools.Encode(shown)
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	return answer(Plan{PlanVersion: versionView(v), ManagedBy: a.opts.Tools.ManagedBy(), Plan: body, YAML: string(text)})
}

func versionView(v ledger.PlanVersion) PlanVersion {
	return PlanVersion{Version: v.Version, At: v.At, Author: v.Author, Comment: v.Comment}
}

func (a *API) planVersions(ctx context.Context, q asked[Paging]) (*Out[List[PlanVersion]], error) {
	before := int64(0)
	if q.in.Before != "" {
		var err error
		if before, err = strconv.ParseInt(q.in.Before, 10, 64); err != nil || before < 1 {
			return nil, invalid("before", "%q is not a version", q.in.Before)
		}
	}
	rows, err := a.opts.Ledger.PlanVersions(ctx, before, q.in.ask())
	if err != nil {
		return nil, err
	}
	return listed(rows, q.in.Limit, versionView, func(v ledger.PlanVersion) string { return strconv.FormatInt(v.Version, 10) }), nil
}

// planVersion reads one version; 0 is the empty plan.
func (a *API) planVersion(ctx context.Context, version int64) (*ledger.PlanVersion, error) {
	if version == 0 {
		return &ledger.PlanVersion{Plan: &plan.Plan{}}, nil
	}
	v, err := a.opts.Ledger.PlanVersion(ctx, version)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Plan == nil {
		return nil, notFound("plan version", strconv.FormatInt(version, 10))
	}
	return v, nil
}

func (a *API) diff(ctx context.Context, q asked[DiffQuery]) (*Out[PlanDiff], error) {
	from := q.in.From
	if from < 0 {
		from = q.in.Version - 1
	}
	was, err := a.planVersion(ctx, from)
	if err != nil {
		return nil, err
	}
	is, err := a.planVersion(ctx, q.in.Version)
	if err != nil {
		return nil, err
	}
	d, err := a.planDiff(was.Plan, is.Plan)
	if err != nil {
		return nil, err
	}
	d.From, d.To = from, q.in.Version
	return answer(d)
}

// planDiff compares without secrets: that one changed is told by its hash in
// words, never by its text.
func (a *API) planDiff(before, after *plan.Plan) (PlanDiff, error) {
	d := PlanDiff{Changes: a.opts.Tools.Diff(before, after)}
	if d.Changes == nil {
		d.Changes = []PlanChange{}
	}
	var err error
	if d.Unified, err = a.opts.Tools.Unified(a.shown(before), a.shown(after)); err != nil {
		return d, fmt.Errorf("compare plans: %w", err)
	}
	return d, nil
}
