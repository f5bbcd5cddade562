package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// patience bounds what a test waits for; it is spent only when it fails.
const patience = 20 * time.Second

// phones is a world whose contacts answer at once, and write down what came.
type phones struct {
	sent   chan notification.Send
	answer func(notification.Send) engine.Attempt
}

func newPhones() *phones { return &phones{sent: make(chan notification.Send, 10_000)} }

func (p *phones) Send(ctx context.Context, _ plan.Contact, s notification.Send) engine.Attempt {
	p.sent <- s
	if p.answer != nil {
		return p.answer(s)
	}
	return engine.Attempt{Status: notification.OutcomeDelivered, Detail: "rang"}
}

func (p *phones) next(t *testing.T) notification.Send {
	t.Helper()
	select {
	case s := <-p.sent:
		return s
	case <-time.After(patience):
		t.Fatal("nobody was told")
		return notification.Send{}
	}
}

// small is a plan with two people, the second 30 ms after the first.
func small() *plan.Plan {
	inbox := []plan.Contact{{ID: "phone", Channel: "inapp"}}
	return &plan.Plan{
		Users:        []plan.User{{ID: "ana", Contacts: inbox}, {ID: "bo", Contacts: inbox}},
		Policies:     []plan.Policy{{ID: "pol", Steps: []plan.Step{{Targets: []plan.Target{{Kind: plan.ToUser, ID: "ana"}}}, {After: plan.Duration(30 * time.Millisecond), Targets: []plan.Target{{Kind: plan.ToUser, ID: "bo"}}}}}},
		Services:     []plan.Service{{ID: "shop", Policy: "pol"}},
		Integrations: []plan.Integration{{ID: "pd", Type: "pagerduty", Service: "shop"}},
		Route:        plan.Route{GroupBy: []string{"..."}},
	}
}

type house struct {
	*engine.Engine
	store  *store.Store
	phones *phones
	stop   func()
}

func start(t *testing.T, st *store.Store, ph *phones) *house {
	t.Helper()
	return startOn(t, st, st, ph)
}

func startOn(t *testing.T, st *store.Store, as engine.Store, ph *phones) *house {
	t.Helper()
	e, err := engine.New(engine.Options{Store: as, Sender: ph})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	var once sync.Once
	stop := func() { once.Do(func() { cancel(); <-done }) }
	t.Cleanup(stop)
	return &house{Engine: e, store: st, phones: ph, stop: stop}
}

func (h *house) configure(t *testing.T, p *plan.Plan) {
	t.Helper()
	if _, err := h.SavePlan(t.Context(), fact.System, engine.PlanVersion{Plan: p, Author: "test"}); err != nil {
		t.Fatal(err)
	}
}

func trigger(key string) core.Addressed {
	return core.Addressed{Stream: alert.Stream("pd", key), Body: alert.Received{Integration: "pd", Signal: signal.Signal{
		Action: signal.Trigger, DedupKey: key, Summary: key + " burns", Severity: signal.Critical, Labels: signal.Labels{"key": key}}}}
}

var pagerduty = fact.Actor{Kind: "integration", ID: "pd"}

func (h *house) fire(t *testing.T, key string) {
	t.Helper()
	if _, err := h.Submit(t.Context(), pagerduty, trigger(key)); err != nil {
		t.Fatalf("trigger %s: %v", key, err)
	}
}

// until waits for something that a commit makes true.
func (h *house) until(t *testing.T, what string, true_ func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	changes := h.Changes(ctx)
	for !true_() {
		if _, ok := <-changes; !ok {
			t.Fatalf("never came true: %s", what)
		}
	}
}

func (h *house) page(t *testing.T, id string) *page.State {
	t.Helper()
	s, err := h.store.State(t.Context(), page.Stream(id))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := s.(*page.State)
	if p == nil {
		t.Fatalf("no page %s", id)
	}
	return p
}

func TestAnEventReachesAPersonAndTheAnswerStopsTheLadder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		h := start(t, st, newPhones())
		h.configure(t, small())
		h.fire(t, "disk")
		first := h.phones.next(t)
		if first.Contact.User != "ana" || first.Message.Title != "disk burns" {
			t.Fatalf("told %+v", first)
		}
		second := h.phones.next(t) // nobody answered within 30 ms
		if second.Contact.User != "bo" || second.Message.Page != first.Message.Page {
			t.Fatalf("then told %+v", second)
		}
		if _, err := h.Do(t.Context(), fact.User("bo", "test"), page.Stream(first.Message.Page), page.Acknowledge{}); err != nil {
			t.Fatal(err)
		}
		if p := h.page(t, first.Message.Page); p.Status != page.Acknowledged || p.AckedBy != "bo" || !p.NextAt.IsZero() {
			t.Fatalf("page after the answer: %+v", p)
		}
		_, err := h.Do(t.Context(), fact.User("ana", "test"), page.Stream(first.Message.Page), page.Acknowledge{})
		var refused *fact.Refused
		if !errors.As(err, &refused) || refused.Code != "conflict" {
			t.Fatalf("a second answer got %v", err)
		}
	})
}

