package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// Rung is one stage of a page's ladder: told, waiting, next.
type Rung struct {
	Label, Text string
	Next        bool
}

// led is what targets lead to at an instant, in names.
type led struct {
	users    []string
	channels []string
	empty    []string // schedules and teams that lead to nobody
}

func (l led) names(e *eye) []string {
	var out []string
	for _, u := range l.users {
		out = append(out, e.person(u).Name)
	}
	for _, c := range l.channels {
		out = append(out, "channel "+c)
	}
	return out
}

// lead asks the schedules whom targets would reach at an instant. It is a
// forecast: the page itself asks again when the time comes.
func (e *eye) lead(targets []plan.Target, at time.Time) led {
	var l led
	add := func(u string) {
		if !slices.Contains(l.users, u) && e.plan.User(u) != nil {
			l.users = append(l.users, u)
		}
	}
	for _, t := range targets {
		switch t.Kind {
		case plan.ToUser:
			add(t.ID)
		case plan.ToTeam:
			if team := e.plan.Team(t.ID); team != nil {
				for _, m := range team.Members {
					add(m)
				}
			}
		case plan.ToChannel:
			l.channels = append(l.channels, t.ID)
		case plan.ToSchedule:
			s := e.plan.Schedule(t.ID)
			if s == nil {
				l.empty = append(l.empty, t.ID)
				continue
			}
			on := s.On(e.board.Overrides, at)
			for _, d := range on {
				add(d.User)
			}
			if len(on) == 0 {
				l.empty = append(l.empty, t.ID)
			}
		}
	}
	return l
}

// policyFor is the policy that a page walks, as it is now.
func (e *eye) policyFor(p *page.State) plan.Policy {
	if len(p.Targets) > 0 {
		return plan.Policy{Steps: []plan.Step{{Targets: p.Targets}}}
	}
	if found := e.plan.Policy(p.Policy); found != nil {
		return *found
	}
	return plan.Policy{}
}

// Ahead is something that will happen unless somebody answers.
type Ahead struct {
	At   time.Time
	Text string
	Rule string
	Icon string
	User string // who would be told; empty for a step
}

// ahead is the future of a page that nobody answers, in order.
func (e *eye) ahead(p *page.State) []Ahead {
	if p.Status == page.Acknowledged && p.Next == page.NextReopen {
		return []Ahead{{At: p.NextAt, Icon: "up", Text: "The acknowledgement lapses and the policy begins again", Rule: "policy " + p.Policy}}
	}
	if p.Status != page.Triggered {
		return nil
	}
	var out []Ahead
	for _, c := range p.Calls {
		for _, d := range c.Rules {
			out = append(out, Ahead{At: d.At, Icon: "send", User: c.User, Text: "Tell " + e.contact(notification.Ref{User: c.User, Contact: d.Contact}), Rule: "rules of " + e.person(c.User).Name})
		}
	}
	out = append(out, e.rungsAhead(p)...)
	slices.SortStableFunc(out, func(a, b Ahead) int { return a.At.Compare(b.At) })
	return out
}

// rungsAhead walks the rest of the policy once; what repeats is said, not
// listed.
func (e *eye) rungsAhead(p *page.State) []Ahead {
	if p.NextAt.IsZero() {
		return nil
	}
	pol := e.policyFor(p)
	rule := "policy " + p.Policy
	at := p.NextAt
	var out []Ahead
	next := p.Next
	for i := p.Rung + 1; next == page.NextRung && i < len(pol.Steps); i++ {
		if i > p.Rung+1 {
			at = at.Add(pol.Steps[i].After.Std())
		}
		out = append(out, Ahead{At: at, Icon: "up", Text: fmt.Sprintf("Step %d: tell %s", i+1, e.leadWords(pol.Steps[i].Targets, at)), Rule: fmt.Sprintf("%s, step %d", rule, i+1)})
	}
	if next == page.NextRung {
		after := pol.RepeatAfter
		if after == 0 {
			after = plan.DefaultRepeatAfter
		}
		at = at.Add(after.Std())
		next = page.NextFallback
		if p.Round < pol.Repeat {
			next = page.NextRepeat
		}
	}
	switch next {
	case page.NextRepeat:
		out = append(out, Ahead{At: at, Icon: "up", Text: fmt.Sprintf("Begin again at step 1, round %d of %d", p.Round+2, pol.Repeat+1), Rule: rule})
	case page.NextFallback:
		out = append(out, Ahead{At: at, Icon: "warn", Text: e.fallbackWords(p, at), Rule: rule})
	}
	return out
}

