package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"tocsin/internal/core/fact"
)

// Input is one field of a form, with what was typed and what is wrong with it.
type Input struct {
	Name, Label, Kind  string // Kind: text, password, select, area, datetime-local, ...
	Value, Help, Wrong string
	Hint, Auto         string
	Required           bool
	Options            []Option
	List               []string // suggestions
}

// Option is a choice.
type Option struct{ Value, Word string }

// Wrong is a mistake, for the summary on top of a form.
type Wrong struct{ Field, Text string }

// Form is a form as it is shown, and shown again with its mistakes.
type Form struct {
	Fields []Input
	Errors []Wrong
}

// Get is a field by its name, for forms that lay out their fields by hand.
func (f Form) Get(name string) Input {
	for _, in := range f.Fields {
		if in.Name == name {
			return in
		}
	}
	return Input{Name: name, Label: name, Kind: "text"}
}

// filled puts what was typed back into the fields. Passwords are never sent
// back.
func (f Form) filled(r *http.Request) Form {
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		in := &f.Fields[i]
		if r.Form.Has(in.Name) && in.Kind != "password" {
			in.Value = r.Form.Get(in.Name)
		}
	}
	return f
}

// refused marks the field that an error names. ok is false if the error is no
// answer for people.
func (f Form) refused(err error) (Form, bool) {
	var r *fact.Refused
	if !errors.As(err, &r) {
		return f, false
	}
	field, why := r.Field, sentence(r.Why)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if f.Fields[i].Name == field {
			f.Fields[i].Wrong = why
			f.Errors = append(slices.Clone(f.Errors), Wrong{field, f.Fields[i].Label + ": " + r.Why})
			return f, true
		}
	}
	if field != "" {
		why = field + ": " + r.Why
	}
	first := ""
	if len(f.Fields) > 0 {
		first = f.Fields[0].Name
	}
	f.Errors = append(slices.Clone(f.Errors), Wrong{first, why})
	return f, true
}

// value is a field of a request, without the blanks around it.
func (c *call) value(name string) string { return strings.TrimSpace(c.r.FormValue(name)) }

// parse reads the request's form and bounds it.
func (c *call) parse() error {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, 2<<20)
	if err := c.r.ParseForm(); err != nil {
		return fact.Refuse("invalid", "", "the form could not be read: "+err.Error())
	}
	return nil
}
