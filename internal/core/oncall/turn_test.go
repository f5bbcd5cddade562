package oncall

import (
	"fmt"
	"testing"
	"time"
)

const chicago = "America/Chicago"

func TestHandoffsOnTheWallClock(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, zone string
		unit       Unit
		every      int
		start      string
		want       []string // the first handoff is asked for, the others follow
	}{
		{"daily inside a skipped hour", chicago, Day, 1, "2020-03-06 02:30",
			[]string{"2020-03-06 02:30 -06:00", "2020-03-07 02:30 -06:00", "2020-03-08 03:00 -05:00", "2020-03-09 02:30 -05:00"}},
		{"hourly at half past over a skipped hour", chicago, Hour, 1, "2020-03-01 00:30",
			[]string{"2020-03-08 00:30 -06:00", "2020-03-08 01:30 -06:00", "2020-03-08 03:00 -05:00", "2020-03-08 03:30 -05:00", "2020-03-08 04:30 -05:00"}},
		{"hourly on the hour over a skipped hour", chicago, Hour, 1, "2020-03-01 00:00",
			[]string{"2020-03-08 01:00 -06:00", "2020-03-08 03:00 -05:00", "2020-03-08 04:00 -05:00"}},
		{"hourly at half past over a repeated hour", chicago, Hour, 1, "2020-10-01 00:30",
			[]string{"2020-10-31 23:30 -05:00", "2020-11-01 00:30 -05:00", "2020-11-01 01:30 -05:00", "2020-11-01 02:30 -06:00", "2020-11-01 03:30 -06:00"}},
		{"hourly on the hour over a repeated hour", chicago, Hour, 1, "2020-10-01 00:00",
			[]string{"2020-11-01 00:00 -05:00", "2020-11-01 01:00 -05:00", "2020-11-01 02:00 -06:00", "2020-11-01 03:00 -06:00"}},
		{"daily inside a repeated hour", chicago, Day, 1, "2020-10-30 01:30",
			[]string{"2020-10-30 01:30 -05:00", "2020-10-31 01:30 -05:00", "2020-11-01 01:30 -05:00", "2020-11-02 01:30 -06:00", "2020-11-03 01:30 -06:00"}},
		{"24 hours is the same as a day", chicago, Hour, 24, "2020-10-30 01:30",
			[]string{"2020-10-30 01:30 -05:00", "2020-10-31 01:30 -05:00", "2020-11-01 01:30 -05:00", "2020-11-02 01:30 -06:00", "2020-11-03 01:30 -06:00"}},
		{"monthly over a repeated hour", chicago, Month, 1, "2020-10-01 01:30",
			[]string{"2020-10-01 01:30 -05:00", "2020-11-01 01:30 -05:00", "2020-12-01 01:30 -06:00", "2021-01-01 01:30 -06:00"}},
		{"Lord Howe skips half an hour", "Australia/Lord_Howe", Day, 1, "2020-10-02 02:15",
			[]string{"2020-10-03 02:15 +10:30", "2020-10-04 02:30 +11:00", "2020-10-05 02:15 +11:00"}},
		{"Lord Howe repeats half an hour", "Australia/Lord_Howe", Hour, 1, "2021-04-01 00:30",
			[]string{"2021-04-04 00:30 +11:00", "2021-04-04 01:30 +11:00", "2021-04-04 02:30 +10:30", "2021-04-04 03:30 +10:30"}},
		{"weekly, autumn", chicago, Week, 1, "2024-10-01 00:00", []string{"2024-10-29 00:00 -05:00", "2024-11-05 00:00 -06:00"}},
		{"weekly, spring", chicago, Week, 1, "2024-10-01 00:00", []string{"2025-03-04 00:00 -06:00", "2025-03-11 00:00 -05:00"}},
		{"a month clamps and the anchor day returns", "Europe/Berlin", Month, 1, "2023-12-31 09:00",
			[]string{"2023-12-31 09:00 +01:00", "2024-01-31 09:00 +01:00", "2024-02-29 09:00 +01:00", "2024-03-31 09:00 +02:00", "2024-04-30 09:00 +02:00", "2024-05-31 09:00 +02:00"}},
		{"a month clamps in a common year", "UTC", Month, 1, "2025-01-31 00:00",
			[]string{"2025-01-31 00:00 Z", "2025-02-28 00:00 Z", "2025-03-31 00:00 Z"}},
		{"months clamp before the anchor", "UTC", Month, 1, "2025-03-31 00:00",
			[]string{"2024-12-31 00:00 Z", "2025-01-31 00:00 Z", "2025-02-28 00:00 Z", "2025-03-31 00:00 Z"}},
		{"a quarter", "UTC", Month, 3, "2024-11-30 00:00", []string{"2024-11-30 00:00 Z", "2025-02-28 00:00 Z", "2025-05-30 00:00 Z"}},
		{"a skipped midnight", "Africa/Cairo", Day, 1, "2024-04-20 00:00",
			[]string{"2024-04-25 00:00 +02:00", "2024-04-26 01:00 +03:00", "2024-04-27 00:00 +03:00"}},
		{"a skipped day", "Pacific/Apia", Day, 1, "2011-12-01 09:00",
			[]string{"2011-12-28 09:00 -10:00", "2011-12-29 09:00 -10:00", "2011-12-31 00:00 +14:00", "2011-12-31 09:00 +14:00"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, loc := Layer{Unit: c.unit, Every: c.every, Start: local(t, c.start)}, zone(t, c.zone)
			turn := l.TurnAt(loc, instant(t, c.want[0]))
			for i, want := range c.want {
				if !turn.Start.Equal(instant(t, want)) {
					t.Fatalf("handoff %d is at %s, want %s", i, turn.Start, want)
				}
				if before := l.TurnAt(loc, turn.Start.Add(-1)); !before.End.Equal(turn.Start) {
					t.Fatalf("the turn before handoff %d ends at %s", i, before.End)
				}
				turn = l.TurnAt(loc, turn.End)
			}
		})
	}
}

