// Package apitest is the world that tests of the API and of the command line
// run in: the real rules of the core over states in memory. Every message is
// delivered at once, and time passes when a test says so.
package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/memory"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// World is a door and a ledger.
type World struct {
	*memory.World
	mu      sync.Mutex
	changed map[chan struct{}]struct{}
	sent    []notification.Send
	fail    error
}

// New is a world with a plan in force as version 1.
func New(p *plan.Plan, at time.Time) (*World, error) {
	w := &World{changed: map[chan struct{}]struct{}{}}
	w.World = memory.New(at, memory.Owner{Lock: &w.mu, Deliver: w.deliver, Committed: w.announce})
	_, err := w.SavePlan(context.Background(), fact.System, ledger.PlanVersion{Author: "setup", Plan: p})
	return w, err
}

func (w *World) deliver(s notification.Send) notification.Input {
	w.sent = append(w.sent, s)
	return notification.Receipt{ID: s.Message.ID, Attempt: s.Attempt, Status: notification.OutcomeDelivered, Detail: "a sample inbox has it"}
}

func (w *World) announce() {
	for c := range w.changed {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Refuse makes the door answer everything with an error, or (nil) open again.
func (w *World) Refuse(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *World) refused() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail
}

// Trigger brings a signal in, as intake does, and returns the alert's id.
func (w *World) Trigger(integration string, sig signal.Signal) (string, error) {
	sig.Action = signal.Trigger
	stream := alert.Stream(integration, sig.DedupKey)
	if _, err := w.Do(context.Background(), fact.Actor{Kind: "integration", ID: integration}, stream, alert.Received{Integration: integration, Signal: sig}); err != nil {
		return "", err
	}
	state, err := w.State(context.Background(), stream)
	if err != nil {
		return "", err
	}
	s, ok := state.(*alert.State)
	if !ok {
		return "", fmt.Errorf("no alert came of %s", sig.DedupKey)
	}
	return s.ID, nil
}

// Sent are the messages that left so far.
func (w *World) Sent() []notification.Send {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// Do runs one input through the rules, unless the door is shut.
func (w *World) Do(ctx context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	if err := w.refused(); err != nil {
		return core.Result{}, err
	}
	return w.World.Do(ctx, actor, stream, body)
}

// Pass lets time go on, wake by wake.
func (w *World) Pass(d time.Duration) error { return w.Until(w.Now().Add(d)) }

// NewID makes an id.
func (w *World) NewID(prefix string) string { return w.Mint(prefix, "") }

// SavePlan copies, prepares and stores a plan, as the engine does.
func (w *World) SavePlan(_ context.Context, actor fact.Actor, v ledger.PlanVersion) (int64, error) {
	data, err := json.Marshal(v.Plan)
	if err != nil {
		return 0, err
	}
	next := new(plan.Plan)
	if err := json.Unmarshal(data, next); err != nil {
		return 0, err
	}
	if err := next.Prepare(time.LoadLocation); err != nil {
		return 0, err
	}
	if err := w.refused(); err != nil {
		return 0, err
	}
	if v.Plan = next; v.Author == "" {
		v.Author = actor.Name()
	}
	version := w.Adopt(v)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.announce()
	return version, nil
}

// PlanVersions lists versions, newest first, without their plans.
func (w *World) PlanVersions(ctx context.Context, before int64, limit int) ([]ledger.PlanVersion, error) {
	list, err := w.World.PlanVersions(ctx, before, limit)
	for i := range list {
		list[i].Plan = nil
	}
	return list, err
}

// Changes tells of commits.
func (w *World) Changes(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	w.changed[c] = struct{}{}
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.changed, c)
		close(c)
	})
	return c
}
