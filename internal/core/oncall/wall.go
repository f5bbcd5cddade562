package oncall

import (
	"math"
	"time"
)

// A wall minute counts minutes from 1970-01-01 00:00 on a wall clock, whatever
// the zone. All turns and windows are whole wall minutes, so a layer is plain
// integer arithmetic; only its edges are translated to instants.
const (
	minutesPerDay  = 24 * 60
	minutesPerWeek = 7 * minutesPerDay
	// farOff stands for "never" on either side; two million years.
	farOff = int64(1) << 40
	// maxOffset is more seconds than any zone was ever away from UTC.
	maxOffset = 24 * 60 * 60
)

// wall is the wall minute of a local time.
func (l LocalTime) wall() int64 {
	midnight := time.Date(l.Year, l.Month, l.Day, 0, 0, 0, 0, time.UTC)
	return midnight.Unix()/60 + int64(l.Clock)
}

// In is the instant at which a wall clock in loc first shows l or later: a
// time of a skipped hour is the first instant after the gap, a time of a
// repeated hour is its first occurrence. Nil means UTC.
func (l LocalTime) In(loc *time.Location) time.Time {
	c := newWallClock(loc)
	return c.instant(l.wall())
}

// wallClock translates between instants and wall minutes of one zone. It
// remembers the last stretch of constant offset, so it belongs to one caller.
type wallClock struct {
	loc                  *time.Location
	since, until, offset int64 // Unix seconds; offset in seconds
}

func newWallClock(loc *time.Location) wallClock {
	if loc == nil {
		loc = time.UTC
	}
	return wallClock{loc: loc}
}

// stretch is the time around unix in which the offset does not change.
func (c *wallClock) stretch(unix int64) (since, until, offset int64) {
	if unix >= c.since && unix < c.until {
		return c.since, c.until, c.offset
	}
	t := time.Unix(unix, 0).In(c.loc)
	_, seconds := t.Zone()
	start, end := t.ZoneBounds()
	c.since, c.until, c.offset = math.MinInt64, math.MaxInt64, int64(seconds)
	if !start.IsZero() {
		c.since = start.Unix()
	}
	if !end.IsZero() {
		c.until = end.Unix()
	}
	return c.since, c.until, c.offset
}

// instant is the first instant at which the wall clock shows the minute or a
// later one. It never decreases as the minute grows, therefore edges in order
// on the wall are edges in order in time, and a turn that lies wholly in a
// skipped hour has no length.
func (c *wallClock) instant(wall int64) time.Time {
	target := wall * 60
	if wall <= -farOff || wall >= farOff {
		return time.Unix(target, 0).In(c.loc)
	}
	for unix := target - maxOffset; ; {
		_, until, offset := c.stretch(unix)
		if first := max(unix, target-offset); first < until {
			return time.Unix(first, 0).In(c.loc)
		}
		unix = until
	}
}

// wall is the latest wall minute that has come by the instant: the inverse of
// instant. In a repeated hour the clock has been further already, so this is
// the last minute before it was set back.
func (c *wallClock) wall(at time.Time) int64 {
	unix := at.Unix()
	since, _, offset := c.stretch(unix)
	wall := floorDiv(unix+offset, 60)
	for since > unix-2*maxOffset {
		end := since
		since, _, offset = c.stretch(end - 1)
		wall = max(wall, floorDiv(end-1+offset, 60))
	}
	return wall
}

// floorDiv rounds down also below zero, where Go's division rounds up.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// floorMod is never negative for a positive b.
func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
