package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// Situation is a page as it stands.
type Situation struct {
	Plan    *plan.Plan
	Board   *plan.Board
	At      time.Time
	Horizon time.Duration // 0: DefaultHorizon
	Page    *page.State
	// Group asked for the page; nil if there is none or it is not at hand.
	Group *alert.Group
}

// Ahead is what happens to an open page if nobody answers.
func Ahead(s Situation) ([]Step, error) {
	if s.Horizon <= 0 {
		s.Horizon = DefaultHorizon
	}
	n := &narrator{plan: s.Plan, began: s.At}
	if !s.Page.Open() {
		return nil, nil
	}
	r := newRehearsal(s.Plan, s.Board, s.At, n.hear)
	stream := page.Stream(s.Page.ID)
	r.know(stream, s.Page)
	if s.Group != nil {
		r.know(s.Page.Group, s.Group)
	}
	if !s.Page.NextAt.IsZero() {
		r.arm(stream, fact.Wake{Key: page.WakeNext, At: s.Page.NextAt})
	}
	for _, c := range s.Page.Calls {
		if len(c.Rules) > 0 {
			r.arm(stream, fact.Wake{Key: page.WakeCall + c.User, At: c.Rules[0].At})
		}
	}
	if err := r.pass(s.At.Add(min(s.Horizon, MaxHorizon))); err != nil && !errors.Is(err, errTooLong) {
		return n.steps, err
	}
	return n.steps, nil
}

// Verdict is why a person was told of a page, or why not.
type Verdict struct {
	User string `json:"user"`
	Told bool   `json:"told"`
	// Sentence is the whole answer in plain words.
	Sentence string `json:"sentence"`
	// Next are the messages that will go to this person if nobody answers.
	Next []Step `json:"next,omitempty"`
}

