package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// unit is one transaction in the making: the streams it has read, what they
// became, and all that will be written. Requests run one after another and each
// sees what those before it did; one that fails leaves no trace.
type unit struct {
	engine  *Engine
	ctx     context.Context
	reader  Reader
	at      time.Time
	board   *plan.Board
	boardAt int64
	base    *plan.Plan // in force when the batch began
	plan    *plan.Plan // a new version in this batch, or nil
	streams map[fact.Stream]*held
	order   []fact.Stream
	wakes   map[wakeKey]Wake
	past    []StateChange // alerts that ended and whose key fired again, all in this batch
	batch   Batch
	replies []reply
}

type held struct {
	state   core.State
	version int64
	dirty   bool
}

type wakeKey struct {
	stream fact.Stream
	key    string
}

func (e *Engine) newUnit(ctx context.Context, r Reader) *unit {
	// One clock reading for everything in this transaction, in the store's
	// own resolution: what is compared later is what was written.
	at := e.now().Truncate(time.Microsecond)
	return &unit{engine: e, ctx: ctx, reader: r, at: at, board: e.board.Load(), boardAt: e.boardAt, base: e.current.Load(), streams: map[fact.Stream]*held{},
		wakes: map[wakeKey]Wake{}, batch: Batch{At: at}}
}

func (u *unit) currentPlan() *plan.Plan {
	if u.plan != nil {
		return u.plan
	}
	return u.base
}

// groups are the groups that this batch moved.
func (u *unit) groups() []fact.Stream {
	var out []fact.Stream
	for _, stream := range u.order {
		if stream.Kind() == alert.GroupKind && u.streams[stream].state != nil {
			out = append(out, stream)
		}
	}
	return out
}

// run does one request on top of those before it. Its error is the store's;
// what the rules answer goes into the reply.
func (u *unit) run(r *request) error {
	var err error
	got := draft{unit: u, actor: r.actor, states: map[fact.Stream]core.State{}}
	if r.plan != nil {
		err = u.newPlan(r.plan, r.actor)
	}
	for _, in := range r.inputs {
		if err != nil {
			break
		}
		err = got.step(in)
	}
	var away *storeError
	if errors.As(err, &away) {
		return away.err
	}
	if err != nil {
		u.replies = append(u.replies, reply{err: err})
		return nil
	}
	u.keep(&got)
	u.batch.Fired = append(u.batch.Fired, r.fired...)
	u.batch.Finished = append(u.batch.Finished, r.finished...)
	for _, w := range r.moved {
		u.wakes[wakeKey{w.Stream, w.Key}] = w
	}
	u.replies = append(u.replies, reply{result: got.result})
	return nil
}

// storeError tells a failed read apart from what the rules answer.
type storeError struct{ err error }

func (s *storeError) Error() string { return s.err.Error() }

func (u *unit) load(stream fact.Stream) (core.State, error) {
	if h, ok := u.streams[stream]; ok {
		return h.state, nil
	}
	if h, ok := u.engine.recent.find(stream); ok {
		u.streams[stream] = &h
		return h.state, nil
	}
	s, version, err := u.reader.Load(u.ctx, stream)
	if err != nil {
		return nil, &storeError{err}
	}
	u.streams[stream] = &held{state: s, version: version}
	return s, nil
}

// draft is one request's outcome before it is kept.
type draft struct {
	unit   *unit
	actor  fact.Actor
	states map[fact.Stream]core.State
	past   []fact.Stream // whose alert ended and fired again in this request,
	lives  []core.State  // and that alert as it ended
	result core.Result
}

// follow puts a stream's next state in place. A key whose alert ends and that
// fires again is a new alert in the same stream: the one that ended must still
// reach the list of alerts, or it would stand there as open for ever.
func (d *draft) follow(stream fact.Stream, next core.State) {
	if old := d.states[stream]; succeeded(old, next) {
		d.past, d.lives = append(d.past, stream), append(d.lives, old)
	}
	d.states[stream] = next
}

// first is the stream's first state of this draft: what followed on what was
// there before.
func (d *draft) first(stream fact.Stream) core.State {
	for i, s := range d.past {
		if s == stream {
			return d.lives[i]
		}
	}
	return d.states[stream]
}

func succeeded(old, next core.State) bool {
	a, ok := old.(*alert.State)
	b, also := next.(*alert.State)
	return ok && also && a.ID != b.ID
}

