package slack_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/slack"
)

const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5"

var slackTime = time.Unix(1772000000, 0)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// signed makes a request as Slack does.
func signed(body string, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/slack/interactions", strings.NewReader(body))
	stamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(signingSecret))
	m.Write([]byte("v0:" + stamp + ":" + body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(m.Sum(nil)))
	return r
}

func form(payload any) string {
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return url.Values{"payload": {string(raw)}}.Encode()
}

func pressOf(action, token, responseURL string, blocks []json.RawMessage) map[string]any {
	return map[string]any{
		"type": "block_actions", "response_url": responseURL,
		"user":    map[string]any{"id": "U0ANA", "username": "ana"},
		"actions": []any{map[string]any{"action_id": action, "block_id": "tocsin_actions", "value": token, "type": "button"}},
		"message": map[string]any{"text": "x", "blocks": blocks},
	}
}

type answered struct {
	ResponseType    string            `json:"response_type"`
	ReplaceOriginal bool              `json:"replace_original"`
	Text            string            `json:"text"`
	Blocks          []json.RawMessage `json:"blocks"`
}

// responseHook plays hooks.slack.com/actions.
func responseHook(t *testing.T) (string, <-chan answered, []slack.InteractionOption) {
	t.Helper()
	got := make(chan answered, 4)
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var a answered
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Errorf("answer is not JSON: %v", err)
		}
		got <- a
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	peer := notifytest.Peer{Server: s}
	return s.URL + "/actions/T0/1/abc", got, []slack.InteractionOption{
		slack.WithClient(notifytest.Client(notify.WithRoots(peer.Roots()))),
		slack.WithResponseHosts(u.Host), slack.WithClock(func() time.Time { return slackTime }),
	}
}

// blocksOf posts a page to a fake Slack and returns the blocks it showed.
func blocksOf(t *testing.T) []json.RawMessage {
	t.Helper()
	var blocks []json.RawMessage
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: func(_ *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
		got, m, problem := read(body)
		if problem != "" {
			t.Errorf("invalid blocks: %s", problem)
		}
		blocks = m.Raw
		return got, notifytest.Reply{Body: "ok"}
	}})
	w := notifytest.World{Settings: map[string]string{"webhook_url": peer.URL + hookPath}}
	c := slack.New(notify.Deps{HTTP: notifytest.Client()})
	if _, err := c.Send(t.Context(), notifytest.Delivery(w, notifytest.Page())); err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestAPressActsAndReplacesTheMessage(t *testing.T) {
	t.Parallel()
	blocks := blocksOf(t)
	cases := map[string]struct {
		action, want string
		left         []string
		gone         []string
	}{
		"acknowledge": {"tocsin_ack", "ack", []string{"tocsin_escalate", "tocsin_resolve", "tocsin_view"}, []string{`"tocsin_ack"`}},
		"escalate":    {"tocsin_escalate", "escalate", []string{"tocsin_ack", "tocsin_escalate", "tocsin_resolve"}, nil},
		"resolve":     {"tocsin_resolve", "resolve", []string{"tocsin_view"}, []string{`"tocsin_ack"`, `"tocsin_escalate"`, `"tocsin_resolve"`}},
	}
	for name, tc := range cases {
		hook, got, opts := responseHook(t)
		var acted []string
		h := slack.Interactions(signingSecret, func(ctx context.Context, token, action, user string) (string, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("the deed has no deadline, Slack has")
			}
			acted = append(acted, token, action, user)
			return "Done: <!channel> & more", nil
		}, opts...)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(form(pressOf(tc.action, "T0KEN", hook, blocks)), slackTime))
		if w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("%s: answered %d %q", name, w.Code, w.Body)
		}
		if strings.Join(acted, " ") != "T0KEN "+tc.want+" U0ANA" {
			t.Errorf("%s: acted %q", name, acted)
		}
		a := <-got
		raw, _ := json.Marshal(a.Blocks)
		all := string(raw)
		if !a.ReplaceOriginal || !strings.Contains(a.Text, "&lt;!channel&gt; &amp; more (<@U0ANA>)") {
			t.Errorf("%s: answer %+v", name, a)
		}
		if _, _, problem := read(mustJSON(map[string]any{"text": a.Text, "blocks": a.Blocks})); problem != "" {
			t.Errorf("%s: Slack would refuse the answer: %s", name, problem)
		}
		if !strings.Contains(all, "error rate 7.2") {
			t.Errorf("%s: the message itself is gone: %s", name, all)
		}
		for _, id := range tc.left {
			if !strings.Contains(all, id) {
				t.Errorf("%s: button %s is gone", name, id)
			}
		}
		for _, id := range tc.gone {
			if strings.Contains(all, id) {
				t.Errorf("%s: button %s is still there", name, id)
			}
		}
	}
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func TestAFailedPressTellsOnlyThePresser(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"this page is already resolved": fact.Refuse("conflict", "", "this page is already resolved"),
		"no longer works":               notify.ErrTokenExpired,
		"could not do that just now":    errors.New("dial tcp 10.0.0.7: database password wrong"),
	} {
		hook, got, opts := responseHook(t)
		h := slack.Interactions(signingSecret, func(context.Context, string, string, string) (string, error) { return "", err }, opts...)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(form(pressOf("tocsin_ack", "T", hook, nil)), slackTime))
		a := <-got
		if w.Code != 200 || a.ReplaceOriginal || a.ResponseType != "ephemeral" || !strings.Contains(a.Text, want) || strings.Contains(a.Text, "password") {
			t.Errorf("%v: %d %+v", err, w.Code, a)
		}
	}
}

