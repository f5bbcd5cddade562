package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
)

// maxErrands bounds what this node does at once. Each contact has a bound of
// its own (notification.MaxFlying), so one hung peer cannot fill this.
const maxErrands = 4096

// claimEvery is how often a node looks for errands that nobody runs: those of
// a process that died.
const claimEvery = time.Second

// reportPatience is how long an outcome waits for a store that is away. It is
// far beyond the lease: whoever could claim the errand needs the store as well.
const reportPatience = 10 * time.Minute

// sweepPatience bounds one look at every open group. Each is idempotent, so that
// another node may begin the same when the lease ends.
const sweepPatience = 5 * time.Minute

// runner carries out errands. It never decides what a failure means: the
// receipt goes back in at the door.
type runner struct {
	engine *Engine
	limit  chan struct{}
	all    sync.WaitGroup

	mu     sync.Mutex
	flying map[string]bool
	ended  bool
}

// take starts errands that this node owns.
func (r *runner) take(errands []Errand) {
	for _, x := range errands {
		r.mu.Lock()
		if r.flying[x.Key] || r.ended {
			r.mu.Unlock()
			continue
		}
		r.flying[x.Key] = true
		r.all.Add(1)
		r.mu.Unlock()
		go r.run(x)
	}
}

func (r *runner) run(x Errand) {
	defer r.all.Done()
	defer func() {
		r.mu.Lock()
		delete(r.flying, x.Key)
		r.mu.Unlock()
	}()
	r.limit <- struct{}{}
	defer func() { <-r.limit }()
	switch x.Kind {
	case notification.Send{}.EffectKind():
		if r.engine.holds(x) {
			r.send(x)
		}
	case board.Sweep{}.EffectKind():
		r.sweep(x)
	default:
		r.engine.log.Error("nobody knows this kind of errand", "kind", x.Kind, "key", x.Key)
	}
}

func (r *runner) send(x Errand) {
	e := r.engine
	var s notification.Send
	if err := json.Unmarshal(x.Body, &s); err != nil {
		e.log.Error("an errand cannot be read", "key", x.Key, "error", err)
		return
	}
	a := r.attempt(s)
	e.observe.Sent(s, a, e.now().Sub(x.At))
	var body any = notification.Receipt{ID: s.Message.ID, Attempt: s.Attempt, Status: a.Status, ProviderID: a.ProviderID, Detail: a.Detail}
	if a.Err != nil {
		body = notification.Failed{ID: s.Message.ID, Attempt: s.Attempt, Permanent: a.Permanent, After: a.After, Error: a.Err.Error()}
	}
	r.report(x, core.Addressed{Stream: s.Contact.Stream(), Body: body})
}

// attempt makes one attempt and survives a channel that panics: a defect of
// one channel must not take the pager down.
func (r *runner) attempt(s notification.Send) (a Attempt) {
	e := r.engine
	c := s.Contact.Find(e.Plan())
	if c == nil {
		return Attempt{Err: fmt.Errorf("contact %s is not in the plan", s.Contact), Permanent: true}
	}
	defer func() {
		if v := recover(); v != nil {
			e.observe.Defect()
			e.log.Error("a channel panicked", "channel", c.Channel, "panic", v, "stack", string(debug.Stack()))
			a = Attempt{Err: fmt.Errorf("channel %s has a defect: %v", c.Channel, v)}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), e.timeout)
	defer cancel()
	return e.sender.Send(ctx, *c, s)
}

// report brings the outcome home. If it cannot be written the errand stays in
// the outbox and is done again: twice rather than never.
func (r *runner) report(x Errand, inputs ...core.Addressed) {
	e := r.engine
	ctx, cancel := context.WithTimeout(context.Background(), reportPatience)
	defer cancel()
	_, err := e.submit(&request{ctx: ctx, actor: fact.System, inputs: inputs, finished: []string{x.Key}})
	if err != nil {
		e.log.Error("the outcome of an errand cannot be written", "key", x.Key, "error", err)
	}
}

// sweep has every open group look at the board again. A group that cannot does
// not keep the others from it; the errand then stays and is done again.
func (r *runner) sweep(x Errand) {
	e := r.engine
	var s board.Sweep
	if err := json.Unmarshal(x.Body, &s); err != nil {
		e.log.Error("an errand cannot be read", "key", x.Key, "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sweepPatience)
	defer cancel()
	failed := false
	var after fact.Stream
	for {
		streams, err := e.store.Streams(ctx, alert.GroupKind, after, maxBatch)
		if err != nil {
			e.log.Error("open groups cannot be read", "error", err)
			return
		}
		failed = !r.recheck(ctx, streams, s.Cause) || failed
		if len(streams) < maxBatch || ctx.Err() != nil {
			break
		}
		after = streams[len(streams)-1]
	}
	if !failed {
		r.report(x)
	}
}

// recheck has groups look at the board, all at once so that they share
// transactions. False means that some could not.
func (r *runner) recheck(ctx context.Context, groups []fact.Stream, cause string) bool {
	e := r.engine
	var all sync.WaitGroup
	var failed atomic.Bool
	for _, stream := range groups {
		all.Go(func() {
			_, err := e.submit(&request{ctx: ctx, actor: fact.System, inputs: []core.Addressed{{Stream: stream, Body: alert.Recheck{Cause: cause}}}})
			var refused *fact.Refused
			if err != nil && !errors.As(err, &refused) {
				e.log.Error("a group cannot look at the board", "group", stream, "error", err)
				failed.Store(true)
			}
		})
	}
	all.Wait()
	return !failed.Load()
}

// lookTwice closes a gap between nodes. A group is written by what the board was
// when its transaction began; another node may have changed the board since and
// looked for groups before this one was there. Such a group looks once more.
func (r *runner) lookTwice(groups []fact.Stream, boardAt int64) {
	r.mu.Lock()
	ended := r.ended
	if !ended && len(groups) > 0 {
		r.all.Add(1)
	}
	r.mu.Unlock()
	if ended || len(groups) == 0 {
		return
	}
	go func() {
		defer r.all.Done()
		ctx, cancel := context.WithTimeout(context.Background(), aloneLease)
		defer cancel()
		now, err := r.engine.store.BoardVersion(ctx)
		if err != nil || now != boardAt {
			r.recheck(ctx, groups, "another node changed the board")
		}
	}()
}

// busy says whether anything is under way.
func (r *runner) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.flying) > 0
}

// drain lets what is under way finish and starts nothing new.
func (r *runner) drain() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.all.Wait()
}

// claimLoop takes over errands that nobody runs.
func (e *Engine) claimLoop(ctx context.Context) {
	tick := time.NewTicker(claimEvery)
	defer tick.Stop()
	for {
		e.claim(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) claim(ctx context.Context) {
	const chunk = 256
	for {
		got, err := e.store.Claim(ctx, Claim{Owner: e.node, Now: e.now(), Lease: e.lease(), Limit: chunk})
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("the outbox cannot be claimed", "error", err)
				e.observe.StoreAway()
			}
			return
		}
		e.runner.take(got)
		if len(got) < chunk {
			return
		}
	}
}
