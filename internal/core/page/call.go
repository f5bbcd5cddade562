package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// betweenContacts is the pause between the contacts of a person who set no
// rules of their own.
const betweenContacts = plan.Duration(2 * time.Minute)

// call begins to tell one person by their own rules. A person who is being
// called already is left in peace unless a new round begins; false means that
// there is no way to reach them.
func (t *turn) call(user string, rung int, why string) bool {
	if i := t.calling(user); i >= 0 {
		if c := t.s.Calls[i]; len(c.Rules) > 0 && c.Round == t.s.Round {
			return true
		}
		t.s.Calls = slices.Delete(t.s.Calls, i, i+1)
	}
	rules := t.rules(user)
	if len(rules) == 0 {
		t.say(t.person(user)+" cannot be reached", fact.Because("no-contact", "no contact is set up for this person"), Unreachable{Page: t.s.ID, User: user})
		return false
	}
	c := Call{User: user, Rung: rung, Round: t.s.Round, Since: t.sc.At, Why: why}
	for _, r := range rules {
		c.Rules = append(c.Rules, Due{Contact: r.Contact, At: t.sc.At.Add(r.After.Std())})
	}
	slices.SortStableFunc(c.Rules, func(a, b Due) int { return a.At.Compare(b.At) })
	t.s.Calls = append(t.s.Calls, c)
	t.callDue(user)
	return true
}

func (t *turn) calling(user string) int {
	return slices.IndexFunc(t.s.Calls, func(c Call) bool { return c.User == user })
}

// rules are the person's notification rules for this page's urgency, without
// the contacts that were never verified. Who has verified none is told by all
// of them: an unproven telephone is better than silence.
func (t *turn) rules(user string) []plan.NotifyRule {
	u := t.sc.Plan.User(user)
	rules := u.High
	if t.s.Urgency == plan.Low {
		rules = u.Low
	}
	if len(rules) == 0 {
		rules = usualRules(u, t.s.Urgency)
	}
	var proven, unproven []plan.NotifyRule
	for _, r := range rules {
		if c := t.sc.Plan.UserContact(user, r.Contact); c != nil && t.sc.Board.VerifiedContact(user, c) {
			proven = append(proven, r)
		} else if c != nil {
			unproven = append(unproven, r)
		}
	}
	if len(proven) == 0 {
		return unproven
	}
	for _, r := range unproven {
		t.say(fmt.Sprintf("%s's %s is passed over", u.DisplayName(), r.Contact), fact.Because("unverified", "this contact was never verified"),
			Skipped{Page: t.s.ID, To: notification.Ref{User: user, Contact: r.Contact}})
	}
	return proven
}

func usualRules(u *plan.User, urgency plan.Urgency) []plan.NotifyRule {
	var rules []plan.NotifyRule
	for i, c := range u.Contacts {
		if i > 0 && urgency == plan.Low {
			break
		}
		rules = append(rules, plan.NotifyRule{After: plan.Duration(i) * betweenContacts, Contact: c.ID})
	}
	return rules
}

// callDue tells every contact of a person whose time has come.
func (t *turn) callDue(user string) {
	i := t.calling(user)
	if i < 0 || t.s.Status != Triggered {
		return
	}
	c := &t.s.Calls[i]
	for len(c.Rules) > 0 && !c.Rules[0].At.After(t.sc.At) {
		due := c.Rules[0]
		c.Rules = c.Rules[1:]
		t.tell(notification.Ref{User: user, Contact: due.Contact}, c.Rung, notification.KindPage, c.Why)
	}
	t.armCall(c)
}

func (t *turn) armCall(c *Call) {
	if len(c.Rules) > 0 {
		t.out.WakeAt(WakeCall+c.User, c.Rules[0].At)
	} else {
		t.out.Cancel(WakeCall + c.User)
	}
}

// stopCalls ends all calling and withdraws what has not left yet.
func (t *turn) stopCalls(why fact.Reason) {
	for _, c := range t.s.Calls {
		if len(c.Rules) > 0 {
			t.out.Cancel(WakeCall + c.User)
		}
	}
	t.s.Calls = nil
	t.plan("", time.Time{})
	var from []notification.Ref
	for i := range t.s.Tells {
		x := &t.s.Tells[i]
		if (x.Outcome == "" || x.Outcome == notification.OutcomeFailing) && x.Kind == notification.KindPage && !slices.Contains(from, x.To) {
			from = append(from, x.To)
		}
	}
	if len(from) > 0 {
		// Whether any has not left is known to the contacts, and said there.
		t.out.Add(fact.Fact{Subject: t.s.ID, Why: why, Body: Withdrawn{Page: t.s.ID, From: from}, Unsaid: true})
	}
}

