// Package webhook posts a message as signed JSON to an address of the user's
// own. The schema is ours and versioned; see docs/channels/webhook.md. It never
// follows a redirect to another host and never puts the address in an error.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/notify"
)

// Schema names the version of the payload. Fields may be added to a version;
// none is removed or changes its meaning.
const Schema = "tocsin.notification/v1"

// SignatureHeader holds "t=<unix>,v1=<hex>".
const SignatureHeader = "Tocsin-Signature"

const (
	maxTitle = 1000
	maxBody  = 20000
)

// Channel is the signed webhook.
type Channel struct {
	http *http.Client
	now  func() time.Time
}

// New builds the channel.
func New(d notify.Deps) *Channel { return &Channel{http: d.HTTP, now: time.Now} }

// Fields lists the settings.
func (*Channel) Fields() []notify.Field {
	return []notify.Field{
		{Name: "url", Label: "URL", Help: "Where to POST. It must answer 2xx within some seconds.", Required: true, Secret: true},
		{Name: "secret", Label: "Signing secret", Help: "Signs every message in the header Tocsin-Signature. May be env:NAME or file:PATH.", Secret: true},
		{Name: "headers", Label: "Extra headers", Help: "One \"Name: value\" a line, for example Authorization: env:HOOK_AUTH.", Secret: true},
	}
}

// Check says what is wrong with settings.
func (c *Channel) Check(settings map[string]string) error {
	if err := notify.CheckFields(c.Fields(), settings); err != nil {
		return err
	}
	if err := notify.CheckURL("url", settings["url"]); err != nil {
		return err
	}
	_, err := notify.ParseHeaders("headers", settings["headers"])
	return err
}

// Payload is the body, version 1.
type Payload struct {
	Schema string `json:"schema"`
	ID     string `json:"id"`
	// Drill is true for a practice. The title says so too, for receivers that
	// show nothing else.
	Drill    bool              `json:"drill"`
	Kind     notification.Kind `json:"kind"`
	Attempt  int               `json:"attempt"`
	At       time.Time         `json:"at"`
	Title    string            `json:"title"`
	Body     string            `json:"body,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Urgency  string            `json:"urgency,omitempty"`
	Service  string            `json:"service,omitempty"`
	Page     string            `json:"page,omitempty"`
	Pages    []string          `json:"pages,omitempty"`
	Incident string            `json:"incident,omitempty"`
	User     string            `json:"user,omitempty"`
	Alerts   int               `json:"alerts,omitempty"`
	Folded   []string          `json:"folded,omitempty"`
	Why      string            `json:"why,omitempty"`
	Code     string            `json:"code,omitempty"`
	Links    PayloadLinks      `json:"links"`
}

// PayloadLinks work without signing in: GET shows, POST acts.
type PayloadLinks struct {
	View        string `json:"view,omitempty"`
	Acknowledge string `json:"acknowledge,omitempty"`
	Escalate    string `json:"escalate,omitempty"`
	Resolve     string `json:"resolve,omitempty"`
}

func payload(d notify.Delivery) Payload {
	m := d.Message
	p := Payload{
		Schema: Schema, ID: m.ID, Drill: m.Drill, Kind: m.Kind, Attempt: d.Attempt, At: m.At.UTC(),
		Title: notify.Headline(m, maxTitle), Body: notify.Lines(m.Body, maxBody),
		Severity: notify.OneLine(m.Severity, 40), Urgency: string(m.Urgency), Service: notify.OneLine(m.Service, 200),
		Page: m.Page, Pages: m.Pages, Incident: m.Incident, User: m.User, Alerts: m.Alerts,
		Why: notify.OneLine(m.Why, 1000), Code: m.Code,
		Links: PayloadLinks{View: d.Links.View, Acknowledge: d.Links.Acknowledge, Escalate: d.Links.Escalate, Resolve: d.Links.Resolve},
	}
	for _, f := range m.Folded {
		p.Folded = append(p.Folded, notify.OneLine(f, 300))
	}
	return p
}

// Send posts once.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := c.Check(d.Settings); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	secrets := notify.SecretsOf(c.Fields(), d.Settings)
	body, err := json.Marshal(payload(d))
	if err != nil {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("write the payload: %w", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Settings["url"], bytes.NewReader(body))
	if err != nil {
		return notify.Receipt{}, notify.Permanent(errors.New("url: not a URL"))
	}
	headers, _ := notify.ParseHeaders("headers", d.Settings["headers"])
	for _, h := range headers {
		req.Header.Add(h.Name, h.Value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", d.Message.ID)
	if s := d.Settings["secret"]; s != "" {
		req.Header.Set(SignatureHeader, Sign(s, body, c.now()))
	}
	answer, err := notify.Exchange(c.http, req)
	if err == nil && !answer.OK() {
		err = answer.Failure()
	}
	if err != nil {
		return notify.Receipt{}, notify.Redact(err, secrets)
	}
	return notify.Receipt{Status: "accepted", Detail: notify.RedactText(answer.Line(), secrets)}, nil
}

// Sign makes the value of the signature header for a body sent at a time.
func Sign(secret string, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum(secret, t, body))
}

func sum(secret, t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify is what a receiver does: it recomputes the signature and refuses one
// that is older, or newer, than tolerance. Several v1 values may stand in one
// header while a secret is being changed.
func Verify(secret string, header string, body []byte, now time.Time, tolerance time.Duration) error {
	var t string
	var sums [][]byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			t = value
		case "v1":
			if raw, err := hex.DecodeString(value); err == nil {
				sums = append(sums, raw)
			}
		}
	}
	unix, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return errors.New("signature has no time")
	}
	if age := now.Sub(time.Unix(unix, 0)).Abs(); age > tolerance {
		return fmt.Errorf("signature is %v old or early", age.Round(time.Second))
	}
	want := sum(secret, t, body)
	for _, got := range sums {
		if hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("signature does not match")
}
