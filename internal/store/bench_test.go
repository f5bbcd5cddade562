package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/signal"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// event is what one alert that pages somebody writes: four streams, eight
// entries, three wakes, one errand, one message.
func event(b *ledger.Batch, n int) {
	id := fmt.Sprintf("%09d", n)
	at := noon.Add(time.Duration(n) * time.Microsecond)
	labels := signal.Labels{"alertname": "HighLatency", "env": "prod", "team": fmt.Sprint("team", n%40), "host": fmt.Sprint("host", n), "region": "eu", "job": "api"}
	a := &alert.State{ID: "a" + id, Integration: "prom", DedupKey: id, Status: alert.Firing, Severity: signal.Critical, Summary: "Latency of checkout is over 2 s", Service: fmt.Sprint("svc", n%500),
		Labels: labels, Annotations: map[string]string{"description": "p99 is 2.4 s for 5 minutes"}, StartsAt: at, ReceivedAt: at, UpdatedAt: at, Count: 1, Groups: []fact.Stream{"group/g" + fact.Stream(id)}}
	g := &alert.Group{Setup: alert.Setup{}, Members: []alert.Member{{Alert: a.ID, Stream: alert.Stream("prom", id), Severity: signal.Critical, Summary: a.Summary, Labels: labels, Since: at}}, Page: "p" + id}
	ref := notification.Ref{User: "ana", Contact: "mail"}
	p := &page.State{ID: "p" + id, Status: page.Triggered, Group: "group/g" + fact.Stream(id), Service: a.Service, Policy: "default", Urgency: "high", Title: a.Summary, Alerts: 1, First: a.ID, OpenedAt: at,
		NextAt: at.Add(5 * time.Minute), Next: page.NextRung, Calls: []page.Call{{User: "ana", Since: at, Why: "on call"}}, Tells: []page.Tell{{ID: "n" + id, To: ref, Kind: notification.KindPage, At: at}}}
	m := notification.Message{ID: "n" + id, Kind: notification.KindPage, User: "ana", Title: a.Summary, Body: "Firing on host", Page: p.ID, Service: a.Service, Alerts: 1, At: at}
	c := &notification.State{To: ref, Flying: []notification.Flight{{Queued: notification.Queued{Message: m, Attempt: 1, Since: at}}}}
	b.States = append(b.States, ledger.StateChange{Stream: alert.Stream("prom", id), State: a}, ledger.StateChange{Stream: "group/g" + fact.Stream(id), State: g},
		ledger.StateChange{Stream: page.Stream(p.ID), State: p}, ledger.StateChange{Stream: fact.Of("contact", "ana/"+id), State: c})
	body := json.RawMessage(`{"alert":"` + a.ID + `","severity":"critical","group":"group/g` + id + `"}`)
	for i := range 8 {
		b.Facts = append(b.Facts, fact.Entry{At: at, Stream: b.States[len(b.States)-4+i%4].Stream, Subject: []string{a.ID, p.ID}[i%2], Kind: "alert.fired", Text: "Firing: " + a.Summary,
			Why: fact.Because("first-of-key", "no alert with this key was open").By("integration prom"), Actor: fact.Actor{Kind: "integration", ID: "prom"}, Body: body, Plan: 3})
	}
	b.Wakes = append(b.Wakes, ledger.Wake{Stream: page.Stream(p.ID), Key: "next", At: at.Add(time.Hour)}, ledger.Wake{Stream: page.Stream(p.ID), Key: "call", At: at.Add(time.Hour)}, ledger.Wake{Stream: alert.Stream("prom", id), Key: "expire", At: at.Add(time.Hour)})
	send, _ := json.Marshal(notification.Send{Contact: ref, Attempt: 1, Message: m})
	b.Outbox = append(b.Outbox, ledger.Errand{Key: "n" + id + "/1", Stream: fact.Of("contact", "ana/"+id), Kind: "send", Body: send, At: at, Owner: "n1", LeaseUntil: at.Add(3 * time.Second)})
	b.Notifications = append(b.Notifications, notification.Row{ID: "n" + id, To: ref, Kind: notification.KindPage, Page: p.ID, Outcome: "queued", Message: m, CreatedAt: at, UpdatedAt: at})
	if n > 0 { // the errand of the one before is done
		b.Finished = append(b.Finished, fmt.Sprintf("n%09d/1", n-1))
		b.Changes = append(b.Changes, notification.Change{ID: fmt.Sprintf("n%09d", n-1), Outcome: "accepted", Attempts: 1, UpdatedAt: at})
	}
}

