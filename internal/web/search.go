package web

import (
	"strings"
)

// exact leads straight to what an id names.
func (c *call) exact(q string) (string, error) {
	ctx := c.r.Context()
	if i, err := c.s.Ledger.Incident(ctx, strings.ToUpper(q)); err != nil || i != nil {
		return "/incidents/" + strings.ToUpper(q), err
	}
	if a, err := c.s.Ledger.Alert(ctx, q); err != nil || a != nil {
		return "/alerts/" + q, err
	}
	if p, err := c.s.Ledger.Page(ctx, q); err != nil || p != nil {
		return "/pages/" + q, err
	}
	return "", nil
}

// things are the parts of the plan whose name or id has the words in it.
func (c *call) things(q string) []Found {
	q = strings.ToLower(q)
	var out []Found
	add := func(kind, id, name, href string) {
		if len(out) < 30 && (strings.Contains(strings.ToLower(name), q) || strings.Contains(strings.ToLower(id), q)) {
			out = append(out, Found{kind, name, href})
		}
	}
	for _, s := range c.plan.Services {
		add("service", s.ID, c.service(s.ID).Name, "/services/"+s.ID)
	}
	for _, u := range c.plan.Users {
		add("person", u.ID, u.DisplayName(), "/people/"+u.ID)
	}
	for i := range c.plan.Schedules {
		s := &c.plan.Schedules[i]
		add("schedule", s.ID, scheduleName(s), "/schedules/"+s.ID)
	}
	for _, in := range c.plan.Integrations {
		add("integration", in.ID, c.integration(in.ID).Name, "/integrations/"+in.ID)
	}
	for _, ch := range c.plan.Checks {
		add("check", ch.ID, ch.Name, "/checks/"+ch.ID)
	}
	return out
}
