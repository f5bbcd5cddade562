package config

import (
	"slices"
	"strings"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// top reads one file. Its parts may stand in any order and in any file.
func (r *reader) top(v value) {
	p := r.loaded.Plan
	known := fields{
		"users":        func(v value) { r.byID(v, r.user) },
		"teams":        func(v value) { r.byID(v, r.team) },
		"schedules":    func(v value) { r.byID(v, r.schedule) },
		"policies":     func(v value) { r.byID(v, r.policy) },
		"services":     func(v value) { r.byID(v, r.service) },
		"channels":     func(v value) { r.byID(v, r.channel) },
		"integrations": func(v value) { r.byID(v, r.integration) },
		"checks":       func(v value) { r.byID(v, r.check) },
		"heartbeats":   func(v value) { r.byID(v, r.heartbeat) },
		"route":        func(v value) { r.route(v, &p.Route) },
		"fallback":     func(v value) { r.targets(v, &p.Fallback) },
	}
	for _, e := range r.entries(v) {
		set, ok := known[e.key]
		if !ok {
			r.unknownField(e, known.names())
			continue
		}
		if first, dup := r.loaded.Origin[e.key]; dup && (e.key == "route" || e.key == "fallback") {
			r.wrong(e.at, "there is one %s in a plan, and it is already in %s", e.key, first)
			continue
		}
		r.set(e, set)
	}
}

func (r *reader) user(id string, v value) {
	u := plan.User{ID: id}
	if id == nobody {
		r.wrong(v, "%s is the word for a seat that no one holds; choose another id", nobody)
	}
	var rules value
	r.object(v, fields{
		"name": r.text(&u.Name), "email": r.text(&u.Email), "zone": r.zone(&u.Zone),
		"contacts": func(v value) { r.contacts(v, &u.Contacts) },
		"rules":    func(v value) { rules = v },
	})
	if rules.n != nil {
		// Contacts may stand below the rules that name them.
		r.object(rules, fields{
			"high": func(v value) { r.rules(v, &u, &u.High) },
			"low":  func(v value) { r.rules(v, &u, &u.Low) },
		})
	}
	r.loaded.Plan.Users = append(r.loaded.Plan.Users, u)
}

func (r *reader) rules(v value, u *plan.User, to *[]plan.NotifyRule) {
	ids := make([]string, len(u.Contacts))
	for i, c := range u.Contacts {
		ids[i] = c.ID
	}
	r.list(v, func(v value) {
		phrase(r, readRule, func(rule plan.NotifyRule) {
			if !slices.Contains(ids, rule.Contact) {
				r.wrong(v, "%s has no contact %q%s", u.ID, rule.Contact, didYouMean(rule.Contact, ids))
				return
			}
			*to = append(*to, rule)
		})(v)
	})
}

func (r *reader) team(id string, v value) {
	t := plan.Team{ID: id}
	r.object(v, fields{
		"name":    r.text(&t.Name),
		"members": func(v value) { r.list(v, r.appendRef("user", &t.Members)) },
	})
	r.loaded.Plan.Teams = append(r.loaded.Plan.Teams, t)
}

func (r *reader) appendRef(kind string, to *[]string) func(value) {
	return func(v value) {
		var s string
		r.refTo(kind, &s)(v)
		if s != "" {
			*to = append(*to, s)
		}
	}
}

func (r *reader) schedule(id string, v value) {
	s := oncall.Schedule{ID: id}
	r.object(v, fields{
		"name": r.text(&s.Name), "zone": r.zone(&s.Zone),
		"layers": func(v value) { r.list(v, func(v value) { r.layer(v, &s.Layers) }) },
	})
	r.loaded.Plan.Schedules = append(r.loaded.Plan.Schedules, s)
}

// maxNumber bounds counts that nobody writes larger on purpose.
const maxNumber = 1_000_000

func (r *reader) layer(v value, to *[]oncall.Layer) {
	l := oncall.Layer{}
	before := len(r.problems)
	r.object(v, fields{
		"name":     r.text(&l.Name),
		"priority": r.number(&l.Priority, -maxNumber, maxNumber),
		"members":  func(v value) { r.list(v, func(v value) { r.seat(v, &l.Seats) }) },
		"turn": func(v value) {
			s, ok := r.scalar(v)
			if !ok {
				return
			}
			var err error
			if l.Every, l.Unit, err = readTurn(s); err != nil {
				r.wrong(v, "%v", err)
			}
		},
		"start": phrase(r, oncall.ParseLocal, into(&l.Start)),
		"from":  phrase(r, oncall.ParseLocal, into(&l.From)),
		"until": phrase(r, oncall.ParseLocal, into(&l.Until)),
		"hours": func(v value) {
			r.list(v, phrase(r, readWindow, func(w oncall.Window) { l.Windows = append(l.Windows, w) }))
		},
		"count_days_on": r.flag(&l.CountDaysOn),
	})
	if before == len(r.problems) {
		r.layerIsWhole(v, &l)
	}
	*to = append(*to, l)
}

func (r *reader) layerIsWhole(v value, l *oncall.Layer) {
	switch {
	case len(l.Seats) == 0:
		r.wrong(v, "a layer needs members, at least one")
	case l.Every == 0:
		r.wrong(v, "a layer needs a turn: how long each member is on call, for example 1 week")
	case l.Start.IsZero():
		r.wrong(v, "a layer needs a start, which anchors its turns, for example 2026-01-05 09:00")
	case !l.Until.IsZero() && l.Until.String() <= l.Start.String():
		r.wrong(v, "the layer ends (until) before it starts")
	case !l.Until.IsZero() && !l.From.IsZero() && l.Until.String() <= l.From.String():
		r.wrong(v, "the layer ends (until) before it begins to count (from)")
	case l.CountDaysOn && l.Unit != oncall.Day:
		r.wrong(v, "only a turn in days can count days on")
	}
}

// seat reads "ana", "nobody" or "[ana, bo]", who are on call together.
func (r *reader) seat(v value, to *[][]string) {
	seat := []string{}
	r.list(v, func(v value) {
		s, ok := r.scalar(v)
		if !ok {
			return
		}
		if s == nobody {
			seat = append(seat, oncall.Vacant)
			return
		}
		r.need(v, "user", s)
		seat = append(seat, s)
	})
	*to = append(*to, seat)
}

func (r *reader) policy(id string, v value) {
	p := plan.Policy{ID: id}
	hasSteps := false
	r.object(v, fields{
		"name": r.text(&p.Name),
		"steps": func(v value) {
			hasSteps = true
			if v.n.Content == nil {
				r.wrong(v, "a policy needs at least one step")
			}
			r.list(v, func(v value) { r.step(v, &p.Steps) })
		},
		"repeat":       r.number(&p.Repeat, 0, maxNumber),
		"repeat_after": r.duration(&p.RepeatAfter),
		"ack_timeout":  r.duration(&p.AckTimeout),
		"fallback":     func(v value) { r.targets(v, &p.Fallback) },
	})
	if !hasSteps {
		r.wrong(v, "a policy needs steps: whom to notify, and after how long")
	}
	r.loaded.Plan.Policies = append(r.loaded.Plan.Policies, p)
}

func (r *reader) step(v value, to *[]plan.Step) {
	var s plan.Step
	before := len(r.problems)
	if v.n.Content == nil {
		r.wrong(v, "want a step like {after: 5m, notify: [schedule/primary]}")
	} else {
		r.object(v, fields{"after": r.duration(&s.After), "notify": func(v value) { r.targets(v, &s.Targets) }})
	}
	if len(s.Targets) == 0 && before == len(r.problems) {
		r.wrong(v, "a step needs notify, at least one target like schedule/primary")
	}
	*to = append(*to, s)
}

func (r *reader) targets(v value, to *[]plan.Target) {
	r.list(v, func(v value) {
		phrase(r, readTarget, func(t plan.Target) {
			r.need(v, string(t.Kind), t.ID)
			*to = append(*to, t)
		})(v)
	})
}

func (r *reader) service(id string, v value) {
	s := plan.Service{ID: id}
	r.object(v, fields{
		"name": r.text(&s.Name), "description": r.text(&s.Description), "runbook": r.text(&s.Runbook),
		"team": r.refTo("team", &s.Team), "policy": r.refTo("policy", &s.Policy),
		"urgency": r.urgency(&s.Urgency), "tier": r.number(&s.Tier, 0, 9),
	})
	r.loaded.Plan.Services = append(r.loaded.Plan.Services, s)
}

func (r *reader) urgency(to *plan.Urgency) func(value) {
	return oneOf(r, to, plan.High, plan.Low, plan.BySeverity)
}

func (r *reader) severity(to *signal.Severity) func(value) {
	return oneOf(r, to, signal.Critical, signal.Error, signal.Warning, signal.Info)
}

func (r *reader) labels(to *signal.Labels) func(value) {
	return func(v value) {
		r.texts(v, func(name, text string) {
			if *to == nil {
				*to = signal.Labels{}
			}
			(*to)[name] = text
		})
	}
}

func (r *reader) integration(id string, v value) {
	in := plan.Integration{ID: id}
	var typeAt value
	var keys keyReader
	r.object(v, fields{
		"name": r.text(&in.Name),
		"type": func(v value) { typeAt = v; r.text(&in.Type)(v) },
		"key":  keys.key(r), "key_hash": keys.hash(r),
		"service":         r.refTo("service", &in.Service),
		"resolve_timeout": r.duration(&in.ResolveTimeout),
		"mapping": func(v value) {
			r.texts(v, func(name, text string) {
				if in.Mapping == nil {
					in.Mapping = map[string]string{}
				}
				in.Mapping[name] = text
			})
		},
	})
	in.KeyHash = keys.result
	switch {
	case typeAt.n == nil:
		r.wrong(v, "an integration needs a type, for example alertmanager or pagerduty")
	case in.Type != "" && r.opts.Formats != nil && !r.opts.Formats.Known(in.Type):
		r.wrong(typeAt, "no integration type is called %q%s", in.Type, didYouMean(in.Type, namesOf(r.opts.Formats)))
	}
	if keys.result != "" {
		for _, other := range r.loaded.Plan.Integrations {
			if other.KeyHash == keys.result {
				r.wrong(keys.at, "integration %s has the same key; every source needs its own", other.ID)
			}
		}
	}
	r.loaded.Plan.Integrations = append(r.loaded.Plan.Integrations, in)
}

// namesOf asks a registry for its names, if it tells them.
func namesOf(registry any) []string {
	if n, ok := registry.(interface{ Names() []string }); ok {
		return n.Names()
	}
	return nil
}

func (r *reader) heartbeat(id string, v value) {
	h := plan.Heartbeat{ID: id}
	var keys keyReader
	r.object(v, fields{
		"name": r.text(&h.Name), "service": r.refTo("service", &h.Service),
		"every": r.duration(&h.Every), "grace": r.duration(&h.Grace),
		"severity": r.severity(&h.Severity), "labels": r.labels(&h.Labels),
		"key": keys.key(r), "key_hash": keys.hash(r),
	})
	h.KeyHash = keys.result
	if h.Every <= 0 {
		r.wrong(v, "a heartbeat needs every: how often a ping is expected, above zero")
	}
	r.loaded.Plan.Heartbeats = append(r.loaded.Plan.Heartbeats, h)
}

// keyReader reads a key, of which only the hash is kept.
type keyReader struct {
	result string
	at     value
}

func (k *keyReader) once(r *reader, v value) bool {
	if k.at.n != nil {
		r.wrong(v, "give key or key_hash, not both")
		return false
	}
	k.at = v
	return true
}

func (k *keyReader) key(r *reader) func(value) {
	return func(v value) {
		text, substituted, ok := r.scalarFrom(v)
		if !ok || !k.once(r, v) {
			return
		}
		if isReference(text) {
			if r.opts.Secret == nil {
				r.loaded.unread[v.path] = true
				return
			}
			secret, err := r.opts.Secret(text)
			if err != nil {
				r.wrong(v, "cannot read %s: %v", text, err)
				return
			}
			text = secret
		} else if !substituted {
			r.warn(v, "the key itself is in the file, so whoever reads the file can send events; write key: env:NAME, key: file:PATH or key_hash")
		}
		if text == "" {
			r.wrong(v, "the key is empty")
			return
		}
		k.result = HashKey(text)
	}
}

func (k *keyReader) hash(r *reader) func(value) {
	return func(v value) {
		text, ok := r.scalar(v)
		if !ok || !k.once(r, v) {
			return
		}
		if len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
			r.wrong(v, "want the SHA-256 of the key as 64 lower-case hex digits")
			return
		}
		k.result = text
	}
}

// isReference says whether a setting names a secret instead of holding it.
func isReference(text string) bool {
	return strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:")
}
