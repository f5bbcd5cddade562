package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

var (
	silencesPage   = sheet[silencesView]("silences.html")
	silenceNewPage = sheet[silenceNewView]("silence_new.html")
	silencePage    = sheet[silenceView]("silence.html")
)

// SilenceRow is a silence or a maintenance window.
type SilenceRow struct {
	Kind, ID string
	What     string
	By       Person
	Comment  string
	Start    Stamp
	End      Stamp
	Mark     Mark
	Active   bool
	Over     bool
}

type silencesView struct {
	All  bool
	Rows []SilenceRow
	None Empty
}

func (e *eye) spanRow(r SilenceRow, start, end time.Time, by string) SilenceRow {
	r.Start, r.End, r.By = e.stamp(start), e.stamp(end), e.person(by)
	switch {
	case !end.After(e.now):
		r.Over, r.Mark = true, markResolved.as("Over")
	case start.After(e.now):
		r.Mark = Mark{"clock", "To come", "grey"}
	default:
		r.Active, r.Mark = true, markMuted.as("In force")
	}
	return r
}

func (e *eye) silenceRow(s plan.Silence) SilenceRow {
	var parts []string
	for _, ms := range s.Matchers {
		parts = append(parts, ms.String())
	}
	return e.spanRow(SilenceRow{Kind: "silence", ID: s.ID, What: strings.Join(parts, " or "), Comment: s.Comment}, s.StartsAt, s.EndsAt, s.CreatedBy)
}

func (e *eye) maintenanceRow(m plan.Maintenance) SilenceRow {
	var names []string
	for _, s := range m.Services {
		names = append(names, e.service(s).Name)
	}
	return e.spanRow(SilenceRow{Kind: "maintenance", ID: m.ID, What: "Maintenance of " + listing(names), Comment: m.Comment}, m.StartsAt, m.EndsAt, m.CreatedBy)
}

func (e *eye) rowOf(st core.State) (SilenceRow, bool) {
	switch x := st.(type) {
	case *board.Silence:
		if x != nil {
			return e.silenceRow(x.Silence), true
		}
	case *board.Maintenance:
		if x != nil {
			return e.maintenanceRow(x.Maintenance), true
		}
	}
	return SilenceRow{}, false
}

func (c *call) silencesShow() error {
	v := silencesView{All: c.r.FormValue("all") != "", None: Empty{Title: "Nothing is silenced", Text: "A silence mutes the alerts that its labels select, for a time, with a reason. What is muted is still recorded, and whoever was told before is told when it is over.",
		Sample: `alertname="DiskFilling", cluster=~"fra-.*"   until 08:00   "the archive moves tonight"`, Href: "/silences/new", Do: "Make a silence"}}
	for _, kind := range []string{board.SilenceKind, board.MaintenanceKind} {
		states, err := c.s.Ledger.States(c.r.Context(), kind)
		if err != nil {
			return err
		}
		for _, st := range states {
			if row, ok := c.rowOf(st); ok && (v.All || !row.Over) {
				v.Rows = append(v.Rows, row)
			}
		}
	}
	slices.SortStableFunc(v.Rows, func(a, b SilenceRow) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), b.End.T.Compare(a.End.T))
	})
	return show(c, silencesPage, "Silences", v)
}

func order(r SilenceRow) int {
	switch {
	case r.Active:
		return 0
	case r.Over:
		return 2
	}
	return 1
}

type silenceNewView struct {
	Maintenance bool
	Form        Form
	Previewed   bool
	Matches     []AlertRow
	Count       int
	Services    []Option
	Picked      []string
}

func (c *call) silenceForm() Form {
	return Form{Fields: []Input{
		{Name: "matchers", Label: "Which alerts", Kind: "text", Required: true, Hint: `alertname="DiskFilling", cluster=~"fra-.*"`, Help: "Labels, in Alertmanager's grammar: = != =~ !~. All of them must match."},
		{Name: "start", Label: "From", Kind: "datetime-local", Required: true, Value: c.stamp(c.now).Input(), Help: "In " + c.zone.String()},
		{Name: "end", Label: "Until", Kind: "datetime-local", Required: true, Value: c.stamp(c.now.Add(2 * time.Hour)).Input()},
		{Name: "comment", Label: "Why", Kind: "text", Required: true, Hint: "the archive moves tonight", Help: "For whoever wonders at night."}}}.filled(c.r)
}

