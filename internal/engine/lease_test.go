package engine_test

import (
	"testing"

	"tocsin/internal/core/notification"
	"tocsin/internal/engine"
	"tocsin/internal/store/storetest"
)

// An attempt may take longer than a lease: it is renewed while it runs, so that
// no other node sends the same.
func TestAnAttemptLongerThanItsLeaseIsSentOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it has to outlast a lease")
	}
	stores := storetest.Nodes(t, 2)
	slow, other := newPhones(), newPhones()
	release := make(chan struct{})
	slow.answer = func(notification.Send) engine.Attempt {
		<-release
		return engine.Attempt{Status: notification.OutcomeDelivered}
	}
	h := start(t, stores[0], slow)
	p := small()
	p.Policies[0].Steps = p.Policies[0].Steps[:1]
	h.configure(t, p)
	h.fire(t, "disk")
	told := slow.next(t)

	claims := &counted{Store: stores[1], seen: make(chan int, 100)}
	startOn(t, stores[1], claims, other)
	for range 7 { // one claim a second, so longer than a lease
		if n := <-claims.seen; n != 0 {
			t.Errorf("the other node took %d errands that are under way", n)
		}
	}
	close(release)
	h.until(t, "the receipt is written", func() bool {
		rows, err := stores[0].Notifications(t.Context(), notification.RowFilter{Page: told.Message.Page})
		return err == nil && len(rows) > 0 && rows[0].Outcome == notification.OutcomeDelivered
	})
	if len(other.sent) != 0 {
		t.Error("the other node sent it too")
	}
}

// What a node was sending when it died is sent by another within seconds.
func TestADeadNodesMessagesAreSentByAnotherSoon(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it has to outlast a lease")
	}
	stores := storetest.Nodes(t, 2)
	hung, other := newPhones(), newPhones()
	release := make(chan struct{})
	hung.answer = func(notification.Send) engine.Attempt {
		<-release
		return engine.Attempt{Status: notification.OutcomeDelivered}
	}
	dying := &deaf{Store: stores[0]}
	h := startOn(t, stores[0], dying, hung)
	t.Cleanup(func() { close(release) }) // before the engine is stopped, which waits for it
	p := small()
	p.Policies[0].Steps = p.Policies[0].Steps[:1]
	h.configure(t, p)
	h.fire(t, "disk")
	told := hung.next(t)
	dying.dead.Store(true)

	start(t, stores[1], other)
	if again := other.next(t); again.Message.ID != told.Message.ID {
		t.Fatalf("another message came first: %+v", again)
	}
}
