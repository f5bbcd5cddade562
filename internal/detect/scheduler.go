package detect

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
)

// Scheduler runs all checks of a plan. Only Sink is required. The fields must
// not change once Run was called; the methods are safe at any time, also
// before and after Run.
type Scheduler struct {
	Sink Sink
	// Look makes one look; nil is a zero check.Prober's Probe.
	Look func(context.Context, check.Target) check.Result
	// Log is told of reports that failed and probes that hang; nil is silent.
	Log *slog.Logger
	// Starting bounds how many probes run at once; 0 is DefaultStarting. A
	// probe that takes over a tenth of a second counts as Waiting instead.
	Starting int
	// Waiting bounds the slow ones, which cost a file handle and no
	// processor; 0 is DefaultWaiting. Past it, due checks queue.
	Waiting int
	// Reporting bounds how many calls of Sink run at once; 0 is DefaultReporting.
	Reporting int
	// Owns says whether this node runs the check; nil: it runs all. It is
	// asked before every probe and must not block.
	Owns func(checkID string) bool

	mu      sync.Mutex
	plan    *plan.Plan
	changed chan struct{}
	running bool
	history map[string]*past
	stats   Stats
}

// The budget that a Scheduler keeps unless told otherwise.
const (
	DefaultStarting  = 64
	DefaultWaiting   = 1024
	DefaultReporting = 16
)

// Stats is for /metrics and the self-watch.
type Stats struct {
	Checks     int           // in the plan
	Running    int           // probes in flight, waiting ones included
	Waiting    int           // of those, the slow ones
	Stuck      int           // probes that ignored the end of their time
	Queued     int           // due, but over the budget
	Unreported int           // checks whose latest result the Sink has not taken
	Probes     uint64        // results so far
	Failures   uint64        // of those, not OK
	SinkErrors uint64        // calls of Sink that failed
	Lateness   time.Duration // of the latest start
	MaxLate    time.Duration // of all starts
}

// Reload replaces the plan. Unchanged checks keep their rhythm; changed and
// new ones are looked at within seconds; a probe of a check that was removed
// or changed is called off and its result thrown away. It never blocks.
func (s *Scheduler) Reload(p *plan.Plan) {
	s.mu.Lock()
	s.plan = p
	signal := s.signal()
	s.mu.Unlock()
	select {
	case signal <- struct{}{}:
	default: // a reload that is already due will see this plan
	}
}

// signal is made on first use, under mu, so that the zero Scheduler works.
func (s *Scheduler) signal() chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{}, 1)
	}
	return s.changed
}

// Run checks until ctx ends, and then returns nil once every probe and report
// that obeys its context has ended.
func (s *Scheduler) Run(ctx context.Context) error {
	if s.Sink == nil {
		return errors.New("run checks: the scheduler has no sink")
	}
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("run checks: the scheduler already runs")
	}
	s.running = true
	changed := s.signal()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = false
	}()
	l := newLoop(ctx, s)
	l.run(changed)
	return nil
}

// History is the latest results of a check, oldest first, at most Kept. Only
// the last one has its values and output.
func (s *Scheduler) History(checkID string) []Probe {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.history[checkID]
	if h == nil {
		return nil
	}
	return h.list()
}

// Overdue lists the checks that should have had a result by now and have none:
// a monitor that has silently stopped looking is itself an alarm.
func (s *Scheduler) Overdue(now time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, h := range s.history {
		if !h.expect.IsZero() && now.After(h.expect) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Stats is a picture of this moment.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *Scheduler) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.New(slog.DiscardHandler)
}

func orDefault(n, fallback int) int {
	if n > 0 {
		return n
	}
	return fallback
}
