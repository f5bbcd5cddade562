package detect

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/core/plan"
)

// A real server breaks and is mended; the sink hears of each, with real looks.
func TestARealServerBreaksAndIsMended(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	heard := make(chan Probe)
	s := &Scheduler{Sink: sinkFunc(func(ctx context.Context, p Probe) (Next, error) {
		select {
		case heard <- p:
		case <-ctx.Done():
		}
		return Next{}, nil
	})}
	s.Reload(planOf(plan.Check{ID: "web", Type: "http", Settings: map[string]string{"url": server.URL}, Interval: plan.Duration(20 * time.Millisecond), Timeout: plan.Duration(5 * time.Second)}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	until := func(ok bool) Probe {
		for p := range heard {
			if p.OK == ok {
				return p
			}
		}
		panic("unreachable")
	}
	if p := until(true); p.Reason != "" || p.Latency <= 0 || p.Values["status"] != "200" {
		t.Errorf("healthy: %+v", p)
	}
	broken.Store(true)
	if p := until(false); !strings.Contains(p.Reason, "503") {
		t.Errorf("broken: %+v", p)
	}
	broken.Store(false)
	until(true)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