func benchStores(b *testing.B, run func(b *testing.B, s *store.Store)) {
	b.Run("sqlite", func(b *testing.B) {
		s, err := store.Open(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "t.db")})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		run(b, s)
	})
	b.Run("postgres", func(b *testing.B) {
		s, err := store.Open(b.Context(), store.Config{URL: storetest.PostgresURL(b)})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		run(b, s)
	})
}

// BenchmarkCommit writes whole events in batches, as the engine gathers them.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			benchStores(b, func(b *testing.B, s *store.Store) {
				n := 0
				for b.Loop() {
					b.StopTimer() // making up events is not the store's work
					batch := &ledger.Batch{At: noon}
					for range size {
						event(batch, n)
						n++
					}
					b.StartTimer()
					err := s.Write(b.Context(), func(r ledger.Reader) (*ledger.Batch, error) {
						for _, c := range batch.States {
							if _, _, err := r.Load(b.Context(), c.Stream); err != nil {
								return nil, err
							}
						}
						return batch, nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			})
		})
	}
}

var fill sync.Mutex

// BenchmarkAlerts lists from 100,000 alerts, 1 in 100 of them open.
func BenchmarkAlerts(b *testing.B) {
	benchStores(b, func(b *testing.B, s *store.Store) {
		fill.Lock()
		defer fill.Unlock()
		for n := 0; n < 100_000; n += 500 {
			err := s.Write(b.Context(), func(ledger.Reader) (*ledger.Batch, error) {
				batch := &ledger.Batch{At: noon}
				for i := n; i < n+500; i++ {
					var one ledger.Batch
					event(&one, i)
					a := one.States[0].State.(*alert.State)
					if i%100 != 0 {
						a.Status, a.ResolvedAt = alert.Resolved, a.ReceivedAt
					}
					batch.States = append(batch.States, one.States[0])
				}
				return batch, nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		match := func(name, value string) signal.Matcher {
			return signal.Matcher{Name: name, Op: signal.Equal, Value: value}
		}
		for _, c := range []struct {
			name string
			f    func() alert.Filter
		}{
			{"newest", func() alert.Filter { return alert.Filter{} }},
			{"open", func() alert.Filter { return alert.Filter{Status: alert.Firing} }},
			{"service", func() alert.Filter { return alert.Filter{Service: fmt.Sprint("svc", rand.IntN(500))} }},
			{"label-common", func() alert.Filter { return alert.Filter{Matchers: signal.Matchers{match("env", "prod")}} }},
			{"label-rare", func() alert.Filter {
				return alert.Filter{Matchers: signal.Matchers{match("host", fmt.Sprint("host", rand.IntN(100_000)))}}
			}},
			{"two-labels", func() alert.Filter {
				return alert.Filter{Matchers: signal.Matchers{match("env", "prod"), match("team", fmt.Sprint("team", rand.IntN(40)))}}
			}},
			{"open-and-label", func() alert.Filter {
				return alert.Filter{Status: alert.Firing, Matchers: signal.Matchers{match("team", fmt.Sprint("team", 20*rand.IntN(2)))}}
			}},
			{"expression", func() alert.Filter {
				m, _ := signal.NewMatcher("team", signal.Match, "team1.?")
				return alert.Filter{Matchers: signal.Matchers{m}}
			}},
			{"text-nowhere", func() alert.Filter { return alert.Filter{Text: "no such words"} }},
		} {
			b.Run(c.name, func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Alerts(b.Context(), c.f()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("counts", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Counts(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
