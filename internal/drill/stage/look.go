package stage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
	"tocsin/internal/drill/shop"
)

// scene is everything that the stage shows, read at one time.
type scene struct {
	At     time.Time
	Plan   *plan.Plan
	Board  *plan.Board
	Run    run
	Mode   shop.Mode
	Checks []checkSeen
	Open   []*page.State // every open page
	// Page is what the newest run woke people with, Incident what was declared
	// for it; each may be nil.
	Page     *page.State
	Incident *incident.State
	Rows     []notification.Row // the messages about Page
	// Signs are what the checks said in this run, Story what the page and the
	// incident went through.
	Signs, Story []fact.Entry
	// Phones holds the messages on each person's telephone, newest first.
	Phones []phoneSeen
}

type checkSeen struct {
	Check  *plan.Check
	State  watch.Check
	Latest *Look // nil: not looked at yet
}

// OK says whether the check is content.
func (c checkSeen) OK() bool { return c.Latest != nil && c.Latest.OK && c.State.Failures == 0 }

type phoneSeen struct {
	User    *plan.User
	Contact string
	Rows    []notification.Row
	Pages   map[string]*page.State
}

// Bounds of what is read for one look.
const (
	maxPages    = 50
	maxMessages = 12
	maxStory    = 200
)

// look reads the scene.
func (s *Stage) look(ctx context.Context) (*scene, error) {
	s.mu.Lock()
	r := s.run
	s.mu.Unlock()
	sc := &scene{At: s.opt.Engine.Now(), Plan: s.opt.Engine.Plan(), Board: s.opt.Engine.Board(), Run: r, Mode: s.opt.Shop.Mode()}
	for _, read := range []func(context.Context, *scene) error{s.readChecks, s.readPage, s.readStory, s.readPhones} {
		if err := read(ctx, sc); err != nil {
			return nil, fmt.Errorf("look at the demo: %w", err)
		}
	}
	return sc, nil
}

func (s *Stage) readChecks(ctx context.Context, sc *scene) error {
	var ids []string
	for i := range sc.Plan.Checks {
		c := checkSeen{Check: &sc.Plan.Checks[i]}
		ids = append(ids, c.Check.ID)
		state, err := s.opt.Ledger.State(ctx, fact.Of(watch.CheckKind, c.Check.ID))
		if err != nil {
			return err
		}
		if w, ok := state.(*watch.Check); ok && w != nil {
			c.State = *w
		}
		if list := s.opt.Looks.Recent(c.Check.ID); len(list) > 0 {
			c.Latest = &list[len(list)-1]
		}
		sc.Checks = append(sc.Checks, c)
	}
	if sc.Run.N == 0 || len(ids) == 0 {
		return nil
	}
	entries, err := s.opt.Ledger.Timeline(ctx, ids, sc.Run.Pos, maxStory)
	sc.Signs = slices.DeleteFunc(entries, func(e fact.Entry) bool { return e.At.Before(sc.Run.Broken) || e.Text == "" })
	return err
}

// readPage finds the page of this run: of several the one with an incident,
// then the eldest.
func (s *Stage) readPage(ctx context.Context, sc *scene) error {
	pages, err := s.opt.Ledger.Pages(ctx, page.Filter{Limit: maxPages})
	if err != nil {
		return err
	}
	slices.Reverse(pages)
	for _, p := range pages {
		if p.Open() {
			sc.Open = append(sc.Open, p)
		}
		if sc.Run.N == 0 || p.Group == "" || (p.OpenedAt.Before(sc.Run.Broken) && !p.Open()) {
			continue
		}
		if sc.Page == nil || (sc.Page.Incident == "" && p.Incident != "") {
			sc.Page = p
		}
	}
	if sc.Page == nil {
		return nil
	}
	if sc.Rows, err = s.opt.Ledger.Notifications(ctx, notification.RowFilter{Page: sc.Page.ID, Limit: maxStory}); err != nil || sc.Page.Incident == "" {
		return err
	}
	sc.Incident, err = s.opt.Ledger.Incident(ctx, sc.Page.Incident)
	return err
}

func (s *Stage) readStory(ctx context.Context, sc *scene) error {
	if sc.Page == nil {
		return nil
	}
	subjects := []string{sc.Page.ID}
	if sc.Incident != nil {
		subjects = append(subjects, sc.Incident.ID)
	}
	entries, err := s.opt.Ledger.Timeline(ctx, subjects, 0, maxStory)
	// That page and incident belong together is said once, by the page.
	sc.Story = slices.DeleteFunc(entries, func(e fact.Entry) bool { return e.Text == "" || e.Kind == "incident.page-linked" })
	return err
}

func (s *Stage) readPhones(ctx context.Context, sc *scene) error {
	known := map[string]*page.State{}
	for i := range sc.Plan.Users {
		u := &sc.Plan.Users[i]
		at := slices.IndexFunc(u.Contacts, func(c plan.Contact) bool { return c.Channel == "inapp" })
		if at < 0 {
			continue
		}
		ph := phoneSeen{User: u, Contact: u.Contacts[at].ID, Pages: known}
		rows, err := s.opt.Ledger.Notifications(ctx, notification.RowFilter{User: u.ID, Limit: 4 * maxMessages})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.To.Contact == ph.Contact && arrived(r) && len(ph.Rows) < maxMessages {
				ph.Rows = append(ph.Rows, r)
				if err := s.remember(ctx, known, r.Page); err != nil {
					return err
				}
			}
		}
		slices.SortStableFunc(ph.Rows, func(a, b notification.Row) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
		})
		sc.Phones = append(sc.Phones, ph)
	}
	return nil
}

func (s *Stage) remember(ctx context.Context, known map[string]*page.State, id string) error {
	if _, ok := known[id]; ok || id == "" {
		return nil
	}
	p, err := s.opt.Ledger.Page(ctx, id)
	if p != nil {
		known[id] = p
	}
	return err
}

// arrived says whether the message is on the telephone.
func arrived(r notification.Row) bool {
	return r.Outcome == notification.OutcomeDelivered || r.Outcome == notification.OutcomeAccepted
}

// calm says whether every check has looked and is content, and nobody is waited for.
func (sc *scene) calm() bool {
	return len(sc.Open) == 0 && len(sc.Checks) > 0 && !slices.ContainsFunc(sc.Checks, func(c checkSeen) bool { return !c.OK() })
}

// sign is the first thing of a kind that the checks said in this run.
func (sc *scene) sign(kind string) *fact.Entry {
	for i := range sc.Signs {
		if sc.Signs[i].Kind == kind {
			return &sc.Signs[i]
		}
	}
	return nil
}

func (sc *scene) name(user string) string {
	if u := sc.Plan.User(user); u != nil {
		return short(u)
	}
	return user
}
