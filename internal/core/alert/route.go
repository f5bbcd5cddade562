package alert

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Setup is everything a route gives to the group it gathers: the result of
// walking the tree with inheritance.
type Setup struct {
	Route   string        `json:"route"`          // position in the tree
	Name    string        `json:"name,omitempty"` // its name, for sentences
	Path    string        `json:"path,omitempty"` // matchers from the root down, joined by "/"
	Service string        `json:"service,omitempty"`
	Policy  string        `json:"policy,omitempty"`
	Labels  signal.Labels `json:"labels,omitempty"` // the group's own labels
	// Key keeps an alert to itself where nothing says what to group it by:
	// two troubles that share a service must not share an acknowledgement.
	Key     string        `json:"key,omitempty"`
	Wait    time.Duration `json:"wait,omitempty"`
	Urgency plan.Urgency  `json:"urgency,omitempty"` // the route's or service's word; may be by-severity
	NoPage  bool          `json:"no_page,omitempty"`
	Declare int           `json:"declare,omitempty"`
	matched string        // the node's own matchers, for the reason
}

// Group is the stream that gathers alerts of this set-up.
func (s Setup) Group() fact.Stream {
	return fact.Of(GroupKind, fact.Hash(s.Path, s.Route, s.Service, s.Labels.String(), s.Key))
}

// Rule names the route in a reason.
func (s Setup) Rule() string {
	switch {
	case s.Name != "":
		return "route " + s.Name
	case s.Route == "0":
		return "root route"
	}
	return "route " + s.Route
}

// GroupAll is the group_by value that groups by every label.
const GroupAll = "..."

// Origin is where an alert comes from, as far as routing cares.
type Origin struct {
	Labels      signal.Labels
	Service     string // named by the signal
	Integration string
	Source      string
	Key         string // the alert's own stream; empty in a what-if
}

// RouteLabels are the labels that matchers see: the alert's own, and where
// the alert itself has no such label: integration, service and severity.
func (o Origin) RouteLabels(severity signal.Severity) signal.Labels {
	l := make(signal.Labels, len(o.Labels)+3)
	for _, extra := range [][2]string{{"integration", o.Integration}, {"service", o.Service}, {"severity", string(severity)}} {
		if extra[1] != "" {
			l[extra[0]] = extra[1]
		}
	}
	for _, n := range o.Labels.Names() {
		l[n] = o.Labels[n]
	}
	return l
}

// Routes walks the routing tree for an alert, with Alertmanager's semantics
// (dispatch/route.go there): depth first; the first matching child wins unless
// it continues; a node whose children do not match is itself the result. The
// root always matches, so no alert is without a route.
func Routes(p *plan.Plan, o Origin, severity signal.Severity) []Setup {
	w := walk{plan: p, origin: o, labels: o.RouteLabels(severity)}
	w.visit(&p.Route, inherited{})
	return w.found
}

// inherited is what a node passes on to its children.
type inherited struct {
	service, policy, path string
	// above is a policy that stands above the route that names the service: it
	// counts only if that service has none.
	above   string
	groupBy []string
	wait    time.Duration
	urgency plan.Urgency
	noPage  bool
	declare int
}

type walk struct {
	plan   *plan.Plan
	origin Origin
	labels signal.Labels
	found  []Setup
}

func (w *walk) visit(r *plan.Route, from inherited) bool {
	if !r.Matchers.Matches(w.labels) {
		return false
	}
	own := from.with(r)
	matched := false
	for i := range r.Routes {
		child := &r.Routes[i]
		if w.visit(child, own) {
			matched = true
			if !child.Continue {
				break
			}
		}
	}
	if !matched {
		w.found = append(w.found, w.setup(r, own))
	}
	return true
}

func (from inherited) with(r *plan.Route) inherited {
	own := from
	if r.Service != "" {
		own.service = r.Service
		own.policy, own.above = "", cmp.Or(own.policy, own.above)
	}
	if r.Policy != "" {
		own.policy = r.Policy
	}
	if r.GroupBy != nil {
		own.groupBy = r.GroupBy
	}
	if r.GroupWait != nil {
		own.wait = r.GroupWait.Std()
	}
	if r.Urgency != "" {
		own.urgency = r.Urgency
	}
	if r.NoPage != "" {
		own.noPage = r.NoPage == "true"
	}
	if r.Declare != 0 {
		own.declare = r.Declare
	}
	own.path = strings.TrimPrefix(from.path+"/"+r.Matchers.String(), "/")
	return own
}

// setup settles service and policy. The route's word comes first, then the
// alert's own (named by its sender, or in a label "service"), then the
// integration's.
func (w *walk) setup(r *plan.Route, own inherited) Setup {
	s := Setup{Route: r.ID, Name: r.Name, Path: own.path, Service: own.service, Policy: own.policy,
		Wait: own.wait, Urgency: own.urgency, NoPage: own.noPage, Declare: own.declare, matched: r.Matchers.String()}
	for _, name := range []string{w.origin.Service, w.origin.Labels["service"]} {
		if s.Service == "" && w.plan.Service(name) != nil {
			s.Service = name
		}
	}
	if in := w.plan.Integration(w.origin.Integration); s.Service == "" && in != nil {
		s.Service = in.Service
	}
	if svc := w.plan.Service(s.Service); svc != nil {
		if s.Policy == "" {
			s.Policy = svc.Policy
		}
		if s.Urgency == "" {
			s.Urgency = svc.Urgency
		}
	}
	s.Policy = cmp.Or(s.Policy, own.above)
	s.Labels = groupLabels(own.groupBy, w.labels)
	if own.groupBy == nil || everyLabel(own.groupBy) {
		s.Key = w.origin.Key
	}
	return s
}

func everyLabel(by []string) bool { return len(by) == 1 && by[0] == GroupAll }

func groupLabels(by []string, l signal.Labels) signal.Labels {
	if everyLabel(by) {
		return l
	}
	out := signal.Labels{}
	for _, n := range by {
		out[n] = l[n]
	}
	return out
}

// UrgencyOf settles an urgency for a severity.
func UrgencyOf(u plan.Urgency, s signal.Severity) plan.Urgency {
	if u == plan.High || u == plan.Low {
		return u
	}
	if s == signal.Warning || s == signal.Info {
		return plan.Low
	}
	return plan.High
}

// route takes a new alert into the group of every route that wants it.
func (t *turn) route(in Received) {
	t.s.Service = in.Signal.Service
	setups := Routes(t.sc.Plan, t.origin(), t.s.Severity)
	t.s.Service = setups[0].Service
	for _, setup := range setups {
		group := setup.Group()
		t.s.Groups = append(t.s.Groups, group)
		t.out.Add(fact.Fact{Subject: t.s.ID, Text: "Routed to " + destination(t.sc.Plan, setup), Why: whyRoute(setup),
			Body: Routed{Group: group, Setup: setup, Member: t.member()}})
	}
}

func destination(p *plan.Plan, s Setup) string {
	if svc := p.Service(s.Service); svc != nil {
		name := svc.Name
		if name == "" {
			name = svc.ID
		}
		return "service " + name
	}
	if s.Policy != "" {
		return "policy " + s.Policy
	}
	return "no service"
}

func whyRoute(s Setup) fact.Reason {
	if s.Route == "0" {
		return fact.Because("root-route", "no narrower route matches").By(s.Rule())
	}
	return fact.Because("route-matches", fmt.Sprintf("its labels match %s", s.matched)).By(s.Rule())
}
