// Package condition is the one-line language in which a check says what it
// expects: "[STATUS] == 200", "[BODY].status == UP". It parses and evaluates;
// it never touches the network, the clock or the disk.
package condition

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Condition is one parsed line.
type Condition struct {
	text  string
	left  operand
	op    string
	right []value // one, or the members of any(...)
}

// String is the line as it was written.
func (c Condition) String() string { return c.text }

// About says whether the condition looks at the given placeholder: "CONNECTED".
func (c Condition) About(name string) bool { return c.left.name == name }

// SyntaxError says where a line stops making sense.
type SyntaxError struct {
	Text string
	// Offset counts bytes from the start of the line.
	Offset int
	Why    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("condition %q, position %d: %s", e.Text, e.Offset+1, e.Why)
}

// kind is what the left side yields, and so what the right side must be.
type kind int

const (
	number   kind = iota
	duration      // of an answer: a bare number is milliseconds
	lifetime      // of a certificate: a bare number has no meaning
	percent
	truth
	text
	free // found in a body or a header: a number where both sides are numbers
)

var kindNames = map[kind]string{
	number: "a number", duration: "a duration like 500ms", lifetime: "a duration like 14d",
	percent: "a percentage", truth: "true or false", text: "text", free: "text",
}

// placeholders are the names that may stand in square brackets.
var placeholders = map[string]kind{
	"STATUS": number, "RESPONSE_TIME": duration, "CERT_EXPIRES": lifetime, "PACKET_LOSS": percent,
	"CONNECTED": truth, "DNS_RCODE": text, "IP": text, "BODY": free, "HEADER": free,
}

// aliases are names that other tools use for the same thing.
var aliases = map[string]string{"CERTIFICATE_EXPIRATION": "CERT_EXPIRES"}

// Names lists the placeholders in the order of the documentation.
func Names() []string {
	return []string{"STATUS", "RESPONSE_TIME", "BODY", "HEADER", "CERT_EXPIRES", "CONNECTED", "DNS_RCODE", "IP", "PACKET_LOSS"}
}

type operand struct {
	name string
	path []step
	fn   string // "", "len" or "has"
	kind kind
	// shown is the operand as written.
	shown string
}

type value struct {
	text  string
	num   float64
	isNum bool
	span  time.Duration
	yes   bool
	re    *regexp.Regexp
}

// operators, longest first so that "<=" is not read as "<".
var operators = []string{"==", "!=", "<=", ">=", "<", ">", "contains", "matches"}

// maxLine bounds a condition; longer ones are mistakes.
const maxLine = 1024

// Parse reads one line. Its error is always a *SyntaxError.
func Parse(line string) (Condition, error) {
	p := parser{in: line}
	if len(line) > maxLine {
		return Condition{}, p.fail(maxLine, "a condition is one line of at most 1024 bytes")
	}
	if i := strings.IndexAny(line, "\n\r"); i >= 0 {
		return Condition{}, p.fail(i, "a condition is one line")
	}
	left, err := p.operand()
	if err != nil {
		return Condition{}, err
	}
	op, at, err := p.operator()
	if err != nil {
		return Condition{}, err
	}
	if why := refuseOperator(left, op); why != "" {
		return Condition{}, p.fail(at, why)
	}
	right, err := p.right(left, op)
	if err != nil {
		return Condition{}, err
	}
	return Condition{text: strings.TrimSpace(line), left: left, op: op, right: right}, nil
}

func refuseOperator(left operand, op string) string {
	switch op {
	case "contains", "matches":
		if left.kind != text && left.kind != free {
			return fmt.Sprintf("%s is %s, so %q cannot be asked of it", left.shown, kindNames[left.kind], op)
		}
	case "<", "<=", ">", ">=":
		if left.kind == truth || left.kind == text {
			return fmt.Sprintf("%s is %s, which has no order", left.shown, kindNames[left.kind])
		}
	}
	return ""
}

// toValue reads the right side as what the left side is.
func toValue(left operand, op, s string) (value, string) {
	v := value{text: s}
	n, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	v.num, v.isNum = n, err == nil && n == n && (left.kind == percent || !strings.HasSuffix(s, "%"))
	switch {
	case op == "matches":
		re, err := regexp.Compile(s)
		if err != nil {
			return v, "not a regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		}
		v.re = re
	case left.kind == truth:
		if s != "true" && s != "false" {
			return v, fmt.Sprintf("%s is true or false, not %q", left.shown, s)
		}
		v.yes = s == "true"
	case left.kind == number && !v.isNum, left.kind == percent && !v.isNum:
		return v, fmt.Sprintf("%s is %s, not %q", left.shown, kindNames[left.kind], s)
	case left.kind == duration || left.kind == lifetime:
		d, ok := readSpan(s, left.kind)
		if !ok {
			return v, fmt.Sprintf("%s is %s, not %q", left.shown, kindNames[left.kind], s)
		}
		v.span = d
	}
	return v, ""
}
