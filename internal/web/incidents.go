package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/plan"
)

var (
	incidentsPage = sheet[incidentsView]("incidents.html")
	incidentPage  = sheet[incidentView]("incident.html")
	declarePage   = sheet[declareView]("declare.html")
)

type incidentsView struct {
	All       bool
	Query     string
	Incidents []IncidentRow
	Older     string
	None      Empty
}

func (c *call) incidentsShow() error {
	v := incidentsView{All: c.r.FormValue("all") != "", Query: c.value("q"), None: Empty{Title: "No incident is open",
		Text: "Declare one when more than one person must work together, or when others must know. It costs nothing to declare and to resolve again.", Href: "/incidents/new", Do: "Declare an incident"}}
	before, _ := strconv.ParseInt(c.r.FormValue("before"), 10, 64)
	list, err := c.s.Ledger.Incidents(c.r.Context(), incident.Filter{Open: !v.All, Text: v.Query, Service: c.value("service"), Before: before, Limit: 50})
	if err != nil {
		return err
	}
	for _, i := range list {
		v.Incidents = append(v.Incidents, c.incidentRow(i))
	}
	if len(list) == 50 {
		v.Older = c.with("before", strings.TrimPrefix(list[49].ID, "INC-"))
	}
	return show(c, incidentsPage, "Incidents", v)
}

type incidentView struct {
	IncidentRow
	Summary    string
	Open       bool
	Merged     string
	TookOver   []string
	Owner      string
	Seats      []Seat
	Pages      []PageRow
	Steps      []Step
	Kind       string
	Kinds      []Chip
	Sevs       []SevChoice
	Statuses   []Option
	Status     string
	Targets    []string
	Candidates []Option
	Note       Input
}

// Seat is somebody who was asked to help.
type Seat struct {
	Target string
	By     string
	At     Stamp
	Page   string
	State  Mark
}

func (c *call) findIncident() (*incident.State, error) {
	id := c.r.PathValue("id")
	i, err := c.s.Ledger.Incident(c.r.Context(), id)
	if err == nil && i == nil {
		err = gone("incident", id)
	}
	return i, err
}

func (c *call) incidentShow() error {
	ctx := c.r.Context()
	i, err := c.findIncident()
	if err != nil {
		return err
	}
	v := incidentView{IncidentRow: c.incidentRow(i), Summary: i.Summary, Open: i.Status != incident.Resolved && i.Status != incident.Merged, Merged: i.MergedInto, TookOver: i.Merged,
		Owner: c.owner(i.Service), Sevs: allSevs(), Status: string(i.Status), Targets: c.targets(), Kind: c.value("kind")}
	for _, s := range []incident.Status{incident.Declared, incident.Mitigating, incident.Mitigated, incident.Resolved} {
		v.Statuses = append(v.Statuses, Option{string(s), sentence(string(s))})
	}
	for _, id := range i.Pages {
		p, err := c.s.Ledger.Page(ctx, id)
		if err != nil {
			return err
		}
		if p != nil {
			v.Pages = append(v.Pages, c.pageRow(p))
		}
	}
	v.Seats = c.seats(i, v.Pages)
	if v.Steps, err = c.incidentSteps(ctx, i, v.Kind); err != nil {
		return err
	}
	v.Kinds = kindChips(v.Kind)
	if v.Candidates, err = c.otherIncidents(ctx, i.ID); err != nil {
		return err
	}
	return show(c, incidentPage, i.ID+" "+i.Title, v)
}

func (c *call) seats(i *incident.State, pages []PageRow) []Seat {
	var out []Seat
	for _, r := range i.Responders {
		seat := Seat{Target: c.target(r.Target), By: r.AskedBy, At: c.stamp(r.AskedAt), Page: r.Page, State: markUnknown.as("Asked")}
		for _, p := range pages {
			if p.ID == r.Page {
				seat.State = p.Mark
			}
		}
		out = append(out, seat)
	}
	return out
}

// kindChips filter the timeline.
func kindChips(on string) []Chip {
	var out []Chip
	for _, k := range []struct{ kind, word string }{{"", "Everything"}, {"incident.note", "Notes"}, {"incident", "Decisions"}, {"page", "Pages"}} {
		href := "?"
		if k.kind != "" {
			href = "?kind=" + k.kind
		}
		out = append(out, Chip{Word: k.word, Href: href, On: on == k.kind})
	}
	return out
}

func (c *call) incidentSteps(ctx context.Context, i *incident.State, kind string) ([]Step, error) {
	subjects := append([]string{i.ID}, i.Pages...)
	entries, err := c.s.Ledger.Timeline(ctx, subjects, 0, 500)
	if err != nil {
		return nil, err
	}
	quiet := []string{"notification.arrived", "page.told", "page.skipped", "page.attached"}
	entries = slices.DeleteFunc(entries, func(x fact.Entry) bool {
		return slices.Contains(quiet, x.Kind) || (kind != "" && !strings.HasPrefix(x.Kind, kind))
	})
	return c.steps(entries, nil), nil
}

func (c *call) otherIncidents(ctx context.Context, but string) ([]Option, error) {
	list, err := c.s.Ledger.Incidents(ctx, incident.Filter{Open: true, Limit: 50})
	var out []Option
	for _, i := range list {
		if i.ID != but {
			out = append(out, Option{i.ID, i.ID + " " + i.Title})
		}
	}
	return out, err
}

// targets are everything that can be asked to help, as a form names them.
func (e *eye) targets() []string {
	var out []string
	for _, u := range e.plan.Users {
		out = append(out, "user/"+u.ID)
	}
	for _, s := range e.plan.Schedules {
		out = append(out, "schedule/"+s.ID)
	}
	for _, t := range e.plan.Teams {
		out = append(out, "team/"+t.ID)
	}
	return out
}

