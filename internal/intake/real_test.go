package intake_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/amwebhook"
	"tocsin/internal/intake/intaketest"
	"tocsin/internal/intake/pagerduty"
)

const pagerdutyKey = "0123456789abcdef0123456789abcdef"

// TestRealAlertmanagerIsHeard lets a real Alertmanager notify us by both of its
// receivers while the door is busy at first: it must send again by itself.
func TestRealAlertmanagerIsHeard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format   intake.Format
		key      string
		receiver string
	}{
		{amwebhook.New(), "hook-key-1", "webhook_configs: [{url: '%s/in/hook-key-1/alertmanager-webhook', send_resolved: true}]"},
		{pagerduty.New(), pagerdutyKey, "pagerduty_configs: [{url: '%s/v2/enqueue', routing_key: " + pagerdutyKey + ", send_resolved: true}]"},
	} {
		t.Run(c.format.Name, func(t *testing.T) {
			t.Parallel()
			d := &intaketest.Door{Keys: map[string]*plan.Integration{c.key: {ID: "am", Type: c.format.Name}}}
			d.BusyFor(2)
			us := httptest.NewServer(intaketest.Mux(c.format, d))
			t.Cleanup(us.Close)
			am := intaketest.Alertmanager(t, "route: {receiver: tocsin, group_wait: 10ms, group_interval: 100ms}\nreceivers:\n- name: tocsin\n  "+fmt.Sprintf(c.receiver, us.URL)+"\n")
			post(t, am, `[{"labels":{"alertname":"CheckoutDown","instance":"web1"}}]`)
			intaketest.Eventually(t, "the alert comes through a door that was busy", func() bool { return len(d.Signals()) >= 1 })
			if d.TurnedAway() != 2 {
				t.Errorf("the busy door turned away %d requests, want 2", d.TurnedAway())
			}
			post(t, am, `[{"labels":{"alertname":"CheckoutDown","instance":"web1"},"startsAt":"2020-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:01Z"}]`)
			intaketest.Eventually(t, "its end comes through", func() bool { return len(d.Signals()) >= 2 })
			got := d.Signals()
			if got[0].Action != signal.Trigger || got[1].Action != signal.Resolve || got[0].DedupKey != got[1].DedupKey {
				t.Errorf("signals %+v", got)
			}
		})
	}
}

func post(t *testing.T, base, body string) {
	t.Helper()
	resp, err := http.Post(base+"/api/v2/alerts", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the Alertmanager answers %d", resp.StatusCode)
	}
}
