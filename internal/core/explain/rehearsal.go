package explain

import (
	"errors"
	"fmt"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// rehearsal is a small world in which time passes and nobody answers.
type rehearsal struct {
	plan   *plan.Plan
	board  *plan.Board
	began  time.Time
	at     time.Time
	states map[fact.Stream]core.State
	order  []fact.Stream // of first appearance, so that a sweep has an order
	wakes  []wake
	seed   fact.Seed
	todo   []core.Addressed
	hear   func(at time.Time, said core.Said)
	inputs int
}

// wake is one appointment; edge is one of the board's, at which groups look
// again at what mutes them.
type wake struct {
	stream fact.Stream
	key    string
	at     time.Time
	edge   bool
}

// maxInputs bounds a rehearsal: an answer for a person must come at once.
const maxInputs = 2000

// errTooLong says that the rehearsal was cut; what was heard until then holds.
var errTooLong = errors.New("too much happens to explain all of it")

func newRehearsal(p *plan.Plan, b *plan.Board, at time.Time, hear func(time.Time, core.Said)) *rehearsal {
	if b == nil {
		b = &plan.Board{}
	}
	r := &rehearsal{plan: p, board: b, began: at, at: at, states: map[fact.Stream]core.State{}, hear: hear}
	for i := range b.Silences {
		r.edges("silence "+b.Silences[i].ID, b.Silences[i].StartsAt, b.Silences[i].EndsAt)
	}
	for i := range b.Maintenance {
		r.edges("maintenance "+b.Maintenance[i].ID, b.Maintenance[i].StartsAt, b.Maintenance[i].EndsAt)
	}
	return r
}

func (r *rehearsal) edges(what string, times ...time.Time) {
	for _, at := range times {
		if at.After(r.at) {
			r.wakes = append(r.wakes, wake{key: what, at: at, edge: true})
		}
	}
}

// know puts a state into the world that is there already.
func (r *rehearsal) know(s fact.Stream, state core.State) {
	if _, seen := r.states[s]; !seen {
		r.order = append(r.order, s)
	}
	r.states[s] = state
}

func (r *rehearsal) load(s fact.Stream) (core.State, error) { return r.states[s], nil }

// submit does one input and all that follows from it at this instant.
func (r *rehearsal) submit(to core.Addressed) error {
	r.todo = append(r.todo, to)
	for len(r.todo) > 0 {
		next := r.todo[0]
		r.todo = r.todo[1:]
		if err := r.one(next); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) one(to core.Addressed) error {
	if r.inputs++; r.inputs > maxInputs {
		return errTooLong
	}
	r.seed++
	res, err := core.Cascade(r.plan, to, core.Input{At: r.at, Seed: r.seed, Actor: fact.System, Board: r.board}, r.load)
	var refused *fact.Refused
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	for _, s := range res.Order {
		r.know(s, res.States[s])
	}
	for _, said := range res.Facts {
		r.hear(r.at, said)
	}
	for _, e := range res.Effects {
		r.effect(e.Effect.Body)
	}
	for _, a := range res.Wakes {
		r.arm(a.Stream, a.Wake)
	}
	return nil
}

// effect lets the world answer: every message is accepted.
func (r *rehearsal) effect(body fact.EffectBody) {
	switch body := body.(type) {
	case notification.Send:
		r.todo = append(r.todo, core.Addressed{Stream: body.Contact.Stream(),
			Body: notification.Receipt{ID: body.Message.ID, Attempt: body.Attempt, Status: notification.OutcomeAccepted}})
	case board.Sweep:
		r.sweep(body.Cause)
	}
}

func (r *rehearsal) sweep(cause string) {
	for _, s := range r.order {
		if s.Kind() == alert.GroupKind && r.states[s] != nil {
			r.todo = append(r.todo, core.Addressed{Stream: s, Body: alert.Recheck{Cause: cause}})
		}
	}
}

func (r *rehearsal) arm(s fact.Stream, w fact.Wake) {
	if s.Kind() == alert.Kind {
		return // its source is taken to go on sending: nobody asks what happens to a fire that is out
	}
	kept := r.wakes[:0]
	for _, x := range r.wakes {
		if x.edge || x.stream != s || x.key != w.Key {
			kept = append(kept, x)
		}
	}
	r.wakes = kept
	if !w.At.IsZero() {
		r.wakes = append(r.wakes, wake{stream: s, key: w.Key, at: w.At})
	}
}

// pass lets time go on, wake by wake.
func (r *rehearsal) pass(until time.Time) error {
	for {
		next := -1
		for i, w := range r.wakes {
			if !w.at.After(until) && (next < 0 || w.at.Before(r.wakes[next].at)) {
				next = i
			}
		}
		if next < 0 {
			return nil
		}
		w := r.wakes[next]
		r.wakes = append(r.wakes[:next], r.wakes[next+1:]...)
		if w.at.After(r.at) {
			r.at = w.at
		}
		if err := r.wake(w); err != nil {
			return err
		}
	}
}

func (r *rehearsal) wake(w wake) error {
	if !w.edge {
		return r.submit(core.Addressed{Stream: w.stream, Body: core.Alarm{Key: w.key}})
	}
	r.sweep(w.key)
	if len(r.todo) == 0 {
		return nil
	}
	first := r.todo[0]
	r.todo = r.todo[1:]
	return r.submit(first)
}
