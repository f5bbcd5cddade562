package page

import (
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// The keys of a page's wakes. WakeCall is followed by the person's id.
const (
	WakeNext = "next"
	WakeCall = "call/"
)

// FallbackRung is the rung number of the fallback.
const FallbackRung = -2

// rungs are the steps of the policy as it is now: an edit in flight applies at
// once, so that mending a broken policy mends the page that suffers from it.
func (t *turn) policy() plan.Policy {
	if len(t.s.Targets) > 0 {
		return plan.Policy{Steps: []plan.Step{{Targets: t.s.Targets}}}
	}
	if p := t.sc.Plan.Policy(t.s.Policy); p != nil {
		return *p
	}
	return plan.Policy{}
}

// climb tells the next rung that has anybody on it. A rung without anyone on
// call costs no time: the next is tried at once, and the fact remains.
func (t *turn) climb(why fact.Reason) {
	p := t.policy()
	for t.s.Rung+1 < len(p.Steps) {
		t.s.Rung++
		if t.tellRung(p, t.s.Rung, why) {
			t.armNext(p)
			return
		}
		why = fact.Because("nobody-on-call", "the step before it reaches nobody")
	}
	if len(p.Steps) == 0 {
		t.s.Nobody = true
		why := fact.Because("no-policy", t.noPolicy())
		t.say("No escalation policy: nobody to tell", why, NobodyOnCall{Page: t.s.ID, Rung: -1})
		t.fallback(why)
		return
	}
	t.fallback(fact.Because("nobody-on-call", "no step that was left reaches anybody"))
	if t.s.Round < p.Repeat {
		// An empty last step does not cost the people before it their repeats.
		t.plan(NextRepeat, t.sc.At.Add(repeatAfter(p).Std()))
	}
}

func repeatAfter(p plan.Policy) plan.Duration {
	if p.RepeatAfter == 0 {
		return plan.DefaultRepeatAfter
	}
	return p.RepeatAfter
}

func (t *turn) noPolicy() string {
	switch {
	case t.s.Policy != "":
		return "policy " + t.s.Policy + " is not in the plan any more"
	case t.s.Service != "":
		return "service " + t.s.Service + " has no policy"
	}
	return "neither its route nor its integration leads to a service"
}

// armNext says when the ladder moves again. The pause runs from the telling,
// not from the receipt: a slow provider gives the sleeper no more time.
func (t *turn) armNext(p plan.Policy) {
	pause, next := repeatAfter(p), NextFallback
	switch {
	case t.s.Rung+1 < len(p.Steps):
		pause, next = p.Steps[t.s.Rung+1].After, NextRung
	case t.s.Round < p.Repeat:
		next = NextRepeat
	case len(t.s.Targets) > 0:
		// A summons is a request, not a ladder: it ends here.
		t.plan("", time.Time{})
		return
	}
	t.plan(next, t.sc.At.Add(pause.Std()))
}

// plan notes what happens next and arms the wake.
func (t *turn) plan(next Next, at time.Time) {
	t.s.Next, t.s.NextAt = next, at
	t.out.WakeAt(WakeNext, at)
}

func (t *turn) alarm(key string) {
	if key != WakeNext {
		t.callDue(strings.TrimPrefix(key, WakeCall))
		return
	}
	if t.s.NextAt.IsZero() || t.s.NextAt.After(t.sc.At) {
		return // withdrawn or moved meanwhile
	}
	next := t.s.Next
	t.s.Next, t.s.NextAt = "", time.Time{}
	switch next {
	case NextRung:
		t.climb(fact.Because("no-answer", t.unanswered()))
	case NextRepeat:
		t.s.Round++
		t.s.Rung = -1
		t.climb(fact.Because("repeat", fmt.Sprintf("nobody answered; round %d begins", t.s.Round+1)))
	case NextFallback:
		t.s.Unanswered = true
		t.say("Nobody answered to the end of the policy", fact.Because("policy-ran-out", t.unanswered()).By("policy "+t.s.Policy), RanOut{Page: t.s.ID})
		t.fallback(fact.Because("policy-ran-out", "nobody answered to the end of the policy"))
	case NextReopen:
		t.lapse()
	}
}

// lapse ends an acknowledgement that was not followed by an end.
func (t *turn) lapse() {
	why := fact.Because("ack-timeout", t.s.AckedBy+" acknowledged and it is still open").By("policy " + t.s.Policy)
	if t.s.QuietBy != "" {
		t.s.AckedAt, t.s.AckedBy = time.Time{}, ""
		t.say("Acknowledgement lapsed", why, Reopened{Page: t.s.ID})
		t.hush(fact.Because("muted", "everything it stands for is muted").By(t.s.QuietBy))
		return
	}
	t.say("Acknowledgement lapsed: telling again", why, Reopened{Page: t.s.ID})
	t.restart(why)
}

func (t *turn) unanswered() string {
	var names []string
	for _, c := range t.s.Calls {
		names = append(names, t.person(c.User))
	}
	if len(names) == 0 {
		return "nobody answered"
	}
	return strings.Join(names, " and ") + " did not answer"
}

// fallback tells the last resort, once.
func (t *turn) fallback(why fact.Reason) {
	targets := t.policy().Fallback
	if len(targets) == 0 {
		targets = t.sc.Plan.Fallback
	}
	already := t.s.FellBack
	t.s.Rung, t.s.FellBack, t.s.Unanswered = FallbackRung, true, true
	t.plan("", time.Time{})
	if already {
		return
	}
	if len(targets) == 0 {
		t.say("No fallback is configured: nobody is left to tell", why, NobodyOnCall{Page: t.s.ID, Rung: FallbackRung})
		return
	}
	if !t.tellTargets(targets, FallbackRung, why) {
		t.say("The fallback reaches nobody", why, NobodyOnCall{Page: t.s.ID, Rung: FallbackRung})
	}
}

func (t *turn) tellRung(p plan.Policy, rung int, why fact.Reason) bool {
	if p.ID != "" {
		why = why.By(fmt.Sprintf("policy %s, step %d", p.ID, rung+1))
	}
	return t.tellTargets(p.Steps[rung].Targets, rung, why)
}

// tellTargets calls everyone the targets lead to; false if that is nobody.
func (t *turn) tellTargets(targets []plan.Target, rung int, why fact.Reason) bool {
	found := resolve(t.sc, targets)
	label := fmt.Sprintf("Step %d", rung+1)
	switch {
	case rung == FallbackRung:
		label = "Fallback"
	case len(t.s.Targets) > 0:
		label = "Asked to help"
	}
	if len(found.people) == 0 && len(found.channels) == 0 {
		t.s.Nobody = true
		t.say(label+": nobody on call", fact.Because("nobody-on-call", strings.Join(found.empty, "; ")).By(why.Rule), NobodyOnCall{Page: t.s.ID, Rung: rung})
		return false
	}
	t.say(label+": telling "+t.everyone(found), why, Climbed{Page: t.s.ID, Rung: rung, Round: t.s.Round, Users: found.users()})
	reached := false
	for _, ref := range found.channels {
		t.tell(ref, rung, notification.KindPage, "named in the policy")
		reached = true
	}
	for _, d := range found.people {
		if t.call(d.user, rung, d.why) {
			reached = true
		}
	}
	return reached
}

func (t *turn) everyone(f found) string {
	var names []string
	for _, d := range f.people {
		names = append(names, t.person(d.user))
	}
	for _, c := range f.channels {
		names = append(names, "channel "+c.Contact)
	}
	return strings.Join(names, ", ")
}

// restart walks the policy from the beginning.
func (t *turn) restart(why fact.Reason) {
	t.s.Status = Triggered
	t.s.AckedAt, t.s.AckedBy = time.Time{}, ""
	t.stopCalls(why)
	t.s.Rung, t.s.Round, t.s.Unanswered, t.s.FellBack = -1, 0, false, false
	t.climb(why)
}

// escalate tells the next rung now. After the last one the ladder begins
// again: whoever presses the button wants somebody else, not nothing.
func (t *turn) escalate() {
	why := fact.Because("escalated-by-hand", t.actor()+" escalated")
	t.s.Status = Triggered
	t.s.AckedAt, t.s.AckedBy = time.Time{}, ""
	if t.s.Rung == FallbackRung || t.s.Rung+1 >= len(t.policy().Steps) {
		t.s.Rung, t.s.FellBack = -1, false
		t.s.Round++
	}
	t.s.Unanswered = false
	t.climb(why)
}
