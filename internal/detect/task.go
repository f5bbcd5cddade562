package detect

import (
	"context"
	"hash/fnv"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
)

// task is one check as the loop knows it. Only the loop's goroutine touches it.
type task struct {
	check  plan.Check
	target check.Target
	// refused is why the check cannot run; it is then reported at each turn.
	refused error
	// phase is where in its interval the check has its turns.
	phase time.Duration

	due      alarm // the next turn
	park     alarm // when a running probe counts as waiting
	retell   alarm // when a failed report is offered again
	running  bool
	parked   bool
	queued   bool
	stuck    time.Time // start of a probe that never came back
	cancel   context.CancelFunc
	soft     bool
	untold   *Probe // the latest result, while the Sink has not taken it
	retries  int
	reported bool // in the queue for reporters
}

// hash spreads checks over their interval, the same on every start and node.
func hash(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	// FNV's low bits are weak for ids that differ in their last letter.
	v := h.Sum64()
	v ^= v >> 33
	v *= 0xff51afd7ed558ccd
	return v ^ v>>33
}

func spread(id string, over time.Duration) time.Duration {
	if over <= 0 {
		return 0
	}
	return time.Duration(hash(id) % uint64(over))
}

// turn is the check's first turn that is not before from. Turns are fixed on
// the wall clock by the id, so that they neither drift nor bunch up after an
// outage. epoch carries the monotonic clock into the result.
func (t *task) turn(epoch, from time.Time) time.Time {
	every := t.check.Interval.Std()
	ahead := (epoch.UnixNano() - int64(t.phase)) % int64(every)
	first := epoch.Add(-time.Duration(ahead)) // some turn at or near epoch
	n := from.Sub(first) / every
	at := first.Add(n * every)
	for at.Before(from) {
		at = at.Add(every)
	}
	return at
}

// retryAfter is the pause between looks while the check is soft.
func (t *task) retryAfter() time.Duration {
	if t.check.RetryInterval > 0 {
		return t.check.RetryInterval.Std()
	}
	return t.check.Interval.Std()
}
