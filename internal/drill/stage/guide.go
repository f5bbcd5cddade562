package stage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/drill/shop"
)

// Key names a step of the guide.
type Key string

// The steps, in order.
const (
	Well    Key = "well"    // all is well
	Broken  Key = "broken"  // the shop is broken
	Failed  Key = "failed"  // the check failed softly, then hard
	Rang    Key = "rang"    // somebody's telephone rang
	Climbed Key = "climbed" // somebody answered, or the next step was told
	Opened  Key = "opened"  // an incident is declared
	Healed  Key = "healed"  // the shop works again
	Told    Key = "told"    // everybody was told the end
	Yours   Key = "yours"   // what next
)

// Step is one step of the guide as the ledger has it.
type Step struct {
	N     int
	Key   Key
	Title string
	Text  string
	// Signs are what was written down about it, with its reason.
	Signs []Sign
	Done  bool
	Here  bool   // the first that is not done
	After string // how long after the breaking it came about: "7 s"
	// Wait is when something happens next; zero: nothing does.
	Wait time.Time
}

// Sign is one line of the journal.
type Sign struct{ After, Text, Why, Rule string }

// guide says how far the newest run has come. It is a pure function of what
// the ledger shows.
func guide(sc *scene) []Step {
	g := guiding{scene: sc, idle: sc.Run.N == 0 || sc.harmless()}
	steps := []Step{g.well(), g.broken(), g.failed(), g.rang(), g.climbed(), g.opened(), g.healed(), g.told(),
		{Key: Yours, Title: "Now with your own alerts", Text: "This Tocsin takes real events. Both keys below are real, and end with the demo."}}
	here := slices.IndexFunc(steps, func(s Step) bool { return !s.Done })
	for i := range steps {
		steps[i].N, steps[i].Here = i+1, i == here
	}
	return steps
}

type guiding struct {
	*scene
	idle bool // no run to tell of
}

// harmless says that the shop was healed before anybody had to be told.
func (sc *scene) harmless() bool {
	return !sc.Run.Healed.IsZero() && sc.Page == nil && !slices.ContainsFunc(sc.Checks, func(c checkSeen) bool { return c.State.Failures > 0 }) &&
		sc.At.Sub(sc.Run.Healed) > time.Second
}

