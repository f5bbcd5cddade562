package shop

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// database is what the shop waits for: a pool of few connections, each query
// taking its time. Under load a slow one shows what a slow database really
// does: the queue before the pool costs more than the query.
type database struct {
	pool    chan struct{}
	slowBy  time.Duration
	slowing atomic.Bool

	mu  sync.Mutex
	rng *rand.Rand
}

// connections is the size of the pool.
const connections = 4

func newDatabase(opt Options) *database {
	d := &database{pool: make(chan struct{}, connections), slowBy: opt.SlowBy, rng: rand.New(rand.NewPCG(opt.Seed, 0xda7aba5e))} //nolint:gosec // latencies, not secrets
	if d.slowBy <= 0 {
		d.slowBy = 1500 * time.Millisecond
	}
	return d
}

func (d *database) slow(on bool) { d.slowing.Store(on) }

// query takes a connection and a while. Its error is ctx's.
func (d *database) query(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	select {
	case d.pool <- struct{}{}:
		defer func() { <-d.pool }()
	case <-ctx.Done():
		return time.Since(start), ctx.Err()
	}
	err := pause(ctx, d.latency())
	return time.Since(start), err
}

// latency is 2 to 8 ms, now and then 20; while slow, about slowBy.
func (d *database) latency() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slowing.Load() {
		return d.slowBy + time.Duration(d.rng.Int64N(int64(d.slowBy)/3+1))
	}
	if d.rng.IntN(50) == 0 {
		return 20 * time.Millisecond
	}
	return 2*time.Millisecond + time.Duration(d.rng.Int64N(int64(6*time.Millisecond)))
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
