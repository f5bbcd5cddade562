package detect

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
)

const (
	// parkAfter is when a probe stops counting as starting: what takes longer
	// waits for the other side and uses no processor.
	parkAfter = 100 * time.Millisecond
	// grace is how long past its timeout a probe may take to notice.
	grace = time.Second
	// stopGrace bounds the wait for probes and reports at the end.
	stopGrace = 3 * time.Second
	// sinkTimeout bounds one report.
	sinkTimeout = 10 * time.Second
	// firstSpread is the longest time over which new checks are first looked
	// at, and firstGap the share of each: one new check goes at once, a
	// thousand go over ten seconds.
	firstSpread = 10 * time.Second
	firstGap    = 10 * time.Millisecond
	// maxRetell bounds the pause between offers of the same report.
	maxRetell = 30 * time.Second
)

// loop is one Run. Everything in it belongs to its goroutine; others post.
type loop struct {
	s      *Scheduler
	ctx    context.Context
	epoch  time.Time
	tasks  map[string]*task
	alarms alarms
	timer  *time.Timer
	posts  chan func(now time.Time)
	over   chan struct{}
	others sync.WaitGroup

	queue    []*task // due, over the budget
	reports  []*task // untold, over the reporters
	starting int
	waiting  int
	stuck    int
	// telling holds the checks whose report is on its way, by id: a check that
	// changes meanwhile must not be reported twice at once.
	telling map[string]bool
}

func newLoop(ctx context.Context, s *Scheduler) *loop {
	return &loop{
		s: s, ctx: ctx, epoch: time.Now(), tasks: map[string]*task{}, timer: time.NewTimer(time.Hour),
		posts: make(chan func(time.Time)), over: make(chan struct{}), telling: map[string]bool{},
	}
}

func (l *loop) run(changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(l.ctx)
	l.ctx = ctx
	defer l.stop()
	defer cancel()
	l.reload(time.Now())
	for {
		l.settle()
		select {
		case <-ctx.Done():
			return
		case <-changed:
			l.reload(time.Now())
		case f := <-l.posts:
			f(time.Now())
		case <-l.timer.C:
			now := time.Now()
			for a := l.alarms.due(now); a != nil; a = l.alarms.due(now) {
				a.fire(now)
			}
		}
	}
}

// stop waits for everybody who obeys the context, and not for ever.
func (l *loop) stop() {
	l.timer.Stop()
	close(l.over)
	gone := make(chan struct{})
	go func() { l.others.Wait(); close(gone) }()
	late := time.NewTimer(stopGrace)
	defer late.Stop()
	select {
	case <-gone:
	case <-late.C:
		l.s.log().Warn("checks stopped while some probes or reports would not end", "stuck", l.stuck)
	}
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for _, h := range l.s.history {
		h.expect = time.Time{} // nobody looks any more, and that is meant
	}
}

// post hands f to the loop; after the end it is dropped.
func (l *loop) post(f func(now time.Time)) {
	select {
	case l.posts <- f:
	case <-l.over:
	}
}

// settle starts what the budget allows, sets the timer and shows the figures.
func (l *loop) settle() {
	for len(l.queue) > 0 && l.starting < orDefault(l.s.Starting, DefaultStarting) {
		t := l.queue[0]
		l.queue = l.queue[1:]
		t.queued = false
		if l.tasks[t.check.ID] == t {
			l.start(t, time.Now())
		}
	}
	for len(l.reports) > 0 && len(l.telling) < orDefault(l.s.Reporting, DefaultReporting) {
		t := l.reports[0]
		l.reports = l.reports[1:]
		t.reported = false
		if l.tasks[t.check.ID] == t && t.untold != nil && !l.telling[t.check.ID] {
			l.tell(t)
		}
	}
	wait := time.Hour
	if len(l.alarms) > 0 {
		wait = max(time.Until(l.alarms[0].at), 0)
	}
	l.timer.Reset(wait)
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	st := &l.s.stats
	st.Checks, st.Running, st.Waiting, st.Stuck, st.Queued = len(l.tasks), l.starting+l.waiting, l.waiting, l.stuck, len(l.queue)
}

// reload takes the newest plan.
func (l *loop) reload(now time.Time) {
	l.s.mu.Lock()
	p := l.s.plan
	l.s.mu.Unlock()
	if p == nil {
		p = &plan.Plan{}
	}
	var fresh []*task
	kept := make(map[string]bool, len(p.Checks))
	for _, c := range p.Checks {
		kept[c.ID] = true
		if old := l.tasks[c.ID]; old != nil {
			if reflect.DeepEqual(old.check, c) {
				continue
			}
			l.drop(old)
		}
		t := l.newTask(c)
		l.tasks[c.ID] = t
		fresh = append(fresh, t)
	}
	for id, t := range l.tasks {
		if !kept[id] {
			l.drop(t)
			delete(l.tasks, id)
		}
	}
	l.remember(kept)
	over := min(firstSpread, time.Duration(len(fresh))*firstGap)
	for _, t := range fresh {
		l.wait(t, now.Add(spread(t.check.ID, min(over, t.check.Interval.Std()))))
	}
}

func (l *loop) newTask(c plan.Check) *task {
	t := &task{check: c, phase: spread(c.ID, c.Interval.Std())}
	t.target, t.refused = check.NewTarget(c)
	t.due.fire = func(now time.Time) { l.ready(t, now) }
	t.park.fire = func(now time.Time) { l.parkIt(t, now) }
	t.retell.fire = func(time.Time) { l.queueReport(t) }
	return t
}

