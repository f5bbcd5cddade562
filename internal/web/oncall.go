package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

type planUser = plan.User

// maxGaps are listed in words; the picture shows all.
const maxGaps = 4

var (
	oncallPage   = sheet[oncallView]("oncall.html")
	schedulePage = sheet[scheduleView]("schedule.html")
)

type oncallView struct {
	Rows []OncallRow
	None Empty
}

// OncallRow is a schedule with its week.
type OncallRow struct {
	DutyRow
	Zone    string
	Picture Picture
	Next    string
}

func (c *call) oncallShow() error {
	v := oncallView{None: noSchedules}
	for i, d := range c.duties() {
		s := &c.plan.Schedules[i]
		f := frameOf{from: c.now.Add(-12 * time.Hour).Truncate(time.Hour), to: c.now.Add(60 * time.Hour).Truncate(time.Hour), loc: c.zone}
		row := OncallRow{DutyRow: d, Zone: s.Zone, Picture: c.picture(s, f, false)}
		row.Picture = row.Picture.onlyResult()
		if d.Until.Set() {
			row.Next = listing(c.names(userIDs(s.On(c.board.Overrides, d.Until.T))))
		}
		v.Rows = append(v.Rows, row)
	}
	return show(c, oncallPage, "On-call", v)
}

// onlyResult keeps the rows that count.
func (p Picture) onlyResult() Picture {
	p.Rows = slices.DeleteFunc(p.Rows, func(r PictureRow) bool { return !r.Result })
	for i := range p.Rows {
		if i == 0 {
			p.Rows[i].Name = ""
		}
		p.Rows[i].Y -= 16
	}
	p.Height = p.Rows[len(p.Rows)-1].Y + 64
	return p
}

func userIDs(on []oncall.Duty) []string {
	out := make([]string, len(on))
	for i, d := range on {
		out[i] = d.User
	}
	return out
}

type scheduleView struct {
	DutyRow
	Zone       string
	Month      bool
	Span       string
	Prev, Next string
	Today      string
	WeekHref   string
	MonthHref  string
	Picture    Picture
	Shifts     []ShiftRow
	Gaps       []ShiftRow
	MoreGaps   int
	Overrides  []OverrideRow
	Form       Form
	Diff       []string
	Previewed  bool
}

// ShiftRow is a shift in words.
type ShiftRow struct {
	Who  Person
	When string
	Why  string
}

// OverrideRow is an override in force or to come.
type OverrideRow struct {
	ID, Text, Comment, By string
	When                  string
	Over                  bool
}

func (c *call) findSchedule() (*oncall.Schedule, error) {
	if s := c.plan.Schedule(c.r.PathValue("id")); s != nil {
		return s, nil
	}
	return nil, gone("schedule", c.r.PathValue("id"))
}

func (c *call) scheduleShow() error {
	if err := c.parse(); err != nil {
		return err
	}
	s, err := c.findSchedule()
	if err != nil {
		return err
	}
	return c.scheduleWith(s, http.StatusOK, nil)
}

// scheduleWith shows the schedule; wrong is a mistake in the override form.
func (c *call) scheduleWith(s *oncall.Schedule, status int, wrong error) error {
	loc := scheduleLoc(s)
	v := scheduleView{Zone: s.Zone, Month: c.value("view") == "month", Form: c.overrideForm(s)}
	for _, d := range c.duties() {
		if d.ID == s.ID {
			v.DutyRow = d
		}
	}
	at := c.now
	if t, err := time.ParseInLocation("2006-01-02", c.value("at"), loc); err == nil {
		at = t
	}
	f := weekOf(at, loc)
	if v.Month {
		f = monthOf(at, loc)
	}
	c.frameSchedule(&v, s, f)
	for _, o := range slices.Backward(c.board.Overrides) {
		if o.Schedule == s.ID {
			v.Overrides = append(v.Overrides, c.overrideRow(o, f))
		}
	}
	if wrong == nil && c.r.Form.Has("preview") {
		o, err := c.readOverride(s)
		if wrong = err; err == nil {
			v.Previewed, v.Diff = true, c.differences(s, o)
		}
	}
	if wrong != nil {
		form, ok := v.Form.refused(wrong)
		if !ok {
			return wrong
		}
		v.Form, status = form, http.StatusUnprocessableEntity
	}
	return showAs(c, status, schedulePage, scheduleName(s), v)
}