func (g guiding) after(at time.Time) string {
	if at.IsZero() || g.Run.N == 0 {
		return ""
	}
	d := at.Sub(g.Run.Broken)
	switch {
	case d < 0:
		return "before"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

func (g guiding) signs(list ...fact.Entry) []Sign {
	out := make([]Sign, len(list))
	for i, e := range list {
		rule := e.Why.Rule
		if strings.HasPrefix(rule, "page ") || strings.HasPrefix(rule, "incident ") {
			rule = "" // the reader is looking at it
		}
		out[i] = Sign{After: g.after(e.At), Text: friendly(e.Text), Why: friendly(e.Why.Text), Rule: rule}
	}
	return out
}

func (g guiding) well() Step {
	s := Step{Key: Well, Title: "See that all is well", Done: g.calm() || !g.idle}
	switch {
	case s.Done && g.idle:
		s.Text = fmt.Sprintf("%s look at the shop every few seconds, and all are content.", count(len(g.Checks), "check"))
	case s.Done:
		s.Text = "The checks were content before."
	default:
		s.Text = "The checks are having their first look at the shop."
	}
	return s
}

func (g guiding) broken() Step {
	s := Step{Key: Broken, Title: "Break the shop", Done: !g.idle}
	switch {
	case s.Done && g.Run.By == "schedule":
		s.Text = "It broke by itself, as its schedule wants it now and then. " + g.Run.Mode.Sentence()
	case s.Done:
		s.Text = "You broke it. " + g.Run.Mode.Sentence()
	case g.Run.N > 0:
		s.Text = "It worked again before a check was sure, so nobody was woken. Break it for longer."
	default:
		s.Text = "The shop is a real program on this machine. Let its payments fail."
	}
	return s
}

func (g guiding) failed() Step {
	s := Step{Key: Failed, Title: "A check fails: softly, then hard", Text: "One failure may be an accident: it is tried again before anybody is woken."}
	if g.idle {
		return s
	}
	soft, hard := g.sign("watch.soft-failure"), g.sign("watch.raised")
	if soft != nil {
		s.Signs = append(s.Signs, g.signs(*soft)...)
	}
	if hard != nil {
		s.Signs, s.Done, s.After, s.Text = append(s.Signs, g.signs(*hard)...), true, g.after(hard.At), ""
	}
	return s
}

// firstTell is the first message of the page that reached a telephone.
func (g guiding) firstTell() *page.Tell {
	if g.Page == nil || g.idle {
		return nil
	}
	for i, x := range g.Page.Tells {
		if x.Kind == notification.KindPage && x.To.User != "" && (x.Outcome == notification.OutcomeDelivered || x.Outcome == notification.OutcomeAccepted) {
			return &g.Page.Tells[i]
		}
	}
	return nil
}

func (g guiding) rang() Step {
	s := Step{Key: Rang, Title: "Somebody's phone rings", Text: "Who is it, and why just this person?"}
	x := g.firstTell()
	if x == nil {
		return s
	}
	s.Done, s.After = true, g.after(x.At)
	s.Text = g.name(x.To.User) + "'s phone rang."
	for _, e := range g.Story {
		if e.Kind == "page.told" {
			s.Text = fmt.Sprintf("%s's phone rang, because %s is %s.", g.name(x.To.User), g.name(x.To.User), friendly(e.Why.Text))
			break
		}
	}
	return s
}

func (g guiding) climbed() Step {
	s := Step{Key: Climbed, Title: "Answer, or let it climb"}
	p := g.Page
	if p == nil || g.idle {
		s.Text = "Acknowledge on the phone, or wait: the next step is told by itself."
		return s
	}
	switch {
	case p.AckedBy != "":
		s.Done, s.After = true, g.after(p.AckedAt)
		s.Text = friendly(p.AckedBy) + " has it. Nobody else is woken."
	case p.Status == page.Resolved:
		s.Done, s.Text = true, "It was over before anybody answered."
	case p.Rung > 0 || p.Round > 0 || p.Unanswered:
		s.Done, s.Text = true, "Nobody answered, so more people were told. Somebody still has to acknowledge."
		s.Wait = p.NextAt
	default:
		s.Text = "Press Acknowledge on the phone. Or do nothing, and the next step is told."
		s.Wait = p.NextAt
	}
	for _, e := range g.Story {
		if e.Kind == "page.climbed" || e.Kind == "page.acknowledged" {
			s.Signs = append(s.Signs, g.signs(e)...)
		}
	}
	return s
}

func (g guiding) opened() Step {
	s := Step{Key: Opened, Title: "An incident is declared", Text: "Its route wants an incident for whatever stops payments."}
	if g.idle || g.Page == nil {
		return s
	}
	if g.Incident == nil {
		s.Done = g.Page.Status == page.Resolved
		s.Text = "No route declares an incident for this trouble; a person can, on the page. Break the checkout to see the rule."
		return s
	}
	s.Done, s.After = true, g.after(g.Incident.DeclaredAt)
	s.Text = fmt.Sprintf("%s, %s: %s. Its timeline writes itself.", g.Incident.ID, g.Incident.Severity, g.Incident.Title)
	return s
}

func (g guiding) healed() Step {
	s := Step{Key: Healed, Title: "Heal the shop", Text: "Mend it, and watch the check notice."}
	if g.idle || g.Run.Healed.IsZero() || g.Mode != shop.Healthy {
		return s
	}
	s.Done, s.After = true, g.after(g.Run.Healed)
	s.Text = "The shop works again. The check sees it at its next look."
	return s
}

func (g guiding) told() Step {
	s := Step{Key: Told, Title: "Everybody learns that it is over", Text: "Whoever was woken is told the end, once, on the way that reached them."}
	if g.idle || g.Page == nil || g.Page.Status != page.Resolved {
		return s
	}
	woken, told := g.reached(notification.KindPage), g.reached(notification.KindResolved)
	s.Done = len(woken) > 0 && !slices.ContainsFunc(woken, func(u string) bool { return !slices.Contains(told, u) })
	s.After = g.after(g.Page.ResolvedAt)
	if s.Done {
		s.Text = "Told: " + g.names(told) + "."
		if g.Incident != nil && g.Incident.Status != incident.Resolved && g.Incident.Status != incident.Merged {
			s.Text += " " + g.Incident.ID + " stays open until a person resolves it."
		}
	}
	return s
}

// reached are the people whom a message of the kind certainly reached. The
// messages' own rows say so: a page that is over listens no more.
func (g guiding) reached(k notification.Kind) []string {
	var out []string
	for _, r := range g.Rows {
		if r.Kind == k && arrived(r) && r.To.User != "" && !slices.Contains(out, r.To.User) {
			out = append(out, r.To.User)
		}
	}
	slices.Sort(out)
	return out
}

func (g guiding) names(users []string) string {
	list := make([]string, len(users))
	for i, u := range users {
		list[i] = g.name(u)
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

// short is a person's first name.
func short(u *plan.User) string {
	name, _, _ := strings.Cut(u.DisplayName(), " ")
	return name
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
