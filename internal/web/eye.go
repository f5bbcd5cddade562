package web

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"

	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

// eye is who looks, when, and at which plan and board. Everything that a view
// shows of names and times goes through it, so one answer never mixes two
// versions of the plan.
type eye struct {
	now   time.Time
	zone  *time.Location
	plan  *plan.Plan
	board *plan.Board
	me    string
	role  Role
}

func (e *eye) stamp(t time.Time) Stamp { return Stamp{T: t, Now: e.now, Zone: e.zone} }

// Person is somebody, as a face and a name.
type Person struct {
	ID       string
	Name     string
	Initials string
	Me       bool
	Known    bool // is in the plan, so there is a page to link to
}

func (e *eye) person(id string) Person {
	p := Person{ID: id, Name: id, Me: id != "" && id == e.me}
	if u := e.plan.User(id); u != nil {
		p.Name, p.Known = u.DisplayName(), true
	}
	p.Initials = initials(p.Name)
	return p
}

func (e *eye) people(ids []string) []Person {
	out := make([]Person, len(ids))
	for i, id := range ids {
		out[i] = e.person(id)
	}
	return out
}

// initials are the first letters of the first and last word, whatever script.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])
	if len(words) == 1 {
		return strings.ToUpper(string(first[:min(2, len(first))]))
	}
	return strings.ToUpper(string(first[0]) + string([]rune(words[len(words)-1])[0]))
}

// Named is a thing of the plan with the name that people gave it.
type Named struct{ ID, Name string }

func (e *eye) service(id string) Named {
	n := Named{ID: id, Name: id}
	if s := e.plan.Service(id); s != nil {
		n.Name = cmp.Or(s.Name, s.ID)
	}
	return n
}

func (e *eye) integration(id string) Named {
	n := Named{ID: id, Name: id}
	if i := e.plan.Integration(id); i != nil {
		n.Name = cmp.Or(i.Name, i.ID)
	}
	return n
}

func scheduleName(s *oncall.Schedule) string { return cmp.Or(s.Name, s.ID) }
func teamName(t *plan.Team) string           { return cmp.Or(t.Name, t.ID) }

// owner is the team that answers for a service.
func (e *eye) owner(service string) string {
	s := e.plan.Service(service)
	if s == nil {
		return ""
	}
	if t := e.plan.Team(s.Team); t != nil {
		return teamName(t)
	}
	return s.Team
}

// policyOf is the policy that pages for a service.
func (e *eye) policyOf(service string) *plan.Policy {
	if s := e.plan.Service(service); s != nil {
		return e.plan.Policy(s.Policy)
	}
	return nil
}

// contact names a contact: "Ana, phone" or "channel #ops".
func (e *eye) contact(ref notification.Ref) string {
	if ref.User == "" {
		return "channel " + ref.Contact
	}
	return e.person(ref.User).Name + " by " + ref.Contact
}

// Sev is an incident's severity as a bar.
type Sev struct {
	N int
}

// Bars are the five segments, the filled ones first.
func (s Sev) Bars() []bool {
	bars := make([]bool, 5)
	for i := range bars {
		bars[i] = s.N >= 1 && i < 6-s.N
	}
	return bars
}

// X is where the i-th segment stands.
func (s Sev) X(i int) int { return i * 6 }

func sev(s incident.Severity) Sev { return Sev{N: int(s)} }

// allSevs are the choices of a form, with what they mean.
func allSevs() []SevChoice {
	return []SevChoice{
		{Sev{1}, "Everybody is hit, or data is at risk"},
		{Sev{2}, "An important function is down for many"},
		{Sev{3}, "Part of it is broken, or slow for many"},
		{Sev{4}, "Few notice"},
		{Sev{5}, "Nobody notices yet"},
	}
}

// SevChoice is a severity in words.
type SevChoice struct {
	Sev   Sev
	Means string
}

func sentence(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func listing(names []string) string {
	switch len(names) {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + fmt.Sprintf(" and %s", names[len(names)-1])
}