func scheduleLoc(s *oncall.Schedule) *time.Location {
	if s.Loc != nil {
		return s.Loc
	}
	return time.UTC
}

func (c *call) frameSchedule(v *scheduleView, s *oncall.Schedule, f frameOf) {
	view := "week"
	v.Span = f.from.Format("2 January") + " to " + f.to.Add(-time.Hour).In(f.loc).Format("2 January 2006")
	prev := f.from.AddDate(0, 0, -7)
	if v.Month {
		view, v.Span, prev = "month", f.from.Format("January 2006"), f.from.AddDate(0, -1, 0)
	}
	base := "/schedules/" + s.ID + "?view="
	v.Prev, v.Next = base+view+"&at="+prev.Format("2006-01-02"), base+view+"&at="+f.to.Format("2006-01-02")
	v.Today = base + view
	v.WeekHref, v.MonthHref = base+"week&at="+f.from.Format("2006-01-02"), base+"month&at="+f.from.Format("2006-01-02")
	if !c.now.Before(f.from) && c.now.Before(f.to) {
		v.WeekHref, v.MonthHref = base+"week", base+"month"
	}
	v.Picture = c.picture(s, f, v.Month)
	for _, sh := range s.Shifts(c.board.Overrides, f.from, f.to) {
		v.Shifts = append(v.Shifts, ShiftRow{Who: c.person(sh.User), When: f.words(sh.Start, sh.End), Why: sh.Why.Text})
	}
	for _, g := range s.Gaps(c.board.Overrides, f.from, f.to) {
		if len(v.Gaps) == maxGaps {
			v.MoreGaps++
			continue
		}
		v.Gaps = append(v.Gaps, ShiftRow{When: f.words(g.Start, g.End), Why: g.Why.Text})
	}
}

func (c *call) overrideRow(o oncall.Override, f frameOf) OverrideRow {
	return OverrideRow{ID: o.ID, Text: c.overrideWords(o), Comment: o.Comment, By: c.person(o.By).Name, When: f.words(o.Start, o.End), Over: !o.End.After(c.now)}
}

func (e *eye) overrideWords(o oncall.Override) string {
	user, replaces := e.person(o.User).Name, e.person(o.Replaces).Name
	switch o.Kind {
	case oncall.Add:
		return user + " joins"
	case oncall.Remove:
		return replaces + " is taken out"
	case oncall.Only:
		return user + " alone is on call"
	}
	if o.Replaces == "" {
		return user + " takes over from everybody"
	}
	return user + " takes over from " + replaces
}

func (c *call) overrideForm(s *oncall.Schedule) Form {
	people := []Option{{"", "Nobody"}}
	for _, u := range c.plan.Users {
		people = append(people, Option{u.ID, u.DisplayName()})
	}
	local := Stamp{T: c.now, Zone: scheduleLoc(s)}
	later := Stamp{T: c.now.Add(8 * time.Hour), Zone: scheduleLoc(s)}
	replaced := ""
	if on := s.On(c.board.Overrides, c.now); len(on) > 0 {
		replaced = on[0].User
	}
	return Form{Fields: []Input{
		{Name: "kind", Label: "What", Kind: "select", Required: true, Value: "replace", Options: []Option{{"replace", "Takes over from somebody"}, {"add", "Joins whoever is on call"}, {"remove", "Is taken out"}, {"only", "Is on call alone"}}},
		{Name: "user", Label: "Who", Kind: "select", Required: true, Value: c.me, Options: people},
		{Name: "replaces", Label: "In whose place", Kind: "select", Value: replaced, Options: people, Help: "For a take-over or a removal."},
		{Name: "start", Label: "From", Kind: "datetime-local", Required: true, Value: local.Input(), Help: "In " + s.Zone},
		{Name: "end", Label: "Until", Kind: "datetime-local", Required: true, Value: later.Input()},
		{Name: "comment", Label: "Why", Kind: "text", Hint: "swap with Bo"}}}.filled(c.r)
}

