package webhook

import (
	"fmt"
	"strconv"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// MappingNote is the annotation that says which fields of the mapping failed.
const MappingNote = "tocsin_mapping"

// result is what a message yields: the signals, what was refused (errs), and
// what was put right (notes).
type result struct {
	signals     []signal.Signal
	errs, notes []intake.FieldError
}

// apply makes signals of a message.
func (m mapping) apply(msg message) result {
	body, bad := msg.content()
	if bad != nil {
		return result{errs: []intake.FieldError{{Why: bad.Why}}}
	}
	vars := map[string]any{"body": body, "event": body, "headers": headerMap(msg.headers), "query": queryMap(msg.query)}
	events, single, wrong := m.events(body, vars)
	if wrong != nil {
		return result{errs: []intake.FieldError{*wrong}}
	}
	var res result
	for i, event := range events {
		vars["event"] = event
		prefix := fmt.Sprintf("events[%d].", i)
		if single {
			prefix = ""
		}
		one := reader{m: m, vars: vars, event: event, prefix: prefix}
		s := one.read()
		res.errs = append(res.errs, one.errs...)
		if len(one.errs) > 0 {
			continue
		}
		intake.Annotate(&s, MappingNote, intake.Join(one.notes))
		res.notes = append(res.notes, one.notes...)
		res.signals = append(res.signals, s)
	}
	return res
}

// events is the list that each yields; without it, a body that is a list is
// one, and any other body is a single event.
func (m mapping) events(body any, vars map[string]any) (events []any, single bool, wrong *intake.FieldError) {
	v, field := body, ""
	if p := m["each"]; p != nil {
		out, err := eval(p, vars)
		if err != nil {
			return nil, false, &intake.FieldError{Field: "each", Why: err.Error()}
		}
		v, field = out, "each"
	}
	list, ok := v.([]any)
	switch {
	case ok && len(list) > maxEvents:
		return nil, false, &intake.FieldError{Field: field, Why: fmt.Sprintf("more than %d events in one request", maxEvents)}
	case ok:
		return list, false, nil
	case field != "":
		return nil, false, &intake.FieldError{Field: field, Why: "must yield a list, not " + intake.TypeName(v)}
	}
	return []any{body}, true, nil
}

// reader reads one event.
type reader struct {
	m           mapping
	vars        map[string]any
	event       any
	prefix      string
	errs, notes []intake.FieldError
}

// value runs a field's expression; mapped is false where the usual names must
// serve: there is no expression, it failed, or it yielded nothing.
func (r *reader) value(field string) (v any, mapped bool) {
	p := r.m[field]
	if p == nil {
		return nil, false
	}
	v, err := eval(p, r.vars)
	if err != nil {
		r.fail(field, err.Error())
		return nil, false
	}
	return v, v != nil
}

// fail refuses the event where the field is its action or identity: a guess
// there could resolve the wrong alert. Elsewhere it is a note.
func (r *reader) fail(field, why string) {
	e := intake.FieldError{Field: r.prefix + field, Why: why}
	if field == "action" || field == "dedup_key" {
		r.errs = append(r.errs, e)
		return
	}
	r.notes = append(r.notes, e)
}

// text reads a field that is a text; numbers and booleans are written out.
func (r *reader) text(field string) string {
	v, mapped := r.value(field)
	if !mapped {
		return ""
	}
	text, ok := scalar(v)
	if !ok {
		r.fail(field, "must yield text, not "+intake.TypeName(v))
	}
	return text
}

func (r *reader) read() signal.Signal {
	usual := usualSignal(r.event)
	s := signal.Signal{
		Action:      r.action(usual.Action),
		Summary:     or(r.text("summary"), usual.Summary),
		Severity:    r.severity(usual.Severity),
		Source:      or(r.text("source"), usual.Source),
		Service:     or(r.text("service"), usual.Service),
		Labels:      usual.Labels,
		Annotations: usual.Annotations,
		Links:       usual.Links,
		Details:     usual.Details,
	}
	if v, mapped := r.value("labels"); mapped {
		s.Labels = r.labels(v)
	}
	if v, mapped := r.value("links"); mapped {
		s.Links = r.links(v)
	}
	if v, mapped := r.value("details"); mapped {
		s.Details = intake.Compact(v)
	}
	s.DedupKey = or(r.text("dedup_key"), usual.DedupKey)
	if s.DedupKey == "" {
		s.DedupKey = identity(s)
	}
	return s
}

func (r *reader) action(usual signal.Action) signal.Action {
	v, mapped := r.value("action")
	if !mapped {
		return usual
	}
	word, _ := scalar(v)
	action, known := actionOf(word)
	if !known {
		r.fail("action", fmt.Sprintf("must yield trigger, acknowledge, resolve or change, not %q", signal.Truncate(word, 40)))
	}
	return action
}

func (r *reader) severity(usual signal.Severity) signal.Severity {
	word := r.text("severity")
	if word == "" {
		return usual
	}
	s, known := signal.ParseSeverity(word)
	if !known {
		r.fail("severity", fmt.Sprintf("must yield critical, error, warning or info, not %q", signal.Truncate(word, 40)))
	}
	return s
}

func (r *reader) labels(v any) signal.Labels {
	m, ok := v.(map[string]any)
	if !ok {
		r.fail("labels", "must yield a map, not "+intake.TypeName(v))
	}
	return labelsOf(m)
}

func (r *reader) links(v any) []signal.Link {
	var s signal.Signal
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		switch item := item.(type) {
		case string:
			intake.AddLink(&s, item, "")
		case map[string]any:
			href, _ := scalar(first(item, "href", "url"))
			text, _ := scalar(first(item, "text", "title", "name"))
			intake.AddLink(&s, href, text)
		default:
			r.fail("links", "must yield addresses or maps with href and text, not "+intake.TypeName(item))
		}
	}
	return s.Links
}

// scalar writes out a text, number or boolean; null is the empty text.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
