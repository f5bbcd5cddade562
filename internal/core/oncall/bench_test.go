package oncall

import (
	"testing"
	"time"
)

// busy is a schedule as a large team has it: two rotations, nights above them,
// an hourly layer and a few overrides.
func busy(b *testing.B) (*Schedule, []Override) {
	b.Helper()
	start := local(b, "2016-01-04 09:00")
	s := &Schedule{ID: "s", Loc: zone(b, "America/Chicago"), Layers: []Layer{
		{Name: "primary", Seats: seats("A B C D E"), Unit: Week, Every: 1, Start: start},
		{Name: "office", Seats: seats("F G H"), Unit: Day, Every: 1, CountDaysOn: true, Start: start, Windows: []Window{window(b, workdays+" 09:00-17:00")}},
		{Name: "hourly", Seats: seats("I J K"), Unit: Hour, Every: 1, Start: start},
		{Name: "nights", Priority: 1, Seats: seats("L M"), Unit: Month, Every: 1, Start: start, Windows: []Window{window(b, "20:00-08:00")}},
	}}
	var overrides []Override
	for i := range 10 {
		from := instant(b, "2026-03-01 12:00 Z").AddDate(0, 0, 3*i)
		overrides = append(overrides, Override{ID: string(rune('a' + i)), Schedule: "s", Kind: Replace, User: "Z", Replaces: "A", Start: from, End: from.Add(8 * time.Hour)})
	}
	return s, overrides
}

func BenchmarkOn(b *testing.B) {
	s, overrides := busy(b)
	for _, c := range []struct{ name, at string }{
		{"far from a clock change", "2026-07-15 18:00 Z"},
		{"on the day of one", "2026-03-08 18:00 Z"},
		{"at night", "2026-07-15 03:00 Z"},
	} {
		b.Run(c.name, func(b *testing.B) {
			at := instant(b, c.at)
			b.ReportAllocs()
			for b.Loop() {
				if len(s.On(overrides, at)) == 0 {
					b.Fatal("nobody")
				}
			}
		})
	}
}

func BenchmarkShifts(b *testing.B) {
	s, overrides := busy(b)
	from := instant(b, "2026-03-01 00:00 Z")
	b.ReportAllocs()
	for b.Loop() {
		if len(s.Shifts(overrides, from, from.AddDate(0, 0, 28))) == 0 {
			b.Fatal("no shifts")
		}
	}
}

func BenchmarkNextChange(b *testing.B) {
	s := &Schedule{Loc: zone(b, "Europe/Berlin"), Layers: []Layer{{Seats: seats("A"), Unit: Day, Every: 1, Start: local(b, "2016-01-04")}}}
	at := instant(b, "2026-03-01 00:00 Z")
	b.ReportAllocs()
	for b.Loop() {
		if !s.NextChange(nil, at).IsZero() {
			b.Fatal("a change")
		}
	}
}