// Why answers for one person. reasons are those that the messages of the page
// carry, by the message's id; they may be absent.
func Why(s Situation, user string, reasons map[string]string) (Verdict, error) {
	u := s.Plan.User(user)
	if u == nil {
		return Verdict{}, fact.Refuse("not-found", "user", "there is no user "+user)
	}
	v := Verdict{User: user}
	ahead, err := Ahead(s)
	if err != nil {
		return v, err
	}
	for _, step := range ahead {
		if step.Kind == Told && step.User == user {
			v.Next = append(v.Next, step)
		}
	}
	var parts []string
	for _, t := range s.Page.Tells {
		if t.To.User == user && t.Kind == notification.KindPage {
			v.Told = true
			parts = append(parts, told(u, t, reasons[t.ID]))
		}
	}
	if !v.Told {
		parts = append(parts, s.notTold(u, v.Next))
	} else if len(v.Next) > 0 {
		parts = append(parts, fmt.Sprintf("Next comes %s at %s, if nobody answers", v.Next[0].How, clock(v.Next[0].At)))
	}
	v.Sentence = strings.Join(parts, ". ") + "."
	return v, nil
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 MST") }

// fates say how a message went.
var fates = map[string]string{
	"": "it is on its way", notification.OutcomeQueued: "it is on its way", notification.OutcomeAccepted: "the other side took it",
	notification.OutcomeDelivered: "it was delivered", notification.OutcomeFailing: "it fails and is tried again",
	notification.OutcomeFailed: "it could not be delivered", notification.OutcomeWithdrawn: "it was withdrawn before it left",
	notification.OutcomeHeld: "it waits for the contact's limit", notification.OutcomeFolded: "it was folded into another message",
}

func told(u *plan.User, t page.Tell, why string) string {
	text := fmt.Sprintf("%s was told by %s at %s, step %s", u.DisplayName(), t.To.Contact, clock(t.At), step(t.Rung))
	if why != "" {
		text += ", being " + why
	}
	return text + "; " + fates[t.Outcome]
}

func step(rung int) string {
	if rung == page.FallbackRung {
		return "fallback"
	}
	return fmt.Sprint(rung + 1)
}

// notTold says why a person has not been told, and whether that will change.
func (s Situation) notTold(u *plan.User, next []Step) string {
	name := u.DisplayName()
	if len(next) > 0 {
		return fmt.Sprintf("%s has not been told yet: %s comes at %s if nobody answers, %s", name, next[0].How, clock(next[0].At), next[0].Why.Text)
	}
	where, why, ok := s.standsOn(u.ID)
	if !ok {
		return fmt.Sprintf("%s was not told: nothing leads there. %s", name, s.whoStands())
	}
	place := fmt.Sprintf("%s stands on %s (%s)", name, where, why)
	switch {
	case len(u.Contacts) == 0:
		return place + " and has no contact to be told by"
	case s.Page.Status == page.Resolved:
		return fmt.Sprintf("%s, and the page was over at %s before that was reached", place, clock(s.Page.ResolvedAt))
	case s.Page.Status == page.Acknowledged:
		return fmt.Sprintf("%s, and %s acknowledged at %s before that was reached", place, s.Page.AckedBy, clock(s.Page.AckedAt))
	case s.Page.Status == page.Muted:
		return fmt.Sprintf("%s, and nobody is told while %s mutes everything that the page stands for", place, s.Page.QuietBy)
	}
	return place + " now, and was not when that was told"
}

// ladder is the page's steps in order, the fallback last.
func (s Situation) ladder() (names []string, rungs [][]plan.Target) {
	var fallback []plan.Target
	if len(s.Page.Targets) > 0 {
		rungs = [][]plan.Target{s.Page.Targets}
	} else if p := s.Plan.Policy(s.Page.Policy); p != nil {
		for _, st := range p.Steps {
			rungs = append(rungs, st.Targets)
		}
		fallback = p.Fallback
	}
	for i := range rungs {
		names = append(names, fmt.Sprintf("step %d", i+1))
	}
	if len(fallback) == 0 {
		fallback = s.Plan.Fallback
	}
	if len(fallback) > 0 {
		names, rungs = append(names, "the fallback"), append(rungs, fallback)
	}
	return names, rungs
}

// standsOn finds the first step that leads to a person now.
func (s Situation) standsOn(user string) (where, why string, ok bool) {
	names, rungs := s.ladder()
	for i, targets := range rungs {
		for _, t := range targets {
			if people, how := s.leads(t); slices.Contains(people, user) {
				return names[i], how, true
			}
		}
	}
	return "", "", false
}

// leads is whom a target leads to now.
func (s Situation) leads(t plan.Target) (people []string, how string) {
	switch t.Kind {
	case plan.ToUser:
		return []string{t.ID}, "named in person"
	case plan.ToTeam:
		if team := s.Plan.Team(t.ID); team != nil {
			return team.Members, "in team " + t.ID
		}
	case plan.ToSchedule:
		if sch := s.Plan.Schedule(t.ID); sch != nil && s.Board != nil {
			for _, d := range sch.On(s.Board.Overrides, s.At) {
				people = append(people, d.User)
			}
		}
		return people, "on call in schedule " + t.ID
	}
	return nil, t.String()
}

// whoStands says whom the page does lead to.
func (s Situation) whoStands() string {
	names, rungs := s.ladder()
	if len(names) == 0 {
		return "It has no policy and there is no fallback"
	}
	var parts []string
	for i, targets := range rungs {
		var who []string
		for _, t := range targets {
			people, _ := s.leads(t)
			switch {
			case t.Kind == plan.ToChannel:
				who = append(who, "channel "+t.ID)
			case len(people) == 0:
				who = append(who, "nobody in "+t.String())
			default:
				who = append(who, strings.Join(people, ", ")+" by "+t.String())
			}
		}
		parts = append(parts, names[i]+" tells "+strings.Join(who, " and "))
	}
	return "Now " + strings.Join(parts, "; ")
}
