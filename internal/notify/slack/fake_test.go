package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"tocsin/internal/notify/notifytest"
)

const (
	botToken = "xoxb-loopback-fake"
	hookPath = "/services/T000/B000/hookSecret99"
	channel  = "C0SHOP"
)

type fakeText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type fakeElement struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	ActionID string          `json:"action_id"`
	Value    string          `json:"value"`
	URL      string          `json:"url"`
}

type fakeMessage struct {
	Channel string            `json:"channel"`
	Text    string            `json:"text"`
	Raw     []json.RawMessage `json:"blocks"`
	Blocks  []struct {
		Type     string        `json:"type"`
		BlockID  string        `json:"block_id"`
		Text     fakeText      `json:"text"`
		Elements []fakeElement `json:"elements"`
	} `json:"-"`
	Metadata struct {
		EventType    string            `json:"event_type"`
		EventPayload map[string]string `json:"event_payload"`
	} `json:"metadata"`
}

// acceptHook plays an incoming webhook: plain words for errors.
func acceptHook(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	if r.URL.Path != hookPath {
		return notifytest.Received{}, notifytest.Reply{Status: 404, Body: "no_service"}
	}
	got, _, problem := read(body)
	if problem != "" {
		return notifytest.Received{}, notifytest.Reply{Status: 400, Body: "invalid_blocks " + problem}
	}
	return got, notifytest.Reply{Body: "ok"}
}

// acceptAPI plays chat.postMessage: 200 and a word for every refusal.
func acceptAPI(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	no := func(word string) (notifytest.Received, notifytest.Reply) {
		// Not received; the status is 200 all the same, so the caller must look.
		return notifytest.Received{}, notifytest.Reply{Status: 400, Body: `{"ok":false,"error":"` + word + `"}`}
	}
	if r.URL.Path != "/api/chat.postMessage" {
		return no("unknown_method")
	}
	if r.Header.Get("Authorization") != "Bearer "+botToken {
		return no("invalid_auth")
	}
	got, m, problem := read(body)
	if problem != "" {
		return no("invalid_blocks " + problem)
	}
	if m.Channel != channel {
		return no("channel_not_found")
	}
	got.Key = m.Metadata.EventPayload["id"]
	return got, notifytest.Reply{Body: `{"ok":true,"channel":"` + channel + `","ts":"1772000000.000100"}`}
}

// read checks Slack's limits and reads the message as its app shows it.
func read(body []byte) (notifytest.Received, fakeMessage, string) {
	var m fakeMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return notifytest.Received{}, m, err.Error()
	}
	if raw, err := json.Marshal(m.Raw); err != nil || json.Unmarshal(raw, &m.Blocks) != nil {
		return notifytest.Received{}, m, "blocks"
	}
	got := notifytest.Received{Markup: m.Text}
	if m.Text == "" || utf8.RuneCountInString(m.Text) > 4000 || len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		return got, m, "text or number of blocks"
	}
	seen := map[string]bool{}
	for _, b := range m.Blocks {
		n := utf8.RuneCountInString(b.Text.Text)
		if b.BlockID != "" && seen[b.BlockID] || len(b.BlockID) > 255 {
			return got, m, "block_id"
		}
		seen[b.BlockID] = true
		switch b.Type {
		case "header":
			if b.Text.Type != "plain_text" || n == 0 || n > 150 {
				return got, m, "header"
			}
			got.Title = b.Text.Text
			got.Text += b.Text.Text + "\n"
			got.Key = b.BlockID
		case "section":
			if b.Text.Type != "mrkdwn" || n == 0 || n > 3000 {
				return got, m, "section"
			}
			got.Markup += "\n" + b.Text.Text
			got.Text += shown(b.Text.Text) + "\n"
		case "context", "actions":
			if problem := readElements(b.Elements, &got); problem != "" {
				return got, m, problem
			}
		default:
			return got, m, "block " + b.Type
		}
	}
	return got, m, ""
}

func readElements(elements []fakeElement, got *notifytest.Received) string {
	if len(elements) == 0 || len(elements) > 25 {
		return "number of elements"
	}
	for _, e := range elements {
		switch e.Type {
		case "mrkdwn":
			var s string
			if json.Unmarshal(e.Text, &s) != nil || s == "" || utf8.RuneCountInString(s) > 3000 {
				return "context"
			}
			got.Markup += "\n" + s
			got.Text += shown(s) + "\n"
		case "button":
			var label fakeText
			if json.Unmarshal(e.Text, &label) != nil || label.Type != "plain_text" || len(label.Text) > 75 || len(e.Value) > 2000 || len(e.URL) > 3000 || e.ActionID == "" {
				return "button"
			}
			got.Text += label.Text + "\n"
			got.Links = append(got.Links, e.Value, e.URL)
		default:
			return fmt.Sprintf("element %q", e.Type)
		}
	}
	return ""
}

// shown undoes mrkdwn's escapes, as Slack's app does.
func shown(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
