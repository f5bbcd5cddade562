package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
)

// Override changes who is on call for a while.
type Override struct {
	ID       string    `json:"id"`
	Status   string    `json:"status" enum:"active,pending,expired"`
	Schedule string    `json:"schedule"`
	Kind     string    `json:"kind" enum:"add,remove,replace,only"`
	User     string    `json:"user,omitempty"`
	Replaces string    `json:"replaces,omitempty"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	By       string    `json:"created_by,omitempty"`
	Comment  string    `json:"comment,omitempty"`
	Created  time.Time `json:"created"`
}

func overrideView(o oncall.Override, now time.Time) Override {
	return Override{ID: o.ID, Status: phase(o.Start, o.End, now), Schedule: o.Schedule, Kind: string(o.Kind), User: o.User, Replaces: o.Replaces,
		StartsAt: o.Start, EndsAt: o.End, By: o.By, Comment: o.Comment, Created: o.Created}
}

// OverrideBody makes an override.
type OverrideBody struct {
	Schedule string `json:"schedule"`
	Kind     string `json:"kind" enum:"add,remove,replace,only" doc:"add joins user; remove takes out replaces; replace puts user in the place of replaces (of everybody, if that is absent); only makes user the whole schedule."`
	User     string `json:"user,omitempty"`
	Replaces string `json:"replaces,omitempty"`
	Comment  string `json:"comment,omitempty"`
	Span
}

// OverrideQuery selects overrides.
type OverrideQuery struct {
	BoardQuery
	Schedule string `query:"schedule"`
}

func (a *API) overrides() {
	const tag = "On call"
	add(a, spec{id: "list-overrides", method: http.MethodGet, path: "/overrides", tag: tag, role: auth.Viewer, summary: "List overrides, newest first"}, a.listOverrides)
	add(a, spec{id: "create-override", method: http.MethodPost, path: "/overrides", tag: tag, role: auth.Responder, status: http.StatusCreated, summary: "Change who is on call for a while"}, a.createOverride)
	add(a, spec{id: "end-override", method: http.MethodPost, path: "/overrides/{id}/end", tag: tag, role: auth.Responder, summary: "End an override now", errors: []int{404, 409}},
		func(ctx context.Context, q asked[ByID]) (*Out[Override], error) {
			if _, err := a.opts.Door.Do(ctx, actor(q.who), fact.Of(board.OverrideKind, q.in.ID), board.TakeDown{}); err != nil {
				return nil, err
			}
			return a.overrideNow(ctx, q.in.ID)
		})
}

func (a *API) listOverrides(ctx context.Context, q asked[OverrideQuery]) (*Out[List[Override]], error) {
	states, err := a.opts.Ledger.States(ctx, board.OverrideKind)
	if err != nil {
		return nil, err
	}
	var items []Override
	for _, s := range states {
		o, ok := s.(*board.Override)
		if !ok || q.in.Schedule != "" && o.Schedule != q.in.Schedule {
			continue
		}
		if v := overrideView(o.Override, a.opts.Door.Now()); q.in.chosen(v.Status) {
			items = append(items, v)
		}
	}
	return ordered(items, q.in.Paging, func(o Override) string { return o.ID }), nil
}

func (a *API) overrideNow(ctx context.Context, id string) (*Out[Override], error) {
	state, err := a.opts.Ledger.State(ctx, fact.Of(board.OverrideKind, id))
	if err != nil {
		return nil, err
	}
	o, ok := state.(*board.Override)
	if !ok || o == nil {
		return nil, notFound("override", id)
	}
	return answer(overrideView(o.Override, a.opts.Door.Now()))
}

func (a *API) createOverride(ctx context.Context, q asked[Posted[OverrideBody]]) (*Out[Override], error) {
	b := q.in.Body
	now := a.opts.Door.Now()
	start, end, err := b.times(now)
	if err != nil {
		return nil, err
	}
	if start.IsZero() {
		start = now
	}
	o := oncall.Override{Schedule: b.Schedule, Kind: oncall.OverrideKind(b.Kind), User: b.User, Replaces: b.Replaces, Start: start, End: end, Comment: b.Comment}
	if err := o.Check(); err != nil {
		var refused *fact.Refused
		if errors.As(err, &refused) && refused.Field == "end" {
			return nil, invalid("ends_at", "%s", refused.Why)
		}
		return nil, err
	}
	id := a.opts.Door.NewID("o")
	if _, err := a.opts.Door.Do(ctx, actor(q.who), fact.Of(board.OverrideKind, id), board.PutOverride{Override: o}); err != nil {
		return nil, err
	}
	return a.overrideNow(ctx, id)
}
