package oncall

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// changes are clock changes worth being near: skipped and repeated hours, half
// hours, midnights and a whole day, and one beyond every printed table.
var changes = []struct{ zone, at string }{
	{"America/Chicago", "2020-03-08 08:00 Z"}, {"America/Chicago", "2020-11-01 07:00 Z"},
	{"Europe/Berlin", "2026-03-29 01:00 Z"}, {"Europe/Berlin", "2026-10-25 01:00 Z"},
	{"Australia/Lord_Howe", "2020-10-03 15:30 Z"}, {"Australia/Lord_Howe", "2021-04-03 15:00 Z"},
	{"Africa/Cairo", "2024-04-25 22:00 Z"}, {"Africa/Cairo", "2024-10-31 21:00 Z"},
	{"America/Sao_Paulo", "2018-02-18 02:00 Z"}, {"Pacific/Apia", "2011-12-30 10:00 Z"},
	{"Pacific/Kwajalein", "1993-08-21 12:00 Z"}, {"America/Juneau", "1867-10-19 00:31 Z"},
	{"Africa/Casablanca", "2026-02-15 02:00 Z"}, {"America/New_York", "2099-11-01 06:00 Z"},
	{"Asia/Kathmandu", "2026-01-01 00:00 Z"}, {"UTC", "2026-06-01 00:00 Z"},
}

// scene is a random schedule near a clock change.
type scene struct {
	*Schedule
	change time.Time
}

func drawScene(t *rapid.T, zones map[string]*time.Location) scene {
	c := rapid.SampledFrom(changes).Draw(t, "change")
	at, err := time.Parse("2006-01-02 15:04 Z", c.at)
	if err != nil {
		t.Fatal(err)
	}
	s := &Schedule{ID: "s", Zone: c.zone, Loc: zones[c.zone]}
	for i := range rapid.IntRange(1, 4).Draw(t, "layers") {
		s.Layers = append(s.Layers, drawLayer(t, fmt.Sprintf("l%d", i), at.In(s.Loc)))
	}
	return scene{s, at}
}

// loadZones loads what drawScene needs, outside of rapid's repeats.
func loadZones(t *testing.T) map[string]*time.Location {
	t.Helper()
	zones := map[string]*time.Location{}
	for _, c := range changes {
		zones[c.zone] = zone(t, c.zone)
	}
	return zones
}

func drawLocal(t *rapid.T, label string, near time.Time, days int) LocalTime {
	day := near.AddDate(0, 0, rapid.IntRange(-days, days).Draw(t, label+" day"))
	return LocalTime{day.Year(), day.Month(), day.Day(), drawClock(t, label, 1439)}
}

// drawClock prefers the small hours and round times, where clocks change.
func drawClock(t *rapid.T, label string, last int) ClockTime {
	return ClockTime(rapid.OneOf(
		rapid.SampledFrom([]int{0, 15, 30, 60, 90, 120, 135, 150, 180, 480, 1200}),
		rapid.IntRange(0, last),
	).Draw(t, label+" clock"))
}

func drawLayer(t *rapid.T, name string, near time.Time) Layer {
	l := Layer{
		Name:     name,
		Priority: rapid.IntRange(0, 2).Draw(t, name+" priority"),
		Unit:     rapid.SampledFrom([]Unit{Hour, Hour, Day, Day, Week, Month}).Draw(t, name+" unit"),
		Every:    rapid.IntRange(1, 5).Draw(t, name+" every"),
		Start:    drawLocal(t, name+" start", near, 400),
		Seats: rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"ana", "bo", "chen", "dee", Vacant}), 0, 2), 1, 4).
			Draw(t, name+" seats"),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, name+" windows") {
		label := fmt.Sprintf("%s window %d", name, i)
		l.Windows = append(l.Windows, Window{
			Days:  rapid.SliceOfN(rapid.SampledFrom([]time.Weekday{0, 1, 2, 3, 4, 5, 6}), 0, 6).Draw(t, label),
			Start: drawClock(t, label+" start", 1440), End: drawClock(t, label+" end", 1440),
		})
	}
	if rapid.Bool().Draw(t, name+" joins") {
		l.From = drawLocal(t, name+" from", near, 3)
	}
	if rapid.Bool().Draw(t, name+" ends") {
		l.Until = drawLocal(t, name+" until", near, 5)
	}
	l.CountDaysOn = l.Unit == Day && rapid.Bool().Draw(t, name+" counts")
	return l
}