// step survives rules that panic: one input that they choke on must not end
// the pager, nor end it again after every restart.
func (d *draft) step(in core.Addressed) (err error) {
	u := d.unit
	defer func() {
		if v := recover(); v != nil {
			u.engine.log.Error("the rules panicked", "stream", in.Stream, "panic", v, "stack", string(debug.Stack()))
			err = defect(in.Stream, fmt.Errorf("panic: %v", v))
		}
	}()
	res, err := core.Cascade(u.currentPlan(), in, core.Input{At: u.at, Seed: newSeed(), Actor: d.actor, Board: u.board},
		func(stream fact.Stream) (core.State, error) {
			if s, ok := d.states[stream]; ok {
				return s, nil
			}
			return u.load(stream)
		})
	if err != nil {
		var refused *fact.Refused
		var away *storeError
		if errors.As(err, &refused) || errors.As(err, &away) {
			return err
		}
		return defect(in.Stream, err)
	}
	for _, stream := range res.Order {
		if _, ok := d.states[stream]; !ok {
			d.result.Order = append(d.result.Order, stream)
		}
		d.follow(stream, res.States[stream])
	}
	d.result.Facts = append(d.result.Facts, res.Facts...)
	d.result.Effects = append(d.result.Effects, res.Effects...)
	d.result.Wakes = append(d.result.Wakes, res.Wakes...)
	d.result.States = d.states
	return nil
}

// keep merges a request's outcome into the batch.
func (u *unit) keep(d *draft) {
	for i, stream := range d.past {
		u.past = append(u.past, StateChange{Stream: stream, State: d.lives[i], Version: u.streams[stream].version})
	}
	for _, stream := range d.result.Order {
		h := u.streams[stream]
		if h.dirty && succeeded(h.state, d.first(stream)) {
			u.past = append(u.past, StateChange{Stream: stream, State: h.state, Version: h.version})
		}
		if !h.dirty {
			h.dirty = true
			u.order = append(u.order, stream)
		}
		h.state = d.states[stream]
		if core.OnBoard(stream) {
			u.board = core.Post(u.board, stream, h.state, u.at)
		}
	}
	for _, said := range d.result.Facts {
		u.project(said)
		if said.Fact.Unsaid {
			continue
		}
		u.batch.Facts = append(u.batch.Facts, u.entry(said, d.actor))
	}
	for _, o := range d.result.Effects {
		u.batch.Outbox = append(u.batch.Outbox, u.errand(o))
	}
	for _, w := range d.result.Wakes {
		u.wakes[wakeKey{w.Stream, w.Wake.Key}] = Wake{Stream: w.Stream, Key: w.Wake.Key, At: w.Wake.At}
	}
}

func (u *unit) entry(s core.Said, actor fact.Actor) fact.Entry {
	body, err := json.Marshal(s.Fact.Body)
	if err != nil {
		// A body is plain data by contract; say so rather than lose the fact.
		body = []byte(fmt.Sprintf(`{"unwritable":%q}`, err.Error()))
	}
	return fact.Entry{At: u.at, Stream: s.Stream, Subject: s.Fact.Subject, Kind: s.Fact.Body.FactKind(), Text: s.Fact.Text,
		Why: s.Fact.Why, Actor: actor, Body: body, Plan: u.currentPlan().Version}
}

func (u *unit) errand(o core.Ordered) Errand {
	body, err := json.Marshal(o.Effect.Body)
	if err != nil {
		body = []byte("null")
		u.engine.log.Error("an effect cannot be written", "key", o.Effect.Key, "error", err)
	}
	return Errand{Key: o.Effect.Key, Stream: o.Stream, Kind: o.Effect.Body.EffectKind(), Body: body, At: u.at,
		Owner: u.engine.node, LeaseUntil: u.at.Add(u.engine.lease())}
}

// finish puts the batch together: every stream once, in the order of its first
// change, and every wake once.
func (u *unit) finish() (*Batch, error) {
	u.batch.States = append(u.batch.States, u.past...)
	for _, stream := range u.order {
		h := u.streams[stream]
		u.batch.States = append(u.batch.States, StateChange{Stream: stream, State: h.state, Version: h.version})
	}
	for _, w := range u.wakes {
		u.batch.Wakes = append(u.batch.Wakes, w)
	}
	slices.SortFunc(u.batch.Wakes, func(a, b Wake) int {
		return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Key, b.Key))
	})
	return &u.batch, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
