package slack

import (
	"strings"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

// Slack's limits, in characters after escaping.
const (
	maxHeader  = 150
	maxSection = 3000
	maxText    = 3000 // of the fallback; Slack advises 4000
	maxValue   = 2000
	maxURL     = 3000
	maxBlocks  = 12 // of the 50 allowed: nobody reads more
)

// The action ids of our buttons.
const (
	actionAck      = "tocsin_ack"
	actionEscalate = "tocsin_escalate"
	actionResolve  = "tocsin_resolve"
	actionView     = "tocsin_view"
	blockActions   = "tocsin_actions"
)

type message struct {
	Channel     string    `json:"channel,omitempty"`
	Text        string    `json:"text"` // what a lock screen and a screen reader get
	Blocks      []block   `json:"blocks"`
	UnfurlLinks bool      `json:"unfurl_links"`
	UnfurlMedia bool      `json:"unfurl_media"`
	Metadata    *metadata `json:"metadata,omitempty"`
}

type metadata struct {
	EventType    string            `json:"event_type"`
	EventPayload map[string]string `json:"event_payload"`
}

type block struct {
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id,omitempty"`
	Text     *text     `json:"text,omitempty"`
	Elements []element `json:"elements,omitempty"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

// element is a button, or a text within a context block.
type element struct {
	Type     string `json:"type"`
	Text     any    `json:"text,omitempty"` // *text for a button, string for a text
	ActionID string `json:"action_id,omitempty"`
	Value    string `json:"value,omitempty"`
	URL      string `json:"url,omitempty"`
	Style    string `json:"style,omitempty"`
}

// Escape makes an untrusted string plain text in mrkdwn. The three characters
// are the ones that Slack names; with them no mention, link or special command
// can begin. Asterisks and the like only change the look; a zero-width space
// would stop them, and spoil what people copy.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// escapeTo escapes and keeps below limit: the escaped form may be five times as
// long, and cutting it could leave half an entity.
func escapeTo(s string, limit int) string {
	s = notify.Cut(s, limit)
	for n := limit; ; n = n * 3 / 4 {
		if e := Escape(s); len([]rune(e)) <= limit {
			return e
		}
		s = notify.Cut(s, n*3/4)
	}
}

// render makes the message for both ways of posting.
func render(d notify.Delivery) message {
	m := d.Message
	title := notify.Headline(m, maxHeader)
	out := message{Text: escapeTo(notify.Text(m, maxText), maxText)}
	no := false
	out.Blocks = append(out.Blocks, block{
		// The block's name carries the notification's id: a webhook has no
		// other place for a key.
		Type: "header", BlockID: notify.CutBytes("tocsin:"+notify.OneLine(m.ID, 200), 255),
		Text: &text{Type: "plain_text", Text: title, Emoji: &no},
	})
	for _, p := range notify.Paragraphs(m, maxSection) {
		if len(out.Blocks) == maxBlocks {
			break
		}
		out.Blocks = append(out.Blocks, block{Type: "section", Text: &text{Type: "mrkdwn", Text: escapeTo(p, maxSection), Verbatim: true}})
	}
	if facts := factsOf(m); facts != "" {
		out.Blocks = append(out.Blocks, block{Type: "context", Elements: []element{{Type: "mrkdwn", Text: facts}}})
	}
	if b := buttons(d.Links); len(b) > 0 {
		out.Blocks = append(out.Blocks, block{Type: "actions", BlockID: blockActions, Elements: b})
	}
	return out
}

func factsOf(m notification.Message) string {
	var facts []string
	if m.Service != "" {
		facts = append(facts, "service "+escapeTo(notify.OneLine(m.Service, 100), 300))
	}
	if m.Urgency == plan.High || m.Urgency == plan.Low {
		facts = append(facts, string(m.Urgency)+" urgency")
	}
	if m.Page != "" {
		facts = append(facts, "page "+escapeTo(notify.OneLine(m.Page, 60), 100))
	}
	return strings.Join(facts, " · ")
}

// buttons carry the signed token as their value; an incoming webhook of an app
// with interactivity returns it just as a bot's message does.
func buttons(l notify.Links) []element {
	var out []element
	press := func(label, id, style, url string) {
		if url != "" && l.Token != "" && len(l.Token) <= maxValue {
			out = append(out, element{Type: "button", Text: &text{Type: "plain_text", Text: label}, ActionID: id, Value: l.Token, Style: style})
		}
	}
	press("Acknowledge", actionAck, "primary", l.Acknowledge)
	press("Escalate", actionEscalate, "", l.Escalate)
	press("Resolve", actionResolve, "", l.Resolve)
	if l.View != "" && len(l.View) <= maxURL {
		out = append(out, element{Type: "button", Text: &text{Type: "plain_text", Text: "View"}, ActionID: actionView, URL: l.View})
	}
	return out
}
