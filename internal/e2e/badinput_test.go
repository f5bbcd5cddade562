package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tocsin/internal/core/alert"
)

// refusal says whether an answer has the vendor's shape of an error.
type refusal func(a Answer) error

func jsonOf(a Answer, into any) error {
	if ct := a.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		return fmt.Errorf("Content-Type is %q", ct)
	}
	return json.Unmarshal([]byte(a.Body), into)
}

// pagerDutyRefusal is {status, message, errors}: clients show errors to people.
func pagerDutyRefusal(a Answer) error {
	var v struct {
		Status, Message string
		Errors          []string
	}
	if err := jsonOf(a, &v); err != nil {
		return err
	}
	if v.Status != "invalid event" || v.Message == "" || len(v.Errors) == 0 || v.Errors[0] == "" {
		return fmt.Errorf("not PagerDuty's shape")
	}
	return nil
}

// alertmanagerRefusal is go-openapi's {code, message}.
func alertmanagerRefusal(a Answer) error {
	var v struct {
		Code    int
		Message string
	}
	if err := jsonOf(a, &v); err != nil {
		return err
	}
	if v.Code == 0 || v.Message == "" {
		return fmt.Errorf("not Alertmanager's shape")
	}
	return nil
}

// ownRefusal is {error, fields}, for formats whose senders read no body.
func ownRefusal(a Answer) error {
	var v struct{ Error string }
	if err := jsonOf(a, &v); err != nil {
		return err
	}
	if v.Error == "" {
		return fmt.Errorf("does not say what is wrong")
	}
	return nil
}

// doorway is one way in, with a request that is good. The word "sound" in it is
// where strange text goes, and the words of enums stand for themselves.
type doorway struct {
	name, path, good string
	accepted         int
	refusal          refusal
	// wrong are bodies that must be refused beyond those that every doorway
	// refuses, by what is wrong with them.
	wrong map[string]string
	// tooBig is the status for 10 MB.
	tooBig int
}

const badKey = "0123456789abcdef0123456789abcdef"

func doorways() []doorway {
	pd := `{"routing_key":"` + badKey + `","event_action":"trigger","dedup_key":"KEY","payload":{"summary":"sound","source":"web1","severity":"critical"}}`
	change := `{"routing_key":"` + badKey + `","payload":{"summary":"sound","source":"ci","timestamp":"2026-01-01T00:00:00Z"}}`
	am := `[{"labels":{"alertname":"KEY"},"annotations":{"summary":"sound"}}]`
	hook := `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"KEY"},"annotations":{"summary":"sound"}}]}`
	swap := func(s, old, now string) string {
		if !strings.Contains(s, old) {
			panic("the sample has no " + old)
		}
		return strings.Replace(s, old, now, 1)
	}
	return []doorway{
		{"pagerduty", "/v2/enqueue", pd, http.StatusAccepted, pagerDutyRefusal, map[string]string{
			"a number as summary": swap(pd, `"sound"`, `5`), "a list as payload": swap(pd, `{"summary"`, `[{"summary"`)[:len(pd)] + `]}`,
			"an unknown severity": swap(pd, "critical", "loud"), "an unknown action": swap(pd, "trigger", "explode"),
			"no summary": swap(pd, `"summary":"sound",`, ``), "an unknown key": swap(pd, badKey, strings.Repeat("f", 32)),
		}, http.StatusRequestEntityTooLarge},
		{"pagerduty changes", "/v2/change/enqueue", change, http.StatusAccepted, pagerDutyRefusal, map[string]string{
			"a number as summary": swap(change, `"sound"`, `5`), "no payload": `{"routing_key":"` + badKey + `"}`,
		}, http.StatusRequestEntityTooLarge},
		{"alertmanager", "/in/am-key/api/v2/alerts", am, http.StatusOK, alertmanagerRefusal, map[string]string{
			"a number as annotation": swap(am, `"sound"`, `5`), "an object instead of a list": `{"labels":{"alertname":"KEY"}}`,
			"no labels": `[{"annotations":{"summary":"sound"}}]`, "a word as time": `[{"labels":{"alertname":"KEY"},"startsAt":"yesterday"}]`,
		}, http.StatusRequestEntityTooLarge},
		{"alertmanager webhook", "/in/hook-key/alertmanager-webhook", hook, http.StatusOK, ownRefusal, map[string]string{
			"a number as annotation": swap(hook, `"sound"`, `5`), "an unknown status": swap(hook, `"status":"firing","labels"`, `"status":"exploding","labels"`),
		}, http.StatusRequestEntityTooLarge},
		{"grafana", "/in/graf-key/grafana", hook, http.StatusOK, ownRefusal, map[string]string{
			"a number as annotation": swap(hook, `"sound"`, `5`), "an unknown status": swap(hook, `"status":"firing","labels"`, `"status":"exploding","labels"`),
		}, http.StatusRequestEntityTooLarge},
		{"generic webhook", "/in/json-key", `{"summary":"sound","status":"firing","dedup_key":"KEY"}`, http.StatusOK, ownRefusal, nil, http.StatusRequestEntityTooLarge},
	}
}

// bad are the bodies that this doorway must refuse.
func (d doorway) bad() map[string]string {
	all := map[string]string{
		"half a JSON":  d.good[:len(d.good)/2],
		"binary":       "\x00\x01\x02\xff",
		"a bare brace": "{",
	}
	if d.name != "alertmanager" { // it reads the first value and no further; so do we
		all["two values"] = d.good + d.good
	}
	for what, body := range d.wrong {
		all[what] = body
	}
	return all
}

