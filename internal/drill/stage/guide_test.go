package stage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
	"tocsin/internal/drill/shop"
)

var t0 = time.Date(2026, 3, 3, 3, 0, 0, 0, time.UTC)

func samplePlan(t *testing.T) *plan.Plan {
	t.Helper()
	p := &plan.Plan{
		Users: []plan.User{{ID: "ana", Name: "Ana (sample)", Zone: "Europe/Madrid", Contacts: []plan.Contact{{ID: "phone", Channel: "inapp"}}},
			{ID: "dee", Name: "Dee (sample)", Zone: "America/New_York", Contacts: []plan.Contact{{ID: "phone", Channel: "inapp"}}}},
		Checks: []plan.Check{{ID: "checkout-works", Name: "Checkout takes orders", Type: "http", Interval: plan.Duration(5 * time.Second), Timeout: plan.Duration(time.Second), Retries: 1}},
	}
	if err := p.Prepare(time.LoadLocation); err != nil {
		t.Fatal(err)
	}
	return p
}

// story grows one incident, one happening at a time.
type story struct{ *scene }

func calmStory(t *testing.T) story {
	t.Helper()
	p := samplePlan(t)
	return story{&scene{At: t0, Plan: p, Board: &plan.Board{}, Mode: shop.Healthy,
		Checks: []checkSeen{{Check: &p.Checks[0], State: watch.Check{ID: "checkout-works"}, Latest: &Look{At: t0, OK: true}}}}}
}

func (s story) breaks() {
	s.At = t0.Add(time.Second)
	s.Mode, s.Run = shop.CheckoutErrors, run{}.after(shop.Change{At: s.At, From: shop.Healthy, To: shop.CheckoutErrors, By: "hand"}, 10)
}

func (s story) failsSoftly() {
	s.Checks[0].State.Failures = 1
	s.Signs = append(s.Signs, fact.Entry{At: t0.Add(4 * time.Second), Kind: "watch.soft-failure", Text: "Failed, try 1 of 2"})
}

func (s story) failsHard() {
	s.Checks[0].State.Failures, s.Checks[0].State.Hard = 2, true
	s.Signs = append(s.Signs, fact.Entry{At: t0.Add(6 * time.Second), Kind: "watch.raised", Text: "Checkout takes orders: DOWN"})
}

func (s story) rings(user string) {
	at := t0.Add(6 * time.Second)
	id := "p1-" + user
	if s.Page == nil {
		s.Page = &page.State{ID: "p1", Status: page.Triggered, OpenedAt: at, NextAt: at.Add(20 * time.Second)}
	}
	s.Page.Tells = append(s.Page.Tells, page.Tell{ID: id, To: notification.Ref{User: user, Contact: "phone"}, Kind: notification.KindPage, At: at, Outcome: notification.OutcomeDelivered})
	s.Rows = append(s.Rows, notification.Row{ID: id, To: notification.Ref{User: user, Contact: "phone"}, Kind: notification.KindPage, Outcome: notification.OutcomeDelivered})
	s.Story = append(s.Story, fact.Entry{At: at, Kind: "page.told", Why: fact.Because("page", "on call in schedule new-york")})
}

func (s story) acknowledges() {
	s.Page.Status, s.Page.AckedBy, s.Page.AckedAt, s.Page.NextAt = page.Acknowledged, "Dee (sample)", t0.Add(8*time.Second), time.Time{}
}

func (s story) declares() {
	s.Incident = &incident.State{ID: "INC-1", Severity: 2, Title: "No orders", DeclaredAt: t0.Add(6 * time.Second)}
	s.Page.Incident = "INC-1"
}

func (s story) heals() {
	s.Mode = shop.Healthy
	s.Run = s.Run.after(shop.Change{At: t0.Add(20 * time.Second), From: shop.CheckoutErrors, To: shop.Healthy, By: "hand"}, 99)
}

func (s story) recovers() {
	s.Checks[0].State = watch.Check{ID: "checkout-works"}
	s.Page.Status, s.Page.ResolvedAt = page.Resolved, t0.Add(23*time.Second)
}

func (s story) tellsEnd(user, outcome string) {
	s.Rows = append(s.Rows, notification.Row{ID: "p1-end-" + user, To: notification.Ref{User: user, Contact: "phone"}, Kind: notification.KindResolved, Outcome: outcome})
}

func done(steps []Step) (keys []Key, here Key) {
	for _, s := range steps {
		if s.Done {
			keys = append(keys, s.Key)
		}
		if s.Here {
			here = s.Key
		}
	}
	return keys, here
}

func (s story) expect(t *testing.T, here Key, want ...Key) {
	t.Helper()
	got, at := done(guide(s.scene))
	if !slices.Equal(got, want) || at != here {
		t.Errorf("done are %v and %s is next; want %v and %s", got, at, want, here)
	}
}

func (s story) text(k Key) string {
	steps := guide(s.scene)
	return steps[slices.IndexFunc(steps, func(x Step) bool { return x.Key == k })].Text
}

