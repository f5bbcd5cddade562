package api

import (
	"encoding/json"
	"strconv"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent at the end."`
}

// Out is an answer with a body.
type Out[T any] struct{ Body T }

func answer[T any](v T) (*Out[T], error) { return &Out[T]{Body: v}, nil }

// Paging is how a list is read on.
type Paging struct {
	Before string `query:"before" doc:"Cursor: only what is older than this."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many items."`
}

// ask is how many rows to read to know whether there are more.
func (p Paging) ask() int { return p.Limit + 1 }

// listed cuts one row too many off and makes the cursor of it.
func listed[T, V any](rows []T, limit int, view func(T) V, cursor func(T) string) *Out[List[V]] {
	out := List[V]{Items: make([]V, 0, min(len(rows), limit))}
	for i, r := range rows {
		if i == limit {
			out.Next = cursor(rows[i-1])
			break
		}
		out.Items = append(out.Items, view(r))
	}
	return &Out[List[V]]{Body: out}
}

// whole is a list that is short by nature.
func whole[T any](items []T) (*Out[List[T]], error) {
	if items == nil {
		items = []T{}
	}
	return &Out[List[T]]{Body: List[T]{Items: items}}, nil
}

// actor is how the core names whoever asks.
func actor(who auth.Person) fact.Actor { return fact.User(who.ID, "api") }

// ByID names a thing in the path.
type ByID struct {
	ID string `path:"id"`
}

// Page is one attempt to get a human.
type Page struct {
	ID         string          `json:"id"`
	Status     string          `json:"status" enum:"triggered,acknowledged,muted,resolved"`
	Title      string          `json:"title"`
	Service    string          `json:"service,omitempty"`
	Policy     string          `json:"policy,omitempty"`
	Incident   string          `json:"incident,omitempty"`
	Targets    []string        `json:"targets,omitempty" doc:"Who is asked instead of a policy."`
	Urgency    string          `json:"urgency" enum:"high,low"`
	Severity   signal.Severity `json:"severity,omitempty"`
	Alerts     int             `json:"alerts" doc:"How many alerts it stands for."`
	FirstAlert string          `json:"first_alert,omitempty"`
	Drill      bool            `json:"drill,omitempty"`
	OpenedAt   time.Time       `json:"opened_at"`
	AckedAt    time.Time       `json:"acknowledged_at,omitzero"`
	AckedBy    string          `json:"acknowledged_by,omitempty"`
	ResolvedAt time.Time       `json:"resolved_at,omitzero"`
	ResolvedBy string          `json:"resolved_by,omitempty"`
	MutedBy    string          `json:"muted_by,omitempty"`
	Step       string          `json:"step,omitempty" doc:"The last step of the policy that was told: 1, 2, ... or fallback."`
	Round      int             `json:"round" doc:"Run through the policy, from 1."`
	Next       string          `json:"next,omitempty" enum:"rung,repeat,fallback,reopen" doc:"What happens next if nobody answers."`
	NextAt     time.Time       `json:"next_at,omitzero"`
	Unanswered bool            `json:"unanswered,omitempty" doc:"The whole policy ran out."`
	Nobody     bool            `json:"nobody_on_call,omitempty" doc:"Somewhere on the way nobody was on call."`
	Calling    []Calling       `json:"calling,omitempty" doc:"Who is being told now."`
	Messages   []PageMessage   `json:"messages,omitempty"`
}

// Calling is one person being told, contact after contact.
type Calling struct {
	User  string    `json:"user"`
	Step  string    `json:"step"`
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
	Next  []PageDue `json:"next,omitempty" doc:"Contacts still to be told."`
}

// PageDue is a contact and when it is told.
type PageDue struct {
	Contact string    `json:"contact"`
	At      time.Time `json:"at"`
}

