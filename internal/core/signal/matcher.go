package signal

import (
	"fmt"
	"regexp"
	"strings"
)

// Op is a matcher's operator, in Alertmanager's grammar.
type Op string

// The four operators.
const (
	Equal    Op = "="
	NotEqual Op = "!="
	Match    Op = "=~"
	NotMatch Op = "!~"
)

// Matcher tests one label. A missing label has the value "". Regular
// expressions are RE2 and anchored at both ends, as Alertmanager's are.
type Matcher struct {
	Name  string `json:"name"`
	Op    Op     `json:"op"`
	Value string `json:"value"`
	re    *regexp.Regexp
}

// NewMatcher builds a matcher and compiles its expression.
func NewMatcher(name string, op Op, value string) (Matcher, error) {
	m := Matcher{Name: name, Op: op, Value: value}
	if name == "" {
		return m, fmt.Errorf("a matcher needs a label name")
	}
	switch op {
	case Equal, NotEqual:
		return m, nil
	case Match, NotMatch:
		re, err := regexp.Compile("^(?:" + value + ")$")
		if err != nil {
			return m, fmt.Errorf("matcher %s: %w", m, err)
		}
		m.re = re
		return m, nil
	}
	return m, fmt.Errorf("matcher on %q: unknown operator %q", name, op)
}

// Compiled returns the matcher with its expression compiled, for a matcher
// that was read back from storage. A broken expression matches nothing.
func (m Matcher) Compiled() Matcher {
	c, err := NewMatcher(m.Name, m.Op, m.Value)
	if err != nil {
		return m
	}
	return c
}

// Matches says whether the label set satisfies the matcher.
func (m Matcher) Matches(l Labels) bool {
	v := l[m.Name]
	switch m.Op {
	case Equal:
		return v == m.Value
	case NotEqual:
		return v != m.Value
	}
	if m.re == nil {
		m = m.Compiled()
		if m.re == nil {
			return false
		}
	}
	return m.re.MatchString(v) == (m.Op == Match)
}

func (m Matcher) String() string {
	return quoteName(m.Name) + string(m.Op) + `"` + escaper.Replace(m.Value) + `"`
}

// Matchers is a conjunction.
type Matchers []Matcher

// Matches says whether every matcher is satisfied; the empty list is.
func (ms Matchers) Matches(l Labels) bool {
	for _, m := range ms {
		if !m.Matches(l) {
			return false
		}
	}
	return true
}

// Compiled compiles every expression.
func (ms Matchers) Compiled() Matchers {
	out := make(Matchers, len(ms))
	for i, m := range ms {
		out[i] = m.Compiled()
	}
	return out
}

func (ms Matchers) String() string {
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = m.String()
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var bareName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

func quoteName(n string) string {
	if bareName.MatchString(n) {
		return n
	}
	return `"` + escaper.Replace(n) + `"`
}
