package config

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

// Finding is something in a plan that is legal but unwise.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path"`
	Text     string   `json:"text"`
	// Place is where it is written; zero when the plan came from no file.
	Place Place `json:"place,omitzero"`
}

func (f Finding) String() string {
	text := fmt.Sprintf("%s: %s [%s]", f.Severity, f.Text, f.Code)
	if f.Place.File != "" {
		return f.Place.String() + ": " + text
	}
	return text
}

// Inspector looks a prepared plan over. All but Plan and At may be absent;
// what cannot be known without them is not reported.
type Inspector struct {
	Plan     *plan.Plan
	Board    *plan.Board // nil: nothing is known of verified contacts
	At       time.Time
	Channels Channels
	Origin   Origin

	// filled are the paths whose value came in by a placeholder, and unread
	// those of keys that nobody read: neither says anything about the file.
	filled, unread map[string]bool
}

// Findings inspects a prepared plan of which the files are not at hand.
func Findings(p *plan.Plan, board *plan.Board, at time.Time) []Finding {
	return Inspector{Plan: p, Board: board, At: at}.Findings()
}

// Findings inspects the plan and names the file and line of each finding.
func (l *Loaded) Findings(board *plan.Board, at time.Time) []Finding {
	return Inspector{Plan: l.Plan, Board: board, At: at, Channels: l.channels, Origin: l.Origin, filled: l.filled, unread: l.unread}.Findings()
}

// inspection is one run of an Inspector.
type inspection struct {
	Inspector
	reach reach
	found []Finding
}

// Findings are ordered by weight, then by path.
func (i Inspector) Findings() []Finding {
	in := &inspection{Inspector: i, reach: reachOf(i.Plan, i.Board)}
	in.services()
	in.policies()
	in.schedules()
	in.users()
	in.teamsAndChannels()
	in.unreachable()
	in.sources()
	in.secrets()
	if len(in.Plan.Fallback) == 0 && len(in.Plan.Policies) > 0 {
		in.find("no-fallback", Warning, "", "the plan has no fallback: an alert that nothing claims, or that finds nobody on call, is told to no one")
	}
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	sort.SliceStable(in.found, func(a, b int) bool {
		x, y := in.found[a], in.found[b]
		if rank[x.Severity] != rank[y.Severity] {
			return rank[x.Severity] < rank[y.Severity]
		}
		return x.Path < y.Path
	})
	return in.found
}

func (in *inspection) find(code string, s Severity, path, format string, args ...any) {
	f := Finding{Code: code, Severity: s, Path: path, Text: fmt.Sprintf(format, args...)}
	if place, ok := in.Origin.Of(path); ok {
		f.Place = place
	}
	in.found = append(in.found, f)
}

func (in *inspection) services() {
	for _, s := range in.Plan.Services {
		if s.Policy != "" || in.routeGivesPolicy("service", s.ID) {
			continue
		}
		if len(in.Plan.Fallback) == 0 {
			in.find("service-pages-nobody", Error, "services."+s.ID, "service %s has no policy and the plan no fallback: nobody is paged for it", s.ID)
			continue
		}
		in.find("service-pages-nobody", Warning, "services."+s.ID, "service %s has no policy: only the plan's fallback hears of it", s.ID)
	}
}

func (in *inspection) policies() {
	p := in.Plan
	for _, pol := range p.Policies {
		path := "policies." + pol.ID
		everyone, places := map[string]bool{}, 0
		for i, s := range pol.Steps {
			people, shared := in.reach.of(s.Targets)
			if len(people)+shared == 0 {
				in.find("step-tells-nobody", Error, fmt.Sprintf("%s.steps[%d]", path, i), "policy %s: step %d tells nobody: %s has no one in it", pol.ID, i+1, listTargets(s.Targets))
			}
			for u := range people {
				everyone[u] = true
			}
			places += shared
		}
		switch {
		case len(everyone) == 0 && places > 0:
			in.find("policy-without-people", Warning, path, "policy %s tells only shared channels: nobody is personally asked to answer", pol.ID)
		case len(everyone) == 1 && len(pol.Steps) > 1:
			in.find("policy-single-person", Warning, path, "policy %s escalates in circles: all %d steps lead to %s", pol.ID, len(pol.Steps), sortedKeys(everyone)[0])
		case len(everyone) == 1:
			in.find("policy-single-person", Info, path, "policy %s rests on one person, %s", pol.ID, sortedKeys(everyone)[0])
		}
		if !in.reach.policies[pol.ID] {
			in.find("unused-policy", Info, path, "no service and no route uses policy %s", pol.ID)
		}
	}
}

