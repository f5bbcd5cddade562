package plan

import (
	"fmt"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
)

// maxTurn bounds the units of a turn; the arithmetic of schedules ends there.
const maxTurn = 1_000_000

// validate refuses references that lead nowhere and values no step could use.
// Field paths are those of the YAML: "policies.payments.steps[1]".
func (p *Plan) validate() error {
	for _, check := range []func() error{p.validateIDs, p.validateUsers, p.validateTeams, p.validateSchedules, p.validatePolicies, p.validateServices, p.validateSources} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := p.validateTargets("fallback", p.Fallback); err != nil {
		return err
	}
	return p.validateRoute(&p.Route, "route")
}

func invalid(field, format string, args ...any) error {
	return fact.Refuse("invalid", field, fmt.Sprintf(format, args...))
}

func (p *Plan) validateIDs() error {
	for _, list := range []struct {
		name  string
		have  int
		known int
		empty bool
	}{
		{"users", len(p.Users), len(p.index.users), p.index.users[""] != nil},
		{"teams", len(p.Teams), len(p.index.teams), p.index.teams[""] != nil},
		{"schedules", len(p.Schedules), len(p.index.schedules), p.index.schedules[""] != nil},
		{"policies", len(p.Policies), len(p.index.policies), p.index.policies[""] != nil},
		{"services", len(p.Services), len(p.index.services), p.index.services[""] != nil},
		{"channels", len(p.Channels), len(p.index.channels), p.index.channels[""] != nil},
		{"integrations", len(p.Integrations), len(p.index.integrations), p.index.integrations[""] != nil},
		{"checks", len(p.Checks), len(p.index.checks), p.index.checks[""] != nil},
		{"heartbeats", len(p.Heartbeats), len(p.index.heartbeats), p.index.heartbeats[""] != nil},
	} {
		if list.empty {
			return invalid(list.name, "an entry has no id")
		}
		if list.have != list.known {
			return invalid(list.name, "two entries have the same id")
		}
	}
	return nil
}

func (p *Plan) validateUsers() error {
	for i := range p.Users {
		u := &p.Users[i]
		seen := map[string]bool{}
		for _, c := range u.Contacts {
			field := "users." + u.ID + ".contacts." + c.ID
			if c.ID == "" || c.Channel == "" {
				return invalid(field, "a contact needs an id and a channel")
			}
			if seen[c.ID] {
				return invalid(field, "this person has two contacts of that id")
			}
			seen[c.ID] = true
		}
		for _, rules := range [][]NotifyRule{u.High, u.Low} {
			for _, r := range rules {
				if !seen[r.Contact] {
					return invalid("users."+u.ID+".rules", "no contact %q", r.Contact)
				}
			}
		}
	}
	return nil
}

func (p *Plan) validateTeams() error {
	for _, t := range p.Teams {
		for _, m := range t.Members {
			if p.User(m) == nil {
				return invalid("teams."+t.ID+".members", "no user %q", m)
			}
		}
	}
	return nil
}

func (p *Plan) validateSchedules() error {
	for _, s := range p.Schedules {
		for i, l := range s.Layers {
			field := fmt.Sprintf("schedules.%s.layers[%d]", s.ID, i)
			switch l.Unit {
			case oncall.Hour, oncall.Day, oncall.Week, oncall.Month:
			default:
				return invalid(field+".turn", "a turn is counted in hours, days, weeks or months, not %q", l.Unit)
			}
			if l.Every < 1 || l.Every > maxTurn {
				return invalid(field+".turn", "a turn lasts 1 to %d units of a %s", maxTurn, l.Unit)
			}
			if len(l.Seats) == 0 {
				return invalid(field+".members", "a layer needs at least one member")
			}
			if l.Start.IsZero() {
				return invalid(field+".start", "a layer needs a start, which anchors its turns")
			}
			if l.CountDaysOn && l.Unit != oncall.Day {
				return invalid(field+".count_days_on", "only a turn in days can count days on")
			}
			for _, seat := range l.Seats {
				for _, u := range seat {
					if u != oncall.Vacant && p.User(u) == nil {
						return invalid(field+".members", "no user %q", u)
					}
				}
			}
		}
	}
	return nil
}

