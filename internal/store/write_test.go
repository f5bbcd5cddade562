package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

var noon = time.Date(2026, 3, 29, 12, 0, 0, 123_000, time.UTC)

// put writes a batch that loads nothing.
func put(t *testing.T, s *store.Store, b ledger.Batch) {
	t.Helper()
	if err := write(t, s, b); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func write(t *testing.T, s *store.Store, b ledger.Batch) error {
	t.Helper()
	if b.At.IsZero() {
		b.At = noon
	}
	return s.Write(t.Context(), func(ledger.Reader) (*ledger.Batch, error) { return &b, nil })
}

func state(name string, st core.State, version int64) ledger.Batch {
	return ledger.Batch{States: []ledger.StateChange{{Stream: fact.Stream(name), State: st, Version: version}}}
}

// load reads a stream in a transaction that writes nothing.
func load(t *testing.T, s *store.Store, name string) (st core.State, version int64) {
	t.Helper()
	err := s.Write(t.Context(), func(r ledger.Reader) (_ *ledger.Batch, err error) {
		st, version, err = r.Load(t.Context(), fact.Stream(name))
		return nil, err
	})
	if err != nil {
		t.Fatalf("load %s: %v", name, err)
	}
	return st, version
}

func TestAStreamThatWasNeverWrittenLoadsAsNil(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if st, v := load(t, s, "check/none"); st != nil || v != 0 {
			t.Errorf("got %v, version %d; want nil, 0", st, v)
		}
	})
}

func TestAStreamKeepsItsStateAndCountsVersions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		put(t, s, state("check/web", &watch.Check{ID: "web", Failures: 1}, 0))
		put(t, s, state("check/web", &watch.Check{ID: "web", Failures: 2, Reason: "500"}, 1))
		st, v := load(t, s, "check/web")
		c, ok := st.(*watch.Check)
		if !ok || c.Failures != 2 || c.Reason != "500" || v != 2 {
			t.Errorf("got %+v, version %d", st, v)
		}
		put(t, s, state("check/web", nil, 2))
		if st, v := load(t, s, "check/web"); st != nil || v != 0 {
			t.Errorf("after its end: %v, version %d", st, v)
		}
	})
}

func TestALostRaceIsAConflictAndWritesNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		version int64
		state   core.State
	}{
		"made twice":         {0, &watch.Check{ID: "web"}},
		"moved meanwhile":    {1, &watch.Check{ID: "web"}},
		"ended, but moved":   {1, nil},
		"version from ahead": {3, &watch.Check{ID: "web"}},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		put(t, s, state("check/web", &watch.Check{ID: "web", Failures: 1}, 0))
		put(t, s, state("check/web", &watch.Check{ID: "web", Failures: 2}, 1))
		for name, c := range cases {
			b := state("check/web", c.state, c.version)
			b.States = append([]ledger.StateChange{{Stream: "check/other", State: &watch.Check{ID: "other"}}}, b.States...)
			b.Facts = []fact.Entry{entry("web", "lost")}
			b.Wakes = []ledger.Wake{{Stream: "check/web", Key: "k", At: noon}}
			if err := write(t, s, b); !errors.Is(err, ledger.ErrConflict) {
				t.Errorf("%s: got %v, want a conflict", name, err)
			}
		}
		if err := write(t, s, state("check/gone", &watch.Check{ID: "gone"}, 4)); !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("a stream that ended meanwhile: got %v, want a conflict", err)
		}
		if st, v := load(t, s, "check/web"); v != 2 || st.(*watch.Check).Failures != 2 {
			t.Errorf("the stream moved: %+v, version %d", st, v)
		}
		if st, _ := load(t, s, "check/other"); st != nil {
			t.Errorf("half of a batch was written: %+v", st)
		}
		if w, err := s.DueWakes(t.Context(), noon.Add(time.Hour), 10); err != nil || len(w) != 0 {
			t.Errorf("wakes of a lost batch: %v, %v", w, err)
		}
	})
}

func TestAnErrorOfTheCallerWritesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		wrong := errors.New("refused")
		err := s.Write(t.Context(), func(ledger.Reader) (*ledger.Batch, error) {
			b := state("check/web", &watch.Check{ID: "web"}, 0)
			return &b, wrong
		})
		if !errors.Is(err, wrong) {
			t.Errorf("got %v", err)
		}
		if st, _ := load(t, s, "check/web"); st != nil {
			t.Errorf("written: %+v", st)
		}
	})
}

func TestAStreamChangedTwiceInABatchIsWrittenAsItEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		put(t, s, state("check/a", &watch.Check{ID: "a", Failures: 9}, 0))
		put(t, s, ledger.Batch{States: []ledger.StateChange{
			{Stream: "check/a", State: &watch.Check{ID: "a", Failures: 1}, Version: 1},
			{Stream: "check/b", State: &watch.Check{ID: "b"}},
			{Stream: "check/a", State: &watch.Check{ID: "a", Failures: 2}, Version: 2},
			{Stream: "check/b", State: nil},
		}})
		if st, v := load(t, s, "check/a"); v != 2 || st.(*watch.Check).Failures != 2 {
			t.Errorf("got %+v, version %d", st, v)
		}
		if st, _ := load(t, s, "check/b"); st != nil {
			t.Errorf("came and went: %+v", st)
		}
	})
}

func TestAResolvedAlertLeavesItsStreamAndStaysInTheList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const name = "alert/i1/k1"
		first := &alert.State{ID: "a1", Status: alert.Firing, Count: 1, Summary: "disk full", ReceivedAt: noon, UpdatedAt: noon}
		put(t, s, state(name, first, 0))
		over := first.Clone()
		over.Status, over.ResolvedAt = alert.Resolved, noon.Add(time.Minute)
		next := &alert.State{ID: "a2", Status: alert.Firing, Count: 1, ReceivedAt: noon, UpdatedAt: noon}
		put(t, s, ledger.Batch{States: []ledger.StateChange{{Stream: name, State: over, Version: 1}, {Stream: name, State: next, Version: 1}}})
		if st, v := load(t, s, name); v != 2 || st.(*alert.State).ID != "a2" {
			t.Errorf("stream: %+v, version %d", st, v)
		}
		over2 := next.Clone()
		over2.Status = alert.Resolved
		put(t, s, state(name, over2, 2))
		if st, v := load(t, s, name); st != nil || v != 0 {
			t.Errorf("after its resolution: %+v, version %d", st, v)
		}
		for _, id := range []string{"a1", "a2"} {
			if a, err := s.Alert(t.Context(), id); err != nil || a == nil || a.Status != alert.Resolved {
				t.Errorf("alert %s in the list: %+v, %v", id, a, err)
			}
		}
	})
}

func entry(subject, text string) fact.Entry {
	return fact.Entry{At: noon, Stream: fact.Stream("check/" + subject), Subject: subject, Kind: "check.said", Text: text,
		Why: fact.Because("because", "it is a test").By("rule 1"), Actor: fact.User("ana", "page"), Body: json.RawMessage(`{"n":1}`), Plan: 7}
}

func TestTheJournalKeepsEverythingInOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := ledger.Batch{At: noon}
		for range 50 {
			b.Facts = append(b.Facts, entry("a", "one"), entry("b", "two"))
		}
		if err := s.Write(t.Context(), func(ledger.Reader) (*ledger.Batch, error) { return &b, nil }); err != nil {
			t.Fatal(err)
		}
		put(t, s, ledger.Batch{Facts: []fact.Entry{entry("a", "three")}})
		all, err := s.Tail(t.Context(), 0, 500)
		if err != nil || len(all) != 101 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		for i, e := range all[:100] {
			if e.Pos != b.Facts[i].Pos || i > 0 && e.Pos <= all[i-1].Pos {
				t.Fatalf("entry %d has position %d, the batch says %d", i, e.Pos, b.Facts[i].Pos)
			}
		}
		want := entry("a", "three")
		want.Pos = all[100].Pos
		if got := all[100]; !equal(t, got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func equal(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return string(x) == string(y)
}

func TestWakesAreArmedMovedWithdrawnAndFired(t *testing.T) {
	t.Parallel()
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	wake := func(key string, m int) ledger.Wake { return ledger.Wake{Stream: "page/p1", Key: key, At: at(m)} }
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		due := func(m int) string {
			t.Helper()
			ws, err := s.DueWakes(t.Context(), at(m), 100)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, w := range ws {
				keys = append(keys, w.Key)
			}
			return strings.Join(keys, " ")
		}
		if next, err := s.NextWake(t.Context()); err != nil || !next.IsZero() {
			t.Fatalf("next wake of an empty ledger: %v, %v", next, err)
		}
		put(t, s, ledger.Batch{Wakes: []ledger.Wake{wake("b", 2), wake("a", 9), wake("c", 3), wake("a", 1), wake("d", 3), {Stream: "page/p1", Key: "d"}}})
		if got := due(2); got != "a b" {
			t.Errorf("due at 2: %q", got)
		}
		if next, err := s.NextWake(t.Context()); err != nil || !next.Equal(at(1)) {
			t.Errorf("next: %v, %v", next, err)
		}
		put(t, s, ledger.Batch{Wakes: []ledger.Wake{wake("b", 5), {Stream: "page/p1", Key: "c"}}})
		// a fires and is armed again in one batch; b was moved to 5 meanwhile.
		put(t, s, ledger.Batch{Fired: []ledger.Wake{wake("a", 1), wake("b", 2)}, Wakes: []ledger.Wake{wake("a", 4)}})
		if got := due(10); got != "a b" {
			t.Errorf("left: %q", got)
		}
		put(t, s, ledger.Batch{Fired: []ledger.Wake{wake("a", 4)}})
		if got := due(10); got != "b" {
			t.Errorf("left after a fired: %q", got)
		}
		if ws, err := s.WakesOf(t.Context(), "page/p1"); err != nil || len(ws) != 1 || !ws[0].At.Equal(at(5)) {
			t.Errorf("wakes of the page: %v, %v", ws, err)
		}
	})
}

func errand(key string, at time.Time) ledger.Errand {
	return ledger.Errand{Key: key, Stream: "contact/ana/mail", Kind: "send", Body: []byte(`{"x":1}`), At: at}
}

func TestErrandsAreClaimedOnceUntilTheirLeaseIsOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		mine := errand("mine", noon)
		mine.Owner, mine.LeaseUntil = "n1", noon.Add(3*time.Second)
		put(t, s, ledger.Batch{Outbox: []ledger.Errand{errand("late", noon.Add(2)), errand("b", noon.Add(1000)), errand("a", noon.Add(1000)), mine}})
		claim := func(owner string, after time.Duration, limit int) string {
			t.Helper()
			es, err := s.Claim(t.Context(), ledger.Claim{Owner: owner, Now: noon.Add(after), Lease: 3 * time.Second, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, e := range es {
				keys = append(keys, e.Key)
				if e.Owner != owner || !e.LeaseUntil.Equal(noon.Add(after+3*time.Second)) || string(e.Body) != `{"x":1}` || e.Kind != "send" || e.Stream != "contact/ana/mail" {
					t.Errorf("claimed %+v", e)
				}
			}
			return strings.Join(keys, " ")
		}
		if got := claim("n2", 0, 2); got != "late a" {
			t.Errorf("first claim: %q", got)
		}
		if got := claim("n3", 0, 9); got != "b" {
			t.Errorf("second claim: %q", got)
		}
		if got := claim("n3", 2*time.Second, 9); got != "" {
			t.Errorf("all are leased, and yet: %q", got)
		}
		put(t, s, ledger.Batch{Finished: []string{"a"}})
		if got := claim("n3", 3*time.Second, 9); got != "late mine b" && got != "mine late b" {
			t.Errorf("after the leases: %q", got)
		}
		if err := s.Release(t.Context(), "n3"); err != nil {
			t.Fatal(err)
		}
		if got := claim("n4", 3*time.Second, 1); got == "" {
			t.Error("a released errand cannot be claimed")
		}
	})
}