func (e *eye) leadWords(targets []plan.Target, at time.Time) string {
	l := e.lead(targets, at)
	names := l.names(e)
	if len(names) == 0 {
		return "nobody: " + strings.Join(l.empty, ", ") + " has nobody on call then, so the next step comes at once"
	}
	return listing(names)
}

// fallbackOf is who is told when a policy is over: its own fallback, or the
// plan's. There may be none.
func (e *eye) fallbackOf(pol plan.Policy) []plan.Target {
	if len(pol.Fallback) > 0 {
		return pol.Fallback
	}
	return e.plan.Fallback
}

func (e *eye) fallbackWords(p *page.State, at time.Time) string {
	targets := e.fallbackOf(e.policyFor(p))
	names := e.lead(targets, at).names(e)
	switch {
	case p.FellBack:
		return "The policy ends, and nobody is left to tell: the fallback was told already"
	case len(targets) == 0:
		return "The policy ends, and nobody is left to tell: there is no fallback"
	case len(names) == 0:
		return "The policy ends, and nobody is left to tell: the fallback leads to nobody then"
	}
	return "The policy ends; the fallback tells " + listing(names)
}

// fallbackNext is fallbackWords in short: "the fallback is told at 03:12".
func (e *eye) fallbackNext(p *page.State, next Ahead) string {
	at := e.stamp(next.At).Clock()
	if _, why, ok := strings.Cut(next.Text, "nobody is left to tell: "); ok {
		return "nobody is left to tell at " + at + ": " + why
	}
	return "the fallback is told at " + at
}

// told are the people who were told of the page, in order, each once.
func told(p *page.State) []string {
	var out []string
	for _, t := range p.Tells {
		if t.Kind == notification.KindPage && t.To.User != "" && !slices.Contains(out, t.To.User) {
			out = append(out, t.To.User)
		}
	}
	return out
}

// reach is how far the telling of somebody came.
type reach int

const (
	lost   reach = iota // every message failed or was withdrawn
	trying              // one is still on its way
	reached
)

// reachOf is how far the messages of a page to one person came.
func reachOf(p *page.State, user string) reach {
	best := lost
	for _, t := range p.Tells {
		if t.Kind != notification.KindPage || t.To.User != user {
			continue
		}
		switch t.Outcome {
		case notification.OutcomeDelivered, notification.OutcomeAccepted:
			return reached
		case notification.OutcomeFailed, notification.OutcomeWithdrawn:
		default:
			best = trying
		}
	}
	return best
}

// toldRung says who was told, and does not say it of those whom no message has
// got to.
func (e *eye) toldRung(p *page.State) Rung {
	by := map[reach][]string{}
	for _, u := range told(p) {
		r := reachOf(p, u)
		by[r] = append(by[r], e.names([]string{u})...)
	}
	var parts []string
	label := "Told"
	switch {
	case len(by[reached]) > 0:
		parts = append(parts, listing(by[reached]))
	case len(by[trying]) > 0:
		label = "Telling"
	default:
		parts = append(parts, "nobody yet")
	}
	if late := by[trying]; len(late) > 0 {
		text := listing(late) + ", not delivered yet"
		if label == "Told" {
			text = "telling " + text
		}
		parts = append(parts, text)
	}
	if len(by[lost]) > 0 {
		parts = append(parts, "no message reached "+listing(by[lost]))
	}
	return Rung{Label: label, Text: sentence(strings.Join(parts, "; "))}
}

// waitsOn are those of whom an answer is expected now.
func waitsOn(p *page.State) []string {
	var out []string
	for _, c := range p.Calls {
		if !slices.Contains(out, c.User) {
			out = append(out, c.User)
		}
	}
	return out
}
