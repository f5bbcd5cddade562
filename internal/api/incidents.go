package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"tocsin/internal/auth"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/plan"
)

// IncidentQuery selects incidents.
type IncidentQuery struct {
	Paging
	Open     bool   `query:"open" doc:"Neither resolved nor merged."`
	Service  string `query:"service"`
	Severity string `query:"severity" doc:"SEV1 to SEV5."`
	Text     string `query:"q" doc:"Part of the title."`
}

func (q IncidentQuery) filter() (incident.Filter, error) {
	f := incident.Filter{Open: q.Open, Service: q.Service, Text: q.Text, Limit: q.ask()}
	var err error
	if q.Severity != "" {
		if f.Severity, err = incident.ParseSeverity(q.Severity); err != nil {
			return f, err
		}
	}
	if q.Before != "" {
		if f.Before, err = incidentNumber(q.Before); err != nil {
			return f, invalid("before", "%q is not an incident like INC-12", q.Before)
		}
	}
	return f, nil
}

// incidentNumber is the number in an incident's id.
func incidentNumber(id string) (int64, error) {
	return strconv.ParseInt(strings.TrimPrefix(id, "INC-"), 10, 64)
}

// DeclareBody opens an incident.
type DeclareBody struct {
	Title    string `json:"title" doc:"In a few words, what is wrong."`
	Severity string `json:"severity" doc:"SEV1 (worst) to SEV5." example:"SEV2"`
	Service  string `json:"service,omitempty"`
	Summary  string `json:"summary,omitempty"`
	Page     string `json:"page,omitempty" doc:"The page that it is declared for."`
	Drill    bool   `json:"drill,omitempty" doc:"A practice, and marked as one everywhere."`
}

// Bodied is a request about a thing, with a body.
type Bodied[T any] struct {
	ByID
	Body T
}

// Posted is a request with nothing but a body.
type Posted[T any] struct{ Body T }

// The bodies of what can be done to an incident.
type (
	SeverityBody struct {
		Severity string `json:"severity" example:"SEV1"`
		Reason   string `json:"reason,omitempty" doc:"Needed to lower it."`
	}
	StatusBody struct {
		Status string `json:"status" enum:"declared,mitigating,mitigated,resolved"`
		Reason string `json:"reason,omitempty"`
	}
	RenameBody struct {
		Title string `json:"title"`
	}
	NoteBody struct {
		Text string `json:"text" doc:"At most 16 KiB."`
	}
	RespondersBody struct {
		Targets []string `json:"targets" minItems:"1" doc:"Who is asked: user/ana, schedule/database, team/web, channel/ops."`
	}
	MergeBody struct {
		Into string `json:"into" doc:"The incident that goes on." example:"INC-7"`
	}
	LinkBody struct {
		Page string `json:"page"`
	}
)

func (a *API) incidents() {
	add(a, spec{id: "list-incidents", method: http.MethodGet, path: "/incidents", tag: "Incidents", role: auth.Viewer, summary: "List incidents, newest first"},
		func(ctx context.Context, q asked[IncidentQuery]) (*Out[List[Incident]], error) {
			f, err := q.in.filter()
			if err != nil {
				return nil, err
			}
			rows, err := a.opts.Ledger.Incidents(ctx, f)
			if err != nil {
				return nil, err
			}
			return listed(rows, q.in.Limit, incidentView, func(s *incident.State) string { return s.ID }), nil
		})
	add(a, spec{id: "get-incident", method: http.MethodGet, path: "/incidents/{id}", tag: "Incidents", role: auth.Viewer, summary: "Read one incident", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Incident], error) { return a.incidentNow(ctx, q.in.ID) })
	add(a, spec{id: "get-incident-timeline", method: http.MethodGet, path: "/incidents/{id}/timeline", tag: "Incidents", role: auth.Viewer,
		summary: "Everything that happened in an incident and its pages, oldest first", errors: []int{404}},
		func(ctx context.Context, q asked[TimelineQuery]) (*Out[List[Entry]], error) {
			s, err := a.incident(ctx, q.in.ID)
			if err != nil {
				return nil, err
			}
			return a.timeline(ctx, q.in, append([]string{s.ID}, s.Pages...)...)
		})
	add(a, spec{id: "list-incident-pages", method: http.MethodGet, path: "/incidents/{id}/pages", tag: "Incidents", role: auth.Viewer,
		summary: "The pages that belong to an incident", errors: []int{404}}, a.incidentPages)
	add(a, spec{id: "declare-incident", method: http.MethodPost, path: "/incidents", tag: "Incidents", role: auth.Responder, status: http.StatusCreated,
		summary: "Declare an incident", errors: []int{404}}, a.declare)
	a.incidentActions()
}

// incidentAction registers one thing that can be done to an incident.
func incidentAction[B any](a *API, s spec, input func(context.Context, B) (incident.Input, error)) {
	s.path, s.method, s.tag, s.role, s.errors = "/incidents/{id}/"+s.path, http.MethodPost, "Incidents", auth.Responder, []int{404, 409}
	add(a, s, func(ctx context.Context, q asked[Bodied[B]]) (*Out[Incident], error) {
		in, err := input(ctx, q.in.Body)
		if err != nil {
			return nil, err
		}
		if _, err := a.opts.Door.Do(ctx, actor(q.who), incident.Stream(q.in.ID), in); err != nil {
			return nil, err
		}
		return a.incidentNow(ctx, q.in.ID)
	})
}

