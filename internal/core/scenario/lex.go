package scenario

import (
	"fmt"
	"strings"
)

// token is one word of a line. A quoted word is never a keyword.
type token struct {
	text   string // without quotes; of a matcher set with its braces, as written
	key    string // of key=value
	value  string
	pair   bool
	quoted bool
}

// lexer cuts one line into tokens.
type lexer struct {
	rest string
}

// lex reads a line: words, "quoted words", key=value, {matchers}, # comment.
func lex(line string) ([]token, error) {
	l := lexer{rest: line}
	var out []token
	for {
		l.rest = strings.TrimLeft(l.rest, " \t")
		if l.rest == "" || l.rest[0] == '#' {
			return out, nil
		}
		t, err := l.token()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
}

func (l *lexer) token() (token, error) {
	if l.rest[0] == '{' {
		return l.braces()
	}
	var t token
	var b strings.Builder
	for l.rest != "" && l.rest[0] != ' ' && l.rest[0] != '\t' {
		switch c := l.rest[0]; {
		case c == '"':
			text, err := l.quoted()
			if err != nil {
				return t, err
			}
			t.quoted = true
			b.WriteString(text)
		case c == '=' && !t.pair && b.Len() > 0:
			t.pair, t.key = true, b.String()
			b.Reset()
			l.rest = l.rest[1:]
		default:
			b.WriteByte(c)
			l.rest = l.rest[1:]
		}
	}
	t.text = b.String()
	if t.pair {
		t.value = t.text
		t.text = t.key + "=" + t.value
	}
	return t, nil
}

// quoted reads from the opening quote to the closing one.
func (l *lexer) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; c {
		case '\\':
			i++
			if i == len(l.rest) {
				return "", fmt.Errorf("the line ends inside a quoted word")
			}
			if l.rest[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(l.rest[i])
			}
		case '"':
			l.rest = l.rest[i+1:]
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("the line ends inside a quoted word")
}

// braces reads a matcher set as it is written; quotes may hold a brace.
func (l *lexer) braces() (token, error) {
	inQuotes := false
	for i := 0; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '\\' && inQuotes:
			i++
		case c == '"':
			inQuotes = !inQuotes
		case c == '}' && !inQuotes:
			t := token{text: l.rest[:i+1]}
			l.rest = l.rest[i+1:]
			return t, nil
		}
	}
	return token{}, fmt.Errorf("the line ends inside { }")
}

// args are the words after a verb, taken one by one.
type args struct {
	toks []token
}

// next takes the next positional word.
func (a *args) next(what string) (string, error) {
	if len(a.toks) == 0 || a.toks[0].pair {
		return "", fmt.Errorf("%s is missing", what)
	}
	t := a.toks[0]
	a.toks = a.toks[1:]
	return t.text, nil
}

// peek is the next positional word, "" if there is none.
func (a *args) peek() string {
	if len(a.toks) == 0 || a.toks[0].pair {
		return ""
	}
	return a.toks[0].text
}

// optional takes the next positional word if there is one.
func (a *args) optional() string {
	if a.peek() == "" {
		return ""
	}
	text, _ := a.next("")
	return text
}

// after takes "word value", wherever it stands; "" if the word is not there.
func (a *args) after(word string) string {
	for i, t := range a.toks {
		if t.text == word && !t.quoted && !t.pair && i+1 < len(a.toks) {
			value := a.toks[i+1].text
			a.toks = append(append([]token{}, a.toks[:i]...), a.toks[i+2:]...)
			return value
		}
	}
	return ""
}

// flag takes a lone word, wherever it stands.
func (a *args) flag(word string) bool {
	for i, t := range a.toks {
		if t.text == word && !t.quoted && !t.pair {
			a.toks = append(append([]token{}, a.toks[:i]...), a.toks[i+1:]...)
			return true
		}
	}
	return false
}

// value takes key=value, wherever it stands.
func (a *args) value(key string) string {
	for i, t := range a.toks {
		if t.pair && t.key == key {
			a.toks = append(append([]token{}, a.toks[:i]...), a.toks[i+1:]...)
			return t.value
		}
	}
	return ""
}

// pairs takes every key=value that is left.
func (a *args) pairs() map[string]string {
	out := map[string]string{}
	var rest []token
	for _, t := range a.toks {
		if t.pair {
			out[t.key] = t.value
		} else {
			rest = append(rest, t)
		}
	}
	a.toks = rest
	return out
}

// done refuses words that nobody took: a typing mistake must not pass.
func (a *args) done() error {
	if len(a.toks) == 0 {
		return nil
	}
	return fmt.Errorf("do not understand %q here", a.toks[0].text)
}
