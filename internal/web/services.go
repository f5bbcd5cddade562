package web

import (
	"cmp"
	"slices"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

var (
	servicesPage = sheet[servicesView]("services.html")
	servicePage  = sheet[serviceView]("service.html")
)

type servicesView struct {
	Words string
	Cells []ServiceCell
	None  Empty
}

func (c *call) servicesShow() error {
	cells, err := c.serviceCells(c.r.Context())
	if err != nil {
		return err
	}
	return show(c, servicesPage, "Services", servicesView{Words: serviceWords(cells), Cells: cells, None: noServices})
}

type serviceView struct {
	ServiceCell
	Description string
	Runbook     string
	Policy      string
	Urgency     string
	Steps       []PolicyStep
	Fallback    string
	Repeat      int
	NoPolicy    bool
	Alerts      []AlertRow
	Pages       []PageRow
	Incidents   []IncidentRow
	Changes     []Step
	Eyes        []CheckRow
	Integration []Named
}

// PolicyStep is a rung of a policy, and whom it reaches now.
type PolicyStep struct {
	After   string
	Targets string
	Now     []Person
	Nobody  bool
}

func (e *eye) policySteps(pol *plan.Policy) []PolicyStep {
	var out []PolicyStep
	for i, s := range pol.Steps {
		step := PolicyStep{After: "at once"}
		if i > 0 {
			step.After = "after " + s.After.String()
		}
		var names []string
		for _, t := range s.Targets {
			names = append(names, e.target(t))
		}
		step.Targets = strings.Join(names, ", ")
		l := e.lead(s.Targets, e.now)
		step.Now, step.Nobody = e.people(l.users), len(l.users)+len(l.channels) == 0
		out = append(out, step)
	}
	return out
}

func (c *call) serviceShow() error {
	id := c.r.PathValue("id")
	s := c.plan.Service(id)
	if s == nil {
		return gone("service", id)
	}
	ctx := c.r.Context()
	firing, err := c.s.Ledger.Alerts(ctx, alert.Filter{Status: alert.Firing, Service: id, Limit: 50})
	if err != nil {
		return err
	}
	v := serviceView{ServiceCell: c.serviceCell(id, firing), Description: s.Description, Runbook: s.Runbook, Policy: s.Policy, Urgency: string(cmp.Or(s.Urgency, plan.BySeverity))}
	if pol := c.policyOf(id); pol != nil {
		v.Steps, v.Repeat = c.policySteps(pol), pol.Repeat
		v.Fallback = c.fallbackNow(*pol)
	} else {
		v.NoPolicy, v.Fallback = true, c.fallbackNow(plan.Policy{})
	}
	for _, a := range firing {
		v.Alerts = append(v.Alerts, c.alertRow(a))
	}
	pages, err := c.s.Ledger.Pages(ctx, page.Filter{Service: id, Limit: 10})
	if err != nil {
		return err
	}
	for _, p := range pages {
		v.Pages = append(v.Pages, c.pageRow(p))
	}
	incidents, err := c.s.Ledger.Incidents(ctx, incident.Filter{Service: id, Limit: 10})
	if err != nil {
		return err
	}
	for _, i := range incidents {
		v.Incidents = append(v.Incidents, c.incidentRow(i))
	}
	if v.Changes, err = c.changesOf(id); err != nil {
		return err
	}
	for i := range c.plan.Checks {
		if c.plan.Checks[i].Service == id {
			row, err := c.checkRow(&c.plan.Checks[i])
			if err != nil {
				return err
			}
			v.Eyes = append(v.Eyes, row)
		}
	}
	for _, in := range c.plan.Integrations {
		if in.Service == id {
			v.Integration = append(v.Integration, c.integration(in.ID))
		}
	}
	return show(c, servicePage, v.Name, v)
}

// fallbackNow is whom the fallback leads to now; empty if there is none.
func (e *eye) fallbackNow(pol plan.Policy) string {
	targets := e.fallbackOf(pol)
	if len(targets) == 0 {
		return ""
	}
	if names := e.lead(targets, e.now).names(e); len(names) > 0 {
		return listing(names)
	}
	return "it leads to nobody now"
}

// changesOf are the latest deploys of a service, newest first.
func (c *call) changesOf(service string) ([]Step, error) {
	entries, err := c.s.Ledger.Timeline(c.r.Context(), []string{service}, 0, 200)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(x fact.Entry) bool { return x.Kind != (alert.Changed{}).FactKind() })
	slices.Reverse(entries)
	return c.steps(entries[:min(10, len(entries))], nil), nil
}
