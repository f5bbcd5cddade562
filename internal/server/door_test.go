package server

import (
	"context"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/store/storetest"
)

// An alert of Alertmanager's API that comes without an end is over when it is
// not sent again; one of PagerDuty's waits for its resolution. What the plan or
// the sender says goes before both.
func TestAlertsWithoutAnEndEndAsTheirFormatSays(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	e, err := engine.New(engine.Options{Store: st, Sender: sender{&notify.Sender{}}, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	defer func() { cancel(); <-done }()
	p := &plan.Plan{Integrations: []plan.Integration{{ID: "prom", Type: "alertmanager"}, {ID: "slow", Type: "alertmanager", ResolveTimeout: plan.Duration(time.Hour)}, {ID: "pd", Type: "pagerduty"}}}
	if _, err := e.SavePlan(ctx, fact.System, engine.PlanVersion{Plan: p}); err != nil {
		t.Fatal(err)
	}
	d := &door{engine: e, activity: newActivity(time.Now), timeouts: timeouts(formats())}
	said := time.Now().Add(3 * time.Hour)
	for _, c := range []struct {
		integration, key string
		end              time.Time
		want             time.Duration // from now; 0: never
	}{{"prom", "a", time.Time{}, 5 * time.Minute}, {"prom", "b", said, 3 * time.Hour}, {"slow", "c", time.Time{}, time.Hour}, {"pd", "d", time.Time{}, 0}} {
		sig := signal.Signal{Action: signal.Trigger, DedupKey: c.key, Summary: c.key, EndsAt: c.end}
		if err := d.Submit(ctx, e.Plan().Integration(c.integration), []signal.Signal{sig}); err != nil {
			t.Fatal(err)
		}
		s, err := st.State(ctx, alert.Stream(c.integration, c.key))
		if err != nil {
			t.Fatal(err)
		}
		ends := s.(*alert.State).ExpiresAt
		if c.want == 0 {
			if !ends.IsZero() {
				t.Errorf("%s/%s ends at %s, want never", c.integration, c.key, ends)
			}
			continue
		}
		if off := time.Until(ends) - c.want; off < -time.Minute || off > time.Minute {
			t.Errorf("%s/%s ends in %s, want %s", c.integration, c.key, time.Until(ends), c.want)
		}
	}
}
