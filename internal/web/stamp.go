package web

import (
	"fmt"
	"time"
)

// Stamp is an instant as one viewer sees it: it carries the viewer's zone and
// the time of the answer, so that templates need neither.
type Stamp struct {
	T    time.Time
	Now  time.Time
	Zone *time.Location
}

// Set says whether there is an instant.
func (s Stamp) Set() bool { return !s.T.IsZero() }

// Past says whether it has come.
func (s Stamp) Past() bool { return !s.T.After(s.Now) }

func (s Stamp) local() time.Time {
	if s.Zone == nil {
		return s.T.UTC()
	}
	return s.T.In(s.Zone)
}

// ISO is for machines.
func (s Stamp) ISO() string { return s.T.UTC().Format(time.RFC3339) }

// Clock is the time of day, with its date unless that is today.
func (s Stamp) Clock() string {
	t := s.local()
	now := Stamp{T: s.Now, Zone: s.Zone}.local()
	switch {
	case sameDay(t, now):
		return t.Format("15:04 MST")
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan, 15:04 MST")
	}
	return t.Format("2 Jan 2006, 15:04 MST")
}

// Full is the tooltip: the viewer's time and UTC.
func (s Stamp) Full() string {
	return s.local().Format("Monday 2 January 2006, 15:04:05 MST") + " · " + s.T.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// Input is the value of a form field for a local time.
func (s Stamp) Input() string { return s.local().Format("2006-01-02T15:04") }

// Rel is how long ago it was, or how long it still takes.
func (s Stamp) Rel() string {
	d := s.Now.Sub(s.T)
	switch {
	case d < -5*time.Second:
		return "in " + roughly(-d)
	case d < 5*time.Second:
		return "just now"
	}
	return roughly(d) + " ago"
}

// For is the bare length of time since, or until.
func (s Stamp) For() string { return roughly(s.Now.Sub(s.T).Abs()) }

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// roughly says a length of time in one unit, as people do; app.js says it the
// same way while the clock runs on.
func roughly(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 90:
		return fmt.Sprintf("%d s", s)
	case s < 90*60:
		return fmt.Sprintf("%d min", s/60)
	case s < 36*3600:
		return fmt.Sprintf("%d h", s/3600)
	}
	return plural(s/86400, "day")
}
