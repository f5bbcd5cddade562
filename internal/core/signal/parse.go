package signal

import (
	"fmt"

	"github.com/prometheus/alertmanager/matcher/parse"
	"github.com/prometheus/alertmanager/pkg/labels"
)

// ParseMatchers reads Alertmanager's matcher grammar: {foo="bar", team!~"a|b"},
// braces optional. Like Alertmanager it tries the UTF-8 grammar first and falls
// back to the classic one, so that every existing file still reads.
func ParseMatchers(text string) (Matchers, error) {
	parsed, err := parse.Matchers(text)
	if err != nil {
		classic, classicErr := labels.ParseMatchers(text)
		if classicErr != nil {
			return nil, fmt.Errorf("matchers %q: %w", Truncate(text, 80), err)
		}
		parsed = classic
	}
	ms := make(Matchers, 0, len(parsed))
	for _, p := range parsed {
		m, err := NewMatcher(p.Name, Op(p.Type.String()), p.Value)
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
	}
	return ms, nil
}
