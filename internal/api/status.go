package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
)

// Status is how Tocsin itself is, and how much is going on.
type Status struct {
	OK            bool      `json:"ok" doc:"Tocsin sees nothing wrong in itself."`
	Version       string    `json:"version"`
	Plan          int64     `json:"plan" doc:"Version of the plan in force."`
	Now           time.Time `json:"now"`
	Firing        int       `json:"firing_alerts" doc:"500 means that or more; the same for the other counts."`
	Triggered     int       `json:"triggered_pages" doc:"Pages that wait for somebody."`
	Acknowledged  int       `json:"acknowledged_pages"`
	Muted         int       `json:"muted_pages"`
	OpenIncidents int       `json:"open_incidents"`
	Symptoms      []Symptom `json:"symptoms" doc:"What the self-watch sees wrong."`
}

const countTo = 500

func (a *API) status() {
	add(a, spec{id: "get-status", method: http.MethodGet, path: "/status", tag: "Status", role: auth.Viewer, summary: "How Tocsin itself is, and how much is going on"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[Status], error) {
			s := Status{Version: a.opts.Version, Plan: a.opts.Door.Plan().Version, Now: a.opts.Door.Now(), Symptoms: a.opts.Health.Symptoms(ctx)}
			if s.Symptoms == nil {
				s.Symptoms = []Symptom{}
			}
			s.OK = len(s.Symptoms) == 0
			alerts, err := a.opts.Ledger.Alerts(ctx, alert.Filter{Status: alert.Firing, Limit: countTo})
			if err != nil {
				return nil, err
			}
			s.Firing = len(alerts)
			pages, err := a.opts.Ledger.Pages(ctx, page.Filter{Open: true, Limit: countTo})
			if err != nil {
				return nil, err
			}
			for _, p := range pages {
				switch p.Status {
				case page.Triggered:
					s.Triggered++
				case page.Acknowledged:
					s.Acknowledged++
				case page.Muted:
					s.Muted++
				}
			}
			open, err := a.opts.Ledger.Incidents(ctx, incident.Filter{Open: true, Limit: countTo})
			if err != nil {
				return nil, err
			}
			s.OpenIncidents = len(open)
			return answer(s)
		})
}
