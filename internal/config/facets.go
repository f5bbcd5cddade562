package config

import (
	"fmt"
	"strconv"
	"strings"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

// subject is what the facets being added are about: "Service checkout".
type subject struct {
	to     *facets
	about  thing
	key    string
	path   string
	name   string
	hidden bool
}

// field adds a plain field with the usual wording.
func (s subject) field(name, label, value string) { s.verb(name, label+" is", value) }

// many is field for a label in the plural.
func (s subject) many(name, label string, values []string) {
	s.verb(name, label+" are", strings.Join(values, ", "))
}

func (s subject) verb(name, claim, value string) {
	s.say(name, value, wording{
		changed: s.name + ": " + claim + " now {new} instead of {old}",
		added:   s.name + ": " + claim + " now {new}",
		removed: s.name + ": " + claim + " no longer set (before: {old})",
	})
}

// quiet adds a field whose value is never shown.
func (s subject) quiet(name, label, value string) {
	s.hidden = true
	s.say(name, value, wording{
		changed: s.name + ": " + label + " has changed",
		added:   s.name + ": " + label + " is now set",
		removed: s.name + ": " + label + " is no longer set",
	})
}

func (s subject) say(name, value string, w wording) {
	s.to.add(facet{key: s.key + "/" + name, path: s.path + "." + name, parent: s.key, value: value, say: w, hidden: s.hidden, about: s.about})
}

// part adds a part that has fields of its own. at is its path below s.
func (s subject) part(identity, at, name string, w wording) subject {
	p := subject{to: s.to, about: s.about, key: s.key + "/" + identity, path: s.path + at, name: name}
	s.to.add(facet{key: p.key, path: p.path, parent: s.key, value: "there", say: w, hidden: true, about: s.about})
	return p
}

func (fs *facets) thing(section, noun, id string) subject {
	return fs.described(section, noun, id, "")
}

// described adds a thing with what there is to say when it is new.
func (fs *facets) described(section, noun, id, description string) subject {
	s := subject{to: fs, about: thing{section, id}, key: section + "/" + id, path: section + "." + id, name: noun + " " + id}
	fs.add(facet{key: s.key, path: s.path, value: "there", hidden: true, about: s.about,
		say: wording{added: s.name + " is new" + description, removed: s.name + " is gone"}})
	return s
}

func facetsOf(p *plan.Plan) *facets {
	fs := &facets{}
	if p == nil {
		return fs
	}
	for i := range p.Users {
		fs.user(&p.Users[i])
	}
	for _, t := range p.Teams {
		s := fs.thing("teams", "Team", t.ID)
		s.field("name", "name", t.Name)
		s.many("members", "members", t.Members)
	}
	for i := range p.Schedules {
		fs.schedule(&p.Schedules[i])
	}
	for i := range p.Policies {
		fs.policy(&p.Policies[i])
	}
	for _, s := range p.Services {
		fs.service(s)
	}
	for i := range p.Channels {
		c := &p.Channels[i]
		fs.described("channels", "Channel", c.ID, ", by "+c.Channel).contact(c)
	}
	fs.sources(p)
	root := subject{to: fs, about: thing{section: "route"}, key: "", path: "route", name: "The root route"}
	root.route(&p.Route)
	fs.add(facet{key: "fallback", path: "fallback", value: words(p.Fallback), about: thing{section: "fallback"}, say: wording{
		changed: "The plan's fallback is now {new} instead of {old}", added: "The plan's fallback is now {new}",
		removed: "The plan no longer has a fallback (it was {old})"}})
	return fs
}

func words(targets []plan.Target) string {
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = t.String()
	}
	return strings.Join(out, ", ")
}

