package engine

import (
	"context"
	"time"
)

// An errand belongs to the node that runs it until its lease ends. Where a
// process is alone nobody waits for that; where nodes share a store, the lease
// is what a page waits for after its node died, so it is short and renewed.
// The nodes' clocks must agree to well within it.
const (
	aloneLease  = 30 * time.Second
	sharedLease = 4 * time.Second
	renewEvery  = 700 * time.Millisecond
)

func (e *Engine) lease() time.Duration {
	if e.alone {
		return aloneLease
	}
	return sharedLease
}

// renewLoop keeps what this node runs its own. It goes on while the last
// attempts of a stop are under way.
func (e *Engine) renewLoop(ctx context.Context) {
	if e.alone {
		return
	}
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !e.runner.busy() {
			continue
		}
		until := e.now().Add(sharedLease)
		if err := e.store.Renew(ctx, e.node, until); err != nil {
			if ctx.Err() == nil {
				e.log.Warn("leases cannot be renewed; another node may repeat what is under way", "error", err)
				e.observe.StoreAway()
			}
			continue
		}
		e.renewed.Store(until.UnixMicro())
	}
}

// holds says whether an errand is still this node's to begin. One whose lease
// is over belongs to whoever claims it next, and must not be begun here too.
func (e *Engine) holds(x Errand) bool {
	until := max(x.LeaseUntil.UnixMicro(), e.renewed.Load())
	return e.now().UnixMicro() < until
}
