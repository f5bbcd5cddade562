package oncall

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/fact"
)

const sampleDay = "2024-06-12 " // a Wednesday

// during reads an override of the sample day: "o1 replace F by B 08:30-08:45",
// "o1 add B ...", "o1 only nobody ...". The last letter of the id is its age.
func during(t testing.TB, text string) Override {
	t.Helper()
	w := strings.Fields(strings.NewReplacer("nobody", "-", "everybody", "-").Replace(text))
	who := func(i int) string { return strings.Trim(w[i], "-") }
	start, end, _ := strings.Cut(w[len(w)-1], "-")
	o := Override{ID: w[0], Kind: OverrideKind(w[1]), Created: time.Unix(int64(w[0][len(w[0])-1]), 0),
		Start: local(t, sampleDay+start).In(nil), End: local(t, sampleDay+end).In(nil)}
	switch o.Kind {
	case Replace:
		o.Replaces, o.User = who(2), who(4)
	case Remove:
		o.Replaces = who(2)
	default:
		o.User = who(2)
	}
	return o
}

func TestOverridesOnARule(t *testing.T) {
	t.Parallel()
	foo := always(t, "F", 0, "08:00-10:00")
	cases := []struct {
		name      string
		overrides []Override
		want      string
	}{
		{"none: cut by the question", nil, "F 08:00-09:00"},
		{"replace", []Override{during(t, "o1 replace F by B 08:30-08:45")},
			"F 08:00-08:30, B 08:30-08:45, F 08:45-09:00"},
		{"replace everybody", []Override{during(t, "o1 replace everybody by B 08:30-08:45")},
			"F 08:00-08:30, B 08:30-08:45, F 08:45-09:00"},
		{"replace somebody who is not on", []Override{during(t, "o1 replace X by B 08:30-08:45")}, "F 08:00-09:00"},
		{"add twice", []Override{during(t, "o1 add B 08:00-08:15"), during(t, "o2 add B 08:30-08:45")},
			"B 08:00-08:15, F 08:00-09:00, B 08:30-08:45"},
		{"add who is on already", []Override{during(t, "o1 add F 08:15-08:30")}, "F 08:00-09:00"},
		{"remove leaves a hole", []Override{during(t, "o1 remove F 08:30-08:45")}, "F 08:00-08:30, F 08:45-09:00"},
		{"remove nobody in particular does nothing", []Override{during(t, "o1 remove nobody 08:30-08:45")}, "F 08:00-09:00"},
		{"a temporary schedule with holes", []Override{during(t, "o1 only nobody 08:15-08:45"), during(t, "o2 only B 08:25-08:35")},
			"F 08:00-08:15, B 08:25-08:35, F 08:45-09:00"},
		{"a temporary schedule ignores other overrides", []Override{during(t, "o1 only B 08:15-08:45"),
			during(t, "o2 add C 08:00-09:00"), during(t, "o3 replace B by D 08:00-09:00")},
			"C 08:00-08:15, F 08:00-08:15, B 08:15-08:45, C 08:45-09:00, F 08:45-09:00"},
		{"the later created wins", []Override{during(t, "o2 replace F by C 08:00-08:30"), during(t, "o1 replace F by B 08:15-09:00")},
			"C 08:00-08:30, B 08:30-09:00"},
		{"a later removal wins over a replacement", []Override{during(t, "o1 replace F by B 08:00-09:00"), during(t, "o2 remove F 08:30-09:00")},
			"B 08:00-08:30"},
		{"another schedule's override", []Override{func() Override {
			o := during(t, "o1 replace F by B 08:00-09:00")
			o.Schedule = "elsewhere"
			return o
		}()}, "F 08:00-09:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: []Layer{foo}}
			got := s.Shifts(c.overrides, local(t, sampleDay+"08:00").In(nil), local(t, sampleDay+"09:00").In(nil))
			if line(got, time.UTC) != c.want {
				t.Errorf("got  %s\nwant %s", line(got, time.UTC), c.want)
			}
		})
	}
}

func TestOverridesMapOnceAndAtTheSameTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, on  string
		overrides []Override
		want      string
	}{
		{"add, replace and remove together", "RBI", []Override{during(t, "o1 add F 00:00-24:00"),
			during(t, "o2 replace R by X 00:00-24:00"), during(t, "o3 remove B 00:00-24:00")}, "F+I+X"},
		{"no chain", "AB", []Override{during(t, "o1 replace A by B 00:00-24:00"), during(t, "o2 replace B by C 00:00-24:00")}, "B+C"},
		{"no chain, whatever the age", "AB", []Override{during(t, "o2 replace A by B 00:00-24:00"), during(t, "o1 replace B by C 00:00-24:00")}, "B+C"},
		{"a swap of two", "AB", []Override{during(t, "o1 replace A by B 00:00-24:00"), during(t, "o2 replace B by A 00:00-24:00")}, "A+B"},
		{"an added person is not replaced", "A", []Override{during(t, "o1 add B 00:00-24:00"), during(t, "o2 replace B by C 00:00-24:00")}, "A+B"},
		{"everybody at once", "ABC", []Override{during(t, "o1 replace everybody by D 00:00-24:00")}, "D"},
		{"one of everybody, later", "ABC", []Override{during(t, "o1 replace everybody by D 00:00-24:00"), during(t, "o2 replace A by E 00:00-24:00")}, "D+E"},
		{"everybody where nobody is", "-", []Override{during(t, "o1 replace everybody by D 00:00-24:00")}, "D"},
		{"the later of two for everybody where nobody is", "-", []Override{during(t, "o2 replace everybody by D 00:00-24:00"), during(t, "o1 replace everybody by E 00:00-24:00")}, "D"},
		{"same age: the greater id", "A", []Override{func() Override {
			o := during(t, "o9 replace A by B 00:00-24:00")
			o.Created = time.Unix(int64('1'), 0)
			return o
		}(), during(t, "o1 replace A by C 00:00-24:00")}, "B"},
		{"two temporary schedules", "A", []Override{during(t, "o1 only C 00:00-24:00"), during(t, "o2 only B 00:00-24:00")}, "B+C"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: []Layer{always(t, c.on, 0, "00:00-00:00")}}
			if got := names(s, c.overrides, local(t, sampleDay+"12:00").In(nil)); got != c.want {
				t.Errorf("%s is on call, want %s", got, c.want)
			}
		})
	}
}

// shift is one row of a priority table: a person on for some hours of the day.
func shift(t testing.TB, user string, priority int, span string) Layer {
	t.Helper()
	return always(t, user, priority, span)
}

