package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// maxBatch bounds the inputs that share one transaction. While one batch is
// being synced the next gathers by itself, so there is no waiting for company.
const maxBatch = 256

// maxQueue bounds the requests that wait. It is a brake for memory only;
// overload is told by the age of the oldest request, not by their number.
const maxQueue = 16_384

// maxAge is how long a request may have waited before newcomers are turned
// away: better an honest "later" than an answer after the sender gave up.
const maxAge = 2 * time.Second

// ErrBusy says that requests are waiting too long: come back later. Nothing
// was taken.
var ErrBusy = errors.New("too much is waiting to be written")

// ErrStopped says that this node is going: nothing was taken, or the caller
// cannot know. Another node, or the next start, takes a repeat.
var ErrStopped = errors.New("this node is stopping")

// unread is a board version that no board has.
const unread = -1

// request is what one caller wants done, as a whole or not at all.
type request struct {
	ctx      context.Context
	actor    fact.Actor
	inputs   []core.Addressed
	plan     *PlanVersion
	fired    []Wake
	finished []string
	moved    []Wake
	since    time.Duration // of the engine's age
	reply    chan reply
}

type reply struct {
	result core.Result
	err    error
}

// Do steps one stream and everything that follows from it. It returns when all
// of it is on disk. A *fact.Refused error is an answer for whoever asked.
func (e *Engine) Do(ctx context.Context, actor fact.Actor, stream fact.Stream, body any) (core.Result, error) {
	return e.Submit(ctx, actor, core.Addressed{Stream: stream, Body: body})
}

// Submit steps several streams as one: all of it is written, or nothing.
func (e *Engine) Submit(ctx context.Context, actor fact.Actor, inputs ...core.Addressed) (core.Result, error) {
	if since := e.oldest.Load(); since != 0 && e.age()-time.Duration(since)*time.Microsecond > maxAge {
		return core.Result{}, ErrBusy
	}
	return e.submit(&request{ctx: ctx, actor: actor, inputs: inputs})
}

// submit queues a request whatever the age of the queue: what the engine wants
// of itself is never turned away.
func (e *Engine) submit(r *request) (core.Result, error) {
	r.reply = make(chan reply, 1)
	r.since = e.age()
	select {
	case e.queue <- r:
	case <-r.ctx.Done():
		return core.Result{}, r.ctx.Err()
	case <-e.closed:
		return core.Result{}, ErrStopped
	}
	select {
	case got := <-r.reply:
		return got.result, got.err
	case <-e.closed:
		select {
		case got := <-r.reply: // the writer's last words
			return got.result, got.err
		default:
			return core.Result{}, ErrStopped
		}
	case <-r.ctx.Done():
		// It may be committed all the same; the caller does not know, and
		// keys make a repeat harmless.
		return core.Result{}, r.ctx.Err()
	}
}

// age is how long this engine has been there, at least a microsecond. No clock
// that is set moves it.
func (e *Engine) age() time.Duration { return max(time.Microsecond, time.Since(e.began)) }

// write is the one writer of this process.
func (e *Engine) write(ctx context.Context) {
	defer close(e.closed)
	for {
		batch := e.gather(ctx)
		if batch == nil {
			return
		}
		e.commit(ctx, batch)
		e.oldest.Store(0)
	}
}