const badPlan = `
channels:
  ops: {webhook: {url: "%s"}}
policies:
  all: {steps: [{notify: channel/ops}]}
services:
  all: {policy: all}
integrations:
  pd: {type: pagerduty, service: all, key: ` + badKey + `}
  am: {type: alertmanager, service: all, key: am-key}
  hook: {type: alertmanager-webhook, service: all, key: hook-key}
  graf: {type: grafana, service: all, key: graf-key}
  json: {type: webhook, service: all, key: json-key}
heartbeats:
  backup: {service: all, every: 1h, grace: 10m}
route: {group_by: ['...']}
`

// TestBadInput sends every doorway what no sender should send. The answer is an
// error in the vendor's own shape, nothing of it is written, and the next good
// request is taken.
func TestBadInput(t *testing.T) {
	t.Parallel()
	ops := StartReceiver(t)
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: fmt.Sprintf(badPlan, ops.URL)})
	for _, d := range doorways() {
		for what, body := range d.bad() {
			got := tocsin.Post(d.path, "application/json", []byte(strings.ReplaceAll(body, "KEY", "never")))
			if got.Status < 400 || got.Status > 422 {
				t.Errorf("%s, %s: answers %d %s", d.name, what, got.Status, got.Body)
			} else if err := d.refusal(got); err != nil {
				t.Errorf("%s, %s: %v: %d %s", d.name, what, err, got.Status, got.Body)
			}
		}
		big := strings.Replace(strings.ReplaceAll(d.good, "KEY", "never"), "sound", strings.Repeat("x", 10<<20), 1)
		got := tocsin.Post(d.path, "application/json", []byte(big))
		if err := d.refusal(got); got.Status != d.tooBig || err != nil {
			t.Errorf("%s, 10 MB: answers %d %s (%v)", d.name, got.Status, got.Body, err)
		}
		tocsin.Alive()
	}
	if got := tocsin.Post("/heartbeat/nobody", "", []byte("x")); got.Status != http.StatusNotFound {
		t.Errorf("a ping of nobody: %d %s", got.Status, got.Body)
	}
	if got := tocsin.Post("/heartbeat/backup", "", []byte("{\xff")); got.Status != http.StatusOK {
		t.Errorf("a ping with a strange body: %d %s", got.Status, got.Body)
	}
	acceptStrange(t, tocsin)
	tocsin.Stop()
	checkStrange(t, ReadLedger(t, sqliteIn(dir)))
}

// acceptStrange sends what is odd and yet says enough: text that is not UTF-8,
// clocks that are far off. A page must not be lost over them.
func acceptStrange(t *testing.T, tocsin *Tocsin) {
	t.Helper()
	for _, d := range doorways() {
		for i, text := range []string{"sound", "br\xff\xfeken \x00", strings.Repeat("é", 3000)} {
			body := strings.Replace(strings.ReplaceAll(d.good, "KEY", fmt.Sprintf("strange-%d", i)), "sound", text, 1)
			body = strings.ReplaceAll(body, "\x00", `\u0000`)
			if got := tocsin.Post(d.path, "application/json", []byte(body)); got.Status != d.accepted {
				t.Errorf("%s, text %.10q: answers %d %s", d.name, text, got.Status, got.Body)
			}
		}
	}
	for i, at := range []string{"1970-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"} {
		clock := fmt.Sprintf("clock-%d", i)
		pd := fmt.Sprintf(`{"routing_key":%q,"event_action":"trigger","dedup_key":%q,"payload":{"summary":"sound","source":"web1","severity":"critical","timestamp":%q}}`, badKey, clock, at)
		if got := tocsin.Post("/v2/enqueue", "application/json", []byte(pd)); got.Status != http.StatusAccepted {
			t.Errorf("pagerduty, clock at %s: answers %d %s", at, got.Status, got.Body)
		}
		am := fmt.Sprintf(`[{"labels":{"alertname":%q},"annotations":{"summary":"sound"},"startsAt":%q}]`, clock, at)
		if got := tocsin.Post("/in/am-key/api/v2/alerts", "application/json", []byte(am)); got.Status != http.StatusOK {
			t.Errorf("alertmanager, clock at %s: answers %d %s", at, got.Status, got.Body)
		}
	}
	tocsin.Alive()
}

func checkStrange(t *testing.T, l Ledger) {
	t.Helper()
	have := map[string]int{}
	for _, a := range l.Alerts {
		have[a.Integration]++
		name := a.DedupKey + " " + a.Labels["alertname"]
		if strings.Contains(name, "never") {
			t.Errorf("a refused request left alert %+v", a)
		}
		if !utf8.ValidString(a.Summary) || strings.Contains(a.Summary, "\x00") {
			t.Errorf("summary %q is on disk", a.Summary)
		}
		if off := a.ReceivedAt.Sub(a.StartsAt); off < 0 || off > 11*365*24*time.Hour {
			t.Errorf("%s: began at %s, received at %s", name, a.StartsAt, a.ReceivedAt)
		}
	}
	for integration, want := range map[string]int{"pd": 6, "am": 6, "hook": 3, "graf": 3, "json": 3} {
		if have[integration] != want {
			t.Errorf("integration %s has %d alerts, want %d: %v", integration, have[integration], want, summaries(l.alertsOf(integration)))
		}
	}
}

func summaries(list []*alert.State) []string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %.20q", a.DedupKey, a.Summary))
	}
	slices.Sort(out)
	return out
}
