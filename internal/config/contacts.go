package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// typedField is how contacts and checks name their type: the one field that is
// not among the fixed ones, as in {id: phone, ntfy: {topic: ana}}.
type typedField struct {
	entry entry
	found bool
}

// typed reads an object whose one remaining field is its type. what is
// "channel" or "check type"; known are the registered ones, if they are told.
func (r *reader) typed(v value, what string, f fields, known []string) typedField {
	var out typedField
	var open []entry
	for _, e := range r.entries(v) {
		if set, ok := f[e.key]; ok {
			r.set(e, set)
			continue
		}
		open = append(open, e)
	}
	for _, e := range open {
		isKnown := slices.Contains(known, e.key)
		likely := nearest(e.key, f.names())
		switch {
		case !isKnown && likely != "" && (len(open) > 1 || len(known) > 0):
			r.wrong(e.at, "unknown field %s; did you mean %s?", e.key, likely)
		case out.found:
			r.wrong(e.at, "%s is a second %s beside %s; there can be one", e.key, what, out.entry.key)
		default:
			out = typedField{entry: e, found: true}
		}
	}
	if !out.found && len(open) == 0 && v.n.Content != nil {
		r.wrong(v, "no %s is given", what)
	}
	return out
}

// contacts reads a person's contacts. Their order matters: without rules, the
// first is told at once.
func (r *reader) contacts(v value, to *[]plan.Contact) {
	seen := map[string]Place{}
	r.list(v, func(v value) {
		c, ok := r.contact(v, "")
		if !ok {
			return
		}
		if first, dup := seen[c.ID]; dup {
			r.wrong(v, "a contact called %s is already in line %d; give this one an id of its own", c.ID, first.Line)
			return
		}
		seen[c.ID] = r.place(v)
		// Rules and findings name a contact by its id, not by its position.
		base, _, _ := strings.Cut(v.path, "[")
		r.loaded.Origin[base+"."+c.ID] = r.place(v)
		*to = append(*to, c)
	})
}

func (r *reader) channel(id string, v value) {
	if c, ok := r.contact(v, id); ok {
		r.loaded.Plan.Channels = append(r.loaded.Plan.Channels, c)
	}
}

// contact reads {id: phone, ntfy: {topic: ana}, limit: 5 per 1m}, or the name
// of a channel without settings. fixed is the id of a shared channel.
func (r *reader) contact(v value, fixed string) (plan.Contact, bool) {
	c := plan.Contact{ID: fixed}
	if v.kind() == "a text" && fixed == "" {
		name, ok := r.scalar(v)
		c.ID, c.Channel = name, name
		return c, ok && r.checkContact(v, c)
	}
	f := fields{"limit": phrase(r, readLimit, into(&c.Limit))}
	if fixed == "" {
		f["id"] = phrase(r, readID, into(&c.ID))
	}
	before := len(r.problems)
	t := r.typed(v, "channel", f, namesOf(r.opts.Channels))
	if !t.found {
		if before == len(r.problems) {
			r.wrong(v, "want a contact like {email: ana@example.com}")
		}
		return c, false
	}
	c.Channel = t.entry.key
	if c.ID == "" {
		c.ID = c.Channel
	}
	if r.unknownChannel(t.entry.at, c.Channel) {
		return c, true
	}
	r.set(t.entry, func(v value) { c.Settings = r.settings(v, c.Channel) })
	if before != len(r.problems) {
		return c, c.ID != ""
	}
	return c, r.checkContact(t.entry.val, c)
}

func readID(text string) (string, error) {
	if !idPattern.MatchString(text) {
		return "", fmt.Errorf("%q: %s", text, idRule)
	}
	return text, nil
}

