// Package notifytest holds the one contract that every channel keeps, and a
// scriptable HTTP peer to keep it against. It is imported by tests only.
package notifytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

// Mood is how the other side answers from now on.
type Mood struct {
	Kind MoodKind
	// RetryAfter is the header's value when Busy.
	RetryAfter string
}

// MoodKind names a behaviour of the other side.
type MoodKind string

// The moods.
const (
	Well   MoodKind = "well"   // takes the message
	Refuse MoodKind = "refuse" // will never take it
	Sick   MoodKind = "sick"   // cannot take it now
	Busy   MoodKind = "busy"   // too many; says when to come back
	Hang   MoodKind = "hang"   // accepts the connection and never answers
	Drop   MoodKind = "drop"   // accepts the connection and cuts it
)

// Received is one message as the other side understood it, after undoing the
// wire's encoding as a real receiver would.
type Received struct {
	Title  string   // what shows first
	Text   string   // everything that a person reads, title included
	Markup string   // what a renderer interprets (HTML, mrkdwn); empty: nothing is
	Key    string   // the idempotency key, where the channel carries one
	Links  []string // addresses and button values
}

// World is a channel's outside, as its own fake plays it. Channels without an
// outside leave Set nil.
type World struct {
	Settings map[string]string
	Secrets  []string // must never be seen in an error or a receipt
	Set      func(Mood)
	Received func() []Received
	MaxTitle int      // runes
	Forbid   []string // live markup that no message may produce
	// NoWaiting: the protocol has no word for "come back later".
	NoWaiting bool
	// NoKey: the protocol has no place for an idempotency key.
	NoKey bool
}

// Page is an ordinary page, for tests to change.
func Page() notification.Message {
	return notification.Message{
		ID: "ntf0001", Kind: notification.KindPage, User: "ana", Urgency: plan.High,
		Title: "checkout: error rate above 5 %", Body: "instance shop-1\nerror rate 7.2 %",
		Page: "pg0001", Service: "checkout", Severity: "SEV2", Alerts: 1,
		Why: "step 1 of policy shop: ana is on call in primary",
		At:  time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
	}
}

// Delivery wraps a message with links and the world's settings.
func Delivery(w World, m notification.Message) notify.Delivery {
	d := notify.Delivery{Settings: w.Settings, Message: m, Attempt: 1}
	if m.Kind == notification.KindPage {
		d.Links = notify.LinksOf("https://tocsin.example.com", "T0KENabc_-"+strings.Repeat("x", 120))
	}
	return d
}

// Exercise checks the whole contract.
func Exercise(t *testing.T, c notify.Channel, w World) {
	t.Helper()
	t.Run("settings", func(t *testing.T) { settings(t, c, w) })
	t.Run("success", func(t *testing.T) { success(t, c, w) })
	if w.Set == nil {
		return
	}
	t.Run("refusals", func(t *testing.T) { refusals(t, c, w) })
	t.Run("silence", func(t *testing.T) { silence(t, c, w) })
	t.Run("drill", func(t *testing.T) { drill(t, c, w) })
	t.Run("folded", func(t *testing.T) { folded(t, c, w) })
	t.Run("repeat", func(t *testing.T) { repeat(t, c, w) })
	t.Run("hostile", func(t *testing.T) { hostile(t, c, w) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, c, w) })
}

func settings(t *testing.T, c notify.Channel, w World) {
	if err := c.Check(w.Settings); err != nil {
		t.Fatalf("good settings are refused: %v", err)
	}
	names := map[string]bool{}
	for _, f := range c.Fields() {
		if f.Name == "" || f.Label == "" || f.Help == "" || names[f.Name] {
			t.Errorf("field %q: needs a unique name, a label and a help text", f.Name)
		}
		names[f.Name] = true
		if !f.Required {
			continue
		}
		without := map[string]string{}
		for k, v := range w.Settings {
			if k != f.Name {
				without[k] = v
			}
		}
		if err := c.Check(without); err == nil || !strings.Contains(err.Error(), f.Name) {
			t.Errorf("without %s: got %v, want an error that names it", f.Name, err)
		}
	}
	for k := range w.Settings {
		if !names[k] {
			t.Errorf("setting %q has no field", k)
		}
	}
	odd := map[string]string{"no_such_setting": "1"}
	for k, v := range w.Settings {
		odd[k] = v
	}
	if err := c.Check(odd); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("an unknown setting: got %v, want an error that names it", err)
	}
}

