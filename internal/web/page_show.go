package web

import (
	"cmp"
	"context"
	"slices"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/signal"
)

var (
	pagePage  = sheet[pageView]("page.html")
	pagesPage = sheet[pagesView]("pages.html")
)

type pageView struct {
	PageRow
	Owner    string
	Policy   string
	Urgency  string
	Open     bool
	CanAck   bool
	Told     []ToldRow
	Members  []AlertRow
	Output   string
	Links    []signal.Link
	Past     []Step
	Future   []Step
	EndWords string
	Asked    string // whose "why not" was asked
	Answer   string
	People   []Person
}

// ToldRow is a message of a page, and what became of it.
type ToldRow struct {
	To      string
	At      Stamp
	Receipt Receipt
}

func (c *call) findPage() (*page.State, error) {
	id := c.r.PathValue("id")
	p, err := c.s.Ledger.Page(c.r.Context(), id)
	if err == nil && p == nil {
		err = gone("page", id)
	}
	return p, err
}

func (c *call) pageShow() error {
	ctx := c.r.Context()
	p, err := c.findPage()
	if err != nil {
		return err
	}
	v := pageView{PageRow: c.pageRow(p), Owner: c.owner(p.Service), Policy: p.Policy, Urgency: string(p.Urgency), Open: p.Open(), CanAck: p.Status == page.Triggered || p.Status == page.Muted}
	rows, err := c.s.Ledger.Notifications(ctx, notification.RowFilter{Page: p.ID, Limit: 200})
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b notification.Row) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range rows {
		v.Told = append(v.Told, ToldRow{To: c.contact(r.To), At: c.stamp(r.CreatedAt), Receipt: c.receipt(r)})
	}
	members, err := c.members(ctx, p)
	if err != nil {
		return err
	}
	for _, a := range members {
		v.Members = append(v.Members, c.alertRow(a))
		v.Output = cmp.Or(v.Output, a.Annotations["output"])
		v.Links = append(v.Links, a.Links...)
	}
	v.Links = uniqueLinks(v.Links)
	if v.Past, err = c.chainOf(ctx, p, members, rows); err != nil {
		return err
	}
	v.Future = c.futureSteps(p)
	v.EndWords = endWords(p)
	for _, u := range c.plan.Users {
		v.People = append(v.People, c.person(u.ID))
	}
	if v.Asked = c.r.FormValue("whynot"); v.Asked != "" {
		v.Answer = c.whyNot(p, v.Asked)
	}
	return show(c, pagePage, p.Title, v)
}

func uniqueLinks(links []signal.Link) []signal.Link {
	var out []signal.Link
	for _, l := range links {
		if l.Text == "" {
			l.Text = l.Href
		}
		if !slices.Contains(out, l) && len(out) < 8 {
			out = append(out, l)
		}
	}
	return out
}

// members are the alerts that the page stands for now; for one that is over,
// the first.
func (c *call) members(ctx context.Context, p *page.State) ([]*alert.State, error) {
	ids := []string{}
	if p.Group != "" && p.Open() {
		st, err := c.s.Ledger.State(ctx, p.Group)
		if err != nil {
			return nil, err
		}
		if g, ok := st.(*alert.Group); ok && g != nil {
			for _, m := range g.Members {
				if m.Paged && len(ids) < 20 {
					ids = append(ids, m.Alert)
				}
			}
		}
	}
	if len(ids) == 0 && p.First != "" {
		ids = append(ids, p.First)
	}
	var out []*alert.State
	for _, id := range ids {
		a, err := c.s.Ledger.Alert(ctx, id)
		if err != nil {
			return nil, err
		}
		if a != nil {
			out = append(out, a)
		}
	}
	return out, nil
}

func (c *call) chainOf(ctx context.Context, p *page.State, members []*alert.State, rows []notification.Row) ([]Step, error) {
	subjects := []string{p.ID}
	for _, a := range members {
		subjects = append(subjects, a.ID)
	}
	if p.First != "" && !slices.Contains(subjects, p.First) {
		subjects = append(subjects, p.First)
	}
	entries, err := c.s.Ledger.Timeline(ctx, subjects, 0, 500)
	if err != nil {
		return nil, err
	}
	return c.steps(entries, rows), nil
}

func endWords(p *page.State) string {
	switch {
	case p.Status == page.Acknowledged:
		return "Somebody has it: nothing more happens by itself."
	case p.Status == page.Resolved:
		return "It is over."
	case p.Status == page.Muted:
		return "Muted: nobody is told until the silence or maintenance ends."
	case p.Unanswered:
		return "The policy is at its end and nobody answered. Nothing more happens by itself."
	}
	return ""
}

func (c *call) answer(body page.Input, done string) error {
	p, err := c.findPage()
	if err != nil {
		return err
	}
	if err := c.do(page.Stream(p.ID), body); err != nil {
		return err
	}
	to := c.back()
	if to == "" {
		to = "/pages/" + p.ID
	}
	return c.done(to, done)
}

func (c *call) pageAck() error {
	return c.answer(page.Acknowledge{}, "You have it. Nobody else is woken for this page.")
}
func (c *call) pageEscalate() error {
	return c.answer(page.Escalate{}, "Escalated: the next step is being told.")
}
func (c *call) pageResolve() error {
	return c.answer(page.Resolve{}, "Resolved. Whoever was told is told that it is over.")
}

type pagesView struct {
	All   bool
	Pages []PageRow
	Older string
	None  Empty
}

func (c *call) pagesShow() error {
	v := pagesView{All: c.r.FormValue("all") != "", None: Empty{Title: "Nobody is being paged", Text: "A page is one attempt to get a human: a policy is walked, step after step, until somebody acknowledges."}}
	pages, err := c.s.Ledger.Pages(c.r.Context(), page.Filter{Open: !v.All, Before: c.r.FormValue("before"), Service: c.r.FormValue("service"), Limit: 50})
	if err != nil {
		return err
	}
	for _, p := range pages {
		v.Pages = append(v.Pages, c.pageRow(p))
	}
	if len(pages) == 50 {
		v.Older = c.with("before", pages[49].ID)
	}
	return show(c, pagesPage, "Pages", v)
}

// with is this page's address with one parameter changed.
func (c *call) with(key, value string) string {
	q := c.r.URL.Query()
	q.Set(key, value)
	return c.r.URL.Path + "?" + q.Encode()
}
