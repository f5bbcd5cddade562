package condition

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core/plan"
)

// step is one turn on the way into a JSON body: a key or an index.
type step struct {
	key   string
	index int
	array bool
}

type parser struct {
	in  string
	pos int
}

func (p *parser) fail(at int, why string) error {
	return &SyntaxError{Text: p.in, Offset: min(at, len(p.in)), Why: why}
}

func (p *parser) rest() string { return p.in[p.pos:] }

func (p *parser) skipSpace() {
	p.pos = len(p.in) - len(strings.TrimLeft(p.rest(), " \t"))
}

// operand reads "[NAME]", "[BODY].a.b[0]", "len([BODY].list)" or "has([BODY].x)".
func (p *parser) operand() (operand, error) {
	p.skipSpace()
	start, fn := p.pos, ""
	for _, f := range []string{"len", "has"} {
		if strings.HasPrefix(p.rest(), f+"(") {
			fn = f
			p.pos += len(f) + 1
			p.skipSpace()
		}
	}
	o, err := p.placeholder()
	if err != nil {
		return o, err
	}
	if fn != "" {
		p.skipSpace()
		if !strings.HasPrefix(p.rest(), ")") {
			return o, p.fail(p.pos, "the bracket of "+fn+"( is not closed")
		}
		p.pos++
		if o.kind != free {
			return o, p.fail(start, fn+"() looks into [BODY] or [HEADER] only")
		}
		o.fn, o.kind = fn, number
		if fn == "has" {
			o.kind = truth
		}
	}
	o.shown = p.in[start:p.pos]
	return o, nil
}

func (p *parser) placeholder() (operand, error) {
	start := p.pos
	if !strings.HasPrefix(p.rest(), "[") {
		return operand{}, p.fail(start, "a condition begins with a placeholder like [STATUS]")
	}
	end := strings.IndexByte(p.rest(), ']')
	if end < 0 {
		return operand{}, p.fail(start, "the bracket of the placeholder is not closed")
	}
	name := p.in[start+1 : start+end]
	if long, ok := aliases[name]; ok {
		name = long
	}
	k, ok := placeholders[name]
	if !ok {
		return operand{}, p.fail(start+1, fmt.Sprintf("no placeholder is called %q; there are %s", name, strings.Join(Names(), ", ")))
	}
	p.pos = start + end + 1
	o := operand{name: name, kind: k}
	pathStart := p.pos
	path, err := p.path(name)
	if err != nil {
		return o, err
	}
	switch {
	case len(path) > 0 && k != free:
		return o, p.fail(pathStart, "only [BODY] and [HEADER] have parts")
	case name == "HEADER" && (len(path) != 1 || path[0].array):
		return o, p.fail(pathStart, "say which header: [HEADER].Content-Type")
	}
	o.path = path
	return o, nil
}

// path reads ".key", `."key with spaces"` and "[3]" any number of times.
func (p *parser) path(name string) ([]step, error) {
	var path []step
	for {
		switch {
		case strings.HasPrefix(p.rest(), `."`):
			p.pos++
			key, err := p.quoted()
			if err != nil {
				return nil, err
			}
			path = append(path, step{key: key})
		case strings.HasPrefix(p.rest(), "."):
			p.pos++
			end := strings.IndexAny(p.rest(), ".[ \t)=!<>\"")
			if end < 0 {
				end = len(p.rest())
			}
			if end == 0 {
				return nil, p.fail(p.pos, "a key is missing after the dot of ["+name+"]")
			}
			path = append(path, step{key: p.in[p.pos : p.pos+end]})
			p.pos += end
		case strings.HasPrefix(p.rest(), "["):
			end := strings.IndexByte(p.rest(), ']')
			if end < 0 {
				return nil, p.fail(p.pos, "the bracket of the index is not closed")
			}
			n, err := strconv.Atoi(p.in[p.pos+1 : p.pos+end])
			if err != nil || n < 0 {
				return nil, p.fail(p.pos+1, "an index is a whole number from 0")
			}
			path = append(path, step{index: n, array: true})
			p.pos += end + 1
		default:
			return path, nil
		}
	}
}

func (p *parser) operator() (op string, at int, err error) {
	p.skipSpace()
	for _, op := range operators {
		if strings.HasPrefix(p.rest(), op) {
			at = p.pos
			p.pos += len(op)
			if word := op[0] >= 'a'; word && p.rest() != "" && !strings.ContainsAny(p.rest()[:1], " \t\"") {
				break
			}
			return op, at, nil
		}
	}
	return "", p.pos, p.fail(p.pos, "expected one of == != < <= > >= contains matches")
}

// right reads the rest of the line: a value, or any(a, b) after == and !=.
func (p *parser) right(left operand, op string) ([]value, error) {
	p.skipSpace()
	start := p.pos
	raw := strings.TrimRight(p.rest(), " \t")
	if raw == "" {
		return nil, p.fail(p.pos, "a value is missing after "+op)
	}
	if strings.HasPrefix(raw, "any(") && op != "matches" {
		if op != "==" && op != "!=" {
			return nil, p.fail(start, "any(...) goes with == and != only")
		}
		return p.any(left, op)
	}
	v, err := p.one(left, op, "")
	if err != nil {
		return nil, err
	}
	return []value{v}, nil
}

func (p *parser) any(left operand, op string) ([]value, error) {
	p.pos += len("any(")
	var out []value
	for {
		p.skipSpace()
		v, err := p.one(left, op, ",)")
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		p.skipSpace()
		switch {
		case strings.HasPrefix(p.rest(), ","):
			p.pos++
		case strings.HasPrefix(p.rest(), ")"):
			p.pos++
			p.skipSpace()
			if p.rest() != "" {
				return nil, p.fail(p.pos, "nothing may follow any(...)")
			}
			return out, nil
		default:
			return nil, p.fail(p.pos, "the bracket of any( is not closed")
		}
	}
}

// one reads a value up to one of the stop bytes, or to the end of the line.
func (p *parser) one(left operand, op, stop string) (value, error) {
	start := p.pos
	var s string
	if strings.HasPrefix(p.rest(), `"`) {
		q, err := p.quoted()
		if err != nil {
			return value{}, err
		}
		s = q
		if p.skipSpace(); stop == "" && p.rest() != "" {
			return value{}, p.fail(p.pos, "nothing may follow the closing quote")
		}
	} else {
		end := len(p.rest())
		if i := strings.IndexAny(p.rest(), stop); stop != "" && i >= 0 {
			end = i
		}
		s = strings.TrimRight(p.in[p.pos:p.pos+end], " \t")
		p.pos += end
		if s == "" {
			return value{}, p.fail(start, "a value is missing")
		}
	}
	v, why := toValue(left, op, s)
	if why != "" {
		return v, p.fail(start, why)
	}
	return v, nil
}

func (p *parser) quoted() (string, error) {
	start := p.pos
	prefix, err := strconv.QuotedPrefix(p.rest())
	if err != nil {
		return "", p.fail(start, "the quote is not closed, or an escape in it is unknown")
	}
	s, err := strconv.Unquote(prefix)
	if err != nil {
		return "", p.fail(start, "an escape in the quotes is unknown")
	}
	p.pos += len(prefix)
	return s, nil
}

func readSpan(s string, k kind) (time.Duration, bool) {
	if n, err := strconv.Atoi(s); err == nil && k == duration {
		return time.Duration(n) * time.Millisecond, n >= 0 && n < 1<<40
	}
	d, err := plan.ParseDuration(s)
	return d.Std(), err == nil
}
