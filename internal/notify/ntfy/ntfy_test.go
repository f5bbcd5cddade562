package ntfy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/ntfy"
)

const (
	topic = "shop-oncall-x7k2"
	token = "tk_loopbackfake0000"
)

type message struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Click    string   `json:"click"`
	Actions  []struct {
		Action string `json:"action"`
		Label  string `json:"label"`
		URL    string `json:"url"`
		Method string `json:"method"`
		Clear  bool   `json:"clear"`
	} `json:"actions"`
	SequenceID string `json:"sequence_id"`
}

func refuse(status, code int, why string) (notifytest.Received, notifytest.Reply) {
	return notifytest.Received{}, notifytest.Reply{Status: status, Body: fmt.Sprintf(`{"code":%d,"http":%d,"error":%q}`, code, status, why)}
}

// server plays ntfy with its limits: 4096 bytes a message, three actions.
func server(seen chan<- message) func(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	return func(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			return refuse(401, 40101, "unauthorized")
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil || r.URL.Path != "/" || m.Topic != topic {
			return refuse(400, 40024, "invalid request: request body must be message JSON")
		}
		if len(m.Message) > 4096 || len(m.Actions) > 3 || m.Priority < 1 || m.Priority > 5 || m.Message == "" {
			return refuse(400, 40018, "invalid request: limits")
		}
		got := notifytest.Received{Title: m.Title, Text: m.Title + "\n" + m.Message, Key: m.SequenceID, Links: []string{m.Click}}
		for _, a := range m.Actions {
			if a.Action != "http" || a.Method != "POST" {
				return refuse(400, 40018, "invalid request: actions invalid")
			}
			got.Links = append(got.Links, a.URL)
			got.Text += "\n" + a.Label
		}
		select {
		case seen <- m:
		default:
		}
		return got, notifytest.Reply{Body: `{"id":"sPs71M8A2T","time":1772000000,"event":"message","topic":"` + topic + `"}`}
	}
}

func world(t *testing.T, seen chan<- message) (*ntfy.Channel, notifytest.World) {
	peer := notifytest.NewPeer(t, &notifytest.Peer{
		Accept: server(seen), BusyBody: `{"code":42901,"http":429,"error":"limit reached: too many requests","link":"https://ntfy.sh/docs/publish/#limitations"}`,
	})
	return ntfy.New(notify.Deps{HTTP: notifytest.Client()}), notifytest.World{
		Settings: map[string]string{"server": peer.URL, "topic": topic, "token": token},
		Secrets:  []string{token, topic}, Set: peer.Set, Received: peer.Received, MaxTitle: 200,
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	c, w := world(t, nil)
	notifytest.Exercise(t, c, w)
}

func TestWhatThePhoneGets(t *testing.T) {
	t.Parallel()
	seen := make(chan message, 1)
	c, w := world(t, seen)
	cases := map[string]struct {
		change   func(*notification.Message)
		priority int
		tag      string
		actions  int
	}{
		"page":      {func(*notification.Message) {}, 5, "rotating_light", 3},
		"low":       {func(m *notification.Message) { m.Urgency = plan.Low }, 3, "rotating_light", 3},
		"resolved":  {func(m *notification.Message) { m.Kind = notification.KindResolved }, 2, "white_check_mark", 0},
		"watch":     {func(m *notification.Message) { m.Kind = notification.KindWarning }, 4, "warning", 0},
		"drill":     {func(m *notification.Message) { m.Drill = true }, 5, "drill", 3},
		"empty":     {func(m *notification.Message) { m.Body, m.Why = "", "" }, 5, "rotating_light", 3},
		"odd id":    {func(m *notification.Message) { m.ID = "a/b c" }, 5, "rotating_light", 3},
		"long body": {func(m *notification.Message) { m.Body = strings.Repeat("é", 9000) }, 5, "rotating_light", 3},
	}
	for name, tc := range cases {
		m := notifytest.Page()
		tc.change(&m)
		r, err := c.Send(t.Context(), notifytest.Delivery(w, m))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := <-seen
		if got.Priority != tc.priority || len(got.Tags) != 1 || got.Tags[0] != tc.tag || len(got.Actions) != tc.actions {
			t.Errorf("%s: priority %d, tags %v, %d actions", name, got.Priority, got.Tags, len(got.Actions))
		}
		if r.ProviderID != "sPs71M8A2T" {
			t.Errorf("%s: provider id %q", name, r.ProviderID)
		}
		if name == "odd id" && got.SequenceID != "" {
			t.Errorf("an id that the server would refuse was sent: %q", got.SequenceID)
		}
	}
}

func TestServerThatIsNotNtfy(t *testing.T) {
	t.Parallel()
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: func(*http.Request, []byte) (notifytest.Received, notifytest.Reply) {
		return notifytest.Received{}, notifytest.Reply{Body: "<html>It works!</html>"}
	}})
	c := ntfy.New(notify.Deps{HTTP: notifytest.Client()})
	w := notifytest.World{Settings: map[string]string{"server": peer.URL, "topic": topic}}
	if _, err := c.Send(t.Context(), notifytest.Delivery(w, notifytest.Page())); err == nil || !notify.AsFailure(err).Permanent {
		t.Errorf("got %v, want a permanent failure", err)
	}
}

func TestRefusalInTheServersWords(t *testing.T) {
	t.Parallel()
	c, w := world(t, nil)
	w.Settings["token"] = "tk_revoked0000"
	_, err := c.Send(t.Context(), notifytest.Delivery(w, notifytest.Page()))
	if err == nil || !notify.AsFailure(err).Permanent || !strings.Contains(err.Error(), "unauthorized (ntfy 40101)") {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := ntfy.New(notify.Deps{})
	for want, s := range map[string]map[string]string{
		"topic":    {"topic": "with space"},
		"server":   {"topic": topic, "server": "ntfy.example.com"},
		"password": {"topic": topic, "user": "ana"},
		"token":    {"topic": topic, "user": "ana", "password": "env:P", "token": "env:T"},
	} {
		if err := c.Check(s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: got %v, want an error about %s", s, err, want)
		}
	}
}
