package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// This file proves that a route can never be taken. It is content with the
// cases that are certain: what it cannot prove it does not report.

// visitRoutes calls each for every route with what is known to hold there (its
// ancestors' matchers and its own). A false answer leaves out the children.
func visitRoutes(r *plan.Route, path string, known signal.Matchers, each func(*plan.Route, string, signal.Matchers) bool) {
	here := append(slices.Clip(known), r.Matchers...)
	if !each(r, path, here) {
		return
	}
	for i := range r.Routes {
		visitRoutes(&r.Routes[i], fmt.Sprintf("%s.routes[%d]", path, i), here, each)
	}
}

// literals are the only values that satisfy a matcher, if they can be listed.
func literals(m signal.Matcher) ([]string, bool) {
	switch m.Op {
	case signal.Equal:
		return []string{m.Value}, true
	case signal.Match:
		parts := strings.Split(m.Value, "|")
		for _, p := range parts {
			if regexp.QuoteMeta(p) != p {
				return nil, false
			}
		}
		return parts, true
	}
	return nil, false
}

// possible lists the values that a label can have where all matchers hold; ok
// is false when they cannot be listed.
func possible(label string, ms signal.Matchers) (values []string, ok bool) {
	for _, m := range ms {
		if m.Name != label {
			continue
		}
		if v, listed := literals(m); listed && (!ok || len(v) < len(values)) {
			values, ok = v, true
		}
	}
	if !ok {
		return nil, false
	}
	var left []string
	for _, v := range values {
		if holdsFor(label, v, ms) {
			left = append(left, v)
		}
	}
	return left, true
}

func holdsFor(label, v string, ms signal.Matchers) bool {
	for _, m := range ms {
		if m.Name == label && !m.Matches(signal.Labels{label: v}) {
			return false
		}
	}
	return true
}

var opposite = map[signal.Op]signal.Op{
	signal.Equal: signal.NotEqual, signal.NotEqual: signal.Equal,
	signal.Match: signal.NotMatch, signal.NotMatch: signal.Match,
}

// contradiction names two matchers, or one label, that cannot hold together.
func contradiction(ms signal.Matchers) (why string, found bool) {
	for i, m := range ms {
		for _, other := range ms[:i] {
			if m.Name == other.Name && m.Value == other.Value && m.Op == opposite[other.Op] {
				return fmt.Sprintf("%s and %s exclude each other", other, m), true
			}
		}
		values, ok := possible(m.Name, ms)
		if !ok || len(values) > 0 {
			continue
		}
		var about []string
		for _, x := range ms {
			if x.Name == m.Name {
				about = append(about, x.String())
			}
		}
		return "no value satisfies " + strings.Join(about, " and "), true
	}
	return "", false
}

// implied says whether m certainly holds wherever all of known do.
func implied(m signal.Matcher, known signal.Matchers) bool {
	if m.Op == signal.Match && m.Value == ".*" {
		return true
	}
	for _, k := range known {
		if k.Name == m.Name && k.Op == m.Op && k.Value == m.Value {
			return true
		}
	}
	values, ok := possible(m.Name, known)
	if !ok {
		return false
	}
	for _, v := range values {
		if !m.Matches(signal.Labels{m.Name: v}) {
			return false
		}
	}
	return true
}

// shadowedBy finds the earlier sibling that takes all that routes[i] could.
func shadowedBy(routes []plan.Route, i int, known signal.Matchers) (sibling int, found bool) {
	here := append(slices.Clip(known), routes[i].Matchers...)
	for j := range routes[:i] {
		if routes[j].Continue {
			continue
		}
		all := true
		for _, m := range routes[j].Matchers {
			all = all && implied(m, here)
		}
		if all {
			return j, true
		}
	}
	return 0, false
}

// unreachable reports the routes that no alert can take.
func (in *inspection) unreachable() {
	visitRoutes(&in.Plan.Route, "route", nil, func(r *plan.Route, path string, known signal.Matchers) bool {
		if why, never := contradiction(known); never {
			in.find("route-contradictory", Warning, path, "%s can never match: %s", routeName(r, path), why)
			return false
		}
		for i := range r.Routes {
			child := &r.Routes[i]
			if _, never := contradiction(append(slices.Clip(known), child.Matchers...)); never {
				continue // reported when its turn comes
			}
			if j, found := shadowedBy(r.Routes, i, known); found {
				at := fmt.Sprintf("%s.routes[%d]", path, i)
				earlier := routeName(&r.Routes[j], fmt.Sprintf("%s.routes[%d]", path, j))
				in.find("route-shadowed", Warning, at, "%s is never reached: %s comes first and takes everything that it would (no continue)", routeName(child, at), earlier)
			}
		}
		return true
	})
}

func routeName(r *plan.Route, path string) string {
	switch {
	case r.Name != "":
		return "route " + quote(r.Name)
	case len(r.Matchers) > 0:
		return "route " + r.Matchers.String()
	}
	return path
}
