package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// TestBadNights breaks one thing at a time around a running Tocsin. Each night
// ends the same way: nothing was lost, what happened can be seen, and nobody
// had to repair anything.
func TestBadNights(t *testing.T) {
	t.Parallel()
	for name, night := range map[string]func(*testing.T){
		"mail server hangs": mailHangs, "Slack answers 429 and 500": slackIsBusy, "a webhook never answers": webhookHangs,
		"database away": databaseAway, "disk full": diskFull,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			night(t)
		})
	}
}

const nightKey = "abcdefabcdefabcdefabcdefabcdefab"

// nightPlan tells the named targets at once of every single event.
func nightPlan(people, targets string) string {
	return people + `
policies:
  all: {steps: [{notify: [` + targets + `]}]}
services:
  all: {policy: all}
integrations:
  pd: {type: pagerduty, service: all, key: ` + nightKey + `}
route: {group_by: ['...']}
`
}

// trigger posts one event with the patience of a sender that has other things
// to do, and returns the status; 0 is no answer.
func trigger(tocsin *Tocsin, token string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	got, err := post(ctx, tocsin.URL()+"/v2/enqueue", "application/json", event(nightKey, "trigger", token))
	if err != nil {
		return 0
	}
	return got.Status
}

func mustTrigger(t *testing.T, tocsin *Tocsin, token string) {
	t.Helper()
	if got := trigger(tocsin, token); got != http.StatusAccepted {
		t.Fatalf("event %s: answers %d", token, got)
	}
}

func about(token string) func(Delivery) bool {
	return func(d Delivery) bool {
		return d.Kind == "page" && strings.Contains(d.Title+d.Note.Body+strings.Join(d.Folded, " "), token)
	}
}

// messages are the notifications to one contact.
func (l Ledger) messages(to notification.Ref) []notification.Row {
	var out []notification.Row
	for _, n := range l.Notes {
		if n.To == to {
			out = append(out, n)
		}
	}
	return out
}

func mailHangs(t *testing.T) {
	mail := startMail(t)
	room := StartReceiver(t)
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: nightPlan(fmt.Sprintf(`
users:
  ana: {name: Ana (sample), contacts: [{email: ana@example.com}]}
channels:
  room: {webhook: {url: "%s"}}
`, room.URL), "user/ana, channel/room"),
		Flags: []string{"--smtp-host", "127.0.0.1", "--smtp-port", mail.port, "--smtp-tls", "none", "--smtp-from", "tocsin@example.com"}})

	mustTrigger(t, tocsin, "mail-hangs")
	room.Wait("the room is told though the mail server hangs", about("mail-hangs"))
	Eventually(t, "somebody waits for the mail server", func() bool { return mail.waiting() > 0 })
	mail.heal()
	Eventually(t, "the mail comes when the server is back", func() bool { return len(mail.got()) == 1 })
	if text := mail.got()[0]; !strings.Contains(text, "To: ") || !strings.Contains(text, "mail-hangs") {
		t.Errorf("the mail reads:\n%s", text)
	}
	tocsin.Stop()
	expectStruggle(t, ReadLedger(t, sqliteIn(dir)), notification.Ref{User: "ana", Contact: "email"})
}

// expectStruggle checks that one message to a contact failed at first, got
// there in the end, and that both can be read.
func expectStruggle(t *testing.T, l Ledger, to notification.Ref) {
	t.Helper()
	list := l.messages(to)
	if len(list) != 1 {
		t.Fatalf("%d messages to %s, want 1", len(list), to)
	}
	n := list[0]
	if n.Outcome != notification.OutcomeAccepted || n.Attempts < 2 || n.Error == "" {
		t.Errorf("message to %s: outcome %q after %d attempts, last error %q; want accepted after several, with the error kept", to, n.Outcome, n.Attempts, n.Error)
	}
	failed := 0
	for _, e := range l.Entries {
		if e.Subject == n.Page && e.Kind == (notification.Failing{}).FactKind() {
			failed++
		}
	}
	if failed != n.Attempts-1 {
		t.Errorf("the timeline tells of %d failed attempts, there were %d:\n%s", failed, n.Attempts-1, strings.Join(l.said(n.Page), "\n"))
	}
}