func drawOverrides(t *rapid.T, near time.Time) []Override {
	var list []Override
	people := []string{"", "ana", "bo", "chen", "dee", "eli"}
	for i := range rapid.IntRange(0, 4).Draw(t, "overrides") {
		label := fmt.Sprintf("o%d", i)
		start := near.Add(time.Duration(rapid.IntRange(-72*60, 72*60).Draw(t, label+" start")) * time.Minute)
		list = append(list, Override{ID: label, Schedule: rapid.SampledFrom([]string{"s", "s", "s", "other"}).Draw(t, label+" schedule"),
			Kind: rapid.SampledFrom([]OverrideKind{Add, Remove, Replace, Replace, Only, "odd"}).Draw(t, label+" kind"),
			User: rapid.SampledFrom(people).Draw(t, label+" user"), Replaces: rapid.SampledFrom(people).Draw(t, label+" replaces"),
			Start: start, End: start.Add(time.Duration(rapid.IntRange(-60, 48*60).Draw(t, label+" length")) * time.Minute),
			Created: time.Unix(int64(rapid.IntRange(0, 3).Draw(t, label+" created")), 0)})
	}
	return list
}

// A local time by its definition: the first instant at which a clock on the
// wall shows it or later. Stepping back two days finds any earlier one.
func TestPropertyLocalTimeIsTheFirstInstant(t *testing.T) {
	t.Parallel()
	zones := loadZones(t)
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t, zones)
		l := drawLocal(t, "time", sc.change.In(sc.Loc), 1)
		want := l.wall()
		shows := func(at time.Time) bool {
			_, offset := at.In(sc.Loc).Zone()
			return at.Unix()+int64(offset) >= want*60
		}
		got := l.In(sc.Loc)
		if !shows(got) {
			t.Fatalf("%s: the clock shows %s only later", l, got)
		}
		for back := time.Second; back < 50*time.Hour; back += 7 * time.Minute {
			if shows(got.Add(-back)) {
				t.Fatalf("%s: %s was not the first, %s before it was", l, got, back)
			}
		}
		c := newWallClock(sc.Loc)
		if w := c.wall(got); w < want || !c.instant(w).Equal(got) {
			t.Fatalf("%s: wall and instant are no inverses: %d, %d", l, want, w)
		}
		if w := c.wall(got.Add(-1)); w >= want {
			t.Fatalf("%s: wall minute %d came already before %s", l, want, got)
		}
	})
}

// Turns touch each other, hold the instant asked about and count up by one,
// save for those that a skipped hour swallows.
func TestPropertyTurnsTile(t *testing.T) {
	t.Parallel()
	zones := loadZones(t)
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t, zones)
		l := &sc.Layers[0]
		at := sc.change.Add(time.Duration(rapid.Int64Range(-int64(3000*time.Hour), int64(3000*time.Hour)).Draw(t, "at")))
		turn := l.TurnAt(sc.Loc, at)
		if turn.Start.After(at) || !turn.End.After(at) {
			t.Fatalf("turn %v does not hold %s", turn, at)
		}
		next, before := l.TurnAt(sc.Loc, turn.End), l.TurnAt(sc.Loc, turn.Start.Add(-1))
		if !next.Start.Equal(turn.End) || !before.End.Equal(turn.Start) {
			t.Fatalf("%v, %v and %v do not touch", before, turn, next)
		}
		if next.Number <= turn.Number || before.Number >= turn.Number || sc.Zone == "UTC" && next.Number != turn.Number+1 {
			t.Fatalf("%v, %v and %v do not count up", before, turn, next)
		}
	})
}

