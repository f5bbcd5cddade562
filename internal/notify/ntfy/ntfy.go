// Package ntfy publishes to a topic of an ntfy server, public or one's own. It
// makes a telephone ring without any vendor's cloud. It never sends a message
// so long that the server would turn it into an attached file.
package ntfy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

const (
	defaultServer = "https://ntfy.sh"
	maxTitle      = 200
	// maxMessage keeps below the server's 4096 bytes, beyond which it makes a
	// file of the message.
	maxMessage = 3600
)

var (
	topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)
	// sequence is what the server accepts as the name of a message that a
	// later one replaces.
	sequence = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)
)

// Channel is ntfy.
type Channel struct{ http *http.Client }

// New builds the channel.
func New(d notify.Deps) *Channel { return &Channel{http: d.HTTP} }

// Fields lists the settings.
func (*Channel) Fields() []notify.Field {
	return []notify.Field{
		{Name: "server", Label: "Server", Help: "Address of the ntfy server; " + defaultServer + " when empty."},
		{Name: "topic", Label: "Topic", Help: "Letters, digits, - and _. On a public server whoever knows it can read it: choose a long random one.", Required: true, Secret: true},
		{Name: "token", Label: "Access token", Help: "tk_…, where the topic is protected. May be env:NAME or file:PATH.", Secret: true},
		{Name: "user", Label: "User", Help: "Instead of a token: the user's name."},
		{Name: "password", Label: "Password", Help: "The user's password. May be env:NAME or file:PATH.", Secret: true},
	}
}

// Check says what is wrong with settings.
func (c *Channel) Check(settings map[string]string) error {
	if err := notify.CheckFields(c.Fields(), settings); err != nil {
		return err
	}
	if s := settings["server"]; s != "" {
		if err := notify.CheckURL("server", s); err != nil {
			return err
		}
	}
	if t := settings["topic"]; !topicName.MatchString(t) && !notify.IsReference(t) {
		return errors.New("topic: must be 1 to 64 letters, digits, - or _")
	}
	if (settings["user"] == "") != (settings["password"] == "") {
		return errors.New("password: user and password go together")
	}
	if settings["user"] != "" && settings["token"] != "" {
		return errors.New("token: give a token or a user and password, not both")
	}
	return nil
}

type publication struct {
	Topic      string   `json:"topic"`
	Title      string   `json:"title"`
	Message    string   `json:"message"`
	Priority   int      `json:"priority"`
	Tags       []string `json:"tags,omitempty"`
	Click      string   `json:"click,omitempty"`
	Actions    []action `json:"actions,omitempty"`
	SequenceID string   `json:"sequence_id,omitempty"`
}

type action struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
	Method string `json:"method,omitempty"`
	Clear  bool   `json:"clear,omitempty"`
}

func publish(d notify.Delivery) publication {
	m := d.Message
	p := publication{
		Topic: d.Settings["topic"], Title: notify.Headline(m, maxTitle), Priority: priority(m), Tags: tags(m), Click: d.Links.View,
		Message: notify.CutBytes(strings.Join(notify.Paragraphs(m, maxMessage), "\n\n"), maxMessage),
	}
	if p.Message == "" {
		// An empty message is shown as "triggered", which would be a lie.
		p.Message = p.Title
	}
	if sequence.MatchString(m.ID) {
		p.SequenceID = m.ID
	}
	// The server takes three actions; View is the click itself.
	for _, a := range []action{
		{Label: "Acknowledge", URL: d.Links.Acknowledge}, {Label: "Escalate", URL: d.Links.Escalate}, {Label: "Resolve", URL: d.Links.Resolve},
	} {
		if a.URL == "" {
			continue
		}
		a.Action, a.Method, a.Clear = "http", http.MethodPost, true
		p.Actions = append(p.Actions, a)
	}
	return p
}

// priority: 5 rings through do-not-disturb and repeats, so only a page that
// must wake somebody has it.
func priority(m notification.Message) int {
	switch {
	case m.Kind == notification.KindPage && m.Urgency != plan.Low:
		return 5
	case m.Kind == notification.KindWarning:
		return 4
	case m.Kind == notification.KindAcked, m.Kind == notification.KindResolved:
		return 2
	}
	return 3
}

// tags that are names of emoji are shown as such before the title; an emoji
// before "DRILL" would push it from its place, so a drill has none.
func tags(m notification.Message) []string {
	if m.Drill {
		return []string{"drill"}
	}
	switch m.Kind {
	case notification.KindPage:
		return []string{"rotating_light"}
	case notification.KindResolved:
		return []string{"white_check_mark"}
	case notification.KindWarning:
		return []string{"warning"}
	}
	return nil
}

// Send publishes once.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := c.Check(d.Settings); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	p := publish(d)
	body, err := json.Marshal(p)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("write the message: %w", err))
	}
	server := d.Settings["server"]
	if server == "" {
		server = defaultServer
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(server, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return notify.Receipt{}, notify.Permanent(errors.New("server: not a URL"))
	}
	req.Header.Set("Content-Type", "application/json")
	if p.SequenceID != "" {
		req.Header.Set("X-Sequence-ID", p.SequenceID)
	}
	switch {
	case d.Settings["token"] != "":
		req.Header.Set("Authorization", "Bearer "+d.Settings["token"])
	case d.Settings["user"] != "":
		req.SetBasicAuth(d.Settings["user"], d.Settings["password"])
	}
	secrets := notify.SecretsOf(c.Fields(), d.Settings)
	answer, err := notify.Exchange(c.http, req)
	if err == nil && !answer.OK() {
		err = failure(answer)
	}
	if err != nil {
		return notify.Receipt{}, notify.Redact(err, secrets)
	}
	var got struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(answer.Body, &got) != nil || got.ID == "" {
		return notify.Receipt{}, notify.Permanent(errors.New("server: answered 200, but not as ntfy does; is the address right?"))
	}
	return notify.Receipt{Status: "accepted", ProviderID: notify.OneLine(got.ID, 64), Detail: "published as " + notify.OneLine(got.ID, 64)}, nil
}

// failure puts the server's own words first: {"code":40101,"http":401,"error":"unauthorized"}.
func failure(a notify.Answer) error {
	var said struct {
		Code  int    `json:"code"`
		Error string `json:"error"`
	}
	if json.Unmarshal(a.Body, &said) == nil && said.Error != "" {
		a.Body = fmt.Appendf(nil, "%s (ntfy %d)", said.Error, said.Code)
	}
	return a.Failure()
}
