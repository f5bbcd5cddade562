package memory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/memory"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/signal"
)

// Alerts of one instant have ids in no order of arrival; whoever turns the
// pages of the list must still see each of them once.
func TestTurningPagesLosesNoAlert(t *testing.T) {
	t.Parallel()
	commits := 0
	w := memory.New(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), memory.Owner{Lock: new(sync.Mutex), Committed: func() { commits++ },
		Deliver: func(notification.Send) notification.Input { return notification.Receipt{} }})
	const n = 23
	for i := range n {
		key := fmt.Sprint("key", i)
		body := alert.Received{Integration: "prom", Signal: signal.Signal{Action: signal.Trigger, DedupKey: key, Summary: key}}
		if _, err := w.Do(t.Context(), fact.System, alert.Stream("prom", key), body); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for f := (alert.Filter{Limit: 5}); ; {
		list, err := w.Alerts(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if seen[a.ID] {
				t.Errorf("%s is on two pages", a.ID)
			}
			seen[a.ID], f.Before = true, a.ID
		}
		if len(list) < f.Limit {
			break
		}
	}
	if len(seen) != n || commits < n {
		t.Errorf("%d alerts on all pages after %d commits, want %d", len(seen), commits, n)
	}
}
