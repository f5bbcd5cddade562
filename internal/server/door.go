package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/core/watch"
	"tocsin/internal/engine"
	"tocsin/internal/intake"
)

// door is intake's way into the engine.
type door struct {
	engine   *engine.Engine
	activity *activity
	hash     func(key string) string
	timeouts map[string]time.Duration // by the integration's type
}

func (d *door) Integration(key string) (*plan.Integration, bool) {
	if key == "" {
		return nil, false
	}
	in := d.engine.Plan().IntegrationByKeyHash(d.hash(key))
	return in, in != nil
}

func (d *door) Submit(ctx context.Context, in *plan.Integration, signals []signal.Signal) error {
	inputs := make([]core.Addressed, len(signals))
	for i := range signals {
		signals[i].Clean()
		d.bound(in, &signals[i])
		inputs[i] = core.Addressed{Stream: alert.Stream(in.ID, signals[i].DedupKey), Body: alert.Received{Integration: in.ID, Signal: signals[i]}}
	}
	_, err := d.engine.Submit(ctx, fact.Actor{Kind: "integration", ID: in.ID}, inputs...)
	switch {
	case errors.Is(err, engine.ErrBusy):
		d.activity.rejected(in.ID, "too much is waiting to be written")
		return intake.ErrBusy
	case err != nil:
		d.activity.rejected(in.ID, err.Error())
		return err
	}
	d.activity.accepted(in.ID, len(signals))
	return nil
}

// bound gives an alert without an end the end that its format has for such.
func (d *door) bound(in *plan.Integration, s *signal.Signal) {
	wait := d.timeouts[in.Type]
	if s.Action == signal.Trigger && s.EndsAt.IsZero() && in.ResolveTimeout == 0 && wait > 0 {
		s.EndsAt = d.engine.Now().Add(wait)
	}
}

// timeouts are the formats' own, by name.
func timeouts(list []intake.Format) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, f := range list {
		out[f.Name] = f.ResolveTimeout
	}
	return out
}

func (d *door) Reject(in *plan.Integration, format, why string) {
	id := ""
	if in != nil {
		id = in.ID
	}
	d.activity.rejected(id, format+": "+why)
}

func (d *door) Ping(ctx context.Context, heartbeat string) (bool, error) {
	p := d.engine.Plan()
	h := p.Heartbeat(heartbeat)
	// One that has a key is pinged by its key alone: ids stand in pages and
	// repositories, and whoever pings for a dead job hides that it is dead.
	if h == nil || h.KeyHash != "" {
		h = nil
		hash := d.hash(heartbeat)
		for i := range p.Heartbeats {
			if p.Heartbeats[i].KeyHash == hash {
				h = &p.Heartbeats[i]
			}
		}
	}
	if h == nil {
		return false, nil
	}
	_, err := d.engine.Do(ctx, fact.Actor{Kind: "heartbeat", ID: h.ID}, fact.Of(watch.HeartbeatKind, h.ID), watch.Ping{})
	if errors.Is(err, engine.ErrBusy) {
		return true, intake.ErrBusy
	}
	return true, err
}

// activity counts what each integration received. It is written once a second
// at most: a counter must cost an event nothing.
type activity struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*ledger.Activity
}

func newActivity(now func() time.Time) *activity {
	return &activity{now: now, by: map[string]*ledger.Activity{}}
}

func (a *activity) of(id string) *ledger.Activity {
	if a.by[id] == nil {
		a.by[id] = &ledger.Activity{Integration: id}
	}
	return a.by[id]
}

func (a *activity) accepted(id string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.of(id)
	x.Accepted += int64(n)
	x.LastAt = a.now()
}

func (a *activity) rejected(id, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.of(id)
	x.Rejected++
	x.RejectedAt, x.LastError = a.now(), signal.Truncate(signal.CleanText(why), 500)
}

// back takes in again what could not be written.
func (a *activity) back(list []ledger.Activity) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, old := range list {
		x := a.of(old.Integration)
		x.Accepted += old.Accepted
		x.Rejected += old.Rejected
		if old.LastAt.After(x.LastAt) {
			x.LastAt = old.LastAt
		}
		if old.RejectedAt.After(x.RejectedAt) {
			x.RejectedAt, x.LastError = old.RejectedAt, old.LastError
		}
	}
}

// drain hands over what came since the last time.
func (a *activity) drain() []ledger.Activity {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]ledger.Activity, 0, len(a.by))
	for _, x := range a.by {
		out = append(out, *x)
	}
	clear(a.by)
	return out
}
