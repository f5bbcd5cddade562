package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
)

var (
	integrationsPage   = sheet[integrationsView]("integrations.html")
	integrationNewPage = sheet[integrationNewView]("integration_new.html")
	integrationPage    = sheet[integrationView]("integration.html")
)

// IntegrationRow is a door for one source.
type IntegrationRow struct {
	ID, Name, Type string
	Service        Named
	Last           Stamp
	Accepted       int64
	Rejected       int64
	LastError      string
	RejectedAt     Stamp
	Mark           Mark
}

type integrationsView struct {
	Rows []IntegrationRow
	Add  bool
	None Empty
}

func (c *call) formatTitle(name string) string {
	for _, f := range c.s.Formats.Formats() {
		if f.Name == name {
			return f.Title
		}
	}
	return name
}

func (c *call) integrationRow(in *plan.Integration, a Activity) IntegrationRow {
	r := IntegrationRow{ID: in.ID, Name: cmp.Or(in.Name, in.ID), Type: c.formatTitle(in.Type), Service: c.service(in.Service), Last: c.stamp(a.LastAt),
		Accepted: a.Accepted, Rejected: a.Rejected, LastError: a.LastError, RejectedAt: c.stamp(a.RejectedAt)}
	switch {
	case a.LastError != "" && !a.RejectedAt.Before(a.LastAt):
		r.Mark = Mark{"warn", "Last request refused", "amber"}
	case a.LastAt.IsZero():
		r.Mark = markUnknown.as("Nothing received yet")
	default:
		r.Mark = markResolved.as("Receiving")
	}
	return r
}

func (c *call) integrationsShow() error {
	v := integrationsView{Add: c.mayChange(), None: Empty{Title: "No source is connected", Text: "Pick what you have: Prometheus, Grafana, anything that speaks PagerDuty's events, or any JSON webhook. You copy one snippet and see the first event arrive.", Href: "/integrations/new", Do: "Connect a source"}}
	activity, err := c.s.Ledger.Activity(c.r.Context())
	if err != nil {
		return err
	}
	for i := range c.plan.Integrations {
		in := &c.plan.Integrations[i]
		v.Rows = append(v.Rows, c.integrationRow(in, activity[in.ID]))
	}
	return show(c, integrationsPage, "Integrations", v)
}

// mayChange: the plan is edited here, and by this person.
func (c *call) mayChange() bool { return c.role.May(Admin) && c.s.Plans.ManagedBy() == "" }

type integrationNewView struct {
	Formats []Option
	Picked  string
	Form    Form
}

func (c *call) integrationForm() integrationNewView {
	v := integrationNewView{Picked: c.value("type")}
	for _, f := range c.s.Formats.Formats() {
		v.Formats = append(v.Formats, Option{f.Name, f.Title})
		if v.Picked == "" {
			v.Picked = f.Name
		}
	}
	services := []Option{{"", "As its labels and routes say"}}
	for _, s := range c.plan.Services {
		services = append(services, Option{s.ID, c.service(s.ID).Name})
	}
	v.Form = Form{Fields: []Input{{Name: "name", Label: "Name", Kind: "text", Required: true, Hint: "Prometheus, Frankfurt"},
		{Name: "service", Label: "Its alerts go to", Kind: "select", Required: true, Options: services}}}.filled(c.r)
	return v
}

func (c *call) integrationNew() error {
	if err := c.parse(); err != nil {
		return err
	}
	return show(c, integrationNewPage, "Connect a source", c.integrationForm())
}

// newKey makes a key of 32 characters, as PagerDuty's are: some clients check
// the length.
func newKey() (key, hash string, err error) {
	raw := make([]byte, 20)
	if _, err := rand.Read(raw); err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	key = strings.ToLower(base32.StdEncoding.EncodeToString(raw))
	sum := sha256.Sum256([]byte(key))
	return key, hex.EncodeToString(sum[:]), nil
}

func (c *call) integrationAdd() error {
	if err := c.parse(); err != nil {
		return err
	}
	v := c.integrationForm()
	key, hash, err := newKey()
	if err != nil {
		return err
	}
	in := plan.Integration{Name: c.value("name"), Type: v.Picked, Service: c.value("service"), KeyHash: hash}
	in.ID = c.freeID(in.Name)
	if !slices.ContainsFunc(v.Formats, func(o Option) bool { return o.Value == in.Type }) {
		err = fact.Refuse("invalid", "type", "no integration is called "+in.Type)
	} else if in.Name == "" {
		err = fact.Refuse("invalid", "name", "give it a name that you will know again")
	}
	if err == nil {
		err = c.change("integration "+in.ID+" is connected", func(p *plan.Plan) error { p.Integrations = append(p.Integrations, in); return nil })
	}
	if err != nil {
		form, ok := v.Form.refused(err)
		if !ok {
			return err
		}
		v.Form = form
		return showAs(c, 422, integrationNewPage, "Connect a source", v)
	}
	c.plan = c.s.Door.Plan()
	return c.integrationWith(in.ID, key)
}