func success(t *testing.T, c notify.Channel, w World) {
	d := Delivery(w, Page())
	r, err := c.Send(t.Context(), d)
	if err != nil {
		t.Fatalf("Send: %v", err)
	}
	if r.Status != "accepted" && r.Status != "delivered" {
		t.Errorf("status is %q, want accepted or delivered", r.Status)
	}
	noSecrets(t, w, r.Detail+r.ProviderID)
	if w.Set == nil {
		return
	}
	if r.Detail == "" {
		t.Error("the receipt has no detail for the delivery history")
	}
	got := last(t, w)
	for _, want := range []string{"checkout: error rate above 5 %", "SEV2"} {
		if !strings.Contains(got.Title, want) {
			t.Errorf("title %q lacks %q", got.Title, want)
		}
	}
	if !strings.Contains(got.Text, "error rate 7.2 %") {
		t.Errorf("text lacks the body: %q", got.Text)
	}
	if !strings.Contains(strings.Join(got.Links, " "), d.Links.Token) {
		t.Errorf("links %q do not carry the token", got.Links)
	}
	// News that nobody can answer must not offer an answer.
	m := Page()
	m.ID, m.Kind, m.Title = "ntf0002", notification.KindResolved, "checkout"
	if _, err := c.Send(t.Context(), Delivery(w, m)); err != nil {
		t.Fatalf("Send resolved: %v", err)
	}
	got = last(t, w)
	if !strings.Contains(got.Title, "Resolved") || strings.Contains(got.Text, "Acknowledge") {
		t.Errorf("resolved message reads %q / %q", got.Title, got.Text)
	}
}

func refusals(t *testing.T, c notify.Channel, w World) {
	defer w.Set(Mood{Kind: Well})
	date := time.Now().Add(90 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	cases := []struct {
		mood      Mood
		permanent bool
		min, max  time.Duration
	}{
		{mood: Mood{Kind: Refuse}, permanent: true},
		{mood: Mood{Kind: Sick}},
		{mood: Mood{Kind: Busy, RetryAfter: "42"}, min: 42 * time.Second, max: 42 * time.Second},
		{mood: Mood{Kind: Busy, RetryAfter: date}, min: 80 * time.Second, max: 91 * time.Second},
		{mood: Mood{Kind: Busy, RetryAfter: "soon"}},
		{mood: Mood{Kind: Busy, RetryAfter: "-5"}},
		{mood: Mood{Kind: Busy, RetryAfter: "99999999999999999999"}, min: time.Hour, max: 24 * time.Hour},
		{mood: Mood{Kind: Drop}},
	}
	for _, tc := range cases {
		w.Set(tc.mood)
		_, err := c.Send(t.Context(), Delivery(w, Page()))
		if err == nil {
			t.Errorf("%+v: no error", tc.mood)
			continue
		}
		noSecrets(t, w, err.Error())
		f := notify.AsFailure(err)
		if f.Permanent != tc.permanent {
			t.Errorf("%+v: permanent is %v: %v", tc.mood, f.Permanent, err)
		}
		if w.NoWaiting {
			continue
		}
		if f.After < tc.min || f.After > tc.max {
			t.Errorf("%+v: asked to wait %v, want %v to %v", tc.mood, f.After, tc.min, tc.max)
		}
	}
}

// silence: a peer that never answers costs no more than the context allows, and
// leaves the message to be tried again.
func silence(t *testing.T, c notify.Channel, w World) {
	w.Set(Mood{Kind: Hang})
	defer w.Set(Mood{Kind: Well})
	ends := map[string]func() (context.Context, context.CancelFunc){
		"deadline": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 100*time.Millisecond)
		},
		"cancel": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel
		},
	}
	for name, begin := range ends {
		ctx, cancel := begin()
		start := time.Now()
		_, err := c.Send(ctx, Delivery(w, Page()))
		cancel()
		switch {
		case err == nil:
			t.Errorf("%s: no error", name)
		case time.Since(start) > 5*time.Second:
			t.Errorf("%s: took %v", name, time.Since(start))
		case notify.AsFailure(err).Permanent:
			t.Errorf("%s: permanent: %v", name, err)
		case !errors.Is(err, ctx.Err()):
			t.Errorf("%s: error does not say so: %v", name, err)
		default:
			noSecrets(t, w, err.Error())
		}
	}
}

func drill(t *testing.T, c notify.Channel, w World) {
	m := Page()
	m.Drill = true
	send(t, c, w, m)
	if got := last(t, w); !strings.HasPrefix(got.Title, "DRILL") {
		t.Errorf("title %q does not begin with DRILL", got.Title)
	}
	m.Title = "DRILL: checkout is slow"
	send(t, c, w, m)
	if got := last(t, w); strings.Count(got.Title, "DRILL") != 1 {
		t.Errorf("title %q says DRILL not once", got.Title)
	}
}

