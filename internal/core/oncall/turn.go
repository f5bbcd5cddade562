package oncall

import "time"

// Turn is the time of one seat, [Start, End), whatever windows and the life of
// the layer make of it. Number is 1 for the turn that begins at the anchor.
type Turn struct {
	Number int       `json:"number"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
}

// TurnAt is the turn that runs at an instant. It is exact on both sides of the
// anchor: turns before it have numbers of 0 and below.
func (l *Layer) TurnAt(loc *time.Location, at time.Time) Turn {
	c := newWallClock(loc)
	t := l.turn(c.wall(at))
	return Turn{Number: int(t.index + 1), Start: c.instant(t.start), End: c.instant(t.end)}
}

// maxEvery keeps turn lengths far away from overflow: a million months.
const maxEvery = 1_000_000

func (l *Layer) every() int64 { return min(max(int64(l.Every), 1), maxEvery) }

// turn is a Turn in wall minutes, counted from 0.
type turn struct{ index, start, end int64 }

// turn finds the turn of a wall minute without walking from the anchor.
func (l *Layer) turn(wall int64) turn {
	unit := int64(minutesPerDay)
	switch l.Unit {
	case Month:
		return l.monthTurn(wall)
	case Week:
		unit = minutesPerWeek
	case Hour:
		unit = 60
	case Day:
		if days := l.daysOn(); l.CountDaysOn && days.perWeek() > 0 {
			return l.countedTurn(wall, days)
		}
	}
	anchor, length := l.Start.wall(), unit*l.every()
	n := floorDiv(wall-anchor, length)
	return turn{n, anchor + n*length, anchor + (n+1)*length}
}

// monthTurn counts calendar months. Every turn is computed from the anchor, not
// from the turn before, so a clamped day comes back: Jan 31, Feb 28, Mar 31.
func (l *Layer) monthTurn(wall int64) turn {
	anchor := calendar(l.Start.wall())
	begin := func(n int64) int64 {
		y, m := anchor.Year(), anchor.Month()+time.Month(n*l.every())
		last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC)
		return time.Date(last.Year(), last.Month(), min(anchor.Day(), last.Day()), anchor.Hour(), anchor.Minute(), 0, 0, time.UTC).Unix() / 60
	}
	now := calendar(wall)
	months := int64(now.Year()-anchor.Year())*12 + int64(now.Month()-anchor.Month())
	n := floorDiv(months, l.every())
	if begin(n) > wall {
		n--
	}
	return turn{n, begin(n), begin(n + 1)}
}

// calendar reads a wall minute as a date, in UTC because it has no zone.
func calendar(wall int64) time.Time { return time.Unix(wall*60, 0).UTC() }

// countedTurn counts only days on. The first turn begins at the anchor even on
// a day off, so that it has a beginning; every other one begins on a day on, at
// the anchor's time of day.
func (l *Layer) countedTurn(wall int64, days weekdays) turn {
	anchor := l.Start.wall()
	clock := floorMod(anchor, minutesPerDay)
	base := days.before(floorDiv(anchor, minutesPerDay))
	begin := func(n int64) int64 {
		if n == 0 {
			return anchor
		}
		return days.nth(base+n*l.every())*minutesPerDay + clock
	}
	begun := days.before(floorDiv(wall-clock, minutesPerDay)+1) - base
	n := floorDiv(begun-1, l.every())
	if n < 0 && wall >= anchor {
		n = 0
	}
	return turn{n, begin(n), begin(n + 1)}
}

// daysOn is the union of the windows' days.
func (l *Layer) daysOn() weekdays {
	if len(l.Windows) == 0 {
		return everyDay
	}
	var all weekdays
	for i := range l.Windows {
		all |= l.Windows[i].weekdays()
	}
	return all
}

// weekdays is a set of days of the week; bit 0 is Thursday, the weekday of day
// 0 (1970-01-01), so that weeks of seven bits line up with the day count.
type weekdays uint8

const everyDay weekdays = 1<<7 - 1

func (w *Window) weekdays() weekdays {
	if len(w.Days) == 0 {
		return everyDay
	}
	var set weekdays
	for _, d := range w.Days {
		if d >= time.Sunday && d <= time.Saturday {
			set |= 1 << floorMod(int64(d-time.Thursday), 7)
		}
	}
	return set
}

func (w weekdays) has(day int64) bool { return w&(1<<floorMod(day, 7)) != 0 }

func (w weekdays) perWeek() int64 {
	n := int64(0)
	for ; w != 0; w &= w - 1 {
		n++
	}
	return n
}

// before is how many days of the set lie in [0, day); negative for days below 0.
func (w weekdays) before(day int64) int64 {
	partial := w & (1<<floorMod(day, 7) - 1)
	return floorDiv(day, 7)*w.perWeek() + partial.perWeek()
}

// nth is the day d of the set with before(d) == n. The set is not empty.
func (w weekdays) nth(n int64) int64 {
	week := floorDiv(n, w.perWeek())
	day := week * 7
	for left := n - week*w.perWeek(); ; day++ {
		if w.has(day) {
			if left == 0 {
				return day
			}
			left--
		}
	}
}