// freeID makes an id of a name that no integration has.
func (c *call) freeID(name string) string {
	id := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name), "-")
	for strings.Contains(id, "--") {
		id = strings.ReplaceAll(id, "--", "-")
	}
	id = cmp.Or(strings.Trim(id[:min(40, len(id))], "-"), "source")
	for n := 2; c.plan.Integration(id) != nil; n++ {
		base, _, _ := strings.Cut(id, "~")
		id = fmt.Sprintf("%s~%d", base, n)
	}
	return strings.ReplaceAll(id, "~", "-")
}

type integrationView struct {
	IntegrationRow
	Key     string // only in the answer that made it
	Snippet string
	Alerts  []AlertRow
	Edit    bool
	Try     *tryView
}

// integrationShow leads on to the checks for what Tocsin's own eyes sent.
func (c *call) integrationShow() error {
	if id := c.r.PathValue("id"); id == watch.CheckIntegration || id == watch.HeartbeatIntegration {
		return c.redirect("/checks", flash{})
	}
	return c.integrationWith(c.r.PathValue("id"), "")
}

// integrationTried shows an integration with the answer to a tried payload.
func (c *call) integrationTried(id string, status int, try *tryView) error {
	v, err := c.integrationView(id, "")
	if err != nil {
		return err
	}
	v.Try = try
	return showAs(c, status, integrationPage, v.Name, v)
}

// integrationWith shows an integration; key is shown once, when it was made.
func (c *call) integrationWith(id, key string) error {
	v, err := c.integrationView(id, key)
	if err != nil {
		return err
	}
	return show(c, integrationPage, v.Name, v)
}

func (c *call) integrationView(id, key string) (integrationView, error) {
	in := c.plan.Integration(id)
	if in == nil {
		return integrationView{}, gone("integration", id)
	}
	activity, err := c.s.Ledger.Activity(c.r.Context())
	if err != nil {
		return integrationView{}, err
	}
	v := integrationView{IntegrationRow: c.integrationRow(in, activity[id]), Key: key, Edit: c.mayChange(), Try: c.tryOf(in)}
	for _, f := range c.s.Formats.Formats() {
		if f.Name == in.Type && f.Snippet != nil {
			v.Snippet = f.Snippet(c.s.BaseURL, cmp.Or(key, "YOUR-KEY"))
		}
	}
	alerts, err := c.s.Ledger.Alerts(c.r.Context(), alert.Filter{Limit: 200})
	if err != nil {
		return v, err
	}
	for _, a := range alerts {
		if a.Integration == id && len(v.Alerts) < 10 {
			v.Alerts = append(v.Alerts, c.alertRow(a))
		}
	}
	c.path = "/integrations/" + id
	return v, nil
}

func (c *call) integrationKey() error {
	id := c.r.PathValue("id")
	if c.plan.Integration(id) == nil {
		return gone("integration", id)
	}
	key, hash, err := newKey()
	if err != nil {
		return err
	}
	err = c.change("integration "+id+" gets a new key", func(p *plan.Plan) error {
		for i := range p.Integrations {
			if p.Integrations[i].ID == id {
				p.Integrations[i].KeyHash = hash
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.plan = c.s.Door.Plan()
	return c.integrationWith(id, key)
}

func (c *call) integrationTest() error {
	id := c.r.PathValue("id")
	if c.plan.Integration(id) == nil {
		return gone("integration", id)
	}
	if err := c.s.Formats.Test(c.r.Context(), id); err != nil {
		return err
	}
	return c.done("/integrations/"+id, "A test event was sent. It appears below, and resolves by itself.")
}

func (c *call) integrationRemove() error {
	id := c.r.PathValue("id")
	if c.value("name") != id {
		return fact.Refuse("invalid", "name", "to remove it, type its id: "+id)
	}
	err := c.change("integration "+id+" is removed", func(p *plan.Plan) error {
		p.Integrations = slices.DeleteFunc(p.Integrations, func(in plan.Integration) bool { return in.ID == id })
		return nil
	})
	if err != nil {
		return err
	}
	return c.done("/integrations", id+" is removed; its key is refused from now on.")
}