func (e *eye) target(t plan.Target) string {
	switch t.Kind {
	case plan.ToUser:
		return e.person(t.ID).Name
	case plan.ToSchedule:
		if s := e.plan.Schedule(t.ID); s != nil {
			return "on call for " + scheduleName(s)
		}
	case plan.ToTeam:
		if x := e.plan.Team(t.ID); x != nil {
			return "team " + teamName(x)
		}
	case plan.ToChannel:
		return "channel " + t.ID
	}
	return t.String()
}

// parseTarget reads "user/bo", and "bo" for a person.
func parseTarget(text string) plan.Target {
	kind, id, ok := strings.Cut(text, "/")
	if !ok {
		return plan.Target{Kind: plan.ToUser, ID: text}
	}
	return plan.Target{Kind: plan.TargetKind(kind), ID: id}
}

// change of an incident: one input, one sentence, back to it.
func (c *call) incidentDo(done string, body func(i *incident.State) (incident.Input, error)) error {
	i, err := c.findIncident()
	if err != nil {
		return err
	}
	in, err := body(i)
	if err != nil {
		return err
	}
	if err := c.do(incident.Stream(i.ID), in); err != nil {
		return err
	}
	return c.done("/incidents/"+i.ID, done)
}

func (c *call) incidentSeverity() error {
	return c.incidentDo("The severity is changed.", func(*incident.State) (incident.Input, error) {
		s, err := incident.ParseSeverity(c.value("severity"))
		return incident.SetSeverity{Severity: s, Reason: c.value("reason")}, err
	})
}

func (c *call) incidentStatus() error {
	return c.incidentDo("The state is changed.", func(*incident.State) (incident.Input, error) {
		return incident.SetStatus{Status: incident.Status(c.value("status")), Reason: c.value("reason")}, nil
	})
}

func (c *call) incidentRename() error {
	return c.incidentDo("Renamed.", func(*incident.State) (incident.Input, error) { return incident.Rename{Title: c.value("title")}, nil })
}

func (c *call) incidentNote() error {
	return c.incidentDo("Noted.", func(*incident.State) (incident.Input, error) { return incident.Note{Text: c.value("text")}, nil })
}

func (c *call) incidentSummon() error {
	return c.incidentDo("Asked. They are being paged.", func(*incident.State) (incident.Input, error) {
		t := parseTarget(c.value("target"))
		if !slices.Contains(c.targets(), t.String()) {
			return nil, fact.Refuse("invalid", "target", "nobody here is called "+t.String())
		}
		return incident.AddResponders{Targets: []plan.Target{t}}, nil
	})
}

func (c *call) incidentMerge() error {
	return c.incidentDo("Merged.", func(*incident.State) (incident.Input, error) {
		other, err := c.s.Ledger.Incident(c.r.Context(), c.value("into"))
		if err == nil && other == nil {
			err = fact.Refuse("invalid", "into", "there is no incident "+c.value("into"))
		}
		return incident.MergeInto{Other: c.value("into")}, err
	})
}

type declareView struct {
	Form Form
	Sevs []SevChoice
	Sev  string
	Page *PageRow
}

func (c *call) declareForm() (declareView, error) {
	v := declareView{Sevs: allSevs(), Sev: cmp.Or(c.value("severity"), "3")}
	title, service := "", ""
	if id := c.value("page"); id != "" {
		p, err := c.s.Ledger.Page(c.r.Context(), id)
		if err != nil {
			return v, err
		}
		if p != nil {
			row := c.pageRow(p)
			v.Page, title, service = &row, p.Title, p.Service
		}
	}
	services := []Option{{"", "None, or many"}}
	for _, s := range c.plan.Services {
		services = append(services, Option{s.ID, c.service(s.ID).Name})
	}
	v.Form = Form{Fields: []Input{
		{Name: "title", Label: "What is wrong", Kind: "text", Required: true, Value: title, Hint: "Checkout refuses cards", Help: "In the words of those who suffer. It can be changed later."},
		{Name: "service", Label: "Service", Kind: "select", Options: services, Value: service},
		{Name: "summary", Label: "What is known so far", Kind: "area"}}}.filled(c.r)
	return v, nil
}

func (c *call) declareShow() error {
	if err := c.parse(); err != nil {
		return err
	}
	v, err := c.declareForm()
	if err != nil {
		return err
	}
	return show(c, declarePage, "Declare an incident", v)
}

func (c *call) declare() error {
	if err := c.parse(); err != nil {
		return err
	}
	v, err := c.declareForm()
	if err != nil {
		return err
	}
	s, err := incident.ParseSeverity(v.Sev)
	var result core.Result
	if err == nil {
		result, err = c.s.Door.Do(c.r.Context(), fact.User(c.session.User, "web"), incident.Desk,
			incident.Declare{Title: c.value("title"), Severity: s, Service: c.value("service"), Summary: c.value("summary"), Page: c.value("page"), Drill: c.value("drill") != ""})
	}
	if err != nil {
		form, ok := v.Form.refused(err)
		if !ok {
			return err
		}
		v.Form = form
		return showAs(c, http.StatusUnprocessableEntity, declarePage, "Declare an incident", v)
	}
	for _, said := range result.Facts {
		if n, ok := said.Fact.Body.(incident.Numbered); ok {
			return c.done("/incidents/"+n.Incident, n.Incident+" is declared.")
		}
	}
	return c.done("/incidents", "An incident was declared for this page already.")
}
