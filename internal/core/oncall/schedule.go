// Package oncall answers who is on call at an instant, and for how long. It is
// arithmetic on local wall-clock time and nothing else: no clock, no disk, no
// zone loading (zones arrive loaded). Preview, history and paging all ask the
// same functions, so they cannot disagree.
package oncall

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ClockTime is a time of day in minutes after local midnight, 0 to 1440.
type ClockTime int

// ParseClock reads "09:00"; "24:00" is allowed as the end of a day.
func ParseClock(text string) (ClockTime, error) {
	h, m, ok := strings.Cut(text, ":")
	ok = ok && !strings.ContainsAny(text, "+-") // Atoi takes signs
	hours, errH := strconv.Atoi(h)
	minutes, errM := strconv.Atoi(m)
	if !ok || errH != nil || errM != nil || len(m) != 2 || hours < 0 || minutes < 0 || minutes > 59 || hours*60+minutes > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day like 09:00", text)
	}
	return ClockTime(hours*60 + minutes), nil
}

func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText writes "09:00".
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "09:00".
func (c *ClockTime) UnmarshalText(b []byte) error {
	v, err := ParseClock(string(b))
	*c = v
	return err
}

// Unit is the length of a turn's unit on the local calendar.
type Unit string

// The units. A month clamps to its last day: Jan 31 + 1 month is Feb 28 or 29.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
)

// Window is a daily span of local time on given weekdays. Start == End is the
// whole day; Start > End runs over midnight and belongs to the day it starts.
type Window struct {
	Days  []time.Weekday `json:"days,omitempty"` // empty: every day
	Start ClockTime      `json:"start"`
	End   ClockTime      `json:"end"`
}

// Vacant is the member of a seat that nobody holds: it keeps the cadence.
const Vacant = ""

// Layer is one rotation of a schedule.
type Layer struct {
	Name string `json:"name"`
	// Priority: a higher layer covers a lower one; equal ones are on call
	// together. PagerDuty's layers count upward, Opsgenie's are all 0.
	Priority int `json:"priority,omitempty"`
	// Seats take turns; the people of one seat are on call together. A seat
	// without people is vacant: it keeps the cadence, covers no lower layer and
	// is a gap if none shows through.
	Seats [][]string `json:"seats"`
	Unit  Unit       `json:"unit"`
	Every int        `json:"every"` // units in one turn, at least 1
	// Start is the anchor: a local date and time in the schedule's zone, the
	// beginning of the first seat's first turn.
	Start LocalTime `json:"start"`
	// From is when the layer begins to matter, if that is not Start: turns are
	// counted from Start (before it too), and the layer is silent before From.
	// A rotation that joins in the middle of a turn needs both.
	From LocalTime `json:"from,omitzero"`
	// Until ends the layer, exclusive; the zero value is never.
	Until LocalTime `json:"until,omitzero"`
	// Windows restrict the layer; outside them it is silent and lower layers
	// show through. Empty: always.
	Windows []Window `json:"windows,omitempty"`
	// CountDaysOn makes turns count only the days that Windows select, so a
	// weekend nobody works costs nobody a turn. Unit must be Day.
	CountDaysOn bool `json:"count_days_on,omitempty"`
}

// LocalTime is a date and time of day without a zone, as calendars write it.
type LocalTime struct {
	Year  int
	Month time.Month
	Day   int
	Clock ClockTime
}

// IsZero says whether the time is unset.
func (l LocalTime) IsZero() bool { return l == LocalTime{} }

func (l LocalTime) String() string {
	return fmt.Sprintf("%04d-%02d-%02d %s", l.Year, int(l.Month), l.Day, l.Clock)
}

// ParseLocal reads "2026-03-29 09:00" or "2026-03-29" (midnight).
func ParseLocal(text string) (LocalTime, error) {
	date, clock, _ := strings.Cut(strings.Replace(text, "T", " ", 1), " ")
	d, err := time.Parse("2006-01-02", date)
	if err != nil {
		return LocalTime{}, fmt.Errorf("%q is not a local time like 2026-03-29 09:00", text)
	}
	l := LocalTime{Year: d.Year(), Month: d.Month(), Day: d.Day()}
	if clock != "" {
		if l.Clock, err = ParseClock(clock); err != nil {
			return LocalTime{}, fmt.Errorf("%q is not a local time like 2026-03-29 09:00", text)
		}
	}
	return l, nil
}

// MarshalText writes "2026-03-29 09:00", or nothing for the zero value.
func (l LocalTime) MarshalText() ([]byte, error) {
	if l.IsZero() {
		return nil, nil
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (l *LocalTime) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*l = LocalTime{}
		return nil
	}
	v, err := ParseLocal(string(b))
	*l = v
	return err
}

// Schedule is a set of layers in one zone.
type Schedule struct {
	ID     string  `json:"id"`
	Name   string  `json:"name,omitempty"`
	Zone   string  `json:"zone"` // IANA name
	Layers []Layer `json:"layers"`
	// Loc is Zone, loaded by whoever built the plan. Nil means UTC.
	Loc *time.Location `json:"-"`
}

// OverrideKind says what an override does.
type OverrideKind string

// The kinds. Add joins User; Remove takes out Replaces; Replace puts User in
// Replaces' place (everybody's if Replaces is empty, and then also where nobody
// was on call); Only makes User, with those of other Only overrides at that
// time, the whole schedule (a temporary schedule; without a User it keeps the
// time empty). Overrides read the layers' result and never each other's: A to
// B and B to C do not chain. Of two that move the same person, the one created
// later wins.
const (
	Add     OverrideKind = "add"
	Remove  OverrideKind = "remove"
	Replace OverrideKind = "replace"
	Only    OverrideKind = "only"
)

// Override is a run-time change to a schedule, [Start, End).
type Override struct {
	ID       string       `json:"id"`
	Schedule string       `json:"schedule"`
	Kind     OverrideKind `json:"kind"`
	User     string       `json:"user,omitempty"`
	Replaces string       `json:"replaces,omitempty"`
	Start    time.Time    `json:"start"`
	End      time.Time    `json:"end"`
	By       string       `json:"by,omitempty"`
	Comment  string       `json:"comment,omitempty"`
	Created  time.Time    `json:"created"`
}
