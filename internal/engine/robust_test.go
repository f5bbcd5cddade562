package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
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

// clock is a wall clock that somebody sets.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) set(by time.Duration) { c.offset.Add(int64(by)) }

func startWith(t *testing.T, o engine.Options) *house {
	t.Helper()
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return &house{Engine: e, stop: stop}
}

// fiveMinutes is a plan whose second person is told after five minutes.
func fiveMinutes() *plan.Plan {
	p := small()
	p.Policies[0].Steps[1].After = plan.Duration(5 * time.Minute)
	p.Policies[0].RepeatAfter = plan.Duration(100 * time.Hour)
	return p
}

func TestAClockThatJumpsFiresEveryWakeOnce(t *testing.T) {
	t.Parallel()
	for name, jumps := range map[string][]time.Duration{
		"forward an hour":          {time.Hour},
		"back an hour and forward": {-time.Hour, time.Hour + 6*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ph, st := &clock{}, newPhones(), storetest.Open(t)
			h := startWith(t, engine.Options{Store: st, Sender: ph, Now: c.now, Alone: true})
			h.store, h.phones = st, ph
			h.configure(t, fiveMinutes())
			h.fire(t, "disk")
			first := ph.next(t)
			settled(t, h)
			for i, by := range jumps {
				c.set(by)
				if i < len(jumps)-1 && len(ph.sent) > 0 {
					t.Error("somebody was told by a clock that went back")
				}
			}
			if second := ph.next(t); second.Contact.User != "bo" {
				t.Errorf("then told %+v", second)
			}
			settled(t, h)
			p := h.page(t, first.Message.Page)
			if len(p.Tells) != 2 || len(ph.sent) != 0 {
				t.Errorf("%d messages were made and %d more left", len(p.Tells), len(ph.sent))
			}
			// A clock that was set makes nobody busy.
			h.fire(t, "disk two")
			if third := ph.next(t); third.Contact.User != "ana" {
				t.Errorf("the next page told %+v", third)
			}
		})
	}
}

// broken is a store that takes nothing any more, and not because it is away.
type broken struct {
	*store.Store
	on   atomic.Bool
	asks chan time.Time
}

func (b *broken) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	if b.on.Load() {
		return errors.New("the file is corrupt")
	}
	return b.Store.Write(ctx, fn)
}

func (b *broken) DueWakes(ctx context.Context, at time.Time, limit int) ([]ledger.Wake, error) {
	due, err := b.Store.DueWakes(ctx, at, limit)
	if b.on.Load() && len(due) > 0 {
		select {
		case b.asks <- time.Now():
		default:
		}
	}
	return due, err
}

func TestAWakeThatCannotBeWrittenDoesNotTurnInCircles(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	b := &broken{Store: st, asks: make(chan time.Time, 100)}
	ph := newPhones()
	h := startWith(t, engine.Options{Store: b, Sender: ph, Alone: true})
	h.store, h.phones = st, ph
	p := small()
	p.Policies[0].Steps[1].After = plan.Duration(300 * time.Millisecond)
	h.configure(t, p)
	h.fire(t, "disk")
	ph.next(t)
	settled(t, h)
	b.on.Store(true)
	first := <-b.asks
	var last time.Time
	for range 2 {
		select {
		case last = <-b.asks:
		case <-time.After(patience):
			t.Fatal("the wake was forgotten")
		}
	}
	if took := last.Sub(first); took < time.Second {
		t.Errorf("three attempts within %s", took)
	}
	b.on.Store(false)
	if got := ph.next(t); got.Contact.User != "bo" {
		t.Errorf("when the store took it again, told %+v", got)
	}
}

// trap is a store one of whose streams makes the rules panic.
type trap struct{ *store.Store }

type trapped struct{ ledger.Reader }

func (r trapped) Load(ctx context.Context, s fact.Stream) (core.State, int64, error) {
	if strings.HasSuffix(string(s), "trap") {
		panic("a rule with a defect")
	}
	return r.Reader.Load(ctx, s)
}

func (s trap) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	return s.Store.Write(ctx, func(r ledger.Reader) (*ledger.Batch, error) { return fn(trapped{r}) })
}

func TestRulesThatPanicDoNotTakeThePagerDown(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	h := startOn(t, st, trap{st}, newPhones())
	h.configure(t, small())
	_, err := h.Do(t.Context(), fact.System, page.Stream("trap"), page.Clear{})
	if err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("the caller was told %v", err)
	}
	h.fire(t, "disk")
	if got := h.phones.next(t); got.Contact.User != "ana" {
		t.Errorf("afterwards told %+v", got)
	}
}

func TestAfterTheEndNothingHangs(t *testing.T) {
	t.Parallel()
	h := start(t, storetest.Open(t), newPhones())
	h.configure(t, small())
	h.stop()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := h.Submit(ctx, pagerduty, trigger("disk")); !errors.Is(err, engine.ErrStopped) {
		t.Errorf("a late event got %v", err)
	}
}

// counted tells how many errands each claim gave.
type counted struct {
	*store.Store
	seen chan int
}

func (c *counted) Claim(ctx context.Context, x ledger.Claim) ([]ledger.Errand, error) {
	got, err := c.Store.Claim(ctx, x)
	c.seen <- len(got)
	return got, err
}

func TestAChannelThatHangsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	ph := newPhones()
	release := make(chan struct{})
	ph.answer = func(s notification.Send) engine.Attempt {
		if s.Contact.User == "ana" {
			<-release
		}
		return engine.Attempt{Status: notification.OutcomeDelivered}
	}
	h := start(t, storetest.Open(t), ph)
	t.Cleanup(func() { close(release) })
	p := fiveMinutes()
	p.Policies = append(p.Policies, plan.Policy{ID: "other", Steps: []plan.Step{{Targets: []plan.Target{{Kind: plan.ToUser, ID: "bo"}}}}})
	p.Services = append(p.Services, plan.Service{ID: "mail", Policy: "other"})
	p.Integrations = append(p.Integrations, plan.Integration{ID: "mails", Type: "pagerduty", Service: "mail"})
	h.configure(t, p)
	for i := range 200 {
		h.fire(t, fmt.Sprint("k", i))
	}
	in := trigger("mail")
	in.Stream = alert.Stream("mails", "mail")
	in.Body = alert.Received{Integration: "mails", Signal: signal.Signal{Action: signal.Trigger, DedupKey: "mail", Summary: "mail burns", Severity: signal.Critical}}
	if _, err := h.Submit(t.Context(), fact.Actor{Kind: "integration", ID: "mails"}, in); err != nil {
		t.Fatal(err)
	}
	hung := 0
	for {
		if s := ph.next(t); s.Contact.User == "bo" {
			break
		}
		hung++
	}
	if hung > notification.MaxFlying {
		t.Errorf("%d attempts at the hung telephone", hung)
	}
}
