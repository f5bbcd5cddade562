package explain

import (
	"errors"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// DefaultHorizon and MaxHorizon bound how far an explanation looks ahead.
const (
	DefaultHorizon = time.Hour
	MaxHorizon     = 7 * 24 * time.Hour
)

// Question is an alert that might come in. Plan is prepared; the other fields
// may be empty. Service is one that the sender itself names.
type Question struct {
	Plan        *plan.Plan
	Board       *plan.Board
	At          time.Time
	Labels      signal.Labels
	Severity    signal.Severity
	Integration string
	Service     string
	Horizon     time.Duration // 0: DefaultHorizon
}

// Answer is what would become of it.
type Answer struct {
	At time.Time `json:"at"`
	// Route names the route that takes it, Path its matchers from the root
	// down, and Why is the reason.
	Route string      `json:"route"`
	Path  string      `json:"path"`
	Why   fact.Reason `json:"why"`
	// Group are the labels that its group has in common.
	Group   signal.Labels `json:"group,omitempty"`
	Service string        `json:"service,omitempty"`
	Policy  string        `json:"policy,omitempty"`
	Urgency plan.Urgency  `json:"urgency"`
	NoPage  bool          `json:"no_page,omitempty"`
	Wait    plan.Duration `json:"group_wait,omitzero"`
	Declare int           `json:"declare,omitempty"`
	// Muted says what mutes it at first; absent if nothing does.
	Muted      *fact.Reason `json:"muted,omitempty"`
	MutedUntil time.Time    `json:"muted_until,omitzero"`
	// Steps are what happens until the horizon if nobody answers.
	Steps []Step `json:"steps"`
	// Cut: more happens than could be listed.
	Cut bool `json:"cut,omitempty"`
	// Also are further routes that take it, because one before them continues.
	Also []Answer `json:"also,omitempty"`
}

// Explain plays the alert forward. The first answer is the first route that
// takes it.
func Explain(q Question) (Answer, error) {
	if q.Horizon <= 0 {
		q.Horizon = DefaultHorizon
	}
	q.Horizon = min(q.Horizon, MaxHorizon)
	if q.Board == nil {
		q.Board = &plan.Board{}
	}
	setups := alert.Routes(q.Plan, q.origin(), q.Severity)
	answers := make([]Answer, len(setups))
	for i, setup := range setups {
		var err error
		if answers[i], err = q.road(setup); err != nil {
			return Answer{}, err
		}
	}
	answers[0].Also = answers[1:]
	return answers[0], nil
}

func (q Question) origin() alert.Origin {
	return alert.Origin{Labels: q.Labels, Service: q.Service, Integration: q.Integration}
}

// road plays one route alone, so that two pages of one alert do not mix.
func (q Question) road(setup alert.Setup) (Answer, error) {
	o := q.origin()
	o.Service = setup.Service // as the alert's own step does before it joins
	a := Answer{At: q.At, Route: setup.Rule(), Path: setup.Path, Why: q.whyRoute(setup), Service: setup.Service, Policy: setup.Policy,
		Group: setup.Labels, Urgency: alert.UrgencyOf(setup.Urgency, q.Severity), NoPage: setup.NoPage, Wait: plan.Duration(setup.Wait), Declare: setup.Declare}
	labels := o.RouteLabels(q.Severity)
	sc := plan.Scene{Plan: q.Plan, Board: q.Board, At: q.At}
	if why, until := alert.MutedBy(sc, labels, setup.Service); why.Code != "" && !setup.NoPage {
		a.Muted, a.MutedUntil = &why, until
	}
	n := &narrator{plan: q.Plan, began: q.At}
	r := newRehearsal(q.Plan, q.Board, q.At, n.hear)
	member := alert.Member{Alert: "this alert", Stream: alert.Stream(q.Integration, "explain"), Severity: q.Severity, Summary: "this alert", Labels: labels, Since: q.At}
	err := r.submit(core.Addressed{Stream: setup.Group(), Body: alert.Join{Setup: setup, Member: member}})
	if err == nil {
		err = r.pass(q.At.Add(q.Horizon))
	}
	if errors.Is(err, errTooLong) {
		a.Cut, err = true, nil
	}
	a.Steps = n.steps
	if a.Steps == nil {
		a.Steps = []Step{}
	}
	return a, err
}

// whyRoute says why a route takes the alert, as the alert's own timeline does.
func (q Question) whyRoute(s alert.Setup) fact.Reason {
	r := q.Plan.RouteByID(s.Route)
	if r == nil || s.Route == "0" {
		return fact.Because("root-route", "no narrower route matches").By(s.Rule())
	}
	return fact.Because("route-matches", "its labels match "+r.Matchers.String()).By(s.Rule())
}
