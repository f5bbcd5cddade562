package config

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Encode writes a plan in its one canonical form: everything sorted by id,
// nothing that is empty. Load reads it back to the equal plan. It refuses a
// plan that the language cannot say (an id with a space in it).
func Encode(p *plan.Plan) ([]byte, error) {
	root := newMapping()
	w := &writer{}
	w.people(root, p)
	w.responsibility(root, p)
	w.sources(root, p)
	if route := w.route(&p.Route, "route"); len(route.Content) > 0 {
		root.put("route", route)
	}
	root.list("fallback", targetNodes(p.Fallback))
	if w.err != nil {
		return nil, fmt.Errorf("write plan: %w", w.err)
	}
	if len(root.Content) == 0 {
		return []byte("{}\n"), nil
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root.Node); err != nil {
		return nil, fmt.Errorf("write plan: %w", err)
	}
	return out.Bytes(), nil
}

// writer keeps the first thing that cannot be written.
type writer struct{ err error }

func (w *writer) refuse(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *writer) id(kind, id string) {
	if !idPattern.MatchString(id) {
		w.refuse("%s %q: %s", kind, id, idRule)
	}
}

// mapping is a YAML mapping that leaves out what is empty.
type mapping struct{ *yaml.Node }

func newMapping() mapping { return mapping{&yaml.Node{Kind: yaml.MappingNode}} }

func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: escapePlaceholders(s)}
	// Paragraphs are written as such where YAML can carry them unchanged; what
	// else is unprintable is quoted.
	if paragraph.MatchString(s) {
		n.Style = yaml.LiteralStyle
	} else if strings.ContainsFunc(s, unprintable) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

