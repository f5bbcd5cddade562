package scenario

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// names gives long ids short names, in the order in which they appear: a1 is
// the first alert, p1 the first page.
type names struct {
	short map[string]string
	long  map[string]string
	count map[string]int
}

func newNames() names {
	return names{short: map[string]string{}, long: map[string]string{}, count: map[string]int{}}
}

// longID is what fact.NewID makes: a letter and fifteen of Crockford's.
var longID = regexp.MustCompile(`\b[apv][0-9a-hjkmnp-tv-z]{15}\b`)

func (n *names) of(prefix, id string) string {
	if s, ok := n.short[id]; ok {
		return s
	}
	n.count[prefix]++
	s := fmt.Sprintf("%s%d", prefix, n.count[prefix])
	n.short[id], n.long[s] = s, id
	return s
}

// in shortens every id in a text.
func (n *names) in(text string) string {
	return longID.ReplaceAllStringFunc(text, func(id string) string { return n.of(id[:1], id) })
}

// full finds the id behind a short name.
func (n *names) full(short, what string) (string, error) {
	if id, ok := n.long[short]; ok {
		return id, nil
	}
	return "", fmt.Errorf("there is no %s %s yet", what, short)
}

// The transcript's first columns are padded to a fixed width, so that a longer
// line never moves its neighbours in a diff.
const (
	subjectWidth = 6
	textWidth    = 46
)

func (w *World) sayFact(f fact.Fact) {
	text := strings.ReplaceAll(w.names.in(f.Text), "\n", " / ")
	why := w.names.in(f.Why.Text)
	if f.Why.Rule != "" {
		why += " [" + w.names.in(f.Why.Rule) + "]"
	}
	w.say(fmt.Sprintf("%-*s %-*s because %s", subjectWidth, w.names.in(f.Subject), textWidth, text, strings.ReplaceAll(why, "\n", " / ")))
}

func (w *World) saySend(s notification.Send) {
	line := fmt.Sprintf("send   %s to %s: %s %q", w.names.in(s.Message.ID), s.Contact, s.Message.Kind, s.Message.Title)
	if s.Message.Drill {
		line += ", drill"
	}
	if s.Attempt > 1 {
		line += fmt.Sprintf(", attempt %d", s.Attempt)
	}
	w.say(line)
}

func (w *World) sayWake(k wakeKey, at time.Time) {
	if at.IsZero() {
		w.say(fmt.Sprintf("wake   %s: no more", w.wakeName(k)))
		return
	}
	w.say(fmt.Sprintf("wake   %s in %s, at %s", w.wakeName(k), plan.Duration(at.Sub(w.at)), w.clock(at)))
}

// wakeName is "p1 next step", as a person would say it.
func (w *World) wakeName(k wakeKey) string {
	switch s := w.states[k.stream].(type) {
	case *page.State:
		what := k.key
		if word, ok := nextWords[s.Next]; ok && k.key == page.WakeNext {
			what = word
		} else if user, ok := strings.CutPrefix(k.key, page.WakeCall); ok {
			what = "next contact of " + user
		}
		return w.names.in(s.ID) + " " + what
	case *alert.State:
		return w.names.in(s.ID) + " resolve timeout"
	}
	if k.stream.Kind() == alert.GroupKind {
		return w.names.of("g", string(k.stream)) + " group wait"
	}
	if k.stream.Kind() == notification.StreamKind {
		return k.stream.ID() + " queue"
	}
	return k.stream.ID() + " " + k.key
}

var nextWords = map[page.Next]string{
	page.NextRung: "next step", page.NextRepeat: "repeat", page.NextFallback: "fallback", page.NextReopen: "ack timeout",
}

// clock is a time as the scenario's zone shows it: the day only if it is not
// today, the seconds only if there are any.
func (w *World) clock(at time.Time) string {
	local, now := at.In(w.zone), w.at.In(w.zone)
	layout := "15:04"
	if local.Second() != 0 || local.Nanosecond() != 0 {
		layout = "15:04:05.999"
	}
	if local.Format(time.DateOnly) != now.Format(time.DateOnly) {
		layout = "Mon 2 Jan " + layout
	}
	return local.Format(layout)
}
