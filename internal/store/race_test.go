package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/watch"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// nodes opens one ledger as several nodes see it: on SQLite there is one.
func nodes(t *testing.T, run func(t *testing.T, nodes []*store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := storetest.Open(t)
		run(t, []*store.Store{s, s, s})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := storetest.PostgresURL(t)
		var all []*store.Store
		for range 3 { // the second and third find the schema made
			s := open(t, store.Config{URL: url})
			defer s.Close()
			all = append(all, s)
		}
		run(t, all)
	})
}

// count adds one to a stream, as the engine does: load, step, write, and again
// if another node was faster. Every eighth time the stream ends and begins anew.
func count(t *testing.T, s *store.Store, stream fact.Stream, done *atomic.Int64) error {
	for {
		err := s.Write(t.Context(), func(r ledger.Reader) (*ledger.Batch, error) {
			st, v, err := r.Load(t.Context(), stream)
			if err != nil {
				return nil, err
			}
			next := &watch.Check{ID: "n"}
			if c, ok := st.(*watch.Check); ok {
				next.Failures = c.Failures
			}
			next.Failures++
			change := ledger.StateChange{Stream: stream, State: next, Version: v}
			if next.Failures == 8 {
				change.State = nil
			}
			return &ledger.Batch{States: []ledger.StateChange{change}, Facts: []fact.Entry{entry("n", fmt.Sprint(next.Failures))},
				Wakes: []ledger.Wake{{Stream: stream, Key: "k", At: noon}}}, nil
		})
		if !errors.Is(err, ledger.ErrConflict) {
			done.Add(1)
			return err
		}
	}
}

func TestNodesThatRaceLoseNothingAndReadersMissNothing(t *testing.T) {
	t.Parallel()
	const writers, each = 6, 40
	nodes(t, func(t *testing.T, nodes []*store.Store) {
		var done atomic.Int64
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for range each {
					// Two streams, so that some race and some do not.
					if err := count(t, nodes[w%len(nodes)], fact.Of("check", fmt.Sprint(w%2)), &done); err != nil {
						t.Errorf("write: %v", err)
						done.Add(1)
						return
					}
				}
			})
		}
		var read []fact.Entry
		pos := int64(0)
		for over := false; ; {
			part, err := nodes[0].Tail(t.Context(), pos, 50)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, part...)
			if len(part) > 0 {
				pos = part[len(part)-1].Pos
			} else if over {
				break
			}
			over = done.Load() == writers*each
		}
		wg.Wait()
		if len(read) != writers*each {
			t.Errorf("a reader that goes on from position to position saw %d of %d entries", len(read), writers*each)
		}
		last := map[fact.Stream]string{}
		for _, e := range read { // both streams counted together: 1..8, 1..8, ... each
			last[e.Stream] += e.Text
		}
		total := 0
		for _, stream := range []string{"check/0", "check/1"} {
			st, _ := load(t, nodes[0], stream)
			if c, ok := st.(*watch.Check); ok {
				total += c.Failures
			}
		}
		if total%8 != writers*each%8 {
			t.Errorf("the counters end at %d (mod 8) after %d steps", total%8, writers*each)
		}
		if got := last["check/n"]; len(got) != writers*each {
			t.Errorf("%d steps are told", len(got))
		}
	})
}

func TestNodesThatClaimAtOnceGetDifferentErrands(t *testing.T) {
	t.Parallel()
	const errands = 90
	nodes(t, func(t *testing.T, nodes []*store.Store) {
		var b ledger.Batch
		for i := range errands {
			b.Outbox = append(b.Outbox, errand(fmt.Sprintf("k%03d", i), noon.Add(time.Duration(i)*time.Millisecond)))
		}
		put(t, nodes[0], b)
		got := make([][]string, len(nodes))
		var wg sync.WaitGroup
		for i, s := range nodes {
			wg.Go(func() {
				for {
					es, err := s.Claim(t.Context(), ledger.Claim{Owner: fmt.Sprint("n", i), Now: noon.Add(time.Minute), Lease: time.Hour, Limit: 7})
					if err != nil {
						t.Errorf("claim: %v", err)
					}
					if len(es) == 0 {
						return
					}
					for _, e := range es {
						got[i] = append(got[i], e.Key)
					}
				}
			})
		}
		wg.Wait()
		// A node may find everything locked by others and stop; what nobody took
		// is there for the next round.
		all := slices.Concat(got...)
		rest, err := nodes[0].Claim(t.Context(), ledger.Claim{Owner: "last", Now: noon.Add(time.Minute), Lease: time.Hour, Limit: errands})
		must(t, err)
		for _, e := range rest {
			all = append(all, e.Key)
		}
		slices.Sort(all)
		if n := len(all); n != errands || len(slices.Compact(all)) != errands {
			t.Errorf("%d claims of %d errands", n, errands)
		}
	})
}
