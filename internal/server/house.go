package server

import (
	"context"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/signal"
)

// keepHouse writes what was counted and forgets what is past its time.
func (s *Server) keepHouse(ctx context.Context) error {
	count := time.NewTicker(time.Second)
	defer count.Stop()
	prune := time.NewTicker(time.Hour)
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flushActivity(context.WithoutCancel(ctx))
			return nil
		case <-count.C:
			s.flushActivity(ctx)
		case <-prune.C:
			if err := s.store.Prune(ctx, time.Now().Add(-s.opts.Retention)); err != nil && ctx.Err() == nil {
				s.opts.Log.Warn("old records cannot be removed", "error", err)
			}
		}
	}
}

func (s *Server) flushActivity(ctx context.Context) {
	list := s.activity.drain()
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.store.AddActivity(ctx, list); err != nil {
		s.activity.back(list) // counted twice rather than lost, should it be written after all
		s.opts.Log.Warn("counts of integrations cannot be written", "error", err)
	}
}

// SelfIntegration is the key space of the alerts that Tocsin raises about
// itself. They go the way of every alert: routed, paged, explained.
const SelfIntegration = "tocsin"

// How late the pager may be before it says so itself.
const (
	overdueWake   = 15 * time.Second
	overdueErrand = 2 * time.Minute
	overdueCheck  = time.Minute
	selfEvery     = 5 * time.Second
)

// symptom is one thing the self-watch looks at.
type symptom struct {
	key, summary string
	since        func(context.Context) (time.Time, error)
	bound        time.Duration
}

func (s *Server) symptoms() []symptom {
	return []symptom{
		{"overdue-wakes", "Tocsin is late: a timer is overdue", s.store.NextWake, overdueWake},
		{"stuck-outbox", "Tocsin is stuck: a message waits to be sent", s.store.OldestErrand, overdueErrand},
		{"overdue-checks", "Tocsin has stopped looking: a check has no result though one is due", s.blindSince, overdueCheck},
	}
}

// blindSince is when a check that is overdue now was first seen to be; zero if
// none is.
func (s *Server) blindSince(context.Context) (time.Time, error) {
	now := time.Now()
	if len(s.eyes.Overdue(now)) == 0 {
		s.blind.Store(0)
		return time.Time{}, nil
	}
	s.blind.CompareAndSwap(0, now.UnixMicro())
	return time.UnixMicro(s.blind.Load()), nil
}

// watchSelf raises an alert when wakes are overdue or the outbox is stuck.
func (s *Server) watchSelf(ctx context.Context) error {
	raised := map[string]bool{}
	tick := time.NewTicker(selfEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, x := range s.symptoms() {
			s.look(ctx, x, raised)
		}
	}
}

func (s *Server) look(ctx context.Context, x symptom, raised map[string]bool) {
	since, err := x.since(ctx)
	if err != nil || ctx.Err() != nil {
		return // the store's own trouble is told by readiness and metrics
	}
	late := !since.IsZero() && time.Since(since) > x.bound
	// What was raised before a restart is not known here: the first look says
	// how it is, whichever way. A resolve of what is not open costs nothing.
	if was, known := raised[x.key]; known && late == was {
		return
	}
	sig := signal.Signal{Action: signal.Resolve, DedupKey: "self/" + x.key, Severity: signal.Critical, Summary: x.summary, Source: "tocsin",
		Labels: signal.Labels{"alertname": "TocsinSelfWatch", "symptom": x.key}}
	if late {
		sig.Action = signal.Trigger
		sig.Annotations = map[string]string{"since": since.UTC().Format(time.RFC3339)}
		s.opts.Log.Error("self-watch", "symptom", x.key, "since", since, "for", time.Since(since).Round(time.Second))
	}
	_, err = s.engine.Submit(ctx, fact.System, core.Addressed{Stream: alert.Stream(SelfIntegration, sig.DedupKey), Body: alert.Received{Integration: SelfIntegration, Signal: sig}})
	if err != nil {
		s.opts.Log.Error("the self-watch cannot raise its alert", "symptom", x.key, "error", err)
		return
	}
	raised[x.key] = late
}

// gauges are read when somebody scrapes.
func (s *Server) gauges() {
	age := func(read func(context.Context) (time.Time, error)) func(context.Context) float64 {
		return func(ctx context.Context) float64 {
			at, err := read(ctx)
			if err != nil || at.IsZero() {
				return 0
			}
			return max(0, time.Since(at).Seconds())
		}
	}
	s.metrics.gauge("tocsin_wake_overdue_seconds", "Age of the oldest wake that is due and not answered.", age(s.store.NextWake))
	s.metrics.gauge("tocsin_outbox_oldest_seconds", "Age of the oldest message that waits for its outcome.", age(s.store.OldestErrand))
	s.metrics.gauge("tocsin_plan_version", "Version of the plan in force.", func(context.Context) float64 { return float64(s.engine.Plan().Version) })
	s.metrics.gauge("tocsin_checks", "Checks in the plan.", func(context.Context) float64 { return float64(s.eyes.Stats().Checks) })
	s.metrics.gauge("tocsin_checks_overdue", "Checks that should have had a result by now and have none.", func(context.Context) float64 { return float64(len(s.eyes.Overdue(time.Now()))) })
	s.metrics.gauge("tocsin_checks_queued", "Checks that are due and wait for room.", func(context.Context) float64 { return float64(s.eyes.Stats().Queued) })
	s.metrics.gauge("tocsin_checks_stuck", "Probes that ignored the end of their time.", func(context.Context) float64 { return float64(s.eyes.Stats().Stuck) })
	s.metrics.gauge("tocsin_checks_unreported", "Checks whose latest result could not be written yet.", func(context.Context) float64 { return float64(s.eyes.Stats().Unreported) })
	s.metrics.gauge("tocsin_check_lateness_seconds", "Lateness of the latest check's start.", func(context.Context) float64 { return s.eyes.Stats().Lateness.Seconds() })
}
