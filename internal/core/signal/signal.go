// Package signal holds what came in: one normalised message from a source.
// Intake, checks and heartbeats all end in this shape. It imports nothing of
// ours.
package signal

import (
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// Action is what a signal asks for.
type Action string

// The actions. Change never alerts anybody: it is evidence (a deploy).
const (
	Trigger     Action = "trigger"
	Acknowledge Action = "acknowledge"
	Resolve     Action = "resolve"
	Change      Action = "change"
)

// Severity is the source's own word for how bad a signal is, on PagerDuty's
// four steps. It is not the severity of an incident (SEV1-SEV5).
type Severity string

// The severities, worst first. Empty means that the source did not say.
const (
	Critical Severity = "critical"
	Error    Severity = "error"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Rank orders severities: 4 critical, 3 error, 2 warning, 1 info, 0 unsaid.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 4
	case Error:
		return 3
	case Warning:
		return 2
	case Info:
		return 1
	}
	return 0
}

// ParseSeverity maps the words that sources use onto the four steps. ok is
// false for a word it does not know.
func ParseSeverity(word string) (s Severity, ok bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "p1", "sev1":
		return Critical, true
	case "error", "err", "high", "major", "alert", "p2", "sev2":
		return Error, true
	case "warning", "warn", "medium", "minor", "average", "p3", "sev3":
		return Warning, true
	case "info", "information", "informational", "low", "notice", "debug", "none", "ok", "p4", "p5", "sev4", "sev5":
		return Info, true
	}
	return "", false
}

// Labels identify and describe; names and values are UTF-8.
type Labels map[string]string

// Names are the label names in order.
func (l Labels) Names() []string {
	names := make([]string, 0, len(l))
	for n := range l {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// String is the canonical form {a="b", c="d"}, sorted by name.
func (l Labels) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, n := range l.Names() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(n)
		b.WriteString(`="`)
		b.WriteString(escaper.Replace(l[n]))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Link is a way back to the source: a graph, a runbook, a client page.
type Link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

// Signal is one normalised message from a source.
type Signal struct {
	Action Action `json:"action"`
	// DedupKey is the identity inside the integration's key space. Intake
	// always fills it in.
	DedupKey    string            `json:"dedup_key"`
	Severity    Severity          `json:"severity,omitempty"`
	Summary     string            `json:"summary"`
	Source      string            `json:"source,omitempty"` // host or system that suffers
	Labels      Labels            `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Links       []Link            `json:"links,omitempty"`
	// Service is the plan's service id if the source named one, else empty.
	Service string `json:"service,omitempty"`
	// StartsAt and EndsAt are the source's own times. Zero means unsaid. A
	// trigger whose EndsAt lies ahead resolves by itself at that time.
	StartsAt time.Time `json:"starts_at,omitzero"`
	EndsAt   time.Time `json:"ends_at,omitzero"`
	// Details is the source's own payload as JSON, shown and never queried.
	Details string `json:"details,omitempty"`
}

// MaxSummary is the longest summary kept, in runes (PagerDuty's limit).
const MaxSummary = 1024

// Clean makes every text storable on both databases: valid UTF-8, no NUL, no
// summary over MaxSummary, no empty label. It works in place and is cheap for
// clean input.
func (s *Signal) Clean() {
	s.DedupKey = CleanText(s.DedupKey)
	s.Summary = Truncate(CleanText(s.Summary), MaxSummary)
	s.Source = CleanText(s.Source)
	s.Service = CleanText(s.Service)
	s.Details = CleanText(s.Details)
	s.Labels = cleanMap(s.Labels)
	s.Annotations = cleanMap(s.Annotations)
	for i := range s.Links {
		s.Links[i].Href = CleanText(s.Links[i].Href)
		s.Links[i].Text = CleanText(s.Links[i].Text)
	}
}

func cleanMap[M ~map[string]string](m M) M {
	for k, v := range m {
		ck, cv := CleanText(k), CleanText(v)
		if ck == k && cv == v && v != "" && k != "" {
			continue
		}
		delete(m, k)
		if ck != "" && cv != "" {
			m[ck] = cv
		}
	}
	return m
}

// CleanText replaces broken UTF-8 by U+FFFD and removes NUL bytes, which
// PostgreSQL refuses.
func CleanText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Truncate cuts after at most n runes and marks the cut with an ellipsis.
func Truncate(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	i := 0
	for pos := range s {
		if i == n-1 {
			return s[:pos] + "…"
		}
		i++
	}
	return s
}
