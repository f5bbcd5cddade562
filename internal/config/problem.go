package config

import (
	"fmt"
	"sort"
	"strings"
)

// Severity says how much a problem or a finding weighs.
type Severity string

// The severities. Only an Error keeps a plan from being loaded.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Place is a position in a file of the plan. Line and Column count from 1.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"`
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Origin maps a path such as "services.checkout.policy" to where it is written.
type Origin map[string]Place

// Of finds the place of a path, or of the nearest thing around it.
func (o Origin) Of(path string) (Place, bool) {
	for path != "" {
		if place, ok := o[path]; ok {
			return place, true
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Place{}, false
}

// Problem is one thing that is wrong with the files.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Path     string   `json:"path,omitempty"` // "services.checkout.policy"
	Message  string   `json:"message"`
	Severity Severity `json:"severity"`
	// Source is the line of the file, for showing the spot.
	Source string `json:"source,omitempty"`
}

func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	var words []string
	for _, w := range []string{at, p.Path, p.Message} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, ": ")
}

// Show is String with the line of the file below it and a mark at the spot.
func (p Problem) Show() string {
	if p.Source == "" || p.Column < 1 {
		return p.String()
	}
	// Tabs are kept in the margin, so that the mark stands where a terminal
	// puts the letter above it.
	margin := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, firstRunes(p.Source, p.Column-1))
	return fmt.Sprintf("%s\n    %s\n    %s^", p, p.Source, margin)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// Problems are all that was found in one reading, ordered by place. As an
// error it prints one line each.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i], ps[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}

// split parts what refuses the plan from what merely warns.
func (ps Problems) split() (errs, warnings Problems) {
	for _, p := range ps {
		if p.Severity == Error {
			errs = append(errs, p)
		} else {
			warnings = append(warnings, p)
		}
	}
	return errs, warnings
}