func TestTurnLengthAcrossAClockChange(t *testing.T) {
	t.Parallel()
	cases := []struct {
		unit  Unit
		every int
		start string
		want  time.Duration
	}{
		{Day, 1, "2017-03-11 08:00", 23 * time.Hour},
		{Day, 1, "2017-11-04 08:00", 25 * time.Hour},
		{Week, 1, "2017-03-10 08:00", 167 * time.Hour},
		{Week, 1, "2017-11-04 08:00", 169 * time.Hour},
		{Month, 1, "2017-03-01 00:00", 31*24*time.Hour - time.Hour},
		{Month, 2, "2017-11-01 00:00", 61*24*time.Hour + time.Hour},
		{Hour, 3, "2017-03-12 00:00", 2 * time.Hour},
		{Hour, 3, "2017-11-05 00:00", 4 * time.Hour},
	}
	loc := zone(t, chicago)
	for _, c := range cases {
		t.Run(fmt.Sprint(c.every, c.unit, c.start), func(t *testing.T) {
			t.Parallel()
			l := Layer{Unit: c.unit, Every: c.every, Start: local(t, c.start)}
			turn := l.TurnAt(loc, l.Start.In(loc))
			if got := turn.End.Sub(turn.Start); got != c.want || turn.Number != 1 {
				t.Errorf("turn %d lasts %s, want the first to last %s", turn.Number, got, c.want)
			}
		})
	}
}

func TestTurnsBeforeTheAnchor(t *testing.T) {
	t.Parallel()
	ten := Layer{Unit: Hour, Every: 10, Start: local(t, "2020-06-01 03:00")}
	daily := Layer{Unit: Day, Every: 1, Start: local(t, "2030-01-01")}
	cases := []struct {
		name, at, start, end string
		layer                Layer
		early                time.Duration
		number               int
	}{
		{"30 hours on", "2020-06-02 09:00 Z", "2020-06-02 09:00 Z", "2020-06-02 19:00 Z", ten, 0, 4},
		{"30 hours back", "2020-05-30 21:00 Z", "2020-05-30 21:00 Z", "2020-05-31 07:00 Z", ten, 0, -2},
		{"far before the anchor", "2020-05-05 12:00 Z", "2020-05-05 00:00 Z", "2020-05-06 00:00 Z", daily, 0, -3527},
		{"the last turn before the anchor", "2029-12-31 00:00 Z", "2029-12-31 00:00 Z", "2030-01-01 00:00 Z", daily, 0, 0},
		{"one nanosecond before midnight", "2030-01-01 00:00 Z", "2029-12-31 00:00 Z", "2030-01-01 00:00 Z", daily, 1, 0},
		{"midnight of the anchor", "2030-01-01 00:00 Z", "2030-01-01 00:00 Z", "2030-01-02 00:00 Z", daily, 0, 1},
		{"one nanosecond before the second midnight", "2030-01-02 00:00 Z", "2030-01-01 00:00 Z", "2030-01-02 00:00 Z", daily, 1, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := c.layer.TurnAt(time.UTC, instant(t, c.at).Add(-c.early))
			if got.Number != c.number || !got.Start.Equal(instant(t, c.start)) || !got.End.Equal(instant(t, c.end)) {
				t.Errorf("got turn %d, %s to %s, want %d, %s to %s", got.Number, got.Start, got.End, c.number, c.start, c.end)
			}
		})
	}
}

func TestLocalTimeIn(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, zone, local, want string }{
		{"an ordinary time", "Europe/Berlin", "2026-07-01 09:00", "2026-07-01 09:00 +02:00"},
		{"a skipped hour", "Europe/Berlin", "2026-03-29 02:30", "2026-03-29 03:00 +02:00"},
		{"a repeated hour", "Europe/Berlin", "2026-10-25 02:30", "2026-10-25 02:30 +02:00"},
		{"the end of a repeated hour", "Europe/Berlin", "2026-10-25 03:00", "2026-10-25 03:00 +01:00"},
		{"24:00 is the next midnight", "Europe/Berlin", "2026-03-28 24:00", "2026-03-29 00:00 +01:00"},
		{"a skipped day", "Pacific/Apia", "2011-12-30 12:00", "2011-12-31 00:00 +14:00"},
		{"far in the future", "America/New_York", "2199-07-01 12:00", "2199-07-01 12:00 -04:00"},
		{"no zone is UTC", "", "2026-01-01 00:00", "2026-01-01 00:00 Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var loc *time.Location
			if c.zone != "" {
				loc = zone(t, c.zone)
			}
			if got := local(t, c.local).In(loc); !got.Equal(instant(t, c.want)) {
				t.Errorf("%s is %s, want %s", c.local, got, c.want)
			}
		})
	}
}