// PageMessage is one message of a page.
type PageMessage struct {
	ID      string    `json:"id"`
	User    string    `json:"user,omitempty"`
	Contact string    `json:"contact"`
	Kind    string    `json:"kind"`
	Step    string    `json:"step"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
}

func stepName(rung int) string {
	switch {
	case rung == page.FallbackRung:
		return "fallback"
	case rung < 0:
		return ""
	}
	return strconv.Itoa(rung + 1)
}

func pageView(s *page.State) Page {
	v := Page{ID: s.ID, Status: string(s.Status), Title: s.Title, Service: s.Service, Policy: s.Policy, Incident: s.Incident,
		Targets: targetNames(s.Targets), Urgency: string(s.Urgency), Severity: s.Severity, Alerts: s.Alerts, FirstAlert: s.First,
		Drill: s.Drill, OpenedAt: s.OpenedAt, AckedAt: s.AckedAt, AckedBy: s.AckedBy, ResolvedAt: s.ResolvedAt, ResolvedBy: s.ResolvedBy,
		MutedBy: s.QuietBy, Step: stepName(s.Rung), Round: s.Round + 1, Next: string(s.Next), NextAt: s.NextAt,
		Unanswered: s.Unanswered, Nobody: s.Nobody}
	for _, c := range s.Calls {
		call := Calling{User: c.User, Step: stepName(c.Rung), Since: c.Since, Why: c.Why}
		for _, d := range c.Rules {
			call.Next = append(call.Next, PageDue{Contact: d.Contact, At: d.At})
		}
		v.Calling = append(v.Calling, call)
	}
	for _, m := range s.Tells {
		outcome := m.Outcome
		if outcome == "" {
			outcome = notification.OutcomeQueued
		}
		v.Messages = append(v.Messages, PageMessage{ID: m.ID, User: m.To.User, Contact: m.To.Contact, Kind: string(m.Kind), Step: stepName(m.Rung), At: m.At, Outcome: outcome})
	}
	return v
}

func targetNames(targets []plan.Target) []string {
	var out []string
	for _, t := range targets {
		out = append(out, t.String())
	}
	return out
}

// Incident is the declared response.
type Incident struct {
	ID         string      `json:"id" example:"INC-212"`
	Title      string      `json:"title"`
	Severity   string      `json:"severity" enum:"SEV1,SEV2,SEV3,SEV4,SEV5"`
	Status     string      `json:"status" enum:"declared,mitigating,mitigated,resolved,merged"`
	Service    string      `json:"service,omitempty"`
	Summary    string      `json:"summary,omitempty"`
	DeclaredAt time.Time   `json:"declared_at"`
	DeclaredBy string      `json:"declared_by"`
	UpdatedAt  time.Time   `json:"updated_at"`
	ResolvedAt time.Time   `json:"resolved_at,omitzero"`
	MergedInto string      `json:"merged_into,omitempty"`
	Merged     []string    `json:"merged,omitempty" doc:"Incidents that were merged into this one."`
	Pages      []string    `json:"pages,omitempty"`
	Responders []Responder `json:"responders,omitempty"`
	Drill      bool        `json:"drill,omitempty"`
}

// Responder was asked to help.
type Responder struct {
	Target  string    `json:"target" example:"schedule/database"`
	AskedBy string    `json:"asked_by"`
	AskedAt time.Time `json:"asked_at"`
	Page    string    `json:"page" doc:"The page that asked."`
}

func incidentView(s *incident.State) Incident {
	v := Incident{ID: s.ID, Title: s.Title, Severity: s.Severity.String(), Status: string(s.Status), Service: s.Service, Summary: s.Summary,
		DeclaredAt: s.DeclaredAt, DeclaredBy: s.DeclaredBy, UpdatedAt: s.UpdatedAt, ResolvedAt: s.ResolvedAt, MergedInto: s.MergedInto,
		Merged: s.Merged, Pages: s.Pages, Drill: s.Drill}
	for _, r := range s.Responders {
		v.Responders = append(v.Responders, Responder{Target: r.Target.String(), AskedBy: r.AskedBy, AskedAt: r.AskedAt, Page: r.Page})
	}
	return v
}

// Entry is one line of a timeline or of the journal.
type Entry struct {
	Pos     int64           `json:"pos" doc:"Place in the journal; go on after it."`
	At      time.Time       `json:"at"`
	Stream  string          `json:"stream"`
	Subject string          `json:"subject" doc:"What it is about."`
	Kind    string          `json:"kind" example:"page.acknowledged"`
	Text    string          `json:"text,omitempty"`
	Why     fact.Reason     `json:"why"`
	Actor   fact.Actor      `json:"actor"`
	Body    json.RawMessage `json:"body,omitempty" doc:"What the fact says, by its kind."`
	Plan    int64           `json:"plan" doc:"Version of the plan that the rules went by."`
}

func entryView(e fact.Entry) Entry {
	e = entryShown(e)
	return Entry{Pos: e.Pos, At: e.At, Stream: string(e.Stream), Subject: e.Subject, Kind: e.Kind, Text: e.Text, Why: e.Why, Actor: e.Actor, Body: e.Body, Plan: e.Plan}
}

// Notification is one message and its delivery.
type Notification struct {
	ID         string    `json:"id"`
	User       string    `json:"user,omitempty"`
	Contact    string    `json:"contact"`
	Kind       string    `json:"kind"`
	Title      string    `json:"title"`
	Body       string    `json:"body,omitempty"`
	Why        string    `json:"why,omitempty"`
	Page       string    `json:"page,omitempty"`
	Incident   string    `json:"incident,omitempty"`
	Outcome    string    `json:"outcome" enum:"queued,held,folded,accepted,delivered,failing,failed,withdrawn"`
	Attempts   int       `json:"attempts"`
	Error      string    `json:"error,omitempty" doc:"Of the last attempt that failed."`
	Detail     string    `json:"detail,omitempty" doc:"What the other side said."`
	ProviderID string    `json:"provider_id,omitempty"`
	Into       string    `json:"into,omitempty" doc:"The message that it was folded into."`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Again      time.Time `json:"again,omitzero" doc:"When the next attempt is made."`
}

func notificationView(r notification.Row) Notification {
	m := messageShown(r.Message)
	return Notification{ID: r.ID, User: r.To.User, Contact: r.To.Contact, Kind: string(r.Kind), Title: m.Title, Body: m.Body, Why: m.Why,
		Page: r.Page, Incident: r.Incident, Outcome: r.Outcome, Attempts: r.Attempts, Error: r.Error, Detail: r.Detail,
		ProviderID: r.ProviderID, Into: r.Into, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Again: r.Again}
}