func TestTheGuideFollowsOneIncident(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.expect(t, Broken, Well)
	s.breaks()
	s.expect(t, Failed, Well, Broken)
	s.failsSoftly()
	s.expect(t, Failed, Well, Broken)
	s.failsHard()
	s.expect(t, Rang, Well, Broken, Failed)
	s.rings("dee")
	s.expect(t, Climbed, Well, Broken, Failed, Rang)
	if got := s.text(Rang); got != "Dee's phone rang, because Dee is on call in schedule new-york." {
		t.Error(got)
	}
	s.declares()
	s.expect(t, Climbed, Well, Broken, Failed, Rang, Opened)
	s.acknowledges()
	s.expect(t, Healed, Well, Broken, Failed, Rang, Climbed, Opened)
	if got := s.text(Climbed); got != "Dee has it. Nobody else is woken." {
		t.Error(got)
	}
	s.heals()
	s.expect(t, Told, Well, Broken, Failed, Rang, Climbed, Opened, Healed)
	s.recovers()
	s.expect(t, Told, Well, Broken, Failed, Rang, Climbed, Opened, Healed)
	s.tellsEnd("dee", notification.OutcomeDelivered)
	s.expect(t, Yours, Well, Broken, Failed, Rang, Climbed, Opened, Healed, Told)
	if got := s.text(Told); got != "Told: Dee. INC-1 stays open until a person resolves it." {
		t.Error(got)
	}
	s.Incident.Status = incident.Resolved
	if got := s.text(Told); got != "Told: Dee." {
		t.Error(got)
	}
}

func TestEverybodyWhoWasWokenMustBeTold(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.breaks()
	s.failsHard()
	s.rings("dee")
	s.rings("ana")
	s.acknowledges()
	s.heals()
	s.recovers()
	s.tellsEnd("dee", notification.OutcomeDelivered)
	s.tellsEnd("ana", notification.OutcomeFailing)
	if keys, _ := done(guide(s.scene)); slices.Contains(keys, Told) {
		t.Error("ana has not been told that it is over")
	}
	s.tellsEnd("ana", notification.OutcomeDelivered)
	if got := s.text(Told); got != "Told: Ana and Dee." {
		t.Error(got)
	}
}

func TestWaitingForTheNextStepCountsToo(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.breaks()
	s.failsHard()
	s.rings("dee")
	wait := guide(s.scene)[4]
	if wait.Done || !wait.Wait.Equal(t0.Add(26*time.Second)) {
		t.Errorf("%+v", wait)
	}
	s.Page.Rung = 1
	if !guide(s.scene)[4].Done || !strings.Contains(s.text(Climbed), "Somebody still has to acknowledge") {
		t.Errorf("%+v", guide(s.scene)[4])
	}
}

func TestAShopThatIsHealedAtOnceWakesNobody(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.breaks()
	s.failsSoftly()
	s.heals()
	s.At = t0.Add(30 * time.Second)
	s.expect(t, Rang.before(), Well, Broken, Healed) // the check has not looked again
	s.Checks[0].State = watch.Check{ID: "checkout-works"}
	s.expect(t, Broken, Well)
	if got := s.text(Broken); !strings.Contains(got, "nobody was woken") {
		t.Error(got)
	}
}

// before is the step before a step.
func (k Key) before() Key {
	all := []Key{Well, Broken, Failed, Rang, Climbed, Opened, Healed, Told, Yours}
	return all[slices.Index(all, k)-1]
}

func TestATroubleWithoutAnIncidentSaysSo(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.breaks()
	s.failsHard()
	s.rings("dee")
	if keys, _ := done(guide(s.scene)); slices.Contains(keys, Opened) {
		t.Error("there is no incident")
	}
	if got := s.text(Opened); !strings.Contains(got, "No route declares") {
		t.Error(got)
	}
	s.recovers()
	if keys, _ := done(guide(s.scene)); !slices.Contains(keys, Opened) {
		t.Error("the guide must not wait for ever")
	}
}

func TestTheFirstLookIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := calmStory(t)
	s.Checks[0].Latest = nil
	s.expect(t, Well)
}

func TestARunIsFromOneBreakingToTheNext(t *testing.T) {
	t.Parallel()
	change := func(seconds int, from, to shop.Mode, by string) shop.Change {
		return shop.Change{At: t0.Add(time.Duration(seconds) * time.Second), From: from, To: to, By: by}
	}
	r := run{}.after(change(0, shop.Healthy, shop.Down, "schedule"), 1000)
	if r.N != 1 || r.Pos != 1000-lag || r.By != "schedule" || r.Mode != shop.Down {
		t.Errorf("%+v", r)
	}
	r = r.after(change(5, shop.Down, shop.SlowDatabase, "hand"), 1010)
	if r.N != 1 || !r.Broken.Equal(t0) || r.Mode != shop.SlowDatabase || r.By != "hand" {
		t.Errorf("from one trouble into another is one run: %+v", r)
	}
	r = r.after(change(9, shop.SlowDatabase, shop.Healthy, "hand"), 1020)
	if !r.Healed.Equal(t0.Add(9*time.Second)) || r.N != 1 {
		t.Errorf("%+v", r)
	}
	r = r.after(change(20, shop.Healthy, shop.CheckoutErrors, "hand"), 1030)
	if r.N != 2 || !r.Healed.IsZero() {
		t.Errorf("%+v", r)
	}
}
