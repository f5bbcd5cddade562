package intake

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core/signal"
)

// How far a source's clock may be from ours before its word is not used.
const (
	// maxAhead: a start that lies further ahead is a wrong clock.
	maxAhead = 10 * time.Minute
	// maxAge: a start that lies further back is a wrong clock or an unset one.
	maxAge = 10 * 366 * 24 * time.Hour
	// MaxEnd bounds how far ahead an end may lie; further means "never".
	MaxEnd = 10 * 366 * 24 * time.Hour
	// StaleEnd: an end this far back is still believed, but is worth a note,
	// since a firing alert from a clock that is behind looks just like it.
	StaleEnd = time.Hour
)

// ClockNote is the annotation that says that a source's time was not used.
const ClockNote = "tocsin_clock"

// Start checks the time at which a source says something began. A time that no
// right clock can have said comes back as zero ("unsaid": the time of receipt
// holds), with a note for the annotations.
func Start(said, now time.Time) (start time.Time, note string) {
	switch {
	case said.IsZero():
		return time.Time{}, ""
	case said.After(now.Add(maxAhead)):
		return time.Time{}, skewed("start", said, "ahead of the time of receipt, which is used instead")
	case said.Before(now.Add(-maxAge)):
		return time.Time{}, skewed("start", said, "too long before the time of receipt, which is used instead")
	}
	return said.UTC(), ""
}

// End checks the time at which a source says something ends. An end beyond
// MaxEnd is moved to it, so that no arithmetic overflows.
func End(said, now time.Time) (end time.Time, note string) {
	if said.After(now.Add(MaxEnd)) {
		return now.Add(MaxEnd).UTC(), skewed("end", said, "more than ten years ahead and was moved closer")
	}
	if said.IsZero() {
		return time.Time{}, ""
	}
	return said.UTC(), ""
}

// SetTimes sets both times of s as far as they can be believed, and notes in
// the annotations what was not.
func SetTimes(s *signal.Signal, start, end, now time.Time) {
	var notes [2]string
	s.StartsAt, notes[0] = Start(start, now)
	s.EndsAt, notes[1] = End(end, now)
	Annotate(s, ClockNote, strings.TrimPrefix(strings.TrimSuffix(notes[0]+"; "+notes[1], "; "), "; "))
}

func skewed(what string, said time.Time, how string) string {
	return fmt.Sprintf("the source's %s time %s lies %s", what, said.UTC().Format(time.RFC3339), how)
}

var errNoTime = errors.New("is not a time like 2026-08-22T10:00:00Z")

var digits = regexp.MustCompile(`^\d{9,19}$`)

// timeLayouts are what real clients send: RFC 3339, an offset without colon,
// no zone at all (taken as UTC), a space for the T.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z0700",
	"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999",
	time.RFC1123Z, time.RFC1123, "2006-01-02",
}

// ParseTime reads a time in any form that sources are known to send, Unix
// seconds, milliseconds, microseconds and nanoseconds included. The empty text
// is the zero time.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if digits.MatchString(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			return time.Time{}, errNoTime
		case len(text) <= 11:
			return time.Unix(n, 0).UTC(), nil
		case len(text) <= 14:
			return time.UnixMilli(n).UTC(), nil
		case len(text) <= 17:
			return time.UnixMicro(n).UTC(), nil
		}
		return time.Unix(0, n).UTC(), nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errNoTime
}
