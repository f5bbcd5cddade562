package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// required says that a missing program is a failure: in CI, where it was
// installed.
func required() bool { return os.Getenv("TOCSIN_REQUIRE") == "1" }

// missing skips the test, or fails it where the program is required.
func missing(t testing.TB, what string) {
	t.Helper()
	if required() {
		t.Fatalf("%s is required by TOCSIN_REQUIRE=1 and is not here", what)
	}
	t.Skipf("%s is not here", what)
}

// program finds one of Debian's programs.
func program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, names[0])
	return ""
}

// needPostgres skips the test, or fails it, where PostgreSQL is not installed.
func needPostgres(t testing.TB) {
	t.Helper()
	if os.Getenv("TOCSIN_TEST_POSTGRES") != "" {
		return
	}
	if _, err := exec.LookPath("initdb"); err == nil {
		return
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) == 0 {
		missing(t, "PostgreSQL")
	}
}

// run keeps a program running until the test ends, and shows its words when the
// test fails.
func run(t testing.TB, path string, args ...string) {
	t.Helper()
	book := newLogBook()
	cmd := exec.Command(path, args...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	done := make(chan struct{})
	go func() {
		book.copy(out, nil)
		_ = cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), book.tail(30))
		}
	})
}

// write puts a file into a fresh folder and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// StartPrometheus runs Debian's Prometheus on a configuration.
func StartPrometheus(t testing.TB, config string) {
	t.Helper()
	path := program(t, "prometheus")
	run(t, path, "--config.file="+write(t, "prometheus.yml", config), "--storage.tsdb.path="+t.TempDir(),
		"--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=1s", "--log.level=warn")
}

// StartAlertmanager runs Debian's Alertmanager and returns its address.
func StartAlertmanager(t testing.TB, config string) string {
	t.Helper()
	path := program(t, "prometheus-alertmanager", "alertmanager")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	run(t, path, "--config.file="+write(t, "alertmanager.yml", config), "--storage.path="+t.TempDir(), "--web.listen-address="+addr, "--cluster.listen-address=")
	Eventually(t, "the Alertmanager answers", func() bool {
		resp, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + addr
}
