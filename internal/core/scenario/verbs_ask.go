package scenario

import (
	"fmt"
	"strings"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// doWho says who is on call in a schedule, until when, and why.
func doWho(w *World, c Command) error {
	a := c.args()
	id, err := a.next("the schedule")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	if w.plan == nil || w.plan.Schedule(id) == nil {
		return fmt.Errorf("no schedule %q in the plan", id)
	}
	s := w.plan.Schedule(id)
	on := s.On(w.board.Overrides, w.at)
	if len(on) == 0 {
		w.say(fmt.Sprintf("nobody on call in %s because %s", id, s.Nobody(w.board.Overrides, w.at).Text))
	}
	for _, d := range on {
		w.say(fmt.Sprintf("%s is on call in %s until %s because %s [%s]", d.User, id, w.clock(d.Until), d.Why.Text, d.Why.Rule))
	}
	return nil
}

// doExplain says where a page stands and what happens next.
func doExplain(w *World, c Command) error {
	a := c.args()
	short, err := a.next("the page")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	p, err := w.page(short)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s is %s, %s urgency", short, p.Status, p.Urgency)
	if p.AckedBy != "" {
		line += ", acknowledged by " + p.AckedBy
	}
	if p.Unanswered {
		line += ", unanswered"
	}
	w.say(line)
	if !p.NextAt.IsZero() {
		w.say(fmt.Sprintf("  next: %s at %s", nextWords[p.Next], w.clock(p.NextAt)))
	}
	for _, call := range p.Calls {
		for _, r := range call.Rules {
			w.say(fmt.Sprintf("  next: %s by %s at %s", call.User, r.Contact, w.clock(r.At)))
		}
	}
	for _, x := range p.Tells {
		outcome := x.Outcome
		if outcome == "" {
			outcome = notification.OutcomeQueued
		}
		w.say(fmt.Sprintf("  %s to %s at %s: %s, %s", w.names.in(x.ID), x.To, w.clock(x.At), x.Kind, outcome))
	}
	return nil
}

func (w *World) page(short string) (*page.State, error) {
	id, err := w.names.full(short, "page")
	if err != nil {
		return nil, err
	}
	p, ok := w.states[page.Stream(id)].(*page.State)
	if !ok {
		return nil, fmt.Errorf("there is no page %s", short)
	}
	return p, nil
}

// doMessage shows what the last message to a contact said.
func doMessage(w *World, c Command) error {
	a := c.args()
	text, err := a.next("to whom")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	for i := len(w.sent) - 1; i >= 0; i-- {
		if s := w.sent[i]; fits(s.Contact, text) {
			w.showMessage(s.Message)
			return nil
		}
	}
	return fmt.Errorf("nothing was ever sent to %s", text)
}

func (w *World) showMessage(m notification.Message) {
	w.say("title: " + w.names.in(m.Title))
	for _, line := range strings.Split(strings.Trim(m.Body, "\n"), "\n") {
		w.say("body:  " + w.names.in(line))
	}
	for _, line := range m.Folded {
		w.say("also:  " + w.names.in(line))
	}
	w.say(fmt.Sprintf("why:   %s", w.names.in(m.Why)))
	if m.Urgency == plan.Low {
		w.say("low urgency")
	}
}
