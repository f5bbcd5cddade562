package config

import (
	"time"

	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// route reads a node of the routing tree.
func (r *reader) route(v value, to *plan.Route) {
	if r.depth++; r.depth > maxDepth {
		r.wrong(v, "routes are nested more than %d deep", maxDepth)
		r.depth--
		return
	}
	defer func() { r.depth-- }()
	f := fields{
		"name":    r.text(&to.Name),
		"service": r.refTo("service", &to.Service), "policy": r.refTo("policy", &to.Policy),
		"group_by": func(v value) { r.groupBy(v, to) },
		"group_wait": phrase(r, plan.ParseDuration, func(d plan.Duration) {
			to.GroupWait = &d
		}),
		"urgency": r.urgency(&to.Urgency),
		"no_page": phrase(r, readBool, func(b bool) {
			if to.NoPage = "false"; b {
				to.NoPage = "true"
			}
		}),
		"declare": phrase(r, readDeclare, into(&to.Declare)),
		"routes": func(v value) {
			r.list(v, func(v value) {
				to.Routes = append(to.Routes, plan.Route{})
				r.route(v, &to.Routes[len(to.Routes)-1])
			})
		},
	}
	if r.depth > 1 {
		f["match"] = func(v value) { r.matchers(v, &to.Matchers) }
		f["continue"] = r.flag(&to.Continue)
	} else {
		root := func(v value) { r.wrong(v, "the root takes every alert; put this on one of its routes") }
		f["match"], f["continue"] = root, root
	}
	r.object(v, f)
}

// groupBy keeps apart what is not said (inherit) and an empty list (one group).
func (r *reader) groupBy(v value, to *plan.Route) {
	to.GroupBy = []string{}
	r.list(v, phrase(r, func(s string) (string, error) { return s, nil }, func(s string) {
		to.GroupBy = append(to.GroupBy, s)
	}))
}

// matchers reads ['severity="critical"', ...], all of which must hold, or the
// short form {severity: critical} for plain equality.
func (r *reader) matchers(v value, to *signal.Matchers) {
	if v.n.Kind == yaml.MappingNode {
		r.texts(v, func(name, text string) {
			*to = append(*to, signal.Matcher{Name: name, Op: signal.Equal, Value: text})
		})
		return
	}
	r.list(v, phrase(r, signal.ParseMatchers, func(ms signal.Matchers) { *to = append(*to, ms...) }))
}

// zone reads an IANA time zone.
func (r *reader) zone(to *string) func(value) {
	return phrase(r, func(s string) (string, error) {
		if _, err := time.LoadLocation(s); err != nil || s == "Local" || s == "" {
			return "", errZone(s)
		}
		return s, nil
	}, into(to))
}

// resolve checks that every name used is the name of something.
func (r *reader) resolve() {
	p := r.loaded.Plan
	known := map[string][]string{}
	for _, u := range p.Users {
		known["user"] = append(known["user"], u.ID)
	}
	for _, t := range p.Teams {
		known["team"] = append(known["team"], t.ID)
	}
	for _, s := range p.Schedules {
		known["schedule"] = append(known["schedule"], s.ID)
	}
	for _, x := range p.Policies {
		known["policy"] = append(known["policy"], x.ID)
	}
	for _, s := range p.Services {
		known["service"] = append(known["service"], s.ID)
	}
	for _, c := range p.Channels {
		known["channel"] = append(known["channel"], c.ID)
	}
	exists := map[string]bool{}
	for kind, ids := range known {
		for _, id := range ids {
			exists[kind+"/"+id] = true
		}
	}
	for _, want := range r.refs {
		if exists[want.kind+"/"+want.id] {
			continue
		}
		r.report(want.place, want.path, "no "+want.kind+" "+quote(want.id)+didYouMean(want.id, known[want.kind]))
	}
}
