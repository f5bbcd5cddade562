// Package slack posts to Slack, by an incoming webhook or as a bot, and takes
// the presses of its buttons back (Interactions). It never lets a title mention
// a channel or a person: whatever came from outside is escaped.
package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tocsin/internal/notify"
)

const defaultAPI = "https://slack.com/api"

// Channel is Slack.
type Channel struct {
	http *http.Client
	api  string
}

// Option changes one thing about the channel.
type Option func(*Channel)

// WithAPI talks to another address than Slack's, for GovSlack and for tests.
func WithAPI(base string) Option {
	return func(c *Channel) { c.api = strings.TrimRight(base, "/") }
}

// New builds the channel.
func New(d notify.Deps, opts ...Option) *Channel {
	c := &Channel{http: d.HTTP, api: defaultAPI}
	for _, o := range opts {
		o(c)
	}
	return c
}

// Fields lists the settings.
func (*Channel) Fields() []notify.Field {
	return []notify.Field{
		{Name: "webhook_url", Label: "Incoming webhook", Help: "https://hooks.slack.com/services/… — or a token and a channel. May be env:NAME or file:PATH.", Secret: true},
		{Name: "token", Label: "Bot token", Help: "xoxb-…, of an app with the scope chat:write. May be env:NAME or file:PATH.", Secret: true},
		{Name: "channel", Label: "Channel", Help: "With a token: the channel's or the person's id (C…, U…) or #name. The app must be a member."},
	}
}

// Check says what is wrong with settings.
func (c *Channel) Check(settings map[string]string) error {
	if err := notify.CheckFields(c.Fields(), settings); err != nil {
		return err
	}
	hook, token, channel := settings["webhook_url"], settings["token"], settings["channel"]
	switch {
	case hook == "" && token == "":
		return errors.New("webhook_url: fill in a webhook, or a token and a channel")
	case hook != "" && (token != "" || channel != ""):
		return errors.New("webhook_url: give a webhook or a token and a channel, not both")
	case hook != "":
		return notify.CheckURL("webhook_url", hook)
	case channel == "":
		return errors.New("channel: must be filled in beside a token")
	case strings.ContainsAny(token, " \t\r\n"):
		return errors.New("token: holds a space")
	}
	return nil
}

// Send posts once.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := c.Check(d.Settings); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	send := c.byToken
	if d.Settings["webhook_url"] != "" {
		send = c.byWebhook
	}
	r, err := send(ctx, d)
	if err != nil {
		secrets := append(notify.SecretsOf(c.Fields(), d.Settings), hookPath(d.Settings["webhook_url"])...)
		return notify.Receipt{}, notify.Redact(err, secrets)
	}
	return r, nil
}

// hookPath is the secret part of a webhook's address.
func hookPath(hook string) []string {
	if _, path, ok := strings.Cut(hook, "/services/"); ok {
		return []string{path}
	}
	return nil
}

func (c *Channel) byWebhook(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	answer, err := c.post(ctx, call{url: d.Settings["webhook_url"], body: render(d)})
	if err != nil {
		return notify.Receipt{}, err
	}
	if !answer.OK() {
		return notify.Receipt{}, answer.Failure()
	}
	return notify.Receipt{Status: "accepted", Detail: answer.Line()}, nil
}

func (c *Channel) byToken(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	m := render(d)
	m.Channel = d.Settings["channel"]
	m.Metadata = &metadata{EventType: "tocsin_notification", EventPayload: map[string]string{"id": d.Message.ID, "page": d.Message.Page}}
	answer, err := c.post(ctx, call{url: c.api + "/chat.postMessage", token: d.Settings["token"], body: m})
	if err != nil {
		return notify.Receipt{}, err
	}
	if !answer.OK() {
		return notify.Receipt{}, answer.Failure()
	}
	var said struct {
		OK      bool   `json:"ok"`
		Error   string `json:"error"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil {
		return notify.Receipt{}, errors.New("slack answered 200 with something that is not JSON")
	}
	if !said.OK {
		return notify.Receipt{}, refusal(answer, said.Error)
	}
	return notify.Receipt{Status: "delivered", ProviderID: said.Channel + "/" + said.TS, Detail: "posted to " + said.Channel + " at " + said.TS}, nil
}

// passing are the errors of chat.postMessage that Slack's documentation calls
// its own trouble or a matter of rate. Every other one needs a person.
func passing() []string {
	return []string{
		"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
		"request_timeout", "team_added_to_org", "accesslimited", "",
	}
}

func refusal(a notify.Answer, code string) error {
	err := fmt.Errorf("slack refused: %s", notify.OneLine(code, 80))
	if !slices.Contains(passing(), code) {
		return notify.Permanent(err)
	}
	a.Status, a.Body = http.StatusTooManyRequests, nil
	return &notify.Failure{After: notify.AsFailure(a.Failure()).After, Err: err}
}

type call struct {
	url   string
	token string
	body  any
}

func (c *Channel) post(ctx context.Context, what call) (notify.Answer, error) {
	body, err := json.Marshal(what.body)
	if err != nil {
		return notify.Answer{}, notify.Permanent(fmt.Errorf("write the message: %w", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, what.url, bytes.NewReader(body))
	if err != nil {
		return notify.Answer{}, notify.Permanent(errors.New("webhook_url: not a URL"))
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if what.token != "" {
		req.Header.Set("Authorization", "Bearer "+what.token)
	}
	return notify.Exchange(c.http, req)
}
