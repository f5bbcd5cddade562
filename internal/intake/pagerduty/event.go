package pagerduty

import (
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// maxDedupKey is the longest dedup_key, in characters.
const maxDedupKey = 255

// Bounds on what custom_details may add to the labels. Longer texts stay in
// the details: labels are indexed and are for matching.
const (
	maxDetailLabels = 32
	maxDetailLabel  = 256
)

// tallies are the custom_details that Alertmanager puts on every event. They
// change with every notification of one and the same key, so they are no
// labels.
var tallies = map[string]bool{"firing": true, "resolved": true, "num_firing": true, "num_resolved": true}

// parseEvent reads an alert event. What is wrong with it is in o.Errors.
func parseEvent(o *intake.Object, now time.Time) signal.Signal {
	s := signal.Signal{Action: action(o), DedupKey: o.Text("dedup_key")}
	if utf8.RuneCountInString(s.DedupKey) > maxDedupKey {
		o.Fail("dedup_key", fmt.Sprintf("is too long (maximum is %d characters)", maxDedupKey))
	}
	if strings.TrimSpace(s.DedupKey) == "" {
		s.DedupKey = ""
		if s.Action == signal.Trigger {
			s.DedupKey = intake.NewKey()
		} else if s.Action != "" {
			o.Fail("dedup_key", blank)
		}
	}
	p := o.Object("payload")
	if s.Action == signal.Trigger && !o.Has("payload") {
		o.Fail("payload", blank)
	}
	readPayload(&s, p, now)
	s.Severity = severity(p, s.Action)
	readOrigin(&s, o, p)
	readLinks(&s, o)
	return s
}

func action(o *intake.Object) signal.Action {
	before := len(o.Errors())
	word := o.Text("event_action")
	switch word {
	case "trigger", "acknowledge", "resolve":
		return signal.Action(word)
	case "":
		if len(o.Errors()) == before {
			o.Fail("event_action", blank)
		}
	default:
		o.Fail("event_action", "is invalid (must be one of: trigger acknowledge resolve)")
	}
	return ""
}

// severity insists on PagerDuty's four words where an alert is triggered.
func severity(p *intake.Object, action signal.Action) signal.Severity {
	before := len(p.Errors())
	word := strings.ToLower(strings.TrimSpace(p.Text("severity")))
	switch s := signal.Severity(word); s {
	case signal.Critical, signal.Error, signal.Warning, signal.Info:
		return s
	}
	if action != signal.Trigger || len(p.Errors()) > before || p.Absent() {
		return ""
	}
	if word == "" {
		p.Fail("severity", blank)
	} else {
		p.Fail("severity", "is invalid (must be one of: critical error warning info)")
	}
	return ""
}

// readPayload fills in what alert and change events share.
func readPayload(s *signal.Signal, p *intake.Object, now time.Time) {
	before := len(p.Errors())
	s.Summary = p.Text("summary")
	needed := s.Action == signal.Trigger || s.Action == signal.Change
	if needed && !p.Absent() && strings.TrimSpace(s.Summary) == "" && len(p.Errors()) == before {
		p.Fail("summary", blank)
	}
	s.Source = p.Text("source")
	readTime(s, p, now)
	s.Details = intake.Compact(p.Raw("custom_details"))
	s.Labels = signal.Labels{}
	if details, ok := p.Raw("custom_details").(map[string]any); ok {
		detailLabels(s.Labels, details)
	}
	for _, name := range []string{"source", "component", "group", "class"} {
		if v := p.Text(name); v != "" {
			s.Labels[name] = v
		}
	}
}

// readTime takes a timestamp as a help, not as a duty: one that cannot be read
// is noted and costs nobody a page.
func readTime(s *signal.Signal, p *intake.Object, now time.Time) {
	text := p.Text("timestamp")
	at, err := intake.ParseTime(text)
	if err != nil {
		intake.Annotate(s, intake.ClockNote, fmt.Sprintf("the source's timestamp %q %s; the time of receipt is used", signal.Truncate(text, 60), err))
		return
	}
	start, note := intake.Start(at, now)
	s.StartsAt = start
	intake.Annotate(s, intake.ClockNote, note)
}

func detailLabels(labels signal.Labels, details map[string]any) {
	names := make([]string, 0, len(details))
	for name, v := range details {
		text, ok := v.(string)
		if ok && text != "" && len(text) <= maxDetailLabel && !strings.ContainsAny(text, "\r\n") && !tallies[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names[:min(len(names), maxDetailLabels)] {
		labels[name] = details[name].(string)
	}
}

// readOrigin defaults the source, which real clients leave out, and keeps the
// way back to the client.
func readOrigin(s *signal.Signal, o, p *intake.Object) {
	client, url := o.Text("client"), o.Text("client_url")
	if s.Source == "" && !p.Has("source") {
		s.Source = client
	}
	intake.Annotate(s, "client", client)
	intake.AddLink(s, url, client)
}

// readLinks keeps links and images. One without a web address is left out: it
// is decoration, and Alertmanager's templates produce empty ones.
func readLinks(s *signal.Signal, o *intake.Object) {
	for _, l := range o.List("links") {
		intake.AddLink(s, l.Text("href"), l.Text("text"))
	}
	for _, i := range o.List("images") {
		alt := i.Text("alt")
		if alt == "" {
			alt = "Image"
		}
		intake.AddLink(s, i.Text("src"), alt)
		intake.AddLink(s, i.Text("href"), alt)
	}
}

// parseChange reads a change event: evidence, which alerts nobody.
func parseChange(o *intake.Object, now time.Time) signal.Signal {
	s := signal.Signal{Action: signal.Change, DedupKey: intake.NewKey()}
	p := o.Object("payload")
	if !o.Has("payload") {
		o.Fail("payload", blank)
	}
	readPayload(&s, p, now)
	readOrigin(&s, o, p)
	readLinks(&s, o)
	return s
}
