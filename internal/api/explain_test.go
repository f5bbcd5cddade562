package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/signal"
)

// TestWhatIsExplainedIsWhatHappens asks first, then lets it happen: who is
// told, by what and when must be the same to the second.
func TestWhatIsExplainedIsWhatHappens(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		prepare [][2]string // posts before
		labels  signal.Labels
	}{
		"a page that nobody answers":   {},
		"another route":                {labels: signal.Labels{"team": "database"}},
		"a route that tells nobody":    {labels: signal.Labels{"team": "noise"}},
		"a silence that ends":          {prepare: [][2]string{{"/silences", `{"matchers":["env=\"prod\""],"comment":"c","duration":"20m"}`}}, labels: signal.Labels{"env": "prod"}},
		"a silence that begins":        {prepare: [][2]string{{"/silences", `{"matchers":["env=\"prod\""],"comment":"c","starts_at":"2026-01-05T09:03:00Z","duration":"20m"}`}}, labels: signal.Labels{"env": "prod"}},
		"maintenance that outlasts it": {prepare: [][2]string{{"/maintenance", `{"services":["shop"],"comment":"c","duration":"2h"}`}}},
		"an override":                  {prepare: [][2]string{{"/overrides", `{"schedule":"primary","kind":"replace","user":"chen","replaces":"ana","duration":"1h"}`}}},
		"nobody on call":               {prepare: [][2]string{{"/overrides", `{"schedule":"primary","kind":"remove","replaces":"ana","duration":"1h"}`}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for _, p := range x.prepare {
				r.post(p[0], p[1]).want(201)
			}
			var labels []string
			for _, n := range x.labels.Names() {
				labels = append(labels, fmt.Sprintf("%q:%q", n, x.labels[n]))
			}
			got := r.post("/explain", `{"integration":"prom","severity":"critical","labels":{`+strings.Join(labels, ",")+`}}`).want(200)
			answer, err := decode[explain.Answer](got.body)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, s := range answer.Steps {
				if s.Kind == explain.Told {
					said = append(said, fmt.Sprintf("%s %s", s.At.UTC().Format(time.TimeOnly), s.User))
				}
			}
			r.fire("front", x.labels)
			if err := r.world.Pass(time.Hour); err != nil {
				t.Fatal(err)
			}
			var happened []string
			for _, s := range r.world.Sent() {
				if s.Message.Kind == notification.KindPage {
					happened = append(happened, fmt.Sprintf("%s %s", s.Message.At.UTC().Format(time.TimeOnly), s.Contact.User))
				}
			}
			if a, b := strings.Join(said, ", "), strings.Join(happened, ", "); a != b {
				t.Errorf("explained %s\nhappened  %s\n%s", a, b, got.body)
			}
		})
	}
}

// TestWhatIsAheadIsWhatHappens does the same for a page half way.
func TestWhatIsAheadIsWhatHappens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	if err := r.world.Pass(6 * time.Minute); err != nil {
		t.Fatal(err)
	}
	list, err := decode[api.List[explain.Step]](r.get("/pages/" + page + "/ahead").want(200).body)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, s := range list.Items {
		if s.Kind == explain.Told {
			said = append(said, s.At.UTC().Format(time.TimeOnly)+" "+s.User+" "+s.How)
		}
	}
	before := len(r.world.Sent())
	if err := r.world.Pass(time.Hour); err != nil {
		t.Fatal(err)
	}
	var happened []string
	for _, s := range r.world.Sent()[before:] {
		happened = append(happened, s.Message.At.UTC().Format(time.TimeOnly)+" "+s.Contact.User+" "+s.Contact.Contact)
	}
	if a, b := strings.Join(said, ", "), strings.Join(happened, ", "); a != "09:10:00 chen inbox (inapp)" || b != "09:10:00 chen inbox" {
		t.Errorf("ahead %s\nhappened %s", a, b)
	}
}
