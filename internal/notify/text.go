package notify

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/internal/core/notification"
)

// Ellipsis ends what was cut, so that nobody takes a half for the whole.
const Ellipsis = "…"

// maxFolded is how many held-back messages are listed by name; the rest are
// counted. A phone shows fewer still.
const maxFolded = 20

// OneLine makes an untrusted string safe to stand on one line: no control
// characters, no invisible reordering, valid UTF-8, at most limit runes.
func OneLine(s string, limit int) string {
	return Cut(strings.Join(strings.Fields(clean(s, false)), " "), limit)
}

// Lines is OneLine for text of several lines: newlines stay.
func Lines(s string, limit int) string {
	return Cut(strings.TrimSpace(clean(s, true)), limit)
}

// clean drops what can lie about a text: control characters and the marks that
// reorder letters around them (U+202A..E, U+2066..9). Text that runs from the
// right by itself needs none of them.
func clean(s string, keepLines bool) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && keepLines, r == '\t' && keepLines:
			return r
		case r == '\n', r == '\t', r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			if keepLines {
				return '\n'
			}
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Cut shortens s to limit runes, the last of them an ellipsis.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit-1 {
			return strings.TrimRight(s[:i], " \n") + Ellipsis
		}
		n++
	}
	return s
}

// CutBytes shortens s to limit bytes without breaking a rune.
func CutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len(Ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimRight(s[:max(end, 0)], " \n") + Ellipsis
}

// Headline is the first thing anybody sees of a message: that it is a drill,
// what kind of news it is, how bad, and its title; at most limit runes.
func Headline(m notification.Message, limit int) string {
	title := OneLine(m.Title, limit)
	if title == "" {
		title = "Notification " + OneLine(m.ID, 40)
	}
	var b strings.Builder
	if m.Drill {
		b.WriteString("DRILL: ")
		title = trimPrefixFold(title, "drill:")
	}
	if word := newsOf(m.Kind); word != "" && !hasPrefixFold(title, word) {
		b.WriteString(word + ": ")
	}
	if sev := OneLine(m.Severity, 20); sev != "" && !hasPrefixFold(title, "["+sev) {
		b.WriteString("[" + sev + "] ")
	}
	b.WriteString(title)
	return Cut(b.String(), limit)
}

// newsOf names the kinds whose title alone could be taken for a new page.
func newsOf(k notification.Kind) string {
	switch k {
	case notification.KindResolved:
		return "Resolved"
	case notification.KindAcked:
		return "Acknowledged"
	case notification.KindTest:
		return "Test"
	}
	return ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func trimPrefixFold(s, prefix string) string {
	if hasPrefixFold(s, prefix) {
		return strings.TrimSpace(s[len(prefix):])
	}
	return s
}

// Paragraphs is the message below its headline: the code to type, the body, what
// was folded, why this person was told. Each is clean and may have lines.
func Paragraphs(m notification.Message, limit int) []string {
	var out []string
	if m.Drill {
		out = append(out, "This is a drill. Nothing is broken.")
	}
	if m.Code != "" {
		out = append(out, "Your code: "+OneLine(m.Code, 40))
	}
	if body := Lines(m.Body, limit); body != "" {
		out = append(out, body)
	}
	if m.Alerts > 1 {
		out = append(out, fmt.Sprintf("%d alerts.", m.Alerts))
	}
	if folded := FoldedLines(m, 200); len(folded) > 0 {
		out = append(out, "Held back until now:\n"+strings.Join(folded, "\n"))
	}
	if why := OneLine(m.Why, 300); why != "" {
		out = append(out, "Why you: "+why)
	}
	return out
}

// FoldedLines lists what was held back, one bulleted line each of at most limit
// runes; beyond twenty they are counted.
func FoldedLines(m notification.Message, limit int) []string {
	var out []string
	for i, line := range m.Folded {
		if i == maxFolded {
			out = append(out, fmt.Sprintf("• and %d more", len(m.Folded)-maxFolded+m.More))
			break
		}
		out = append(out, "• "+OneLine(line, limit))
	}
	return out
}

// Text is the whole message as plain text, for channels that have one field.
func Text(m notification.Message, limit int) string {
	all := append([]string{Headline(m, min(limit, 200))}, Paragraphs(m, limit)...)
	return Cut(strings.Join(all, "\n\n"), limit)
}
