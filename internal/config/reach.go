package config

import (
	"fmt"
	"sort"
	"strings"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// reach is what the plan's services, routes and fallbacks lead to.
type reach struct {
	plan      *plan.Plan
	overrides []oncall.Override
	policies  map[string]bool      // in use
	targets   map[plan.Target]bool // told by any policy or fallback
	people    map[string]bool      // told by a policy in use, or a fallback
}

func reachOf(p *plan.Plan, board *plan.Board) reach {
	r := reach{plan: p, policies: map[string]bool{}, targets: map[plan.Target]bool{}, people: map[string]bool{}}
	if board != nil {
		r.overrides = board.Overrides
	}
	for _, s := range p.Services {
		r.policies[s.Policy] = true
	}
	visitRoutes(&p.Route, "route", nil, func(node *plan.Route, _ string, _ signal.Matchers) bool {
		r.policies[node.Policy] = true
		return true
	})
	for _, pol := range p.Policies {
		for _, s := range pol.Steps {
			r.tell(s.Targets, pol.ID)
		}
		r.tell(pol.Fallback, pol.ID)
	}
	delete(r.policies, "")
	for _, t := range p.Fallback {
		r.targets[t] = true
	}
	people, _ := r.of(p.Fallback)
	for u := range people {
		r.people[u] = true
	}
	return r
}

func (r *reach) tell(targets []plan.Target, policy string) {
	for _, t := range targets {
		r.targets[t] = true
	}
	if !r.policies[policy] {
		return
	}
	people, _ := r.of(targets)
	for u := range people {
		r.people[u] = true
	}
}

// of lists everybody whom the targets can ever tell, and counts the shared
// channels among them.
func (r *reach) of(targets []plan.Target) (people map[string]bool, shared int) {
	people = map[string]bool{}
	for _, t := range targets {
		switch t.Kind {
		case plan.ToUser:
			people[t.ID] = true
		case plan.ToTeam:
			for _, m := range r.plan.Team(t.ID).Members {
				people[m] = true
			}
		case plan.ToSchedule:
			r.onSchedule(r.plan.Schedule(t.ID), people)
		case plan.ToChannel:
			shared++
		}
	}
	return people, shared
}

func (r *reach) onSchedule(s *oncall.Schedule, people map[string]bool) {
	for _, l := range s.Layers {
		for _, seat := range l.Seats {
			for _, u := range seat {
				if u != oncall.Vacant {
					people[u] = true
				}
			}
		}
	}
	for _, o := range r.overrides {
		if o.Schedule == s.ID && o.User != "" {
			people[o.User] = true
		}
	}
}

// routeGives says whether an alert of which one label is known can come to a
// route that, by itself or from its parents, satisfies has.
func (in *inspection) routeGives(label, value string, has func(*plan.Route) bool) bool {
	given := false
	var start signal.Matchers
	if label != "" {
		start = signal.Matchers{{Name: label, Op: signal.Equal, Value: value}}
	}
	visitRoutes(&in.Plan.Route, "route", start, func(r *plan.Route, _ string, known signal.Matchers) bool {
		if _, never := contradiction(known); never {
			return false
		}
		given = given || has(r)
		return true
	})
	return given
}

func (in *inspection) routeGivesPolicy(label, value string) bool {
	return in.routeGives(label, value, func(r *plan.Route) bool { return r.Policy != "" })
}

func (in *inspection) routeGivesDestination(label, value string) bool {
	return in.routeGives(label, value, func(r *plan.Route) bool { return r.Policy != "" || r.Service != "" })
}

// secrets finds settings that hold a secret instead of naming it.
func (in *inspection) secrets() {
	if in.Channels == nil {
		return
	}
	for _, u := range in.Plan.Users {
		for i, c := range u.Contacts {
			in.secretsOf(fmt.Sprintf("users.%s.contacts[%d]", u.ID, i), c)
		}
	}
	for _, c := range in.Plan.Channels {
		in.secretsOf("channels."+c.ID, c)
	}
}

func (in *inspection) secretsOf(path string, c plan.Contact) {
	names, _ := in.Channels.Fields(c.Channel)
	for _, name := range names {
		value, field := c.Settings[name], path+"."+c.Channel
		// A setting of several lines may hold its reference anywhere.
		if value == "" || strings.Contains(value, "env:") || strings.Contains(value, "file:") {
			continue
		}
		if in.filled[field] || in.filled[field+"."+name] {
			continue
		}
		in.find("literal-secret", Warning, field+"."+name, "%s of %s %s is a secret and stands in the plan itself; write env:NAME or file:PATH", name, c.Channel, c.ID)
	}
}

func listTargets(targets []plan.Target) string {
	words := make([]string, len(targets))
	for i, t := range targets {
		words[i] = t.String()
	}
	return strings.Join(words, " and ")
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
