package slack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/slack"
)

// live is markup that Slack would act on.
func live() []string { return []string{"<!channel", "<@U123", "<https:", "<script"} }

func TestContractWebhook(t *testing.T) {
	t.Parallel()
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: acceptHook, Refusal: notifytest.Reply{Status: 404, Body: "no_service " + hookPath}})
	notifytest.Exercise(t, slack.New(notify.Deps{HTTP: notifytest.Client()}), notifytest.World{
		Settings: map[string]string{"webhook_url": peer.URL + hookPath}, Secrets: []string{"hookSecret99"},
		Set: peer.Set, Received: peer.Received, MaxTitle: 150, Forbid: live(),
	})
}

func TestContractToken(t *testing.T) {
	t.Parallel()
	peer := notifytest.NewPeer(t, &notifytest.Peer{
		Accept:   acceptAPI,
		Refusal:  notifytest.Reply{Status: 200, Body: `{"ok":false,"error":"token_revoked","given":"` + botToken + `"}`},
		Sickness: notifytest.Reply{Status: 200, Body: `{"ok":false,"error":"internal_error"}`},
		BusyBody: `{"ok":false,"error":"ratelimited"}`,
	})
	c := slack.New(notify.Deps{HTTP: notifytest.Client()}, slack.WithAPI(peer.URL+"/api"))
	w := notifytest.World{
		Settings: map[string]string{"token": botToken, "channel": channel}, Secrets: []string{botToken},
		Set: peer.Set, Received: peer.Received, MaxTitle: 150, Forbid: live(),
	}
	notifytest.Exercise(t, c, w)
	r, err := c.Send(t.Context(), notifytest.Delivery(w, notifytest.Page()))
	if err != nil || r.Status != "delivered" || r.ProviderID != channel+"/1772000000.000100" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestWordsOfRefusal(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		permanent bool
		after     time.Duration
	}{
		"invalid_auth": {true, 0}, "channel_not_found": {true, 0}, "not_in_channel": {true, 0}, "is_archived": {true, 0},
		"account_inactive": {true, 0}, "missing_scope": {true, 0}, "msg_too_long": {true, 0},
		"ratelimited": {false, 7 * time.Second}, "internal_error": {false, 7 * time.Second}, "service_unavailable": {false, 7 * time.Second},
	}
	for word, want := range cases {
		peer := newWordServer(t, word)
		c := slack.New(notify.Deps{HTTP: notifytest.Client()}, slack.WithAPI(peer))
		w := notifytest.World{Settings: map[string]string{"token": botToken, "channel": channel}}
		_, err := c.Send(t.Context(), notifytest.Delivery(w, notifytest.Page()))
		if err == nil {
			t.Errorf("%s: no error", word)
			continue
		}
		if f := notify.AsFailure(err); f.Permanent != want.permanent || f.After != want.after || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: permanent %v, after %v: %v", word, f.Permanent, f.After, err)
		}
	}
}

// newWordServer answers everything with 200 and one word, and a waiting time
// that only a rate limit should make us heed.
func newWordServer(t *testing.T, word string) string {
	t.Helper()
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		_, _ = w.Write([]byte(`{"ok":false,"error":"` + word + `"}`))
	}))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := slack.New(notify.Deps{})
	for want, s := range map[string]map[string]string{
		"webhook_url: fill in": {},
		"webhook_url: give":    {"webhook_url": "https://hooks.slack.com/services/a", "token": "x"},
		"webhook_url: must":    {"webhook_url": "hooks.slack.com/services/a"},
		"channel: must":        {"token": "xoxb-1"},
		"token: holds":         {"token": "xoxb 1", "channel": "C1"},
	} {
		if err := c.Check(s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", s, err, want)
		}
	}
	for _, s := range []map[string]string{
		{"webhook_url": "env:SLACK_HOOK"}, {"token": "file:/run/secrets/slack", "channel": "#oncall"},
	} {
		if err := c.Check(s); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range notifytest.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := slack.Escape(s)
		if strings.ContainsAny(e, "<>") {
			t.Errorf("%q escapes to %q", s, e)
		}
		if shown(e) != s {
			t.Errorf("%q is shown as %q", s, shown(e))
		}
	})
}
