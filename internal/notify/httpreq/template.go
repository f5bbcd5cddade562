package httpreq

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"tocsin/internal/notify"
)

const (
	maxTemplate = 16 << 10
	maxOutput   = 64 << 10
)

// Data is what a template sees. All of it is clean text: no control
// characters, but not yet escaped for any format; json, urlquery and xml do so.
type Data struct {
	ID       string // of the notification; the same when it is repeated
	Kind     string // page, resolved, acked, incident, verify, test, warning
	User     string
	Urgency  string // high, low
	Title    string // headline, at most 200 characters, DRILL first
	Body     string
	Text     string // headline, body and the rest in one, at most 1500 characters
	Short    string // headline and link, for an SMS
	Service  string
	Severity string
	Page     string
	Incident string
	Alerts   int
	Folded   []string
	Code     string // of a verification
	Why      string
	Drill    bool
	Attempt  int
	At       string // RFC 3339, UTC

	View, Acknowledge, Escalate, Resolve string // links

	Secret string // the setting of that name
}

func dataOf(d notify.Delivery) Data {
	m := d.Message
	out := Data{
		ID: notify.OneLine(m.ID, 200), Kind: string(m.Kind), User: notify.OneLine(m.User, 200), Urgency: string(m.Urgency),
		Title: notify.Headline(m, 200), Body: notify.Lines(m.Body, 10000), Text: notify.Text(m, 1500),
		Service: notify.OneLine(m.Service, 200), Severity: notify.OneLine(m.Severity, 40), Page: notify.OneLine(m.Page, 100),
		Incident: notify.OneLine(m.Incident, 100), Alerts: m.Alerts, Folded: notify.FoldedLines(m, 200),
		Code: notify.OneLine(m.Code, 40), Why: notify.OneLine(m.Why, 300), Drill: m.Drill, Attempt: d.Attempt,
		At: m.At.UTC().Format(time.RFC3339), View: d.Links.View, Acknowledge: d.Links.Acknowledge,
		Escalate: d.Links.Escalate, Resolve: d.Links.Resolve, Secret: d.Settings["secret"],
	}
	out.Short = strings.TrimSpace(notify.Headline(m, 110) + " " + d.Links.View)
	return out
}

// sample stands in for a message when settings are checked.
func sample(secret string) Data {
	if notify.IsReference(secret) {
		secret = "sample-secret"
	}
	return Data{
		ID: "sample", Kind: "page", User: "ana", Urgency: "high", Title: "sample title", Body: "sample body", Text: "sample text",
		Short: "sample https://tocsin.example.com/a/x", Service: "shop", Severity: "SEV3", Page: "sample", Alerts: 1,
		Folded: []string{"• sample"}, At: "2026-01-02T03:04:05Z", Attempt: 1, View: "https://tocsin.example.com/a/x", Secret: secret,
	}
}

// tmpl is a checked template that knows which setting it is.
type tmpl struct {
	field string
	t     *template.Template
}

func parseTemplate(field, text string) (*tmpl, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("%s: longer than %d bytes", field, maxTemplate)
	}
	t, err := template.New(field).Option("missingkey=error").Funcs(functions()).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", field, plain(err))
	}
	if len(t.Templates()) > 1 {
		return nil, fmt.Errorf("%s: define, template and block are not possible here", field)
	}
	if t.Tree != nil {
		if err := bounded(t.Root, 0); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
	}
	return &tmpl{field: field, t: t}, nil
}

func (t *tmpl) render(d Data) (string, error) {
	w := &capped{}
	if err := t.t.Execute(w, d); err != nil {
		return "", fmt.Errorf("%s: %s", t.field, plain(err))
	}
	return w.b.String(), nil
}

var position = regexp.MustCompile(`^template: [a-z]+:(\d+)(?::\d+)?: (?:executing "[a-z]+" at (<[^>]*>): )?`)

// plain keeps the line and the place and drops the library's own words.
func plain(err error) string {
	m := position.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error()
	}
	text := strings.TrimPrefix(err.Error(), m[0])
	if m[2] != "" {
		text = m[2] + ": " + text
	}
	return "line " + m[1] + ": " + text
}

// bounded refuses what could run for ever: the only loop is over .Folded, and
// not within itself.
func bounded(n parse.Node, loops int) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := bounded(child, loops); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return branches(&n.BranchNode, loops)
	case *parse.WithNode:
		return branches(&n.BranchNode, loops)
	case *parse.RangeNode:
		if n.Pipe == nil || len(n.Pipe.Cmds) != 1 || n.Pipe.Cmds[0].String() != ".Folded" || loops > 0 {
			return fmt.Errorf("line %d: range is possible over .Folded only, and not inside another", n.Line)
		}
		return branches(&n.BranchNode, loops+1)
	case *parse.TemplateNode:
		return errors.New("define, template and block are not possible here")
	}
	return nil
}

func branches(b *parse.BranchNode, loops int) error {
	if err := bounded(b.List, loops); err != nil {
		return err
	}
	return bounded(b.ElseList, loops)
}

// functions replaces those of the library that can make much out of little.
func functions() template.FuncMap {
	return template.FuncMap{
		"json": func(v any) (string, error) {
			raw, err := json.Marshal(v)
			return limit(string(raw), err)
		},
		"xml": func(v any) (string, error) {
			var b strings.Builder
			err := xml.EscapeText(&b, []byte(fmt.Sprint(v)))
			return limit(b.String(), err)
		},
		"cut": func(n int, s string) (string, error) {
			if n < 1 {
				return "", errors.New("cut wants a number of characters above 0")
			}
			return notify.Cut(s, n), nil
		},
		"upper":    strings.ToUpper,
		"lower":    strings.ToLower,
		"urlquery": joining(template.URLQueryEscaper),
		"html":     joining(template.HTMLEscaper),
		"js":       joining(template.JSEscaper),
		"print":    joining(fmt.Sprint),
		"println":  joining(fmt.Sprintln),
		"printf":   printf,
		"call":     func(...any) (string, error) { return "", errors.New("call is not possible here") },
	}
}

// width finds a field width or precision that alone could fill the memory.
var width = regexp.MustCompile(`%[^a-zA-Z%]*(\*|\d{4,}|\[)`)

func printf(format string, v ...any) (string, error) {
	if width.MatchString(format) {
		return "", errors.New("printf: widths above 999, * and [n] are not possible here")
	}
	if err := small(v); err != nil {
		return "", err
	}
	return limit(fmt.Sprintf(format, v...), nil)
}

// small refuses arguments that together are more than may come out: the limit
// must hold before the text is made, not after.
func small(v []any) error {
	total := 0
	for _, x := range v {
		if s, ok := x.(string); ok {
			total += len(s)
		}
	}
	if total > maxOutput {
		return errTooLong
	}
	return nil
}

// joining wraps a function of the library that joins its arguments.
func joining(f func(...any) string) func(...any) (string, error) {
	return func(v ...any) (string, error) {
		if err := small(v); err != nil {
			return "", err
		}
		return limit(f(v...), nil)
	}
}

var errTooLong = fmt.Errorf("makes more than %d bytes", maxOutput)

func limit(s string, err error) (string, error) {
	if err == nil && len(s) > maxOutput {
		return "", errTooLong
	}
	return s, err
}

// capped is a writer that ends a template when it says too much.
type capped struct{ b strings.Builder }

func (c *capped) Write(p []byte) (int, error) {
	if c.b.Len()+len(p) > maxOutput {
		return 0, errTooLong
	}
	return c.b.Write(p)
}