// Counting days on by weeks is the same as walking the days from the anchor.
func TestPropertyCountedDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayer(t, "l", time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
		l.Unit, l.CountDaysOn = Day, true
		days := l.daysOn()
		count := -1
		first := floorDiv(l.Start.wall(), minutesPerDay)
		for d := range int64(60) {
			if days.has(first + d) {
				count++
			}
			at := l.Start
			at.Day += int(d)
			want := max(0, count/l.Every)
			if got := l.TurnAt(time.UTC, at.In(nil)).Number - 1; got != want {
				t.Fatalf("day %d: turn %d, want %d", d, got, want)
			}
		}
	})
}

// A naive reading of one layer in a zone without clock changes, minute by
// minute, agrees with the arithmetic on where windows are open.
func TestPropertyWindowsMinuteByMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayer(t, "l", time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
		base := LocalTime{Year: 2024, Month: 6, Day: 1}.wall()
		m := base + int64(rapid.IntRange(0, 14*minutesPerDay).Draw(t, "minute"))
		got := l.window(m)
		if naivelyOpen(&l, m) != got.on {
			t.Fatalf("minute %d: open is %v", m, got.on)
		}
		const far = 9 * minutesPerDay // no hole and no window is longer, unless for ever
		end, start := m+1, m
		for end < m+far && naivelyOpen(&l, end) == got.on {
			end++
		}
		for start > m-far && naivelyOpen(&l, start-1) == got.on {
			start--
		}
		if end != min(got.end, m+far) || start != max(got.start, m-far) {
			t.Fatalf("minute %d is %+v, want %d to %d", m, got, start, end)
		}
	})
}

// What a layer does has no holes and no overlaps, whatever begins and ends it.
func TestPropertyStatesTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		near := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
		l := drawLayer(t, "l", near)
		m := near.Unix()/60 + int64(rapid.IntRange(-10*minutesPerDay, 10*minutesPerDay).Draw(t, "minute"))
		s := l.at(m)
		if m < s.start || m >= s.end {
			t.Fatalf("%+v does not hold %d", s, m)
		}
		if s.end < farOff && l.at(s.end).start != s.end {
			t.Fatalf("%+v and %+v do not touch", s, l.at(s.end))
		}
		if s.start > -farOff && l.at(s.start-1).end != s.start {
			t.Fatalf("%+v and %+v do not touch", l.at(s.start-1), s)
		}
	})
}

func naivelyOpen(l *Layer, minute int64) bool {
	at := time.Unix(minute*60, 0).UTC()
	clock, today := ClockTime(at.Hour()*60+at.Minute()), at.Weekday()
	yesterday := (today + 6) % 7
	for _, w := range l.Windows {
		has := func(d time.Weekday) bool { return len(w.Days) == 0 || slices.Contains(w.Days, d) }
		over := w.Start >= w.End
		switch {
		case has(today) && clock >= w.Start && (over || clock < w.End):
			return true
		case has(yesterday) && over && clock < w.End:
			return true
		case has(yesterday) && w.Start == 24*60 && w.End == 24*60: // a day that begins at its end
			return true
		}
	}
	return len(l.Windows) == 0
}

// On, Shifts, Gaps and NextChange are one truth.
func TestPropertyOnAgreesWithShifts(t *testing.T) {
	t.Parallel()
	zones := loadZones(t)
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t, zones)
		overrides := drawOverrides(t, sc.change)
		from, to := sc.change.Add(-40*time.Hour), sc.change.Add(40*time.Hour)
		shifts, gaps := sc.Shifts(overrides, from, to), sc.Gaps(overrides, from, to)
		checkOrder(t, shifts, from, to)
		answers := answers{sc.Schedule, overrides, shifts, gaps}
		instants := []time.Time{from, sc.change, sc.change.Add(-1)}
		for _, s := range shifts {
			instants = append(instants, s.Start, s.End.Add(-1), s.Start.Add(s.End.Sub(s.Start)/2))
		}
		for _, g := range gaps {
			instants = append(instants, g.Start, g.End.Add(-1))
		}
		for range 20 {
			instants = append(instants, from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))-1).Draw(t, "at"))))
		}
		for _, at := range instants {
			answers.check(t, at)
		}
	})
}

