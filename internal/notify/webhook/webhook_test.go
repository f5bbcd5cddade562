package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/webhook"
)

const (
	secret = "whsec-7f3a91"
	auth   = "Bearer hook-token-55"
)

// receiver plays a careful receiver: it checks the signature before it reads.
func receiver(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	if err := webhook.Verify(secret, r.Header.Get(webhook.SignatureHeader), body, time.Now(), time.Minute); err != nil {
		return notifytest.Received{}, notifytest.Reply{Status: 401, Body: err.Error()}
	}
	if r.Header.Get("Authorization") != auth || r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
		return notifytest.Received{}, notifytest.Reply{Status: 400, Body: "headers"}
	}
	var p webhook.Payload
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil || p.Schema != webhook.Schema {
		return notifytest.Received{}, notifytest.Reply{Status: 400, Body: "schema"}
	}
	return notifytest.Received{
		Title: p.Title, Text: p.Title + "\n" + p.Body + "\n" + strings.Join(p.Folded, "\n") + p.Why + p.Severity + p.Service,
		Key: r.Header.Get("Idempotency-Key"), Links: []string{p.Links.View, p.Links.Acknowledge, p.Links.Escalate, p.Links.Resolve},
	}, notifytest.Reply{Status: 202}
}

func world(t *testing.T) (*webhook.Channel, notifytest.World) {
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: receiver})
	return webhook.New(notify.Deps{HTTP: notifytest.Client()}), notifytest.World{
		Settings: map[string]string{"url": peer.URL + "/in/p4th-s3cret", "secret": secret, "headers": "Authorization: " + auth + "\nX-Team: shop"},
		Secrets:  []string{secret, auth, "p4th-s3cret"},
		Set:      peer.Set, Received: peer.Received, MaxTitle: 1000,
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	c, w := world(t)
	notifytest.Exercise(t, c, w)
}

func TestSettingsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := webhook.New(notify.Deps{})
	for settings, want := range map[[2]string]string{
		{"url", "ftp://example.com"}:            "url",
		{"url", "https://"}:                     "url",
		{"url", "https://ana:pw@example.com/"}:  "url",
		{"url", "https://exa mple.com"}:         "url",
		{"headers", "no colon"}:                 "headers",
		{"headers", "X-A: b\nHost: evil"}:       "Host",
		{"headers", "Tocsin-Signature: forged"}: "Tocsin-Signature",
		{"headers", "Bad Name: x"}:              "headers",
		{"headers", "X-A: a\x00b"}:              "headers",
	} {
		s := map[string]string{"url": "https://example.com"}
		s[settings[0]] = settings[1]
		if err := c.Check(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error about %s", settings, err, want)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: error tells the password: %v", settings, err)
		}
	}
	if err := c.Check(map[string]string{"url": "env:HOOK_URL", "secret": "file:/run/secrets/hook"}); err != nil {
		t.Errorf("references are refused: %v", err)
	}
}

func TestRedirectIsNotTakenForAnAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303} {
		seen := make(chan string, 8)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Method + " " + r.URL.Path
			if r.URL.Path == "/old" {
				http.Redirect(w, r, "/login", status)
			}
		}))
		t.Cleanup(srv.Close)
		c := webhook.New(notify.Deps{HTTP: notifytest.Client()})
		d := notifytest.Delivery(notifytest.World{Settings: map[string]string{"url": srv.URL + "/old"}}, notifytest.Page())
		_, err := c.Send(t.Context(), d)
		if err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%d: got %v, want a permanent failure about the redirect", status, err)
		}
		if len(seen) != 1 {
			t.Errorf("%d: it was followed", status)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	at := time.Unix(1772000000, 0)
	body := []byte(`{"id":"ntf1"}`)
	good := webhook.Sign(secret, body, at)
	if want := "t=1772000000,v1="; !strings.HasPrefix(good, want) {
		t.Fatalf("signature %q does not begin with %q", good, want)
	}
	cases := map[string]struct {
		secret, header, body string
		late                 time.Duration
		ok                   bool
	}{
		"good":             {secret, good, string(body), 0, true},
		"rotated":          {secret, good + ",v1=00ff", string(body), 0, true},
		"other secret":     {"x", good, string(body), 0, false},
		"other body":       {secret, good, `{"id":"ntf2"}`, 0, false},
		"other time":       {secret, strings.Replace(good, "t=1772000000", "t=1772000001", 1), string(body), 0, false},
		"too old":          {secret, good, string(body), 6 * time.Minute, false},
		"from the future":  {secret, good, string(body), -6 * time.Minute, false},
		"empty":            {secret, "", string(body), 0, false},
		"no sum":           {secret, "t=1772000000", string(body), 0, false},
		"not hexadecimal":  {secret, "t=1772000000,v1=zz", string(body), 0, false},
		"time not numeric": {secret, "t=now,v1=00", string(body), 0, false},
	}
	for name, tc := range cases {
		err := webhook.Verify(tc.secret, tc.header, []byte(tc.body), at.Add(tc.late), 5*time.Minute)
		if (err == nil) != tc.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	at := time.Unix(1772000000, 0)
	f.Add(webhook.Sign(secret, []byte("x"), at), []byte("x"))
	f.Add("t=1,v1=", []byte(""))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if webhook.Verify(secret, header, body, at, time.Minute) == nil && !strings.Contains(strings.ToLower(header), webhook.Sign(secret, body, at)[len("t=1772000000,v1="):]) {
			t.Errorf("a forged header passed: %q", header)
		}
	})
}