func (p *Plan) validatePolicies() error {
	for _, pol := range p.Policies {
		if len(pol.Steps) == 0 {
			return invalid("policies."+pol.ID, "a policy needs at least one step")
		}
		for i, s := range pol.Steps {
			field := fmt.Sprintf("policies.%s.steps[%d]", pol.ID, i)
			if len(s.Targets) == 0 {
				return invalid(field, "a step tells at least one target")
			}
			if err := p.validateTargets(field, s.Targets); err != nil {
				return err
			}
		}
		if err := p.validateTargets("policies."+pol.ID+".fallback", pol.Fallback); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) validateTargets(field string, targets []Target) error {
	for _, t := range targets {
		known := false
		switch t.Kind {
		case ToUser:
			known = p.User(t.ID) != nil
		case ToSchedule:
			known = p.Schedule(t.ID) != nil
		case ToTeam:
			known = p.Team(t.ID) != nil
		case ToChannel:
			known = p.Channel(t.ID) != nil
		default:
			return invalid(field, "a target is a user, schedule, team or channel, not %q", t.Kind)
		}
		if !known {
			return invalid(field, "no %s %q", t.Kind, t.ID)
		}
	}
	return nil
}

func (p *Plan) validateServices() error {
	for _, s := range p.Services {
		if s.Policy != "" && p.Policy(s.Policy) == nil {
			return invalid("services."+s.ID+".policy", "no policy %q", s.Policy)
		}
		if s.Team != "" && p.Team(s.Team) == nil {
			return invalid("services."+s.ID+".team", "no team %q", s.Team)
		}
		switch s.Urgency {
		case "", High, Low, BySeverity:
		default:
			return invalid("services."+s.ID+".urgency", "urgency is high, low or by-severity, not %q", s.Urgency)
		}
	}
	return nil
}

func (p *Plan) validateSources() error {
	for _, in := range p.Integrations {
		if in.Service != "" && p.Service(in.Service) == nil {
			return invalid("integrations."+in.ID+".service", "no service %q", in.Service)
		}
	}
	for _, c := range p.Checks {
		if c.Service != "" && p.Service(c.Service) == nil {
			return invalid("checks."+c.ID+".service", "no service %q", c.Service)
		}
		if c.Interval <= 0 || c.Timeout <= 0 {
			return invalid("checks."+c.ID, "a check needs an interval and a timeout above zero")
		}
	}
	for _, h := range p.Heartbeats {
		if h.Service != "" && p.Service(h.Service) == nil {
			return invalid("heartbeats."+h.ID+".service", "no service %q", h.Service)
		}
		if h.Every <= 0 {
			return invalid("heartbeats."+h.ID+".every", "a heartbeat needs a period above zero")
		}
	}
	return nil
}

func (p *Plan) validateRoute(r *Route, field string) error {
	if r.Service != "" && p.Service(r.Service) == nil {
		return invalid(field+".service", "no service %q", r.Service)
	}
	if r.Policy != "" && p.Policy(r.Policy) == nil {
		return invalid(field+".policy", "no policy %q", r.Policy)
	}
	if r.Declare < 0 || r.Declare > 5 {
		return invalid(field+".declare", "a severity is 1 to 5, not %d", r.Declare)
	}
	switch r.Urgency {
	case "", High, Low, BySeverity:
	default:
		return invalid(field+".urgency", "urgency is high, low or by-severity, not %q", r.Urgency)
	}
	for i := range r.Routes {
		if err := p.validateRoute(&r.Routes[i], fmt.Sprintf("%s.routes[%d]", field, i)); err != nil {
			return err
		}
	}
	return nil
}
