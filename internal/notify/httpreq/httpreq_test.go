package httpreq_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tocsin/internal/notify"
	"tocsin/internal/notify/httpreq"
	"tocsin/internal/notify/notifytest"
)

const apiKey = "sms-key-0042/+=x"

// gateway plays an SMS provider with a JSON API.
func gateway(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	var sms struct{ To, Title, Text, Ack, View string }
	if r.Header.Get("Authorization") != "Key "+apiKey || r.URL.Query().Get("key") != apiKey {
		return notifytest.Received{}, notifytest.Reply{Status: 401, Body: "bad key " + r.URL.RawQuery}
	}
	if err := json.Unmarshal(body, &sms); err != nil || sms.To != "+4912345" || r.Header.Get("Content-Type") != "application/json" {
		return notifytest.Received{}, notifytest.Reply{Status: 400, Body: "bad request"}
	}
	return notifytest.Received{Title: sms.Title, Text: sms.Title + "\n" + sms.Text, Key: r.Header.Get("Idempotency-Key"), Links: []string{sms.Ack, sms.View}},
		notifytest.Reply{Status: 201, Body: `{"id":"sms-1"}`}
}

func settings(base string) map[string]string {
	return map[string]string{
		"url":     base + "/send?key={{urlquery .Secret}}&id={{urlquery .ID}}",
		"headers": "Authorization: Key {{.Secret}}\nX-Title: {{.Title}}",
		"body":    `{"to":"+4912345","title":{{json .Title}},"text":{{json .Text}},"ack":{{json .Acknowledge}},"view":{{json .View}}}`,
		"secret":  apiKey, "success": "200, 201-204",
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: gateway})
	notifytest.Exercise(t, httpreq.New(notify.Deps{HTTP: notifytest.Client()}), notifytest.World{
		Settings: settings(peer.URL), Secrets: []string{apiKey, url.QueryEscape(apiKey)}, Set: peer.Set, Received: peer.Received, MaxTitle: 200,
	})
}

func TestGetWithEverythingInTheAddress(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	peer := notifytest.NewPeer(t, &notifytest.Peer{Accept: func(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
		if len(body) > 0 {
			t.Errorf("a GET had a body: %q", body)
		}
		got <- r
		return notifytest.Received{}, notifytest.Reply{Body: "OK"}
	}})
	c := httpreq.New(notify.Deps{HTTP: notifytest.Client()})
	s := map[string]string{"method": "get", "url": peer.URL + "/sms?text={{.Short | cut 160 | urlquery}}"}
	m := notifytest.Page()
	m.Title = "a&b=c #d ../e"
	if _, err := c.Send(t.Context(), notifytest.Delivery(notifytest.World{Settings: s}, m)); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.Method != "GET" || !strings.Contains(r.URL.Query().Get("text"), "a&b=c #d ../e") {
		t.Errorf("%s %s", r.Method, r.URL)
	}
}

func TestCheckFindsWhatCannotWork(t *testing.T) {
	t.Parallel()
	c := httpreq.New(notify.Deps{})
	cases := map[string]struct{ field, value, want string }{
		"unclosed":          {"body", "{{.Title", "body: line 1"},
		"second line":       {"body", "a\n{{.Nope}}", "body: line 2"},
		"unknown field":     {"url", "https://a.example/{{.Nope}}", "url: line 1"},
		"unknown function":  {"headers", "X-A: {{env \"HOME\"}}", "headers: line 1"},
		"method":            {"method", "CONNECT", "method"},
		"success word":      {"success", "ok", "success"},
		"success range":     {"success", "299-200", "success"},
		"success redirect?": {"success", "100", "success"},
		"host template":     {"url", "https://{{.Title}}/x", "url"},
		"host end":          {"url", "https://a.example{{.Title}}", "url"},
		"port template":     {"url", "https://a.example:{{.Title}}/", "url"},
		"user":              {"url", "https://ana:pw@a.example/{{.ID}}", "url"},
		"scheme":            {"url", "gopher://a.example/{{.ID}}", "url"},
		"host header":       {"headers", "Host: {{.Title}}", "Host"},
		"integer loop":      {"body", "{{range 1000000000}}{{end}}", "range"},
		"nested loop":       {"body", "{{range .Folded}}{{range $.Folded}}x{{end}}{{end}}", "range"},
		"hidden loop":       {"body", "{{if true}}{{with .ID}}x{{else}}{{range 9}}{{end}}{{end}}{{end}}", "range"},
		"define":            {"body", `{{define "a"}}{{template "a"}}{{end}}`, "define"},
		"recursion":         {"body", `{{template "body"}}`, "define"},
		"wide":              {"body", `{{printf "%999999999d" 1}}`, "printf"},
		"star":              {"body", `{{printf "%*d" 999999999 1}}`, "printf"},
		"precise":           {"body", `{{printf "%.999999999f" 1.0}}`, "printf"},
		"index verb":        {"body", `{{printf "%[1]*d" 999999999}}`, "printf"},
		"doubling":          {"body", `{{$x := "0123456789abcdef"}}` + strings.Repeat(`{{$x = print $x $x}}`, 40), "makes more"},
		"call":              {"body", `{{call .Title}}`, "call"},
		"too long":          {"body", strings.Repeat("x", 20000), "longer"},
	}
	for name, tc := range cases {
		s := map[string]string{"url": "https://a.example/"}
		s[tc.field] = tc.value
		if err := c.Check(s); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), tc.field) {
			t.Errorf("%s: got %v, want an error on %s about %q", name, err, tc.field, tc.want)
		}
	}
	good := []map[string]string{
		{"url": "https://a.example"}, {"url": "env:SMS_URL", "secret": "file:/run/secrets/sms", "headers": "Authorization: env:SMS_AUTH"},
		{"url": "https://a.example/?q={{urlquery .Text}}", "body": `{{range .Folded}}{{.}}{{end}}{{printf "[%5.2s]" .Title}}{{xml .Body}}{{upper .Kind}}`},
	}
	for _, s := range good {
		if err := c.Check(s); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func TestSuccessCodes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		success   string
		status    int
		ok, final bool
	}{
		{"", 204, true, false}, {"200", 204, false, true}, {"200", 503, false, false}, {"404", 404, true, false}, {"", 302, false, true},
	}
	for _, tc := range cases {
		peer := notifytest.NewPeer(t, &notifytest.Peer{Refusal: notifytest.Reply{Status: tc.status}})
		peer.Set(notifytest.Mood{Kind: notifytest.Refuse})
		s := map[string]string{"url": peer.URL, "success": tc.success}
		_, err := httpreq.New(notify.Deps{HTTP: notifytest.Client()}).Send(t.Context(), notifytest.Delivery(notifytest.World{Settings: s}, notifytest.Page()))
		if (err == nil) != tc.ok || (err != nil && notify.AsFailure(err).Permanent != tc.final) {
			t.Errorf("%q and %d: %v", tc.success, tc.status, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("https://a.example/{{.ID}}", "{{json .Text}}", "X-A: {{.Title}}")
	f.Add("https://a.example/", `{{range .Folded}}{{.}}{{end}}`, "")
	f.Add("https://a.example/{{printf \"%5s\" .Title}}", `{{$x := print .Body .Body}}{{$x}}`, "X: {{html .Body}}")
	c := httpreq.New(notify.Deps{})
	f.Fuzz(func(t *testing.T, address, body, headers string) {
		s := map[string]string{"url": address, "body": body, "headers": headers}
		err := c.Check(s)
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
