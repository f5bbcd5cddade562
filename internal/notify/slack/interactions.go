package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/notify"
)

const (
	maxAge = 5 * time.Minute
	// maxPayload: an interaction carries the whole message it came from.
	maxPayload = 512 << 10
	// actTime leaves half a second of the three that Slack waits.
	actTime     = 2500 * time.Millisecond
	respondTime = 10 * time.Second
)

// Act does what a button asked: action is "ack", "escalate" or "resolve",
// slackUser the id of who pressed it. It returns a sentence for the channel.
// An error of type *fact.Refused is shown as it is; others are not for people.
type Act func(ctx context.Context, token, action, slackUser string) (string, error)

// InteractionOption changes one thing about the handler.
type InteractionOption func(*interactions)

// WithClient sends the answers with another client.
func WithClient(c *http.Client) InteractionOption { return func(h *interactions) { h.http = c } }

// WithClock tells the time by another clock.
func WithClock(now func() time.Time) InteractionOption {
	return func(h *interactions) { h.now = now }
}

// WithResponseHosts names the hosts that answers may be sent to, instead of
// Slack's own.
func WithResponseHosts(hosts ...string) InteractionOption {
	return func(h *interactions) { h.hosts = hosts }
}

type interactions struct {
	secret string
	act    Act
	http   *http.Client
	now    func() time.Time
	hosts  []string
}

// Interactions receives button presses at the app's request URL. It acts before
// it answers 200, so that a press is never lost behind a yes, and replaces the
// message afterwards.
func Interactions(signingSecret string, act func(ctx context.Context, token, action, slackUser string) (string, error), opts ...InteractionOption) http.Handler {
	h := &interactions{
		secret: signingSecret, act: act, now: time.Now,
		hosts: []string{"hooks.slack.com", "hooks.slack-gov.com"},
	}
	for _, o := range opts {
		o(h)
	}
	if h.http == nil {
		h.http = notify.NewClient(nil)
	}
	return h
}

// press is the part of Slack's block_actions payload that matters.
type press struct {
	Type        string `json:"type"`
	ResponseURL string `json:"response_url"`
	User        struct {
		ID string `json:"id"`
	} `json:"user"`
	Actions []struct {
		ActionID string `json:"action_id"`
		Value    string `json:"value"`
	} `json:"actions"`
	Message struct {
		Text   string            `json:"text"`
		Blocks []json.RawMessage `json:"blocks"`
	} `json:"message"`
}

func (h *interactions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "the body cannot be read", status)
		return
	}
	if err := h.verify(r.Header, body); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	p, err := parse(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	action, token := p.action()
	if action == "" {
		w.WriteHeader(http.StatusOK) // a View button opens a link and is told all the same
		return
	}
	reply := h.do(r.Context(), p, action, token)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	// Slack has its answer; it may hang up while the message is replaced.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), respondTime)
	defer cancel()
	h.respond(ctx, p.ResponseURL, reply)
}

// verify checks that Slack sent this, and recently.
func (h *interactions) verify(header http.Header, body []byte) error {
	if h.secret == "" {
		return errors.New("no signing secret is configured")
	}
	stamp := header.Get("X-Slack-Request-Timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("X-Slack-Request-Timestamp is missing")
	}
	if h.now().Sub(time.Unix(unix, 0)).Abs() > maxAge {
		return errors.New("X-Slack-Request-Timestamp is more than five minutes away")
	}
	got, err := hex.DecodeString(strings.TrimPrefix(header.Get("X-Slack-Signature"), "v0="))
	if err != nil || !hmac.Equal(got, signature(h.secret, stamp, body)) {
		return errors.New("X-Slack-Signature does not match")
	}
	return nil
}

func signature(secret, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(body)
	return m.Sum(nil)
}

func parse(body []byte) (press, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return press{}, errors.New("the body is not a form")
	}
	var p press
	if err := json.Unmarshal([]byte(form.Get("payload")), &p); err != nil {
		return press{}, errors.New("payload is not JSON")
	}
	return p, nil
}

