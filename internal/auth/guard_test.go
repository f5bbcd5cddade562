package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestTheGuardsMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := newGuard()
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for range freeTries + 3 {
		g.enter("ana", "192.0.2.1", now.Add(time.Hour))
	}
	for i := range maxSeen/2 + 50 { // two keys each
		g.enter(fmt.Sprintf("name%d", i), fmt.Sprintf("ip%d", i), now.Add(time.Duration(i)*time.Microsecond))
	}
	if len(g.seen) > maxSeen {
		t.Errorf("%d names are remembered, want at most %d", len(g.seen), maxSeen)
	}
	if g.enter("ana", "192.0.2.1", now.Add(time.Hour)) == 0 {
		t.Error("a flood of names made the guard forget who was wrong just now")
	}
}
