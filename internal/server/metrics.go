package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tocsin/internal/core/notification"
	"tocsin/internal/engine"
)

// metrics counts what the engine does, with Prometheus' naming conventions.
type metrics struct {
	registry  *prometheus.Registry
	requests  prometheus.Counter
	facts     prometheus.Counter
	commit    prometheus.Histogram
	conflicts prometheus.Counter
	away      prometheus.Counter
	wakeLate  prometheus.Histogram
	sends     *prometheus.CounterVec
	sendTime  *prometheus.HistogramVec
	defects   prometheus.Counter
}

// fine are buckets from half a millisecond to a minute: a pager is judged at
// both ends.
var fine = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func newMetrics(version string) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		requests:  counter("tocsin_engine_requests_total", "Requests written by the engine."),
		facts:     counter("tocsin_engine_facts_total", "Facts written to the journal."),
		commit:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tocsin_engine_commit_duration_seconds", Help: "Time from a batch's start to its commit.", Buckets: fine}),
		conflicts: counter("tocsin_engine_conflicts_total", "Batches run again because another node moved a stream first."),
		away:      counter("tocsin_store_unavailable_total", "Times the store did not take a write or a read."),
		wakeLate:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tocsin_wake_lateness_seconds", Help: "How late a wake was answered after its due time.", Buckets: fine}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_notification_attempts_total",
			Help: "Attempts at sending a message, by channel kind of message and outcome."}, []string{"kind", "outcome"}),
		sendTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tocsin_notification_latency_seconds",
			Help: "Time from the decision to tell somebody to the end of the attempt.", Buckets: fine}, []string{"kind"}),
		defects: counter("tocsin_defects_total", "Mistakes of Tocsin's own: a panic or a rule that could not answer."),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_build_info", Help: "The running version; always 1."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.requests, m.facts, m.commit, m.conflicts, m.away, m.wakeLate, m.sends, m.sendTime, m.defects, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) Committed(requests, facts int, took time.Duration) {
	m.requests.Add(float64(requests))
	m.facts.Add(float64(facts))
	m.commit.Observe(took.Seconds())
}

func (m *metrics) Conflict()               { m.conflicts.Inc() }
func (m *metrics) StoreAway()              { m.away.Inc() }
func (m *metrics) Defect()                 { m.defects.Inc() }
func (m *metrics) Woke(late time.Duration) { m.wakeLate.Observe(max(0, late.Seconds())) }

func (m *metrics) Sent(s notification.Send, a engine.Attempt, after time.Duration) {
	outcome := a.Status
	switch {
	case a.Err != nil && a.Permanent:
		outcome = "refused"
	case a.Err != nil:
		outcome = "failed"
	}
	m.sends.WithLabelValues(string(s.Message.Kind), outcome).Inc()
	m.sendTime.WithLabelValues(string(s.Message.Kind)).Observe(after.Seconds())
}

// gauge registers a value that is read when somebody asks.
func (m *metrics) gauge(name, help string, read func(context.Context) float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return read(ctx)
	}))
}