// tell makes one message.
func (t *turn) tell(to notification.Ref, rung int, kind notification.Kind, why string) {
	t.s.Count++
	m := notification.Message{
		ID: fmt.Sprintf("%s-%d", t.s.ID, t.s.Count), Kind: kind, User: to.User, Urgency: t.s.Urgency, Title: t.s.Title,
		Page: t.s.ID, Incident: t.s.Incident, Service: t.s.Service, Severity: string(t.s.Severity), Alerts: t.s.Alerts, Drill: t.s.Drill,
		Why: why, At: t.sc.At,
	}
	m.Body = t.body(kind)
	if kind == notification.KindResolved {
		m.Ends, m.Title = t.unsettled(to), t.knownAs(to)
	}
	t.trim()
	t.s.Tells = append(t.s.Tells, Tell{ID: m.ID, To: to, Kind: kind, Title: m.Title, Rung: rung, Round: t.s.Round, At: t.sc.At})
	name := "channel " + to.Contact
	if to.User != "" {
		name = t.person(to.User) + " by " + to.Contact
	}
	t.say("Telling "+name+news[kind], fact.Because(string(kind), why), Told{Page: t.s.ID, To: to, Message: m})
}

// maxTells is how many messages a page remembers before it forgets those that
// say nothing new. A page that stays open for a month and is told every few
// minutes must not grow with every one.
const maxTells = 200

// trim forgets the eldest message whose end is known and after which the same
// contact got another that says as much.
func (t *turn) trim() {
	if len(t.s.Tells) < maxTells {
		return
	}
	for i, x := range t.s.Tells {
		if (x.Rung == t.s.Rung && x.Round == t.s.Round) || x.Outcome == "" || x.Outcome == notification.OutcomeFailing {
			continue
		}
		if slices.ContainsFunc(t.s.Tells[i+1:], func(y Tell) bool { return y.To == x.To && y.Kind == x.Kind && (arrived(y) || !arrived(x)) }) {
			t.s.Tells = slices.Delete(t.s.Tells, i, i+1)
			return
		}
	}
}

// news is what is told, where it is not the page itself.
var news = map[notification.Kind]string{notification.KindResolved: " that it is over", notification.KindAcked: " who has it"}

func (t *turn) body(kind notification.Kind) string {
	switch kind {
	case notification.KindAcked:
		return t.s.AckedBy + " has it"
	case notification.KindResolved:
		if t.s.ResolvedBy != "" {
			return "Resolved by " + t.s.ResolvedBy
		}
		if len(t.s.Targets) > 0 {
			return "The incident is resolved"
		}
		return "Every alert of this page is over"
	}
	var lines []string
	if svc := t.sc.Plan.Service(t.s.Service); svc != nil {
		lines = append(lines, "Service "+svc.ID)
		if svc.Runbook != "" {
			lines = append(lines, "Runbook "+svc.Runbook)
		}
	}
	if t.s.Alerts > 1 {
		lines = append(lines, fmt.Sprintf("%d alerts", t.s.Alerts))
	}
	if t.s.Severity != "" {
		lines = append(lines, "Severity "+string(t.s.Severity))
	}
	return strings.Join(lines, "\n")
}

// delivery is what became of a message. A message that fails brings the
// person's next contact forward: waiting out a pause for a telephone that
// cannot ring helps nobody.
func (t *turn) delivery(in Delivery) {
	i := slices.IndexFunc(t.s.Tells, func(x Tell) bool { return x.ID == in.Notification })
	if i < 0 {
		return
	}
	x := &t.s.Tells[i]
	x.Outcome = in.Outcome
	failed := in.Outcome == notification.OutcomeFailed || (in.Outcome == notification.OutcomeFailing && in.First)
	if !failed || t.s.Status != Triggered || x.Kind != notification.KindPage {
		return
	}
	if t.hurry(x.To.User) {
		return
	}
	if in.Outcome == notification.OutcomeFailed && x.Rung == t.s.Rung && t.allFailed() {
		t.unreachable()
	}
}

// unreachable goes on at once: nobody will answer a step that reached nobody.
func (t *turn) unreachable() {
	why := fact.Because("unreachable", "no message of this step could be delivered")
	switch t.s.Next {
	case NextRung:
		t.climb(why)
	case NextFallback:
		t.fallback(why)
	}
}

// hurry tells a person's next contact now; false if there is none left.
func (t *turn) hurry(user string) bool {
	i := t.calling(user)
	if user == "" || i < 0 || len(t.s.Calls[i].Rules) == 0 {
		return false
	}
	t.s.Calls[i].Rules[0].At = t.sc.At
	t.callDue(user)
	return true
}

// allFailed says whether every message of the present step has failed.
func (t *turn) allFailed() bool {
	for _, x := range t.s.Tells {
		if x.Rung == t.s.Rung && x.Round == t.s.Round && x.Kind == notification.KindPage && x.Outcome != notification.OutcomeFailed {
			return false
		}
	}
	return true
}
