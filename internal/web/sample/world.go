// Package sample is an invented world for the gallery and for tests: the real
// rules of the core over states in memory, with people, services and nights
// that never were. It is no part of a serving Tocsin.
package sample

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/memory"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/web"
)

// World is the rules, run in memory at times that the story sets.
type World struct {
	*memory.World
	mu      sync.Mutex
	changed []chan struct{}
	// fails says how a contact answers: an error, or nothing for a receipt.
	fails   map[string]string
	rejects map[string]string
}

// NewWorld begins a story at a time, with a plan.
func NewWorld(at time.Time, p *plan.Plan) (*World, error) {
	w := &World{fails: map[string]string{}}
	w.World = memory.New(at, memory.Owner{Lock: &w.mu, Deliver: w.deliver, Committed: w.announce})
	_, err := w.SavePlan(context.Background(), "ana", "first plan", p)
	return w, err
}

// deliver lets messages arrive at once, or fail as the story says.
func (w *World) deliver(s notification.Send) notification.Input {
	if why := w.fails[s.Contact.String()]; why != "" {
		return notification.Failed{ID: s.Message.ID, Attempt: s.Attempt, Error: why}
	}
	return notification.Receipt{ID: s.Message.ID, Attempt: s.Attempt, Status: notification.OutcomeDelivered, Detail: "delivered, sample"}
}

func (w *World) announce() {
	for _, ch := range w.changed {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Must is for stories: a refused step is a mistake of the author.
func (w *World) Must(actor fact.Actor, stream fact.Stream, body any) core.Result {
	r, err := w.Do(context.Background(), actor, stream, body)
	if err != nil {
		panic(fmt.Sprintf("story at %s, %s: %v", w.Now(), stream, err))
	}
	return r
}

// Until lets time pass: every wake fires at its time. It is for stories, too.
func (w *World) Until(at time.Time) {
	if err := w.World.Until(at); err != nil {
		panic(fmt.Sprintf("story until %s: %v", at, err))
	}
}

// Fail makes a contact fail from now on; an empty reason mends it.
func (w *World) Fail(contact, why string) { w.fails[contact] = why }

// NewID makes an id.
func (w *World) NewID(prefix string) string { return w.Mint(prefix, "door") }

// SavePlan makes a new version.
func (w *World) SavePlan(_ context.Context, author, comment string, p *plan.Plan) (int64, error) {
	if err := p.Prepare(time.LoadLocation); err != nil {
		return 0, err
	}
	return w.Adopt(ledger.PlanVersion{Author: author, Comment: comment, Plan: p}), nil
}

func version(v ledger.PlanVersion) web.PlanVersion {
	return web.PlanVersion{Version: v.Version, At: v.At, Author: v.Author, Comment: v.Comment, Plan: v.Plan}
}

// PlanVersions lists versions, newest first.
func (w *World) PlanVersions(ctx context.Context, before int64, limit int) ([]web.PlanVersion, error) {
	list, err := w.World.PlanVersions(ctx, before, limit)
	var out []web.PlanVersion
	for _, v := range list {
		out = append(out, version(v))
	}
	return out, err
}

// PlanVersion finds a version.
func (w *World) PlanVersion(ctx context.Context, number int64) (*web.PlanVersion, error) {
	v, err := w.World.PlanVersion(ctx, number)
	if v == nil || err != nil {
		return nil, err
	}
	out := version(*v)
	return &out, nil
}

// Activity counts what came in, and what the story has refused.
func (w *World) Activity(ctx context.Context) (map[string]web.Activity, error) {
	counted, err := w.World.Activity(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]web.Activity{}
	for id, x := range counted {
		out[id] = web.Activity{LastAt: x.LastAt, Accepted: x.Accepted}
	}
	for id, why := range w.rejects {
		x := out[id]
		x.Rejected, x.LastError, x.RejectedAt = 3, why, w.Now().Add(-41*time.Minute)
		out[id] = x
	}
	return out, nil
}

// Changes tells of commits.
func (w *World) Changes(ctx context.Context) <-chan struct{} {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	w.changed = append(w.changed, ch)
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed = slices.DeleteFunc(w.changed, func(x chan struct{}) bool { return x == ch })
	})
	return ch
}
