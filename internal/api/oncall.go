package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
)

// OnCall is who is on call in one schedule at an instant.
type OnCall struct {
	Schedule   string        `json:"schedule"`
	Name       string        `json:"name,omitempty"`
	Zone       string        `json:"zone"`
	On         []oncall.Duty `json:"on"`
	Nobody     *fact.Reason  `json:"nobody,omitempty" doc:"Why nobody is on call."`
	NextChange time.Time     `json:"next_change,omitzero" doc:"When other people are; absent if not within 90 days."`
}

// Calendar is a flattened schedule in a window of time.
type Calendar struct {
	Schedule string         `json:"schedule"`
	Zone     string         `json:"zone"`
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Shifts   []oncall.Shift `json:"shifts"`
	Gaps     []oncall.Gap   `json:"gaps" doc:"Times with nobody on call."`
	Layers   []LayerShifts  `json:"layers" doc:"What each layer alone says, whatever covers it."`
}

// LayerShifts is one row of the calendar.
type LayerShifts struct {
	Name   string         `json:"name"`
	Shifts []oncall.Shift `json:"shifts"`
}

// AtQuery asks about an instant.
type AtQuery struct {
	At time.Time `query:"at" doc:"Absent: now."`
}

// WindowQuery asks about a window of time.
type WindowQuery struct {
	ByID
	From time.Time `query:"from" doc:"Absent: now."`
	To   time.Time `query:"to" doc:"Absent: two weeks after from. A window has at most 100 days."`
}

func (a *API) oncall() {
	const tag = "On call"
	add(a, spec{id: "list-on-call", method: http.MethodGet, path: "/oncall", tag: tag, role: auth.Viewer, summary: "Who is on call, in every schedule"},
		func(_ context.Context, q asked[AtQuery]) (*Out[List[OnCall]], error) {
			p, b, at := a.opts.Door.Plan(), a.opts.Door.Board(), a.at(q.in.At)
			var items []OnCall
			for i := range p.Schedules {
				items = append(items, onCall(&p.Schedules[i], b.Overrides, at))
			}
			return whole(items)
		})
	add(a, spec{id: "get-schedule", method: http.MethodGet, path: "/schedules/{id}", tag: tag, role: auth.Viewer, summary: "Shifts and gaps of a schedule", errors: []int{404}}, a.calendar)
}

// at is the time that a request means.
func (a *API) at(t time.Time) time.Time {
	if t.IsZero() {
		return a.opts.Door.Now()
	}
	return t
}

func onCall(s *oncall.Schedule, overrides []oncall.Override, at time.Time) OnCall {
	v := OnCall{Schedule: s.ID, Name: s.Name, Zone: s.Zone, On: s.On(overrides, at), NextChange: s.NextChange(overrides, at)}
	if len(v.On) == 0 {
		why := s.Nobody(overrides, at)
		v.On, v.Nobody = []oncall.Duty{}, &why
	}
	return v
}

const (
	usualWindow   = 14 * 24 * time.Hour
	longestWindow = 100 * 24 * time.Hour
)

func (a *API) calendar(_ context.Context, q asked[WindowQuery]) (*Out[Calendar], error) {
	s := a.opts.Door.Plan().Schedule(q.in.ID)
	if s == nil {
		return nil, notFound("schedule", q.in.ID)
	}
	from, to := a.at(q.in.From), q.in.To
	if to.IsZero() {
		to = from.Add(usualWindow)
	}
	switch {
	case !to.After(from):
		return nil, invalid("to", "a window ends after it starts")
	case to.Sub(from) > longestWindow:
		return nil, invalid("to", "a window has at most 100 days")
	}
	overrides := a.opts.Door.Board().Overrides
	v := Calendar{Schedule: s.ID, Zone: s.Zone, From: from, To: to, Shifts: s.Shifts(overrides, from, to), Gaps: s.Gaps(overrides, from, to), Layers: []LayerShifts{}}
	if v.Gaps == nil {
		v.Gaps = []oncall.Gap{}
	}
	for i := range s.Layers {
		v.Layers = append(v.Layers, LayerShifts{Name: s.Layers[i].Name, Shifts: s.LayerShifts(i, from, to)})
	}
	return answer(v)
}
