package oncall

import (
	"testing"
	"time"
)

func TestWindows(t *testing.T) {
	t.Parallel()
	// 2017-07-24 is a Monday.
	cases := []struct {
		window  string
		on, off []string
	}{
		{"Mo 08:00-20:00",
			[]string{"2017-07-24 08:00 Z", "2017-07-24 19:59 Z"},
			[]string{"2017-07-24 07:59 Z", "2017-07-24 20:00 Z", "2017-07-25 09:00 Z"}},
		{"Mo 20:00-08:00",
			[]string{"2017-07-24 20:00 Z", "2017-07-25 07:00 Z"},
			[]string{"2017-07-25 08:00 Z", "2017-07-24 09:00 Z", "2017-07-24 07:00 Z"}},
		{workdays + " 08:00-08:00",
			[]string{"2017-07-24 08:00 Z", "2017-07-25 07:00 Z", "2017-07-27 12:00 Z", "2017-07-29 07:00 Z"},
			[]string{"2017-07-24 07:00 Z", "2017-07-29 08:00 Z", "2017-07-30 12:00 Z"}},
		{workdays + " 20:00-08:00",
			[]string{"2017-07-28 20:00 Z", "2017-07-29 07:59 Z", "2017-07-24 20:00 Z"},
			[]string{"2017-07-29 08:00 Z", "2017-07-30 20:00 Z", "2017-07-24 07:00 Z", "2017-07-26 12:00 Z"}},
		{"Su 00:00-24:00",
			[]string{"2017-07-23 00:00 Z", "2017-07-23 23:59 Z"},
			[]string{"2017-07-22 23:59 Z", "2017-07-24 00:00 Z"}},
		{"00:00-00:00", []string{"2017-07-23 00:00 Z", "2017-07-26 23:59 Z"}, nil},
	}
	for _, c := range cases {
		t.Run(c.window, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: []Layer{always(t, "A", 0, c.window)}}
			for _, at := range c.on {
				if got := names(s, nil, instant(t, at)); got != "A" {
					t.Errorf("%s at %s: %s is on call", c.window, at, got)
				}
			}
			for _, at := range c.off {
				if got := names(s, nil, instant(t, at)); got != "-" {
					t.Errorf("%s at %s: %s is on call", c.window, at, got)
				}
			}
		})
	}
}

// A window is the time between two instants, so on the day of a repeated hour
// it is one piece: a rule that reads the clock minute by minute would hand over
// twice within the hour.
func TestWindowAcrossAClockChange(t *testing.T) {
	t.Parallel()
	newYork := zone(t, "America/New_York")
	cases := []struct{ name, window, day, start, end string }{
		{"spring, over the gap", "Su 01:30-03:15", "2026-03-08", "2026-03-08 01:30 -05:00", "2026-03-08 03:15 -04:00"},
		{"spring, begins in the gap", "Su 02:30-04:00", "2026-03-08", "2026-03-08 03:00 -04:00", "2026-03-08 04:00 -04:00"},
		{"spring, ends in the gap", "Su 01:00-02:30", "2026-03-08", "2026-03-08 01:00 -05:00", "2026-03-08 03:00 -04:00"},
		{"autumn, over the repeat", "Su 01:30-03:15", "2026-11-01", "2026-11-01 01:30 -04:00", "2026-11-01 03:15 -05:00"},
		{"autumn, ends in the repeat", "Su 00:00-01:30", "2026-11-01", "2026-11-01 00:00 -04:00", "2026-11-01 01:30 -04:00"},
		{"autumn, a whole day", "Su 00:00-00:00", "2026-11-01", "2026-11-01 00:00 -04:00", "2026-11-02 00:00 -05:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: []Layer{always(t, "A", 0, c.window)}, Loc: newYork}
			from := local(t, c.day).In(newYork)
			got := s.Shifts(nil, from.Add(-time.Hour), from.Add(30*time.Hour))
			if len(got) != 1 || !got[0].Start.Equal(instant(t, c.start)) || !got[0].End.Equal(instant(t, c.end)) {
				t.Errorf("got %v, want %s to %s", got, c.start, c.end)
			}
		})
	}
}

func TestWindowInsideASkippedHourIsEmptyThatDay(t *testing.T) {
	t.Parallel()
	s := &Schedule{Layers: []Layer{always(t, "A", 0, "02:00-02:45")}, Loc: zone(t, "America/New_York")}
	got := s.Shifts(nil, instant(t, "2026-03-07 12:00 Z"), instant(t, "2026-03-09 12:00 Z"))
	if len(got) != 1 || !got[0].Start.Equal(instant(t, "2026-03-09 02:00 -04:00")) {
		t.Errorf("got %v, want only the shift of the day after", got)
	}
}

// The hole between two windows is as long as nothing on the day the clock skips
// it: the shift goes on, from both sides.
func TestHoleInsideASkippedHourCutsNoDuty(t *testing.T) {
	t.Parallel()
	newYork := zone(t, "America/New_York")
	layer := always(t, "A", 0, "00:00-02:15")
	layer.Windows = append(layer.Windows, window(t, "02:45-24:00"))
	s := &Schedule{Layers: []Layer{layer}, Loc: newYork}
	for _, at := range []string{"2026-03-08 00:30", "2026-03-08 03:00", "2026-03-08 23:00"} {
		got := s.On(nil, local(t, at).In(newYork))
		if len(got) != 1 || !got[0].Since.Equal(instant(t, "2026-03-08 00:00 -05:00")) || !got[0].Until.Equal(instant(t, "2026-03-09 00:00 -04:00")) {
			t.Errorf("at %s: %+v, want the whole day", at, got)
		}
	}
	if got := s.On(nil, local(t, "2026-03-09 01:00").In(newYork)); len(got) != 1 || !got[0].Until.Equal(instant(t, "2026-03-09 02:15 -04:00")) {
		t.Errorf("a day later: %+v, want the first window only", got)
	}
}

func TestHoleOfAWeek(t *testing.T) {
	t.Parallel()
	l := always(t, "A", 0, "Su 00:00-00:15")
	sunday := local(t, "2017-07-23").wall()
	for _, m := range []int64{sunday + 15, sunday + 3*minutesPerDay, sunday + minutesPerWeek - 1} {
		if got := l.window(m); got.on || got.start != sunday+15 || got.end != sunday+minutesPerWeek {
			t.Errorf("minute %d: %+v, want the hole from %d to %d", m, got, sunday+15, sunday+minutesPerWeek)
		}
	}
}
