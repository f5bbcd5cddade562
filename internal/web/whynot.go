package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// whyNot says in a sentence why a person was told of a page, was not, or will
// be. It reads the page, the policy and the schedules as they are now.
func (e *eye) whyNot(p *page.State, user string) string {
	u := e.plan.User(user)
	if u == nil {
		return fmt.Sprintf("%s is not in the plan, so no policy can lead there.", user)
	}
	name := u.DisplayName()
	if text := e.wasTold(p, user, name); text != "" {
		return text
	}
	if len(u.Contacts) == 0 {
		return name + " has no contact, so there is no way to tell " + name + "."
	}
	if a, ok := e.comesLater(p, user); ok {
		return fmt.Sprintf("Not yet: %s comes at %s by %s, unless somebody answers before.", name, e.stamp(a.At).Clock(), a.Rule)
	}
	pol := e.policyFor(p)
	for i, s := range pol.Steps {
		if slices.Contains(e.lead(s.Targets, e.now).users, user) {
			return e.stepNeverCame(p, i, name)
		}
	}
	for _, s := range pol.Steps {
		if text := e.offDuty(s.Targets, user, name); text != "" {
			return text
		}
	}
	policy := "Its policy"
	if p.Policy != "" {
		policy = "Policy " + p.Policy
	}
	if slices.Contains(e.lead(append(slices.Clone(pol.Fallback), e.plan.Fallback...), e.now).users, user) {
		return fmt.Sprintf("%s is the fallback: told only when the policy ends without an answer.", name)
	}
	return fmt.Sprintf("%s never leads to %s: none of its steps names %s, a team or a schedule with %s in it.", policy, name, name, name)
}

func (e *eye) wasTold(p *page.State, user, name string) string {
	var parts []string
	for _, t := range p.Tells {
		if t.To.User == user && t.Kind == notification.KindPage {
			parts = append(parts, fmt.Sprintf("by %s at %s (%s)", t.To.Contact, e.stamp(t.At).Clock(), strings.ToLower(markDelivery(t.Outcome).Word)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := name + " was told " + listing(parts)
	for _, c := range p.Calls {
		if c.User == user && c.Why != "" {
			return text + ", because of " + c.Why + "."
		}
	}
	return text + "."
}

// comesLater finds the first thing ahead that reaches the person.
func (e *eye) comesLater(p *page.State, user string) (Ahead, bool) {
	pol := e.policyFor(p)
	for _, a := range e.rungsAhead(p) {
		_, number, ok := strings.Cut(a.Rule, ", step ")
		var i int
		if _, err := fmt.Sscanf(number, "%d", &i); !ok || err != nil || i < 1 || i > len(pol.Steps) {
			continue
		}
		if slices.Contains(e.lead(pol.Steps[i-1].Targets, a.At).users, user) {
			return a, true
		}
	}
	return Ahead{}, false
}

func (e *eye) stepNeverCame(p *page.State, i int, name string) string {
	who, at := p.AckedBy, p.AckedAt
	verb := "acknowledged"
	if p.Status == page.Resolved {
		verb, at, who = "it was resolved", p.ResolvedAt, ""
	}
	if p.Status == page.Muted {
		return fmt.Sprintf("%s is on step %d. Everything this page stands for is muted, so nobody is told.", name, i+1)
	}
	if at.IsZero() {
		return fmt.Sprintf("%s is on step %d, which has come already: %s went on call after that.", name, i+1, name)
	}
	if who != "" {
		verb = who + " " + verb
	}
	return fmt.Sprintf("%s is on step %d, which never came: %s at %s.", name, i+1, verb, e.stamp(at).Clock())
}

// offDuty explains a person who is in a schedule but not on call.
func (e *eye) offDuty(targets []plan.Target, user, name string) string {
	for _, t := range targets {
		s := e.plan.Schedule(t.ID)
		if t.Kind != plan.ToSchedule || s == nil || !inSchedule(s, user) {
			continue
		}
		var on []string
		for _, d := range s.On(e.board.Overrides, e.now) {
			on = append(on, e.person(d.User).Name)
		}
		text := fmt.Sprintf("%s is in schedule %s but not on call now: %s is", name, scheduleName(s), listing(on))
		if until := s.NextChange(e.board.Overrides, e.now); !until.IsZero() {
			text += ", until " + e.stamp(until).Clock()
		}
		if next := e.nextShift(s, user); next != nil {
			text += fmt.Sprintf(". The next shift of %s begins %s", name, e.stamp(next.Start).Clock())
		}
		return text + "."
	}
	return ""
}

func inSchedule(s *oncall.Schedule, user string) bool {
	for _, l := range s.Layers {
		for _, seat := range l.Seats {
			if slices.Contains(seat, user) {
				return true
			}
		}
	}
	return false
}

func (e *eye) nextShift(s *oncall.Schedule, user string) *oncall.Shift {
	for _, sh := range s.Shifts(e.board.Overrides, e.now, e.now.Add(60*24*time.Hour)) {
		if sh.User == user && sh.Start.After(e.now) {
			return &sh
		}
	}
	return nil
}