// checkOrder: inside the question, in order, nobody twice at a time, every
// shift with a length and a reason.
func checkOrder(t *rapid.T, shifts []Shift, from, to time.Time) {
	last := map[string]time.Time{}
	for i, s := range shifts {
		if s.Start.Before(from) || s.End.After(to) || !s.Start.Before(s.End) || s.User == "" || s.Why.Text == "" {
			t.Fatalf("odd shift %+v", s)
		}
		if i > 0 && (s.Start.Before(shifts[i-1].Start) || s.Start.Equal(shifts[i-1].Start) && s.User <= shifts[i-1].User) {
			t.Fatalf("%+v is not after %+v", s, shifts[i-1])
		}
		if s.Start.Before(last[s.User]) {
			t.Fatalf("%+v overlaps another of the same person", s)
		}
		last[s.User] = s.End
	}
}

// answers are what a schedule says of one span.
type answers struct {
	*Schedule
	overrides []Override
	shifts    []Shift
	gaps      []Gap
}

// check holds On at one instant against the answers for the span around it.
func (a *answers) check(t *rapid.T, at time.Time) {
	duties := a.On(a.overrides, at)
	var want []Duty
	for _, sh := range a.shifts {
		if at.Before(sh.Start) || !at.Before(sh.End) {
			continue
		}
		want = append(want, Duty{User: sh.User, Layer: sh.Layer, Override: sh.Override, Why: sh.Why})
		i := slices.IndexFunc(duties, func(d Duty) bool { return d.User == sh.User })
		if i < 0 {
			t.Fatalf("at %s %s has a shift and is not on call", at, sh.User)
		}
		// The question cuts shifts; a duty is whole.
		from, to := a.shifts[0].Start, sh.End
		for _, other := range a.shifts {
			to = maxTime(to, other.End)
		}
		if sh.Start.After(from) && !duties[i].Since.Equal(sh.Start) || sh.End.Before(to) && !duties[i].Until.Equal(sh.End) {
			t.Fatalf("at %s duty %+v is not shift %+v", at, duties[i], sh)
		}
		if duties[i].Since.After(sh.Start) || duties[i].Until.Before(sh.End) {
			t.Fatalf("at %s duty %+v is shorter than shift %+v", at, duties[i], sh)
		}
	}
	slices.SortFunc(want, func(a, b Duty) int { return cmp.Compare(a.User, b.User) })
	plain := slices.Clone(duties)
	for i := range plain {
		plain[i].Since, plain[i].Until = time.Time{}, time.Time{}
	}
	if !slices.Equal(plain, want) {
		t.Fatalf("at %s On says %+v, Shifts %+v", at, plain, want)
	}
	inGap := slices.ContainsFunc(a.gaps, func(g Gap) bool { return !at.Before(g.Start) && at.Before(g.End) })
	if inGap == (len(duties) > 0) || inGap == (a.Nobody(a.overrides, at).Code == "") {
		t.Fatalf("at %s in a gap: %v, on call: %v, why nobody: %v", at, inGap, duties, a.Nobody(a.overrides, at))
	}
}

// maxTime is the later of two.
func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Until NextChange the same people are on call, from then on others.
func TestPropertyNextChange(t *testing.T) {
	t.Parallel()
	zones := loadZones(t)
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t, zones)
		overrides := drawOverrides(t, sc.change)
		at := sc.change.Add(time.Duration(rapid.Int64Range(-int64(40*time.Hour), int64(40*time.Hour)).Draw(t, "at")))
		now, next := names(sc.Schedule, overrides, at), sc.NextChange(overrides, at)
		end := next
		if next.IsZero() {
			end = at.Add(lookAhead)
		} else if !next.After(at) || names(sc.Schedule, overrides, next) == now {
			t.Fatalf("after %s: nothing changes at %s", at, next)
		}
		for range 20 {
			between := at.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(at))-1).Draw(t, "between")))
			if got := names(sc.Schedule, overrides, between); got != now {
				t.Fatalf("%s from %s, but %s at %s before %s", now, at, got, between, next)
			}
		}
	})
}
