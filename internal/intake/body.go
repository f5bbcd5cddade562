package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// BadBody is a request body that could not be used. Status is the HTTP status
// that says so; the format chooses the shape around it.
type BadBody struct {
	Status int
	Why    string
}

func (e *BadBody) Error() string { return e.Why }

// ReadBody reads the whole body, at most limit bytes. The error is a *BadBody.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *BadBody) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &BadBody{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit)}
	case err != nil:
		return nil, &BadBody{http.StatusBadRequest, "the body broke off: " + err.Error()}
	}
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), nil
}

// FieldError names a field of a request and what is wrong with it.
type FieldError struct {
	Field string `json:"field"` // path: "payload.links[2].href"; empty is the whole body
	Why   string `json:"why"`
}

func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Why
	}
	return e.Field + ": " + e.Why
}

// Join is all errors as one sentence, for logs and Door.Reject.
func Join(errs []FieldError) string {
	parts := make([]string, len(errs))
	for i, e := range errs {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Object is a JSON object that is read field by field. Absent and null are the
// same. A field of the wrong type is recorded with its path and reads as
// absent, so that one pass finds everything that is wrong.
type Object struct {
	path   string
	values map[string]any
	errs   *[]FieldError
}

// ParseJSON decodes one JSON value. Numbers stay as they were written. The
// error says where the text stopped being JSON.
func ParseJSON(body []byte) (any, *BadBody) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if err == nil {
		if _, trailing := d.Token(); !errors.Is(trailing, io.EOF) {
			err = fmt.Errorf("there is more text after the JSON value, at byte %d", d.InputOffset())
		}
	}
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, io.EOF):
		return nil, &BadBody{http.StatusBadRequest, "the body is empty, JSON was expected"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &BadBody{http.StatusBadRequest, fmt.Sprintf("the JSON ends too early, after %d bytes", len(body))}
	case errors.As(err, &syntax):
		return nil, &BadBody{http.StatusBadRequest, fmt.Sprintf("not JSON: %s at byte %d", syntax, syntax.Offset)}
	}
	return nil, &BadBody{http.StatusBadRequest, "not JSON: " + err.Error()}
}

// ParseObject decodes a body that must be one JSON object.
func ParseObject(body []byte) (*Object, *BadBody) {
	v, bad := ParseJSON(body)
	if bad != nil {
		return nil, bad
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &BadBody{http.StatusBadRequest, "the body must be a JSON object, not " + TypeName(v)}
	}
	return NewObject(m), nil
}

// NewObject reads an object that is decoded already.
func NewObject(values map[string]any) *Object { return &Object{values: values, errs: &[]FieldError{}} }

// Errors are what the reads so far have found, in order of reading.
func (o *Object) Errors() []FieldError { return *o.errs }

// Fail records an error on one of this object's fields, once.
func (o *Object) Fail(name, why string) {
	e := FieldError{o.at(name), why}
	if !slices.Contains(*o.errs, e) {
		*o.errs = append(*o.errs, e)
	}
}

func (o *Object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// Has says whether the field is there and not null.
func (o *Object) Has(name string) bool { return o.values[name] != nil }

// Absent says that the object itself is not there, which is one error of its
// parent's and not one for each of its fields.
func (o *Object) Absent() bool { return o.values == nil }

// Raw is the field as decoded.
func (o *Object) Raw(name string) any { return o.values[name] }

// Text reads a string.
func (o *Object) Text(name string) string {
	switch v := o.values[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		o.Fail(name, "must be a string, not "+TypeName(v))
		return ""
	}
}

// Texts reads an object whose values are all strings; a null is left out.
func (o *Object) Texts(name string) map[string]string {
	child := o.Object(name)
	out := make(map[string]string, len(child.values))
	for _, n := range slices.Sorted(maps.Keys(child.values)) {
		if v := child.Text(n); v != "" {
			out[n] = v
		}
	}
	return out
}

// Object reads a nested object; an empty one when it is absent.
func (o *Object) Object(name string) *Object {
	child := &Object{path: o.at(name), errs: o.errs}
	switch v := o.values[name].(type) {
	case nil:
	case map[string]any:
		child.values = v
	default:
		o.Fail(name, "must be an object, not "+TypeName(v))
	}
	return child
}

// List reads a list of objects.
func (o *Object) List(name string) []*Object {
	var list []*Object
	switch v := o.values[name].(type) {
	case nil:
	case []any:
		for i, item := range v {
			m, ok := item.(map[string]any)
			if !ok {
				o.Fail(fmt.Sprintf("%s[%d]", name, i), "must be an object, not "+TypeName(item))
				continue
			}
			list = append(list, &Object{path: fmt.Sprintf("%s[%d]", o.at(name), i), values: m, errs: o.errs})
		}
	default:
		o.Fail(name, "must be a list, not "+TypeName(v))
	}
	return list
}

// TypeName is JSON's word for a decoded value.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number, float64, int64, uint64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

// Compact is a decoded value as JSON again, keys in order, without HTML
// escapes; "" for an absent one.
func Compact(v any) string {
	if v == nil {
		return ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
