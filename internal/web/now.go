package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
)

var nowPage = sheet[nowView]("now.html")

type nowView struct {
	Sentence     string
	Calm         bool
	Loud         *PageRow // the one thing to act on
	Incidents    []IncidentRow
	Pages        []PageRow
	Duties       []DutyRow
	NoDuties     Empty
	Services     []ServiceCell
	NoServices   Empty
	ServiceWords string
	Last         Moment
}

// Moment is something that happened.
type Moment struct {
	Text string
	At   Stamp
}

// Empty is a list's word when there is nothing in it: it teaches.
type Empty struct{ Title, Text, Sample, Href, Do string }

func (c *call) nowShow() error {
	ctx := c.r.Context()
	pages, err := c.s.Ledger.Pages(ctx, page.Filter{Open: true, Limit: 100})
	if err != nil {
		return err
	}
	incidents, err := c.s.Ledger.Incidents(ctx, incident.Filter{Open: true, Limit: 50})
	if err != nil {
		return err
	}
	v := nowView{Duties: c.duties(), NoDuties: noSchedules, NoServices: noServices}
	for _, p := range c.byNeed(pages) {
		v.Pages = append(v.Pages, c.pageRow(p))
	}
	for _, i := range incidents {
		v.Incidents = append(v.Incidents, c.incidentRow(i))
	}
	slices.SortStableFunc(v.Incidents, func(a, b IncidentRow) int { return cmp.Compare(a.Sev.N, b.Sev.N) })
	v.Sentence, v.Calm = c.sentenceOfNow(v.Pages, v.Incidents)
	if len(v.Pages) > 0 && v.Pages[0].wants {
		v.Loud, v.Pages = &v.Pages[0], v.Pages[1:]
	}
	if v.Services, err = c.serviceCells(ctx); err != nil {
		return err
	}
	v.ServiceWords = serviceWords(v.Services)
	if v.Last, err = c.lastMoment(ctx); err != nil {
		return err
	}
	return show(c, nowPage, "Now", v)
}

// byNeed puts first what I am asked for, then what nobody has, then the rest;
// within each the oldest first.
func (e *eye) byNeed(pages []*page.State) []*page.State {
	need := func(p *page.State) int {
		switch {
		case p.Status != page.Triggered:
			return 3
		case e.asked(p, e.me):
			return 0
		case p.Drill:
			return 2
		}
		return 1
	}
	out := slices.Clone(pages)
	slices.SortStableFunc(out, func(a, b *page.State) int {
		return cmp.Or(cmp.Compare(need(a), need(b)), a.OpenedAt.Compare(b.OpenedAt))
	})
	return out
}

func (e *eye) asked(p *page.State, user string) bool {
	return slices.ContainsFunc(p.Calls, func(c page.Call) bool { return c.User == user })
}

// sentenceOfNow is the state of everything in one sentence.
func (e *eye) sentenceOfNow(pages []PageRow, incidents []IncidentRow) (text string, calm bool) {
	var waiting []PageRow
	for _, p := range pages {
		if p.wants {
			waiting = append(waiting, p)
		}
	}
	open := ""
	if n := len(incidents); n > 0 {
		open = fmt.Sprintf(" %s open, the worst %s.", plural(n, "incident"), incidents[0].sevWord())
	}
	switch {
	case len(waiting) == 1:
		return sentence(waiting[0].waitWords(true)) + "." + open, false
	case len(waiting) > 1:
		return fmt.Sprintf("%d pages wait for an answer. The longest %s.", len(waiting), waiting[0].waitWords(false)) + open, false
	case len(pages) > 0:
		return "Everything that called is answered; " + plural(len(pages), "page") + " still open." + open, len(incidents) == 0
	case len(incidents) > 0:
		return strings.TrimSpace(open) + " Nobody is being paged.", false
	}
	return "All is quiet. Nobody is being paged, and no incident is open.", true
}

func (c *call) lastMoment(ctx context.Context) (Moment, error) {
	entries, err := c.s.Ledger.Tail(ctx, -100, 100)
	if err != nil {
		return Moment{}, err
	}
	for _, x := range slices.Backward(entries) {
		if x.Text != "" && news(x.Kind) {
			return Moment{Text: lower(x.Text), At: c.stamp(x.At)}, nil
		}
	}
	return Moment{}, nil
}

// news says whether people would tell one another of such a fact. Receipts and
// routing are not news.
func news(kind string) bool {
	switch kind {
	case "alert.fired", "alert.resolved", "page.acknowledged", "page.resolved", "page.ran-out", "change.received":
		return true
	}
	return strings.HasPrefix(kind, "incident.") || strings.HasPrefix(kind, "board.")
}

func lower(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if strings.ToUpper(word) == word {
		return s // SEV2, INC-7
	}
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	r[0] = unicode.ToLower(r[0])
	return string(r)
}

// DutyRow is a schedule and who is on call by it.
type DutyRow struct {
	ID, Name string
	People   []Person
	Until    Stamp
	Why      string
}

func (e *eye) duties() []DutyRow {
	var rows []DutyRow
	for i := range e.plan.Schedules {
		s := &e.plan.Schedules[i]
		row := DutyRow{ID: s.ID, Name: scheduleName(s)}
		for _, d := range s.On(e.board.Overrides, e.now) {
			row.People = append(row.People, e.person(d.User))
		}
		if next := s.NextChange(e.board.Overrides, e.now); !next.IsZero() {
			row.Until = e.stamp(next)
		}
		if len(row.People) == 0 {
			row.Why = s.Nobody(e.board.Overrides, e.now).Text
		}
		rows = append(rows, row)
	}
	return rows
}

var (
	noSchedules = Empty{Title: "Nobody is on call yet", Text: "A schedule says who carries the pager and when. Two people who change every Monday at nine are written like this, in the plan:",
		Sample: `schedules:
  primary:
    zone: Europe/Berlin
    layers:
      - members: [ana, bo]
        turn: 1 week
        start: 2026-01-05 09:00`, Href: "/plan/edit", Do: "Write it in the plan"}
	noServices = Empty{Title: "No services yet", Text: "A service is what suffers and what a team answers for. Give each one an escalation policy, and its alerts find a human.",
		Sample: `policies:
  storefront:
    steps:
      - notify: [schedule/primary]
services:
  shop:
    name: Web shop
    policy: storefront`, Href: "/plan/edit", Do: "Write it in the plan"}
)