func countOf(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

func durationOf(d plan.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (fs *facets) user(u *plan.User) {
	s := fs.thing("users", "User", u.ID)
	s.field("name", "name", u.Name)
	s.field("email", "e-mail address", u.Email)
	s.field("zone", "time zone", u.Zone)
	var order []string
	for i := range u.Contacts {
		c := &u.Contacts[i]
		order = append(order, c.ID)
		name := s.name + ", contact " + c.ID
		s.part("contact "+c.ID, fmt.Sprintf(".contacts[%d]", i), name, wording{
			added: s.name + " can now be told by " + c.Channel + " (contact " + c.ID + ")", removed: s.name + " can no longer be told by contact " + c.ID,
		}).contact(c)
	}
	s.order("contacts", "contacts", order)
	s.rules("high", u.High)
	s.rules("low", u.Low)
}

// order tells of a changed order.
func (s subject) order(name, label string, ids []string) {
	s.to.add(facet{key: s.key + "/order of " + name, path: s.path + "." + name, parent: s.key, value: strings.Join(ids, ", "), about: s.about, order: ids,
		say: wording{changed: s.name + ": the order of its " + label + " is now {new} instead of {old}"}})
}

func (s subject) rules(urgency string, rules []plan.NotifyRule) {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = writeRule(r)
	}
	s.say("rules."+urgency, strings.Join(out, ", "), wording{
		changed: s.name + " is now told of " + urgency + " urgency by {new} instead of {old}",
		added:   s.name + " is now told of " + urgency + " urgency by {new}",
		removed: s.name + " has no rule for " + urgency + " urgency any more (it was {old})",
	})
}

func (s subject) contact(c *plan.Contact) {
	s.field("channel", "channel", c.Channel)
	for _, name := range sortedKeys(c.Settings) {
		s.quiet(c.Channel+"."+name, name, c.Settings[name])
	}
	if c.Limit != (plan.Limit{}) {
		s.field("limit", "limit", writeLimit(c.Limit))
	}
}

func (fs *facets) schedule(x *oncall.Schedule) {
	s := fs.thing("schedules", "Schedule", x.ID)
	s.field("name", "name", x.Name)
	s.field("zone", "time zone", x.Zone)
	for i := range x.Layers {
		l := &x.Layers[i]
		name := l.Name
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		name = s.name + ", layer " + name
		p := s.part(fmt.Sprint("layer ", i), fmt.Sprintf(".layers[%d]", i), name, wording{added: name + " is new: " + seats(l.Seats) + " in turns of " + writeTurn(l.Every, l.Unit), removed: name + " is gone"})
		p.field("name", "name", l.Name)
		p.verb("members", "members are", seats(l.Seats))
		p.field("turn", "turn", writeTurn(l.Every, l.Unit))
		p.field("start", "start", l.Start.String())
		if !l.From.IsZero() {
			p.field("from", "beginning", l.From.String())
		}
		if !l.Until.IsZero() {
			p.field("until", "end", l.Until.String())
		}
		var hours []string
		for _, w := range l.Windows {
			hours = append(hours, writeWindow(w))
		}
		p.many("hours", "hours", hours)
		p.field("priority", "priority", countOf(l.Priority))
		if l.CountDaysOn {
			p.field("count_days_on", "counting only days on", "true")
		}
	}
}

func seats(list [][]string) string {
	out := make([]string, len(list))
	for i, seat := range list {
		people := make([]string, len(seat))
		for j, u := range seat {
			if people[j] = u; u == oncall.Vacant {
				people[j] = nobody
			}
		}
		out[i] = strings.Join(people, " with ")
	}
	return strings.Join(out, ", ")
}

func (fs *facets) policy(x *plan.Policy) {
	s := fs.thing("policies", "Policy", x.ID)
	s.field("name", "name", x.Name)
	for i, step := range x.Steps {
		name := fmt.Sprintf("%s: step %d", s.name, i+1)
		p := s.part(fmt.Sprint("step ", i), fmt.Sprintf(".steps[%d]", i), name, wording{
			added: fmt.Sprintf("%s is new: after %s it tells %s", name, step.After, words(step.Targets)), removed: name + " is gone"})
		p.say("after", step.After.String(), wording{changed: name + " now waits {new} instead of {old}"})
		p.say("notify", words(step.Targets), wording{changed: name + " now tells {new} instead of {old}"})
	}
	s.say("repeat", times(x.Repeat), wording{changed: s.name + " now repeats {new} instead of {old}"})
	s.field("repeat_after", "pause before repeating", durationOf(x.RepeatAfter))
	s.say("ack_timeout", durationOf(x.AckTimeout), wording{
		changed: s.name + ": an acknowledgement now holds {new} instead of {old}",
		added:   s.name + ": an acknowledgement now holds {new} instead of for good",
		removed: s.name + ": an acknowledgement now holds for good instead of {old}",
	})
	s.field("fallback", "fallback", words(x.Fallback))
}

func (fs *facets) service(x plan.Service) {
	description := ", and no policy pages anybody for it"
	if x.Policy != "" {
		description = ", paged by policy " + x.Policy
	}
	s := fs.described("services", "Service", x.ID, description)
	s.field("name", "name", x.Name)
	s.field("description", "description", x.Description)
	s.say("team", x.Team, wording{
		changed: s.name + " now belongs to team {new} instead of {old}", added: s.name + " now belongs to team {new}", removed: s.name + " no longer belongs to team {old}"})
	s.say("policy", x.Policy, wording{
		changed: s.name + " is now paged by policy {new} instead of {old}", added: s.name + " is now paged by policy {new}", removed: s.name + " is no longer paged by policy {old}, nor by another"})
	s.field("urgency", "urgency", string(x.Urgency))
	s.field("tier", "tier", countOf(x.Tier))
	s.field("runbook", "runbook", x.Runbook)
}

func (fs *facets) sources(p *plan.Plan) {
	for _, x := range p.Integrations {
		s := fs.described("integrations", "Integration", x.ID, ", of type "+x.Type)
		s.field("name", "name", x.Name)
		s.field("type", "type", x.Type)
		s.destination(x.Service)
		s.quiet("key", "key", x.KeyHash)
		s.field("resolve_timeout", "resolve timeout", durationOf(x.ResolveTimeout))
		s.texts("mapping", x.Mapping)
	}
	for _, x := range p.Checks {
		s := fs.described("checks", "Check", x.ID, ", every "+x.Interval.String()+" by "+x.Type)
		s.field("name", "name", x.Name)
		s.field("type", "type", x.Type)
		for _, name := range sortedKeys(x.Settings) {
			s.quiet(x.Type+"."+name, name, x.Settings[name])
		}
		s.destination(x.Service)
		s.say("interval", x.Interval.String(), wording{changed: s.name + " now runs every {new} instead of {old}"})
		s.say("timeout", x.Timeout.String(), wording{changed: s.name + " now waits {new} for an answer instead of {old}"})
		s.field("retries", "number of retries", strconv.Itoa(x.Retries))
		s.field("retry_interval", "retry interval", durationOf(x.RetryInterval))
		s.many("conditions", "conditions", x.Conditions)
		s.field("severity", "severity", string(x.Severity))
		s.texts("labels", x.Labels)
	}
	for _, x := range p.Heartbeats {
		s := fs.described("heartbeats", "Heartbeat", x.ID, ", expected every "+x.Every.String())
		s.field("name", "name", x.Name)
		s.destination(x.Service)
		s.say("every", x.Every.String(), wording{changed: s.name + " is now expected every {new} instead of {old}"})
		s.field("grace", "grace", durationOf(x.Grace))
		s.field("severity", "severity", string(x.Severity))
		s.texts("labels", x.Labels)
		s.quiet("key", "key", x.KeyHash)
	}
}

func (s subject) destination(service string) {
	s.say("service", service, wording{
		changed: s.name + " now alerts service {new} instead of {old}", added: s.name + " now alerts service {new}", removed: s.name + " no longer alerts service {old}"})
}

func (s subject) texts(name string, m map[string]string) {
	for _, k := range sortedKeys(m) {
		s.field(name+"."+k, name+" "+k, m[k])
	}
}

// route adds a node. Children are recognised by name or matchers, so that one
// inserted in front does not make all others look changed.
func (s subject) route(r *plan.Route) {
	s.say("service", r.Service, wording{
		changed: s.name + " now leads to service {new} instead of {old}", added: s.name + " now leads to service {new}", removed: s.name + " no longer leads to service {old}"})
	s.say("policy", r.Policy, wording{
		changed: s.name + " now pages policy {new} instead of {old}", added: s.name + " now pages policy {new}", removed: s.name + " no longer names policy {old}"})
	if len(r.Matchers) > 0 {
		s.field("match", "match", r.Matchers.String())
	}
	if r.Continue {
		s.say("continue", "true", wording{added: s.name + " now lets later routes match too", removed: s.name + " now ends the search"})
	}
	if r.GroupBy != nil {
		s.field("group_by", "grouping", "["+strings.Join(r.GroupBy, ", ")+"]")
	}
	if r.GroupWait != nil {
		s.field("group_wait", "wait for company", r.GroupWait.String())
	}
	s.field("urgency", "urgency", string(r.Urgency))
	s.say("no_page", r.NoPage, wording{changed: s.name + ": no_page is now {new}", added: s.name + ": no_page is now {new}", removed: s.name + ": no_page is inherited again (it was {old})"})
	if r.Declare != 0 {
		s.say("declare", writeDeclare(r.Declare), wording{
			changed: s.name + " now declares {new} instead of {old}", added: s.name + " now declares an incident, {new}", removed: s.name + " no longer declares an incident (it was {old})"})
	}
	seen := map[string]int{}
	var order []string
	for i := range r.Routes {
		child := &r.Routes[i]
		name := routeName(child, "without a name or matchers")
		seen[name]++
		identity := name
		if seen[name] > 1 {
			identity = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		order = append(order, identity)
		title := strings.ToUpper(identity[:1]) + identity[1:]
		s.part(identity, fmt.Sprintf(".routes[%d]", i), title, wording{added: title + " is new" + routeLeads(child), removed: title + " is gone"}).route(child)
	}
	s.order("routes", "routes", order)
}

func routeLeads(r *plan.Route) string {
	var out []string
	if r.Name != "" && len(r.Matchers) > 0 {
		out = append(out, "matching "+r.Matchers.String())
	}
	if r.Service != "" {
		out = append(out, "to service "+r.Service)
	}
	if r.Policy != "" {
		out = append(out, "paging policy "+r.Policy)
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}