// drop takes a task out of everything. What it started ends by itself and is
// not listened to.
func (l *loop) drop(t *task) {
	l.alarms.clear(&t.due)
	l.alarms.clear(&t.park)
	l.alarms.clear(&t.retell)
	if t.cancel != nil {
		t.cancel()
	}
	l.free(t)
	if t.untold != nil {
		l.taken(t)
	}
}

// remember makes room for the history of checks, and forgets removed ones.
func (l *loop) remember(ids map[string]bool) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.s.history == nil {
		l.s.history = map[string]*past{}
	}
	for id := range l.s.history {
		if !ids[id] {
			delete(l.s.history, id)
		}
	}
	for id := range ids {
		if l.s.history[id] == nil {
			l.s.history[id] = &past{}
		}
	}
}

// wait sets the next turn, and by when a result is overdue.
func (l *loop) wait(t *task, at time.Time) {
	l.alarms.set(&t.due, at)
	every := t.check.Interval.Std()
	l.expect(t, at.Add(t.check.Timeout.Std()+grace+max(every/2, 5*time.Second)))
}

func (l *loop) expect(t *task, by time.Time) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if h := l.s.history[t.check.ID]; h != nil {
		h.expect = by
	}
}

// ready is a task's turn.
func (l *loop) ready(t *task, now time.Time) {
	if l.s.Owns != nil && !l.s.Owns(t.check.ID) {
		l.wait(t, t.turn(l.epoch, now.Add(t.check.Interval.Std()/2)))
		l.expect(t, time.Time{})
		return
	}
	t.queued = true
	l.queue = append(l.queue, t)
}

// start begins one probe, or says at once why it cannot.
func (l *loop) start(t *task, now time.Time) {
	l.noteLateness(now.Sub(t.due.at))
	switch {
	case t.refused != nil:
		l.record(t, now, check.Result{Reason: "this check cannot run: " + t.refused.Error(), Fault: check.OurSide})
		return
	case !t.stuck.IsZero():
		l.record(t, now, check.Result{Reason: fmt.Sprintf("the probe of %s has not come back", t.stuck.UTC().Format("15:04:05 UTC")), Fault: check.OurSide})
		return
	}
	ctx, cancel := context.WithCancel(l.ctx)
	t.cancel, t.running = cancel, true
	l.starting++
	l.alarms.set(&t.park, now.Add(parkAfter))
	l.others.Add(1)
	go func() {
		defer l.others.Done()
		defer cancel()
		l.look(ctx, t, now)
	}()
}

func (l *loop) noteLateness(late time.Duration) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.stats.Lateness = late
	l.s.stats.MaxLate = max(l.s.stats.MaxLate, late)
}

// look runs beside the loop. A probe that ignores the end of its time is left
// behind: its check fails, and no second one is started until it is back.
func (l *loop) look(ctx context.Context, t *task, at time.Time) {
	probe := l.s.Look
	if probe == nil {
		probe = new(check.Prober).Probe
	}
	back := make(chan check.Result, 1)
	go func() { back <- probe(ctx, t.target) }()
	limit := time.NewTimer(t.target.Timeout() + grace)
	defer limit.Stop()
	select {
	case r := <-back:
		l.post(func(time.Time) { l.done(t, at, r) })
		return
	case <-limit.C:
	}
	l.post(func(time.Time) {
		if l.tasks[t.check.ID] != t {
			return
		}
		t.stuck = at
		l.stuck++
		l.s.log().Warn("a probe did not end in its time", "check", t.check.ID, "timeout", t.target.Timeout())
		l.done(t, at, check.Result{
			Reason: fmt.Sprintf("the probe did not end within its timeout of %s", t.target.Timeout()), Fault: check.OurSide, Latency: t.target.Timeout() + grace,
		})
	})
	<-back
	l.post(func(time.Time) {
		if !t.stuck.IsZero() {
			t.stuck = time.Time{}
			l.stuck--
		}
	})
}

// parkIt gives a slow probe's place to others, while there is room to wait.
func (l *loop) parkIt(t *task, now time.Time) {
	if !t.running || t.parked {
		return
	}
	if l.waiting >= orDefault(l.s.Waiting, DefaultWaiting) {
		l.alarms.set(&t.park, now.Add(parkAfter))
		return
	}
	t.parked = true
	l.starting--
	l.waiting++
}

// free gives back the place of a task's running probe.
func (l *loop) free(t *task) {
	l.alarms.clear(&t.park)
	switch {
	case t.parked:
		l.waiting--
	case t.running:
		l.starting--
	}
	t.running, t.parked, t.cancel = false, false, nil
}

func (l *loop) done(t *task, at time.Time, r check.Result) {
	if l.tasks[t.check.ID] != t || !t.running {
		return
	}
	l.free(t)
	l.record(t, at, r)
}

// record keeps a result, queues its report and sets the next turn.
func (l *loop) record(t *task, at time.Time, r check.Result) {
	p := Probe{Check: t.check.ID, At: at, OK: r.OK, Reason: r.Reason, Fault: r.Fault, Latency: r.Latency, Values: r.Values, Output: r.Output}
	l.s.mu.Lock()
	if h := l.s.history[t.check.ID]; h != nil {
		h.add(p)
	}
	l.s.stats.Probes++
	if !p.OK {
		l.s.stats.Failures++
	}
	if t.untold == nil {
		l.s.stats.Unreported++
	}
	l.s.mu.Unlock()
	t.untold, t.retries = &p, 0
	l.alarms.clear(&t.retell)
	l.queueReport(t)
	// Half an interval at least lies between two looks, also when the first
	// look or a retry fell beside the check's own turns.
	from := at.Add(t.check.Interval.Std() / 2)
	if now := time.Now(); from.Before(now) {
		from = now
	}
	l.wait(t, t.turn(l.epoch, from))
}
