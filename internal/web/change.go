package web

import (
	"encoding/json"
	"fmt"
	"regexp"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// copyPlan makes a plan that may be changed. The door prepares it again.
func copyPlan(p *plan.Plan) (*plan.Plan, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("copy plan: %w", err)
	}
	next := &plan.Plan{}
	if err := json.Unmarshal(data, next); err != nil {
		return nil, fmt.Errorf("copy plan: %w", err)
	}
	return next, nil
}

// change makes a new version of the plan. Where files manage it, this is not
// the place.
func (c *call) change(comment string, edit func(*plan.Plan) error) error {
	if by := c.s.Plans.ManagedBy(); by != "" {
		return fact.Refuse("forbidden", "", "the plan is managed by "+by+"; change it there and apply it")
	}
	next, err := copyPlan(c.plan)
	if err != nil {
		return err
	}
	if err := edit(next); err != nil {
		return err
	}
	_, err = c.s.Door.SavePlan(c.r.Context(), c.session.User, comment, next)
	return err
}

var idShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func checkID(field, id string) error {
	if !idShape.MatchString(id) {
		return fact.Refuse("invalid", field, "use lower case letters, digits, dots and dashes, at most 63")
	}
	return nil
}