// lookahead is how far schedules are searched for gaps.
const lookahead = 30 * 24 * time.Hour

func (in *inspection) schedules() {
	var overrides []oncall.Override
	if in.Board != nil {
		overrides = in.Board.Overrides
	}
	for i := range in.Plan.Schedules {
		s := &in.Plan.Schedules[i]
		path := "schedules." + s.ID
		if s.Zone == "" {
			in.find("schedule-without-zone", Warning, path, "schedule %s names no zone, so its hours are UTC", s.ID)
		}
		if !in.reach.targets[plan.Target{Kind: plan.ToSchedule, ID: s.ID}] {
			in.find("unused-schedule", Info, path, "no policy tells schedule %s", s.ID)
			continue
		}
		gaps := s.Gaps(overrides, in.At, in.At.Add(lookahead))
		if len(gaps) == 0 {
			continue
		}
		loc := s.Loc
		if loc == nil {
			loc = time.UTC
		}
		from, to := gaps[0].Start.In(loc), gaps[0].End.In(loc)
		text := fmt.Sprintf("schedule %s has nobody on call from %s to %s (%s)", s.ID, from.Format("Mon 2006-01-02 15:04"), to.Format("Mon 2006-01-02 15:04"), loc)
		if len(gaps) > 1 {
			text += fmt.Sprintf(", the first of %d gaps in the next 30 days", len(gaps))
		}
		in.find("schedule-gap", Warning, path, "%s", text)
	}
}

func (in *inspection) users() {
	for i := range in.Plan.Users {
		u := &in.Plan.Users[i]
		path := "users." + u.ID
		if !in.reach.people[u.ID] {
			in.find("user-never-told", Info, path, "nothing ever tells %s: no policy in use, fallback or schedule leads there", u.ID)
			continue
		}
		if len(u.Contacts) == 0 {
			in.find("no-contact", Error, path, "%s can be paged but has no contact", u.ID)
			continue
		}
		if in.Board != nil && !slices.ContainsFunc(urgent(u), func(c *plan.Contact) bool { return in.Board.VerifiedContact(u.ID, c) }) {
			in.find("no-verified-contact", Warning, path, "%s can be paged but has verified none of the contacts that a page would use", u.ID)
		}
	}
}

// urgent are the contacts that a page of high urgency uses.
func urgent(u *plan.User) []*plan.Contact {
	var out []*plan.Contact
	for i := range u.Contacts {
		c := &u.Contacts[i]
		named := func(r plan.NotifyRule) bool { return r.Contact == c.ID }
		if len(u.High) == 0 || slices.ContainsFunc(u.High, named) {
			out = append(out, c)
		}
	}
	return out
}

func (in *inspection) teamsAndChannels() {
	owners := map[string]bool{}
	for _, s := range in.Plan.Services {
		owners[s.Team] = true
	}
	for _, t := range in.Plan.Teams {
		if !owners[t.ID] && !in.reach.targets[plan.Target{Kind: plan.ToTeam, ID: t.ID}] {
			in.find("unused-team", Info, "teams."+t.ID, "team %s owns no service and no policy tells it", t.ID)
		}
	}
	for _, c := range in.Plan.Channels {
		if !in.reach.targets[plan.Target{Kind: plan.ToChannel, ID: c.ID}] {
			in.find("unused-channel", Info, "channels."+c.ID, "no policy tells channel %s", c.ID)
		}
	}
}

func (in *inspection) sources() {
	for _, x := range in.Plan.Integrations {
		path := "integrations." + x.ID
		if x.KeyHash == "" && !in.unread[path+".key"] {
			in.find("integration-without-key", Warning, path, "integration %s has no key, so nothing can send to it", x.ID)
		}
		if x.Service == "" && !in.routeGivesDestination("integration", x.ID) {
			in.find("integration-leads-nowhere", Warning, path, "integration %s names no service and no route gives its alerts one: unless the sender names a service itself, only the fallback hears of them", x.ID)
		}
	}
	for _, c := range in.Plan.Checks {
		if c.Service == "" && !in.routeGivesDestination("", "") {
			in.find("check-leads-nowhere", Warning, "checks."+c.ID, "check %s names no service and no route gives its alerts one", c.ID)
		}
	}
	for _, h := range in.Plan.Heartbeats {
		if h.Service == "" && !in.routeGivesDestination("", "") {
			in.find("heartbeat-leads-nowhere", Warning, "heartbeats."+h.ID, "heartbeat %s names no service and no route gives its alerts one", h.ID)
		}
	}
}
