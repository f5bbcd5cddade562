package oncall

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tables must hold on a machine without zone files
)

// zone loads a zone or ends the test.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// instant reads "2020-03-08 03:00 -05:00", or "... Z".
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func local(t testing.TB, text string) LocalTime {
	t.Helper()
	l, err := ParseLocal(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func clock(t testing.TB, text string) ClockTime {
	t.Helper()
	c, err := ParseClock(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// window reads "Mo,Tu 20:00-08:00" or "20:00-08:00".
func window(t testing.TB, text string) Window {
	t.Helper()
	days, span, ok := strings.Cut(text, " ")
	if !ok {
		days, span = "", text
	}
	start, end, _ := strings.Cut(span, "-")
	w := Window{Start: clock(t, start), End: clock(t, end)}
	for _, d := range strings.Split(days, ",") {
		if i := slices.Index([]string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}, d); i >= 0 {
			w.Days = append(w.Days, time.Weekday(i))
		}
	}
	return w
}

const workdays = "Mo,Tu,We,Th,Fr"

// seats makes seats of letters: "A B CD" is three seats, "-" a vacant one.
func seats(text string) [][]string {
	var out [][]string
	for _, f := range strings.Fields(text) {
		if f == "-" {
			out = append(out, []string{Vacant})
			continue
		}
		out = append(out, strings.Split(f, ""))
	}
	return out
}

// always is a layer of one seat, on in one window a day.
func always(t testing.TB, who string, priority int, span string) Layer {
	t.Helper()
	return Layer{Name: who + " " + span, Priority: priority, Seats: seats(who), Unit: Day, Every: 1,
		Start: local(t, "2017-01-01"), Windows: []Window{window(t, span)}}
}

// line writes shifts as "A 10:00-12:00, B 11:00-12:00" in the given zone.
func line(shifts []Shift, loc *time.Location) string {
	var parts []string
	for _, s := range shifts {
		parts = append(parts, s.User+" "+s.Start.In(loc).Format("15:04")+"-"+s.End.In(loc).Format("15:04"))
	}
	return strings.Join(parts, ", ")
}

// names is who is on call at an instant: "A+B", or "-".
func names(s *Schedule, overrides []Override, at time.Time) string {
	var who []string
	for _, d := range s.On(overrides, at) {
		who = append(who, d.User)
	}
	if len(who) == 0 {
		return "-"
	}
	return strings.Join(who, "+")
}
