package check

import "tocsin/internal/core/plan"

// Registry tells whoever reads plans what the types of check are. It holds
// nothing.
type Registry struct{}

// Names lists what a check's type may be.
func (Registry) Names() []string { return append(names(), "https") }

// Main is the setting that stands for all when a check is written in one word:
// {http: https://shop.example.com}.
func (Registry) Main(typeName string) string {
	t, _ := find(typeName)
	for _, f := range t.Fields {
		if f.Required {
			return f.Name
		}
	}
	return ""
}

// Fields lists the settings of a type and whether each holds a secret.
func (Registry) Fields(typeName string) []Field {
	t, _ := find(typeName)
	return t.Fields
}

// Check says what is wrong with a check, naming the field.
func (Registry) Check(c plan.Check) error { return Check(c) }
