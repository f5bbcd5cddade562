package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// exporter is a shop that says whether it is up.
func exporter(t *testing.T) (address string, up *atomic.Bool) {
	up = new(atomic.Bool)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		value := 0
		if up.Load() {
			value = 1
		}
		_, _ = fmt.Fprintf(w, "# TYPE shop_up gauge\nshop_up %d\n", value)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://"), up
}

const shopRules = `
groups:
- name: shop
  rules:
  - alert: ShopDown
    expr: shop_up == 0
    labels: {severity: critical, area: money}
    annotations: {summary: "The shop takes no orders at {{ $labels.instance }}"}
`

// TestPrometheusPagesAndIsAcknowledgedByLink is the whole thread with a real
// Prometheus: rule, page, answer by link, recovery.
func TestPrometheusPagesAndIsAcknowledgedByLink(t *testing.T) {
	t.Parallel()
	program(t, "prometheus")
	target, up := exporter(t)
	ana, bo := StartReceiver(t), StartReceiver(t)
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: fmt.Sprintf(`
users:
  ana: {name: Ana (sample), contacts: [{webhook: {url: "%s"}}]}
  bo: {name: Bo (sample), contacts: [{webhook: {url: "%s"}}]}
policies:
  shop: {steps: [{notify: user/ana}, {after: 20s, notify: user/bo}]}
services:
  shop: {policy: shop}
integrations:
  prometheus: {type: alertmanager, service: shop, key: prom-key-1}
route: {group_by: [alertname]}
fallback: user/bo
`, ana.URL, bo.URL)})
	StartPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
rule_files: [%q]
scrape_configs: [{job_name: shop, static_configs: [{targets: [%q]}]}]
alerting:
  alertmanagers:
    - authorization: {credentials: prom-key-1}
      static_configs: [{targets: [%q]}]
`, write(t, "rules.yml", shopRules), target, strings.TrimPrefix(tocsin.URL(), "http://")))

	told := ana.Wait("the page", isKind("page"))
	if !strings.Contains(told.Title, "The shop takes no orders at "+target) || told.User != "ana" || told.Page == "" {
		t.Fatalf("the page says %s", told.Body)
	}
	// A mail scanner follows links; only a person presses the button.
	if got := fetch(t, http.MethodGet, told.Links.Acknowledge); got.Status != http.StatusOK {
		t.Fatalf("GET of the link: %d %s", got.Status, got.Body)
	}
	if got := fetch(t, http.MethodPost, told.Links.Acknowledge); got.Status != http.StatusOK || !strings.Contains(got.Body, "You have it") {
		t.Fatalf("POST of the link: %d %s", got.Status, got.Body)
	}
	up.Store(true)
	over := ana.Wait("the end", isKind("resolved"))
	if over.Page != told.Page {
		t.Errorf("the end names page %s, the page was %s", over.Page, told.Page)
	}
	tocsin.Stop()
	if n := len(bo.Got()); n != 0 {
		t.Errorf("bo was told %d times though ana had it: %s", n, bo.titles())
	}
	checkThread(t, ReadLedger(t, sqliteIn(dir)), told)
}

func checkThread(t *testing.T, l Ledger, told Delivery) {
	t.Helper()
	if len(l.Alerts) != 1 || len(l.Pages) != 1 {
		t.Fatalf("%d alerts and %d pages, want one of each", len(l.Alerts), len(l.Pages))
	}
	a, p := l.Alerts[0], l.Pages[0]
	if a.Status != alert.Resolved || a.Labels["alertname"] != "ShopDown" || a.Count < 1 {
		t.Errorf("alert %+v", a)
	}
	if p.ID != told.Page || p.Status != page.Resolved || p.AckedBy != "Ana (sample)" || p.AckedAt.IsZero() {
		t.Errorf("page %+v", p)
	}
	acks := 0
	for _, e := range l.Entries {
		if e.Subject == p.ID && e.Kind == (page.Acked{}).FactKind() {
			acks++
			if e.Actor.ID != "ana" || e.Actor.Via != "link" {
				t.Errorf("acknowledged by %+v", e.Actor)
			}
		}
	}
	if acks != 1 {
		t.Errorf("acknowledged %d times, want once, by the POST; the journal says:\n%s", acks, strings.Join(l.said(p.ID), "\n"))
	}
	for _, n := range l.Notes {
		if n.Outcome != notification.OutcomeAccepted {
			t.Errorf("message %s (%s) ended %q", n.ID, n.Kind, n.Outcome)
		}
	}
}

// fetch asks as a program does: for plain words.
func fetch(t testing.TB, method, url string) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/plain")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(body)}
}

// TestAlertmanagerFansIn keeps an Alertmanager in front: both of its ways to
// tell us make one alert each, with the right life.
func TestAlertmanagerFansIn(t *testing.T) {
	t.Parallel()
	program(t, "prometheus-alertmanager", "alertmanager")
	ana := StartReceiver(t)
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: fmt.Sprintf(`
channels:
  ana: {webhook: {url: "%s"}}
policies:
  shop: {steps: [{notify: channel/ana}]}
services:
  shop: {policy: shop}
integrations:
  events: {type: pagerduty, service: shop, key: 0123456789abcdef0123456789abcdef}
  hook: {type: alertmanager-webhook, service: shop, key: hook-key-1}
route: {group_by: [integration]}
`, ana.URL)})
	am := StartAlertmanager(t, fmt.Sprintf(`
route: {receiver: tocsin, group_by: ['...'], group_wait: 10ms, group_interval: 200ms}
receivers:
- name: tocsin
  pagerduty_configs: [{url: "%[1]s/v2/enqueue", routing_key: 0123456789abcdef0123456789abcdef, send_resolved: true}]
  webhook_configs: [{url: "%[1]s/in/hook-key-1/alertmanager-webhook", send_resolved: true}]
`, tocsin.URL()))

	fire := func(body string) {
		t.Helper()
		if got, err := post(t.Context(), am+"/api/v2/alerts", "application/json", []byte(body)); err != nil || got.Status != http.StatusOK {
			t.Fatalf("the Alertmanager answers %d %s %v", got.Status, got.Body, err)
		}
	}
	fire(`[{"labels":{"alertname":"CheckoutDown","instance":"web1","severity":"critical"},"annotations":{"summary":"Checkout is down"}}]`)
	count := func(kind string) (n int) {
		for _, d := range ana.Got() {
			if d.Kind == kind {
				n++
			}
		}
		return n
	}
	Eventually(t, "a page by each way", func() bool { return count("page") == 2 })
	fire(fmt.Sprintf(`[{"labels":{"alertname":"CheckoutDown","instance":"web1","severity":"critical"},"endsAt":%q}]`, time.Now().Format(time.RFC3339Nano)))
	Eventually(t, "an end by each way", func() bool { return count("resolved") == 2 })
	tocsin.Stop()

	l := ReadLedger(t, sqliteIn(dir))
	for _, integration := range []string{"events", "hook"} {
		list := l.alertsOf(integration)
		if len(list) != 1 {
			t.Errorf("integration %s made %d alerts, want 1", integration, len(list))
			continue
		}
		if a := list[0]; a.Status != alert.Resolved || a.ResolvedAt.Before(a.ReceivedAt) || a.Severity == "" {
			t.Errorf("integration %s: %+v", integration, a)
		}
	}
	if slices.ContainsFunc(l.Pages, (*page.State).Open) || len(l.Pages) != 2 {
		t.Errorf("%d pages, want two that are over", len(l.Pages))
	}
}