// localTime reads a form's local time in a zone.
func localTime(field, text string, loc *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fact.Refuse("invalid", field, "this is not a time like 2026-10-24 10:00")
}

func (c *call) readOverride(s *oncall.Schedule) (oncall.Override, error) {
	o := oncall.Override{Schedule: s.ID, Kind: oncall.OverrideKind(c.value("kind")), User: c.value("user"), Replaces: c.value("replaces"), Comment: c.value("comment"), By: c.session.User, Created: c.now}
	switch o.Kind {
	case oncall.Remove:
		o.Replaces, o.User = cmp.Or(o.Replaces, o.User), ""
	case oncall.Add, oncall.Only:
		o.Replaces = ""
	}
	var err error
	if o.Start, err = localTime("start", c.value("start"), scheduleLoc(s)); err != nil {
		return o, err
	}
	if o.End, err = localTime("end", c.value("end"), scheduleLoc(s)); err != nil {
		return o, err
	}
	if !o.End.After(o.Start) {
		return o, fact.Refuse("invalid", "end", "it must end after it starts")
	}
	return o, nil
}

// differences are what an override would change, in sentences.
func (c *call) differences(s *oncall.Schedule, o oncall.Override) []string {
	loc := scheduleLoc(s)
	end := o.End
	if end.After(o.Start.Add(90 * 24 * time.Hour)) {
		end = o.Start.Add(90 * 24 * time.Hour)
	}
	o.ID = "preview"
	before := s.Shifts(c.board.Overrides, o.Start, end)
	after := s.Shifts(append(slices.Clone(c.board.Overrides), o), o.Start, end)
	edges := []time.Time{o.Start, end}
	for _, sh := range append(slices.Clone(before), after...) {
		edges = append(edges, sh.Start, sh.End)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	f := frameOf{loc: loc}
	type change struct {
		from, to time.Time
		text     string
	}
	var out []change
	for i := 0; i+1 < len(edges); i++ {
		was, will := whoAt(before, edges[i]), whoAt(after, edges[i])
		if slices.Equal(was, will) {
			continue
		}
		text := fmt.Sprintf("%s instead of %s", listing(c.names(will)), listing(c.names(was)))
		if n := len(out); n > 0 && out[n-1].text == text && out[n-1].to.Equal(edges[i]) {
			out[n-1].to = edges[i+1]
			continue
		}
		out = append(out, change{edges[i], edges[i+1], text})
	}
	var words []string
	for _, x := range out {
		words = append(words, f.words(x.from, x.to)+": "+x.text)
	}
	return words
}

func whoAt(shifts []oncall.Shift, at time.Time) []string {
	var out []string
	for _, s := range shifts {
		if !at.Before(s.Start) && at.Before(s.End) {
			out = append(out, s.User)
		}
	}
	slices.Sort(out)
	return out
}

func (c *call) overridePut() error {
	if err := c.parse(); err != nil {
		return err
	}
	s, err := c.findSchedule()
	if err != nil {
		return err
	}
	o, err := c.readOverride(s)
	if err == nil {
		err = c.do(fact.Of(board.OverrideKind, c.s.Door.NewID("o")), board.PutOverride{Override: o})
	}
	if err != nil {
		return c.scheduleWith(s, http.StatusUnprocessableEntity, err)
	}
	return c.done("/schedules/"+s.ID, "In force: "+c.overrideWords(o)+".")
}

func (c *call) overrideEnd() error {
	if err := c.do(fact.Of(board.OverrideKind, c.r.PathValue("override")), board.TakeDown{}); err != nil {
		return err
	}
	return c.done("/schedules/"+strings.TrimSpace(c.r.PathValue("id")), "The override is ended.")
}
