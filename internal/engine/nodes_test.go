package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/engine"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// twoNodes are two engines over one PostgreSQL, whose telephones are one world.
func twoNodes(t *testing.T, p *plan.Plan) (a, b *house) {
	t.Helper()
	stores := storetest.Nodes(t, 2)
	ph := newPhones()
	a = start(t, stores[0], ph)
	a.configure(t, p)
	b = start(t, stores[1], ph)
	return a, b
}

func TestTwoNodesTellEachPersonOnceThoughBothWake(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, small())
	const pages = 30
	var all sync.WaitGroup
	for i := range pages {
		all.Go(func() {
			h := []*house{a, b}[i%2]
			if _, err := h.Submit(context.Background(), pagerduty, trigger(fmt.Sprint("k", i))); err != nil {
				t.Errorf("trigger: %v", err)
			}
		})
	}
	all.Wait()
	// Ana at once and bo after 30 ms, by whichever node: a message twice would be
	// a lease that does not hold, a person twice a wake that fired on both.
	messages, told := map[string]int{}, map[string]int{}
	for range 2 * pages {
		s := a.phones.next(t)
		messages[s.Message.ID]++
		told[s.Contact.User+" of "+s.Message.Page]++
	}
	settled(t, a)
	if extra := len(a.phones.sent); extra > 0 {
		t.Errorf("%d messages too many", extra)
	}
	for what, n := range messages {
		if n > 1 {
			t.Errorf("message %s left %d times", what, n)
		}
	}
	if len(told) != 2*pages {
		t.Errorf("%d of %d people were told", len(told), 2*pages)
	}
}

// settled waits until the outbox is empty.
func settled(t *testing.T, h *house) {
	t.Helper()
	h.until(t, "the outbox is empty", func() bool {
		at, err := h.store.OldestErrand(t.Context())
		return err == nil && at.IsZero()
	})
}

func TestAPlanAndASilenceReachTheOtherNodeWithinASecond(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, small())
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	news := b.Changes(ctx) // what a live page waits for; b itself writes nothing
	version := a.Plan().Version + 1
	a.configure(t, small())
	m, err := signal.ParseMatchers(`key="disk"`)
	if err != nil {
		t.Fatal(err)
	}
	putSilence(t, a, fact.Of("silence", "s1"), m)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for b.Plan().Version < version || len(b.Board().Silences) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the other node never heard of it")
		}
	}
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("it took %s", took)
	}
	select {
	case <-news:
	case <-ctx.Done():
		t.Error("live pages of the other node were not told")
	}
}

// slow lets something happen between a transaction's first look and its end.
type slow struct {
	*store.Store
	meanwhile atomic.Pointer[func()]
}

func (s *slow) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	return s.Store.Write(ctx, func(r ledger.Reader) (*ledger.Batch, error) {
		b, err := fn(r)
		if f := s.meanwhile.Swap(nil); f != nil {
			(*f)()
		}
		return b, err
	})
}

// A silence that ends on one node while the other is writing a group that the
// silence still muted: nobody would ever look at that group again.
func TestASilenceThatEndsElsewhereInMidCommitMutesNothingForEver(t *testing.T) {
	t.Parallel()
	stores := storetest.Nodes(t, 2)
	ph := newPhones()
	a := start(t, stores[0], ph)
	a.configure(t, small())
	m, err := signal.ParseMatchers(`key="disk"`)
	if err != nil {
		t.Fatal(err)
	}
	silence := fact.Of("silence", "s1")
	putSilence(t, a, silence, m)
	settled(t, a)
	gate := &slow{Store: stores[1]}
	b := startOn(t, stores[1], gate, ph)
	end := func() {
		if _, err := a.Do(context.Background(), fact.User("ana", "test"), silence, board.TakeDown{}); err != nil {
			t.Error(err)
		}
		settled(t, a) // the sweep has been and found no group
	}
	gate.meanwhile.Store(&end)
	b.fire(t, "disk")
	if got := ph.next(t); got.Contact.User != "ana" {
		t.Fatalf("told %+v", got)
	}
}

func TestANodeThatGoesGivesItsLeasesBack(t *testing.T) {
	t.Parallel()
	stores := storetest.Nodes(t, 2)
	ph := newPhones()
	a := start(t, stores[0], ph)
	a.configure(t, small())
	a.stop()
	// A message that a node leased and never began.
	err := stores[0].Write(t.Context(), func(ledger.Reader) (*ledger.Batch, error) {
		now := time.Now()
		return &ledger.Batch{At: now, Outbox: []ledger.Errand{{Key: "m/1", Stream: "contact/ana/phone", Kind: notification.Send{}.EffectKind(),
			Body: []byte(`{"contact":{"user":"ana","contact":"phone"},"attempt":1,"message":{"id":"m"}}`), At: now, Owner: "going", LeaseUntil: now.Add(time.Hour)}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	going, err := engine.New(engine.Options{Store: stores[0], Sender: ph, Node: "going"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := going.Run(ctx); err != nil {
		t.Fatal(err)
	}
	start(t, stores[1], ph)
	if got := ph.next(t); got.Message.ID != "m" {
		t.Fatalf("told %+v", got)
	}
}

// What both nodes do to one contact at the same time is one story in the end.
func TestReceiptsOfOneContactThatBothNodesMoveAreAllKept(t *testing.T) {
	t.Parallel()
	p := small()
	p.Policies[0].Steps[1].After = plan.Duration(time.Hour)
	a, b := twoNodes(t, p)
	var all sync.WaitGroup
	for i := range 40 {
		h := []*house{a, b}[i%2]
		all.Go(func() {
			if _, err := h.Submit(context.Background(), pagerduty, trigger(fmt.Sprint("k", i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	settled(t, a)
	list, err := a.store.Alerts(t.Context(), alert.Filter{Limit: 100})
	if err != nil || len(list) != 40 {
		t.Fatalf("%d alerts, %v", len(list), err)
	}
	states, err := a.store.States(t.Context(), page.Kind)
	if err != nil || len(states) != 40 {
		t.Fatalf("%d pages, %v", len(states), err)
	}
	for _, s := range states {
		for _, x := range s.(*page.State).Tells {
			if x.Outcome != notification.OutcomeDelivered {
				t.Errorf("%s is %q", x.ID, x.Outcome)
			}
		}
	}
}

// Both nodes find the end of a silence due; its end is said once.
func TestAWakeThatBothNodesFindDueIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, small())
	const silences = 12
	for i := range silences {
		s := plan.Silence{Matchers: []signal.Matchers{{{Name: "key", Op: signal.Equal, Value: "x"}}}, EndsAt: time.Now().Add(500 * time.Millisecond), Comment: "short"}
		if _, err := a.Do(t.Context(), fact.User("ana", "test"), fact.Of("silence", fmt.Sprint("s", i)), board.PutSilence{Silence: s}); err != nil {
			t.Fatal(err)
		}
	}
	over := func() int {
		n := 0
		entries, err := b.store.Tail(t.Context(), 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range entries {
			if x.Kind == (board.Over{}).FactKind() {
				n++
			}
		}
		return n
	}
	a.until(t, "every silence is over", func() bool { return over() >= silences })
	a.until(t, "no wake is left", func() bool {
		at, err := a.store.NextWake(t.Context())
		return err == nil && at.IsZero()
	})
	settled(t, a)
	a.stop()
	b.stop()
	if n := over(); n != silences {
		t.Errorf("%d ends were said of %d silences", n, silences)
	}
}
