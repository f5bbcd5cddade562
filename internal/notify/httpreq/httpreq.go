// Package httpreq is the channel "http": any HTTP request, written as a
// template by its user, for the SMS, voice and chat providers that have no
// channel of their own. Its templates compute text and nothing else: they
// cannot loop without end, grow without bound, or choose the host.
package httpreq

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"tocsin/internal/notify"
)

// Channel is the generic HTTP request.
type Channel struct{ http *http.Client }

// New builds the channel.
func New(d notify.Deps) *Channel { return &Channel{http: d.HTTP} }

// Fields lists the settings.
func (*Channel) Fields() []notify.Field {
	return []notify.Field{
		{Name: "url", Label: "URL", Help: "A template; the host must stand in it as it is. Example: https://sms.example.com/send?to=4912345&text={{urlquery .Text}}", Required: true, Secret: true},
		{Name: "method", Label: "Method", Help: "POST when empty; GET, PUT, PATCH and DELETE are possible."},
		{Name: "headers", Label: "Headers", Help: "One \"Name: value\" a line; a value is a template, or env:NAME or file:PATH.", Secret: true},
		{Name: "body", Label: "Body", Help: "A template. Example: {\"message\": {{json .Text}}}"},
		{Name: "success", Label: "Success codes", Help: "Which answers mean that the message was taken, for example 200,202 or 200-299; 200-299 when empty."},
		{Name: "secret", Label: "Secret", Help: "For use in templates as {{.Secret}}. May be env:NAME or file:PATH.", Secret: true},
	}
}

// request is a contact's settings, parsed.
type request struct {
	url, body *tmpl
	host      string
	method    string
	headers   []header
	success   []span
}

type header struct {
	name  string
	value *tmpl
}

type span struct{ from, to int }

// Check says what is wrong with settings. It renders everything once with a
// sample, so that a template that cannot work is found while it is written.
func (c *Channel) Check(settings map[string]string) error {
	if err := notify.CheckFields(c.Fields(), settings); err != nil {
		return err
	}
	r, err := read(settings)
	if err != nil {
		return err
	}
	_, err = r.build(context.Background(), sample(settings["secret"]))
	return err
}

func read(s map[string]string) (*request, error) {
	r := &request{method: strings.ToUpper(strings.TrimSpace(s["method"]))}
	if r.method == "" {
		r.method = http.MethodPost
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, r.method) {
		return nil, fmt.Errorf("method: %q is none of GET, POST, PUT, PATCH, DELETE", notify.OneLine(s["method"], 20))
	}
	var err error
	if r.host, err = fixedHost(s["url"]); err != nil {
		return nil, err
	}
	if r.url, err = parseTemplate("url", s["url"]); err != nil {
		return nil, err
	}
	if r.body, err = parseTemplate("body", s["body"]); err != nil {
		return nil, err
	}
	lines, err := notify.ParseHeaders("headers", s["headers"])
	if err != nil {
		return nil, err
	}
	for _, h := range lines {
		t, err := parseTemplate("headers", h.Value)
		if err != nil {
			return nil, err
		}
		r.headers = append(r.headers, header{name: h.Name, value: t})
	}
	r.success, err = parseSuccess(s["success"])
	return r, err
}

// fixedHost is the host before any template begins: what an alert says must
// never decide where its message goes.
func fixedHost(text string) (string, error) {
	if notify.IsReference(text) {
		return "", nil // read when sending, and checked then
	}
	fixed, _, templated := strings.Cut(text, "{{")
	if err := notify.CheckURL("url", fixed); err != nil {
		return "", err
	}
	u, err := url.Parse(fixed)
	if err != nil {
		return "", errors.New("url: not a URL")
	}
	if templated && u.Path == "" && u.RawQuery == "" {
		return "", errors.New("url: the host must be written out; a template may begin after its /")
	}
	return u.Host, nil
}

func parseSuccess(text string) ([]span, error) {
	if strings.TrimSpace(text) == "" {
		return []span{{200, 299}}, nil
	}
	var out []span
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			high = low
		}
		from, err1 := strconv.Atoi(strings.TrimSpace(low))
		to, err2 := strconv.Atoi(strings.TrimSpace(high))
		if err1 != nil || err2 != nil || from < 200 || to > 599 || from > to {
			return nil, fmt.Errorf("success: %q is not a code or a range of codes", notify.OneLine(part, 20))
		}
		out = append(out, span{from, to})
	}
	return out, nil
}

func (r *request) build(ctx context.Context, d Data) (*http.Request, error) {
	address, err := r.url.render(d)
	if err != nil {
		return nil, err
	}
	body, err := r.body.render(d)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSpace(address), strings.NewReader(body))
	if err != nil || (r.host != "" && req.URL.Host != r.host) {
		return nil, errors.New("url: what the template makes is not a URL; use urlquery for parts that come from a message")
	}
	req.Header.Set("Idempotency-Key", httpValue(d.ID))
	for _, h := range r.headers {
		v, err := h.value.render(d)
		if err != nil {
			return nil, err
		}
		req.Header.Set(h.name, httpValue(v))
	}
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", contentType(body))
	}
	return req, nil
}

// httpValue keeps what a template made from breaking out of its header.
func httpValue(s string) string {
	s = notify.OneLine(s, 8000)
	if !httpguts.ValidHeaderFieldValue(s) {
		return ""
	}
	return s
}

func contentType(body string) string {
	if b := strings.TrimSpace(body); strings.HasPrefix(b, "{") || strings.HasPrefix(b, "[") {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// Send makes the request once.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	secrets := notify.SecretsOf(c.Fields(), d.Settings)
	if s := d.Settings["secret"]; s != "" {
		secrets = append(secrets, url.QueryEscape(s))
	}
	receipt, err := c.send(ctx, d)
	if err != nil {
		return notify.Receipt{}, notify.Redact(err, secrets)
	}
	receipt.Detail = notify.RedactText(receipt.Detail, secrets)
	return receipt, nil
}

func (c *Channel) send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := notify.CheckFields(c.Fields(), d.Settings); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	r, err := read(d.Settings)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	req, err := r.build(ctx, dataOf(d))
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	// What the templates made may hold a key that was written into them.
	made := []string{req.URL.RequestURI(), req.URL.RawQuery}
	answer, err := notify.Exchange(c.http, req)
	if err != nil {
		return notify.Receipt{}, notify.Redact(err, made)
	}
	for _, s := range r.success {
		if answer.Status >= s.from && answer.Status <= s.to {
			return notify.Receipt{Status: "accepted", Detail: notify.RedactText(answer.Line(), made)}, nil
		}
	}
	return notify.Receipt{}, notify.Redact(answer.Failure(), made)
}
