package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/signal"
)

// AlertQuery selects alerts.
type AlertQuery struct {
	Paging
	Status   string    `query:"status" enum:"firing,resolved"`
	Service  string    `query:"service"`
	Severity string    `query:"severity" enum:"critical,error,warning,info"`
	Matcher  string    `query:"matcher" doc:"Alertmanager's grammar, on labels: team=\"core\", env!~\"dev|test\"."`
	Text     string    `query:"q" doc:"Part of the summary; letter case is ignored."`
	Since    time.Time `query:"since" doc:"Received at or after this time."`
}

func (q AlertQuery) filter() (alert.Filter, error) {
	f := alert.Filter{Status: alert.Status(q.Status), Service: q.Service, Severity: signal.Severity(q.Severity), Text: q.Text, Since: q.Since,
		Before: q.Before, Limit: q.ask()}
	if q.Matcher != "" {
		ms, err := signal.ParseMatchers(q.Matcher)
		if err != nil {
			return f, invalid("matcher", "%v", err)
		}
		f.Matchers = ms
	}
	return f, nil
}

// TimelineQuery reads a timeline on.
type TimelineQuery struct {
	ByID
	After int64 `query:"after" minimum:"0" doc:"Cursor: only entries after this place."`
	Limit int   `query:"limit" minimum:"1" maximum:"400" default:"200"`
}

func (a *API) alerts() {
	add(a, spec{id: "list-alerts", method: http.MethodGet, path: "/alerts", tag: "Alerts", role: auth.Viewer, summary: "List alerts, newest first"},
		func(ctx context.Context, q asked[AlertQuery]) (*Out[List[alert.State]], error) {
			f, err := q.in.filter()
			if err != nil {
				return nil, err
			}
			rows, err := a.opts.Ledger.Alerts(ctx, f)
			if err != nil {
				return nil, err
			}
			return listed(rows, q.in.Limit, func(s *alert.State) alert.State { return *s }, func(s *alert.State) string { return s.ID }), nil
		})
	add(a, spec{id: "get-alert", method: http.MethodGet, path: "/alerts/{id}", tag: "Alerts", role: auth.Viewer, summary: "Read one alert", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[alert.State], error) {
			s, err := a.alert(ctx, q.in.ID)
			if err != nil {
				return nil, err
			}
			return answer(*s)
		})
	add(a, spec{id: "get-alert-timeline", method: http.MethodGet, path: "/alerts/{id}/timeline", tag: "Alerts", role: auth.Viewer,
		summary: "Everything that happened to an alert, with reasons, oldest first", errors: []int{404}},
		func(ctx context.Context, q asked[TimelineQuery]) (*Out[List[Entry]], error) {
			if _, err := a.alert(ctx, q.in.ID); err != nil {
				return nil, err
			}
			return a.timeline(ctx, q.in, q.in.ID)
		})
	add(a, spec{id: "resolve-alert", method: http.MethodPost, path: "/alerts/{id}/resolve", tag: "Alerts", role: auth.Responder,
		summary: "Resolve an alert by hand", about: "If its source sends it again, that is a new alert.", errors: []int{404, 409}},
		a.resolveAlert)
}

func (a *API) alert(ctx context.Context, id string) (*alert.State, error) {
	s, err := a.opts.Ledger.Alert(ctx, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, notFound("alert", id)
	}
	return s, nil
}

func (a *API) resolveAlert(ctx context.Context, q asked[ByID]) (*Out[alert.State], error) {
	s, err := a.alert(ctx, q.in.ID)
	if err != nil {
		return nil, err
	}
	if s.Status == alert.Resolved {
		return nil, newProblem(http.StatusConflict, "", "alert "+s.ID+" is resolved already")
	}
	why := fact.Because("by-hand", q.who.Name+" resolved it")
	if _, err := a.opts.Door.Do(ctx, actor(q.who), alert.Stream(s.Integration, s.DedupKey), alert.Close{Why: why}); err != nil {
		return nil, err
	}
	if s, err = a.alert(ctx, q.in.ID); err != nil {
		return nil, err
	}
	return answer(*s)
}

// timeline reads the entries of some subjects.
func (a *API) timeline(ctx context.Context, q *TimelineQuery, subjects ...string) (*Out[List[Entry]], error) {
	rows, err := a.opts.Ledger.Timeline(ctx, subjects, q.After, q.Limit+1)
	if err != nil {
		return nil, err
	}
	return listed(rows, q.Limit, entryView, entryCursor), nil
}
