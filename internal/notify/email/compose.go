package email

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

const (
	maxSubject = 180   // a phone shows 40, a desk 80; RFC 5322 ends at 998
	maxText    = 20000 // a mail client cuts at some 100 kB
)

//go:embed message.html
var pageHTML string

var page = template.Must(template.New("message").Parse(pageHTML))

// action is a link with its word.
type action struct{ Label, URL string }

type view struct {
	Title      string
	Drill      bool
	Paragraphs []string
	Actions    []action
	Footer     string
}

// compose renders the whole message, headers included.
func compose(cfg Config, to string, d notify.Delivery) ([]byte, error) {
	v := viewOf(d)
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(cfg.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := m.To(to); err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	m.Subject(v.Title)
	headers(m, cfg, d.Message)
	m.SetBodyString(gomail.TypeTextPlain, plainText(v))
	if err := m.AddAlternativeHTMLTemplate(page, v); err != nil {
		return nil, fmt.Errorf("render the page: %w", err)
	}
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("render the message: %w", err)
	}
	return out.Bytes(), nil
}

// headers thread what belongs to one page and keep machines from answering.
func headers(m *gomail.Msg, cfg Config, n notification.Message) {
	m.SetMessageIDWithValue(strings.Trim(messageID(cfg, n.ID), "<>"))
	if !n.At.IsZero() {
		m.SetDateWithValue(n.At)
	}
	if root := threadID(cfg, n); root != "" {
		m.SetGenHeader(gomail.HeaderReferences, root)
		m.SetGenHeader(gomail.HeaderInReplyTo, root)
	}
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	if n.Kind == notification.KindPage && n.Urgency != plan.Low {
		m.SetImportance(gomail.ImportanceHigh)
	}
	if n.Drill {
		m.SetGenHeader("X-Tocsin-Drill", "true")
	}
}

// messageID is derived from the notification, so that a repeat after an
// unclear answer carries the same name and many servers drop it.
func messageID(cfg Config, id string) string { return "<" + atom(id) + "@" + cfg.domain() + ">" }

// threadID names a message that never existed. Mail clients gather under it
// what belongs to one page, whichever of its messages came first.
func threadID(cfg Config, n notification.Message) string {
	switch {
	case n.Page != "":
		return "<page." + atom(n.Page) + "@" + cfg.domain() + ">"
	case n.Incident != "":
		return "<incident." + atom(n.Incident) + "@" + cfg.domain() + ">"
	}
	return ""
}

// atom keeps an id that may stand in a Message-ID; any other is hashed.
func atom(id string) string {
	if id == "" || len(id) > 100 || strings.Trim(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return "h" + fact.Hash(id)
	}
	return id
}

func viewOf(d notify.Delivery) view {
	v := view{
		Title: notify.Headline(d.Message, maxSubject), Drill: d.Message.Drill,
		Paragraphs: notify.Paragraphs(d.Message, maxText),
		Footer:     "Sent by Tocsin, notification " + notify.OneLine(d.Message.ID, 60) + ". Answers to this mail are not read.",
	}
	for _, a := range []action{
		{"Acknowledge", d.Links.Acknowledge}, {"Escalate", d.Links.Escalate},
		{"Resolve", d.Links.Resolve}, {"View", d.Links.View},
	} {
		if a.URL != "" {
			v.Actions = append(v.Actions, a)
		}
	}
	return v
}

func plainText(v view) string {
	var b strings.Builder
	b.WriteString(v.Title + "\n\n")
	for _, a := range v.Actions {
		b.WriteString(a.Label + ":\n" + a.URL + "\n\n")
	}
	for _, p := range v.Paragraphs {
		b.WriteString(p + "\n\n")
	}
	b.WriteString("-- \n" + v.Footer + "\n")
	return b.String()
}
