package config

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/plan"
)

// reader walks YAML nodes into a plan. It never stops at a mistake: it reports
// it and goes on, so that one run shows everything.
type reader struct {
	opts     Options
	file     string
	loaded   *Loaded
	problems Problems
	refs     []ref
	depth    int // of routes
}

// ref is a name that must exist once all files are read.
type ref struct {
	kind, id string
	place    Place
	path     string
}

// value is a YAML node and its path in the plan.
type value struct {
	n    *yaml.Node
	path string
}

func newReader(opts Options) *reader {
	return &reader{opts: opts, loaded: &Loaded{
		Plan: &plan.Plan{}, Origin: Origin{}, Files: map[string][]byte{}, channels: opts.Channels,
		filled: map[string]bool{}, unread: map[string]bool{},
	}}
}

func (r *reader) place(v value) Place {
	return Place{File: r.file, Line: v.n.Line, Column: v.n.Column}
}

func (r *reader) report(at Place, path, message string) {
	r.add(at, Problem{Path: path, Message: message, Severity: Error})
}

func (r *reader) add(at Place, p Problem) {
	p.File, p.Line, p.Column = at.File, at.Line, at.Column
	r.problems = append(r.problems, p)
}

// sorted orders the problems by place, drops repeats and quotes the lines.
func (r *reader) sorted() Problems {
	r.problems.sort()
	seen := map[string]bool{}
	linesOf := map[string][]string{}
	var out Problems
	for _, p := range r.problems {
		key := p.String()
		if seen[key] {
			continue
		}
		seen[key] = true
		if linesOf[p.File] == nil {
			linesOf[p.File] = strings.Split(string(r.loaded.Files[p.File]), "\n")
		}
		if in := linesOf[p.File]; p.Line > 0 && p.Line <= len(in) {
			p.Source = strings.TrimRight(in[p.Line-1], "\r")
		}
		out = append(out, p)
	}
	return out
}

func (r *reader) wrong(v value, format string, args ...any) {
	r.report(r.place(v), v.path, fmt.Sprintf(format, args...))
}

func (r *reader) warn(v value, format string, args ...any) {
	r.add(r.place(v), Problem{Path: v.path, Message: fmt.Sprintf(format, args...), Severity: Warning})
}

func (r *reader) mark(v value) {
	if v.path != "" {
		r.loaded.Origin[v.path] = r.place(v)
	}
}

func (v value) child(name string, n *yaml.Node) value {
	if v.path == "" {
		return value{n, name}
	}
	return value{n, v.path + "." + name}
}

func (v value) item(i int) value {
	return value{v.n.Content[i], v.path + "[" + strconv.Itoa(i) + "]"}
}

// isNull says whether nothing is written: "name:" with no value, or null.
func (v value) isNull() bool { return v.n.Kind == yaml.ScalarNode && v.n.Tag == "!!null" }

// kind names what is there, for messages.
func (v value) kind() string {
	switch {
	case v.isNull():
		return "nothing"
	case v.n.Kind == yaml.MappingNode:
		return "a mapping"
	case v.n.Kind == yaml.SequenceNode:
		return "a list"
	case v.n.Kind == yaml.AliasNode:
		return "an alias"
	}
	return "a text"
}

// plain refuses what the language leaves out of YAML. An alias would give one
// line two meanings and one field two places.
func (r *reader) plain(v value) bool {
	if v.n.Kind == yaml.AliasNode {
		r.wrong(v, "aliases (*%s) are not part of the plan's language; write the value out", v.n.Value)
		return false
	}
	if v.n.Style&yaml.TaggedStyle != 0 {
		r.wrong(v, "tags (%s) are not part of the plan's language", v.n.Tag)
		return false
	}
	return true
}

// entry is one pair of a mapping.
type entry struct {
	key string
	at  value // the key itself
	val value
}

// entries lists the pairs of a mapping and refuses duplicates.
func (r *reader) entries(v value) []entry {
	if !r.plain(v) || v.isNull() {
		return nil
	}
	if v.n.Kind != yaml.MappingNode {
		r.wrong(v, "want a mapping (name: value), have %s", v.kind())
		return nil
	}
	seen := map[string]Place{}
	var out []entry
	for i := 0; i+1 < len(v.n.Content); i += 2 {
		k := v.n.Content[i]
		at := value{k, v.path}
		if k.Kind != yaml.ScalarNode || !r.plain(at) {
			if k.Kind != yaml.ScalarNode {
				r.wrong(at, "a name must be a text, not %s", at.kind())
			}
			continue
		}
		at = v.child(k.Value, k)
		if k.Tag == "!!merge" {
			r.wrong(at, "merge keys (<<) are not part of the plan's language; write the values out")
			continue
		}
		if first, dup := seen[k.Value]; dup {
			r.wrong(at, "%s is already given in line %d", k.Value, first.Line)
			continue
		}
		seen[k.Value] = r.place(at)
		out = append(out, entry{key: k.Value, at: at, val: v.child(k.Value, v.n.Content[i+1])})
	}
	return out
}

// fields says what each field of an object does with its value.
type fields map[string]func(value)

