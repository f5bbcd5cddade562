package notification_test

import (
	"fmt"
	"testing"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

var ana = notification.Ref{User: "ana", Contact: "phone"}

// contact plays one telephone.
type contact struct {
	t     *testing.T
	plan  *plan.Plan
	at    time.Time
	state *notification.State
	// air is what has left and has no receipt, oldest first.
	air   []flight
	facts []fact.Fact
}

type flight struct {
	send notification.Send
	at   time.Time
}

func newContact(t *testing.T, limit plan.Limit) *contact {
	t.Helper()
	p := &plan.Plan{Users: []plan.User{{ID: "ana", Contacts: []plan.Contact{{ID: "phone", Channel: "inapp", Limit: limit}}}}}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		t.Fatal(err)
	}
	return &contact{t: t, plan: p, at: time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)}
}

func (c *contact) step(in notification.Input) {
	c.t.Helper()
	next, out, err := notification.Step(plan.Scene{Plan: c.plan, Board: &plan.Board{}, At: c.at}, c.state, in)
	if err != nil {
		c.t.Fatal(err)
	}
	c.state = next
	c.facts = append(c.facts, out.Facts...)
	for _, e := range out.Effects {
		c.air = append(c.air, flight{e.Body.(notification.Send), c.at})
	}
}

func (c *contact) tell(kind notification.Kind, n int) {
	c.t.Helper()
	page := fmt.Sprintf("p%09d", n)
	c.step(notification.Tell{To: ana, Message: notification.Message{ID: fmt.Sprintf("%s-%s", page, kind), Kind: kind, User: "ana", Page: page,
		Title: fmt.Sprintf("page %d of a bad night", n), Alerts: 1, At: c.at}})
}

func (c *contact) waiting() int {
	if c.state == nil {
		return 0
	}
	return len(c.state.Queue)
}

func TestAPeerThatHangsUnderAStormKeepsItsContactSmall(t *testing.T) {
	t.Parallel()
	c := newContact(t, plan.Limit{})
	largest, most := 0, 0
	const storm = 60_000 // 100 a second for ten minutes
	for n := range storm {
		c.at = c.at.Add(10 * time.Millisecond)
		for len(c.air) > 0 && c.at.Sub(c.air[0].at) >= 10*time.Second {
			s := c.air[0].send
			c.air = c.air[1:]
			c.step(notification.Failed{ID: s.Message.ID, Attempt: s.Attempt, Error: "timed out"})
		}
		c.tell(notification.KindPage, n)
		most = max(most, len(c.air))
		if n%1000 == 0 {
			data, err := core.Encode(c.state)
			if err != nil {
				t.Fatal(err)
			}
			largest = max(largest, len(data))
		}
		c.facts = c.facts[:0]
	}
	if largest > 256<<10 {
		t.Errorf("the contact's state grew to %d bytes", largest)
	}
	if most > notification.MaxFlying {
		t.Errorf("%d attempts were on their way", most)
	}
	if len(c.air) > 4 {
		t.Errorf("a contact that fails has %d attempts on their way", len(c.air))
	}
	// It answers again: every page of the storm is told of, in a few messages.
	stands := 0
	for range 100 {
		c.at = c.at.Add(10 * time.Minute)
		c.step(notification.Alarm{})
		for len(c.air) > 0 {
			m := c.air[0].send
			c.air = c.air[1:]
			stands += max(1, len(m.Message.Pages)) + m.Message.More
			c.step(notification.Receipt{ID: m.Message.ID, Attempt: m.Attempt, Status: notification.OutcomeDelivered})
		}
	}
	if c.waiting() > 0 {
		t.Errorf("%d messages still wait", c.waiting())
	}
	if stands != storm {
		t.Errorf("the messages stand for %d pages, want %d", stands, storm)
	}
}

func TestNewsLeaveRoomForAPage(t *testing.T) {
	t.Parallel()
	c := newContact(t, plan.Limit{Count: 20, Per: plan.Duration(10 * time.Minute)})
	for n := range 30 {
		c.tell(notification.KindResolved, n)
	}
	sent := len(c.air)
	c.tell(notification.KindPage, 100)
	if len(c.air) != sent+1 || c.air[sent].send.Message.Kind != notification.KindPage {
		t.Fatalf("after %d messages that something is over, the page waits", sent)
	}
}

func TestAPageThatIsAnsweredLeavesTheMessageThatCarriesIt(t *testing.T) {
	t.Parallel()
	c := newContact(t, plan.Limit{Count: 1, Per: plan.Duration(10 * time.Minute)})
	for n := range 50 {
		c.tell(notification.KindPage, n)
	}
	for n := 3; n < 50; n++ {
		c.step(notification.Withdraw{Page: fmt.Sprintf("p%09d", n)})
	}
	c.at = c.at.Add(11 * time.Minute)
	c.step(notification.Alarm{})
	last := c.air[len(c.air)-1].send.Message
	if len(c.air) != 2 || last.Title != "2 pages: page 1 of a bad night" || len(last.Pages) != 2 {
		t.Fatalf("%d messages, the last %q for %v", len(c.air), last.Title, last.Pages)
	}
}

func TestAClockThatWentBackDoesNotKeepAContactShut(t *testing.T) {
	t.Parallel()
	c := newContact(t, plan.Limit{Count: 1, Per: plan.Duration(time.Minute)})
	c.tell(notification.KindPage, 1)
	c.at = c.at.Add(-time.Hour)
	c.tell(notification.KindPage, 2)
	c.at = c.at.Add(2 * time.Minute)
	c.step(notification.Alarm{})
	if len(c.air) != 2 {
		t.Fatalf("%d messages left, want 2", len(c.air))
	}
}
