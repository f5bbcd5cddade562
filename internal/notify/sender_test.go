package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

// probe is a channel that shows what it was given.
type probe struct {
	got    notify.Delivery
	answer func(notify.Delivery) (notify.Receipt, error)
}

func (*probe) Fields() []notify.Field {
	return []notify.Field{{Name: "to", Required: true}, {Name: "key", Secret: true}}
}

func (p *probe) Check(s map[string]string) error { return notify.CheckFields(p.Fields(), s) }

func (p *probe) Send(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
	p.got = d
	return p.answer(d)
}

func sender(t *testing.T, p *probe) *notify.Sender {
	return &notify.Sender{
		Registry: notify.Registry{"probe": p}, Signer: signer(t, key("k1")), BaseURL: "https://t.example.com",
		Secrets: notify.Secrets{LookupEnv: func(n string) (string, bool) { return "s3cret-value", n == "KEY" }},
	}
}

func aPage() notification.Send {
	return notification.Send{
		Contact: notification.Ref{User: "ana", Contact: "phone"}, Attempt: 2,
		Message: notification.Message{ID: "ntf1", Kind: notification.KindPage, Page: "pg1", Pages: []string{"pg1", "pg2"}, Title: "x", At: tokenTime},
	}
}

func contact() plan.Contact {
	return plan.Contact{ID: "phone", Channel: "probe", Settings: map[string]string{"to": "env:KEY", "key": "env:KEY"}}
}

func TestSenderHandsOver(t *testing.T) {
	t.Parallel()
	p := &probe{answer: func(d notify.Delivery) (notify.Receipt, error) {
		return notify.Receipt{Status: "accepted", Detail: "took " + d.Settings["key"] + "\r\nand " + d.Links.Token}, nil
	}}
	s := sender(t, p)
	r, err := s.Send(t.Context(), contact(), aPage())
	if err != nil {
		t.Fatal(err)
	}
	if p.got.Settings["key"] != "s3cret-value" || p.got.Settings["to"] != "env:KEY" || p.got.Attempt != 2 {
		t.Errorf("settings %v, attempt %d", p.got.Settings, p.got.Attempt)
	}
	if strings.Contains(r.Detail, "s3cret") || strings.Contains(r.Detail, p.got.Links.Token) || strings.Contains(r.Detail, "\n") {
		t.Errorf("detail %q", r.Detail)
	}
	tok, err := s.Signer.Verify(p.got.Links.Token, tokenTime.Add(6*24*time.Hour))
	if err != nil || tok.Page != "pg1" || tok.User != "ana" || tok.Contact != "phone" || len(tok.Also) != 1 || tok.Also[0] != "pg2" {
		t.Errorf("token %+v, %v", tok, err)
	}
}

func TestSenderLinksByKind(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind           notification.Kind
		page, incident string
		act, view      bool
	}{
		"page": {notification.KindPage, "pg1", "", true, true}, "resolved": {notification.KindResolved, "pg1", "", false, true},
		"incident": {notification.KindIncident, "", "inc1", false, true}, "verify": {notification.KindVerify, "", "", false, false},
		"test": {notification.KindTest, "", "", false, false},
	}
	for name, tc := range cases {
		p := &probe{answer: func(notify.Delivery) (notify.Receipt, error) { return notify.Receipt{}, nil }}
		send := aPage()
		send.Message.Kind, send.Message.Page, send.Message.Incident, send.Message.Pages = tc.kind, tc.page, tc.incident, nil
		if _, err := sender(t, p).Send(t.Context(), contact(), send); err != nil {
			t.Fatal(err)
		}
		l := p.got.Links
		p.answer = func(d notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{Detail: "saw " + d.Links.View}, nil
		}
		if r, err := sender(t, p).Send(t.Context(), contact(), send); err != nil || strings.Contains(r.Detail, "/a/A") {
			t.Errorf("%s: the receipt tells the link: %q, %v", name, r.Detail, err)
		}
		if (l.View != "") != tc.view || (l.Acknowledge != "") != tc.act || (l.Resolve != "") != tc.act || (l.Token != "") != tc.act {
			t.Errorf("%s: links %+v", name, l)
		}
	}
}

func TestSenderFailures(t *testing.T) {
	t.Parallel()
	ok := func(notify.Delivery) (notify.Receipt, error) { return notify.Receipt{}, nil }
	cases := map[string]struct {
		change    func(*plan.Contact)
		answer    func(notify.Delivery) (notify.Receipt, error)
		permanent bool
		after     time.Duration
		want      string
	}{
		"unknown channel": {func(c *plan.Contact) { c.Channel = "pigeon" }, ok, true, 0, `"pigeon"`},
		"missing setting": {func(c *plan.Contact) { delete(c.Settings, "to") }, ok, true, 0, "to:"},
		"missing secret":  {func(c *plan.Contact) { c.Settings["key"] = "env:NOPE" }, ok, false, 0, "env:NOPE"},
		"wrapped class": {nil, func(notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{}, fmt.Errorf("outer: %w", notify.RetryAfter(7*time.Second, errors.New("busy")))
		}, false, 7 * time.Second, "tell ana/phone by probe: outer: busy"},
		"echo": {nil, func(d notify.Delivery) (notify.Receipt, error) {
			return notify.Receipt{}, notify.Permanent(errors.New("no: " + d.Settings["key"] + " " + d.Links.View))
		}, true, 0, "[redacted]"},
		"panic": {nil, func(notify.Delivery) (notify.Receipt, error) { panic("index out of range") }, true, 0, "broke"},
	}
	for name, tc := range cases {
		c := contact()
		if tc.change != nil {
			tc.change(&c)
		}
		p := &probe{answer: tc.answer}
		_, err := sender(t, p).Send(t.Context(), c, aPage())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		f := notify.AsFailure(err)
		if f.Permanent != tc.permanent || f.After != tc.after || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: permanent %v, after %v: %v", name, f.Permanent, f.After, err)
		}
		if strings.Contains(err.Error(), "s3cret") || (p.got.Links.Token != "" && strings.Contains(err.Error(), p.got.Links.Token)) {
			t.Errorf("%s: a secret is told: %v", name, err)
		}
	}
}
