package page_test

import (
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// A page that nobody answers for weeks is told again and again. It must not
// grow with every message, and its end must still reach everybody it reached.
func TestAPageThatIsToldForWeeksStaysSmallAndTellsItsEnd(t *testing.T) {
	t.Parallel()
	inbox := []plan.Contact{{ID: "phone", Channel: "inapp"}}
	p := &plan.Plan{
		Users: []plan.User{{ID: "ana", Contacts: inbox}, {ID: "bo", Contacts: inbox}},
		Policies: []plan.Policy{{ID: "pol", Repeat: 2000, RepeatAfter: plan.Duration(5 * time.Minute), Steps: []plan.Step{
			{Targets: []plan.Target{{Kind: plan.ToUser, ID: "ana"}}}, {After: plan.Duration(time.Minute), Targets: []plan.Target{{Kind: plan.ToUser, ID: "bo"}}}}}},
	}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)
	var s *page.State
	told := map[notification.Kind]int{}
	step := func(in page.Input) {
		t.Helper()
		for queue := []page.Input{in}; len(queue) > 0; queue = queue[1:] {
			next, out, err := page.Step(plan.Scene{Plan: p, Board: &plan.Board{}, At: at}, "p1", s, queue[0])
			if err != nil {
				t.Fatal(err)
			}
			s = next
			for _, f := range out.Facts {
				if m, ok := f.Body.(page.Told); ok {
					told[m.Message.Kind]++
					outcome := notification.OutcomeFailed
					if told[notification.KindPage]%7 == 1 { // most fail, some arrive
						outcome = notification.OutcomeDelivered
					}
					queue = append(queue, page.Delivery{Notification: m.Message.ID, Outcome: outcome})
				}
			}
		}
	}
	step(page.Open{Ask: alert.Ask{Policy: "pol", Urgency: plan.High, Title: "down"}})
	for !s.NextAt.IsZero() {
		at = s.NextAt
		step(page.Alarm{Key: page.WakeNext})
	}
	if told[notification.KindPage] < 2000 {
		t.Fatalf("only %d messages were made", told[notification.KindPage])
	}
	if len(s.Tells) > 210 {
		t.Errorf("the page remembers %d messages", len(s.Tells))
	}
	step(page.Resolve{})
	if told[notification.KindResolved] != 2 {
		t.Errorf("%d people were told the end, want 2", told[notification.KindResolved])
	}
}
