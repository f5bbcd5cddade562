package detect

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
)

// BenchmarkScheduler runs 1,000 checks at a one-second interval until b.N
// results are in. Read cpu-µs/check and late-max-ms: time per operation is the
// schedule's, not ours. "http" probes a loopback server in the same process
// with a new connection each time, so the server's share is included; "idle"
// is the scheduler's own cost; "ticker" is what a bare timer and two channel
// hand-overs cost on this machine at the same rate, to compare it with.
func BenchmarkScheduler(b *testing.B) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"UP"}`) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	defer s.Close()
	idle := func(context.Context, check.Target) check.Result { return check.Result{OK: true} }
	b.Run("http", func(b *testing.B) { benchmark(b, s.URL, nil) })
	b.Run("idle", func(b *testing.B) { benchmark(b, s.URL, idle) })
	b.Run("ticker", tick)
}

func tick(b *testing.B) {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		for range there {
			back <- struct{}{}
		}
	}()
	defer close(there)
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	before := processorTime(b)
	for range b.N {
		<-t.C
		there <- struct{}{}
		<-back
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/check")
}

func benchmark(b *testing.B, url string, look func(context.Context, check.Target) check.Result) {
	p := &plan.Plan{}
	for i := range 1000 {
		p.Checks = append(p.Checks, plan.Check{
			ID: fmt.Sprintf("check-%d", i), Type: "http", Settings: map[string]string{"url": url}, Interval: plan.Duration(time.Second),
			Timeout: plan.Duration(5 * time.Second), Conditions: []string{"[STATUS] == 200", "[BODY].status == UP"},
		})
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var got, failed atomic.Int64
	want := int64(b.N)
	sched := &Scheduler{Look: look, Sink: sinkFunc(func(_ context.Context, p Probe) (Next, error) {
		if !p.OK {
			failed.Add(1)
		}
		if got.Add(1) >= want {
			cancel()
		}
		return Next{}, nil
	})}
	sched.Reload(p)
	b.ResetTimer()
	before := processorTime(b)
	if err := sched.Run(ctx); err != nil {
		b.Fatal(err)
	}
	used := processorTime(b) - before
	b.StopTimer()
	if failed.Load() > 0 {
		b.Fatalf("%d of %d probes failed", failed.Load(), got.Load())
	}
	b.ReportMetric(float64(used.Microseconds())/float64(got.Load()), "cpu-µs/check")
	b.ReportMetric(float64(sched.Stats().MaxLate.Microseconds())/1000, "late-max-ms")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