func slackIsBusy(t *testing.T) {
	slack := StartReceiver(t)
	var mu sync.Mutex
	var tries []time.Time
	slack.Misbehave(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		tries = append(tries, time.Now())
		if len(tries) == 1 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "rate_limited", http.StatusTooManyRequests)
			return
		}
		slack.Misbehave(nil)
		http.Error(w, "internal_error", http.StatusInternalServerError)
	})
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: nightPlan(fmt.Sprintf(`
channels:
  room: {slack: {webhook_url: "%s/services/T1/B1/x"}}
`, slack.URL), "channel/room")})
	mustTrigger(t, tocsin, "slack-is-busy")
	slack.Wait("Slack takes it in the end", func(d Delivery) bool { return strings.Contains(string(d.Body), "slack-is-busy") })
	if slack.Tries() != 3 {
		t.Errorf("%d attempts, want 3: 429, 500, 200", slack.Tries())
	}
	mu.Lock()
	if pause := tries[1].Sub(tries[0]); pause < time.Second || pause > 5*time.Second {
		t.Errorf("came back after %s, Slack asked for 1 s", pause)
	}
	mu.Unlock()
	tocsin.Stop()
	expectStruggle(t, ReadLedger(t, sqliteIn(dir)), notification.Ref{Contact: "room"})
}

// webhookHangs sends more events than may be on their way to one contact.
func webhookHangs(t *testing.T) {
	dead, room := StartReceiver(t), StartReceiver(t)
	release := make(chan struct{})
	dead.Misbehave(func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-release:
			panic(http.ErrAbortHandler) // the line is cut, as when a hung server is restarted
		case <-req.Context().Done():
		}
	})
	dir := t.TempDir()
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: nightPlan(fmt.Sprintf(`
channels:
  dead: {webhook: {url: "%s"}}
  room: {webhook: {url: "%s"}}
`, dead.URL, room.URL), "channel/dead, channel/room")})

	const events = notification.MaxFlying + 16
	for i := range events {
		mustTrigger(t, tocsin, fmt.Sprintf("hang-%03d.", i))
	}
	for i := range events {
		room.Wait("the other contact is told at once", about(fmt.Sprintf("hang-%03d.", i)))
	}
	dead.Misbehave(nil)
	close(release)
	pages := map[string]bool{}
	Eventually(t, "the hung contact is told of every page when it is back", func() bool {
		for _, d := range dead.Got() {
			for _, id := range append(d.Pages, d.Page) {
				pages[id] = true
			}
		}
		return len(pages) >= events
	})
	tocsin.Stop()
	l := ReadLedger(t, sqliteIn(dir))
	for _, p := range l.Pages {
		if !pages[p.ID] {
			t.Errorf("page %s was never told to the contact that hung", p.ID)
		}
	}
	for _, n := range l.messages(notification.Ref{Contact: "dead"}) {
		if n.Outcome != notification.OutcomeAccepted && n.Outcome != notification.OutcomeFolded {
			t.Errorf("message %s to the contact that hung: %s", n.ID, n.Outcome)
		}
	}
}