// action is the first press of one of our buttons.
func (p press) action() (name, token string) {
	if p.Type != "block_actions" {
		return "", ""
	}
	for _, a := range p.Actions {
		switch a.ActionID {
		case actionAck, actionEscalate, actionResolve:
			return strings.TrimPrefix(a.ActionID, "tocsin_"), a.Value
		}
	}
	return "", ""
}

// reply is what goes to the response URL.
type reply struct {
	ResponseType    string            `json:"response_type,omitempty"`
	ReplaceOriginal bool              `json:"replace_original"`
	Text            string            `json:"text"`
	Blocks          []json.RawMessage `json:"blocks,omitempty"`
}

// do acts and says what to show: the message with its outcome for everybody, or
// what went wrong for the one who pressed.
func (h *interactions) do(ctx context.Context, p press, action, token string) reply {
	ctx, cancel := context.WithTimeout(ctx, actTime)
	defer cancel()
	said, err := h.act(ctx, token, action, p.User.ID)
	if err != nil {
		why := "Tocsin could not do that just now. Please try again, or use View."
		if refused := (*fact.Refused)(nil); errors.As(err, &refused) {
			why = refused.Why
		} else if errors.Is(err, notify.ErrTokenExpired) || errors.Is(err, notify.ErrTokenInvalid) {
			why = "This button no longer works: its link has expired. Use View."
		}
		return reply{ResponseType: "ephemeral", Text: escapeTo(notify.OneLine(why, 500), 1000)}
	}
	line := escapeTo(notify.OneLine(said, 500), 1000)
	if p.User.ID != "" {
		line += fmt.Sprintf(" (<@%s>)", Escape(notify.OneLine(p.User.ID, 40)))
	}
	return reply{ReplaceOriginal: true, Text: line, Blocks: outcome(p.Message.Blocks, action, line)}
}

// outcome is the message as it was, with what happened written below and the
// buttons gone that make no sense any more.
func outcome(blocks []json.RawMessage, action, line string) []json.RawMessage {
	var out []json.RawMessage
	status := marshal(block{Type: "context", Elements: []element{{Type: "mrkdwn", Text: line}}})
	written := false
	for _, raw := range blocks {
		var b struct {
			Type     string            `json:"type"`
			BlockID  string            `json:"block_id"`
			Elements []json.RawMessage `json:"elements"`
		}
		if json.Unmarshal(raw, &b) != nil || b.Type != "actions" || b.BlockID != blockActions {
			out = append(out, raw)
			continue
		}
		out = append(out, status)
		written = true
		if left := remaining(b.Elements, action); len(left) > 0 {
			out = append(out, marshal(map[string]any{"type": "actions", "block_id": blockActions, "elements": left}))
		}
	}
	if !written {
		out = append(out, status)
	}
	if over := len(out) - 50; over > 0 { // after many escalations the oldest notes go
		out = append(out[:1:1], out[1+over:]...)
	}
	return out
}

// remaining: after an acknowledgement one may still escalate or resolve, after
// a resolution only look.
func remaining(buttons []json.RawMessage, action string) []json.RawMessage {
	var left []json.RawMessage
	for _, raw := range buttons {
		var b struct {
			ActionID string `json:"action_id"`
		}
		_ = json.Unmarshal(raw, &b)
		gone := (action == "ack" && b.ActionID == actionAck) ||
			(action == "resolve" && b.ActionID != actionView)
		if !gone {
			left = append(left, raw)
		}
	}
	return left
}

func marshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`{"type":"divider"}`)
	}
	return raw
}

// respond posts the reply. Its failure loses only the picture: the deed is
// done and stands in Tocsin.
func (h *interactions) respond(ctx context.Context, to string, r reply) {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return
	}
	known := false
	for _, host := range h.hosts {
		known = known || u.Host == host
	}
	if !known {
		return
	}
	body, err := json.Marshal(r)
	if err != nil {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	_, _ = notify.Exchange(h.http, req)
}
