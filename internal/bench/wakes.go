package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/engine"
	"tocsin/internal/store"
)

const (
	armed      = 100_000 // wakes that wait meanwhile
	spreadOver = 10 * time.Second
	spread     = 2000 // wakes that come due one after another
	atOnce     = 1000 // wakes that come due at the same instant
)

// wakes measures how late a timer is answered, its commit included, while many
// others are armed. It uses store and engine in this process: an escalation's
// second step, and alerts whose time has run out.
func wakes(b *bench) (err error) {
	dir, err := os.MkdirTemp(b.dir, "wakes")
	if err != nil {
		return err
	}
	st, err := store.Open(b.ctx, store.Config{Path: filepath.Join(dir, "tocsin.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	w := &lateness{}
	e, err := engine.New(engine.Options{Store: st, Sender: taker{}, Observe: w, Alone: true})
	if err != nil {
		return err
	}
	if err := e.Open(b.ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(b.ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	defer func() { stop(); running.Wait() }()
	if _, err := e.SavePlan(ctx, fact.System, engine.PlanVersion{Plan: ladder()}); err != nil {
		return err
	}
	began := time.Now()
	if err := fire(ctx, e, "quiet", 0, armed, time.Now().Add(2*time.Hour)); err != nil {
		return err
	}
	fmt.Printf("%d wakes armed in %.1f s.\n\n", armed, time.Since(began).Seconds())
	if b.cpu != "" {
		f, err := os.Create(b.cpu)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	table("due", "wakes", "late, p50 / p99 / max ms", "target p99")
	if err := spreadOut(ctx, e, w); err != nil {
		return err
	}
	return burst(ctx, e, w)
}

// spreadOut pages people at a steady rate and waits for their second steps.
func spreadOut(ctx context.Context, e *engine.Engine, w *lateness) error {
	w.reset()
	tick := time.NewTicker(spreadOver / spread)
	defer tick.Stop()
	for i := range spread {
		<-tick.C
		if err := fire(ctx, e, "loud", armed+i, 1, time.Time{}); err != nil {
			return err
		}
	}
	return w.report(ctx, fmt.Sprintf("%d a second: the second step of a page", spread/int(spreadOver.Seconds())), spread)
}

// burst lets many alerts run out at one instant.
func burst(ctx context.Context, e *engine.Engine, w *lateness) error {
	if err := fire(ctx, e, "quiet", armed+spread, atOnce, e.Now().Add(3*time.Second)); err != nil {
		return err
	}
	w.reset()
	return w.report(ctx, "all at one instant: alerts that run out", atOnce)
}

// ladder pages at once and again after two seconds, or only records.
func ladder() *plan.Plan {
	to := []plan.Target{{Kind: plan.ToChannel, ID: "machine"}}
	return &plan.Plan{
		Channels:     []plan.Contact{{ID: "machine", Channel: "inapp"}},
		Policies:     []plan.Policy{{ID: "all", Steps: []plan.Step{{Targets: to}, {After: plan.Duration(2 * time.Second), Targets: to}}, RepeatAfter: plan.Duration(time.Hour)}},
		Services:     []plan.Service{{ID: "loud", Policy: "all"}, {ID: "quiet"}},
		Integrations: []plan.Integration{{ID: "loud", Type: "pagerduty", Service: "loud"}, {ID: "quiet", Type: "pagerduty", Service: "quiet"}},
		Route: plan.Route{GroupBy: []string{alert.GroupAll}, Routes: []plan.Route{
			{Name: "quiet", NoPage: "true", Matchers: signal.Matchers{{Name: "kind", Op: signal.Equal, Value: "quiet"}}}}},
	}
}

// fire brings new alerts in, a few hundred at once.
func fire(ctx context.Context, e *engine.Engine, integration string, first, n int, ends time.Time) error {
	const portion = 250
	for from := first; from < first+n; from += portion {
		var in []core.Addressed
		for i := from; i < min(from+portion, first+n); i++ {
			s := signal.Signal{Action: signal.Trigger, DedupKey: token(i), Severity: signal.Critical, Summary: "Load " + token(i), EndsAt: ends,
				Labels: signal.Labels{"kind": integration, "token": token(i)}}
			in = append(in, core.Addressed{Stream: alert.Stream(integration, s.DedupKey), Body: alert.Received{Integration: integration, Signal: s}})
		}
		if _, err := e.Submit(ctx, fact.Actor{Kind: "integration", ID: integration}, in...); err != nil {
			return err
		}
	}
	return nil
}

// taker stands for a channel that takes everything at once.
type taker struct{}

func (taker) Send(context.Context, plan.Contact, notification.Send) engine.Attempt {
	return engine.Attempt{Status: notification.OutcomeAccepted}
}

// lateness hears from the engine how late each wake was.
type lateness struct {
	all     atomic.Pointer[figures]
	defects atomic.Int64
}

func (l *lateness) reset() { l.all.Store(&figures{}) }

func (l *lateness) Woke(late time.Duration) {
	if f := l.all.Load(); f != nil {
		f.add(late)
	}
}

func (*lateness) Committed(int, int, time.Duration)                     {}
func (*lateness) Conflict()                                             {}
func (*lateness) StoreAway()                                            {}
func (*lateness) Sent(notification.Send, engine.Attempt, time.Duration) {}
func (l *lateness) Defect()                                             { l.defects.Add(1) }

func (l *lateness) report(ctx context.Context, name string, want int) error {
	f := l.all.Load()
	deadline := time.Now().Add(patience)
	for f.n() < want {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%s: %d of %d wakes came", name, f.n(), want)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := l.defects.Load(); n > 0 {
		return fmt.Errorf("%s: the engine tells of %d defects", name, n)
	}
	row(name, fmt.Sprint(f.n()), ms(f.quantile(.5))+" / "+ms(f.quantile(.99))+" / "+ms(f.quantile(1)), "100")
	return nil
}