func TestARequestThatIsRefusedLeavesNoTraceInItsBatch(t *testing.T) {
	t.Parallel()
	h := start(t, storetest.Open(t), newPhones())
	h.configure(t, small())
	var all sync.WaitGroup
	var refusals atomic.Int64
	for i := range 100 {
		all.Add(1)
		go func() {
			defer all.Done()
			in := []core.Addressed{trigger(fmt.Sprintf("k%d", i))}
			if i%2 == 1 { // the second half of the request is impossible, so the first must not happen
				in = append(in, core.Addressed{Stream: page.Stream("nowhere"), Body: page.Acknowledge{}})
			}
			if _, err := h.Submit(context.Background(), fact.User("ana", "test"), in...); err != nil {
				refusals.Add(1)
			}
		}()
	}
	all.Wait()
	if refusals.Load() != 50 {
		t.Errorf("%d refusals, want 50", refusals.Load())
	}
	for i := range 100 {
		s, err := h.store.State(t.Context(), alert.Stream("pd", fmt.Sprintf("k%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		if (s != nil) != (i%2 == 0) {
			t.Errorf("alert k%d exists: %v", i, s != nil)
		}
	}
}

func TestWhatWasNotSentBeforeTheEndIsSentAfterTheRestart(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	// The first process commits a page and dies in mid-send: its receipt is
	// never written, which is what a kill looks like from the ledger.
	hung := newPhones()
	release := make(chan struct{})
	hung.answer = func(notification.Send) engine.Attempt {
		<-release
		return engine.Attempt{Err: errors.New("cut off")}
	}
	dying := &deaf{Store: st}
	e, err := engine.New(engine.Options{Store: dying, Sender: hung, Node: "dying"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = e.Run(ctx) }()
	first := &house{Engine: e, store: st, phones: hung}
	first.configure(t, small())
	first.fire(t, "disk")
	told := hung.next(t)
	dying.dead.Store(true)
	cancel()
	defer func() { close(release); <-ended }()

	if err := st.Release(t.Context(), "dying"); err != nil { // what opening the file does
		t.Fatal(err)
	}
	h := start(t, st, newPhones())
	for {
		again := h.phones.next(t)
		if again.Message.ID == told.Message.ID {
			return
		}
	}
}

// deaf is a store whose process has died: nothing is written any more.
type deaf struct {
	*store.Store
	dead atomic.Bool
}

func (d *deaf) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	if d.dead.Load() {
		return errors.New("this process is dead")
	}
	return d.Store.Write(ctx, fn)
}

func (d *deaf) Renew(ctx context.Context, owner string, until time.Time) error {
	if d.dead.Load() {
		return errors.New("this process is dead")
	}
	return d.Store.Renew(ctx, owner, until)
}

func (d *deaf) Release(ctx context.Context, owner string) error {
	if d.dead.Load() {
		return errors.New("this process is dead")
	}
	return d.Store.Release(ctx, owner)
}

func (d *deaf) Claim(ctx context.Context, c ledger.Claim) ([]ledger.Errand, error) {
	if d.dead.Load() {
		return nil, nil
	}
	return d.Store.Claim(ctx, c)
}

// away is a database that cannot be reached for a while.
type away struct {
	*store.Store
	left atomic.Int64
}

func (a *away) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	if a.left.Add(-1) >= 0 {
		return fmt.Errorf("connect: %w", ledger.ErrUnavailable)
	}
	return a.Store.Write(ctx, fn)
}

func TestADatabaseThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	flaky := &away{Store: st}
	h := startOn(t, st, flaky, newPhones())
	h.configure(t, small())
	flaky.left.Store(4)
	h.fire(t, "disk") // answers only once it is on disk
	if got := h.phones.next(t); got.Contact.User != "ana" {
		t.Fatalf("told %+v", got)
	}
}

func TestAChannelThatPanicsDoesNotTakeThePagerDown(t *testing.T) {
	t.Parallel()
	ph := newPhones()
	ph.answer = func(s notification.Send) engine.Attempt {
		if s.Contact.User == "ana" {
			panic("a defect in a channel")
		}
		return engine.Attempt{Status: notification.OutcomeDelivered}
	}
	h := start(t, storetest.Open(t), ph)
	h.configure(t, small())
	h.fire(t, "disk")
	for h.phones.next(t).Contact.User != "bo" {
	}
}

func TestSilencingHushesAnOpenPageAndItsEndTellsAgain(t *testing.T) {
	t.Parallel()
	h := start(t, storetest.Open(t), newPhones())
	p := small()
	p.Policies[0].Steps[1].After = plan.Duration(time.Hour)
	h.configure(t, p)
	h.fire(t, "disk")
	told := h.phones.next(t)
	m, err := signal.ParseMatchers(`key="disk"`)
	if err != nil {
		t.Fatal(err)
	}
	id := h.NewID("s")
	silence := fact.Of("silence", id)
	putSilence(t, h, silence, m)
	h.until(t, "the page is muted", func() bool { return h.page(t, told.Message.Page).Status == page.Muted })
	takeDown(t, h, silence)
	if again := h.phones.next(t); again.Contact.User != "ana" || again.Message.Page != told.Message.Page {
		t.Fatalf("after the silence: %+v", again)
	}
}

func TestAnAlertThatEndsAndFiresAgainInOneBatchEndsInTheList(t *testing.T) {
	t.Parallel()
	for _, together := range []string{"in one request", "in three requests"} {
		t.Run(together, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, st *store.Store) {
				h := start(t, st, newPhones())
				h.configure(t, small())
				over := trigger("disk")
				over.Body = alert.Received{Integration: "pd", Signal: signal.Signal{Action: signal.Resolve, DedupKey: "disk"}}
				three := []core.Addressed{trigger("disk"), over, trigger("disk")}
				if together == "in one request" {
					if _, err := h.Submit(t.Context(), pagerduty, three...); err != nil {
						t.Fatal(err)
					}
				} else {
					for _, in := range three {
						if _, err := h.Submit(t.Context(), pagerduty, in); err != nil {
							t.Fatal(err)
						}
					}
				}
				all, err := st.Alerts(t.Context(), alert.Filter{})
				if err != nil {
					t.Fatal(err)
				}
				if len(all) != 2 || all[0].Status == all[1].Status {
					t.Fatalf("the list has %d alerts, and not one firing and one resolved: %+v", len(all), all)
				}
			})
		})
	}
}
