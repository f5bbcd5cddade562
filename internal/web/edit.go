package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

var editPage = sheet[editView]("edit.html")

// editView is a form over one thing of the plan. Where files manage the plan it
// can be read and not sent.
type editView struct {
	Title   string
	Back    Named // ID is the address
	Action  string
	Managed string
	Base    int64
	Form    Form
}

func (c *call) editView(title, action string, back Named, fields []Input) editView {
	return editView{Title: title, Back: back, Action: action, Managed: c.s.Plans.ManagedBy(), Base: c.plan.Version, Form: Form{Fields: fields}}
}

// edited saves what a form says. read makes the change of the request; an
// error of it, or of the plan, goes back beside its field.
func (c *call) edited(v editView, comment string, read func(*plan.Plan) error) error {
	v.Form = v.Form.filled(c.r)
	err := c.unchanged()
	if err == nil {
		err = c.change(comment, read)
	}
	if err == nil {
		return c.done(v.Back.ID, fmt.Sprintf("Saved as v%d of the plan. It is in force.", c.s.Door.Plan().Version))
	}
	form, ok := v.Form.refused(err)
	if !ok || v.Managed != "" {
		return err
	}
	v.Form = form
	return showAs(c, http.StatusUnprocessableEntity, editPage, v.Title, v)
}

// unchanged refuses a form that was filled in over an older plan: what somebody
// else saved meanwhile would be lost.
func (c *call) unchanged() error {
	if base, _ := strconv.ParseInt(c.value("base"), 10, 64); base != c.plan.Version {
		return fact.Refuse("conflict", "", fmt.Sprintf("somebody saved v%d of the plan meanwhile; look at what is in force, then send this again", c.plan.Version))
	}
	return nil
}

func choices[T any](none string, list []T, of func(*T) Named) []Option {
	out := []Option{{"", none}}
	for i := range list {
		n := of(&list[i])
		out = append(out, Option{n.ID, cmp.Or(n.Name, n.ID)})
	}
	return out
}

func (c *call) serviceForm() (editView, *plan.Service, error) {
	s := c.plan.Service(c.r.PathValue("id"))
	if s == nil {
		return editView{}, nil, gone("service", c.r.PathValue("id"))
	}
	teams := choices("None", c.plan.Teams, func(t *plan.Team) Named { return Named{t.ID, t.Name} })
	policies := choices("None: only the fallback", c.plan.Policies, func(p *plan.Policy) Named { return Named{p.ID, p.Name} })
	path := "/services/" + s.ID
	return c.editView("Edit "+cmp.Or(s.Name, s.ID), path+"/edit", Named{path, cmp.Or(s.Name, s.ID)}, []Input{
		{Name: "name", Label: "Name", Kind: "text", Value: s.Name, Hint: s.ID},
		{Name: "team", Label: "Team", Kind: "select", Value: s.Team, Options: teams},
		{Name: "policy", Label: "Escalation policy", Kind: "select", Value: s.Policy, Options: policies},
		{Name: "urgency", Label: "Urgency", Kind: "select", Required: true, Value: string(cmp.Or(s.Urgency, plan.BySeverity)), Options: []Option{{string(plan.BySeverity), "By severity"}, {string(plan.High), "High"}, {string(plan.Low), "Low"}}},
		{Name: "runbook", Label: "Runbook", Kind: "url", Value: s.Runbook, Hint: "https://runbooks.example.com/" + s.ID},
	}), s, nil
}

func (c *call) serviceEdit() error {
	v, _, err := c.serviceForm()
	if err != nil {
		return err
	}
	return show(c, editPage, v.Title, v)
}

func (c *call) serviceSave() error {
	if err := c.parse(); err != nil {
		return err
	}
	v, s, err := c.serviceForm()
	if err != nil {
		return err
	}
	id := s.ID
	return c.edited(v, "service "+id+" is changed", func(p *plan.Plan) error {
		i := slices.IndexFunc(p.Services, func(s plan.Service) bool { return s.ID == id })
		next := &p.Services[i]
		next.Name, next.Team, next.Policy, next.Urgency, next.Runbook = c.value("name"), c.value("team"), c.value("policy"), plan.Urgency(c.value("urgency")), c.value("runbook")
		switch {
		case next.Team != "" && c.plan.Team(next.Team) == nil:
			return fact.Refuse("invalid", "team", fmt.Sprintf("there is no team %q", next.Team))
		case next.Policy != "" && c.plan.Policy(next.Policy) == nil:
			return fact.Refuse("invalid", "policy", fmt.Sprintf("there is no policy %q", next.Policy))
		case !slices.Contains([]plan.Urgency{plan.BySeverity, plan.High, plan.Low}, next.Urgency):
			return fact.Refuse("invalid", "urgency", fmt.Sprintf("there is no urgency %q", next.Urgency))
		}
		if next.Runbook != "" && !strings.HasPrefix(next.Runbook, "https://") && !strings.HasPrefix(next.Runbook, "http://") {
			return fact.Refuse("invalid", "runbook", "an address begins with https://")
		}
		return nil
	})
}

// spareSteps are empty rungs at the end of the form, to be filled in.
const spareSteps = 2

