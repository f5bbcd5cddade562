package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/internal/drill/demoplan"
)

func TestDemoPlanHolds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := layPlan(dir); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	for _, name := range demoplan.Placeholders() {
		vars[name] = "http://127.0.0.1:1/" + name
	}
	r, err := check(dir, vars, false)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK || len(r.Findings)+len(r.Warnings) > 0 || len(r.Scenarios) < 3 {
		t.Errorf("problems %v, warnings %v, findings %v", r.Problems, r.Warnings, r.Findings)
	}
	for _, s := range r.Scenarios {
		if !s.OK {
			t.Errorf("%s: %s", s.Name, s.Report)
		}
	}
}

func TestDemoKeepsAnEditedPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "people.yaml")
	if err := os.WriteFile(path, []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := layPlan(dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "# mine\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestDemoListensToThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:8480", ":8480", "192.0.2.1:8480"} {
		err := runDemo(t.Context(), demoFlags{listen: listen, logLevel: "warn"}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "not a loopback address") {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

// TestDemoCheck goes through the whole guide on the real thing: shop, checks,
// engine, database, link, mail trap.
func TestDemoCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	t.Parallel()
	var out bytes.Buffer
	dir := t.TempDir()
	if err := runDemo(t.Context(), demoFlags{listen: "127.0.0.1:0", dataDir: dir, check: true, logLevel: "warn", seed: 1}, &out, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	rest := out.String()
	for _, step := range []string{"Tocsin is ready", "See that all is well", "Break the shop", "fails softly", "fails hard", "A page is opened", "phone rings", "pressed Acknowledge",
		"An incident is declared", "Heal the shop", "Everybody learns", "All of it came"} {
		_, after, ok := strings.Cut(rest, step)
		if !ok {
			t.Fatalf("%q is missing, or out of order:\n%s", step, out.String())
		}
		rest = after
	}
}

func TestDemoCheckNamesWhatDidNotCome(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // less than a check needs to be sure
	defer cancel()
	err := runDemo(ctx, demoFlags{listen: "127.0.0.1:0", dataDir: t.TempDir(), check: true, logLevel: "error"}, io.Discard, io.Discard)
	if err == nil || !regexp.MustCompile(`a (soft|hard) failure did not come`).MatchString(err.Error()) {
		t.Errorf("got %v", err)
	}
}

// lines is a place to print to while somebody reads.
type lines struct {
	mu    sync.Mutex
	text  strings.Builder
	grown chan struct{}
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		select {
		case l.grown <- struct{}{}:
		default:
		}
	}()
	return l.text.Write(b)
}

func (l *lines) find(t *testing.T, pattern string) []string {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		l.mu.Lock()
		m := regexp.MustCompile(pattern).FindStringSubmatch(l.text.String())
		l.mu.Unlock()
		if m != nil {
			return m
		}
		select {
		case <-l.grown:
		case <-deadline:
			t.Fatalf("%s was not printed", pattern)
		}
	}
}

// startDemo runs a demo until its stop is called, which returns its error.
func startDemo(t *testing.T, f demoFlags) (out *lines, stop func() error) {
	t.Helper()
	out = &lines{grown: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runDemo(ctx, f, out, os.Stderr) }()
	ended := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = ended() })
	return out, ended
}

// TestDemoForAVisitor is what a person does first: open the page, follow the
// button into the pages, stop it.
func TestDemoForAVisitor(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	out, stop := startDemo(t, demoFlags{listen: other.Addr().String(), calm: true, logLevel: "warn"})
	page := out.find(t, `Open\s+(http://127\.0\.0\.1:\d+)/demo`)[1]
	if strings.HasSuffix(page, other.Addr().String()) || !strings.Contains(out.find(t, `(?s)is taken.*Ctrl-C(.*)`)[0], "Everything is removed") {
		t.Error("a port that is taken must be said and got round")
	}

	jar := &cookies{}
	client := &http.Client{Jar: jar}
	if body := get(t, client, page+"/demo"); !strings.Contains(body, "One incident, in about a minute") || !strings.Contains(body, page+"/v2/enqueue") {
		t.Error("the guide is not there")
	}
	resp, err := client.PostForm(page+"/demo/enter", url.Values{"to": {"/oncall"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/oncall" {
		t.Errorf("signing in leads to %s with %d", resp.Request.URL, resp.StatusCode)
	}
	if body := get(t, client, page+"/"); !strings.Contains(body, "Ana (sample)") || !strings.Contains(body, "simulated") {
		t.Error("the pages do not know the sample admin, or do not say that it is a demo")
	}

	if err := stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "tocsin-demo-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(page, "http://")); err == nil {
		_ = c.Close()
		t.Error("somebody listens still")
	}
}

// TestDemoTwiceInOneFolder starts again where an earlier demo ended.
func TestDemoTwiceInOneFolder(t *testing.T) {
	t.Parallel()
	f := demoFlags{listen: "127.0.0.1:0", dataDir: t.TempDir(), calm: true, logLevel: "warn"}
	for range 2 {
		out, stop := startDemo(t, f)
		page := out.find(t, `Open\s+(http://127\.0\.0\.1:\d+)/demo`)[1]
		out.find(t, `stays in`)
		client := &http.Client{Jar: &cookies{}}
		resp, err := client.PostForm(page+"/demo/enter", url.Values{"to": {"/"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || resp.Request.URL.Path != "/" {
			t.Errorf("signing in leads to %s with %d", resp.Request.URL, resp.StatusCode)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s: %d, %v", address, resp.StatusCode, err)
	}
	return string(body)
}

// cookies keeps what it is given, for one site.
type cookies struct{ kept []*http.Cookie }

func (c *cookies) SetCookies(_ *url.URL, list []*http.Cookie) { c.kept = append(c.kept, list...) }
func (c *cookies) Cookies(*url.URL) []*http.Cookie            { return c.kept }
