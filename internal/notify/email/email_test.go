package email_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
	"tocsin/internal/notify/email"
	"tocsin/internal/notify/notifytest"
)

func tlsListener(l net.Listener, c *tls.Config) net.Listener { return tls.NewListener(l, c) }

func config(m *mailServer) email.Config {
	return email.Config{
		Host: "127.0.0.1", Port: m.addr.Port, From: "Tocsin <tocsin@example.org>",
		User: user, Password: "env:MAIL_PASSWORD", Roots: m.roots,
		Secrets: notify.Secrets{LookupEnv: func(n string) (string, bool) { return password, n == "MAIL_PASSWORD" }},
	}
}

var toAna = map[string]string{"address": "ana@example.com"}

func deliver(m notification.Message) notify.Delivery {
	return notifytest.Delivery(notifytest.World{Settings: toAna}, m)
}

func TestContract(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{mechanisms: []string{"PLAIN"}})
	notifytest.Exercise(t, email.New(config(m)), notifytest.World{
		Settings: toAna, Secrets: []string{password}, Set: m.Set, Received: m.Received, MaxTitle: 180, NoWaiting: true,
		Forbid: []string{"<script", "<img", "javascript:alert(1)\"", "onerror=alert(1)>"},
	})
}

func TestEveryWayToEncryptAndSignIn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		server serverOptions
		mode   email.TLSMode
		secure bool
	}{
		"starttls plain": {serverOptions{mechanisms: []string{"PLAIN"}}, email.StartTLS, true},
		"starttls login": {serverOptions{mechanisms: []string{"LOGIN"}}, "", true},
		"tls":            {serverOptions{mechanisms: []string{"PLAIN", "LOGIN"}, implicitTLS: true}, email.TLS, true},
		"none, loopback": {serverOptions{mechanisms: []string{"PLAIN"}, noTLS: true}, email.None, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMailServer(t, tc.server)
			cfg := config(m)
			cfg.TLS = tc.mode
			r, err := email.New(cfg).Send(t.Context(), deliver(notifytest.Page()))
			if err != nil {
				t.Fatal(err)
			}
			got := m.letters()[0]
			if got.secure != tc.secure || got.signed != user || got.from != "tocsin@example.org" || got.to[0] != "ana@example.com" {
				t.Errorf("got secure %v, signed %q, from %q, to %q", got.secure, got.signed, got.from, got.to)
			}
			if !strings.Contains(r.Detail, "2.0.0") {
				t.Errorf("detail %q is not the server's answer", r.Detail)
			}
		})
	}
}

func TestRefusesToSendInTheOpen(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{noTLS: true, mechanisms: []string{"PLAIN"}})
	_, err := email.New(config(m)).Send(t.Context(), deliver(notifytest.Page()))
	if err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("no STARTTLS offered: got %v", err)
	}
	secure := newMailServer(t, serverOptions{mechanisms: []string{"PLAIN"}})
	cfg := config(secure)
	cfg.Roots = nil // the certificate is then nobody's
	_, err = email.New(cfg).Send(t.Context(), deliver(notifytest.Page()))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: got %v", err)
	}
	if n := len(m.letters()) + len(secure.letters()); n != 0 {
		t.Errorf("%d letters went out all the same", n)
	}
}

func TestWrongPasswordIsPermanentAndNotTold(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{mechanisms: []string{"PLAIN"}})
	cfg := config(m)
	cfg.Password = "not-the-password"
	_, err := email.New(cfg).Send(t.Context(), deliver(notifytest.Page()))
	if err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "535") {
		t.Errorf("got %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "not-the-password") {
		t.Errorf("the error tells the password: %v", err)
	}
}

func TestPasswordFileThatIsMissingIsNamedAndTemporary(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{mechanisms: []string{"PLAIN"}})
	cfg := config(m)
	path := filepath.Join(t.TempDir(), "smtp")
	cfg.Password = "file:" + path
	_, err := email.New(cfg).Send(t.Context(), deliver(notifytest.Page()))
	if err == nil || notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), cfg.Password) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := email.New(cfg).Send(t.Context(), deliver(notifytest.Page())); err != nil {
		t.Errorf("after the file was written: %v", err)
	}
}

func TestServerThatStallsAfterTheMessage(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{stall: true})
	cfg := config(m)
	cfg.User, cfg.Password = "", ""
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := email.New(cfg).Send(ctx, deliver(notifytest.Page()))
	if err == nil || notify.AsFailure(err).Permanent || time.Since(start) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestThreading(t *testing.T) {
	t.Parallel()
	m := newMailServer(t, serverOptions{})
	cfg := config(m)
	cfg.User, cfg.Password = "", ""
	c := email.New(cfg)
	first, again, other, news := notifytest.Page(), notifytest.Page(), notifytest.Page(), notifytest.Page()
	again.ID, again.Kind = "ntf0002", notification.KindResolved
	other.ID, other.Page = "ntf0003", "pg0002"
	news.ID, news.Page, news.Incident, news.Kind, news.Urgency = "ntf 4@x>", "", "inc1", notification.KindIncident, plan.Low
	for _, msg := range []notification.Message{first, again, other, news} {
		if _, err := c.Send(t.Context(), deliver(msg)); err != nil {
			t.Fatal(err)
		}
	}
	l := m.letters()
	for i, want := range []string{"<page.pg0001@example.org>", "<page.pg0001@example.org>", "<page.pg0002@example.org>", "<incident.inc1@example.org>"} {
		if got := l[i].header.Get("References"); got != want || l[i].header.Get("In-Reply-To") != want {
			t.Errorf("letter %d is threaded to %q, want %q", i, got, want)
		}
		if l[i].header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("letter %d is not marked as sent by a machine", i)
		}
	}
	if l[0].Key != "<ntf0001@example.org>" || l[0].Key == l[1].Key {
		t.Errorf("message ids are %q and %q", l[0].Key, l[1].Key)
	}
	if strings.ContainsAny(strings.Trim(l[3].Key, "<>"), " <>") {
		t.Errorf("a strange id was not made safe: %q", l[3].Key)
	}
	if l[0].header.Get("Importance") != "high" || l[3].header.Get("Importance") != "" {
		t.Errorf("importance is %q for a page, %q for news", l[0].header.Get("Importance"), l[3].header.Get("Importance"))
	}
	for _, want := range []string{"Acknowledge:\n", "Escalate:\n", "Resolve:\n", "View:\n", "?do=ack\n"} {
		if !strings.Contains(l[0].Text, want) {
			t.Errorf("plain text lacks %q:\n%s", want, l[0].Text)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := email.New(email.Config{})
	for _, bad := range []string{"ana", "ana@", "a@example.com, b@example.com", "ana@example.com\r\nBcc: x@example.com", "<ana@example.com>\x00", strings.Repeat("a", 300) + "@example.com"} {
		if err := c.Check(map[string]string{"address": bad}); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if _, err := c.Send(t.Context(), deliver(notifytest.Page())); err == nil || !notify.AsFailure(err).Permanent {
		t.Errorf("without a server: got %v, want a permanent failure", err)
	}
	for name, cfg := range map[string]email.Config{
		"host": {Host: "a b", From: "a@b.example"}, "from": {Host: "h"}, "tls": {Host: "h", From: "a@b.example", TLS: "ssl"},
		"port": {Host: "h", From: "a@b.example", Port: 70000}, "password": {Host: "h", From: "a@b.example", Password: "x"},
		"helo": {Host: "h", From: "a@b.example", HELO: "a b"},
	} {
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
