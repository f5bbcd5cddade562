package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// actionOf knows the words that sources use for what a signal asks.
func actionOf(word string) (a signal.Action, known bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "trigger", "triggered", "firing", "alerting", "alert", "problem", "open", "opened", "down", "critical", "error", "warning", "failed", "failure", "create", "no_data":
		return signal.Trigger, true
	case "resolve", "resolved", "ok", "close", "closed", "recovery", "recovered", "up", "normal", "success", "clear", "cleared":
		return signal.Resolve, true
	case "acknowledge", "acknowledged", "acknowledgement", "ack":
		return signal.Acknowledge, true
	case "change", "deploy", "deployment":
		return signal.Change, true
	}
	return signal.Trigger, false
}

// usualSignal reads an event by the names that webhooks usually use. Each field
// takes the first name that holds a text, number or boolean.
func usualSignal(event any) signal.Signal {
	m, ok := event.(map[string]any)
	if !ok {
		text, _ := scalar(event)
		m = map[string]any{"summary": text}
	}
	s := signal.Signal{
		DedupKey: text(m, "dedup_key", "dedup", "alert_uid", "fingerprint", "incident_key", "alias", "uid", "id", "key"),
		Summary:  text(m, "summary", "title", "subject", "message", "alertname", "name", "description", "text"),
		Source:   text(m, "source", "host", "hostname", "instance", "node", "server"),
		Service:  text(m, "service"),
		Details:  intake.Compact(event),
	}
	// An unknown word is no reason to drop an event: it triggers.
	s.Action, _ = actionOf(text(m, "event_action", "action", "status", "state", "alert_state"))
	s.Severity, _ = signal.ParseSeverity(text(m, "severity", "priority", "level", "urgency"))
	for _, name := range []string{"labels", "tags", "meta"} {
		if labels, ok := m[name].(map[string]any); ok && s.Labels == nil {
			s.Labels = labelsOf(labels)
		}
	}
	for _, name := range []string{"message", "description", "details"} {
		if v, ok := m[name].(string); ok && v != s.Summary {
			intake.Annotate(&s, name, v)
		}
	}
	for _, link := range [][2]string{{"url", "Source"}, {"link", "Source"}, {"link_to_upstream_details", "Source"}, {"runbook_url", "Runbook"}, {"dashboard_url", "Dashboard"}, {"image_url", "Image"}} {
		intake.AddLink(&s, text(m, link[0]), link[1])
	}
	if s.Summary == "" {
		s.Summary = "Webhook event without a summary"
	}
	return s
}

// identity is the dedup key of an event that names none: the same text from the
// same place is the same trouble, and its "ok" finds it again.
func identity(s signal.Signal) string { return hash(s.Summary, s.Source, s.Service) }

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func first(m map[string]any, names ...string) any {
	for _, n := range names {
		if m[n] != nil {
			return m[n]
		}
	}
	return nil
}

func text(m map[string]any, names ...string) string {
	for _, n := range names {
		if v, ok := scalar(m[n]); ok && strings.TrimSpace(v) != "" {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// labelsOf writes values out; what nests is kept as JSON.
func labelsOf(m map[string]any) signal.Labels {
	out := make(signal.Labels, len(m))
	for name, v := range m {
		value, ok := scalar(v)
		if !ok {
			value = intake.Compact(v)
		}
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// parseGoAlert reads GoAlert's generic API: summary, details, action, dedup and
// meta as parameters, as a form, or as JSON, which wins.
func parseGoAlert(msg message) ([]signal.Signal, []intake.FieldError) {
	m := flat(msg.query)
	delete(m, "token")
	meta := msg.query["meta"]
	if len(msg.body) > 0 {
		v, bad := msg.content()
		if bad != nil {
			return nil, []intake.FieldError{{Why: bad.Why}}
		}
		body, ok := v.(map[string]any)
		if !ok {
			return nil, []intake.FieldError{{Why: "the body must be a JSON object, not " + intake.TypeName(v)}}
		}
		for name, value := range body {
			m[name] = value
		}
		if form, err := url.ParseQuery(string(msg.body)); err == nil && isForm(msg.headers) {
			meta = append(meta, form["meta"]...)
		}
	}
	o := intake.NewObject(m)
	s := signal.Signal{Action: signal.Trigger, Summary: strings.TrimSpace(o.Text("summary")), DedupKey: o.Text("dedup"), Labels: signal.Labels{}}
	details := o.Text("details")
	if o.Text("action") == "close" {
		s.Action = signal.Resolve
	}
	if labels, ok := m["meta"].(map[string]any); ok {
		s.Labels = labelsOf(labels)
	}
	for _, pair := range meta {
		if name, value, ok := strings.Cut(pair, "="); ok {
			s.Labels[name] = value
		}
	}
	if s.Summary == "" && s.DedupKey == "" || s.Summary == "" && s.Action == signal.Trigger {
		o.Fail("summary", "is required")
	}
	if errs := o.Errors(); len(errs) > 0 {
		return nil, errs
	}
	intake.Annotate(&s, "details", details)
	if s.DedupKey == "" {
		s.DedupKey = hash(s.Summary, details)
	}
	return []signal.Signal{s}, nil
}

func isForm(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded")
}
