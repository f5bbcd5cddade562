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
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// World is a door and a ledger.
type World struct {
	mu      sync.Mutex
	now     time.Time
	seed    uint64
	plan    *plan.Plan
	board   *plan.Board
	states  map[fact.Stream]core.State
	order   []fact.Stream
	wakes   map[wakeKey]time.Time
	alerts  []*alert.State
	rows    []*notification.Row
	journal []fact.Entry
	plans   []ledger.PlanVersion
	changed map[chan struct{}]struct{}
	sent    []notification.Send
	fail    error
}

type wakeKey struct {
	stream fact.Stream
	key    string
}

// New is a world with a plan in force as version 1.
func New(p *plan.Plan, at time.Time) (*World, error) {
	w := &World{now: at, plan: &plan.Plan{}, board: &plan.Board{}, states: map[fact.Stream]core.State{}, wakes: map[wakeKey]time.Time{}, changed: map[chan struct{}]struct{}{}}
	_, err := w.SavePlan(context.Background(), fact.System, ledger.PlanVersion{Author: "setup", Plan: p})
	return w, err
}

// Refuse makes the door answer everything with an error, or (nil) open again.
func (w *World) Refuse(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

// Trigger brings a signal in, as intake does, and returns the alert's id.
func (w *World) Trigger(integration string, sig signal.Signal) (string, error) {
	sig.Action = signal.Trigger
	stream := alert.Stream(integration, sig.DedupKey)
	if _, err := w.Do(context.Background(), fact.Actor{Kind: "integration", ID: integration}, stream, alert.Received{Integration: integration, Signal: sig}); err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.states[stream].(*alert.State)
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

// Do runs one input through the rules.
func (w *World) Do(_ context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return core.Result{}, w.fail
	}
	return w.do(actor, core.Addressed{Stream: stream, Body: body})
}

func (w *World) do(actor fact.Actor, to core.Addressed) (core.Result, error) {
	w.seed++
	in := core.Input{At: w.now, Seed: fact.Seed(w.seed), Actor: actor, Board: w.board}
	res, err := core.Cascade(w.plan, to, in, func(s fact.Stream) (core.State, error) { return w.states[s], nil })
	if err != nil {
		return res, err
	}
	w.commit(actor, res)
	for _, e := range res.Effects {
		if err := w.perform(e.Effect.Body); err != nil {
			return res, err
		}
	}
	w.announce()
	return res, nil
}

func (w *World) announce() {
	for c := range w.changed {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (w *World) commit(actor fact.Actor, res core.Result) {
	for _, s := range res.Order {
		w.keep(s, res.States[s])
	}
	for _, f := range res.Facts {
		w.project(f.Fact.Body)
		if !f.Fact.Unsaid {
			w.write(f, actor)
		}
	}
	for _, a := range res.Wakes {
		key := wakeKey{a.Stream, a.Wake.Key}
		if delete(w.wakes, key); !a.Wake.At.IsZero() {
			w.wakes[key] = a.Wake.At
		}
	}
}

func (w *World) keep(s fact.Stream, state core.State) {
	if _, known := w.states[s]; !known {
		w.order = append(w.order, s)
	}
	w.states[s] = state
	if a, ok := state.(*alert.State); ok {
		if i := slices.IndexFunc(w.alerts, func(x *alert.State) bool { return x.ID == a.ID }); i >= 0 {
			w.alerts[i] = a
		} else {
			w.alerts = append(w.alerts, a)
		}
	}
	if core.OnBoard(s) {
		w.board = core.Post(w.board, s, state, w.now)
	}
}

func (w *World) write(f core.Said, actor fact.Actor) {
	body, err := json.Marshal(f.Fact.Body)
	if err != nil {
		panic("a fact's body must be plain: " + err.Error())
	}
	w.journal = append(w.journal, fact.Entry{Pos: int64(len(w.journal) + 1), At: w.now, Stream: f.Stream, Subject: f.Fact.Subject, Kind: f.Fact.Body.FactKind(),
		Text: f.Fact.Text, Why: f.Fact.Why, Actor: actor, Body: body, Plan: w.plan.Version})
}

// project keeps the delivery history, as the engine does.
func (w *World) project(body fact.Body) {
	change := func(l notification.Life, outcome string, more func(*notification.Row)) {
		for _, r := range w.rows {
			if r.ID == l.Notification {
				r.Outcome, r.UpdatedAt, r.Attempts = outcome, w.now, max(r.Attempts, l.Attempt)
				more(r)
			}
		}
	}
	switch f := body.(type) {
	case notification.Queue:
		m := f.Message
		w.rows = append(w.rows, &notification.Row{ID: m.ID, To: f.To, Kind: m.Kind, Page: m.Page, Incident: m.Incident, Outcome: notification.OutcomeQueued,
			Message: m, CreatedAt: w.now, UpdatedAt: w.now})
	case notification.Arrived:
		change(f.Life, f.Status, func(r *notification.Row) { r.Detail, r.ProviderID = f.Detail, f.ProviderID })
	case notification.Withdrew:
		change(f.Life, notification.OutcomeWithdrawn, func(*notification.Row) {})
	}
}

func (w *World) perform(body fact.EffectBody) error {
	switch b := body.(type) {
	case notification.Send:
		w.sent = append(w.sent, b)
		_, err := w.do(fact.System, core.Addressed{Stream: b.Contact.Stream(),
			Body: notification.Receipt{ID: b.Message.ID, Attempt: b.Attempt, Status: notification.OutcomeDelivered, Detail: "a sample inbox has it"}})
		return err
	case board.Sweep:
		for _, s := range slices.Clone(w.order) {
			if s.Kind() != alert.GroupKind || w.states[s] == nil {
				continue
			}
			if _, err := w.do(fact.System, core.Addressed{Stream: s, Body: alert.Recheck{Cause: b.Cause}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Pass lets time go on, wake by wake.
func (w *World) Pass(d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	until := w.now.Add(d)
	for {
		key, at, ok := w.next(until)
		if !ok {
			w.now = until
			return nil
		}
		delete(w.wakes, key)
		if at.After(w.now) {
			w.now = at
		}
		if _, err := w.do(fact.System, core.Addressed{Stream: key.stream, Body: core.Alarm{Key: key.key}}); err != nil {
			return err
		}
	}
}

// next is the earliest wake; of those at one time, the first by name.
func (w *World) next(until time.Time) (key wakeKey, at time.Time, ok bool) {
	for k, t := range w.wakes {
		earlier := t.Before(at) || t.Equal(at) && string(k.stream)+k.key < string(key.stream)+key.key
		if !t.After(until) && (!ok || earlier) {
			key, at, ok = k, t, true
		}
	}
	return key, at, ok
}

// NewID makes an id.
func (w *World) NewID(prefix string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seed++
	return fact.NewID(prefix, w.now, fact.Seed(w.seed), "")
}

// Plan is the plan in force.
func (w *World) Plan() *plan.Plan {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.plan
}

// Board is what is in force beside it.
func (w *World) Board() *plan.Board {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.board
}

// Now is the world's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

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
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return 0, w.fail
	}
	next.Version = int64(len(w.plans) + 1)
	v.Version, v.Plan, v.At = next.Version, next, w.now
	if v.Author == "" {
		v.Author = actor.Name()
	}
	w.plans = append(w.plans, v)
	w.plan = next
	w.announce()
	return next.Version, nil
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
