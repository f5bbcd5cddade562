package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
	"tocsin/internal/core/signal"
)

// PageRow is a page in a list, and the loud one on top of Now.
type PageRow struct {
	ID, Title string
	Mark      Mark
	Opened    Stamp
	Ended     Stamp
	Service   Named
	Severity  signal.Severity
	Alerts    int
	Incident  string
	Drill     bool
	Ladder    []Rung
	Has       string // who has it, or of whom an answer is expected
	NextWords string
	wants     bool
	waits     string
	next      string
}

func (e *eye) pageRow(p *page.State) PageRow {
	r := PageRow{ID: p.ID, Title: p.Title, Mark: markPage(p), Opened: e.stamp(p.OpenedAt), Ended: e.stamp(p.ResolvedAt), Service: e.service(p.Service),
		Severity: p.Severity, Alerts: p.Alerts, Incident: p.Incident, Drill: p.Drill, wants: p.Status == page.Triggered}
	waiting := e.names(waitsOn(p))
	r.waits = listing(waiting)
	ahead := e.rungsAhead(p)
	if len(ahead) > 0 && p.Status == page.Triggered {
		r.next = e.nextWords(p, ahead[0])
	}
	switch p.Status {
	case page.Acknowledged:
		r.Has = p.AckedBy + " has it"
	case page.Resolved:
		r.Has = "resolved by " + cmp.Or(p.ResolvedBy, "its alerts")
	case page.Muted:
		r.Has = "muted, nobody is told"
	default:
		r.Has = "waits on " + r.waits
		r.NextWords = r.next
	}
	r.Ladder = e.ladder(p, r)
	return r
}

func (e *eye) names(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = e.person(id).Name
		if id == e.me {
			out[i] = "you"
		}
	}
	return out
}

// nextWords is "Bo is next at 03:12".
func (e *eye) nextWords(p *page.State, next Ahead) string {
	at := e.stamp(next.At).Clock()
	switch p.Next {
	case page.NextRung:
		steps := e.policyFor(p).Steps
		if p.Rung+1 >= len(steps) {
			return ""
		}
		names := e.names(e.lead(steps[p.Rung+1].Targets, next.At).users)
		switch len(names) {
		case 0:
			return "step " + fmt.Sprint(p.Rung+2) + " is next at " + at
		case 1:
			verb := " is"
			if names[0] == "you" {
				verb = " are"
			}
			return names[0] + verb + " next at " + at
		}
		return listing(names) + " are next at " + at
	case page.NextRepeat:
		return "the policy begins again at " + at
	case page.NextFallback:
		return e.fallbackNext(p, next)
	}
	return ""
}

func (e *eye) ladder(p *page.State, r PageRow) []Rung {
	ladder := []Rung{e.toldRung(p)}
	waiting := "Nobody is left to tell"
	if len(p.Calls) > 0 {
		waiting = sentence(r.waits)
	} else if len(p.Tells) > 0 && !p.Unanswered {
		waiting = "An answer"
	}
	ladder = append(ladder, Rung{Label: "Waiting for", Text: waiting})
	next := "Nothing more comes by itself"
	if r.next != "" {
		next = sentence(r.next)
	}
	return append(ladder, Rung{Label: "Next", Text: next, Next: true})
}

// waitWords is "one page waits on Ana for 3 min; Bo is next at 03:12".
func (r PageRow) waitWords(one bool) string {
	text := "waits on " + r.waits + " for " + r.Opened.For()
	if r.waits == "nobody" {
		text = "has nobody to wait for, and is open for " + r.Opened.For()
	}
	if one {
		text = "one page " + text
		if r.next != "" {
			text += "; " + r.next
		}
	}
	return text
}

// IncidentRow is an incident in a list.
type IncidentRow struct {
	ID, Title string
	Sev       Sev
	Mark      Mark
	Service   Named
	Declared  Stamp
	Ended     Stamp
	Took      string
	By        string
	Drill     bool
}

func (r IncidentRow) sevWord() string { return fmt.Sprintf("SEV%d", r.Sev.N) }

func (e *eye) incidentRow(i *incident.State) IncidentRow {
	r := IncidentRow{ID: i.ID, Title: i.Title, Sev: sev(i.Severity), Mark: markIncident(i), Service: e.service(i.Service),
		Declared: e.stamp(i.DeclaredAt), Ended: e.stamp(i.ResolvedAt), By: e.person(i.DeclaredBy).Name, Drill: i.Drill}
	if !i.ResolvedAt.IsZero() {
		r.Took = roughly(i.ResolvedAt.Sub(i.DeclaredAt))
	}
	return r
}

// ServiceCell is a service in the grid: how it is, and why in one line.
type ServiceCell struct {
	ID, Name string
	Team     string
	Mark     Mark
	Reason   string
	Tier     int
	Firing   int
}

// serviceCells are all services, the worst first, then by importance and name.
func (c *call) serviceCells(ctx context.Context) ([]ServiceCell, error) {
	firing, err := c.s.Ledger.Alerts(ctx, alert.Filter{Status: alert.Firing, Limit: alert.MaxLimit})
	if err != nil {
		return nil, err
	}
	by := map[string][]*alert.State{}
	for _, a := range firing {
		by[a.Service] = append(by[a.Service], a)
	}
	var cells []ServiceCell
	for i := range c.plan.Services {
		s := &c.plan.Services[i]
		cells = append(cells, c.serviceCell(s.ID, by[s.ID]))
	}
	weight := map[string]int{"red": 0, "amber": 1, "grey": 2, "green": 3}
	slices.SortStableFunc(cells, func(a, b ServiceCell) int {
		return cmp.Or(cmp.Compare(weight[a.Mark.Tone], weight[b.Mark.Tone]), cmp.Compare(tier(a), tier(b)), cmp.Compare(a.Name, b.Name))
	})
	return cells, nil
}

func tier(c ServiceCell) int {
	if c.Tier == 0 {
		return 99
	}
	return c.Tier
}

func (e *eye) serviceCell(id string, firing []*alert.State) ServiceCell {
	n := e.service(id)
	cell := ServiceCell{ID: id, Name: n.Name, Team: e.owner(id), Mark: markResolved.as("Working"), Firing: len(firing)}
	if s := e.plan.Service(id); s != nil {
		cell.Tier = s.Tier
	}
	for _, m := range e.board.Maintenance {
		if m.Active(e.now) && m.Covers(id) {
			cell.Mark, cell.Reason = markMuted.as("Maintenance"), m.Comment
			return cell
		}
	}
	var worst *alert.State
	muted := 0
	for _, a := range firing {
		if e.mutedBy(a) != "" {
			muted++
			continue
		}
		if worst == nil || a.Severity.Rank() > worst.Severity.Rank() {
			worst = a
		}
	}
	switch {
	case worst != nil && worst.Severity.Rank() > 0 && worst.Severity.Rank() <= signal.Warning.Rank():
		cell.Mark, cell.Reason = markAcked.as("Warning"), worst.Summary
	case worst != nil:
		cell.Mark, cell.Reason = markFiring.as("Firing"), worst.Summary
	case muted > 0:
		cell.Mark, cell.Reason = markMuted, plural(muted, "alert")+" silenced"
	}
	return cell
}

func serviceWords(cells []ServiceCell) string {
	bad := 0
	for _, c := range cells {
		if c.Mark.Tone == "red" || c.Mark.Tone == "amber" {
			bad++
		}
	}
	switch {
	case len(cells) == 0:
		return ""
	case bad == 0:
		return "all working"
	}
	return fmt.Sprintf("%d of %d suffer", bad, len(cells))
}
