// Package memory runs the rules over states in memory: the door and the ledger
// that tests and the gallery stand on instead of an engine and a store. It does
// at once what the engine does by its loops; time passes when its owner says
// so. It never waits, locks by what it is given, and no serving Tocsin uses it.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// maxWakes ends a world whose rules ask to be woken for ever.
const maxWakes = 100_000

// Owner is what a world leaves to whoever made it.
type Owner struct {
	// Lock guards the world. It is held while the functions below run.
	Lock interface {
		Lock()
		Unlock()
	}
	// Deliver says how a message fares: a receipt or a failure.
	Deliver func(notification.Send) notification.Input
	// Committed is called after each commit.
	Committed func()
}

// World is a door and a ledger.
type World struct {
	owner   Owner
	now     time.Time
	seed    uint64
	plan    *plan.Plan
	board   *plan.Board
	states  map[fact.Stream]core.State
	order   []fact.Stream // of the states, by their first change
	wakes   []ledger.Wake
	alerts  []*alert.State // all that ever were: a stream only has the newest
	rows    []notification.Row
	journal []fact.Entry
	plans   []ledger.PlanVersion
}

// New is a world without a plan; Adopt gives it one.
func New(at time.Time, o Owner) *World {
	return &World{owner: o, now: at, plan: &plan.Plan{}, board: &plan.Board{}, states: map[fact.Stream]core.State{}}
}

func (w *World) locked() (unlock func()) {
	w.owner.Lock.Lock()
	return w.owner.Lock.Unlock
}

// Do runs one input through the rules, and what follows from it.
func (w *World) Do(_ context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	defer w.locked()()
	return w.do(actor, core.Addressed{Stream: stream, Body: body})
}

func (w *World) do(actor fact.Actor, to core.Addressed) (core.Result, error) {
	w.seed++
	in := core.Input{At: w.now, Seed: fact.Seed(w.seed), Actor: actor, Board: w.board}
	res, err := core.Cascade(w.plan, to, in, func(s fact.Stream) (core.State, error) { return w.states[s], nil })
	if err != nil {
		return res, err
	}
	if err := w.commit(actor, res); err != nil {
		return res, err
	}
	for _, e := range res.Effects {
		if err := w.perform(e.Effect.Body); err != nil {
			return res, err
		}
	}
	w.owner.Committed()
	return res, nil
}

