package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Separator stands between commands and the transcript of what became true.
const Separator = "----"

// Script is a parsed file.
type Script struct {
	Name string
	// Rule is the first comment: what the scenario shows.
	Rule   string
	Blocks []Block
	lines  []string
}

// Block is some commands and, if the file says so, what becomes true by them.
type Block struct {
	Line     int // of the first command, from 1
	Commands []Command
	// Checked says that a transcript follows; Want is that transcript.
	Checked  bool
	Want     []string
	WantLine int // line after the separator
}

// Command is one line of a script.
type Command struct {
	Line int
	Text string
	Verb string
	// Inline is the indented text below the line: a plan in place.
	Inline string
	toks   []token
}

// Source names a plan: a file, or text in place.
type Source struct {
	Name string
	Text string
}

// Error is a mistake in a script or a scenario that does not hold.
type Error struct {
	File string
	Line int
	Why  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Why) }

// Parse reads a script. An error is an *Error and names file and line.
func Parse(name, text string) (*Script, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	p := parser{script: &Script{Name: name, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}}
	for p.at < len(p.script.lines) {
		if err := p.line(); err != nil {
			return nil, &Error{File: name, Line: p.at + 1, Why: err.Error()}
		}
	}
	p.flush()
	return p.script, nil
}

type parser struct {
	script *Script
	at     int // index of the line to read
	block  Block
}

func (p *parser) flush() {
	if len(p.block.Commands) > 0 {
		p.script.Blocks = append(p.script.Blocks, p.block)
	}
	p.block = Block{}
}

func (p *parser) line() error {
	raw := p.script.lines[p.at]
	text := strings.TrimSpace(raw)
	switch {
	case text == "":
		p.flush()
	case strings.HasPrefix(text, "#"):
		if p.script.Rule == "" {
			p.script.Rule = strings.TrimSpace(strings.TrimLeft(text, "#"))
		}
	case text == Separator:
		return p.transcript()
	default:
		return p.command(raw)
	}
	p.at++
	return nil
}

func (p *parser) transcript() error {
	if len(p.block.Commands) == 0 {
		return fmt.Errorf("a transcript needs a command above it")
	}
	p.at++
	p.block.Checked, p.block.WantLine = true, p.at+1
	for p.at < len(p.script.lines) && strings.TrimSpace(p.script.lines[p.at]) != "" {
		p.block.Want = append(p.block.Want, strings.TrimRight(p.script.lines[p.at], " \t"))
		p.at++
	}
	p.flush()
	return nil
}

func (p *parser) command(raw string) error {
	if raw[0] == ' ' || raw[0] == '\t' {
		return fmt.Errorf("an indented line belongs to a plan above it, and there is none")
	}
	toks, err := lex(raw)
	if err != nil {
		return err
	}
	c := Command{Line: p.at + 1, Text: strings.TrimSpace(raw), Verb: toks[0].text, toks: toks[1:]}
	if _, ok := verbs[c.Verb]; !ok {
		return fmt.Errorf("unknown command %q; the commands are %s", c.Verb, strings.Join(slices.Sorted(maps.Keys(verbs)), ", "))
	}
	p.at++
	if c.Verb == "plan" && len(c.toks) == 0 {
		if c.Inline = p.indented(); c.Inline == "" {
			p.at--
			return fmt.Errorf("name a plan file, or write the plan indented below")
		}
	}
	if p.block.Line == 0 {
		p.block.Line = c.Line
	}
	p.block.Commands = append(p.block.Commands, c)
	return nil
}

// indented takes the lines below that begin with a space, and blank lines
// between them.
func (p *parser) indented() string {
	var out []string
	end := p.at
	for i := p.at; i < len(p.script.lines); i++ {
		line := p.script.lines[i]
		if strings.TrimSpace(line) == "" {
			out = append(out, "")
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			break
		}
		out = append(out, line)
		end = i + 1
	}
	out = out[:end-p.at]
	p.at = end
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n") + "\n"
}
