package intaketest

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Patience is how long a test waits for a real program.
const Patience = 30 * time.Second

// Alertmanager runs Debian's Alertmanager on a loopback port until the test
// ends and returns its address. Where none is installed the test is skipped,
// unless TOCSIN_REQUIRE_ALERTMANAGER is set.
func Alertmanager(t *testing.T, config string) (base string) {
	t.Helper()
	binary, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv("TOCSIN_REQUIRE_ALERTMANAGER") != "" {
			t.Fatal(err)
		}
		t.Skip("no Alertmanager is installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "--config.file="+file, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	base = "http://" + addr
	Eventually(t, "the Alertmanager answers", func() bool {
		resp, err := http.Get(base + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return base
}

// Eventually waits until a claim about another program holds.
func Eventually(t *testing.T, claim string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(Patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s in vain: %s", Patience, claim)
		}
	}
}
