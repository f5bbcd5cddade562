package web

import (
	"fmt"
	"strconv"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

var (
	planPage        = sheet[planView]("plan.html")
	planVersionPage = sheet[planVersionView]("plan_version.html")
	planEditPage    = sheet[planEditView]("plan_edit.html")
)

// VersionRow is a version of the plan.
type VersionRow struct {
	Version int64
	At      Stamp
	Author  Person
	Comment string
	Current bool
}

type planView struct {
	Current  VersionRow
	Managed  string
	Edit     bool
	Counts   []Named
	Findings []Problem
	Versions []VersionRow
	Older    string
}

func (c *call) versionRow(v PlanVersion) VersionRow {
	return VersionRow{Version: v.Version, At: c.stamp(v.At), Author: c.person(v.Author), Comment: v.Comment, Current: v.Version == c.plan.Version}
}

func (c *call) planShow() error {
	v := planView{Managed: c.s.Plans.ManagedBy(), Edit: c.mayChange(), Findings: c.s.Plans.Findings(c.plan, c.board, c.now)}
	before, _ := strconv.ParseInt(c.value("before"), 10, 64)
	versions, err := c.s.Ledger.PlanVersions(c.r.Context(), before, 30)
	if err != nil {
		return err
	}
	for _, x := range versions {
		row := c.versionRow(x)
		if row.Current {
			v.Current = row
		}
		v.Versions = append(v.Versions, row)
	}
	if len(versions) == 30 {
		v.Older = c.with("before", fmt.Sprint(versions[29].Version))
	}
	p := c.plan
	for _, n := range []struct {
		n    int
		word string
		href string
	}{{len(p.Services), "service", "/services"}, {len(p.Users), "person", "/people"}, {len(p.Schedules), "schedule", "/oncall"}, {len(p.Policies), "policy", ""}, {len(p.Integrations), "integration", "/integrations"}, {len(p.Checks), "check", "/checks"}} {
		word := plural(n.n, n.word)
		if n.word == "person" && n.n != 1 {
			word = fmt.Sprintf("%d people", n.n)
		}
		v.Counts = append(v.Counts, Named{ID: n.href, Name: word})
	}
	return show(c, planPage, "Plan", v)
}

// DiffLine is a line of the YAML difference.
type DiffLine struct{ Class, Text string }

type planVersionView struct {
	VersionRow
	Words []string
	Lines []DiffLine
	YAML  string
	Edit  bool
	First bool
}

func (c *call) findVersion() (*PlanVersion, error) {
	n, err := strconv.ParseInt(c.r.PathValue("version"), 10, 64)
	if err != nil {
		return nil, gone("plan version", c.r.PathValue("version"))
	}
	v, err := c.s.Ledger.PlanVersion(c.r.Context(), n)
	if err == nil && (v == nil || v.Plan == nil) {
		err = gone("plan version", c.r.PathValue("version"))
	}
	return v, err
}

func (c *call) planVersionShow() error {
	x, err := c.findVersion()
	if err != nil {
		return err
	}
	v := planVersionView{VersionRow: c.versionRow(*x), Edit: c.mayChange()}
	if v.YAML, err = c.s.Plans.Encode(x.Plan); err != nil {
		return err
	}
	before, err := c.s.Ledger.PlanVersion(c.r.Context(), x.Version-1)
	if err != nil {
		return err
	}
	if before == nil || before.Plan == nil {
		v.First = true
		v.Words = c.s.Plans.Diff(nil, x.Plan)
	} else {
		old, err := c.s.Plans.Encode(before.Plan)
		if err != nil {
			return err
		}
		v.Words, v.Lines = c.s.Plans.Diff(before.Plan, x.Plan), lineDiff(old, v.YAML)
	}
	if !c.role.May(Admin) {
		// The file holds what contacts keep secret; the words of a change do not.
		v.YAML, v.Lines = "", nil
	}
	return show(c, planVersionPage, fmt.Sprintf("Plan v%d", x.Version), v)
}

func (c *call) planRollBack() error {
	x, err := c.findVersion()
	if err != nil {
		return err
	}
	err = c.change(fmt.Sprintf("back to v%d", x.Version), func(p *plan.Plan) error {
		old, err := copyPlan(x.Plan)
		if err == nil {
			*p = *old
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.done("/plan", fmt.Sprintf("The plan is again what it was in v%d. This is a new version, so it can be undone too.", x.Version))
}

type planEditView struct {
	Source   string
	Comment  string
	Base     int64
	Problems []Problem
	Checked  bool
	Words    []string
	Lines    []DiffLine
}

func (c *call) planEdit() error {
	source, err := c.s.Plans.Encode(c.plan)
	if err != nil {
		return err
	}
	return show(c, planEditPage, "Edit the plan", planEditView{Source: source, Base: c.plan.Version})
}

// planSave checks first and stores only what was asked to be stored.
func (c *call) planSave() error {
	if err := c.parse(); err != nil {
		return err
	}
	base, _ := strconv.ParseInt(c.value("base"), 10, 64)
	v := planEditView{Source: strings.ReplaceAll(c.r.Form.Get("source"), "\r\n", "\n"), Comment: c.value("comment"), Base: base, Checked: true}
	next, problems := c.s.Plans.Parse(v.Source)
	v.Problems = problems
	if next == nil {
		return showAs(c, 422, planEditPage, "Edit the plan", v)
	}
	v.Words = c.s.Plans.Diff(c.plan, next)
	v.Problems = append(v.Problems, c.s.Plans.Findings(next, c.board, c.now)...)
	now, err := c.s.Plans.Encode(c.plan)
	if err != nil {
		return err
	}
	v.Lines = lineDiff(now, v.Source)
	if base != c.plan.Version {
		v.Problems = append([]Problem{{Where: fmt.Sprintf("v%d", c.plan.Version), Text: fmt.Sprintf("somebody saved v%d while you wrote; the difference below is against it", c.plan.Version)}}, v.Problems...)
		v.Base = c.plan.Version
		return showAs(c, 409, planEditPage, "Edit the plan", v)
	}
	if c.value("do") != "save" {
		return show(c, planEditPage, "Edit the plan", v)
	}
	if v.Comment == "" {
		v.Problems = append(v.Problems, Problem{Where: "comment", Text: "say in a few words why; the next person will ask"})
		return showAs(c, 422, planEditPage, "Edit the plan", v)
	}
	if by := c.s.Plans.ManagedBy(); by != "" {
		return fact.Refuse("forbidden", "", "the plan is managed by "+by)
	}
	version, err := c.s.Door.SavePlan(c.r.Context(), c.session.User, v.Comment, next)
	if err != nil {
		if r, ok := asRefused(err); ok {
			v.Problems = append(v.Problems, Problem{Where: r.Field, Text: r.Why})
			return showAs(c, 422, planEditPage, "Edit the plan", v)
		}
		return err
	}
	return c.done(fmt.Sprintf("/plan/versions/%d", version), fmt.Sprintf("Saved as v%d. It is in force.", version))
}