var paragraph = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?(\n{1,2}[!-~]([ -~]*[!-~])?)+\n?$`)

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

// bare is a text that YAML may write without quotes: a number, true, a turn.
func bare(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

func keyNode(s string) *yaml.Node {
	n := textNode(s)
	n.Value = s // placeholders are not read in names
	return n
}

func (m mapping) put(name string, v *yaml.Node) { m.Content = append(m.Content, keyNode(name), v) }

func (m mapping) text(name, s string) {
	if s != "" {
		m.put(name, textNode(s))
	}
}

func (m mapping) number(name string, n int) {
	if n != 0 {
		m.put(name, bare(strconv.Itoa(n)))
	}
}

func (m mapping) duration(name string, d plan.Duration) {
	if d != 0 {
		m.put(name, bare(d.String()))
	}
}

func (m mapping) flag(name string, b bool) {
	if b {
		m.put(name, bare("true"))
	}
}

func (m mapping) list(name string, items []*yaml.Node) {
	if len(items) > 0 {
		m.put(name, sequence(items))
	}
}

func (m mapping) texts(name string, items []string) { m.list(name, textNodes(items)) }

func (m mapping) settings(name string, s map[string]string) {
	if len(s) == 0 {
		return
	}
	m.put(name, settingsNode(s))
}

func settingsNode(s map[string]string) *yaml.Node {
	out := newMapping()
	names := make([]string, 0, len(s))
	for n := range s {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		out.put(n, textNode(s[n]))
	}
	return out.Node
}

// sequence writes short lists of words on one line and the others as a column.
func sequence(items []*yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Content: items}
	length := 0
	for _, item := range items {
		if item.Kind == yaml.MappingNode || item.Style != 0 {
			return n
		}
		length += len(item.Value) + 2
	}
	if length < 80 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func textNodes(items []string) []*yaml.Node {
	out := make([]*yaml.Node, len(items))
	for i, s := range items {
		out[i] = textNode(s)
	}
	return out
}

func targetNodes(targets []plan.Target) []*yaml.Node {
	out := make([]*yaml.Node, len(targets))
	for i, t := range targets {
		out[i] = textNode(t.String())
	}
	return out
}

// section writes one kind of thing, sorted by id.
func section[T any](w *writer, root mapping, list []T, s sectionOf[T]) {
	if len(list) == 0 {
		return
	}
	sorted := make([]*T, len(list))
	for i := range list {
		sorted[i] = &list[i]
	}
	sort.SliceStable(sorted, func(i, j int) bool { return s.id(sorted[i]) < s.id(sorted[j]) })
	all := newMapping()
	for _, x := range sorted {
		w.id(s.name, s.id(x))
		one := newMapping()
		s.write(one, x)
		if len(one.Content) == 0 {
			one.Style = yaml.FlowStyle
		}
		all.put(s.id(x), one.Node)
	}
	root.put(s.name, all.Node)
}

type sectionOf[T any] struct {
	name  string
	id    func(*T) string
	write func(mapping, *T)
}

func (w *writer) people(root mapping, p *plan.Plan) {
	section(w, root, p.Users, sectionOf[plan.User]{"users", func(u *plan.User) string { return u.ID }, w.user})
	section(w, root, p.Teams, sectionOf[plan.Team]{"teams", func(t *plan.Team) string { return t.ID }, func(m mapping, t *plan.Team) {
		m.text("name", t.Name)
		m.texts("members", t.Members)
	}})
	section(w, root, p.Schedules, sectionOf[oncall.Schedule]{"schedules", func(s *oncall.Schedule) string { return s.ID }, func(m mapping, s *oncall.Schedule) {
		m.text("name", s.Name)
		m.text("zone", s.Zone)
		var layers []*yaml.Node
		for i := range s.Layers {
			layers = append(layers, layerNode(&s.Layers[i]))
		}
		m.list("layers", layers)
	}})
}

func (w *writer) user(m mapping, u *plan.User) {
	if u.ID == nobody {
		w.refuse("user %q: that is the word for a seat that no one holds", u.ID)
	}
	m.text("name", u.Name)
	m.text("email", u.Email)
	m.text("zone", u.Zone)
	var contacts []*yaml.Node
	for i := range u.Contacts {
		c := newMapping()
		if w.id("contact", u.Contacts[i].ID); u.Contacts[i].ID != u.Contacts[i].Channel {
			c.text("id", u.Contacts[i].ID)
		}
		w.contact(c, &u.Contacts[i])
		contacts = append(contacts, c.Node)
	}
	m.list("contacts", contacts)
	rules := newMapping()
	rules.list("high", ruleNodes(u.High))
	rules.list("low", ruleNodes(u.Low))
	if len(rules.Content) > 0 {
		m.put("rules", rules.Node)
	}
}

func ruleNodes(rules []plan.NotifyRule) []*yaml.Node {
	var out []*yaml.Node
	for _, r := range rules {
		out = append(out, textNode(writeRule(r)))
	}
	return out
}

func (w *writer) contact(m mapping, c *plan.Contact) {
	w.typed(m, c.Channel, c.Settings)
	if c.Limit != (plan.Limit{}) {
		m.put("limit", bare(writeLimit(c.Limit)))
	}
}

// typed writes a type as the field that holds its settings.
func (w *writer) typed(m mapping, name string, settings map[string]string) {
	if !typeName.MatchString(name) {
		w.refuse("type %q: a channel or check is called by lower-case letters, digits, - and _", name)
	}
	s := settingsNode(settings)
	if len(s.Content) == 0 {
		s.Style = yaml.FlowStyle
	}
	m.put(name, s)
}

func layerNode(l *oncall.Layer) *yaml.Node {
	m := newMapping()
	m.text("name", l.Name)
	var seats []*yaml.Node
	for _, seat := range l.Seats {
		people := make([]string, len(seat))
		for i, u := range seat {
			if people[i] = u; u == oncall.Vacant {
				people[i] = nobody
			}
		}
		if len(people) == 1 {
			seats = append(seats, textNode(people[0]))
			continue
		}
		seats = append(seats, &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: textNodes(people)})
	}
	members := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: seats}
	m.put("members", members)
	m.put("turn", bare(writeTurn(l.Every, l.Unit)))
	m.put("start", textNode(l.Start.String()))
	if !l.From.IsZero() {
		m.put("from", textNode(l.From.String()))
	}
	if !l.Until.IsZero() {
		m.put("until", textNode(l.Until.String()))
	}
	var hours []*yaml.Node
	for _, win := range l.Windows {
		hours = append(hours, textNode(writeWindow(win)))
	}
	m.list("hours", hours)
	m.number("priority", l.Priority)
	m.flag("count_days_on", l.CountDaysOn)
	return m.Node
}

func (w *writer) responsibility(root mapping, p *plan.Plan) {
	section(w, root, p.Policies, sectionOf[plan.Policy]{"policies", func(x *plan.Policy) string { return x.ID }, func(m mapping, x *plan.Policy) {
		m.text("name", x.Name)
		var steps []*yaml.Node
		for _, s := range x.Steps {
			step := newMapping()
			step.duration("after", s.After)
			step.list("notify", targetNodes(s.Targets))
			steps = append(steps, step.Node)
		}
		m.list("steps", steps)
		m.number("repeat", x.Repeat)
		m.duration("repeat_after", x.RepeatAfter)
		m.duration("ack_timeout", x.AckTimeout)
		m.list("fallback", targetNodes(x.Fallback))
	}})
	section(w, root, p.Services, sectionOf[plan.Service]{"services", func(s *plan.Service) string { return s.ID }, func(m mapping, s *plan.Service) {
		m.text("name", s.Name)
		m.text("description", s.Description)
		m.text("team", s.Team)
		m.text("policy", s.Policy)
		m.text("urgency", string(s.Urgency))
		m.number("tier", s.Tier)
		m.text("runbook", s.Runbook)
	}})
	section(w, root, p.Channels, sectionOf[plan.Contact]{"channels", func(c *plan.Contact) string { return c.ID }, w.contact})
}

func (w *writer) sources(root mapping, p *plan.Plan) {
	section(w, root, p.Integrations, sectionOf[plan.Integration]{"integrations", func(i *plan.Integration) string { return i.ID }, func(m mapping, in *plan.Integration) {
		m.text("name", in.Name)
		m.text("type", in.Type)
		m.text("service", in.Service)
		m.text("key_hash", in.KeyHash)
		m.duration("resolve_timeout", in.ResolveTimeout)
		m.settings("mapping", in.Mapping)
	}})
	section(w, root, p.Checks, sectionOf[plan.Check]{"checks", func(c *plan.Check) string { return c.ID }, w.check})
	section(w, root, p.Heartbeats, sectionOf[plan.Heartbeat]{"heartbeats", func(h *plan.Heartbeat) string { return h.ID }, func(m mapping, h *plan.Heartbeat) {
		m.text("name", h.Name)
		m.text("service", h.Service)
		m.duration("every", h.Every)
		m.duration("grace", h.Grace)
		m.text("severity", string(h.Severity))
		m.settings("labels", h.Labels)
		m.text("key_hash", h.KeyHash)
	}})
}

func (w *writer) check(m mapping, c *plan.Check) {
	m.text("name", c.Name)
	w.typed(m, c.Type, c.Settings)
	m.text("service", c.Service)
	m.duration("interval", c.Interval)
	m.duration("timeout", c.Timeout)
	m.number("retries", c.Retries)
	m.duration("retry_interval", c.RetryInterval)
	m.texts("conditions", c.Conditions)
	m.text("severity", string(c.Severity))
	m.settings("labels", c.Labels)
}

func (w *writer) route(r *plan.Route, at string) *yaml.Node {
	if at == "route" && (len(r.Matchers) > 0 || r.Continue) {
		w.refuse("the root of the routes has matchers, or continues; it takes every alert")
	}
	m := newMapping()
	m.text("name", r.Name)
	m.list("match", matcherNodes(r.Matchers))
	m.flag("continue", r.Continue)
	m.text("service", r.Service)
	m.text("policy", r.Policy)
	if r.GroupBy != nil {
		m.put("group_by", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: textNodes(r.GroupBy)})
	}
	if r.GroupWait != nil {
		m.put("group_wait", bare(r.GroupWait.String()))
	}
	m.text("urgency", string(r.Urgency))
	if r.NoPage != "" {
		m.put("no_page", bare(r.NoPage))
	}
	if r.Declare != 0 {
		m.put("declare", bare(writeDeclare(r.Declare)))
	}
	var routes []*yaml.Node
	for i := range r.Routes {
		child := w.route(&r.Routes[i], fmt.Sprintf("%s.routes[%d]", at, i))
		if len(child.Content) == 0 {
			child.Style = yaml.FlowStyle
		}
		routes = append(routes, child)
	}
	m.list("routes", routes)
	return m.Node
}

func matcherNodes(ms signal.Matchers) []*yaml.Node {
	var out []*yaml.Node
	for _, m := range ms {
		out = append(out, textNode(m.String()))
	}
	return out
}

// storable says whether a text can stand in a file at all.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
