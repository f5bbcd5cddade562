// Package engine is the one door. It stamps what comes in with a time and a
// seed, runs the rules, writes everything in one transaction and only then
// lets anyone act on it. It is the only room that asks what time it is.
//
// It never decides: who is told, and when, is core's. It never sends: that is
// the Sender's.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// Sender makes one attempt at telling a contact.
type Sender interface {
	Send(ctx context.Context, c plan.Contact, s notification.Send) Attempt
}

// Attempt is how it went. A nil Err means that the other side took it.
type Attempt struct {
	Status     string // notification.OutcomeAccepted or OutcomeDelivered
	ProviderID string
	Detail     string
	Err        error
	Permanent  bool
	After      time.Duration
}

// Options set an engine up. Zero values are sensible but for Store and Sender.
type Options struct {
	Store  Store
	Sender Sender
	Log    *slog.Logger
	// Node names this process among those that share a store.
	Node string
	// Alone says that no other process writes this store: streams that were
	// written lately need not be read again.
	Alone bool
	// Zones loads time zones for plans; time.LoadLocation if nil.
	Zones plan.Zones
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// SendTimeout bounds one attempt; 10 s if zero.
	SendTimeout time.Duration
	// Observe hears of everything worth counting; may be nil.
	Observe Observer
}

// Engine runs the rules over a store.
type Engine struct {
	store   Store
	sender  Sender
	log     *slog.Logger
	node    string
	now     func() time.Time
	zones   plan.Zones
	timeout time.Duration
	observe Observer

	queue  chan *request
	began  time.Time     // what ages are measured from, so that a clock that jumps makes none
	oldest atomic.Int64  // when the oldest waiting request came, in micros since began; 0 for none
	closed chan struct{} // the writer has stopped
	look   chan struct{} // somebody else may have changed the board

	current atomic.Pointer[plan.Plan]
	board   atomic.Pointer[plan.Board]
	boardAt int64 // board version, unread if the board is not to be trusted; the writer's own
	alone   bool
	renewed atomic.Int64 // unix micros until which all that this node runs is its own
	recent  recent

	nudge  chan time.Time // a wake was armed for this time
	runner runner

	mu       sync.Mutex
	watchers map[chan struct{}]struct{}
}

// New builds an engine; Start makes it work.
func New(o Options) (*Engine, error) {
	if o.Store == nil || o.Sender == nil {
		return nil, errors.New("engine needs a store and a sender")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zones == nil {
		o.Zones = time.LoadLocation
	}
	if o.SendTimeout == 0 {
		o.SendTimeout = 10 * time.Second
	}
	if o.Node == "" {
		o.Node = fmt.Sprintf("n%x", newSeed())
	}
	if o.Observe == nil {
		o.Observe = silent{}
	}
	e := &Engine{store: o.Store, sender: o.Sender, log: o.Log, node: o.Node, now: o.Now, zones: o.Zones, timeout: o.SendTimeout,
		observe: o.Observe, alone: o.Alone, began: time.Now(), queue: make(chan *request, maxQueue), closed: make(chan struct{}),
		look: make(chan struct{}, 1), nudge: make(chan time.Time, 1), watchers: map[chan struct{}]struct{}{}}
	e.runner = runner{engine: e, flying: map[string]bool{}, limit: make(chan struct{}, maxErrands)}
	if o.Alone {
		e.recent.limit = maxRecent
	}
	e.current.Store(emptyPlan())
	e.board.Store(&plan.Board{})
	return e, nil
}

func emptyPlan() *plan.Plan {
	p := &plan.Plan{}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		panic("an empty plan must be valid: " + err.Error())
	}
	return p
}

// Open reads plan and board. It must succeed before Run.
func (e *Engine) Open(ctx context.Context) error {
	if err := e.readPlan(ctx); err != nil {
		return err
	}
	return e.readBoard(ctx)
}

func (e *Engine) readPlan(ctx context.Context) error {
	// Its number first: a large plan takes time to read.
	newest, err := e.store.PlanVersions(ctx, 0, 1)
	if err != nil {
		return fmt.Errorf("find the newest plan: %w", err)
	}
	if len(newest) == 0 || newest[0].Version <= e.current.Load().Version {
		return nil
	}
	v, err := e.store.LatestPlan(ctx)
	if err != nil {
		return fmt.Errorf("read the newest plan: %w", err)
	}
	if v == nil || v.Version <= e.current.Load().Version {
		return nil
	}
	if err := v.Plan.Prepare(e.zones); err != nil {
		return fmt.Errorf("plan version %d: %w", v.Version, err)
	}
	v.Plan.Version = v.Version
	if e.adopt(v.Plan) {
		e.Changed()
	}
	return nil
}

// adopt puts a plan in force unless a newer one is: the writer may have saved
// one while an older one was being read.
func (e *Engine) adopt(p *plan.Plan) bool {
	for {
		old := e.current.Load()
		if p.Version <= old.Version {
			return false
		}
		if e.current.CompareAndSwap(old, p) {
			return true
		}
	}
}

func (e *Engine) readBoard(ctx context.Context) error {
	version, err := e.store.BoardVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the board's version: %w", err)
	}
	states, err := e.store.Board(ctx)
	if err != nil {
		return fmt.Errorf("read the board: %w", err)
	}
	b := &plan.Board{}
	at := e.now()
	for _, stream := range sortedKeys(states) {
		b = core.Post(b, stream, states[stream], at)
	}
	e.board.Store(b)
	e.boardAt = version
	return nil
}

// Run works until ctx ends, and returns when everything it started has
// stopped. What is being sent is given its time to finish.
func (e *Engine) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	// Receipts of messages under way must still be written, so the writer
	// outlives the loops that feed it.
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	written := make(chan struct{})
	go func() { defer close(written); e.write(writing) }()
	renewed := make(chan struct{})
	go func() { defer close(renewed); e.renewLoop(writing) }()
	for _, loop := range []func(context.Context){e.wakeLoop, e.claimLoop, e.followOthers} {
		loops.Add(1)
		go func() { defer loops.Done(); loop(ctx) }()
	}
	loops.Wait()
	e.runner.drain()
	stopWriting()
	<-written
	<-renewed
	// Whoever stays need not wait for the leases of what was not begun.
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := e.store.Release(giving, e.node); err != nil {
		e.log.Warn("leases cannot be given back; others take them over when they end", "error", err)
	}
	return nil
}

// Plan is the plan in force; Board is what is in force beside it.
func (e *Engine) Plan() *plan.Plan { return e.current.Load() }

// Board is what people have put in force for a while. It must not be changed.
func (e *Engine) Board() *plan.Board { return e.board.Load() }

// Now is the engine's clock, for pages that show what it is counting to.
func (e *Engine) Now() time.Time { return e.now() }

// NewID makes an id for something that a caller is about to bring into being.
func (e *Engine) NewID(prefix string) string {
	return fact.NewID(prefix, e.now(), newSeed(), "")
}

// Changes tells when something was committed: a value may stand for several
// commits. The channel closes when ctx ends.
func (e *Engine) Changes(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	e.watchers[c] = struct{}{}
	e.mu.Unlock()
	context.AfterFunc(ctx, func() {
		e.mu.Lock()
		delete(e.watchers, c)
		e.mu.Unlock()
		close(c)
	})
	return c
}

// Changed tells everybody who waits in Changes.
func (e *Engine) Changed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func newSeed() fact.Seed {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return fact.Seed(binary.LittleEndian.Uint64(b[:]))
}