func (f fields) names() []string {
	out := make([]string, 0, len(f))
	for n := range f {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// object reads a mapping whose fields are fixed.
func (r *reader) object(v value, f fields) {
	for _, e := range r.entries(v) {
		set, ok := f[e.key]
		if !ok {
			r.unknownField(e, f.names())
			continue
		}
		r.set(e, set)
	}
}

func (r *reader) set(e entry, set func(value)) {
	r.mark(value{e.at.n, e.val.path})
	if r.plain(e.val) {
		set(e.val)
	}
}

func (r *reader) unknownField(e entry, known []string) {
	hint := didYouMean(e.key, known)
	if hint == "" {
		hint = "; known are " + strings.Join(known, ", ")
	}
	r.wrong(e.at, "unknown field %s%s", e.key, hint)
}

// idPattern keeps ids usable in a URL, in a target and in a phrase.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

const idRule = "an id is 1 to 64 letters, digits and . _ @ -, beginning with a letter or digit"

// byID reads a mapping from ids and reports an id that another file has.
func (r *reader) byID(v value, each func(id string, v value)) {
	for _, e := range r.entries(v) {
		if !idPattern.MatchString(e.key) {
			r.wrong(e.at, "%q: %s", e.key, idRule)
			continue
		}
		if first, dup := r.loaded.Origin[e.val.path]; dup {
			r.wrong(e.at, "%s is already defined in %s", e.key, first)
			continue
		}
		r.mark(value{e.at.n, e.val.path})
		if !r.plain(e.val) {
			continue
		}
		if e.val.n.Kind != yaml.MappingNode && !e.val.isNull() {
			r.wrong(e.val, "want a mapping (name: value), have %s", e.val.kind())
			continue
		}
		each(e.key, e.val)
	}
}

// scalar is the literal text of a value with its placeholders filled in.
func (r *reader) scalar(v value) (text string, ok bool) {
	text, _, ok = r.scalarFrom(v)
	return text, ok
}

// scalarFrom also says whether a placeholder gave part of the text.
func (r *reader) scalarFrom(v value) (text string, substituted, ok bool) {
	if !r.plain(v) {
		return "", false, false
	}
	if v.n.Kind != yaml.ScalarNode || v.isNull() {
		r.wrong(v, "want a text, have %s", v.kind())
		return "", false, false
	}
	text, substituted, err := substitute(v.n.Value, r.opts.Vars)
	if err != nil {
		r.wrong(v, "%v", err)
		return "", false, false
	}
	if substituted {
		r.loaded.filled[v.path] = true
	}
	if !storable(text) {
		r.wrong(v, "holds bytes that are not text (NUL or broken UTF-8)")
		return "", false, false
	}
	return text, substituted, true
}

// list reads a list; a single text stands for a list of one.
func (r *reader) list(v value, each func(value)) {
	switch {
	case !r.plain(v) || v.isNull():
	case v.n.Kind == yaml.ScalarNode:
		each(v)
	case v.n.Kind != yaml.SequenceNode:
		r.wrong(v, "want a list, have %s", v.kind())
	default:
		for i := range v.n.Content {
			item := v.item(i)
			r.mark(item)
			if r.plain(item) {
				each(item)
			}
		}
	}
}

// The setters below read one value into one variable.

func (r *reader) text(into *string) func(value) {
	return func(v value) {
		if s, ok := r.scalar(v); ok {
			*into = s
		}
	}
}

// phrase reads a text that has a grammar of its own.
func phrase[T any](r *reader, read func(string) (T, error), use func(T)) func(value) {
	return func(v value) {
		s, ok := r.scalar(v)
		if !ok {
			return
		}
		out, err := read(s)
		if err != nil {
			r.wrong(v, "%v", err)
			return
		}
		use(out)
	}
}

func into[T any](p *T) func(T) { return func(v T) { *p = v } }

func (r *reader) duration(to *plan.Duration) func(value) {
	return phrase(r, plan.ParseDuration, into(to))
}

func (r *reader) number(to *int, from, upTo int) func(value) {
	return phrase(r, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < from || n > upTo {
			return 0, fmt.Errorf("want a whole number from %d to %d, have %q", from, upTo, s)
		}
		return n, nil
	}, into(to))
}

func readBool(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("want true or false, have %q", s)
}

func (r *reader) flag(to *bool) func(value) { return phrase(r, readBool, into(to)) }

// oneOf reads one of a few words.
func oneOf[T ~string](r *reader, to *T, words ...T) func(value) {
	return phrase(r, func(s string) (T, error) {
		names := make([]string, len(words))
		for i, w := range words {
			names[i] = string(w)
			if s == names[i] {
				return w, nil
			}
		}
		return "", fmt.Errorf("want one of %s, have %q%s", strings.Join(names, ", "), s, didYouMean(s, names))
	}, into(to))
}

// refTo reads a name that must exist as a thing of that kind.
func (r *reader) refTo(kind string, to *string) func(value) {
	return func(v value) {
		s, ok := r.scalar(v)
		if !ok {
			return
		}
		*to = s
		r.need(v, kind, s)
	}
}

func (r *reader) need(v value, kind, id string) {
	r.refs = append(r.refs, ref{kind: kind, id: id, place: r.place(v), path: v.path})
}

// texts reads a mapping from names to single values.
func (r *reader) texts(v value, use func(name, text string)) {
	for _, e := range r.entries(v) {
		r.set(e, func(v value) {
			if s, ok := r.scalar(v); ok {
				use(e.key, s)
			}
		})
	}
}
