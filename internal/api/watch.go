package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/core/watch"
)

// Heartbeat expects pings.
type Heartbeat struct {
	ID       string          `json:"id"`
	Name     string          `json:"name,omitempty"`
	Service  string          `json:"service,omitempty"`
	Every    plan.Duration   `json:"every"`
	Grace    plan.Duration   `json:"grace,omitempty"`
	Severity signal.Severity `json:"severity,omitempty"`
	State    string          `json:"state" enum:"waiting,beating,missed" doc:"waiting: it was never pinged."`
	LastPing time.Time       `json:"last_ping,omitzero"`
	LateAt   time.Time       `json:"late_at,omitzero" doc:"When it is missed unless it is pinged."`
}

// Check is something that Tocsin looks at itself.
type Check struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	Service    string            `json:"service,omitempty"`
	Type       string            `json:"type"`
	Settings   map[string]string `json:"settings,omitempty"`
	Interval   plan.Duration     `json:"interval"`
	Timeout    plan.Duration     `json:"timeout"`
	Retries    int               `json:"retries"`
	Conditions []string          `json:"conditions,omitempty"`
	Severity   signal.Severity   `json:"severity,omitempty"`
	State      string            `json:"state" enum:"unknown,ok,failing,failed" doc:"failing: it is tried again before anybody is told."`
	Failures   int               `json:"failures,omitempty" doc:"In a row."`
	Reason     string            `json:"reason,omitempty"`
	Since      time.Time         `json:"since,omitzero"`
	Recent     []Probe           `json:"recent" doc:"Latest results, oldest first."`
}

func (a *API) heartbeats() {
	const tag = "Heartbeats and checks"
	add(a, spec{id: "list-heartbeats", method: http.MethodGet, path: "/heartbeats", tag: tag, role: auth.Viewer, summary: "List heartbeats and their state"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[List[Heartbeat]], error) {
			p := a.opts.Door.Plan()
			states, err := byID(ctx, a, watch.HeartbeatKind, func(s *watch.Heartbeat) string { return s.ID })
			if err != nil {
				return nil, err
			}
			var items []Heartbeat
			for i := range p.Heartbeats {
				items = append(items, heartbeatView(&p.Heartbeats[i], states[p.Heartbeats[i].ID]))
			}
			return whole(items)
		})
	add(a, spec{id: "ping-heartbeat", method: http.MethodPost, path: "/heartbeats/{id}/ping", tag: tag, role: auth.Responder, summary: "Say that it is alive", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Heartbeat], error) {
			stream := fact.Of(watch.HeartbeatKind, q.in.ID)
			if _, err := a.opts.Door.Do(ctx, actor(q.who), stream, watch.Ping{}); err != nil {
				return nil, err
			}
			state, err := a.opts.Ledger.State(ctx, stream)
			if err != nil {
				return nil, err
			}
			h := a.opts.Door.Plan().Heartbeat(q.in.ID)
			if h == nil {
				return nil, notFound("heartbeat", q.in.ID)
			}
			s, _ := state.(*watch.Heartbeat)
			return answer(heartbeatView(h, s))
		})
}

// byID reads the states of a kind.
func byID[T any, S interface {
	*T
	core.State
}](ctx context.Context, a *API, kind string, id func(S) string) (map[string]S, error) {
	states, err := a.opts.Ledger.States(ctx, kind)
	if err != nil {
		return nil, err
	}
	out := map[string]S{}
	for _, x := range states {
		if s, ok := x.(S); ok && s != nil {
			out[id(s)] = s
		}
	}
	return out, nil
}

func heartbeatView(h *plan.Heartbeat, s *watch.Heartbeat) Heartbeat {
	v := Heartbeat{ID: h.ID, Name: h.Name, Service: h.Service, Every: h.Every, Grace: h.Grace, Severity: h.Severity, State: "waiting"}
	if s == nil || s.LastPing.IsZero() {
		return v
	}
	v.LastPing, v.LateAt, v.State = s.LastPing, s.LastPing.Add(h.Every.Std()+h.Grace.Std()), "beating"
	if s.Missed {
		v.State = "missed"
	}
	return v
}

func (a *API) checks() {
	const tag = "Heartbeats and checks"
	add(a, spec{id: "list-checks", method: http.MethodGet, path: "/checks", tag: tag, role: auth.Viewer, summary: "List checks, their state and latest results"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[List[Check]], error) {
			p := a.opts.Door.Plan()
			states, err := byID(ctx, a, watch.CheckKind, func(s *watch.Check) string { return s.ID })
			if err != nil {
				return nil, err
			}
			var items []Check
			for i := range p.Checks {
				items = append(items, a.checkView(&p.Checks[i], states[p.Checks[i].ID], 10))
			}
			return whole(items)
		})
	add(a, spec{id: "get-check", method: http.MethodGet, path: "/checks/{id}", tag: tag, role: auth.Viewer, summary: "Read one check and its latest results", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Check], error) {
			c := a.opts.Door.Plan().Check(q.in.ID)
			if c == nil {
				return nil, notFound("check", q.in.ID)
			}
			state, err := a.opts.Ledger.State(ctx, fact.Of(watch.CheckKind, q.in.ID))
			if err != nil {
				return nil, err
			}
			s, _ := state.(*watch.Check)
			return answer(a.checkView(c, s, 100))
		})
}

func (a *API) checkView(c *plan.Check, s *watch.Check, recent int) Check {
	v := Check{ID: c.ID, Name: c.Name, Service: c.Service, Type: c.Type, Settings: checkShown(c.Settings), Interval: c.Interval, Timeout: c.Timeout,
		Retries: c.Retries, Conditions: c.Conditions, Severity: c.Severity, State: "unknown", Recent: a.opts.Probes.Recent(c.ID, recent)}
	if v.Recent == nil {
		v.Recent = []Probe{}
	}
	if s == nil {
		return v
	}
	v.Failures, v.Reason, v.Since = s.Failures, s.Reason, s.Since
	switch {
	case s.Hard:
		v.State = "failed"
	case s.Failures > 0:
		v.State = "failing"
	default:
		v.State = "ok"
	}
	return v
}
