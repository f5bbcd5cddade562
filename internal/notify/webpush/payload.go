package webpush

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"tocsin/internal/core/notification"
	"tocsin/internal/notify"
)

const (
	maxTitle = 120
	maxBody  = 1000 // bytes; a notification shows some 200 characters
	// maxPayload is what one record of 4096 bytes holds beside its own 103,
	// with some room; larger ones a push service may refuse (RFC 8030 §7.2).
	maxPayload = 3900
	topicSize  = 32 // RFC 8030 §5.4
)

// Payload is what the service worker gets. It shows title and body under tag,
// opens url when touched, and POSTs /a/{token}?do={action} for an action.
type Payload struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Drill   bool     `json:"drill,omitempty"`
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	URL     string   `json:"url,omitempty"`
	Tag     string   `json:"tag"`
	Actions []Action `json:"actions,omitempty"`
	Token   string   `json:"token,omitempty"`
}

// Action is one button of the notification.
type Action struct {
	Action string `json:"action"` // ack, escalate, resolve
	Title  string `json:"title"`
}

func payload(d notify.Delivery) ([]byte, error) {
	m := d.Message
	p := Payload{
		ID: notify.CutBytes(notify.OneLine(m.ID, 100), 100), Kind: string(m.Kind), Drill: m.Drill,
		Title: notify.Headline(m, maxTitle), URL: d.Links.View, Tag: topic(m), Token: d.Links.Token,
	}
	for _, a := range []struct{ url, action, title string }{
		{d.Links.Acknowledge, "ack", "Acknowledge"}, {d.Links.Escalate, "escalate", "Escalate"}, {d.Links.Resolve, "resolve", "Resolve"},
	} {
		if a.url != "" {
			p.Actions = append(p.Actions, Action{Action: a.action, Title: a.title})
		}
	}
	text := strings.Join(notify.Paragraphs(m, maxBody), "\n\n")
	for limit := maxBody; limit > 0; limit /= 2 {
		p.Body = notify.CutBytes(text, limit)
		out, err := encode(p)
		if err != nil || len(out) <= maxPayload {
			return out, err
		}
	}
	// Only a very long address can still be in the way; the worker knows its
	// own origin and makes the address from the token.
	p.URL, p.Body = "", ""
	out, err := encode(p)
	if err == nil && len(out) > maxPayload {
		err = errors.New("the message does not fit a push message")
	}
	return out, err
}

// encode leaves <, > and & as they are: this JSON is never part of a page, and
// escaped it is six times as long.
func encode(p Payload) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// topic makes a push service keep only the newest message about one page for a
// device that is asleep: "acknowledged" replaces "page", never the other way.
func topic(m notification.Message) string {
	id := m.Page
	if id == "" {
		id = m.Incident
	}
	if id == "" {
		id = m.ID
	}
	if id != "" && len(id) <= topicSize && strings.Trim(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" {
		return id
	}
	h := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(h[:])[:topicSize]
}