func folded(t *testing.T, c notify.Channel, w World) {
	m := Page()
	m.Folded = []string{"search: latency", "mail: queue is long"}
	m.Pages = []string{"pg0001", "pg0002", "pg0003"}
	send(t, c, w, m)
	got := last(t, w)
	for _, line := range m.Folded {
		if !strings.Contains(got.Text, line) {
			t.Errorf("folded %q is not listed in %q", line, got.Text)
		}
	}
	m.Folded = nil
	for i := range 500 {
		m.Folded = append(m.Folded, fmt.Sprintf("alert number %d of many, with a long text behind it", i))
	}
	send(t, c, w, m)
	if got := last(t, w); !strings.Contains(got.Text, "alert number 0 ") {
		t.Errorf("five hundred folded: the first is not listed")
	}
}

func repeat(t *testing.T, c notify.Channel, w World) {
	if w.NoKey {
		t.Skip("this channel cannot carry a key")
	}
	d := Delivery(w, Page())
	for d.Attempt = 1; d.Attempt <= 2; d.Attempt++ {
		if _, err := c.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := last(t, w); !strings.Contains(got.Key, "ntf0001") {
			t.Errorf("attempt %d: key is %q, want the notification's id", d.Attempt, got.Key)
		}
	}
}

// Hostile are strings that have broken pagers.
func Hostile() map[string]string {
	return map[string]string{
		"html":        `<script>alert(1)</script><img src=x onerror=alert(1)>&amp;"'`,
		"mention":     "<!channel> <@U123> <https://evil.example|click> *bold* _it_ `code` ~no~",
		"markdown":    "# big\n[a](javascript:alert(1)) ![x](http://evil.example/x.png)",
		"control":     "a\x00b\x07c\x1b[31mred\x1b[0m\x7fd\u0085e",
		"newline":     "a\r\nBcc: evil@example.com\r\n\r\nbody\n.\nQUIT",
		"rtl":         "\u202eexe.txt\u202c \u2066x\u2069 שלום עולם مرحبا",
		"emoji":       "👩‍🚒 fire 🔥🏳️‍🌈 e\u0301",
		"invalid":     "a\xff\xfe\xc3b",
		"long":        strings.Repeat("ten kilobytes ", 740),
		"longemoji":   strings.Repeat("🔥", 3000),
		"template":    "{{.Secret}} ${jndi:ldap://x} %s%n %(x)s",
		"json":        `","evil":"1"}`,
		"empty":       "",
		"blank":       " \t\r\n ",
		"encodedword": "=?UTF-8?B?PGI+?= =?utf-8?q?x?=",
	}
}

func hostile(t *testing.T, c notify.Channel, w World) {
	for name, s := range Hostile() {
		m := Page()
		m.Title, m.Body, m.Service, m.Why, m.Severity = s, s, s, s, s
		m.Folded = []string{s, s}
		d := Delivery(w, m)
		if _, err := c.Send(t.Context(), d); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := last(t, w)
		if n := utf8.RuneCountInString(got.Title); n > w.MaxTitle || n == 0 {
			t.Errorf("%s: title has %d runes, want 1 to %d", name, n, w.MaxTitle)
		}
		if len(s) > 5000 && !strings.Contains(got.Title, notify.Ellipsis) {
			t.Errorf("%s: a cut title does not say so: %q", name, got.Title)
		}
		if !utf8.ValidString(got.Text) {
			t.Errorf("%s: text is not UTF-8", name)
		}
		for _, r := range got.Text {
			if (unicode.IsControl(r) && r != '\n' && r != '\t') || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
				t.Errorf("%s: text holds %U", name, r)
				break
			}
		}
		if strings.ContainsAny(got.Title, "\r\n") {
			t.Errorf("%s: title has several lines: %q", name, got.Title)
		}
		for _, bad := range w.Forbid {
			if strings.Contains(got.Markup, bad) {
				t.Errorf("%s: live markup %q in %q", name, bad, got.Markup)
			}
		}
		if !strings.Contains(strings.Join(got.Links, " "), d.Links.Token) {
			t.Errorf("%s: the links were lost: %q", name, got.Links)
		}
	}
}

func concurrent(t *testing.T, c notify.Channel, w World) {
	before := len(w.Received())
	errs := make(chan error)
	for i := range 8 {
		go func() {
			m := Page()
			m.ID = fmt.Sprintf("ntfc%03d", i)
			_, err := c.Send(t.Context(), Delivery(w, m))
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := len(w.Received()) - before; n != 8 {
		t.Errorf("received %d messages, want 8", n)
	}
}

func send(t *testing.T, c notify.Channel, w World, m notification.Message) {
	t.Helper()
	if _, err := c.Send(t.Context(), Delivery(w, m)); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

func last(t *testing.T, w World) Received {
	t.Helper()
	all := w.Received()
	if len(all) == 0 {
		t.Fatal("nothing was received")
	}
	return all[len(all)-1]
}

func noSecrets(t *testing.T, w World, text string) {
	t.Helper()
	for _, s := range w.Secrets {
		if strings.Contains(text, s) {
			t.Errorf("secret %q is told in %q", s, text)
		}
	}
}
