package config

import (
	"fmt"
	"regexp"
	"strings"
)

var placeholder = regexp.MustCompile(`\$\$\{|\$\{[^}]*\}?`)

var placeholderName = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

// substitute puts values for ${NAME}; $${NAME} stands for a literal ${NAME}. It
// works on one text after the YAML was read, so that a value can never add
// structure. used says whether anything was put in.
func substitute(text string, vars map[string]string) (out string, used bool, err error) {
	if !strings.Contains(text, "${") {
		return text, false, nil
	}
	out = placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$${" {
			return "${"
		}
		if !placeholderName.MatchString(m) {
			err = fmt.Errorf("%q is not a placeholder like ${NAME}; write $${ for a literal ${", m)
			return m
		}
		name := m[2 : len(m)-1]
		value, ok := vars[name]
		if !ok {
			names := make([]string, 0, len(vars))
			for n := range vars {
				names = append(names, n)
			}
			err = fmt.Errorf("no value was given for ${%s}%s", name, didYouMean(name, names))
			return m
		}
		used = true
		return value
	})
	return out, used, err
}

// escapePlaceholders is the way back.
func escapePlaceholders(text string) string { return strings.ReplaceAll(text, "${", "$${") }
