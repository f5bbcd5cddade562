package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// readyBound is far above the promised second: the machine may be busy with
// other tests. docs/benchmarks.md has the figures of a quiet one.
const readyBound = 5 * time.Second

// TestReadySoon measures the way from exec to the first "ready", on an empty
// database and on one that has seen 10,000 alerts.
func TestReadySoon(t *testing.T) {
	t.Parallel()
	const alerts, batch = 10_000, 250
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: `
integrations:
  prometheus: {type: alertmanager, key: prom-key-1}
route: {no_page: true, group_by: [alertname]}
`})
	empty := restart(tocsin)
	for first := 0; first < alerts; first += batch {
		var list []map[string]any
		for i := first; i < first+batch; i++ {
			list = append(list, map[string]any{"labels": map[string]string{"alertname": fmt.Sprintf("Ready%d", i%200), "instance": fmt.Sprintf("web%d", i), "severity": "warning"},
				"annotations": map[string]string{"summary": "one of many"}, "endsAt": time.Now().Add(time.Hour).Format(time.RFC3339)})
		}
		body, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if got := tocsin.Post("/in/prom-key-1/api/v2/alerts", "application/json", body); got.Status != http.StatusOK {
			t.Fatalf("answers %d %s", got.Status, got.Body)
		}
	}
	full := restart(tocsin)
	tocsin.Stop()
	t.Logf("from exec to ready: %s on an empty database, %s with %d open alerts", empty.Round(time.Millisecond), full.Round(time.Millisecond), alerts)
	if empty > readyBound || full > readyBound {
		t.Errorf("ready after %s empty and %s full, want less than %s", empty, full, readyBound)
	}
	if l := ReadLedger(t, sqliteIn(dir)); len(l.Alerts) != alerts {
		t.Errorf("%d alerts on disk, want %d", len(l.Alerts), alerts)
	}
}

func restart(x *Tocsin) time.Duration {
	x.t.Helper()
	x.Stop()
	return x.Start()
}

// TestDemoStarts plays the guided incident of `tocsin demo` without a browser.
func TestDemoStarts(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if help, err := exec.Command(path, "demo", "--help").CombinedOutput(); err != nil || !bytes.Contains(help, []byte("--check")) {
		t.Skip("this binary has no `demo --check` yet")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "demo", "--check")
	cmd.Dir, cmd.Env = t.TempDir(), cleanEnv()
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(string(out), "\n")
		t.Fatalf("demo --check: %v\n%s", err, strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}
