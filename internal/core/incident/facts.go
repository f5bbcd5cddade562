package incident

import "tocsin/internal/core/plan"

// Numbered: the desk gave an incident its number.
type Numbered struct {
	Incident string  `json:"incident"`
	Declare  Declare `json:"declare"`
	By       string  `json:"by"`
}

// Opened: an incident was declared.
type Opened struct {
	Incident string   `json:"incident"`
	Severity Severity `json:"severity"`
}

// PageLinked: a page belongs to the incident.
type PageLinked struct {
	Incident string `json:"incident"`
	Page     string `json:"page"`
}

// SeverityChanged: it is worse or better than thought.
type SeverityChanged struct {
	Incident string   `json:"incident"`
	Severity Severity `json:"severity"`
	Was      Severity `json:"was"`
}

// StatusChanged: it moved on, or back.
type StatusChanged struct {
	Incident string `json:"incident"`
	Status   Status `json:"status"`
	Was      Status `json:"was"`
}

// Renamed: it has a better title.
type Renamed struct {
	Incident string `json:"incident"`
	Title    string `json:"title"`
	Was      string `json:"was"`
}

// Noted: somebody wrote a note; the fact's text is the note.
type Noted struct {
	Incident string `json:"incident"`
	By       string `json:"by"`
}

// Summoned: targets are asked for help by a page.
type Summoned struct {
	Incident string        `json:"incident"`
	Page     string        `json:"page"`
	Targets  []plan.Target `json:"targets"`
	Title    string        `json:"title"`
	Service  string        `json:"service,omitempty"`
	Drill    bool          `json:"drill,omitempty"`
}

// MergedAway: it ended in favour of another.
type MergedAway struct {
	Incident   string      `json:"incident"`
	Into       string      `json:"into"`
	Pages      []string    `json:"pages,omitempty"`
	Responders []Responder `json:"-"`
}

// Released: the incident is resolved, so whoever was asked to help need not
// come any more.
type Released struct {
	Incident string   `json:"incident"`
	Pages    []string `json:"pages"`
}

// TookOver: another was merged into it.
type TookOver struct {
	Incident string `json:"incident"`
	Other    string `json:"other"`
}

// The names under which the facts are stored.
func (Numbered) FactKind() string        { return "incident.numbered" }
func (Opened) FactKind() string          { return "incident.declared" }
func (PageLinked) FactKind() string      { return "incident.page-linked" }
func (SeverityChanged) FactKind() string { return "incident.severity" }
func (StatusChanged) FactKind() string   { return "incident.status" }
func (Renamed) FactKind() string         { return "incident.renamed" }
func (Noted) FactKind() string           { return "incident.note" }
func (Summoned) FactKind() string        { return "incident.summoned" }
func (MergedAway) FactKind() string      { return "incident.merged" }
func (Released) FactKind() string        { return "incident.released" }
func (TookOver) FactKind() string        { return "incident.took-over" }
