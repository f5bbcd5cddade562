package mailtrap_test

import (
	"context"
	"fmt"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/internal/drill/mailtrap"
)

func open(t *testing.T) (*mailtrap.Trap, chan mailtrap.Mail) {
	t.Helper()
	heard := make(chan mailtrap.Mail, 100)
	trap, err := mailtrap.New(mailtrap.Options{OnMail: func(m mailtrap.Mail) { heard <- m }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- trap.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return trap, heard
}

func send(t *testing.T, trap *mailtrap.Trap, raw string) error {
	t.Helper()
	return smtp.SendMail(trap.Addr().String(), nil, "tocsin@example.com", []string{"ana@example.com"}, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

const alternative = `From: tocsin@example.com
Subject: =?UTF-8?q?Caf=C3=A9_is_down?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=XX

--XX
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

Caf=C3=A9 is down

Acknowledge:
http://127.0.0.1:8480/a/TOKEN?do=3Dack

See http://127.0.0.1:8480/pages/p1 too.
--XX
Content-Type: text/html

<b>not this</b>
--XX--
`

func TestCatchesMail(t *testing.T) {
	t.Parallel()
	trap, heard := open(t)
	if err := send(t, trap, alternative); err != nil {
		t.Fatal(err)
	}
	m := <-heard
	if m.Subject != "Café is down" || m.From != "tocsin@example.com" || !slices.Equal(m.To, []string{"ana@example.com"}) || m.N != 1 || m.At.IsZero() {
		t.Errorf("%+v", m)
	}
	if !strings.HasPrefix(m.Text, "Café is down\n") || strings.Contains(m.Text, "not this") {
		t.Errorf("text %q", m.Text)
	}
	want := []mailtrap.Link{{Label: "Acknowledge", URL: "http://127.0.0.1:8480/a/TOKEN?do=ack"},
		{Label: "http://127.0.0.1:8480/pages/p1", URL: "http://127.0.0.1:8480/pages/p1"}}
	if !slices.Equal(m.Links, want) {
		t.Errorf("links %+v", m.Links)
	}
}

func TestKeepsTheLatestOnly(t *testing.T) {
	t.Parallel()
	trap, _ := open(t)
	for i := range 53 {
		if err := send(t, trap, fmt.Sprintf("Subject: mail %d\n\ntext\n", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	all := trap.Mails()
	if len(all) != 50 || all[0].Subject != "mail 53" || all[49].Subject != "mail 4" {
		t.Errorf("%d mails, from %q to %q", len(all), all[0].Subject, all[len(all)-1].Subject)
	}
}

func TestRefusesWhatIsNoMail(t *testing.T) {
	t.Parallel()
	trap, _ := open(t)
	if err := send(t, trap, "no header here at all"); err == nil || !strings.Contains(err.Error(), "554") {
		t.Errorf("got %v", err)
	}
	if err := send(t, trap, "Subject: big\n\n"+strings.Repeat("x", 2<<20)); err == nil {
		t.Error("two megabytes were taken")
	}
	if n := len(trap.Mails()); n != 0 {
		t.Errorf("%d mails are kept", n)
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:25", "nonsense"} {
		if trap, err := mailtrap.New(mailtrap.Options{Addr: addr}); err == nil {
			trap.Close()
			t.Errorf("%s was taken", addr)
		}
	}
}

func TestStopsWhileSomebodyHoldsTheLine(t *testing.T) {
	t.Parallel()
	trap, err := mailtrap.New(mailtrap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- trap.Run(ctx) }()
	c, err := smtp.Dial(trap.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it hangs")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(alternative, "\n", "\r\n")))
	f.Add([]byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\r\n\r\n=="))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := mailtrap.Read(raw)
		if err != nil {
			return
		}
		for _, l := range m.Links {
			if !strings.HasPrefix(l.URL, "http") || !strings.Contains(m.Text, l.URL) {
				t.Errorf("link %+v is not in the text", l)
			}
		}
	})
}
