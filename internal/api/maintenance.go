package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// Maintenance mutes whole services for a while.
type Maintenance struct {
	ID        string    `json:"id"`
	Status    string    `json:"status" enum:"active,pending,expired"`
	Services  []string  `json:"services"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	CreatedBy string    `json:"created_by"`
	Comment   string    `json:"comment"`
	Created   time.Time `json:"created"`
}

func maintenanceView(m plan.Maintenance, now time.Time) Maintenance {
	return Maintenance{ID: m.ID, Status: phase(m.StartsAt, m.EndsAt, now), Services: m.Services, StartsAt: m.StartsAt, EndsAt: m.EndsAt,
		CreatedBy: m.CreatedBy, Comment: m.Comment, Created: m.Created}
}

// MaintenanceBody puts services into maintenance.
type MaintenanceBody struct {
	Services []string `json:"services" minItems:"1"`
	Comment  string   `json:"comment" doc:"What is being done."`
	Span
}

// ServicesBody asks what services would be muted.
type ServicesBody struct {
	Services []string `json:"services" minItems:"1"`
}

func (a *API) maintenance() {
	const tag = "Maintenance"
	add(a, spec{id: "list-maintenance", method: http.MethodGet, path: "/maintenance", tag: tag, role: auth.Viewer, summary: "List maintenance windows, newest first"}, a.listMaintenance)
	add(a, spec{id: "get-maintenance", method: http.MethodGet, path: "/maintenance/{id}", tag: tag, role: auth.Viewer, summary: "Read one maintenance window", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Maintenance], error) { return a.windowNow(ctx, q.in.ID) })
	add(a, spec{id: "preview-maintenance", method: http.MethodPost, path: "/maintenance/preview", tag: tag, role: auth.Viewer, summary: "Show which firing alerts a window over services would mute"},
		func(ctx context.Context, q asked[Posted[ServicesBody]]) (*Out[Preview], error) {
			return a.preview(ctx, func(s *alert.State) bool { return slices.Contains(q.in.Body.Services, s.Service) })
		})
	add(a, spec{id: "create-maintenance", method: http.MethodPost, path: "/maintenance", tag: tag, role: auth.Responder, status: http.StatusCreated, summary: "Put services into maintenance"},
		func(ctx context.Context, q asked[Posted[MaintenanceBody]]) (*Out[Maintenance], error) {
			return a.putMaintenance(ctx, q.who, a.opts.Door.NewID("m"), q.in.Body)
		})
	add(a, spec{id: "update-maintenance", method: http.MethodPut, path: "/maintenance/{id}", tag: tag, role: auth.Responder, summary: "Change a maintenance window", errors: []int{404, 409}},
		func(ctx context.Context, q asked[Bodied[MaintenanceBody]]) (*Out[Maintenance], error) {
			m, err := a.window(ctx, q.in.ID)
			if err != nil {
				return nil, err
			}
			if !m.EndsAt.After(a.opts.Door.Now()) {
				return nil, newProblem(http.StatusConflict, "", "maintenance window "+m.ID+" is over; make a new one")
			}
			return a.putMaintenance(ctx, q.who, q.in.ID, q.in.Body)
		})
	add(a, spec{id: "expire-maintenance", method: http.MethodPost, path: "/maintenance/{id}/expire", tag: tag, role: auth.Responder, summary: "End a maintenance window now", errors: []int{404, 409}},
		func(ctx context.Context, q asked[ByID]) (*Out[Maintenance], error) {
			if _, err := a.opts.Door.Do(ctx, actor(q.who), fact.Of(board.MaintenanceKind, q.in.ID), board.TakeDown{}); err != nil {
				return nil, err
			}
			return a.windowNow(ctx, q.in.ID)
		})
}

func (a *API) listMaintenance(ctx context.Context, q asked[BoardQuery]) (*Out[List[Maintenance]], error) {
	states, err := a.opts.Ledger.States(ctx, board.MaintenanceKind)
	if err != nil {
		return nil, err
	}
	var items []Maintenance
	for _, s := range states {
		if m, ok := s.(*board.Maintenance); ok {
			if v := maintenanceView(m.Maintenance, a.opts.Door.Now()); q.in.chosen(v.Status) {
				items = append(items, v)
			}
		}
	}
	return ordered(items, q.in.Paging, func(m Maintenance) string { return m.ID }), nil
}

func (a *API) window(ctx context.Context, id string) (*board.Maintenance, error) {
	state, err := a.opts.Ledger.State(ctx, fact.Of(board.MaintenanceKind, id))
	if err != nil {
		return nil, err
	}
	m, ok := state.(*board.Maintenance)
	if !ok || m == nil {
		return nil, notFound("maintenance window", id)
	}
	return m, nil
}

func (a *API) windowNow(ctx context.Context, id string) (*Out[Maintenance], error) {
	m, err := a.window(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(maintenanceView(m.Maintenance, a.opts.Door.Now()))
}

func (a *API) putMaintenance(ctx context.Context, who auth.Person, id string, b MaintenanceBody) (*Out[Maintenance], error) {
	start, end, err := b.times(a.opts.Door.Now())
	if err != nil {
		return nil, err
	}
	put := board.PutMaintenance{Maintenance: plan.Maintenance{Services: b.Services, StartsAt: start, EndsAt: end, Comment: b.Comment}}
	if _, err := a.opts.Door.Do(ctx, actor(who), fact.Of(board.MaintenanceKind, id), put); err != nil {
		return nil, err
	}
	return a.windowNow(ctx, id)
}