func TestOnlySlackGetsIn(t *testing.T) {
	t.Parallel()
	body := form(pressOf("tocsin_ack", "T", "", nil))
	cases := map[string]struct {
		request *http.Request
		status  int
	}{
		"unsigned":     {httptest.NewRequest("POST", "/", strings.NewReader(body)), 401},
		"old":          {signed(body, slackTime.Add(-6*time.Minute)), 401},
		"early":        {signed(body, slackTime.Add(6*time.Minute)), 401},
		"other body":   {change(signed(body, slackTime), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(body + "x")) }), 401},
		"other time":   {change(signed(body, slackTime), func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", "1772000001") }), 401},
		"not hex":      {change(signed(body, slackTime), func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=zz") }), 401},
		"empty sum":    {change(signed(body, slackTime), func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=") }), 401},
		"get":          {httptest.NewRequest("GET", "/", nil), 405},
		"not JSON":     {signed("payload=%7B", slackTime), 400},
		"no payload":   {signed("a=b", slackTime), 400},
		"bad form":     {signed("%zz", slackTime), 400},
		"too large":    {signed("payload="+strings.Repeat("x", 600<<10), slackTime), 413},
		"view pressed": {signed(form(pressOf("tocsin_view", "", "", nil)), slackTime), 200},
		"other kind":   {signed(form(map[string]any{"type": "view_submission"}), slackTime), 200},
		"no action":    {signed(form(map[string]any{"type": "block_actions"}), slackTime), 200},
		"stranger's":   {signed(form(pressOf("someone_elses", "T", "", nil)), slackTime), 200},
	}
	for name, tc := range cases {
		h := slack.Interactions(signingSecret, func(context.Context, string, string, string) (string, error) {
			t.Errorf("%s: acted", name)
			return "", nil
		}, slack.WithClock(func() time.Time { return slackTime }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, tc.request)
		if w.Code != tc.status {
			t.Errorf("%s: answered %d, want %d", name, w.Code, tc.status)
		}
	}
	w := httptest.NewRecorder()
	slack.Interactions("", nil).ServeHTTP(w, signed(body, time.Now()))
	if w.Code != 401 {
		t.Errorf("without a secret: answered %d, want 401", w.Code)
	}
}

func change(r *http.Request, f func(*http.Request)) *http.Request {
	f(r)
	return r
}

func TestAnswersGoToSlackAlone(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 4)
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
	t.Cleanup(s.Close)
	h := slack.Interactions(signingSecret, func(context.Context, string, string, string) (string, error) { return "ok", nil },
		slack.WithClock(func() time.Time { return slackTime }), slack.WithClient(s.Client()))
	for _, to := range []string{s.URL, "http://hooks.slack.com/x", "https://hooks.slack.com@" + strings.TrimPrefix(s.URL, "https://"), "file:///etc/passwd", "::"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(form(pressOf("tocsin_ack", "T", to, nil)), slackTime))
		if w.Code != 200 || len(called) != 0 {
			t.Errorf("%s: status %d, called %d", to, w.Code, len(called))
		}
	}
}

func TestADeedThatHangsStillGetsAnAnswerInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told answered
		hook := wire(func(r *http.Request) (*http.Response, error) {
			if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
				t.Errorf("answer is not JSON: %v", err)
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		h := slack.Interactions(signingSecret, func(ctx context.Context, _, _, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}, slack.WithClient(&http.Client{Transport: hook}), slack.WithClock(func() time.Time { return slackTime }))
		start := time.Now()
		w := &timedRecorder{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, signed(form(pressOf("tocsin_ack", "T", "https://hooks.slack.com/actions/T/1/a", nil)), slackTime))
		if took := w.answeredAt.Sub(start); took >= 3*time.Second || took < 2*time.Second || w.Code != 200 {
			t.Errorf("answered %d after %v, Slack waits 3 s", w.Code, took)
		}
		if told.ResponseType != "ephemeral" {
			t.Errorf("told %+v", told)
		}
	})
}

// A message that cannot be replaced must not keep Slack from its answer.
func TestSlackIsAnsweredBeforeTheMessageIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook := wire(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		h := slack.Interactions(signingSecret, func(context.Context, string, string, string) (string, error) { return "ok", nil },
			slack.WithClient(&http.Client{Transport: hook}), slack.WithClock(func() time.Time { return slackTime }))
		start := time.Now()
		w := &timedRecorder{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, signed(form(pressOf("tocsin_ack", "T", "https://hooks.slack.com/actions/T/1/a", nil)), slackTime))
		if took := w.answeredAt.Sub(start); took != 0 || w.Code != 200 || !w.Flushed {
			t.Errorf("answered %d after %v, flushed %v", w.Code, took, w.Flushed)
		}
		if all := time.Since(start); all > 15*time.Second {
			t.Errorf("gave up after %v", all)
		}
	})
}

type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// timedRecorder notes when the status was written.
type timedRecorder struct {
	*httptest.ResponseRecorder
	answeredAt time.Time
}

func (r *timedRecorder) WriteHeader(status int) {
	r.answeredAt = time.Now()
	r.ResponseRecorder.WriteHeader(status)
}
