package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen. It is far
// beyond what is promised: the machine may be busy with other tests.
const patience = 45 * time.Second

var workshop = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "tocsin-e2e-") })

// binary is the real program, built once for all tests of a run, or the one
// that TOCSIN_E2E_BINARY names.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TOCSIN_E2E_BINARY"); path != "" {
		return path, nil
	}
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tocsin")
	if out, err := exec.Command("go", "build", "-o", path, "tocsin").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := workshop(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// Tocsin is a server in a process of its own. After a kill it can be started
// again on the same data, at another address.
type Tocsin struct {
	t    testing.TB
	args []string
	log  *logBook

	mu   sync.Mutex
	url  string
	cmd  *exec.Cmd
	over chan error // the present process's end
}

// Setup says how to start it. Only Plan is needed.
type Setup struct {
	Plan        string // YAML of the plan folder's only file
	DatabaseURL string // PostgreSQL instead of SQLite in DataDir
	DataDir     string // a fresh folder if empty
	Flags       []string
}

// StartTocsin starts the real binary on a plan and waits until it is ready. It
// is stopped when the test ends.
func StartTocsin(t testing.TB, s Setup) *Tocsin {
	t.Helper()
	if s.DataDir == "" {
		s.DataDir = t.TempDir()
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "plan.yaml"), []byte(s.Plan), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", s.DataDir, "--plan", folder, "--allow-network", "127.0.0.0/8", "--log-format", "json"}
	if s.DatabaseURL != "" {
		args = append(args, "--database-url", s.DatabaseURL)
	}
	x := &Tocsin{t: t, args: append(args, s.Flags...), log: newLogBook()}
	t.Cleanup(func() {
		x.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the end of Tocsin's log:\n%s", x.log.tail(60))
		}
	})
	x.Start()
	return x
}

// Start starts the process (again) and returns how long it took until it was
// ready to take an event.
func (x *Tocsin) Start() time.Duration {
	x.t.Helper()
	path, err := binary()
	if err != nil {
		x.t.Fatal(err)
	}
	began := time.Now()
	cmd := exec.Command(path, x.args...)
	cmd.Env = cleanEnv()
	out, err := cmd.StderrPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		x.t.Fatalf("start Tocsin: %v", err)
	}
	over := make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		x.log.copy(out, ready)
		over <- cmd.Wait()
		close(over)
	}()
	x.mu.Lock()
	x.cmd, x.over = cmd, over
	x.mu.Unlock()
	select {
	case url := <-ready:
		x.mu.Lock()
		x.url = url
		x.mu.Unlock()
	case err := <-over:
		x.t.Fatalf("Tocsin ended before it was ready: %v\n%s", err, x.log.tail(30))
	case <-time.After(patience):
		x.t.Fatalf("Tocsin is not ready after %s\n%s", patience, x.log.tail(30))
	}
	Eventually(x.t, "Tocsin says that it is ready", func() bool { return x.status("/-/ready") == http.StatusOK })
	return time.Since(began)
}

// cleanEnv is the environment without settings of a Tocsin that the developer
// runs.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TOCSIN_") {
			env = append(env, kv)
		}
	}
	return env
}

// URL is the present process's address.
func (x *Tocsin) URL() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.url
}

// Kill ends it as a power cut does.
func (x *Tocsin) Kill() { x.end(syscall.SIGKILL) }

// Stop ends it as an operator does, and fails the test if it does not end well.
func (x *Tocsin) Stop() {
	x.t.Helper()
	if err := x.end(syscall.SIGTERM); err != nil {
		x.t.Errorf("Tocsin did not stop cleanly: %v", err)
	}
}

func (x *Tocsin) end(how syscall.Signal) error {
	x.mu.Lock()
	cmd, over := x.cmd, x.over
	x.cmd = nil
	x.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-over:
		return err
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-over
		return fmt.Errorf("still running %s after %s", patience, how)
	}
}

// Alive fails the test if the process is gone.
func (x *Tocsin) Alive() {
	x.t.Helper()
	x.mu.Lock()
	over := x.over
	x.mu.Unlock()
	select {
	case err := <-over:
		x.t.Fatalf("Tocsin died: %v\n%s", err, x.log.tail(40))
	default:
	}
	if got := x.status("/-/healthy"); got != http.StatusOK {
		x.t.Fatalf("/-/healthy answers %d", got)
	}
}

func (x *Tocsin) status(path string) int {
	resp, err := client.Get(x.URL() + path)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

// client follows nothing and gives up where a sender would.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// Answer is what Tocsin said.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Post sends a body and fails the test only if there is no answer at all.
func (x *Tocsin) Post(path, contentType string, body []byte) Answer {
	x.t.Helper()
	a, err := post(context.Background(), x.URL()+path, contentType, body)
	if err != nil {
		x.t.Fatalf("POST %s: %v", path, err)
	}
	return a
}

func post(ctx context.Context, url, contentType string, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, string(text)}, err
}

// logBook keeps the last lines of a log and listens for "ready".
type logBook struct {
	mu    sync.Mutex
	lines []string
}

func newLogBook() *logBook { return &logBook{} }

func (l *logBook) copy(r io.Reader, ready chan<- string) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			l.add(strings.TrimRight(line, "\n"))
			var entry struct{ Msg, URL string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "ready" {
				select {
				case ready <- entry.URL:
				default:
				}
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *logBook) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= 2000 {
		l.lines = append(l.lines[:0], l.lines[1000:]...)
	}
	l.lines = append(l.lines, line)
}

func (l *logBook) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-n):], "\n")
}

// Eventually waits until a claim about another process holds.
func Eventually(t testing.TB, claim string, holds func() bool) {
	t.Helper()
	if !within(patience, holds) {
		t.Fatalf("waited %s in vain: %s", patience, claim)
	}
}

func within(limit time.Duration, holds func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			return holds()
		}
	}
	return true
}
