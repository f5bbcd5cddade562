package notify

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// CheckFields says which required setting is missing and which is unknown: a
// misspelt name must not be silently ignored.
func CheckFields(fields []Field, settings map[string]string) error {
	for _, f := range fields {
		if f.Required && strings.TrimSpace(settings[f.Name]) == "" {
			return fmt.Errorf("%s: must be filled in", f.Name)
		}
	}
	var unknown []string
	for name := range settings {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("%s: no such setting", OneLine(strings.Join(unknown, ", "), 200))
	}
	return nil
}

// CheckURL says what is wrong with an address; it never repeats the address,
// which may hold a secret. A reference to a secret is taken on trust.
func CheckURL(field, text string) error {
	if IsReference(text) {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%s: not a URL", field)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s: must begin with https:// (or http://)", field)
	case u.Hostname() == "":
		return fmt.Errorf("%s: names no host", field)
	case u.User != nil:
		return fmt.Errorf("%s: must not hold a user and password; use a header", field)
	}
	return nil
}

// Header is one extra header of a request.
type Header struct{ Name, Value string }

// ParseHeaders reads "Name: value" lines. Headers that frame the request or
// carry the signature cannot be set.
func ParseHeaders(field, text string) ([]Header, error) {
	var out []Header
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || !httpguts.ValidHeaderFieldName(name):
			return nil, fmt.Errorf("%s: line %d is not \"Name: value\"", field, i+1)
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Errorf("%s: line %d holds a character that no header may hold", field, i+1)
		case reserved(name):
			return nil, fmt.Errorf("%s: %s is set by Tocsin itself", field, http.CanonicalHeaderKey(name))
		}
		out = append(out, Header{Name: http.CanonicalHeaderKey(name), Value: value})
	}
	return out, nil
}

func reserved(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Te", "Trailer", "Upgrade", "Expect", "Tocsin-Signature":
		return true
	}
	return false
}

// Redact takes secrets out of an error's text and keeps its class. Channels
// are careful; this is for the peer that echoes what it was given.
func Redact(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	text := RedactText(err.Error(), secrets)
	if text == err.Error() {
		return err
	}
	f := AsFailure(err)
	return &Failure{Permanent: f.Permanent, After: f.After, Err: errors.New(text)}
}

// RedactText is Redact for one line of text. Very short values are left: they
// hide nothing and would garble every message.
func RedactText(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	return text
}

// SecretsOf lists the values of the fields marked Secret, longest first, and
// the parts of them that a peer may echo alone: a header's value, the token
// after "Bearer", the path and the query of an address.
func SecretsOf(fields []Field, settings map[string]string) []string {
	var out []string
	for _, f := range fields {
		v := settings[f.Name]
		if !f.Secret || v == "" {
			continue
		}
		out = append(out, v)
		if u, err := url.Parse(v); err == nil && u.Host != "" {
			out = append(out, u.RequestURI(), u.Path, u.RawQuery)
			continue
		}
		for line := range strings.Lines(v) {
			name, value, ok := strings.Cut(line, ":")
			if !ok || !httpguts.ValidHeaderFieldName(strings.TrimSpace(name)) {
				continue
			}
			out = append(out, strings.TrimSpace(value))
			if words := strings.Fields(value); len(words) > 1 {
				out = append(out, words[len(words)-1])
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}
