package oncall

import (
	"strings"
	"testing"
	"time"
)

// Every case asks who is on call at noon, day by day; "-" is nobody.
func TestRollingUsersByDay(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		layer Layer
		first string // the first day asked about
		want  string // one answer a day
	}{
		{"3 users, Fridays, from a Thursday",
			Layer{Seats: seats("A B C"), Unit: Day, CountDaysOn: true, Start: local(t, "2024-08-01"), Windows: []Window{window(t, "Fr 00:00-00:00")}},
			"2024-08-01", "- A - - - - -  - B - - - - -  - C"},
		{"5 users, workdays: the weekend costs nobody a turn",
			Layer{Seats: seats("A B C D E"), Unit: Day, CountDaysOn: true, Start: local(t, "2024-08-05"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-05", "A B C D E - -  A B C D E - -  A"},
		{"4 users, two workdays each",
			Layer{Seats: seats("A B C D"), Unit: Day, Every: 2, CountDaysOn: true, Start: local(t, "2024-08-05"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-05", "A A B B C - -  C D D A A - -"},
		{"5 users, weekly, workdays, from a Monday",
			Layer{Seats: seats("A B C D E"), Unit: Week, Start: local(t, "2024-08-05"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-05", "A A A A A - -  B B B B B - -  C"},
		{"5 users, weekly, workdays, joining on a Thursday",
			Layer{Seats: seats("A B C D E"), Unit: Week, Start: local(t, "2024-08-05"), From: local(t, "2024-08-08"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-05", "- - - A A - -  B B B B B - -  C"},
		{"5 users, monthly, workdays, from late August",
			Layer{Seats: seats("A B C D E"), Unit: Month, Start: local(t, "2024-08-01"), From: local(t, "2024-08-26"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-25", "- A A A A A -  - B B B B B -  - B"},
		{"5 users, monthly, joining on August 29",
			Layer{Seats: seats("A B C D E"), Unit: Month, Start: local(t, "2024-08-01"), From: local(t, "2024-08-29"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-08-25", "- - - - A A -  - B B"},
		{"seats of two and one",
			Layer{Seats: seats("AB C"), Unit: Day, Start: local(t, "2024-08-14")},
			"2024-08-14", "A+B C A+B C"},
		{"3 users, weekend days, from a Saturday",
			Layer{Seats: seats("A B C"), Unit: Day, CountDaysOn: true, Start: local(t, "2024-08-03"), Windows: []Window{window(t, "Sa,Su 00:00-00:00")}},
			"2024-08-01", "- - A B - - -  - - C A - - -  - - B C"},
		{"3 users, weekend days, from a Thursday",
			Layer{Seats: seats("A B C"), Unit: Day, CountDaysOn: true, Start: local(t, "2024-08-01"), Windows: []Window{window(t, "Sa,Su 00:00-00:00")}},
			"2024-08-01", "- - A B - - -  - - C A - - -  - - B C"},
		{"3 users, two weekend days each",
			Layer{Seats: seats("A B C"), Unit: Day, Every: 2, CountDaysOn: true, Start: local(t, "2024-08-01"), Windows: []Window{window(t, "Sa,Su 00:00-00:00")}},
			"2024-08-01", "- - A A - - -  - - B B - - -  - - C C"},
		{"3 users, every other weekend: the off weeks are vacant seats",
			Layer{Seats: seats("A - B - C -"), Unit: Week, Start: local(t, "2024-08-01"), Windows: []Window{window(t, "Sa,Su 00:00-00:00")}},
			"2024-08-01", "- - A A - - -  - - - - - - -  - - B B - - -  - - - - - - -  - - C"},
		{"10 users, seven days each, every day counted",
			Layer{Seats: seats("A B C D E F G H I J"), Unit: Day, Every: 7, CountDaysOn: true, Start: local(t, "2024-09-30"), Windows: []Window{window(t, "Mo,Tu,We,Th,Fr,Sa,Su 00:00-00:00")}},
			"2024-09-30", "A A A A A A A  B B B B B B B  C"},
		{"10 users, seven days each, no windows: the same",
			Layer{Seats: seats("A B C D E F G H I J"), Unit: Day, Every: 7, Start: local(t, "2024-09-30")},
			"2024-09-30", "A A A A A A A  B B B B B B B  C"},
		{"10 users, seven days each, counted without windows: the same",
			Layer{Seats: seats("A B C D E F G H I J"), Unit: Day, Every: 7, CountDaysOn: true, Start: local(t, "2024-09-30")},
			"2024-09-30", "A A A A A A A  B B B B B B B  C"},
		{"turns before the anchor, with From",
			Layer{Seats: seats("A B C"), Unit: Day, CountDaysOn: true, Start: local(t, "2024-08-07"), From: local(t, "2024-08-01"), Windows: []Window{window(t, workdays+" 00:00-00:00")}},
			"2024-07-31", "- C A - - B C A B C"},
		{"an end",
			Layer{Seats: seats("A B"), Unit: Day, Start: local(t, "2024-08-01"), Until: local(t, "2024-08-04")},
			"2024-07-31", "- A B A - -"},
		{"a vacant seat keeps the cadence",
			Layer{Seats: seats("A - C"), Unit: Day, Start: local(t, "2024-08-01")},
			"2024-08-01", "A - C A - C"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, "Europe/Amsterdam")
			s := &Schedule{Layers: []Layer{c.layer}, Loc: loc}
			day := local(t, c.first+" 12:00")
			for i, want := range strings.Fields(c.want) {
				if got := names(s, nil, day.In(loc)); got != want {
					t.Errorf("day %d, %s: %s is on call, want %s", i+1, day, got, want)
				}
				day.Day++
			}
		})
	}
}

func TestOvernightTurnOfCountedDaysKeepsItsNight(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Europe/Amsterdam")
	s := &Schedule{Loc: loc, Layers: []Layer{{Seats: seats("A B C D E F"), Unit: Day, Every: 1, CountDaysOn: true,
		Start: local(t, "2024-08-05 20:00"), Windows: []Window{window(t, workdays+" 20:00-08:00")}}}}
	var got []string
	for _, sh := range s.Shifts(nil, local(t, "2024-08-05").In(loc), local(t, "2024-08-13 12:00").In(loc)) {
		got = append(got, sh.User+" "+sh.Start.Format("Mon 15:04")+" "+sh.End.Format("Mon 15:04"))
		if sh.End.Sub(sh.Start) != 12*time.Hour {
			t.Errorf("%s has %s, want one night", sh.User, sh.End.Sub(sh.Start))
		}
	}
	want := "A Mon 20:00 Tue 08:00; B Tue 20:00 Wed 08:00; C Wed 20:00 Thu 08:00; D Thu 20:00 Fri 08:00; E Fri 20:00 Sat 08:00; F Mon 20:00 Tue 08:00"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
}
