package check

import (
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"tocsin/internal/core/fact"
)

// settings reads a check's settings and keeps the first mistake, so that a
// type reads all its fields in a row.
type settings struct {
	values map[string]string
	err    error
}

func (s *settings) fail(name, format string, args ...any) {
	if s.err == nil {
		s.err = fact.Refuse("invalid", "settings."+name, fmt.Sprintf(format, args...))
	}
}

// finish refuses what the type does not know: a misspelt setting would
// otherwise be a check that looks at less than its author believes.
func (s *settings) finish(t Type) error {
	known := func(name string) bool {
		return slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Name == name })
	}
	for _, f := range t.Fields {
		if f.Required && strings.TrimSpace(s.values[f.Name]) == "" {
			return fact.Refuse("invalid", "settings."+f.Name, fmt.Sprintf("a check of type %s needs this", t.Name))
		}
	}
	var unknown []string
	for name := range s.values {
		if !known(name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		s.fail(name, "a check of type %s has no such setting", t.Name)
	}
	return s.err
}

func (s *settings) text(name string) string { return s.values[name] }

func (s *settings) trimmed(name string) string { return strings.TrimSpace(s.values[name]) }

func (s *settings) or(name, fallback string) string {
	if v := s.trimmed(name); v != "" {
		return v
	}
	return fallback
}

// yes reads a switch whose words are true and false.
func (s *settings) yes(name, fallback string) bool {
	switch v := s.or(name, fallback); v {
	case "true":
		return true
	case "false":
		return false
	default:
		s.fail(name, "this is true or false, not %q", v)
		return false
	}
}

type bounds struct{ fallback, least, most int }

func (s *settings) number(name string, b bounds) int {
	v := s.trimmed(name)
	if v == "" {
		return b.fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < b.least || n > b.most {
		s.fail(name, "this is a whole number from %d to %d, not %q", b.least, b.most, v)
	}
	return n
}

func (s *settings) oneOf(name, fallback string, words ...string) string {
	v := s.or(name, fallback)
	if !slices.Contains(words, v) {
		s.fail(name, "this is one of %s, not %q", strings.Join(words, ", "), v)
	}
	return v
}

// address reads host:port. port is what a missing port means; empty demands one.
func (s *settings) address(name, port string) string {
	v := s.trimmed(name)
	if v == "" {
		return ""
	}
	host, p, err := net.SplitHostPort(v)
	if err != nil {
		host, p = strings.Trim(v, "[]"), port
		if port == "" || strings.Count(host, ":") == 1 {
			s.fail(name, "this is host:port, not %q", v)
			return ""
		}
	}
	if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
		s.fail(name, "a port is a number from 1 to 65535, not %q", p)
	}
	if host == "" || strings.ContainsAny(host, " /@?#") {
		s.fail(name, "%q is not a host name or an IP address", host)
	}
	return net.JoinHostPort(host, p)
}

// header is one line of a headers setting.
type header struct{ name, value string }

func (s *settings) headers(name string) []header {
	var out []header
	for line := range strings.Lines(s.values[name]) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		n, v, ok := strings.Cut(line, ":")
		n, v = strings.TrimSpace(n), strings.TrimSpace(v)
		if !ok || n == "" || strings.ContainsFunc(n, notToken) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			s.fail(name, "each line is \"Name: value\", not %q", line)
			return nil
		}
		out = append(out, header{name: textproto.CanonicalMIMEHeaderKey(n), value: v})
	}
	return out
}

// notToken is the complement of RFC 9110's token.
func notToken(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// family is the address family: "any", "4" or "6".
func (s *settings) family() string { return s.oneOf("ip", "any", "any", "4", "6") }

var familyField = Field{Name: "ip", Label: "Address family", Help: "any, 4 or 6", Default: "any"}

// network adds the family to a network's name: "tcp" and "4" make "tcp4".
func network(base, family string) string {
	if family == "any" {
		return base
	}
	return base + family
}
