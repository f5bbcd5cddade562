// Package sample is an invented world for the gallery and for tests: the real
// rules of the core over maps in memory, with people, services and nights that
// never were. It is no part of a serving Tocsin.
package sample

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
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/web"
)

// World is the rules, run in memory at times that the story sets.
type World struct {
	mu      sync.Mutex
	now     time.Time
	seed    uint64
	plan    *plan.Plan
	board   *plan.Board
	states  map[fact.Stream]core.State
	order   []fact.Stream
	journal []fact.Entry
	rows    []*notification.Row
	wakes   map[wakeKey]time.Time
	plans   []web.PlanVersion
	changed []chan struct{}
	// fails says how a contact answers: an error, or nothing for a receipt.
	fails   map[string]string
	alerts  []*alert.State
	rejects map[string]string
}

type wakeKey struct {
	stream fact.Stream
	key    string
}

// NewWorld begins a story at a time, with a plan.
func NewWorld(at time.Time, p *plan.Plan) (*World, error) {
	w := &World{now: at, board: &plan.Board{}, states: map[fact.Stream]core.State{}, wakes: map[wakeKey]time.Time{}, fails: map[string]string{}}
	_, err := w.SavePlan(context.Background(), "ana", "first plan", p)
	return w, err
}

// Must is for stories: a refused step is a mistake of the author.
func (w *World) Must(actor fact.Actor, stream fact.Stream, body any) core.Result {
	r, err := w.Do(context.Background(), actor, stream, body)
	if err != nil {
		panic(fmt.Sprintf("story at %s, %s: %v", w.now, stream, err))
	}
	return r
}

// Do runs one input through the real rules.
func (w *World) Do(_ context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.do(actor, stream, body)
}