// policyForm has the steps' fields as after-2 and notify-2.
func (c *call) policyForm() (editView, *plan.Policy, error) {
	p := c.plan.Policy(c.r.PathValue("id"))
	if p == nil {
		return editView{}, nil, gone("escalation policy", c.r.PathValue("id"))
	}
	fields := []Input{{Name: "name", Label: "Name", Kind: "text", Value: p.Name, Hint: p.ID}}
	for i := range len(p.Steps) + spareSteps {
		n, step, after := i+1, plan.Step{}, ""
		if i < len(p.Steps) {
			step = p.Steps[i]
			after = step.After.String()
		}
		if i > 0 {
			fields = append(fields, Input{Name: fmt.Sprintf("after-%d", n), Label: fmt.Sprintf("Step %d comes after", n), Kind: "text", Value: after, Hint: "5m"})
		}
		fields = append(fields, Input{Name: fmt.Sprintf("notify-%d", n), Label: fmt.Sprintf("Step %d tells", n), Kind: "text", Required: i == 0, Value: targetsText(step.Targets), Hint: "schedule/primary, team/payments"})
	}
	fields[1].Help = "Schedules, teams, people and channels, with commas between. A later step that is left empty falls away."
	fields = append(fields,
		Input{Name: "repeat", Label: "Runs again", Kind: "number", Value: strconv.Itoa(p.Repeat), Help: "How many times, if nobody answers."},
		Input{Name: "repeat_after", Label: "Pause after the last step", Kind: "text", Value: lasting(p.RepeatAfter), Hint: plan.DefaultRepeatAfter.String()},
		Input{Name: "ack_timeout", Label: "An acknowledgement lapses after", Kind: "text", Value: lasting(p.AckTimeout), Hint: "never"},
		Input{Name: "fallback", Label: "Fallback", Kind: "text", Value: targetsText(p.Fallback), Help: "Told when nobody is on call, and when nobody answered to the end. Left empty, the plan's own is told."})
	return c.editView("Edit policy "+cmp.Or(p.Name, p.ID), "/policies/"+p.ID+"/edit", Named{"/services", "Services"}, fields), p, nil
}

func lasting(d plan.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func targetsText(list []plan.Target) string {
	var out []string
	for _, t := range list {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

func (c *call) policyEdit() error {
	v, _, err := c.policyForm()
	if err != nil {
		return err
	}
	return show(c, editPage, v.Title, v)
}

func (c *call) policySave() error {
	if err := c.parse(); err != nil {
		return err
	}
	v, old, err := c.policyForm()
	if err != nil {
		return err
	}
	return c.edited(v, "policy "+old.ID+" is changed", func(p *plan.Plan) error {
		next, err := c.policyOfForm(old)
		if err == nil {
			p.Policies[slices.IndexFunc(p.Policies, func(x plan.Policy) bool { return x.ID == old.ID })] = next
		}
		return err
	})
}

func (c *call) policyOfForm(old *plan.Policy) (plan.Policy, error) {
	next := plan.Policy{ID: old.ID, Name: c.value("name")}
	for n := 1; n <= len(old.Steps)+spareSteps; n++ {
		notify := fmt.Sprintf("notify-%d", n)
		targets, err := c.targetsIn(notify)
		if err != nil {
			return next, err
		}
		after, err := c.lasts(fmt.Sprintf("after-%d", n))
		if err != nil {
			return next, err
		}
		switch {
		case n == 1 && len(targets) == 0:
			return next, fact.Refuse("invalid", notify, "the first step must tell somebody")
		case n == 1:
			after = old.Steps[0].After
		case len(targets) == 0:
			continue
		case c.value(fmt.Sprintf("after-%d", n)) == "":
			// nothing said must not mean at once, beside the step before
			return next, fact.Refuse("invalid", fmt.Sprintf("after-%d", n), "say how long the step before is given, like 5m")
		}
		next.Steps = append(next.Steps, plan.Step{After: after, Targets: targets})
	}
	var err error
	if next.Repeat, err = strconv.Atoi(cmp.Or(c.value("repeat"), "0")); err != nil || next.Repeat < 0 {
		return next, fact.Refuse("invalid", "repeat", "a number, 0 or more")
	}
	if next.RepeatAfter, err = c.lasts("repeat_after"); err != nil {
		return next, err
	}
	if next.AckTimeout, err = c.lasts("ack_timeout"); err != nil {
		return next, err
	}
	next.Fallback, err = c.targetsIn("fallback")
	return next, err
}

func (c *call) lasts(field string) (plan.Duration, error) {
	text := c.value(field)
	if text == "" {
		return 0, nil
	}
	d, err := plan.ParseDuration(text)
	if err != nil {
		return 0, fact.Refuse("invalid", field, err.Error())
	}
	return d, nil
}

// targetsIn reads "schedule/primary, team/payments".
func (c *call) targetsIn(field string) ([]plan.Target, error) {
	var out []plan.Target
	for part := range strings.SplitSeq(c.value(field), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		kind, id, _ := strings.Cut(part, "/")
		t := plan.Target{Kind: plan.TargetKind(strings.TrimSpace(kind)), ID: strings.TrimSpace(id)}
		if !c.known(t) {
			return nil, fact.Refuse("invalid", field, fmt.Sprintf("there is no %q; write user/, schedule/, team/ or channel/ and an id", part))
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (c *call) known(t plan.Target) bool {
	switch t.Kind {
	case plan.ToUser:
		return c.plan.User(t.ID) != nil
	case plan.ToTeam:
		return c.plan.Team(t.ID) != nil
	case plan.ToSchedule:
		return c.plan.Schedule(t.ID) != nil
	case plan.ToChannel:
		return c.plan.Channel(t.ID) != nil
	}
	return false
}