func (w *World) commit(actor fact.Actor, res core.Result) error {
	for _, s := range res.Order {
		w.keep(s, res.States[s])
	}
	for _, f := range res.Facts {
		w.project(f.Fact.Body)
		if f.Fact.Unsaid {
			continue
		}
		if err := w.write(f, actor); err != nil {
			return err
		}
	}
	for _, a := range res.Wakes {
		w.disarm(a.Stream, a.Wake.Key)
		if !a.Wake.At.IsZero() {
			w.wakes = append(w.wakes, ledger.Wake{Stream: a.Stream, Key: a.Wake.Key, At: a.Wake.At})
		}
	}
	return nil
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

func (w *World) write(f core.Said, actor fact.Actor) error {
	body, err := json.Marshal(f.Fact.Body)
	if err != nil {
		return fmt.Errorf("write a fact of %s down: %w", f.Stream, err)
	}
	w.journal = append(w.journal, fact.Entry{Pos: int64(len(w.journal) + 1), At: w.now, Stream: f.Stream, Subject: f.Fact.Subject, Kind: f.Fact.Body.FactKind(),
		Text: f.Fact.Text, Why: f.Fact.Why, Actor: actor, Body: body, Plan: w.plan.Version})
	return nil
}

// project keeps the delivery history, as the engine does.
func (w *World) project(body fact.Body) {
	switch f := body.(type) {
	case notification.Queue:
		m := f.Message
		w.rows = append(w.rows, notification.Row{ID: f.Notification, To: f.To, Kind: m.Kind, Page: m.Page, Incident: m.Incident,
			Outcome: notification.OutcomeQueued, Message: m, CreatedAt: w.now, UpdatedAt: w.now})
	case notification.Arrived:
		w.change(f.Life, f.Status, func(r *notification.Row) { r.Detail, r.ProviderID = f.Detail, f.ProviderID })
	case notification.Failing:
		w.change(f.Life, notification.OutcomeFailing, func(r *notification.Row) { r.Error, r.Again = f.Error, f.Again })
	case notification.GaveUp:
		w.change(f.Life, notification.OutcomeFailed, func(r *notification.Row) { r.Error = f.Error })
	case notification.HeldBack:
		w.change(f.Life, notification.OutcomeHeld, func(*notification.Row) {})
	case notification.Folded:
		w.change(f.Life, notification.OutcomeFolded, func(r *notification.Row) { r.Into = f.Into })
	case notification.Withdrew:
		w.change(f.Life, notification.OutcomeWithdrawn, func(*notification.Row) {})
	}
}

func (w *World) change(l notification.Life, outcome string, more func(*notification.Row)) {
	i := slices.IndexFunc(w.rows, func(r notification.Row) bool { return r.ID == l.Notification })
	if i < 0 {
		return
	}
	r := &w.rows[i]
	r.Outcome, r.UpdatedAt, r.Attempts = outcome, w.now, max(r.Attempts, l.Attempt)
	more(r)
}

func (w *World) perform(body fact.EffectBody) error {
	switch b := body.(type) {
	case notification.Send:
		_, err := w.do(fact.System, core.Addressed{Stream: b.Contact.Stream(), Body: w.owner.Deliver(b)})
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

// Until lets time go on, wake by wake. It never goes back.
func (w *World) Until(at time.Time) error {
	defer w.locked()()
	for range maxWakes {
		wake, ok := w.next(at)
		if !ok {
			w.now = later(w.now, at)
			return nil
		}
		w.disarm(wake.Stream, wake.Key)
		w.now = later(w.now, wake.At)
		if _, err := w.do(fact.System, core.Addressed{Stream: wake.Stream, Body: core.Alarm{Key: wake.Key}}); err != nil {
			return fmt.Errorf("wake %s of %s: %w", wake.Key, wake.Stream, err)
		}
	}
	return fmt.Errorf("more than %d wakes until %s", maxWakes, at)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (w *World) disarm(s fact.Stream, key string) {
	w.wakes = slices.DeleteFunc(w.wakes, func(x ledger.Wake) bool { return x.Stream == s && x.Key == key })
}

// next is the earliest wake; of those at one time, the first by name.
func (w *World) next(until time.Time) (first ledger.Wake, ok bool) {
	for _, x := range w.wakes {
		if x.At.After(until) {
			continue
		}
		if !ok || x.At.Before(first.At) || x.At.Equal(first.At) && name(x) < name(first) {
			first, ok = x, true
		}
	}
	return first, ok
}

func name(x ledger.Wake) string { return string(x.Stream) + x.Key }

// Adopt puts a prepared plan in force as the next version.
func (w *World) Adopt(v ledger.PlanVersion) int64 {
	defer w.locked()()
	v.Version, v.At = int64(len(w.plans)+1), w.now
	v.Plan.Version = v.Version
	w.plans = append(w.plans, v)
	w.plan = v.Plan
	return v.Version
}

// Mint makes an id; salt tells apart who asks.
func (w *World) Mint(prefix, salt string) string {
	defer w.locked()()
	w.seed++
	return fact.NewID(prefix, w.now, fact.Seed(w.seed), salt)
}

// Plan is the plan in force.
func (w *World) Plan() *plan.Plan { defer w.locked()(); return w.plan }

// Board is what is in force beside it.
func (w *World) Board() *plan.Board { defer w.locked()(); return w.board }

// Now is the world's time.
func (w *World) Now() time.Time { defer w.locked()(); return w.now }
