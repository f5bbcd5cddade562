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

// receivers are the two ways in which an Alertmanager can notify us.
func receivers() []receiver {
	return []receiver{
		{amwebhook.New(), "hook-key-1", "webhook_configs: [{url: '%s/in/hook-key-1/alertmanager-webhook', send_resolved: true}]"},
		{pagerduty.New(), pagerdutyKey, "pagerduty_configs: [{url: '%s/v2/enqueue', routing_key: " + pagerdutyKey + ", send_resolved: true}]"},
	}
}

type receiver struct {
	format intake.Format
	key    string
	config string
}

// start runs an Alertmanager that notifies a door of ours.
func (r receiver) start(t *testing.T, interval string, d *intaketest.Door) (am string) {
	t.Helper()
	d.Keys = map[string]*plan.Integration{r.key: {ID: "am", Type: r.format.Name}}
	us := httptest.NewServer(intaketest.Mux(r.format, d))
	t.Cleanup(us.Close)
	return intaketest.Alertmanager(t, "route: {receiver: tocsin, group_wait: 10ms, group_interval: "+interval+"}\nreceivers:\n- name: tocsin\n  "+fmt.Sprintf(r.config, us.URL)+"\n")
}

func TestRealAlertmanagerTriggersAndResolves(t *testing.T) {
	t.Parallel()
	for _, r := range receivers() {
		t.Run(r.format.Name, func(t *testing.T) {
			t.Parallel()
			d := &intaketest.Door{}
			am := r.start(t, "100ms", d)
			post(t, am, `[{"labels":{"alertname":"CheckoutDown","instance":"web1"}}]`)
			intaketest.Eventually(t, "the alert comes through", func() bool { return len(d.Signals()) >= 1 })
			post(t, am, `[{"labels":{"alertname":"CheckoutDown","instance":"web1"},"startsAt":"2020-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:01Z"}]`)
			intaketest.Eventually(t, "its end comes through", func() bool { return len(d.Signals()) >= 2 })
			got := d.Signals()
			if got[0].Action != signal.Trigger || got[1].Action != signal.Resolve || got[0].DedupKey != got[1].DedupKey {
				t.Errorf("signals %+v", got)
			}
		})
	}
}

// The group's next round is ten minutes away, so the alert can only come
// through a busy door if our answer makes the Alertmanager send again.
func TestRealAlertmanagerSendsAgainAfterBusy(t *testing.T) {
	t.Parallel()
	for _, r := range receivers() {
		t.Run(r.format.Name, func(t *testing.T) {
			t.Parallel()
			d := &intaketest.Door{}
			d.BusyFor(2)
			post(t, r.start(t, "10m", d), `[{"labels":{"alertname":"CheckoutDown","instance":"web1"}}]`)
			intaketest.Eventually(t, "the alert comes through a door that was busy", func() bool { return len(d.Signals()) >= 1 })
			if d.TurnedAway() != 2 {
				t.Errorf("the busy door turned away %d requests, want 2", d.TurnedAway())
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
