package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Silence mutes alerts for a while.
type Silence struct {
	ID        string    `json:"id"`
	Status    string    `json:"status" enum:"active,pending,expired"`
	Matchers  []string  `json:"matchers" doc:"Sets of matchers; an alert is muted if any set matches it."`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	CreatedBy string    `json:"created_by"`
	Comment   string    `json:"comment"`
	Created   time.Time `json:"created"`
}

func silenceView(s plan.Silence, now time.Time) Silence {
	v := Silence{ID: s.ID, Status: phase(s.StartsAt, s.EndsAt, now), StartsAt: s.StartsAt, EndsAt: s.EndsAt, CreatedBy: s.CreatedBy, Comment: s.Comment, Created: s.Created}
	for _, ms := range s.Matchers {
		v.Matchers = append(v.Matchers, ms.String())
	}
	return v
}

// SilenceBody puts a silence in force.
type SilenceBody struct {
	Matchers []string `json:"matchers" minItems:"1" doc:"Each is a set in Alertmanager's grammar; an alert is muted if any set matches it." example:"[\"team=\\\"core\\\", env!~\\\"dev|test\\\"\"]"`
	Comment  string   `json:"comment" doc:"Why, for whoever wonders at night."`
	Span
}

// ExtendBody moves the end.
type ExtendBody struct{ Span }

// PreviewBody asks what matchers select.
type PreviewBody struct {
	Matchers []string `json:"matchers" minItems:"1"`
}

// Preview is what would be muted now.
type Preview struct {
	Firing int           `json:"firing" doc:"Alerts that fire now."`
	Muted  int           `json:"muted" doc:"Those of them that would be muted."`
	Items  []alert.State `json:"items" doc:"The newest of those, at most 100."`
}

func (a *API) silences() {
	add(a, spec{id: "list-silences", method: http.MethodGet, path: "/silences", tag: "Silences", role: auth.Viewer, summary: "List silences, newest first"}, a.listSilences)
	add(a, spec{id: "get-silence", method: http.MethodGet, path: "/silences/{id}", tag: "Silences", role: auth.Viewer, summary: "Read one silence", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Silence], error) { return a.silenceNow(ctx, q.in.ID) })
	add(a, spec{id: "preview-silence", method: http.MethodPost, path: "/silences/preview", tag: "Silences", role: auth.Viewer,
		summary: "Show what matchers would mute now; nothing is changed"}, a.previewSilence)
	add(a, spec{id: "create-silence", method: http.MethodPost, path: "/silences", tag: "Silences", role: auth.Responder, status: http.StatusCreated, summary: "Put a silence in force"},
		func(ctx context.Context, q asked[Posted[SilenceBody]]) (*Out[Silence], error) {
			return a.putSilence(ctx, q.who, a.opts.Door.NewID("s"), q.in.Body)
		})
	add(a, spec{id: "update-silence", method: http.MethodPut, path: "/silences/{id}", tag: "Silences", role: auth.Responder, summary: "Change a silence that is not over", errors: []int{404, 409}},
		func(ctx context.Context, q asked[Bodied[SilenceBody]]) (*Out[Silence], error) {
			if _, err := a.silence(ctx, q.in.ID); err != nil {
				return nil, err
			}
			return a.putSilence(ctx, q.who, q.in.ID, q.in.Body)
		})
	add(a, spec{id: "extend-silence", method: http.MethodPost, path: "/silences/{id}/extend", tag: "Silences", role: auth.Responder,
		summary: "Move the end of a silence; a duration counts from now", errors: []int{404, 409}}, a.extendSilence)
	add(a, spec{id: "expire-silence", method: http.MethodPost, path: "/silences/{id}/expire", tag: "Silences", role: auth.Responder, summary: "End a silence now", errors: []int{404, 409}},
		func(ctx context.Context, q asked[ByID]) (*Out[Silence], error) {
			if _, err := a.opts.Door.Do(ctx, actor(q.who), fact.Of(board.SilenceKind, q.in.ID), board.TakeDown{}); err != nil {
				return nil, err
			}
			return a.silenceNow(ctx, q.in.ID)
		})
}

