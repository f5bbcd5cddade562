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
	t.drain(calls, limit)
	t.drain(news, limit)
	t.squeeze()
	t.arm(limit)
}

// class sorts messages by what they may take of a contact's limit.
type class int

const (
	calls class = iota // somebody must do something: a page, a code, a test
	news               // it is over, somebody has it
)

func (q Queued) class() class {
	switch q.Message.Kind {
	case KindResolved, KindAcked, KindIncident:
		return news
	}
	return calls
}

// drain lets go what may go of a class.
func (t *turn) drain(c class, limit plan.Limit) {
	for {
		ready := t.ready(c)
		if len(ready) == 0 {
			return
		}
		room := t.room(c, limit)
		if room <= 0 {
			t.hold(ready, limit)
			return
		}
		if len(ready) > room {
			t.fold(c, ready, room)
			continue
		}
		for range ready {
			t.send(t.take(t.ready(c)[0]))
		}
	}
}

// forget drops what lies outside the limit's span.
func (t *turn) forget(limit plan.Limit) {
	if limit.Count == 0 {
		t.s.Sent = nil
		return
	}
	old := t.sc.At.Add(-limit.Per.Std())
	for i, at := range t.s.Sent {
		if at.After(t.sc.At) { // the clock went back; nothing was sent in the future
			t.s.Sent[i] = t.sc.At
		}
	}
	t.s.Sent = slices.DeleteFunc(t.s.Sent, func(at time.Time) bool { return !at.After(old) })
}

// ready are the queue's positions that may go now.
func (t *turn) ready(c class) []int {
	var at []int
	for i, q := range t.s.Queue {
		if q.class() == c && !q.NotYet.After(t.sc.At) {
			at = append(at, i)
		}
	}
	return at
}

// room is how many messages of a class may leave now.
func (t *turn) room(c class, limit plan.Limit) int {
	room := t.sky() - len(t.s.Flying)
	if limit.Count > 0 {
		room = min(room, allowed(c, limit)-len(t.s.Sent))
	}
	return room
}

// sky is how many attempts may be on their way at once. A contact that has
// failed and not recovered gets a narrow one, so that a hundred dead telephones
// cannot take the connections of one that lives.
func (t *turn) sky() int {
	for _, q := range t.s.Queue {
		if q.Attempt > 0 {
			return narrow
		}
	}
	return MaxFlying
}

const narrow = 4

// allowed is how much of a limit a class may use. News leave a quarter of it
// free: the twentieth "it is over" must not hold the next page back.
func allowed(c class, limit plan.Limit) int {
	if c == news {
		return limit.Count - limit.Count/4
	}
	return limit.Count
}

// fold makes the last place carry everything that has no place of its own.
// Only first attempts at pages, and their ends, fold: a code or a test stands
// alone.
func (t *turn) fold(c class, ready []int, room int) {
	var foldable []int
	for _, i := range ready {
		if q := t.s.Queue[i]; (q.Message.Kind == KindPage || q.Message.Kind == KindResolved) && q.Attempt == 0 && len(q.Carries) == 0 {
			foldable = append(foldable, i)
		}
	}
	spare := len(ready) - room // how many must find a place in another
	if len(foldable) < 2 || spare < 1 {
		for range room {
			t.send(t.take(ready[0]))
			if ready = t.ready(c); len(ready) == 0 {
				break
			}
		}
		return
	}
	group := foldable[max(0, len(foldable)-spare-1):]
	t.merge(group)
}

// merge makes the first of some waiting messages carry the others.
func (t *turn) merge(at []int) {
	carrier := t.s.Queue[at[0]].loaded()
	gone := map[string]bool{}
	for _, i := range at[1:] {
		q := t.s.Queue[i]
		gone[q.Message.ID] = true
		t.say(q.Message, "Folded into one message with others", fact.Because("folded", "more messages than this contact takes at once"), Folded{Life: t.life(q.Message, q.Attempt), Into: carrier.Message.ID})
		carrier.carry(q.loaded())
	}
	carrier.Message.Title = carrier.title()
	t.s.Queue[at[0]] = carrier
	t.s.Queue = slices.DeleteFunc(t.s.Queue, func(q Queued) bool { return gone[q.Message.ID] })
}

// loaded is a message as a carrier, with lists of its own.
func (q Queued) loaded() Queued {
	q.Carries = slices.Clone(q.Carries)
	if len(q.Message.Folded) == 0 {
		q.Message.Pages, q.Message.Folded = []string{q.Message.Page}, []string{clip(q.Message.Title)}
	} else {
		q.Message.Pages, q.Message.Folded = slices.Clone(q.Message.Pages), slices.Clone(q.Message.Folded)
	}
	return q
}

// maxCarried bounds what one message names. What is beyond it is counted: a
// list that grew with every page of a bad hour would make each page slower than
// the one before, and nobody reads the hundredth line.
const maxCarried = 100

func (q *Queued) carry(other Queued) {
	room := max(0, maxCarried-len(q.Message.Pages))
	n := min(room, len(other.Message.Pages))
	q.Carries = append(q.Carries, append([]string{other.Message.ID}, other.Carries...)[:n]...)
	q.Message.Pages = append(q.Message.Pages, other.Message.Pages[:n]...)
	q.Message.Folded = append(q.Message.Folded, other.Message.Folded[:n]...)
	q.Message.More += other.Message.More + len(other.Message.Pages) - n
	q.Message.Alerts += other.Message.Alerts
	if other.NotYet.Before(q.NotYet) {
		q.NotYet = other.NotYet
	}
}

func (q Queued) title() string {
	n := len(q.Message.Pages) + q.Message.More
	if q.Message.Kind == KindResolved {
		return fmt.Sprintf("%d pages are over: %s", n, q.Message.Folded[0])
	}
	return fmt.Sprintf("%d pages: %s", n, q.Message.Folded[0])
}

// maxWaiting is how many messages wait one by one. A contact whose other side
// hangs for an hour has a handful of long messages waiting, not a day's worth.
const maxWaiting = 32

// squeeze folds what waits once it is too much, whatever the reason it waits.
func (t *turn) squeeze() {
	if len(t.s.Queue) <= maxWaiting {
		return
	}
	for _, kind := range []Kind{KindPage, KindResolved} {
		t.gather(func(q Queued) bool { return q.Message.Kind == kind && q.Attempt == 0 })
		// What failed keeps its pause: new messages must not hurry it.
		t.gather(func(q Queued) bool { return q.Message.Kind == kind && q.Attempt > 0 })
	}
}

func (t *turn) gather(which func(Queued) bool) {
	var at []int
	for i, q := range t.s.Queue {
		if which(q) {
			at = append(at, i)
		}
	}
	if len(at) > 1 {
		t.merge(at)
	}
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
		if limit.Count == 0 || len(t.s.Flying) >= t.sky() {
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
	for _, q := range t.s.Queue {
		if q.NotYet.After(t.sc.At) {
			sooner(q.NotYet)
			continue
		}
		if over := len(t.s.Sent) - allowed(q.class(), limit); limit.Count > 0 && over >= 0 && over < len(t.s.Sent) {
			sooner(t.s.Sent[over].Add(limit.Per.Std()))
		}
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