// settings reads the settings of a channel or a check; a lone text is the
// main one.
func (r *reader) settings(v value, typeName string) map[string]string {
	if v.isNull() {
		return nil
	}
	out := map[string]string{}
	if v.n.Content == nil && v.kind() == "a text" {
		name := r.mainSetting(typeName)
		if name == "" {
			r.wrong(v, "write the settings of %s by name, as in {url: ...}", typeName)
			return nil
		}
		if s, ok := r.scalar(v); ok {
			out[name] = s
		}
		return out
	}
	r.texts(v, func(name, text string) { out[name] = text })
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *reader) mainSetting(typeName string) string {
	for _, registry := range []any{r.opts.Channels, r.opts.Checks} {
		if m, ok := registry.(interface{ Main(string) string }); ok {
			if name := m.Main(typeName); name != "" {
				return name
			}
		}
	}
	switch typeName {
	case "email", "tcp", "tls":
		return "address"
	case "slack":
		return "webhook_url"
	case "ntfy":
		return "topic"
	case "webhook", "http", "https":
		return "url"
	case "icmp":
		return "host"
	case "dns":
		return "name"
	}
	return ""
}

func (r *reader) unknownChannel(v value, channel string) bool {
	if r.opts.Channels == nil {
		return false
	}
	_, known := r.opts.Channels.Fields(channel)
	if !known {
		r.wrong(v, "no channel is called %q%s", channel, didYouMean(channel, namesOf(r.opts.Channels)))
	}
	return !known
}

func (r *reader) checkContact(v value, c plan.Contact) bool {
	if r.opts.Channels == nil || r.unknownChannel(v, c.Channel) {
		return true
	}
	if err := r.opts.Channels.Check(c.Channel, c.Settings); err != nil {
		r.refusedAt(v, v, err)
	}
	return true
}

// refusedAt reports what a sibling room said about settings, at the very
// setting where its answer names one that is written.
func (r *reader) refusedAt(whole, settings value, err error) {
	var refused *fact.Refused
	if errors.As(err, &refused) {
		name := strings.TrimPrefix(refused.Field, "settings.")
		for _, path := range []string{settings.path + "." + name, whole.path + "." + name} {
			if place, ok := r.loaded.Origin[path]; ok {
				r.report(place, path, refused.Why)
				return
			}
		}
	}
	r.wrong(settings, "%v", err)
}

// Defaults of a check that says nothing.
const (
	defaultInterval = plan.Duration(time.Minute)
	defaultTimeout  = plan.Duration(10 * time.Second)
)

func (r *reader) check(id string, v value) {
	c := plan.Check{ID: id, Interval: defaultInterval, Timeout: defaultTimeout}
	before := len(r.problems)
	f := fields{
		"name": r.text(&c.Name), "service": r.refTo("service", &c.Service),
		"interval": r.duration(&c.Interval), "timeout": r.duration(&c.Timeout),
		"retries": r.number(&c.Retries, 0, maxNumber), "retry_interval": r.duration(&c.RetryInterval),
		"conditions": func(v value) {
			r.list(v, phrase(r, func(s string) (string, error) { return s, nil }, func(s string) {
				c.Conditions = append(c.Conditions, s)
			}))
		},
		"severity": r.severity(&c.Severity), "labels": r.labels(&c.Labels),
	}
	t := r.typed(v, "check type", f, namesOf(r.opts.Checks))
	if t.found {
		c.Type = t.entry.key
		r.set(t.entry, func(v value) { c.Settings = r.settings(v, c.Type) })
	} else if before == len(r.problems) {
		r.wrong(v, "want a check like {http: {url: https://example.com}, service: shop}")
	}
	if before == len(r.problems) {
		r.checkIsWhole(v, t.entry.val, &c)
	}
	r.loaded.Plan.Checks = append(r.loaded.Plan.Checks, c)
}

func (r *reader) checkIsWhole(v, typeAt value, c *plan.Check) {
	if c.Interval <= 0 || c.Timeout <= 0 {
		r.wrong(v, "a check needs an interval and a timeout above zero")
		return
	}
	if r.opts.Checks == nil {
		return
	}
	if err := r.opts.Checks.Check(*c); err != nil {
		r.refusedAt(v, typeAt, err)
	}
}

// typeName is what a channel or check may be called, since it is a field name.
var typeName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