func (a *API) listSilences(ctx context.Context, q asked[BoardQuery]) (*Out[List[Silence]], error) {
	states, err := a.opts.Ledger.States(ctx, board.SilenceKind)
	if err != nil {
		return nil, err
	}
	var items []Silence
	for _, s := range states {
		if s, ok := s.(*board.Silence); ok {
			if v := silenceView(s.Silence, a.opts.Door.Now()); q.in.chosen(v.Status) {
				items = append(items, v)
			}
		}
	}
	return ordered(items, q.in.Paging, func(s Silence) string { return s.ID }), nil
}

func (a *API) silence(ctx context.Context, id string) (*board.Silence, error) {
	state, err := a.opts.Ledger.State(ctx, fact.Of(board.SilenceKind, id))
	if err != nil {
		return nil, err
	}
	s, ok := state.(*board.Silence)
	if !ok || s == nil {
		return nil, notFound("silence", id)
	}
	return s, nil
}

func (a *API) silenceNow(ctx context.Context, id string) (*Out[Silence], error) {
	s, err := a.silence(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(silenceView(s.Silence, a.opts.Door.Now()))
}

// matchers reads the sets, naming the one that is wrong.
func matchers(words []string) ([]signal.Matchers, error) {
	var out []signal.Matchers
	for i, w := range words {
		ms, err := signal.ParseMatchers(w)
		if err != nil {
			return nil, invalid("matchers["+strconv.Itoa(i)+"]", "%v", err)
		}
		out = append(out, ms)
	}
	return out, nil
}

func (a *API) putSilence(ctx context.Context, who auth.Person, id string, b SilenceBody) (*Out[Silence], error) {
	ms, err := matchers(b.Matchers)
	if err != nil {
		return nil, err
	}
	start, end, err := b.times(a.opts.Door.Now())
	if err != nil {
		return nil, err
	}
	put := board.PutSilence{Silence: plan.Silence{Matchers: ms, StartsAt: start, EndsAt: end, Comment: b.Comment}}
	if _, err := a.opts.Door.Do(ctx, actor(who), fact.Of(board.SilenceKind, id), put); err != nil {
		return nil, err
	}
	return a.silenceNow(ctx, id)
}

func (a *API) extendSilence(ctx context.Context, q asked[Bodied[ExtendBody]]) (*Out[Silence], error) {
	s, err := a.silence(ctx, q.in.ID)
	if err != nil {
		return nil, err
	}
	_, end, err := q.in.Body.times(a.opts.Door.Now())
	if err != nil {
		return nil, err
	}
	next := s.Silence
	next.EndsAt = end
	if _, err := a.opts.Door.Do(ctx, actor(q.who), fact.Of(board.SilenceKind, q.in.ID), board.PutSilence{Silence: next}); err != nil {
		return nil, err
	}
	return a.silenceNow(ctx, q.in.ID)
}

// maxPreview bounds the alerts that a preview looks at.
const maxPreview = 5000

func (a *API) previewSilence(ctx context.Context, q asked[Posted[PreviewBody]]) (*Out[Preview], error) {
	sets, err := matchers(q.in.Body.Matchers)
	if err != nil {
		return nil, err
	}
	silence := plan.Silence{Matchers: sets}
	return a.preview(ctx, func(s *alert.State) bool {
		// The same labels that a silence in force sees.
		return silence.Matches(alert.Origin{Labels: s.Labels, Service: s.Service, Integration: s.Integration}.RouteLabels(s.Severity))
	})
}

// preview counts the firing alerts that something would mute.
func (a *API) preview(ctx context.Context, mutes func(*alert.State) bool) (*Out[Preview], error) {
	p := Preview{Items: []alert.State{}}
	for before := ""; p.Firing < maxPreview; {
		rows, err := a.opts.Ledger.Alerts(ctx, alert.Filter{Status: alert.Firing, Before: before, Limit: 200})
		if err != nil {
			return nil, err
		}
		for _, s := range rows {
			before = s.ID
			p.Firing++
			if !mutes(s) {
				continue
			}
			if p.Muted++; len(p.Items) < 100 {
				p.Items = append(p.Items, *s)
			}
		}
		if len(rows) < 200 {
			break
		}
	}
	return answer(p)
}