func (a *API) incidentActions() {
	incidentAction(a, spec{id: "set-incident-severity", path: "severity", summary: "Change the severity"}, func(_ context.Context, b SeverityBody) (incident.Input, error) {
		sev, err := incident.ParseSeverity(b.Severity)
		return incident.SetSeverity{Severity: sev, Reason: b.Reason}, err
	})
	incidentAction(a, spec{id: "set-incident-status", path: "status", summary: "Move an incident on, resolve it, or reopen it"}, func(_ context.Context, b StatusBody) (incident.Input, error) {
		return incident.SetStatus{Status: incident.Status(b.Status), Reason: b.Reason}, nil
	})
	incidentAction(a, spec{id: "rename-incident", path: "rename", summary: "Give it a better title"}, func(_ context.Context, b RenameBody) (incident.Input, error) {
		return incident.Rename{Title: b.Title}, nil
	})
	incidentAction(a, spec{id: "note-incident", path: "notes", summary: "Write a note into the timeline"}, func(_ context.Context, b NoteBody) (incident.Input, error) {
		return incident.Note{Text: b.Text}, nil
	})
	incidentAction(a, spec{id: "summon-responders", path: "responders", summary: "Ask people to help, by a page of their own"}, func(_ context.Context, b RespondersBody) (incident.Input, error) {
		targets, err := a.targets("targets", b.Targets)
		return incident.AddResponders{Targets: targets}, err
	})
	incidentAction(a, spec{id: "link-page", path: "link", summary: "Take a page into an incident"}, func(ctx context.Context, b LinkBody) (incident.Input, error) {
		p, err := a.page(ctx, b.Page)
		if err != nil {
			return nil, invalid("page", "there is no page %q", b.Page)
		}
		return incident.LinkPage{Page: p.ID}, nil
	})
	incidentAction(a, spec{id: "merge-incident", path: "merge", summary: "End an incident in favour of another"}, func(_ context.Context, b MergeBody) (incident.Input, error) {
		return incident.MergeInto{Other: b.Into}, nil
	})
}

// targets reads "user/ana" and refuses what is not in the plan.
func (a *API) targets(field string, words []string) ([]plan.Target, error) {
	p := a.opts.Door.Plan()
	known := map[plan.TargetKind]func(string) bool{
		plan.ToUser:     func(id string) bool { return p.User(id) != nil },
		plan.ToSchedule: func(id string) bool { return p.Schedule(id) != nil },
		plan.ToTeam:     func(id string) bool { return p.Team(id) != nil },
		plan.ToChannel:  func(id string) bool { return p.Channel(id) != nil },
	}
	var out []plan.Target
	for i, w := range words {
		kind, id, _ := strings.Cut(w, "/")
		is, ok := known[plan.TargetKind(kind)]
		if !ok {
			return nil, invalid(field+"["+strconv.Itoa(i)+"]", "%q is not a target like user/ana, schedule/database, team/web or channel/ops", w)
		}
		if !is(id) {
			return nil, invalid(field+"["+strconv.Itoa(i)+"]", "there is no %s %q", kind, id)
		}
		out = append(out, plan.Target{Kind: plan.TargetKind(kind), ID: id})
	}
	return out, nil
}

func (a *API) incident(ctx context.Context, id string) (*incident.State, error) {
	if _, err := incidentNumber(id); err != nil {
		return nil, notFound("incident", id)
	}
	s, err := a.opts.Ledger.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, notFound("incident", id)
	}
	return s, nil
}

func (a *API) incidentNow(ctx context.Context, id string) (*Out[Incident], error) {
	s, err := a.incident(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(incidentView(s))
}

func (a *API) declare(ctx context.Context, q asked[Posted[DeclareBody]]) (*Out[Incident], error) {
	b := q.in.Body
	sev, err := incident.ParseSeverity(b.Severity)
	if err != nil {
		return nil, err
	}
	if b.Service != "" && a.opts.Door.Plan().Service(b.Service) == nil {
		return nil, invalid("service", "there is no service %q", b.Service)
	}
	if b.Page != "" {
		if _, err := a.page(ctx, b.Page); err != nil {
			return nil, err
		}
	}
	res, err := a.opts.Door.Do(ctx, actor(q.who), incident.Desk, incident.Declare{Title: b.Title, Severity: sev, Service: b.Service, Summary: b.Summary, Page: b.Page, Drill: b.Drill})
	if err != nil {
		return nil, err
	}
	for _, said := range res.Facts {
		if n, ok := said.Fact.Body.(incident.Numbered); ok {
			return a.incidentNow(ctx, n.Incident)
		}
	}
	return a.declaredBefore(ctx, b.Page)
}

// declaredBefore finds the incident that a page already has.
func (a *API) declaredBefore(ctx context.Context, id string) (*Out[Incident], error) {
	p, err := a.page(ctx, id)
	if err != nil {
		return nil, err
	}
	return nil, newProblem(http.StatusConflict, "page", "page "+id+" belongs to "+p.Incident+" already")
}

func (a *API) incidentPages(ctx context.Context, q asked[ByID]) (*Out[List[Page]], error) {
	s, err := a.incident(ctx, q.in.ID)
	if err != nil {
		return nil, err
	}
	var out []Page
	for _, id := range s.Pages {
		p, err := a.opts.Ledger.Page(ctx, id)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, pageView(p))
		}
	}
	return whole(out)
}
