package page

import (
	"slices"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
)

// acknowledge notes that somebody has it and stops the ladder. Pressing the
// button twice is fine; pressing it after a colleague says who was first.
func (t *turn) acknowledge() error {
	by := t.actor()
	if t.s.Status == Acknowledged {
		if t.s.AckedBy == by {
			return nil
		}
		return fact.Refuse("conflict", "", t.s.AckedBy+" acknowledged it already")
	}
	t.s.Status, t.s.Rose = Acknowledged, false
	t.s.AckedAt, t.s.AckedBy = t.sc.At, by
	t.say("Acknowledged by "+by, t.answered(by), Acked{Page: t.s.ID, By: by})
	t.stopCalls(fact.Because("answered", by+" has it"))
	if p := t.policy(); p.AckTimeout > 0 {
		t.plan(NextReopen, t.sc.At.Add(p.AckTimeout.Std()))
	}
	t.tellChannels(notification.KindAcked)
	return nil
}

func (t *turn) answered(by string) fact.Reason {
	if t.sc.Actor.Kind == "integration" {
		return fact.Because("source-acknowledged", "its source says that somebody has it").By(by)
	}
	return fact.Because("answered", by+" has it"+t.via())
}

func (t *turn) via() string {
	if t.sc.Actor.Via == "" {
		return ""
	}
	return " (by " + t.sc.Actor.Via + ")"
}

// resolve ends the page. Everyone who was told of it is told that it is over,
// whatever mutes it by now.
func (t *turn) resolve(byHand string, why fact.Reason) {
	t.s.Status = Resolved
	t.s.ResolvedAt = t.sc.At
	if byHand != "" {
		t.s.ResolvedBy = t.actor()
	}
	t.say("Page resolved", why, Closed{Page: t.s.ID, ByHand: byHand != "", Group: string(t.s.Group)})
	t.stopCalls(fact.Because("over", "the page is over"))
	t.tellPeople()
	t.tellChannels(notification.KindResolved)
}

// tellPeople tells the end to each person once, by the first contact that
// certainly carried the page; where none is certain, by each that may have. A
// contact whose page never left learns nothing: there is nothing to take back.
func (t *turn) tellPeople() {
	certain := map[string]bool{}
	var told []notification.Ref
	for _, sure := range []bool{true, false} {
		for _, x := range slices.Clone(t.s.Tells) {
			if x.To.User == "" || x.Kind != notification.KindPage || !left(x) || arrived(x) != sure ||
				certain[x.To.User] || slices.Contains(told, x.To) {
				continue
			}
			certain[x.To.User] = sure
			told = append(told, x.To)
			t.tell(x.To, x.Rung, notification.KindResolved, "they were told of this page")
		}
	}
}

// unsettled are the messages of the page to a contact that may yet turn out
// not to have left; nil if one has certainly arrived.
func (t *turn) unsettled(to notification.Ref) []string {
	var ids []string
	for _, x := range t.s.Tells {
		if x.To != to || x.Kind != notification.KindPage || !left(x) {
			continue
		}
		if arrived(x) {
			return nil
		}
		ids = append(ids, x.ID)
	}
	return ids
}

// knownAs is the title under which a contact was last told the page: the end
// of something that nobody has heard of is no news.
func (t *turn) knownAs(to notification.Ref) string {
	title := t.s.Title
	for _, x := range t.s.Tells {
		if x.To == to && x.Kind == notification.KindPage {
			title = x.Title
		}
	}
	return title
}

// arrived says whether the other side took a message.
func arrived(x Tell) bool {
	return x.Outcome == notification.OutcomeAccepted || x.Outcome == notification.OutcomeDelivered
}

func (t *turn) tellChannels(kind notification.Kind) {
	var told []notification.Ref
	for _, x := range slices.Clone(t.s.Tells) {
		if x.To.User != "" || x.Kind != notification.KindPage || slices.Contains(told, x.To) {
			continue
		}
		told = append(told, x.To)
		t.tell(x.To, x.Rung, kind, "they were told of this page")
	}
}

// left says whether a message may have reached somebody. One whose outcome is
// not known yet may have: the receipt and the end can cross.
func left(x Tell) bool {
	return x.Outcome != notification.OutcomeWithdrawn && x.Outcome != notification.OutcomeFailed
}

func (t *turn) quiet(in Quiet) {
	t.s.QuietBy = in.By
	if t.s.Status == Triggered {
		t.hush(in.Why)
	} // else somebody has it, and there is nothing to hush
}

func (t *turn) hush(why fact.Reason) {
	t.s.Status = Muted
	t.say("Hushed, since everything it stands for is muted", why, Hushed{Page: t.s.ID, By: t.s.QuietBy})
	t.stopCalls(why)
}

func (t *turn) wake(why fact.Reason) {
	rose := t.s.Rose
	t.s.QuietBy, t.s.Rose = "", false
	if t.s.Status != Muted && !rose {
		return // somebody has it, and it is no worse than they know
	}
	t.say("Telling again", why, Reopened{Page: t.s.ID})
	t.restart(why)
}
