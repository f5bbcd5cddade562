package slack_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/slack"
)

// The whole round: a page goes out through the sender, a button of the message
// that Slack showed is pressed, and the token that comes back names the page.
func TestPageOutAndAnswerBack(t *testing.T) {
	t.Parallel()
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: acceptAPI})
	signer, err := notify.NewSigner(notify.SigningKey{ID: "k1", Secret: []byte("a key of enough bytes")})
	if err != nil {
		t.Fatal(err)
	}
	s := notify.Sender{
		Registry: notify.Registry{"slack": slack.New(notify.Deps{HTTP: notifytest.Client()}, slack.WithAPI(peer.URL+"/api"))},
		Signer:   signer, BaseURL: "https://tocsin.example.com",
		Secrets: notify.Secrets{LookupEnv: func(string) (string, bool) { return botToken, true }},
	}
	to := plan.Contact{ID: "room", Channel: "slack", Settings: map[string]string{"token": "env:SLACK_TOKEN", "channel": channel}}
	r, err := s.Send(t.Context(), to, notification.Send{Contact: notification.Ref{Contact: "room"}, Attempt: 1, Message: notifytest.Page()})
	if err != nil || r.Status != "delivered" {
		t.Fatalf("got %+v, %v", r, err)
	}
	value := peer.Received()[0].Links[0]

	hook, told, opts := responseHook(t)
	var got notify.Token
	h := slack.Interactions(signingSecret, func(_ context.Context, token, _, _ string) (string, error) {
		var err error
		got, err = signer.Verify(token, notifytest.Page().At.Add(time.Hour))
		return "Acknowledged", err
	}, opts...)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(form(pressOf("tocsin_ack", value, hook, nil)), slackTime))
	if a := <-told; w.Code != 200 || !a.ReplaceOriginal || got.Page != "pg0001" || got.Contact != "room" || got.User != "" {
		t.Errorf("answered %d, told %+v, token %+v", w.Code, a, got)
	}
}
