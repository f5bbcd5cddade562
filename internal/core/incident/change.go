package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

func (t *turn) setSeverity(in SetSeverity) error {
	if !in.Severity.Valid() {
		return fact.Refuse("invalid", "severity", "an incident is SEV1 to SEV5")
	}
	reason := strings.TrimSpace(in.Reason)
	switch {
	case in.Severity == t.s.Severity:
		return nil
	case in.Severity > t.s.Severity && reason == "":
		return fact.Refuse("invalid", "reason", "lowering a severity needs a reason; raising it does not")
	}
	was := t.s.Severity
	t.s.Severity = in.Severity
	why := t.byHand()
	if reason != "" {
		why = fact.Because("by-hand", t.actor()+": "+reason)
	}
	t.say(fmt.Sprintf("%s, was %s", in.Severity, was), why, SeverityChanged{Incident: t.s.ID, Severity: in.Severity, Was: was})
	return nil
}

func (t *turn) setStatus(in SetStatus) error {
	if !slices.Contains(statuses, in.Status) {
		return fact.Refuse("invalid", "status", fmt.Sprintf("%q is not one of declared, mitigating, mitigated, resolved", in.Status))
	}
	if in.Status == t.s.Status {
		return nil
	}
	was := t.s.Status
	t.s.Status = in.Status
	why := t.byHand()
	if r := strings.TrimSpace(in.Reason); r != "" {
		why = fact.Because("by-hand", t.actor()+": "+r)
	}
	text := "Now " + string(in.Status)
	switch {
	case in.Status == Resolved:
		t.s.ResolvedAt = t.sc.At
		text = "Resolved"
	case was == Resolved:
		t.s.ResolvedAt = time.Time{}
		text = "Reopened, " + string(in.Status)
	}
	t.say(text, why, StatusChanged{Incident: t.s.ID, Status: in.Status, Was: was})
	if in.Status == Resolved {
		t.release(why)
	}
	return nil
}

// release ends the pages that asked for help. Pages that a group asked for end
// with their alerts: that the response is over does not put out a fire.
func (t *turn) release(why fact.Reason) {
	var pages []string
	for _, r := range t.s.Responders {
		if r.Page != "" && !slices.Contains(pages, r.Page) {
			pages = append(pages, r.Page)
		}
	}
	if len(pages) > 0 {
		t.out.Add(fact.Fact{Subject: t.s.ID, Why: why, Body: Released{Incident: t.s.ID, Pages: pages}, Unsaid: true})
	}
}

func (t *turn) rename(title string) error {
	title = strings.TrimSpace(signal.CleanText(title))
	if title == "" {
		return fact.Refuse("invalid", "title", "a title is not empty")
	}
	if title == t.s.Title {
		return nil
	}
	was := t.s.Title
	t.s.Title = title
	t.say("Renamed: "+title, t.byHand(), Renamed{Incident: t.s.ID, Title: title, Was: was})
	return nil
}

// MaxNote is the longest note, in bytes.
const MaxNote = 16 << 10

func (t *turn) note(text string) error {
	text = strings.TrimSpace(signal.CleanText(text))
	if text == "" {
		return fact.Refuse("invalid", "text", "a note is not empty")
	}
	if len(text) > MaxNote {
		return fact.Refuse("invalid", "text", fmt.Sprintf("a note has at most %d bytes, this one has %d", MaxNote, len(text)))
	}
	t.say(text, fact.Because("note", t.actor()+" wrote it"), Noted{Incident: t.s.ID, By: t.actor()})
	return nil
}

// summon asks targets for help by a page of their own: the same road as every
// page, so it is delivered, explained and acknowledged in the same way.
func (t *turn) summon(targets []plan.Target) error {
	if len(targets) == 0 {
		return fact.Refuse("invalid", "targets", "name at least one user, schedule, team or channel")
	}
	if t.s.Status == Resolved {
		return fact.Refuse("conflict", "", t.s.ID+" is resolved; reopen it to ask for help")
	}
	t.s.Summons++
	page := t.sc.NewID("p", fmt.Sprintf("%s/%d", t.s.ID, t.s.Summons))
	var names []string
	for _, target := range targets {
		t.s.Responders = append(t.s.Responders, Responder{Target: target, AskedBy: t.actor(), AskedAt: t.sc.At, Page: page})
		names = append(names, target.String())
	}
	t.s.Pages = append(t.s.Pages, page)
	t.say("Asked for help: "+strings.Join(names, ", "), t.byHand(), Summoned{Incident: t.s.ID, Page: page, Targets: targets,
		Title: fmt.Sprintf("%s %s: %s", t.s.ID, t.s.Severity, t.s.Title), Service: t.s.Service, Drill: t.s.Drill})
	return nil
}

func (t *turn) merge(other string) error {
	if other == t.s.ID || other == "" {
		return fact.Refuse("invalid", "into", "an incident is merged into another one")
	}
	t.s.Status, t.s.MergedInto = Merged, other
	t.say("Merged into "+other, t.byHand(), MergedAway{Incident: t.s.ID, Into: other, Pages: slices.Clone(t.s.Pages), Responders: slices.Clone(t.s.Responders)})
	return nil
}

func (t *turn) takeOver(in TakeOver) {
	if slices.Contains(t.s.Merged, in.Other) {
		return
	}
	t.s.Merged = append(t.s.Merged, in.Other)
	for _, p := range in.Pages {
		if !slices.Contains(t.s.Pages, p) {
			t.s.Pages = append(t.s.Pages, p)
		}
	}
	t.s.Responders = append(t.s.Responders, in.Responders...)
	t.say(in.Other+" was merged into this", t.byHand(), TookOver{Incident: t.s.ID, Other: in.Other})
}
