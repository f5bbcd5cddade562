package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is a check whose target says its own id, so that a fake look can tell
// checks apart: the timeout is unique.
func sample(id string, every time.Duration) plan.Check {
	return plan.Check{ID: id, Type: "tcp", Settings: map[string]string{"address": "127.0.0.1:9"}, Interval: plan.Duration(every), Timeout: plan.Duration(10 * time.Second)}
}

func planOf(checks ...plan.Check) *plan.Plan { return &plan.Plan{Checks: checks} }

// sinkFunc is a Sink.
type sinkFunc func(ctx context.Context, p Probe) (Next, error)

func (f sinkFunc) Probed(ctx context.Context, p Probe) (Next, error) { return f(ctx, p) }

// book writes down what a Sink was told.
type book struct {
	mu     sync.Mutex
	probes []Probe
}

func (b *book) Probed(_ context.Context, p Probe) (Next, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probes = append(b.probes, p)
	return Next{}, nil
}

func (b *book) of(id string) []Probe {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Probe
	for _, p := range b.probes {
		if p.Check == id {
			out = append(out, p)
		}
	}
	return out
}

func good(context.Context, check.Target) check.Result {
	return check.Result{OK: true, Latency: time.Millisecond}
}

// during runs a scheduler for a while of fake time.
func during(t *testing.T, s *Scheduler, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestChecksAreSpreadAndKeepTheirRhythm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var checks []plan.Check
		for i := range 1000 {
			checks = append(checks, sample(fmt.Sprintf("check-%d", i), time.Minute))
		}
		b := &book{}
		s := &Scheduler{Sink: b, Look: good}
		s.Reload(planOf(checks...))
		begin := time.Now()
		during(t, s, 5*time.Minute)

		perSecond := map[int]int{}
		for _, c := range checks {
			got := b.of(c.ID)
			if len(got) < 4 || got[0].At.Sub(begin) > firstSpread {
				t.Fatalf("%s: %d looks, the first after %v", c.ID, len(got), got[0].At.Sub(begin))
			}
			for i := 1; i < len(got); i++ {
				gap := got[i].At.Sub(got[i-1].At)
				if i == 1 && (gap < 29*time.Second || gap > 91*time.Second) || i > 1 && gap != time.Minute {
					t.Fatalf("%s: look %d came %v after the one before", c.ID, i, gap)
				}
				perSecond[int(got[i].At.Sub(begin)/time.Second)]++
			}
		}
		for second, n := range perSecond {
			if n > 60 { // an even spread is 17
				t.Errorf("second %d has %d looks", second, n)
			}
		}
		if late := s.Stats().MaxLate; late > time.Millisecond {
			t.Errorf("a look was %v late", late)
		}
	})
}

func TestHungProbesDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var checks []plan.Check
		for i := range 500 {
			checks = append(checks, sample(fmt.Sprintf("hung-%d", i), 20*time.Second))
		}
		quick := sample("quick", time.Second)
		quick.Timeout = plan.Duration(time.Second)
		b := &book{}
		s := &Scheduler{Sink: b, Starting: 8, Look: func(ctx context.Context, target check.Target) check.Result {
			if target.Timeout() == time.Second {
				return check.Result{OK: true}
			}
			<-ctx.Done() // a fake of a look that obeys its context
			return check.Result{Reason: "called off"}
		}}
		s.Look = withTimeout(s.Look)
		s.Reload(planOf(append(checks, quick)...))
		during(t, s, 2*time.Minute)
		got := b.of("quick")
		if len(got) < 110 {
			t.Errorf("the quick check ran %d times in two minutes", len(got))
		}
		for i := 1; i < len(got); i++ {
			if gap := got[i].At.Sub(got[i-1].At); gap > 3*time.Second {
				t.Errorf("the quick check waited %v", gap)
			}
		}
		if n := len(b.of("hung-7")); n < 4 {
			t.Errorf("a hung check was reported %d times", n)
		}
	})
}

