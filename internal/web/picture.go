package web

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"tocsin/internal/core/oncall"
)

// Picture is a schedule as a calendar: rows are layers, the result on top.
// Every place along the time is a share of the whole width in percent, so the
// drawing fits any screen and its words keep their size.
type Picture struct {
	Title  string
	Height int
	Days   []PictureDay
	Rows   []PictureRow
	NowX   string // empty: not in sight
	Now    Stamp
	Month  bool
}

// PictureDay is a column.
type PictureDay struct {
	X, W    string
	Word    string
	Weekend bool
	Note    string // "25 h": the clocks change on this day
}

// PictureRow is a layer, or the result.
type PictureRow struct {
	Name   string
	Result bool
	Y      int
	Bars   []Bar
}

// Bar is one shift, or a gap.
type Bar struct {
	X, W     string
	Word     string
	Tip      string
	Tone     int // which of the quiet tints
	Gap      bool
	Override bool
	Edge     bool // begins before the picture
}

// YLabel, YBar and YText place the words and bars of a row.
func (r PictureRow) YLabel() int { return r.Y + 14 }

// YBar is the top of the row's bars.
func (r PictureRow) YBar() int { return r.Y + 22 }

// Tall is the height of the row's bars.
func (r PictureRow) Tall() int {
	if r.Result {
		return 38
	}
	return 28
}

const (
	headTall = 44
	tints    = 6
)

// frameOf is the span that a picture shows.
type frameOf struct {
	from, to time.Time
	loc      *time.Location
}

func (f frameOf) x(t time.Time) float64 {
	if t.Before(f.from) {
		t = f.from
	}
	if t.After(f.to) {
		t = f.to
	}
	return 100 * float64(t.Sub(f.from)) / float64(f.to.Sub(f.from))
}

func percent(v float64) string { return fmt.Sprintf("%.3f%%", v) }

func (f frameOf) span(start, end time.Time) (x, w string) {
	return percent(f.x(start)), percent(f.x(end) - f.x(start))
}

// picture draws a schedule.
func (e *eye) picture(s *oncall.Schedule, f frameOf, month bool) Picture {
	p := Picture{Title: "Who is on call, " + scheduleName(s), Month: month, Now: Stamp{T: e.now, Now: e.now, Zone: f.loc}}
	p.Days = f.days(month)
	y := headTall
	result := PictureRow{Name: "On call", Result: true, Y: y}
	for _, sh := range s.Shifts(e.board.Overrides, f.from, f.to) {
		result.Bars = append(result.Bars, e.bar(s, f, sh))
	}
	for _, g := range s.Gaps(e.board.Overrides, f.from, f.to) {
		b := Bar{Gap: true, Word: "Nobody", Tip: fmt.Sprintf("Nobody, %s: %s", f.words(g.Start, g.End), g.Why.Text)}
		b.X, b.W = f.span(g.Start, g.End)
		if share(b.W) < 8 {
			b.Word = ""
		}
		result.Bars = append(result.Bars, b)
	}
	p.Rows = append(p.Rows, stackOverlaps(result)...)
	y = p.Rows[len(p.Rows)-1].Y + 72
	for i, l := range s.Layers {
		row := PictureRow{Name: "Layer " + layerName(l, i), Y: y}
		for _, sh := range s.LayerShifts(i, f.from, f.to) {
			row.Bars = append(row.Bars, e.bar(s, f, sh))
		}
		p.Rows = append(p.Rows, row)
		y += 60
	}
	p.Height = y
	if !e.now.Before(f.from) && e.now.Before(f.to) {
		p.NowX = percent(f.x(e.now))
	}
	return p
}

// stackOverlaps draws people who are on call together on lines of their own.
func stackOverlaps(r PictureRow) []PictureRow {
	lines := []PictureRow{r}
	lines[0].Bars = nil
	ends := []float64{0}
	bars := slices.Clone(r.Bars)
	slices.SortStableFunc(bars, func(a, b Bar) int { return int(1000 * (share(a.X) - share(b.X))) })
	for _, b := range bars {
		placed := false
		for i := range lines {
			if share(b.X) >= ends[i]-.01 {
				lines[i].Bars = append(lines[i].Bars, b)
				ends[i] = share(b.X) + share(b.W)
				placed = true
				break
			}
		}
		if !placed {
			next := PictureRow{Name: "and with them", Result: true, Y: lines[len(lines)-1].Y + 66, Bars: []Bar{b}}
			lines = append(lines, next)
			ends = append(ends, share(b.X)+share(b.W))
		}
	}
	return lines
}

func share(x string) float64 {
	var v float64
	_, _ = fmt.Sscanf(x, "%f%%", &v)
	return v
}

func layerName(l oncall.Layer, i int) string {
	if l.Name != "" {
		return l.Name
	}
	return fmt.Sprint(i + 1)
}

func (e *eye) bar(s *oncall.Schedule, f frameOf, sh oncall.Shift) Bar {
	name := e.person(sh.User).Name
	b := Bar{Word: name, Tone: e.tint(sh.User), Override: sh.Override != "", Edge: sh.Start.Equal(f.from),
		Tip: fmt.Sprintf("%s, %s: %s", name, f.words(sh.Start, sh.End), sh.Why.Text)}
	b.X, b.W = f.span(sh.Start, sh.End)
	b.Word = fitting(name, b.W)
	return b
}

// fitting is a name that fits its bar: whole, in two letters, or not at all.
// The tooltip and the list have it whole.
func fitting(name, width string) string {
	switch w := share(width); {
	case w >= 1.2+float64(utf8.RuneCountInString(name)):
		return name
	case w >= 2.8:
		return initials(name)
	}
	return ""
}

// tint gives each person of the plan one of a few quiet colours.
func (e *eye) tint(user string) int {
	return slices.IndexFunc(e.plan.Users, func(u planUser) bool { return u.ID == user }) % tints
}

func (f frameOf) words(start, end time.Time) string {
	a, b := start.In(f.loc), end.In(f.loc)
	if sameDay(a, b) {
		return a.Format("Mon 2 Jan 15:04") + " to " + b.Format("15:04 MST")
	}
	return a.Format("Mon 2 Jan 15:04") + " to " + b.Format("Mon 2 Jan 15:04 MST")
}

func (f frameOf) days(month bool) []PictureDay {
	var out []PictureDay
	for d := f.from.In(f.loc); d.Before(f.to); {
		next := time.Date(d.Year(), d.Month(), d.Day()+1, 0, 0, 0, 0, f.loc)
		day := PictureDay{Word: d.Format("Mon 2"), Weekend: d.Weekday() == time.Saturday || d.Weekday() == time.Sunday}
		if month {
			day.Word = d.Format("2")
		}
		midnight := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, f.loc)
		if hours := next.Sub(midnight).Hours(); hours != 24 {
			day.Note = fmt.Sprintf("%g h", hours)
		}
		day.X, day.W = f.span(d, next)
		out = append(out, day)
		d = next
	}
	return out
}

// weekOf and monthOf are the spans around a day, in a zone.
func weekOf(t time.Time, loc *time.Location) frameOf {
	t = t.In(loc)
	back := (int(t.Weekday()) + 6) % 7
	from := time.Date(t.Year(), t.Month(), t.Day()-back, 0, 0, 0, 0, loc)
	return frameOf{from: from, to: time.Date(from.Year(), from.Month(), from.Day()+7, 0, 0, 0, 0, loc), loc: loc}
}

func monthOf(t time.Time, loc *time.Location) frameOf {
	t = t.In(loc)
	return frameOf{from: time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, loc), to: time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, loc), loc: loc}
}
