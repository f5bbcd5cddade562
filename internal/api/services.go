package api

import (
	"context"
	"net/http"

	"tocsin/internal/auth"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// Service is what suffers, and how it is now.
type Service struct {
	plan.Service
	OpenPages   int      `json:"open_pages"`
	Maintenance []string `json:"maintenance,omitempty" doc:"Maintenance windows that cover it now."`
}

func (a *API) services() {
	add(a, spec{id: "list-services", method: http.MethodGet, path: "/services", tag: "Services", role: auth.Viewer, summary: "List services and how they are"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[List[Service]], error) {
			items, err := a.servicesNow(ctx)
			if err != nil {
				return nil, err
			}
			return whole(items)
		})
	add(a, spec{id: "get-service", method: http.MethodGet, path: "/services/{id}", tag: "Services", role: auth.Viewer, summary: "Read one service", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Service], error) {
			items, err := a.servicesNow(ctx)
			if err != nil {
				return nil, err
			}
			for _, s := range items {
				if s.ID == q.in.ID {
					return answer(s)
				}
			}
			return nil, notFound("service", q.in.ID)
		})
}

func (a *API) servicesNow(ctx context.Context) ([]Service, error) {
	open, err := a.opts.Ledger.Pages(ctx, page.Filter{Open: true, Limit: 500})
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, p := range open {
		count[p.Service]++
	}
	board, now := a.opts.Door.Board(), a.opts.Door.Now()
	var items []Service
	for _, s := range a.opts.Door.Plan().Services {
		v := Service{Service: s, OpenPages: count[s.ID]}
		for i := range board.Maintenance {
			if m := &board.Maintenance[i]; m.Active(now) && m.Covers(s.ID) {
				v.Maintenance = append(v.Maintenance, m.ID)
			}
		}
		items = append(items, v)
	}
	return items, nil
}
