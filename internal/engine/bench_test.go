package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/engine"
	"tocsin/internal/store/storetest"
)

// BenchmarkPage is an event's whole way: accepted, routed, paged, sent, its
// receipt written; 64 senders at once, one contact without a limit.
func BenchmarkPage(b *testing.B) {
	st := storetest.Open(b)
	ph := &phones{sent: make(chan notification.Send, 100_000)}
	e, err := engine.New(engine.Options{Store: st, Sender: ph, Alone: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	p := small()
	p.Policies[0].Steps = p.Policies[0].Steps[:1]
	p.Policies[0].RepeatAfter = plan.Duration(3_600_000_000_000)
	if _, err := e.SavePlan(ctx, pagerduty, engine.PlanVersion{Plan: p}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	var all sync.WaitGroup
	keys := make(chan int)
	for range 64 {
		all.Go(func() {
			for k := range keys {
				if _, err := e.Submit(ctx, pagerduty, trigger(fmt.Sprint("k", k))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		keys <- i
	}
	close(keys)
	all.Wait()
	for told := 0; told < b.N; { // what is over the contact's bound comes folded
		told += max(1, len((<-ph.sent).Message.Pages))
	}
	b.StopTimer()
	cancel()
	<-done
}
