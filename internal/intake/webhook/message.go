package webhook

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tocsin/internal/intake"
)

// message is one request, before anything is made of it.
type message struct {
	headers http.Header
	query   url.Values
	body    []byte
}

// content is the body as a value. JSON is tried first, whatever the content
// type says, since many senders do not set it; a form and plain text only where
// they are declared.
func (m message) content() (any, *intake.BadBody) {
	v, bad := intake.ParseJSON(m.body)
	if bad == nil {
		return native(v), nil
	}
	media, _, _ := strings.Cut(m.headers.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(m.body)); err == nil && len(form) > 0 {
			return flat(form), nil
		}
	case "text/plain":
		if text := strings.TrimSpace(string(m.body)); text != "" {
			return map[string]any{"summary": text}, nil
		}
	}
	return nil, bad
}

// flat is a form with the first value of each field.
func flat(form url.Values) map[string]any {
	out := make(map[string]any, len(form))
	for name, values := range form {
		out[name] = values[0]
	}
	return out
}

// native turns JSON numbers into what expressions calculate with: whole
// numbers into int64, the others into float64.
func native(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String() // beyond a float64: kept as text
	case []any:
		for i := range v {
			v[i] = native(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = native(v[k])
		}
	}
	return v
}

// secretHeaders never reach an expression, so that no mapping can copy a
// credential into an alert.
var secretHeaders = map[string]bool{"authorization": true, "cookie": true, "proxy-authorization": true, "x-api-key": true}

// headerMap is the headers in lower case, the first value of each.
func headerMap(h http.Header) map[string]string {
	out := make(map[string]string, len(h))
	for name, values := range h {
		if name = strings.ToLower(name); len(values) > 0 && !secretHeaders[name] {
			out[name] = values[0]
		}
	}
	return out
}

// queryMap is the parameters of the address, without keys.
func queryMap(q url.Values) map[string]string {
	out := make(map[string]string, len(q))
	for name, values := range q {
		if len(values) > 0 && name != "token" && name != "key" {
			out[name] = values[0]
		}
	}
	return out
}