func TestPriorities(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		layers    []Layer
		overrides []Override
		want      string
		gaps      string
	}{
		{"two priorities and two overrides",
			[]Layer{
				shift(t, "A", 1, "10:00-15:00"), shift(t, "B", 1, "11:00-13:00"), shift(t, "A", 1, "16:00-19:00"),
				shift(t, "A", 1, "21:00-22:00"), shift(t, "B", 1, "22:00-24:00"),
				shift(t, "C", 2, "12:00-14:00"), shift(t, "D", 2, "14:00-15:00"), shift(t, "D", 2, "17:00-18:00"), shift(t, "D", 2, "20:00-22:00"),
			},
			[]Override{during(t, "o1 replace everybody by E 22:00-23:00"), during(t, "o2 replace everybody by A 22:00-22:30")},
			"A 10:00-12:00, B 11:00-12:00, C 12:00-14:00, D 14:00-15:00, A 16:00-17:00, D 17:00-18:00, A 18:00-19:00, D 20:00-22:00, A 22:00-22:30, E 22:30-23:00, B 23:00-00:00",
			"00:00-10:00 15:00-16:00 19:00-20:00"},
		{"a short one above two long ones",
			[]Layer{shift(t, "A", 1, "10:00-20:00"), shift(t, "B", 1, "12:00-16:00"), shift(t, "C", 2, "15:00-18:00")}, nil,
			"A 10:00-15:00, B 12:00-15:00, C 15:00-18:00, A 18:00-20:00", "00:00-10:00 20:00-00:00"},
		{"one above two equal ones",
			[]Layer{shift(t, "A", 1, "10:00-20:00"), shift(t, "B", 1, "10:00-20:00"), shift(t, "C", 2, "10:00-13:00")}, nil,
			"C 10:00-13:00, A 13:00-20:00, B 13:00-20:00", "00:00-10:00 20:00-00:00"},
		{"an override over the whole of a shift",
			[]Layer{shift(t, "A", 0, "10:00-15:00")}, []Override{during(t, "o1 replace everybody by B 10:00-15:00")},
			"B 10:00-15:00", "00:00-10:00 15:00-00:00"},
		{"an override for everybody is one piece over two layers and a gap",
			[]Layer{shift(t, "A", 0, "10:00-12:00"), shift(t, "C", 0, "13:00-15:00")}, []Override{during(t, "o1 replace everybody by B 10:00-15:00")},
			"B 10:00-15:00", "00:00-10:00 15:00-00:00"},
		{"the same person in two layers has one shift at a time",
			[]Layer{shift(t, "A", 0, "10:00-14:00"), shift(t, "A", 0, "12:00-13:00"), shift(t, "A", 0, "13:30-16:00")}, nil,
			"A 10:00-14:00, A 14:00-16:00", "00:00-10:00 16:00-00:00"},
		{"a vacant seat covers nobody",
			[]Layer{shift(t, "A", 0, "10:00-14:00"), shift(t, "-", 1, "12:00-16:00")}, nil,
			"A 10:00-14:00", "00:00-10:00 14:00-00:00"},
		{"negative priorities",
			[]Layer{shift(t, "A", -2, "10:00-14:00"), shift(t, "B", -1, "12:00-16:00")}, nil,
			"A 10:00-12:00, B 12:00-16:00", "00:00-10:00 16:00-00:00"},
		{"covering for a colleague does not cut one's own shift",
			[]Layer{shift(t, "A", 0, "10:00-14:00"), shift(t, "B", 0, "08:00-20:00")}, []Override{during(t, "o1 replace A by B 12:00-13:00")},
			"B 08:00-20:00, A 10:00-12:00, A 13:00-14:00", "00:00-08:00 20:00-00:00"},
		{"no layers", nil, nil, "", "00:00-00:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: c.layers}
			from, to := local(t, sampleDay+"00:00").In(nil), local(t, sampleDay+"24:00").In(nil)
			if got := line(s.Shifts(c.overrides, from, to), time.UTC); got != c.want {
				t.Errorf("shifts\ngot  %s\nwant %s", got, c.want)
			}
			var gaps []string
			for _, g := range s.Gaps(c.overrides, from, to) {
				gaps = append(gaps, g.Start.Format("15:04")+"-"+g.End.Format("15:04"))
			}
			if strings.Join(gaps, " ") != c.gaps {
				t.Errorf("gaps %s, want %s", strings.Join(gaps, " "), c.gaps)
			}
		})
	}
}

