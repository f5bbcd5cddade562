package server

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// started runs a whole server on a folder of its own for as long as the test.
func started(t *testing.T, plan string) *Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Options{Listen: "127.0.0.1:0", DataDir: filepath.Join(dir, "data"), PlanDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	changes := s.engine.Changes(ctx)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	for s.engine.Plan().Version == 0 {
		select {
		case err := <-done:
			t.Fatalf("the server ended: %v", err)
		case <-changes:
		}
	}
	return s
}

func status(t *testing.T, method, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestAHeartbeatWithAKeyIsPingedByItsKeyAlone(t *testing.T) {
	t.Parallel()
	s := started(t, `
services: {shop: {}}
heartbeats:
  open: {service: shop, every: 1d}
  locked: {service: shop, every: 1d, key: a-key-that-nobody-guesses}
`)
	for name, want := range map[string]int{"open": 200, "locked": 404, "a-key-that-nobody-guesses": 200, "nothing": 404} {
		if got := status(t, http.MethodPost, s.URL()+"/heartbeat/"+name); got != want {
			t.Errorf("a ping of %s is answered %d, want %d", name, got, want)
		}
	}
}

// What operators alert on must not be found out by reading the source.
func TestEveryMetricIsInTheOperationsManual(t *testing.T) {
	t.Parallel()
	s := started(t, "services: {shop: {}}\n")
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{"tocsin_notification_attempts_total": true, "tocsin_notification_latency_seconds": true} // born with the first message
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "tocsin_") {
			ours[f.GetName()] = true
		}
	}
	if len(ours) < 10 {
		t.Fatalf("only %d metrics were found", len(ours))
	}
	for name := range ours {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/operations.md does not explain %s", name)
		}
	}
	for _, line := range strings.Split(string(doc), "\n") {
		name, ok := strings.CutPrefix(line, "| `tocsin_")
		if !ok {
			continue
		}
		if name, _, _ = strings.Cut(name, "`"); !ours["tocsin_"+name] {
			t.Errorf("docs/operations.md explains tocsin_%s, which there is not", name)
		}
	}
}