func databaseAway(t *testing.T) {
	needPostgres(t)
	pg := storetest.StartPostgres(t)
	ops := StartReceiver(t)
	// The first message is on its way when the database goes: its receipt must
	// wait and must not be lost, or it would be sent twice.
	ops.Slow(func() (before, after time.Duration) { return 0, 700 * time.Millisecond })
	tocsin := StartTocsin(t, Setup{DatabaseURL: pg.URL("postgres"), Plan: nightPlan(fmt.Sprintf(`
channels:
  ops: {webhook: {url: "%s"}}
`, ops.URL), "channel/ops")})
	mustTrigger(t, tocsin, "before-the-crash")
	first := ops.Wait("the first page", about("before-the-crash"))
	pg.Stop()
	if got := trigger(tocsin, "while-away"); got/100 == 2 {
		t.Errorf("an event is answered %d without a database", got)
	}
	Eventually(t, "it says that it is not ready", func() bool { return tocsin.status("/-/ready") == http.StatusServiceUnavailable })
	tocsin.Alive()
	if away := metric(t, tocsin, "tocsin_store_unavailable_total"); away == 0 {
		t.Error("the metrics do not tell that the database was away")
	}
	if err := pg.Start(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the sender gets its 2xx when the database is back", func() bool { return trigger(tocsin, "while-away") == http.StatusAccepted })
	ops.Wait("the page of the second event", about("while-away"))
	Eventually(t, "it is ready again", func() bool { return tocsin.status("/-/ready") == http.StatusOK })
	Eventually(t, "every message has its outcome", func() bool { return outboxEmpty(t, tocsin) })
	tocsin.Stop()
	l := ReadLedger(t, store.Config{URL: pg.URL("postgres")})
	if len(l.Alerts) != 2 || len(l.Pages) != 2 {
		t.Errorf("%d alerts and %d pages, want two of each", len(l.Alerts), len(l.Pages))
	}
	for _, n := range l.Notes {
		if n.Outcome != notification.OutcomeAccepted {
			t.Errorf("message %s: %s", n.ID, n.Outcome)
		}
	}
	for _, d := range ops.Got()[1:] {
		if d.Key == first.Key {
			t.Error("the message whose receipt had to wait was sent twice")
		}
	}
}

// outboxEmpty says whether no message waits for its outcome.
func outboxEmpty(t *testing.T, tocsin *Tocsin) bool {
	return metric(t, tocsin, "tocsin_outbox_oldest_seconds") == 0
}

// metric reads one value without labels.
func metric(t *testing.T, tocsin *Tocsin, name string) float64 {
	t.Helper()
	got := fetch(t, http.MethodGet, tocsin.URL()+"/metrics")
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(got.Body)
	if m == nil {
		t.Fatalf("there is no metric %s", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func diskFull(t *testing.T) {
	dir := smallDisk(t)
	ops := StartReceiver(t)
	tocsin := StartTocsin(t, Setup{DataDir: dir, Plan: nightPlan(fmt.Sprintf(`
channels:
  ops: {webhook: {url: "%s"}}
`, ops.URL), "channel/ops")})
	mustTrigger(t, tocsin, "full-000.")
	ops.Wait("a page while there is room", about("full-000."))

	filler := fill(t, dir)
	accepted := []string{"full-000."}
	refused := ""
	for i := 1; refused == "" && i < 200; i++ {
		token := fmt.Sprintf("full-%03d.", i)
		if trigger(tocsin, token)/100 == 2 {
			accepted = append(accepted, token)
		} else {
			refused = token
		}
	}
	if refused == "" {
		t.Fatal("the disk is full and everything is accepted")
	}
	tocsin.Alive()
	if away := metric(t, tocsin, "tocsin_store_unavailable_total"); away == 0 {
		t.Error("the metrics do not tell that nothing can be written")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the sender gets its 2xx when there is room", func() bool { return trigger(tocsin, refused) == http.StatusAccepted })
	accepted = append(accepted, refused)
	for _, token := range accepted {
		ops.Wait("a page for "+token, about(token))
	}
	Eventually(t, "every message has its outcome", func() bool { return outboxEmpty(t, tocsin) })
	tocsin.Stop()
	l := ReadLedger(t, sqliteIn(dir))
	if len(l.Alerts) != len(accepted) {
		t.Errorf("%d alerts for %d accepted events", len(l.Alerts), len(accepted))
	}
	for _, p := range l.Pages {
		if p.Status != page.Triggered {
			t.Errorf("page %s is %s", p.ID, p.Status)
		}
	}
}

// smallDisk is a file system of its own that can be filled.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a disk to fill needs the right to mount one: %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// fill takes all the room that is left.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunk := make([]byte, 4096)
	for range 1 << 20 {
		if _, err := f.Write(chunk); err != nil {
			return path
		}
	}
	t.Fatal("the disk does not fill up")
	return ""
}

// mailServer hangs until it is healed: it takes connections and says nothing.
type mailServer struct {
	port string

	mu     sync.Mutex
	well   bool
	held   []net.Conn
	letter []string
}

func startMail(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{port: strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
	t.Cleanup(func() { _ = l.Close(); m.heal() })
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				m.take(c)
			}
		}
	}()
	return m
}

func (m *mailServer) take(c net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.well {
		go m.talk(c)
		return
	}
	m.held = append(m.held, c)
}

func (m *mailServer) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.held)
}

// heal restarts it: those who waited are cut off, those who come are served.
func (m *mailServer) heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.well = true
	for _, c := range m.held {
		_ = c.Close()
	}
	m.held = nil
}

func (m *mailServer) got() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.letter...)
}

func (m *mailServer) talk(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	say("220 mail.example.com ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(line[:min(4, len(line))]); verb {
		case "DATA":
			say("354 go on")
			var letter strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			m.mu.Lock()
			m.letter = append(m.letter, letter.String())
			m.mu.Unlock()
			say("250 2.0.0 queued as 4F2")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}
