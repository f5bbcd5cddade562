package alert

import (
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// GroupKind is the stream kind of a group.
const GroupKind = "group"

// Group gathers the open alerts of one route, service and set of group labels.
// It exists while any of them is open.
type Group struct {
	Setup   Setup    `json:"setup"`
	Members []Member `json:"members,omitempty"`
	// Page is the open page of this group, empty if nobody is being asked.
	Page string `json:"page,omitempty"`
	// Quiet says that everything the page stands for is muted now.
	Quiet bool `json:"quiet,omitempty"`
	// HoldUntil is when a held group asks for its page.
	HoldUntil time.Time `json:"hold_until,omitzero"`
}

// Member is an open alert as its group sees it.
type Member struct {
	Alert    string          `json:"alert"`
	Stream   fact.Stream     `json:"stream"`
	Severity signal.Severity `json:"severity,omitempty"`
	Summary  string          `json:"summary"`
	Labels   signal.Labels   `json:"labels,omitempty"` // those that matchers see
	Since    time.Time       `json:"since"`
	MutedBy  string          `json:"muted_by,omitempty"`
	Paged    bool            `json:"paged,omitempty"` // the page stands for it
}

// StreamKind says which stream this is a state of.
func (*Group) StreamKind() string { return GroupKind }

// Clone copies what a step may change.
func (g *Group) Clone() *Group {
	c := *g
	c.Members = slices.Clone(g.Members)
	return &c
}

// GroupInput is what can happen to a group.
type GroupInput interface{ groupInput() }

// Join brings a new alert.
type Join struct {
	Setup  Setup
	Member Member
}

// Reassess brings an alert's new severity.
type Reassess struct{ Member Member }

// Leave says that an alert is over.
type Leave struct{ Alert string }

// AckSource says that an alert was acknowledged where it comes from.
type AckSource struct{ By string }

// HoldOver is the group's own wake: it has waited long enough for company.
type HoldOver struct{}

// Recheck says that silences or maintenance changed.
type Recheck struct{ Cause string }

// PageClosed says that somebody resolved the group's page by hand.
type PageClosed struct{ Page string }

func (Join) groupInput()       {}
func (Reassess) groupInput()   {}
func (Leave) groupInput()      {}
func (AckSource) groupInput()  {}
func (HoldOver) groupInput()   {}
func (Recheck) groupInput()    {}
func (PageClosed) groupInput() {}

// WakeHold is the key of the wake that ends a group's wait.
const WakeHold = "hold"

// StepGroup moves one group. A nil result means that the group is over.
func StepGroup(sc plan.Scene, stream fact.Stream, g *Group, in GroupInput) (*Group, fact.Outcome, error) {
	t := gathering{sc: sc, stream: stream}
	if g != nil {
		t.g = g.Clone()
	} else if j, ok := in.(Join); ok {
		t.g = &Group{Setup: j.Setup}
	} else {
		return nil, fact.Outcome{}, nil // the group ended meanwhile; nothing is left to decide
	}
	switch in := in.(type) {
	case Join:
		t.join(in)
	case Reassess:
		t.reassess(in.Member)
	case Leave:
		t.leave(in.Alert)
	case AckSource:
		t.ackedAtSource(in.By)
	case HoldOver:
		t.holdOver()
	case Recheck:
		if t.recheck(); len(t.out.Facts)+len(t.out.Wakes) == 0 {
			return g, t.out, nil // nothing to write: a sweep asks every open group
		}
	case PageClosed:
		t.pageClosed(in.Page)
	default:
		return g, fact.Outcome{}, fmt.Errorf("group: unknown input %T", in)
	}
	if len(t.g.Members) == 0 && t.g.Page == "" {
		t.out.Cancel(WakeHold)
		return nil, t.out, nil
	}
	return t.g, t.out, nil
}

// gathering is one step of a group in the making.
type gathering struct {
	sc     plan.Scene
	stream fact.Stream
	g      *Group
	out    fact.Outcome
}

func (t *gathering) join(in Join) {
	t.g.Setup = in.Setup
	m := in.Member
	if t.g.Setup.NoPage {
		t.g.Members = append(t.g.Members, m)
		t.say(m.Alert, "Recorded only: nobody is told", fact.Because("route-no-page", "its route records and pages nobody").By(t.rule()), Recorded{Group: t.stream, Alert: m.Alert})
		return
	}
	why, until := MutedBy(t.sc, m.Labels, t.g.Setup.Service)
	m.MutedBy = why.Rule
	t.g.Members = append(t.g.Members, m)
	if m.MutedBy != "" {
		t.muted(m, why, until)
		return
	}
	t.tell(len(t.g.Members)-1, fact.Because("first-in-group", "first alert of its group").By(t.rule()))
}

// tell gets a human to know of an unmuted member: by the page that is open,
// after the hold, or by a page of its own, and why is why.
func (t *gathering) tell(i int, why fact.Reason) {
	m := t.g.Members[i]
	wait := t.g.Setup.Wait
	switch {
	case t.g.Page != "":
		quiet := t.g.Quiet
		if !m.Paged {
			t.g.Members[i].Paged = true
			t.say(m.Alert, "Joined page "+t.g.Page, fact.Because("page-open", "its group already has a page").By(t.rule()), t.joined(m))
			why = fact.Because("new-company", "a new alert joined that nothing mutes").By(why.Rule)
		}
		if quiet {
			t.awaken(why)
		}
	case t.g.HoldUntil.After(t.sc.At):
		t.say(m.Alert, "Waits with its group", fact.Because("group-wait", "the group gathers before it pages").By(t.rule()), Held{Group: t.stream, Until: t.g.HoldUntil})
	case wait > 0 && m.Since.Add(wait).After(t.sc.At):
		// An alert that began long ago has waited already (Alertmanager does the same).
		t.g.HoldUntil = t.sc.At.Add(wait)
		t.out.WakeAt(WakeHold, t.g.HoldUntil)
		t.say(m.Alert, "Waits for company before paging", fact.Because("group-wait", "the group gathers for "+plan.Duration(wait).String()+" before it pages").By(t.rule()), Held{Group: t.stream, Until: t.g.HoldUntil})
	default:
		t.ask(why)
	}
}

// ask wants a page for every unmuted member.
func (t *gathering) ask(why fact.Reason) {
	t.g.HoldUntil = time.Time{}
	t.g.Quiet = false
	t.g.Page = t.sc.NewID("p", string(t.stream))
	for i := range t.g.Members {
		t.g.Members[i].Paged = t.g.Members[i].MutedBy == ""
	}
	worst, n := t.worst()
	ask := Ask{Group: t.stream, Route: t.g.Setup.Route, Rule: t.rule(), Service: t.g.Setup.Service, Policy: t.g.Setup.Policy,
		Urgency: UrgencyOf(t.g.Setup.Urgency, worst.Severity), Severity: worst.Severity, Title: worst.Summary, Alerts: n,
		First: worst.Alert, Declare: t.g.Setup.Declare}
	t.say(worst.Alert, "Needs a human: page "+t.g.Page, why, PageWanted{Page: t.g.Page, Ask: ask})
}

// worst is the gravest member that the page stands for (the eldest of equals;
// what is muted only if everything is), and how many there are.
func (t *gathering) worst() (Member, int) {
	var worst Member
	n := 0
	for _, m := range t.g.Members {
		if !m.Paged {
			continue
		}
		n++
		if n == 1 || weight(m) > weight(worst) {
			worst = m
		}
	}
	return worst, n
}

// weight orders members by what a page should be named after.
func weight(m Member) int {
	if m.MutedBy != "" {
		return rank(m.Severity)
	}
	return 10 + rank(m.Severity)
}

// rank puts an unsaid severity with "error": what says nothing is taken
// seriously.
func rank(s signal.Severity) int {
	if s == "" {
		return signal.Error.Rank()
	}
	return s.Rank()
}

func (t *gathering) joined(m Member) Joined {
	worst, n := t.worst()
	return Joined{Page: t.g.Page, Alert: m.Alert, Summary: m.Summary, Alerts: n, Severity: worst.Severity,
		Urgency: UrgencyOf(t.g.Setup.Urgency, worst.Severity), Title: worst.Summary}
}

func (t *gathering) reassess(m Member) {
	i := t.find(m.Alert)
	if i < 0 {
		return
	}
	before, _ := t.worst()
	m.MutedBy, m.Paged = t.g.Members[i].MutedBy, t.g.Members[i].Paged
	t.g.Members[i] = m
	if after, n := t.worst(); t.g.Page != "" && n > 0 && rank(after.Severity) > rank(before.Severity) {
		t.worsened(after)
	}
	// Matchers see the severity too: what silences a warning may not silence it
	// when it is critical.
	t.recheck()
}

func (t *gathering) worsened(after Member) {
	t.say(t.g.Page, "Severity rose to "+word(after.Severity), fact.Because("worse-than-paged", "an alert of this page got worse"),
		Worsened{Page: t.g.Page, Severity: after.Severity, Urgency: UrgencyOf(t.g.Setup.Urgency, after.Severity), Title: after.Summary})
}

func (t *gathering) leave(alert string) {
	i := t.find(alert)
	if i < 0 {
		return
	}
	gone := t.g.Members[i]
	t.g.Members = slices.Delete(t.g.Members, i, i+1)
	worst, n := t.worst()
	switch {
	case gone.Paged && n == 0 && t.g.Page != "":
		page := t.g.Page
		t.g.Page, t.g.Quiet = "", false
		t.note(page, fact.Because("all-resolved", "its last alert resolved"), Cleared{Page: page})
	case gone.Paged && t.g.Page != "":
		t.say(t.g.Page, fmt.Sprintf("Over, %d still firing: %s", n, gone.Summary), fact.Because("some-resolved", "one of its alerts resolved"),
			Left{Page: t.g.Page, Alert: alert, Alerts: n, Title: worst.Summary})
		why, _ := MutedBy(t.sc, worst.Labels, t.g.Setup.Service)
		t.quieten(why)
	case !t.g.Setup.NoPage && gone.MutedBy == "":
		t.say(alert, "Over before anybody was told", fact.Because("resolved-while-held", "it resolved while its group was waiting").By(t.rule()), NeverPaged{Group: t.stream, Alert: alert})
		t.dropHold()
	}
}

// dropHold lets a held group that has nobody left to tell of forget its hold.
func (t *gathering) dropHold() {
	if t.anyLive() || t.g.HoldUntil.IsZero() {
		return
	}
	t.g.HoldUntil = time.Time{}
	t.out.Cancel(WakeHold)
}

func (t *gathering) ackedAtSource(by string) {
	if t.g.Page == "" {
		return
	}
	t.note(t.g.Page, fact.Because("source-acknowledged", "its source says that somebody has it").By(by), PageAcked{Page: t.g.Page, By: by})
}

func (t *gathering) holdOver() {
	if t.g.HoldUntil.IsZero() || t.g.Page != "" {
		return
	}
	if t.g.HoldUntil.After(t.sc.At) {
		t.out.WakeAt(WakeHold, t.g.HoldUntil)
		return
	}
	t.g.HoldUntil = time.Time{}
	if t.anyLive() {
		t.ask(fact.Because("group-wait-over", "the group has waited for "+plan.Duration(t.g.Setup.Wait).String()).By(t.rule()))
	}
}

func (t *gathering) pageClosed(page string) {
	if t.g.Page != page {
		return
	}
	// They leave at once: that they were told is known, and what each alert says
	// of its end comes too late for this group.
	var streams []fact.Stream
	t.g.Members = slices.DeleteFunc(t.g.Members, func(m Member) bool {
		if m.Paged {
			streams = append(streams, m.Stream)
		}
		return m.Paged
	})
	t.g.Page, t.g.Quiet = "", false
	if len(streams) > 0 {
		t.say(page, "Its alerts are closed with it", fact.Because("page-resolved", "somebody resolved the page by hand"), Emptied{Alerts: streams})
	}
}

func (t *gathering) find(alert string) int {
	return slices.IndexFunc(t.g.Members, func(m Member) bool { return m.Alert == alert })
}

func (t *gathering) anyLive() bool {
	return !t.g.Setup.NoPage && slices.ContainsFunc(t.g.Members, func(m Member) bool { return m.MutedBy == "" })
}

func (t *gathering) say(subject, text string, why fact.Reason, body fact.Body) {
	t.out.Add(fact.Fact{Subject: subject, Text: text, Why: why, Body: body})
}

// note makes a fact that the page says to people in its own words.
func (t *gathering) note(subject string, why fact.Reason, body fact.Body) {
	t.out.Add(fact.Fact{Subject: subject, Why: why, Body: body, Unsaid: true})
}

func (t *gathering) rule() string { return t.g.Setup.Rule() }