// withTimeout does what check.Prober does with a target's timeout.
func withTimeout(look func(context.Context, check.Target) check.Result) func(context.Context, check.Target) check.Result {
	return func(ctx context.Context, target check.Target) check.Result {
		ctx, cancel := context.WithTimeout(ctx, target.Timeout())
		defer cancel()
		return look(ctx, target)
	}
}

func TestAProbeThatIgnoresItsTimeIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		first := true
		b := &book{}
		s := &Scheduler{Sink: b, Look: func(context.Context, check.Target) check.Result {
			if first {
				first = false
				<-release
			}
			return check.Result{OK: true}
		}}
		s.Reload(planOf(sample("deaf", 20*time.Second)))
		time.AfterFunc(70*time.Second, func() { close(release) })
		during(t, s, 2*time.Minute)
		got := b.of("deaf")
		if len(got) < 4 || !strings.Contains(got[0].Reason, "did not end within its timeout of 10s") || got[0].Fault != check.OurSide {
			t.Fatalf("%+v", got)
		}
		if !strings.Contains(got[1].Reason, "has not come back") || got[1].OK {
			t.Errorf("second: %+v", got[1])
		}
		if last := got[len(got)-1]; !last.OK {
			t.Errorf("after its return: %+v", last)
		}
		if n := s.Stats().Stuck; n != 0 {
			t.Errorf("%d still count as stuck", n)
		}
	})
}

func TestRunEndsThoughAProbeDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s := &Scheduler{Sink: &book{}, Look: func(context.Context, check.Target) check.Result { <-release; return check.Result{} }}
		s.Reload(planOf(sample("deaf", 20*time.Second)))
		begin := time.Now()
		during(t, s, 30*time.Second)
		if took := time.Since(begin); took > 30*time.Second+stopGrace {
			t.Errorf("Run took %v", took)
		}
	})
}

func TestSoftFailuresAreLookedAtSooner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := sample("shop", time.Minute)
		c.Retries, c.RetryInterval = 2, plan.Duration(5*time.Second)
		b := &book{}
		failures := 0
		s := &Scheduler{
			Look: func(context.Context, check.Target) check.Result { return check.Result{Reason: "down"} },
			Sink: sinkFunc(func(ctx context.Context, p Probe) (Next, error) {
				failures++
				_, _ = b.Probed(ctx, p)
				return Next{Soft: failures <= 2}, nil
			}),
		}
		s.Reload(planOf(c))
		during(t, s, 5*time.Minute)
		got := b.of("shop")
		if gap := got[1].At.Sub(got[0].At); gap != 5*time.Second {
			t.Errorf("first retry after %v", gap)
		}
		if gap := got[2].At.Sub(got[1].At); gap != 5*time.Second {
			t.Errorf("second retry after %v", gap)
		}
		if gap := got[3].At.Sub(got[2].At); gap < 30*time.Second {
			t.Errorf("once hard, the next look came after %v", gap)
		}
		if gap := got[4].At.Sub(got[3].At); gap != time.Minute {
			t.Errorf("back in its rhythm: %v", gap)
		}
	})
}

func TestASinkThatIsAwayLosesNothingThatStillHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []Probe
		calls, looks := 0, 0
		s := &Scheduler{
			Look: func(context.Context, check.Target) check.Result {
				looks++
				return check.Result{Reason: fmt.Sprint("look ", looks)}
			},
			Sink: sinkFunc(func(_ context.Context, p Probe) (Next, error) {
				if calls++; calls <= 5 {
					return Next{}, errors.New("database is away")
				}
				told = append(told, p)
				return Next{}, nil
			}),
		}
		s.Reload(planOf(sample("hourly", time.Hour)))
		during(t, s, 20*time.Minute)
		if len(told) != 1 || told[0].Reason != "look 1" {
			t.Fatalf("told %+v", told)
		}
		if st := s.Stats(); st.SinkErrors != 5 || st.Unreported != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestASinkThatHangsDelaysNoLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		var told []Probe
		s := &Scheduler{
			Look: good, Reporting: 1,
			Sink: sinkFunc(func(ctx context.Context, p Probe) (Next, error) {
				if calls++; calls <= 3 {
					<-ctx.Done()
					return Next{}, ctx.Err()
				}
				told = append(told, p)
				return Next{}, nil
			}),
		}
		s.Reload(planOf(sample("a", time.Second)))
		begin := time.Now()
		during(t, s, 59*time.Second+500*time.Millisecond)
		if h := s.History("a"); len(h) < 58 {
			t.Errorf("%d looks in a minute", len(h))
		}
		if len(told) == 0 || told[0].At.Sub(begin) < 29*time.Second {
			t.Errorf("the first report that got through is not the latest of its time: %+v", told[:min(len(told), 1)])
		}
		if !slices.IsSortedFunc(told, func(a, b Probe) int { return a.At.Compare(b.At) }) {
			t.Error("reports came out of order")
		}
	})
}

func TestOneCheckIsNeverReportedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		busy := map[string]bool{}
		s := &Scheduler{Look: good}
		s.Sink = sinkFunc(func(_ context.Context, p Probe) (Next, error) {
			mu.Lock()
			if busy[p.Check] {
				t.Error("two reports of one check at once")
			}
			busy[p.Check] = true
			mu.Unlock()
			time.Sleep(5 * time.Second) // fake time
			mu.Lock()
			defer mu.Unlock()
			busy[p.Check] = false
			return Next{}, nil
		})
		c := sample("a", time.Second)
		s.Reload(planOf(c))
		for i := range 20 {
			time.AfterFunc(time.Duration(i)*700*time.Millisecond, func() {
				c := c
				c.Retries = i
				s.Reload(planOf(c))
			})
		}
		during(t, s, 30*time.Second)
	})
}

func TestReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		s := &Scheduler{Sink: b, Look: withTimeout(func(ctx context.Context, target check.Target) check.Result {
			if target.Timeout() != 9*time.Second {
				return check.Result{OK: true}
			}
			<-ctx.Done()
			return check.Result{Reason: "the old probe"}
		})}
		slow := sample("slow", time.Minute)
		slow.Timeout = plan.Duration(9 * time.Second)
		stays, goes := sample("stays", 10*time.Second), sample("goes", 10*time.Second)
		s.Reload(planOf(stays, goes, slow))
		var reloaded time.Time
		time.AfterFunc(5*time.Second, func() {
			reloaded = time.Now()
			s.Reload(planOf(stays, sample("slow", time.Minute), sample("new", time.Hour)))
		})
		during(t, s, time.Minute)

		for _, p := range b.of("goes") {
			if p.At.After(reloaded) {
				t.Errorf("a removed check was looked at: %+v", p)
			}
		}
		if s.History("goes") != nil {
			t.Error("a removed check is remembered")
		}
		for _, p := range b.of("slow") {
			if p.Reason == "the old probe" {
				t.Errorf("the result of a changed check was kept: %+v", p)
			}
		}
		if got := b.of("new"); len(got) != 1 || got[0].At.Sub(reloaded) > time.Second {
			t.Errorf("a new check should be looked at once: %+v", got)
		}
		got := b.of("stays")
		for i := 2; i < len(got); i++ {
			if gap := got[i].At.Sub(got[i-1].At); gap != 10*time.Second {
				t.Errorf("an unchanged check lost its rhythm: %v", gap)
			}
		}
		if st := s.Stats(); st.Running != 0 || st.Waiting != 0 || st.Checks != 3 {
			t.Errorf("%+v", st)
		}
	})
}

func TestACheckThatCannotRunSaysSoEachTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		s := &Scheduler{Sink: b, Look: good}
		bad := sample("bad", 10*time.Second)
		bad.Settings = map[string]string{"address": "nowhere"}
		s.Reload(planOf(bad))
		during(t, s, 35*time.Second)
		got := b.of("bad")
		if len(got) < 3 || got[0].OK || !strings.Contains(got[0].Reason, "settings.address") || got[0].Fault != check.OurSide {
			t.Errorf("%+v", got)
		}
	})
}

func TestOnlyOwnedChecksRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		begin := time.Now()
		s := &Scheduler{Sink: b, Look: good, Owns: func(id string) bool { return id == "mine" || time.Since(begin) > 30*time.Second }}
		s.Reload(planOf(sample("mine", 10*time.Second), sample("theirs", 10*time.Second)))
		time.AfterFunc(29*time.Second, func() {
			if o := s.Overdue(time.Now()); len(o) != 0 {
				t.Errorf("a check of another node counts as overdue: %v", o)
			}
		})
		during(t, s, time.Minute)
		if len(b.of("mine")) < 5 {
			t.Error("an owned check did not run")
		}
		got := b.of("theirs")
		if len(got) < 2 || got[0].At.Sub(begin) < 30*time.Second {
			t.Errorf("a check that was taken over: %+v", got)
		}
	})
}

func TestTheBudgetHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		var checks []plan.Check
		for i := range 200 {
			checks = append(checks, sample(fmt.Sprint(i), time.Minute))
		}
		b := &book{}
		s := &Scheduler{Sink: b, Starting: 5, Waiting: 10, Look: func(context.Context, check.Target) check.Result {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(3 * time.Second) // fake time
			mu.Lock()
			defer mu.Unlock()
			now--
			return check.Result{OK: true}
		}}
		s.Reload(planOf(checks...))
		time.AfterFunc(time.Second, func() {
			if st := s.Stats(); st.Running > 15 || st.Waiting > 10 {
				t.Errorf("%+v", st)
			}
		})
		during(t, s, time.Minute)
		if most != 15 {
			t.Errorf("%d probes at once, the budget is 5 starting and 10 waiting", most)
		}
		for _, c := range checks {
			if len(b.of(c.ID)) == 0 {
				t.Errorf("check %s was starved", c.ID)
			}
		}
	})
}

func TestHistoryKeepsTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &Scheduler{Sink: &book{}, Look: func(context.Context, check.Target) check.Result {
			n++
			return check.Result{OK: n%2 == 0, Reason: fmt.Sprint(n), Output: "body", Values: map[string]string{"n": fmt.Sprint(n)}}
		}}
		s.Reload(planOf(sample("a", time.Second)))
		during(t, s, 100*time.Second)
		h := s.History("a")
		if len(h) != Kept || s.History("unknown") != nil {
			t.Fatalf("%d results", len(h))
		}
		for i := 1; i < len(h); i++ {
			if !h[i].At.After(h[i-1].At) || h[i].Check != "a" {
				t.Fatalf("result %d is out of order: %+v", i, h[i])
			}
		}
		if last := h[Kept-1]; last.Reason != fmt.Sprint(n) || last.Output != "body" || last.Values["n"] == "" || h[0].Output != "" {
			t.Errorf("latest %+v", last)
		}
	})
}

func TestALateCheckIsOverdue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &Scheduler{Sink: &book{}, Starting: 1, Waiting: 1, Look: func(context.Context, check.Target) check.Result { <-release; return check.Result{} }}
		a, c := sample("a", 30*time.Second), sample("c", 30*time.Second)
		a.Timeout = plan.Duration(time.Hour)
		b := a
		b.ID = "b"
		s.Reload(planOf(a, b))
		time.AfterFunc(10*time.Second, func() {
			s.Reload(planOf(a, b, c))
			if o := s.Overdue(time.Now()); len(o) != 0 {
				t.Errorf("overdue too early: %v", o)
			}
		})
		time.AfterFunc(5*time.Minute, func() {
			if o := s.Overdue(time.Now()); !slices.Equal(o, []string{"c"}) {
				t.Errorf("a and b may take an hour and fill the budget, so c is overdue: %v", o)
			}
			close(release)
		})
		during(t, s, 6*time.Minute)
		if o := s.Overdue(time.Now().Add(time.Hour)); len(o) != 0 {
			t.Errorf("after the end nothing is overdue: %v", o)
		}
	})
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	if err := (&Scheduler{}).Run(t.Context()); err == nil {
		t.Error("no sink, no error")
	}
	synctest.Test(t, func(t *testing.T) {
		s := &Scheduler{Sink: &book{}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if err := s.Run(ctx); err == nil {
			t.Error("a second Run beside the first was let in")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		during(t, s, time.Second) // and again, once the first has ended
	})
}