func (c *call) silenceNewShow() error {
	if err := c.parse(); err != nil {
		return err
	}
	v := silenceNewView{Form: c.silenceForm()}
	var wrong error
	if c.value("matchers") != "" {
		wrong = c.previewSilence(&v)
	}
	return c.silenceNewWith(v, http.StatusOK, wrong)
}

func (c *call) silenceNewWith(v silenceNewView, status int, wrong error) error {
	title := "New silence"
	if v.Maintenance {
		title = "New maintenance window"
	}
	if wrong != nil {
		form, ok := v.Form.refused(wrong)
		if !ok {
			return wrong
		}
		v.Form, status = form, http.StatusUnprocessableEntity
	}
	return showAs(c, status, silenceNewPage, title, v)
}

// previewSilence lists what the matchers select among the alerts that fire.
func (c *call) previewSilence(v *silenceNewView) error {
	ms, err := c.readMatchers()
	if err != nil {
		return err
	}
	v.Previewed = true
	firing, err := c.s.Ledger.Alerts(c.r.Context(), alert.Filter{Status: alert.Firing, Limit: alert.MaxLimit})
	if err != nil {
		return err
	}
	for _, a := range firing {
		if !ms.Matches(routeLabels(a)) {
			continue
		}
		v.Count++
		if len(v.Matches) < 10 {
			v.Matches = append(v.Matches, c.alertRow(a))
		}
	}
	return nil
}

func (c *call) readMatchers() (signal.Matchers, error) {
	ms, err := signal.ParseMatchers(c.value("matchers"))
	if err != nil {
		return nil, fact.Refuse("invalid", "matchers", err.Error())
	}
	return ms, nil
}

func (c *call) readSpan() (start, end time.Time, err error) {
	if start, err = localTime("start", c.value("start"), c.zone); err != nil {
		return start, end, err
	}
	end, err = localTime("end", c.value("end"), c.zone)
	return start, end, err
}

func (c *call) silencePut() error {
	if err := c.parse(); err != nil {
		return err
	}
	v := silenceNewView{Form: c.silenceForm()}
	ms, err := c.readMatchers()
	if err != nil {
		return c.silenceNewWith(v, 0, err)
	}
	start, end, err := c.readSpan()
	if err == nil {
		s := plan.Silence{Matchers: []signal.Matchers{ms}, StartsAt: start, EndsAt: end, CreatedBy: c.session.User, Comment: c.value("comment")}
		err = c.do(fact.Of(board.SilenceKind, c.s.Door.NewID("s")), board.PutSilence{Silence: s})
	}
	if err != nil {
		return c.silenceNewWith(v, 0, spanField(err))
	}
	return c.done("/silences", "The silence is in force.")
}

// spanField gives the core's names of times the names of the form's fields.
func spanField(err error) error {
	var r *fact.Refused
	if errors.As(err, &r) {
		names := map[string]string{"ends_at": "end", "starts_at": "start"}
		if n, known := names[r.Field]; known {
			return fact.Refuse(r.Code, n, r.Why)
		}
	}
	return err
}

func (c *call) maintenanceForm() silenceNewView {
	v := silenceNewView{Maintenance: true, Picked: c.r.Form["services"]}
	if s := c.value("service"); s != "" {
		v.Picked = append(v.Picked, s)
	}
	for _, s := range c.plan.Services {
		v.Services = append(v.Services, Option{s.ID, c.service(s.ID).Name})
	}
	v.Form = c.silenceForm()
	v.Form.Fields[0] = Input{Name: "services", Label: "Services", Kind: "text"}
	v.Form.Fields[3].Hint, v.Form.Fields[3].Label, v.Form.Fields[3].Help = "database upgrade to 17", "What is being done", ""
	return v
}

