package condition

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Seen is what a probe saw. A zero field means that it was not seen, which
// fails every condition about it.
type Seen struct {
	Connected    bool
	Status       int
	ResponseTime time.Duration
	// CertLeft is how long the certificate is still valid; nil without one.
	CertLeft *time.Duration
	Rcode    string
	IP       string
	// Loss is the share of lost packets in per cent; nil if none were sent.
	Loss *float64
	Body string
	// Header finds a response header by name; nil for types without headers.
	Header func(name string) (string, bool)

	decoded  bool
	tree     any
	treeFail string
}

// maxShown bounds an actual value in a sentence.
const maxShown = 80

// Eval says whether the condition holds and what was found instead: "503",
// or a sentence part like "no certificate was seen". It keeps the decoded body
// in seen for the next condition.
func (c Condition) Eval(seen *Seen) (held bool, actual string) {
	got := c.left.find(seen)
	if got.missing != "" {
		return false, got.missing
	}
	if c.op == "!=" {
		for _, v := range c.right {
			if c.equal(got, v) {
				return false, got.shown
			}
		}
		return true, got.shown
	}
	for _, v := range c.right {
		held, why := c.holds(got, v)
		if why != "" {
			return false, why
		}
		if held {
			return true, got.shown
		}
	}
	return false, got.shown
}

// Explain is the sentence of a condition that did not hold:
// "[STATUS] == 200 is false: 503".
func (c Condition) Explain(actual string) string { return c.text + " is false: " + actual }

// found is the left side's value at probe time.
type found struct {
	text    string
	num     float64
	isNum   bool
	span    time.Duration
	yes     bool
	shown   string
	missing string
}

func (c Condition) holds(got found, v value) (held bool, why string) {
	switch c.op {
	case "==":
		return c.equal(got, v), ""
	case "contains":
		return strings.Contains(got.text, v.text), ""
	case "matches":
		return v.re.MatchString(got.text), ""
	}
	a, b := got.num, v.num
	switch c.left.kind {
	case duration, lifetime:
		a, b = float64(got.span), float64(v.span)
	case free:
		if !got.isNum {
			return false, got.shown + " is not a number"
		}
		if !v.isNum {
			return false, v.text + " is not a number"
		}
	}
	switch c.op {
	case "<":
		return a < b, ""
	case "<=":
		return a <= b, ""
	case ">":
		return a > b, ""
	default: // ">="
		return a >= b, ""
	}
}

func (c Condition) equal(got found, v value) bool {
	switch c.left.kind {
	case number, percent:
		return got.num == v.num
	case duration, lifetime:
		return got.span == v.span
	case truth:
		return got.yes == v.yes
	case free:
		if got.isNum && v.isNum {
			return got.num == v.num
		}
	}
	return got.text == v.text
}

func (o operand) find(seen *Seen) found {
	switch o.name {
	case "STATUS":
		if seen.Status == 0 {
			return found{missing: "no status was received"}
		}
		return numeric(float64(seen.Status), strconv.Itoa(seen.Status))
	case "RESPONSE_TIME":
		return found{span: seen.ResponseTime, shown: showSpan(seen.ResponseTime)}
	case "CERT_EXPIRES":
		if seen.CertLeft == nil {
			return found{missing: "no certificate was seen"}
		}
		return found{span: *seen.CertLeft, shown: showLifetime(*seen.CertLeft)}
	case "PACKET_LOSS":
		if seen.Loss == nil {
			return found{missing: "no packet was sent"}
		}
		return numeric(*seen.Loss, strconv.FormatFloat(*seen.Loss, 'f', -1, 64)+"%")
	case "CONNECTED":
		return truthful(seen.Connected)
	case "DNS_RCODE":
		return named(seen.Rcode, "no DNS answer was received")
	case "IP":
		return named(seen.IP, "no address was reached")
	case "HEADER":
		return o.findHeader(seen)
	default:
		return o.findBody(seen)
	}
}

func (o operand) findHeader(seen *Seen) found {
	v, ok := "", false
	if seen.Header != nil {
		v, ok = seen.Header(o.path[0].key)
	}
	switch {
	case o.fn == "has":
		return truthful(ok)
	case !ok:
		return found{missing: "no header " + o.path[0].key}
	case o.fn == "len":
		return lengthOf(v)
	}
	return loose(v)
}

func (o operand) findBody(seen *Seen) found {
	if len(o.path) == 0 && o.fn != "len" {
		if o.fn == "has" {
			return truthful(seen.Body != "")
		}
		return loose(seen.Body)
	}
	seen.decode()
	if seen.treeFail != "" {
		if len(o.path) == 0 {
			return lengthOf(seen.Body)
		}
		if o.fn == "has" {
			return truthful(false)
		}
		return found{missing: seen.treeFail}
	}
	node, ok := seen.tree, true
	for _, s := range o.path {
		if node, ok = s.walk(node); !ok {
			break
		}
	}
	switch {
	case o.fn == "has":
		return truthful(ok)
	case !ok:
		return found{missing: "the body has no such part"}
	case o.fn == "len":
		return lengthOf(node)
	}
	return loose(flat(node))
}

func (s step) walk(node any) (any, bool) {
	if s.array {
		list, ok := node.([]any)
		if !ok || s.index >= len(list) {
			return nil, false
		}
		return list[s.index], true
	}
	object, ok := node.(map[string]any)
	if !ok {
		return nil, false
	}
	v, ok := object[s.key]
	return v, ok
}

func (seen *Seen) decode() {
	if seen.decoded {
		return
	}
	seen.decoded = true
	d := json.NewDecoder(strings.NewReader(seen.Body))
	d.UseNumber()
	if d.Decode(&seen.tree) == nil {
		// "10.0.0.1" begins like a number and is none.
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		}
	}
	seen.treeFail = "the body is not JSON"
}

// flat writes a JSON value as a condition compares it: strings without quotes.
func flat(node any) string {
	switch v := node.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return "null"
	}
	b, err := json.Marshal(node)
	if err != nil {
		return ""
	}
	return string(b)
}

func lengthOf(node any) found {
	n := 0
	switch v := node.(type) {
	case []any:
		n = len(v)
	case map[string]any:
		n = len(v)
	default:
		n = utf8.RuneCountInString(flat(node))
	}
	return numeric(float64(n), strconv.Itoa(n))
}

func numeric(n float64, shown string) found { return found{num: n, isNum: true, shown: shown} }

func truthful(yes bool) found { return found{yes: yes, shown: strconv.FormatBool(yes)} }

func named(s, missing string) found {
	if s == "" {
		return found{missing: missing}
	}
	return found{text: s, shown: s}
}

func loose(s string) found {
	f := found{text: s, shown: cut(s)}
	if n, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(n) {
		f.num, f.isNum = n, true
	}
	return f
}

var spaces = regexp.MustCompile(`\s+`)

// cut makes an actual value fit into one line of a sentence.
func cut(s string) string {
	if s == "" {
		return "(empty)"
	}
	if len(s) > 4*maxShown {
		s = s[:4*maxShown] // long enough to still be over the limit below
	}
	s = strings.TrimSpace(spaces.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), " "))
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown-1]) + "…"
	}
	return s
}

func showSpan(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(10 * time.Microsecond).String()
	}
}

func showLifetime(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d <= 0:
		return "expired " + lifetimeText(-d) + " ago"
	case d < 2*day:
		return lifetimeText(d) + " left"
	}
	return strconv.Itoa(int(d/day)) + " days left"
}

func lifetimeText(d time.Duration) string {
	if d >= 48*time.Hour {
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	}
	return d.Round(time.Minute).String()
}