func (e *Engine) gather(ctx context.Context) []*request {
	var batch []*request
	for len(batch) == 0 {
		select {
		case r := <-e.queue:
			batch = append(batch, r)
		case <-e.look:
			if err := e.freshBoard(ctx); err != nil && ctx.Err() == nil {
				e.log.Warn("the board cannot be read", "error", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
	e.oldest.Store(batch[0].since.Microseconds())
	for n := len(batch[0].inputs); n < maxBatch; {
		select {
		case r := <-e.queue:
			batch = append(batch, r)
			n += max(1, len(r.inputs))
		default:
			return batch
		}
	}
	return batch
}

// patientConflicts is how many lost races in a row are run again at once.
const patientConflicts = 20

// commit writes a batch, whatever it takes: a conflict is run again, a store
// that is away is waited for as long as somebody still waits for an answer.
func (e *Engine) commit(ctx context.Context, batch []*request) {
	pause := 20 * time.Millisecond
	conflicts := 0
	for {
		batch = waiting(batch)
		if len(batch) == 0 {
			return
		}
		began := time.Now()
		u, err := e.attempt(ctx, batch)
		if err != nil {
			e.recent.forget() // what is on disk is the only truth now
			e.boardAt = unread
		}
		switch {
		case err == nil:
			e.observe.Committed(len(batch), len(u.batch.Facts), time.Since(began))
			e.after(u, batch)
			return
		case errors.Is(err, ErrConflict):
			e.observe.Conflict()
			batch = e.stillDue(ctx, batch)
			if conflicts++; conflicts < patientConflicts {
				continue
			}
			// Losing this often is no race but a quarrel: step back a little.
		case len(batch) > 1 && !transient(err):
			// One of them may be what the store cannot take: each alone.
			for _, r := range batch {
				e.commit(ctx, []*request{r})
			}
			return
		case !transient(err):
			batch[0].reply <- reply{err: err}
			return
		}
		e.log.Warn("the store does not take it; trying again", "error", err, "waiting", len(batch), "pause", pause)
		e.observe.StoreAway()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			for _, r := range batch {
				r.reply <- reply{err: err}
			}
			return
		}
		pause = min(2*pause, time.Second)
	}
}

// waiting drops the requests that nobody waits for any more.
func waiting(batch []*request) []*request {
	var left []*request
	for _, r := range batch {
		if err := r.ctx.Err(); err != nil {
			r.reply <- reply{err: err}
			continue
		}
		left = append(left, r)
	}
	return left
}

// transient says whether the same write may succeed later: the store is away,
// full, or locked by somebody else for a while.
func transient(err error) bool {
	return errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ErrConflict)
}

// attempt runs the rules for a batch and writes the outcome in one transaction.
func (e *Engine) attempt(ctx context.Context, batch []*request) (*unit, error) {
	if err := e.freshBoard(ctx); err != nil {
		return nil, err
	}
	var u *unit
	err := e.store.Write(ctx, func(r Reader) (*Batch, error) {
		u = e.newUnit(ctx, r)
		for _, req := range batch {
			if err := u.run(req); err != nil {
				return nil, err
			}
		}
		if e.lateEdge(ctx, batch) {
			return nil, ErrConflict
		}
		return u.finish()
	})
	return u, err
}

// freshBoard reads the board again when another node changed it. Whoever is
// alone knows it already, and a slow read must not hold the writer up.
func (e *Engine) freshBoard(ctx context.Context) error {
	if e.alone && e.boardAt != unread {
		return nil
	}
	v, err := e.store.BoardVersion(ctx)
	if err != nil || v == e.boardAt {
		return err
	}
	return e.readBoard(ctx)
}

// after lets the world act on what is now on disk.
func (e *Engine) after(u *unit, batch []*request) {
	e.board.Store(u.board)
	e.recent.keep(u.streams)
	if u.plan != nil {
		e.adopt(u.plan)
	}
	for i, r := range batch {
		r.reply <- u.replies[i]
	}
	e.runner.take(u.batch.Outbox)
	if !e.alone {
		e.runner.lookTwice(u.groups(), u.boardAt)
	}
	var soonest time.Time
	for _, w := range u.batch.Wakes {
		if !w.At.IsZero() && (soonest.IsZero() || w.At.Before(soonest)) {
			soonest = w.At
		}
	}
	if !soonest.IsZero() {
		e.poke(soonest)
	}
	if len(u.batch.Facts) > 0 {
		e.Changed()
	}
}

// defect wraps an error that only a mistake of ours can cause.
func defect(stream fact.Stream, err error) error {
	return fmt.Errorf("rules of %s: %w", stream, err)
}