// Has says whether a service is picked.
func (v silenceNewView) Has(id string) bool { return slices.Contains(v.Picked, id) }

func (c *call) maintenanceNewShow() error {
	if err := c.parse(); err != nil {
		return err
	}
	return c.silenceNewWith(c.maintenanceForm(), http.StatusOK, nil)
}

func (c *call) maintenancePut() error {
	if err := c.parse(); err != nil {
		return err
	}
	v := c.maintenanceForm()
	start, end, err := c.readSpan()
	if err == nil {
		m := plan.Maintenance{Services: c.r.Form["services"], StartsAt: start, EndsAt: end, CreatedBy: c.session.User, Comment: c.value("comment")}
		err = c.do(fact.Of(board.MaintenanceKind, c.s.Door.NewID("m")), board.PutMaintenance{Maintenance: m})
	}
	if err != nil {
		return c.silenceNewWith(v, 0, spanField(err))
	}
	return c.done("/silences", "The maintenance window is set.")
}

type silenceView struct {
	SilenceRow
	Steps   []Step
	Matches []AlertRow
}

// silenceShow serves both kinds: their pages differ in one word.
func (c *call) silenceShow() error {
	kind, id := c.kindOfPath(), c.r.PathValue("id")
	st, err := c.s.Ledger.State(c.r.Context(), fact.Of(kind, id))
	if err != nil {
		return err
	}
	row, ok := c.rowOf(st)
	if !ok {
		return gone(kind, id)
	}
	v := silenceView{SilenceRow: row}
	firing, err := c.s.Ledger.Alerts(c.r.Context(), alert.Filter{Status: alert.Firing, Limit: alert.MaxLimit})
	if err != nil {
		return err
	}
	for _, a := range firing {
		if c.mutedBy(a) == kind+" "+id && len(v.Matches) < 50 {
			v.Matches = append(v.Matches, c.alertRow(a))
		}
	}
	entries, err := c.s.Ledger.Timeline(c.r.Context(), []string{id}, 0, 100)
	if err != nil {
		return err
	}
	v.Steps = c.steps(entries, nil)
	return show(c, silencePage, row.What, v)
}

func (c *call) kindOfPath() string {
	if strings.HasPrefix(c.r.URL.Path, "/maintenance/") {
		return board.MaintenanceKind
	}
	return board.SilenceKind
}

func (c *call) silenceEnd() error {
	if err := c.do(fact.Of(c.kindOfPath(), c.r.PathValue("id")), board.TakeDown{}); err != nil {
		return err
	}
	return c.done("/silences", "Ended. What still fires is told now.")
}

// silenceExtend moves the end by an hour or more.
func (c *call) silenceExtend() error {
	kind, id := c.kindOfPath(), c.r.PathValue("id")
	by, err := plan.ParseDuration(c.value("by"))
	if err != nil || by <= 0 {
		return fact.Refuse("invalid", "by", "extend by a time like 1h")
	}
	st, err := c.s.Ledger.State(c.r.Context(), fact.Of(kind, id))
	if err != nil {
		return err
	}
	var body any
	switch x := st.(type) {
	case *board.Silence:
		s := x.Silence
		s.EndsAt = later(s.EndsAt, c.now).Add(by.Std())
		body = board.PutSilence{Silence: s}
	case *board.Maintenance:
		m := x.Maintenance
		m.EndsAt = later(m.EndsAt, c.now).Add(by.Std())
		body = board.PutMaintenance{Maintenance: m}
	default:
		return gone(kind, id)
	}
	if err := c.do(fact.Of(kind, id), body); err != nil {
		return err
	}
	return c.done(fmt.Sprintf("%s/%s", strings.TrimSuffix(c.r.URL.Path[:strings.LastIndex(c.r.URL.Path, id)], "/"), id), "Extended by "+by.String()+".")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
