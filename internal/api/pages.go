package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// PageQuery selects pages.
type PageQuery struct {
	Paging
	Open     bool   `query:"open" doc:"Only those that are not resolved."`
	Status   string `query:"status" enum:"triggered,acknowledged,muted,resolved"`
	Service  string `query:"service"`
	User     string `query:"user" doc:"Told to this person."`
	Incident string `query:"incident"`
}

// WhyQuery asks about one person.
type WhyQuery struct {
	ByID
	User string `query:"user" required:"true" doc:"The person's id."`
}

// AheadQuery says how far to look.
type AheadQuery struct {
	ByID
	Horizon string `query:"horizon" default:"1h" doc:"How far to look ahead: 30m, 2h; at most 7d."`
}

func (a *API) pages() {
	add(a, spec{id: "list-pages", method: http.MethodGet, path: "/pages", tag: "Pages", role: auth.Viewer, summary: "List pages, newest first"},
		func(ctx context.Context, q asked[PageQuery]) (*Out[List[Page]], error) {
			rows, err := a.opts.Ledger.Pages(ctx, page.Filter{Open: q.in.Open, Status: page.Status(q.in.Status), Service: q.in.Service, User: q.in.User,
				Incident: q.in.Incident, Before: q.in.Before, Limit: q.in.ask()})
			if err != nil {
				return nil, err
			}
			return listed(rows, q.in.Limit, pageView, func(s *page.State) string { return s.ID }), nil
		})
	add(a, spec{id: "get-page", method: http.MethodGet, path: "/pages/{id}", tag: "Pages", role: auth.Viewer, summary: "Read one page", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Page], error) { return a.pageNow(ctx, q.in.ID) })
	add(a, spec{id: "get-page-timeline", method: http.MethodGet, path: "/pages/{id}/timeline", tag: "Pages", role: auth.Viewer,
		summary: "Everything that happened to a page, with reasons, oldest first", errors: []int{404}},
		func(ctx context.Context, q asked[TimelineQuery]) (*Out[List[Entry]], error) {
			if _, err := a.page(ctx, q.in.ID); err != nil {
				return nil, err
			}
			return a.timeline(ctx, q.in, q.in.ID)
		})
	add(a, spec{id: "list-page-notifications", method: http.MethodGet, path: "/pages/{id}/notifications", tag: "Pages", role: auth.Viewer,
		summary: "Every message of a page with its delivery", errors: []int{404}}, a.pageNotifications)
	add(a, spec{id: "explain-page", method: http.MethodGet, path: "/pages/{id}/why", tag: "Pages", role: auth.Viewer,
		summary: "Why a person was told of a page, or why not", errors: []int{404}}, a.why)
	add(a, spec{id: "get-page-ahead", method: http.MethodGet, path: "/pages/{id}/ahead", tag: "Pages", role: auth.Viewer,
		summary: "What happens to a page if nobody answers", errors: []int{404}}, a.ahead)
	a.pageActions()
}

// pageActions are what a person can do to a page.
func (a *API) pageActions() {
	for _, x := range []struct {
		name, summary, about string
		input                page.Input
	}{
		{"acknowledge", "Say that you have it", "Telling stops. Doing it twice is fine; after somebody else it is a conflict that names them.", page.Acknowledge{}},
		{"escalate", "Tell the next step of the policy now", "", page.Escalate{}},
		{"resolve", "End a page and close its alerts", "", page.Resolve{}},
	} {
		add(a, spec{id: x.name + "-page", method: http.MethodPost, path: "/pages/{id}/" + x.name, tag: "Pages", role: auth.Responder,
			summary: x.summary, about: x.about, errors: []int{404, 409}},
			func(ctx context.Context, q asked[ByID]) (*Out[Page], error) {
				if _, err := a.opts.Door.Do(ctx, actor(q.who), page.Stream(q.in.ID), x.input); err != nil {
					return nil, err
				}
				return a.pageNow(ctx, q.in.ID)
			})
	}
}

func (a *API) page(ctx context.Context, id string) (*page.State, error) {
	s, err := a.opts.Ledger.Page(ctx, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, notFound("page", id)
	}
	return s, nil
}

func (a *API) pageNow(ctx context.Context, id string) (*Out[Page], error) {
	s, err := a.page(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(pageView(s))
}

// PagedByID reads a list that belongs to a thing.
type PagedByID struct {
	ByID
	Paging
}

func (a *API) pageNotifications(ctx context.Context, q asked[PagedByID]) (*Out[List[Notification]], error) {
	if _, err := a.page(ctx, q.in.ID); err != nil {
		return nil, err
	}
	rows, err := a.opts.Ledger.Notifications(ctx, notification.RowFilter{Page: q.in.ID, Before: q.in.Before, Limit: q.in.ask()})
	if err != nil {
		return nil, err
	}
	return listed(rows, q.in.Limit, notificationView, func(r notification.Row) string { return r.ID }), nil
}

// situation is a page with all that an explanation of it needs.
func (a *API) situation(ctx context.Context, id string) (explain.Situation, error) {
	s := explain.Situation{Plan: a.opts.Door.Plan(), Board: a.opts.Door.Board(), At: a.opts.Door.Now()}
	var err error
	if s.Page, err = a.page(ctx, id); err != nil || s.Page.Group == "" {
		return s, err
	}
	state, err := a.opts.Ledger.State(ctx, s.Page.Group)
	if g, ok := state.(*alert.Group); ok && g != nil && g.Page == id {
		s.Group = g
	}
	return s, err
}

func (a *API) why(ctx context.Context, q asked[WhyQuery]) (*Out[explain.Verdict], error) {
	s, err := a.situation(ctx, q.in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := a.opts.Ledger.Notifications(ctx, notification.RowFilter{Page: q.in.ID, User: q.in.User, Limit: 200})
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for _, r := range rows {
		reasons[r.ID] = r.Message.Why
	}
	v, err := explain.Why(s, q.in.User, reasons)
	if err != nil {
		return nil, err
	}
	return answer(v)
}

func (a *API) ahead(ctx context.Context, q asked[AheadQuery]) (*Out[List[explain.Step]], error) {
	horizon, err := horizonOf(q.in.Horizon)
	if err != nil {
		return nil, err
	}
	s, err := a.situation(ctx, q.in.ID)
	if err != nil {
		return nil, err
	}
	s.Horizon = horizon
	steps, err := explain.Ahead(s)
	if err != nil {
		return nil, err
	}
	return whole(steps)
}

func horizonOf(text string) (time.Duration, error) {
	d, err := plan.ParseDuration(text)
	if err != nil || d <= 0 || d.Std() > explain.MaxHorizon {
		return 0, invalid("horizon", "%q is not a duration like 30m, of at most 7d", text)
	}
	return d.Std(), nil
}
