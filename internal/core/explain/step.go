package explain

import (
	"fmt"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// StepKind says what a step of an explanation is.
type StepKind string

// The kinds of step.
const (
	Held        StepKind = "held"        // the group waits for company
	Muted       StepKind = "muted"       // a silence or maintenance keeps it quiet
	Unmuted     StepKind = "unmuted"     // nothing does any more
	Recorded    StepKind = "recorded"    // its route tells nobody
	Paged       StepKind = "paged"       // a page is opened
	Climbed     StepKind = "step"        // a step of the policy is reached
	Told        StepKind = "told"        // one message to one contact
	Passed      StepKind = "passed-over" // a contact that was never verified
	Unreachable StepKind = "unreachable" // a person without any contact
	Nobody      StepKind = "nobody"      // nobody is on call
	RanOut      StepKind = "ran-out"     // the whole policy went unanswered
	Reopened    StepKind = "reopened"    // telling begins again
	Declared    StepKind = "declared"    // an incident is declared by rule
)

// Step is one thing that will happen if nobody answers.
type Step struct {
	After plan.Duration `json:"after"`
	At    time.Time     `json:"at"`
	Kind  StepKind      `json:"kind"`
	// User is who is told, Channel the shared channel that is; Who names either
	// for people. How is the contact and its channel: "phone (ntfy)".
	User    string `json:"user,omitempty"`
	Channel string `json:"channel,omitempty"`
	Who     string `json:"who,omitempty"`
	How     string `json:"how,omitempty"`
	// Text is the sentence of the timeline, Why its reason.
	Text string      `json:"text"`
	Why  fact.Reason `json:"why"`
}

// narrator turns what becomes true into steps.
type narrator struct {
	plan  *plan.Plan
	began time.Time
	steps []Step
}

func (n *narrator) hear(at time.Time, said core.Said) {
	f := said.Fact
	s := Step{After: plan.Duration(at.Sub(n.began)), At: at, Text: f.Text, Why: f.Why}
	switch body := f.Body.(type) {
	case alert.Held:
		s.Kind = Held
		s.Text = fmt.Sprintf("%s until %s", f.Text, body.Until.UTC().Format("15:04:05 MST"))
	case alert.Muted:
		s.Kind = Muted
	case alert.Unmuted:
		s.Kind = Unmuted
	case alert.Recorded:
		s.Kind = Recorded
	case page.Opened:
		s.Kind = Paged
		s.Text = "A page is opened, urgency " + string(body.Urgency)
	case page.Climbed:
		s.Kind = Climbed
	case page.NobodyOnCall:
		s.Kind = Nobody
	case page.Skipped:
		s.Kind, s.User = Passed, body.To.User
		s.Who, s.How = n.who(body.To), n.how(body.To)
	case page.Unreachable:
		s.Kind, s.User, s.Who = Unreachable, body.User, n.person(body.User)
	case page.RanOut:
		s.Kind = RanOut
	case page.Reopened:
		s.Kind = Reopened
	case page.Told:
		if body.Message.Kind != notification.KindPage {
			return
		}
		s.Kind, s.User, s.Who, s.How = Told, body.To.User, n.who(body.To), n.how(body.To)
		if body.To.User == "" {
			s.Channel = body.To.Contact
		}
		s.Text = s.Who + " is told by " + s.How
	case incident.Opened:
		s.Kind = Declared
		s.Text = "An incident is declared, " + body.Severity.String()
	default:
		return
	}
	n.steps = append(n.steps, s)
}

func (n *narrator) person(id string) string {
	if u := n.plan.User(id); u != nil {
		return u.DisplayName()
	}
	return id
}

func (n *narrator) who(to notification.Ref) string {
	if to.User == "" {
		return "channel " + to.Contact
	}
	return n.person(to.User)
}

func (n *narrator) how(to notification.Ref) string {
	if c := to.Find(n.plan); c != nil && c.Channel != to.Contact {
		return to.Contact + " (" + c.Channel + ")"
	}
	return to.Contact
}
