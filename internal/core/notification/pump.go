package notification

import (
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// pump sends what may go now, folds what would be too much, and says when to
// look again. Nothing is ever dropped for a limit.
func (t *turn) pump() {
	c := t.s.To.Find(t.sc.Plan)
	if c == nil {
		t.giveUpAll()
		t.s.Sent, t.s.Spared = nil, nil
		t.out.Cancel(WakePump)
		return
	}
	limit := limitOf(c)
	t.forget(limit)
	for {
		ready := t.ready()
		if len(ready) == 0 {
			break
		}
		room := t.room(limit)
		if room <= 0 {
			t.hold(ready, limit)
			break
		}
		if len(ready) > room {
			t.fold(ready, room)
			continue
		}
		for range ready {
			t.send(t.take(t.ready()[0]))
		}
	}
	t.arm(limit)
}

// forget drops what lies outside the limit's span.
func (t *turn) forget(limit plan.Limit) {
	if limit.Count == 0 {
		t.s.Sent = nil
		return
	}
	old := t.sc.At.Add(-limit.Per.Std())
	t.s.Sent = slices.DeleteFunc(t.s.Sent, func(at time.Time) bool { return !at.After(old) })
}

// ready are the queue's positions that may go now.
func (t *turn) ready() []int {
	var at []int
	for i, q := range t.s.Queue {
		if !q.NotYet.After(t.sc.At) {
			at = append(at, i)
		}
	}
	return at
}

// room is how many messages may leave now.
func (t *turn) room(limit plan.Limit) int {
	room := MaxFlying - len(t.s.Flying)
	if limit.Count > 0 {
		room = min(room, limit.Count-len(t.s.Sent))
	}
	return room
}

// fold makes the last place carry everything that has no place of its own.
// Only first attempts at pages fold: a code or a test stands alone.
func (t *turn) fold(ready []int, room int) {
	var foldable []int
	for _, i := range ready {
		if q := t.s.Queue[i]; q.Message.Kind == KindPage && q.Attempt == 0 && len(q.Carries) == 0 {
			foldable = append(foldable, i)
		}
	}
	spare := len(ready) - room // how many must find a place in another
	if len(foldable) < 2 || spare < 1 {
		for range room {
			t.send(t.take(t.ready()[0]))
		}
		return
	}
	group := foldable[max(0, len(foldable)-spare-1):]
	carrier := t.s.Queue[group[0]]
	first := carrier.Message
	carrier.Message.Pages = []string{first.Page}
	carrier.Message.Folded = []string{clip(first.Title)}
	for _, i := range group[1:] {
		m := t.s.Queue[i].Message
		carrier.Carries = append(carrier.Carries, m.ID)
		carrier.Message.Pages = append(carrier.Message.Pages, m.Page)
		carrier.Message.Folded = append(carrier.Message.Folded, clip(m.Title))
		carrier.Message.Alerts += m.Alerts
		t.say(m, "Folded into one message with others", fact.Because("folded", "more messages than this contact takes at once"), Folded{Life: t.life(m, 0), Into: first.ID})
	}
	carrier.Message.Title = fmt.Sprintf("%d pages: %s", len(carrier.Message.Pages), clip(first.Title))
	gone := map[string]bool{}
	for _, id := range carrier.Carries {
		gone[id] = true
	}
	t.s.Queue[group[0]] = carrier
	t.s.Queue = slices.DeleteFunc(t.s.Queue, func(q Queued) bool { return gone[q.Message.ID] })
}

func (t *turn) take(i int) Queued {
	q := t.s.Queue[i]
	t.s.Queue = slices.Delete(t.s.Queue, i, i+1)
	return q
}

func (t *turn) send(q Queued) {
	q.Attempt++
	q.NotYet, q.Held = time.Time{}, false
	t.s.Flying = append(t.s.Flying, Flight{q})
	t.s.Sent = append(t.s.Sent, t.sc.At)
	t.out.Do(fact.Effect{Key: fmt.Sprintf("%s/%d", q.Message.ID, q.Attempt), Body: Send{Contact: t.s.To, Attempt: q.Attempt, Message: q.Message}})
}

func (t *turn) hold(ready []int, limit plan.Limit) {
	for _, i := range ready {
		q := &t.s.Queue[i]
		if q.Held {
			continue
		}
		q.Held = true
		why := fact.Because("limit", fmt.Sprintf("this contact takes %d per %s", limit.Count, limit.Per))
		if limit.Count == 0 || len(t.s.Flying) >= MaxFlying {
			why = fact.Because("busy", fmt.Sprintf("%d messages to it have no answer yet", len(t.s.Flying)))
		}
		t.say(q.Message, "Held back: "+t.s.To.Contact+t.whose()+" is at its limit", why, HeldBack{Life: t.life(q.Message, q.Attempt)})
	}
}

// arm wakes the contact when a pause is over or the limit has room again. A
// full sky needs no wake: the next receipt looks at the queue.
func (t *turn) arm(limit plan.Limit) {
	var next time.Time
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	waiting := false
	for _, q := range t.s.Queue {
		if q.NotYet.After(t.sc.At) {
			sooner(q.NotYet)
		} else {
			waiting = true
		}
	}
	if waiting && limit.Count > 0 && len(t.s.Sent) >= limit.Count {
		sooner(t.s.Sent[0].Add(limit.Per.Std()))
	}
	if len(t.s.Queue) > 0 && next.IsZero() && len(t.s.Flying) == 0 {
		sooner(t.sc.At.Add(time.Second)) // cannot happen; a queue must never sleep for ever
	}
	if !next.IsZero() {
		t.out.WakeAt(WakePump, next)
	}
}

// giveUpAll ends what waits for a contact that left the plan.
func (t *turn) giveUpAll() {
	for _, q := range t.s.Queue {
		for _, m := range q.all() {
			t.say(m, "Given up: there is no such contact", fact.Because("contact-gone", "contact "+t.s.To.String()+" is not in the plan"),
				GaveUp{Life: t.life(m, q.Attempt), Error: "contact " + t.s.To.String() + " is not in the plan", Permanent: true})
		}
	}
	t.s.Queue = nil
}