func TestAnErrandIsThereOnceAndFinishedBeforeItIsWantedAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		put(t, s, ledger.Batch{Outbox: []ledger.Errand{errand("k", noon), errand("k", noon.Add(time.Second))}})
		put(t, s, ledger.Batch{Outbox: []ledger.Errand{errand("k", noon.Add(time.Hour))}})
		if at, err := s.OldestErrand(t.Context()); err != nil || !at.Equal(noon.Add(time.Second)) {
			t.Errorf("oldest: %v, %v", at, err)
		}
		put(t, s, ledger.Batch{Finished: []string{"k", "unknown"}, Outbox: []ledger.Errand{errand("k", noon.Add(time.Minute))}})
		if at, err := s.OldestErrand(t.Context()); err != nil || !at.Equal(noon.Add(time.Minute)) {
			t.Errorf("wanted anew: %v, %v", at, err)
		}
	})
}

func TestTextThatPostgresRefusesIsCleaned(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		bad := "a\x00b\xffc"
		e := entry("x", bad)
		e.Body = json.RawMessage("{\"t\":\"\xff\x00\"}")
		put(t, s, ledger.Batch{Facts: []fact.Entry{e}, Notifications: []notification.Row{{ID: "n1", Error: bad, Message: notification.Message{Title: bad}}},
			States: []ledger.StateChange{{Stream: "alert/i/k", State: &alert.State{ID: "a1", Status: alert.Firing, Count: 1, Summary: bad, Labels: map[string]string{"l": bad}}}}})
		all, err := s.Tail(t.Context(), 0, 10)
		if err != nil || len(all) != 1 || all[0].Text != "ab\uFFFDc" {
			t.Errorf("got %+v, %v", all, err)
		}
	})
}

func TestPlanVersionsAreKeptAndANumberIsTakenOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if v, err := s.LatestPlan(t.Context()); err != nil || v != nil {
			t.Fatalf("plan of an empty ledger: %v, %v", v, err)
		}
		version := func(n int64) *ledger.PlanVersion {
			return &ledger.PlanVersion{Version: n, At: noon, Author: "ana", Comment: "second thoughts", Source: "users: []",
				Plan: &plan.Plan{Users: []plan.User{{ID: "ana", Zone: "Europe/Berlin"}}}}
		}
		put(t, s, ledger.Batch{Plan: version(1)})
		put(t, s, ledger.Batch{Plan: version(2)})
		if err := write(t, s, ledger.Batch{Plan: version(2)}); !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("the same number again: %v", err)
		}
		v, err := s.LatestPlan(t.Context())
		if err != nil || v.Version != 2 || v.Plan.Version != 2 || v.Plan.User("ana") == nil || v.Source != "users: []" {
			t.Errorf("latest: %+v, %v", v, err)
		}
		old, err := s.PlanVersions(t.Context(), 2, 10)
		if err != nil || len(old) != 1 || old[0].Version != 1 || old[0].Author != "ana" {
			t.Errorf("versions below 2: %+v, %v", old, err)
		}
	})
}

func TestAGivenUpContextWritesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Write(ctx, func(ledger.Reader) (*ledger.Batch, error) {
			cancel()
			b := state("check/web", &watch.Check{ID: "web"}, 0)
			return &b, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if st, _ := load(t, s, "check/web"); st != nil {
			t.Errorf("written: %+v", st)
		}
		put(t, s, state("check/web", &watch.Check{ID: "web"}, 0)) // the writer is free again
	})
}
