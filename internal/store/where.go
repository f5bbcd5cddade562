package store

import (
	"strconv"
	"strings"
)

// where builds conditions. It numbers placeholders in the order in which they
// appear, which is the one rule that both databases and every driver agree on.
type where struct {
	parts []string
	args  []any
}

// arg notes an argument and returns its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// add adds a condition that ends in an argument.
func (w *where) add(condition string, v any) { w.parts = append(w.parts, condition+w.arg(v)) }

// when adds a condition without an argument.
func (w *where) when(condition string) { w.parts = append(w.parts, condition) }

func (w *where) in(column string, values []string) {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = w.arg(v)
	}
	w.parts = append(w.parts, column+" IN ("+strings.Join(marks, ", ")+")")
}

func (w *where) text() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// contains is a LIKE pattern for folded text that contains the words, taken
// literally.
func contains(words string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(fold(words)) + "%"
}
