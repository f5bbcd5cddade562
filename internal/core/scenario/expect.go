package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// doExpect asserts one thing, for whoever does not want the whole transcript.
func doExpect(w *World, c Command) error {
	a := c.args()
	what, err := a.next("what to expect")
	if err != nil {
		return err
	}
	switch what {
	case "told":
		return w.expectTold(a)
	case "not":
		return w.expectNotTold(a)
	case "nobody":
		return w.expectNobody(a)
	case "refused":
		return w.expectRefused(a)
	case "page":
		return w.expectPage(a)
	case "pages":
		return w.expectPages(a)
	case "alert":
		return w.expectAlert(a)
	case "incident":
		return w.expectIncident(a)
	case "on-call":
		return w.expectOnCall(a)
	}
	return fmt.Errorf("can expect told, not told, nobody told, refused, page, pages, alert, incident or on-call, not %q", what)
}

// toldTo lists what was said to a contact since the mark, by kind.
func (w *World) toldTo(text string, kind notification.Kind) []string {
	var out []string
	for _, s := range w.sent[w.mark:] {
		if fits(s.Contact, text) && (kind == "" || s.Message.Kind == kind) {
			out = append(out, s.Contact.String())
		}
	}
	return out
}

// whom reads "ana", "ana by phone", "ana by phone resolved".
func whom(a *args) (string, notification.Kind, error) {
	by := a.after("by")
	who, err := a.next("who")
	if err != nil {
		return "", "", err
	}
	if by != "" {
		who += "/" + by
	}
	kind := notification.Kind(a.optional())
	if kind == "" {
		kind = notification.KindPage
	}
	return who, kind, a.done()
}

func (w *World) expectTold(a *args) error {
	who, kind, err := whom(a)
	if err != nil {
		return err
	}
	if len(w.toldTo(who, kind)) > 0 {
		return nil
	}
	all := w.toldTo("", "")
	if len(all) == 0 {
		return fmt.Errorf("%s was not told (%s), and nobody else was", who, kind)
	}
	return fmt.Errorf("%s was not told (%s); told were %s", who, kind, strings.Join(slices.Compact(all), ", "))
}

func (w *World) expectNotTold(a *args) error {
	if !a.flag("told") {
		return fmt.Errorf("expect not told WHO")
	}
	who, kind, err := whom(a)
	if err != nil {
		return err
	}
	if told := w.toldTo(who, kind); len(told) > 0 {
		return fmt.Errorf("%s was told (%s) %d times", told[0], kind, len(told))
	}
	return nil
}

func (w *World) expectNobody(a *args) error {
	if !a.flag("told") {
		return fmt.Errorf("expect nobody told")
	}
	if err := a.done(); err != nil {
		return err
	}
	if told := w.toldTo("", ""); len(told) > 0 {
		return fmt.Errorf("somebody was told: %s", strings.Join(told, ", "))
	}
	return nil
}

// expectRefused takes the last refusal off: what was expected is no mistake.
func (w *World) expectRefused(a *args) error {
	part := a.optional()
	if err := a.done(); err != nil {
		return err
	}
	if len(w.refused) == 0 {
		return fmt.Errorf("nothing was refused")
	}
	last := w.refused[len(w.refused)-1]
	if !strings.Contains(last, part) {
		return fmt.Errorf("it was refused otherwise: %s", last)
	}
	w.refused = w.refused[:len(w.refused)-1]
	return nil
}

func (w *World) expectPage(a *args) error {
	by := a.after("by")
	short, err := a.next("the page")
	if err != nil {
		return err
	}
	want, err := a.next("triggered, acknowledged, muted, resolved or unanswered")
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
	switch page.Status(want) {
	case page.Triggered, page.Acknowledged, page.Muted, page.Resolved:
		if string(p.Status) != want {
			return fmt.Errorf("%s is %s", short, p.Status)
		}
	case "unanswered":
		if !p.Unanswered {
			return fmt.Errorf("%s is not unanswered, it is %s", short, p.Status)
		}
	default:
		return fmt.Errorf("a page is triggered, acknowledged, muted, resolved or unanswered, not %q", want)
	}
	if by != "" && p.AckedBy != w.display(by) {
		return fmt.Errorf("%s was acknowledged by %q", short, p.AckedBy)
	}
	return nil
}

func (w *World) display(user string) string {
	if u := w.plan.User(user); u != nil {
		return u.DisplayName()
	}
	return user
}

// expectPages counts the open pages.
func (w *World) expectPages(a *args) error {
	text, err := a.next("how many")
	if err != nil {
		return err
	}
	want, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	a.flag("open")
	if err := a.done(); err != nil {
		return err
	}
	open := 0
	for _, s := range w.states {
		if p, ok := s.(*page.State); ok && p.Open() {
			open++
		}
	}
	if open != want {
		return fmt.Errorf("%d pages are open", open)
	}
	return nil
}

func (w *World) expectAlert(a *args) error {
	short, err := a.next("the alert")
	if err != nil {
		return err
	}
	want, err := a.next("firing, resolved or muted")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	id, err := w.names.full(short, "alert")
	if err != nil {
		return err
	}
	for _, s := range w.states {
		if st, ok := s.(*alert.State); ok && st.ID == id {
			if want == string(st.Status) || want == "muted" && w.muted(id) {
				return nil
			}
			return fmt.Errorf("%s is %s", short, st.Status)
		}
	}
	return fmt.Errorf("%s is not the newest of its key any more", short)
}

func (w *World) muted(id string) bool {
	for _, s := range w.states {
		g, ok := s.(*alert.Group)
		if ok && slices.ContainsFunc(g.Members, func(m alert.Member) bool { return m.Alert == id && m.MutedBy != "" }) {
			return true
		}
	}
	return false
}

func (w *World) expectIncident(a *args) error {
	id, err := a.next("the incident")
	if err != nil {
		return err
	}
	want, err := a.next("a severity or a status")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	i, ok := w.states[incident.Stream(id)].(*incident.State)
	if !ok {
		return fmt.Errorf("there is no incident %s", id)
	}
	if have := fmt.Sprintf("%s %s", i.Severity, i.Status); !slices.Contains(strings.Fields(have), want) {
		return fmt.Errorf("%s is %s", id, have)
	}
	return nil
}

// expectOnCall compares everyone on call in a schedule with the words given.
func (w *World) expectOnCall(a *args) error {
	id, err := a.next("the schedule")
	if err != nil {
		return err
	}
	var want []string
	for a.peek() != "" {
		want = append(want, a.optional())
	}
	if err := a.done(); err != nil {
		return err
	}
	s := w.plan.Schedule(id)
	if s == nil {
		return fmt.Errorf("no schedule %q in the plan", id)
	}
	have := []string{}
	for _, d := range s.On(w.board.Overrides, w.at) {
		have = append(have, d.User)
	}
	if len(have) == 0 {
		have = append(have, "nobody")
	}
	slices.Sort(want)
	if !slices.Equal(have, want) {
		return fmt.Errorf("on call in %s: %s", id, strings.Join(have, ", "))
	}
	return nil
}

// Facts are all facts so far, for checks that a script cannot express.
func (w *World) Facts() []fact.Fact {
	out := make([]fact.Fact, len(w.facts))
	for i, f := range w.facts {
		out[i] = f.Fact
	}
	return out
}