func TestTakenSwap(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		taken []Override
		want  string
	}{
		{"nobody took it", nil, "U 12:00-15:00, U 12:00-15:00"},
		{"over the end of the shift", []Override{during(t, "o1 replace U by V 13:00-18:00")}, "U 12:00-15:00, U 12:00-13:00, V 13:00-15:00"},
		{"inside the shift", []Override{during(t, "o1 replace U by V 13:00-14:00")}, "U 12:00-15:00, U 12:00-13:00, V 13:00-14:00, U 14:00-15:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &Schedule{Layers: []Layer{always(t, "U", 0, "12:00-15:00")}}
			got := line(s.Shifts(c.taken, local(t, "2024-06-11").In(nil), local(t, sampleDay+"24:00").In(nil)), time.UTC)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// One person always, one by day, and a replacement for some days of the second.
func TestOverrideOverSeveralDays(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Europe/Madrid")
	s := &Schedule{ID: "support", Loc: loc, Layers: []Layer{always(t, "A", 0, "00:00-00:00"), always(t, "B", 0, "09:00-21:00")}}
	swap := []Override{{ID: "o1", Schedule: "support", Kind: Replace, User: "C", Replaces: "B",
		Start: local(t, "2024-06-02").In(loc), End: local(t, "2024-06-07").In(loc)}}
	for at, want := range map[string]string{
		"2024-06-01 00:00": "A", "2024-06-01 09:00": "A+B", "2024-06-02 00:00": "A", "2024-06-02 09:00": "A+C",
		"2024-06-06 20:59": "A+C", "2024-06-06 21:00": "A", "2024-06-07 09:00": "A+B",
	} {
		if got := names(s, swap, local(t, at).In(loc)); got != want {
			t.Errorf("at %s %s is on call, want %s", at, got, want)
		}
	}
}

func TestShift36Hours(t *testing.T) {
	t.Parallel()
	s := &Schedule{Layers: []Layer{{Seats: seats("A B C"), Unit: Hour, Every: 36, Start: local(t, "2024-06-10 08:00")}}}
	got := s.Shifts(nil, instant(t, "2024-06-10 00:00 Z"), instant(t, "2024-06-15 08:00 Z"))
	if line(got, time.UTC) != "A 08:00-20:00, B 20:00-08:00, C 08:00-20:00, A 20:00-08:00" || got[3].End.Sub(got[0].Start) != 4*36*time.Hour-24*time.Hour {
		t.Errorf("got %s", line(got, time.UTC))
	}
}

func TestLayerShiftsIgnoresWhatCovers(t *testing.T) {
	t.Parallel()
	s := &Schedule{Layers: []Layer{always(t, "BA", 0, "10:00-12:00"), always(t, "C", 1, "00:00-00:00"), always(t, "-", 2, "00:00-00:00")}}
	from, to := local(t, sampleDay+"00:00").In(nil), local(t, sampleDay+"24:00").In(nil)
	if got := line(s.LayerShifts(0, from, to), time.UTC); got != "A 10:00-12:00, B 10:00-12:00" {
		t.Errorf("got %s", got)
	}
	if len(s.LayerShifts(2, from, to)) != 0 || s.LayerShifts(3, from, to) != nil || s.LayerShifts(-1, from, to) != nil {
		t.Error("a vacant or missing layer has shifts")
	}
}

func TestNextChange(t *testing.T) {
	t.Parallel()
	weekly := &Schedule{Layers: []Layer{{Seats: seats("A A B"), Unit: Week, Start: local(t, "2024-06-03 09:00")}}}
	alone := &Schedule{Layers: []Layer{{Seats: seats("A"), Unit: Hour, Start: local(t, "2024-06-03 09:00")}}}
	soon := &Schedule{Layers: []Layer{{Seats: seats("A"), Unit: Week, Start: local(t, "2024-06-20 09:00")}}}
	late := &Schedule{Layers: []Layer{{Seats: seats("A"), Unit: Week, Start: local(t, "2025-06-20 09:00")}}}
	cases := []struct {
		name      string
		schedule  *Schedule
		overrides []Override
		want      string
	}{
		{"a handoff to the same person is none", weekly, nil, "2024-06-17 09:00 Z"},
		{"never", alone, nil, ""},
		{"a layer that begins", soon, nil, "2024-06-20 09:00 Z"},
		{"beyond the look-ahead", late, nil, ""},
		{"an override that begins", alone, []Override{during(t, "o1 add B 13:00-14:00")}, "2024-06-12 13:00 Z"},
		{"an override that ends", alone, []Override{during(t, "o1 add B 11:00-14:00")}, "2024-06-12 14:00 Z"},
		{"an override that changes nothing", alone, []Override{during(t, "o1 add A 11:00-14:00")}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := c.schedule.NextChange(c.overrides, local(t, sampleDay+"12:00").In(nil))
			if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(instant(t, c.want)) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDutySaysHowLongAndWhy(t *testing.T) {
	t.Parallel()
	nights := always(t, "N", 2, "20:00-08:00")
	nights.Name = "nights"
	days := Layer{Name: "days", Seats: seats("ana bo"), Unit: Week, Start: local(t, "2024-06-03 09:00")}
	days.Seats = [][]string{{"ana"}, {"bo"}}
	s := &Schedule{ID: "primary", Layers: []Layer{days, nights}}
	o := during(t, "o1 replace bo by chen 13:00-14:00")
	o.Schedule, o.By, o.Comment = "primary", "bo", "dentist"
	cases := []struct {
		at   string
		want Duty
	}{
		{"12:00", Duty{User: "bo", Layer: "days", Since: instant(t, "2024-06-12 08:00 Z"), Until: instant(t, "2024-06-12 13:00 Z"),
			Why: fact.Because("turn", "layer days, turn 2").By("schedule primary, layer days")}},
		{"13:30", Duty{User: "chen", Layer: "days", Override: "o1", Since: instant(t, "2024-06-12 13:00 Z"), Until: instant(t, "2024-06-12 14:00 Z"),
			Why: fact.Because("override-replace", "override o1 by bo puts chen in place of bo: dentist").By("override o1")}},
		{"19:59", Duty{User: "bo", Layer: "days", Since: instant(t, "2024-06-12 14:00 Z"), Until: instant(t, "2024-06-12 20:00 Z"),
			Why: fact.Because("turn", "layer days, turn 2").By("schedule primary, layer days")}},
		{"20:00", Duty{User: "N", Layer: "nights", Since: instant(t, "2024-06-12 20:00 Z"), Until: instant(t, "2024-06-13 00:00 Z"),
			Why: fact.Because("turn", "layer nights, turn 2720").By("schedule primary, layer nights")}},
	}
	for _, c := range cases {
		t.Run(c.at, func(t *testing.T) {
			t.Parallel()
			got := s.On([]Override{o}, local(t, sampleDay+c.at).In(nil))
			if !slices.Equal(got, []Duty{c.want}) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestDutyLooksAYearAround(t *testing.T) {
	t.Parallel()
	forever := []Override{{ID: "o1", Kind: Add, User: "A", Start: instant(t, "1990-01-01 00:00 Z"), End: instant(t, "2090-01-01 00:00 Z")}}
	at := instant(t, "2024-06-12 12:00 Z")
	got := (&Schedule{}).On(forever, at)
	if len(got) != 1 || !got[0].Since.Equal(at.Add(-lookAround)) || !got[0].Until.Equal(at.Add(lookAround)) {
		t.Errorf("got %+v", got)
	}
}

func TestNobodySaysWhy(t *testing.T) {
	t.Parallel()
	office := &Schedule{Layers: []Layer{always(t, "A", 0, "09:00-17:00"), always(t, "-", 0, "18:00-19:00")}}
	none := &Schedule{ID: "empty"}
	cases := []struct {
		name, at  string
		schedule  *Schedule
		overrides []Override
		code      string
	}{
		{"somebody is", "12:00", office, nil, ""},
		{"outside hours", "03:00", office, nil, "outside-hours"},
		{"vacant", "18:30", office, nil, "vacant-seat"},
		{"removed", "12:00", office, []Override{during(t, "o1 remove A 09:00-17:00")}, "removed"},
		{"held empty", "12:00", office, []Override{during(t, "o1 only nobody 09:00-17:00")}, "held-empty"},
		{"no layers", "12:00", none, nil, "no-layers"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			why := c.schedule.Nobody(c.overrides, local(t, sampleDay+c.at).In(nil))
			if why.Code != c.code || (why.Text == "") != (c.code == "") || (why.Rule == "") != (c.code == "") {
				t.Errorf("got %+v, want code %q", why, c.code)
			}
		})
	}
}
