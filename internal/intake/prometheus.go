package intake

import (
	"strconv"
	"strings"

	"tocsin/internal/core/signal"
)

// Fingerprint is the identity that Prometheus and Alertmanager give a label
// set: 64-bit FNV-1a over the names and values in order, as 16 hex digits.
func Fingerprint(l signal.Labels) string {
	const (
		offset    = 14695981039346656037
		prime     = 1099511628211
		separator = 0xff
	)
	sum := uint64(offset)
	add := func(s string) {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * prime
		}
		sum = (sum ^ separator) * prime
	}
	for _, n := range l.Names() {
		add(n)
		add(l[n])
	}
	hex := strconv.FormatUint(sum, 16)
	return strings.Repeat("0", 16-len(hex)) + hex
}

// Describe fills in what labels and annotations say by convention: the summary
// (annotation summary, else description, else message, else the alert's name),
// the severity, the host that suffers, and links to runbook and dashboard.
func Describe(s *signal.Signal) {
	s.Summary = firstOf(s.Annotations, "summary", "description", "message")
	if s.Summary == "" {
		s.Summary = s.Labels["alertname"]
	}
	if s.Summary == "" {
		s.Summary = s.Labels.String()
	}
	s.Severity, _ = signal.ParseSeverity(s.Labels["severity"])
	s.Source = firstOf(s.Labels, "instance", "host", "hostname", "node")
	AddLink(s, s.Annotations["runbook_url"], "Runbook")
	AddLink(s, s.Annotations["dashboard_url"], "Dashboard")
}

func firstOf[M ~map[string]string](m M, names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(m[n]); v != "" {
			return v
		}
	}
	return ""
}

// AddLink adds a link to s if href is one that a browser may follow.
func AddLink(s *signal.Signal, href, text string) {
	href = strings.TrimSpace(href)
	if strings.HasPrefix(href, "http://") || strings.HasPrefix(href, "https://") {
		s.Links = append(s.Links, signal.Link{Href: href, Text: text})
	}
}

// Annotate adds an annotation to s, unless the text is empty.
func Annotate(s *signal.Signal, name, text string) {
	if text == "" {
		return
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[name] = text
}
