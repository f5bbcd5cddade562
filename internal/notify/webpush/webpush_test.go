package webpush_test

import (
	"errors"
	"strings"
	"testing"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/webpush"
)

func world(t *testing.T) (*service, *subscriptions, webpush.Config) {
	t.Helper()
	public, private, err := webpush.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{public: public, browsers: map[string]browser{}, gone: map[string]int{}}
	s.peer = notifytest.NewTLSPeer(t, &notifytest.Peer{Accept: s.accept})
	s.browsers["/push/phone-s3cret"] = newBrowser(t)
	subs := &subscriptions{of: map[string][]webpush.Subscription{
		"ana": {s.browsers["/push/phone-s3cret"].subscription(s.peer.URL + "/push/phone-s3cret")},
	}}
	return s, subs, webpush.Config{
		HTTP: notifytest.Client(notify.WithRoots(s.peer.Roots())), Subscriptions: subs,
		PublicKey: public, PrivateKey: private, Subject: "mailto:ops@example.com",
	}
}

func deliver(m notification.Message) notify.Delivery {
	return notifytest.Delivery(notifytest.World{Settings: map[string]string{}}, m)
}

func TestContract(t *testing.T) {
	t.Parallel()
	s, _, cfg := world(t)
	notifytest.Exercise(t, webpush.New(cfg), notifytest.World{
		Settings: map[string]string{}, Secrets: []string{"phone-s3cret", cfg.PrivateKey},
		Set: s.peer.Set, Received: s.peer.Received, MaxTitle: 120,
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s, _, cfg := world(t)
	c := webpush.New(cfg)
	cases := []struct {
		name                string
		change              func(*notification.Message)
		urgency, ttl, topic string
	}{
		{"page", func(*notification.Message) {}, "high", "14400", "pg0001"},
		{"low", func(m *notification.Message) { m.Urgency = plan.Low }, "normal", "14400", "pg0001"},
		{"acked", func(m *notification.Message) { m.Kind = notification.KindAcked }, "low", "86400", "pg0001"},
		{"watch", func(m *notification.Message) { m.Kind, m.Page = notification.KindWarning, "" }, "high", "86400", "ntf0001"},
		{"odd page", func(m *notification.Message) { m.Page = "a page/with \r\n" }, "high", "14400", ""},
		{"long page", func(m *notification.Message) { m.Page = strings.Repeat("p", 40) }, "high", "14400", ""},
	}
	for i, tc := range cases {
		m := notifytest.Page()
		tc.change(&m)
		if _, err := c.Send(t.Context(), deliver(m)); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		h, p := s.headers[i], s.payload[i]
		if h.Get("Urgency") != tc.urgency || h.Get("TTL") != tc.ttl || (tc.topic != "" && h.Get("Topic") != tc.topic) || p.Tag != h.Get("Topic") {
			t.Errorf("%s: urgency %s, ttl %s, topic %s, tag %s", tc.name, h.Get("Urgency"), h.Get("TTL"), h.Get("Topic"), p.Tag)
		}
	}
}

func TestSeveralDevices(t *testing.T) {
	t.Parallel()
	s, subs, cfg := world(t)
	add := func(path string, status int) {
		b := newBrowser(t)
		s.browsers[path] = b
		if status != 0 {
			s.gone[path] = status
		}
		subs.of["ana"] = append(subs.of["ana"], b.subscription(s.peer.URL+path))
	}
	add("/push/laptop", 0)
	add("/push/old-phone", 410)
	add("/push/older-phone", 404)
	subs.of["ana"] = append(subs.of["ana"], webpush.Subscription{Endpoint: s.peer.URL + "/push/broken", P256dh: "AAAA", Auth: "AAAA"})
	r, err := webpush.New(cfg).Send(t.Context(), deliver(notifytest.Page()))
	if err != nil || r.Detail != "2 of 5 devices" {
		t.Errorf("got %+v, %v", r, err)
	}
	if len(subs.gone) != 2 || !strings.Contains(strings.Join(subs.gone, " "), "/push/old-phone") || !strings.Contains(strings.Join(subs.gone, " "), "/push/older-phone") {
		t.Errorf("forgotten: %q", subs.gone)
	}
}

func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	s, subs, cfg := world(t)
	c := webpush.New(cfg)
	m := notifytest.Page()
	m.User = "bo"
	if _, err := c.Send(t.Context(), deliver(m)); err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "bo has no device") {
		t.Errorf("no subscription: %v", err)
	}
	m.User = ""
	if _, err := c.Send(t.Context(), deliver(m)); err == nil || !notify.AsFailure(err).Permanent {
		t.Errorf("shared channel: %v", err)
	}
	s.gone["/push/phone-s3cret"] = 410
	if _, err := c.Send(t.Context(), deliver(notifytest.Page())); err == nil || !notify.AsFailure(err).Permanent || len(subs.gone) != 1 {
		t.Errorf("last device gone: %v, forgotten %q", err, subs.gone)
	}
	subs.err = errors.New("database is away")
	if _, err := c.Send(t.Context(), deliver(notifytest.Page())); err == nil || notify.AsFailure(err).Permanent {
		t.Errorf("store away: %v, want a temporary failure", err)
	}
}

func TestLongTokenStillFits(t *testing.T) {
	t.Parallel()
	s, _, cfg := world(t)
	d := deliver(notifytest.Page())
	d.Message.Body = strings.Repeat("🔥\"", 4000)
	d.Links = notify.LinksOf("https://tocsin.example.com/"+strings.Repeat("p", 900), strings.Repeat("t", 1500))
	if _, err := webpush.New(cfg).Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got := s.payload[0]; got.Token != d.Links.Token || len(got.Actions) != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestOtherKeyIsRefused(t *testing.T) {
	t.Parallel()
	_, _, cfg := world(t)
	public, private, err := webpush.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	cfg.PublicKey, cfg.PrivateKey = public, private
	if _, err := webpush.New(cfg).Send(t.Context(), deliver(notifytest.Page())); err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
}

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	_, _, good := world(t)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	other, _, _ := webpush.NewKeys()
	for name, change := range map[string]func(*webpush.Config){
		"no key": func(c *webpush.Config) { c.PrivateKey = "" }, "not a key": func(c *webpush.Config) { c.PrivateKey = "AAAA" },
		"other pair": func(c *webpush.Config) { c.PublicKey = other }, "subject": func(c *webpush.Config) { c.Subject = "" },
		"store": func(c *webpush.Config) { c.Subscriptions = nil },
	} {
		cfg := good
		change(&cfg)
		if err := cfg.Check(); err == nil || strings.Contains(err.Error(), good.PrivateKey) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := webpush.New(cfg).Send(t.Context(), deliver(notifytest.Page())); err == nil || !notify.AsFailure(err).Permanent {
			t.Errorf("%s: sending gave %v, want a permanent failure", name, err)
		}
	}
}

func TestSubscriptionCheck(t *testing.T) {
	t.Parallel()
	good := newBrowser(t).subscription("https://push.example.com/x")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*webpush.Subscription){
		"endpoint": func(s *webpush.Subscription) { s.Endpoint = "http://push.example.com/x" },
		"p256dh":   func(s *webpush.Subscription) { s.P256dh = strings.Repeat("A", 87) },
		"auth":     func(s *webpush.Subscription) { s.Auth = "AAAA" },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