func (w *World) do(actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	w.seed++
	in := core.Input{At: w.now, Seed: fact.Seed(w.seed), Actor: actor, Board: w.board}
	r, err := core.Cascade(w.plan, core.Addressed{Stream: stream, Body: body}, in, func(s fact.Stream) (core.State, error) { return w.states[s], nil })
	if err != nil {
		return r, err
	}
	w.keep(actor, r)
	for _, o := range r.Effects {
		w.perform(o.Effect)
	}
	for _, ch := range w.changed {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
	return r, nil
}

func (w *World) keep(actor fact.Actor, r core.Result) {
	for _, s := range r.Order {
		st := r.States[s]
		if _, known := w.states[s]; !known {
			w.order = append(w.order, s)
		}
		w.states[s] = st
		if a, ok := st.(*alert.State); ok {
			w.keepAlert(a)
		}
		if core.OnBoard(s) {
			w.board = core.Post(w.board, s, st, w.now)
		}
	}
	for _, f := range r.Facts {
		w.record(f.Fact.Body)
		if f.Fact.Unsaid {
			continue
		}
		body, _ := json.Marshal(f.Fact.Body)
		w.journal = append(w.journal, fact.Entry{Pos: int64(len(w.journal) + 1), At: w.now, Stream: f.Stream, Subject: f.Fact.Subject,
			Kind: f.Fact.Body.FactKind(), Text: f.Fact.Text, Why: f.Fact.Why, Actor: actor, Body: body, Plan: w.plan.Version})
	}
	for _, a := range r.Wakes {
		k := wakeKey{a.Stream, a.Wake.Key}
		if a.Wake.At.IsZero() {
			delete(w.wakes, k)
		} else {
			w.wakes[k] = a.Wake.At
		}
	}
}

// keepAlert remembers every alert that ever was: a stream only has the newest.
func (w *World) keepAlert(a *alert.State) {
	i := slices.IndexFunc(w.alerts, func(x *alert.State) bool { return x.ID == a.ID })
	if i < 0 {
		w.alerts = append(w.alerts, a)
		return
	}
	w.alerts[i] = a
}

// perform does what an effect asks: messages arrive at once, or fail as the
// story says.
func (w *World) perform(e fact.Effect) {
	switch b := e.Body.(type) {
	case notification.Send:
		var in notification.Input = notification.Receipt{ID: b.Message.ID, Attempt: b.Attempt, Status: notification.OutcomeDelivered, Detail: "delivered, sample"}
		if why := w.fails[b.Contact.String()]; why != "" {
			in = notification.Failed{ID: b.Message.ID, Attempt: b.Attempt, Error: why}
		}
		_, _ = w.do(fact.System, b.Contact.Stream(), in)
	case board.Sweep:
		for _, s := range slices.Clone(w.order) {
			if s.Kind() == alert.GroupKind && w.states[s] != nil {
				_, _ = w.do(fact.System, s, alert.Recheck{Cause: b.Cause})
			}
		}
	}
}

// Until lets time pass: every wake fires at its time.
func (w *World) Until(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range 10_000 {
		var next wakeKey
		var when time.Time
		for k, t := range w.wakes {
			earlier := t.Before(when) || (t.Equal(when) && string(k.stream)+k.key < string(next.stream)+next.key)
			if !t.After(at) && (when.IsZero() || earlier) {
				next, when = k, t
			}
		}
		if when.IsZero() {
			break
		}
		delete(w.wakes, next)
		if when.After(w.now) {
			w.now = when
		}
		_, _ = w.do(fact.System, next.stream, core.Alarm{Key: next.key})
	}
	if at.After(w.now) {
		w.now = at
	}
}

// Fail makes a contact fail from now on; an empty reason mends it.
func (w *World) Fail(contact, why string) { w.fails[contact] = why }

// record keeps the delivery history, as the engine does.
func (w *World) record(body fact.Body) {
	set := func(id, outcome string, change func(*notification.Row)) {
		for _, r := range w.rows {
			if r.ID == id {
				r.Outcome, r.UpdatedAt = outcome, w.now
				if change != nil {
					change(r)
				}
			}
		}
	}
	switch f := body.(type) {
	case notification.Queue:
		w.rows = append(w.rows, &notification.Row{ID: f.Notification, To: f.To, Kind: f.Message.Kind, Page: f.Message.Page, Incident: f.Message.Incident,
			Outcome: notification.OutcomeQueued, Message: f.Message, CreatedAt: w.now, UpdatedAt: w.now})
	case notification.Arrived:
		set(f.Notification, f.Status, func(r *notification.Row) { r.Attempts, r.Detail = f.Attempt, f.Detail })
	case notification.Failing:
		set(f.Notification, notification.OutcomeFailing, func(r *notification.Row) { r.Attempts, r.Error, r.Again = f.Attempt, f.Error, f.Again })
	case notification.GaveUp:
		set(f.Notification, notification.OutcomeFailed, func(r *notification.Row) { r.Attempts, r.Error = f.Attempt, f.Error })
	case notification.HeldBack:
		set(f.Notification, notification.OutcomeHeld, nil)
	case notification.Folded:
		set(f.Notification, notification.OutcomeFolded, func(r *notification.Row) { r.Into = f.Into })
	case notification.Withdrew:
		set(f.Notification, notification.OutcomeWithdrawn, nil)
	}
}

// Now, Plan and Board are what the pages ask the door.
func (w *World) Now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

// Plan is the newest plan.
func (w *World) Plan() *plan.Plan { w.mu.Lock(); defer w.mu.Unlock(); return w.plan }

// Board is what is in force.
func (w *World) Board() *plan.Board { w.mu.Lock(); defer w.mu.Unlock(); return w.board }

// NewID makes an id.
func (w *World) NewID(prefix string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seed++
	return fact.NewID(prefix, w.now, fact.Seed(w.seed), "door")
}

// SavePlan makes a new version.
func (w *World) SavePlan(_ context.Context, author, comment string, p *plan.Plan) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := p.Prepare(time.LoadLocation); err != nil {
		return 0, err
	}
	p.Version = int64(len(w.plans) + 1)
	w.plan = p
	w.plans = append(w.plans, web.PlanVersion{Version: p.Version, At: w.now, Author: author, Comment: comment, Plan: p})
	return p.Version, nil
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
