package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
)

// safetyPoll finds wakes that another node armed and whose notice was lost.
const safetyPoll = time.Second

// wakeChunk bounds one reading of due wakes.
const wakeChunk = 512

// failedWakePause keeps a wake that the rules choke on from turning in
// circles; it is loud in the log and in the metrics meanwhile.
const failedWakePause = 30 * time.Second

// poke tells the wake loop of a time that may be sooner than what it waits for.
func (e *Engine) poke(at time.Time) {
	for {
		select {
		case e.nudge <- at:
			return
		case other := <-e.nudge:
			if other.Before(at) {
				at = other
			}
		}
	}
}

// wakeLoop submits every wake when it is due. It keeps only the next time in
// memory: a hundred thousand armed wakes cost rows, not heap.
func (e *Engine) wakeLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := e.now()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-e.nudge:
			if !at.Before(next) {
				continue
			}
			next = at
			timer.Reset(e.pause(next))
		case <-timer.C:
			next = e.fireDue(ctx)
			timer.Reset(e.pause(next))
		}
	}
}

// pause is how long to sleep for a time: never for longer than the safety poll,
// since another node may arm a sooner wake and a clock may be set.
func (e *Engine) pause(until time.Time) time.Duration {
	return max(0, min(safetyPoll, until.Sub(e.now())))
}

// answered says whether another node has answered a wake already: every node
// finds the same ones due. An error answers no, since a wake that fires twice is
// better than one that never does.
func (e *Engine) answered(ctx context.Context, w Wake) bool {
	if e.alone {
		return false
	}
	all, err := e.store.WakesOf(ctx, w.Stream)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(all, func(x Wake) bool { return x.Key == w.Key && !x.At.After(w.At) })
}

// lateEdge says whether another node answered a wake of the board before this
// transaction began. Other streams can tell by their state that a wake comes
// twice; what begins or ends on the board would be said twice. It is asked after
// the streams were read: what is answered later than that is a conflict.
func (e *Engine) lateEdge(ctx context.Context, batch []*request) bool {
	for _, r := range batch {
		for _, w := range r.fired {
			if core.OnBoard(w.Stream) && e.answered(ctx, w) {
				return true
			}
		}
	}
	return false
}

// stillDue drops from a batch that lost a race the wakes that the other node
// answered.
func (e *Engine) stillDue(ctx context.Context, batch []*request) []*request {
	var left []*request
	for _, r := range batch {
		if len(r.fired) == 1 && len(r.inputs) == 1 && e.answered(ctx, r.fired[0]) {
			r.reply <- reply{}
			continue
		}
		left = append(left, r)
	}
	return left
}

// fireDue submits what is due and says when to look again.
func (e *Engine) fireDue(ctx context.Context) time.Time {
	now := e.now()
	for {
		due, err := e.store.DueWakes(ctx, now, wakeChunk)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("due wakes cannot be read", "error", err)
				e.observe.StoreAway()
			}
			return now.Add(safetyPoll / 4)
		}
		if !e.fireAll(ctx, due) {
			return now.Add(safetyPoll) // they are due still, and would be at once again
		}
		if len(due) < wakeChunk || ctx.Err() != nil {
			break
		}
	}
	next, err := e.store.NextWake(ctx)
	if err != nil || next.IsZero() {
		return now.Add(safetyPoll)
	}
	return next
}

// fireAll submits a chunk at once, so that it shares transactions, and waits
// for all of it, so that nothing is read twice. False means that some could not
// be answered and not be put off either.
func (e *Engine) fireAll(ctx context.Context, due []Wake) bool {
	var all sync.WaitGroup
	var stuck atomic.Bool
	for _, w := range due {
		all.Add(1)
		go func() {
			defer all.Done()
			if !e.fire(ctx, w) {
				stuck.Store(true)
			}
			e.observe.Woke(e.now().Sub(w.At))
		}()
	}
	all.Wait()
	return !stuck.Load()
}

func (e *Engine) fire(ctx context.Context, w Wake) bool {
	if e.answered(ctx, w) {
		return true
	}
	_, err := e.submit(&request{ctx: ctx, actor: fact.System, fired: []Wake{w},
		inputs: []core.Addressed{{Stream: w.Stream, Body: core.Alarm{Key: w.Key}}}})
	var refused *fact.Refused
	switch {
	case err == nil || ctx.Err() != nil:
		return true
	case errors.As(err, &refused):
		// What it belongs to left the plan: the wake has nobody to wake.
		_, err = e.submit(&request{ctx: ctx, actor: fact.System, fired: []Wake{w}})
	default:
		e.observe.Defect()
		e.log.Error("a wake cannot be answered; it is tried again later", "stream", w.Stream, "key", w.Key, "error", err)
		_, err = e.submit(&request{ctx: ctx, actor: fact.System, moved: []Wake{{Stream: w.Stream, Key: w.Key, At: e.now().Add(failedWakePause)}}})
	}
	if err != nil && ctx.Err() == nil {
		e.log.Error("a wake cannot be put away", "stream", w.Stream, "key", w.Key, "error", err)
	}
	return err == nil
}
