package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/page"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// crashPlan pages a machine for every single alert, so that every accepted
// event must show at the receiver.
const crashPlan = `
channels:
  ops: {webhook: {url: "%s"}}
policies:
  all: {steps: [{notify: channel/ops}]}
services:
  all: {policy: all}
integrations:
  events1: {type: pagerduty, service: all, key: 11111111111111111111111111111111}
  events2: {type: pagerduty, service: all, key: 22222222222222222222222222222222}
  prometheus: {type: alertmanager, service: all, key: crash-prom}
route: {group_by: ['...']}
`

// TestKillNine kills the server at random instants under load and starts it
// again on the same data. Whatever got a 2xx must have its alert, exactly one,
// and every page must have been sent at least once.
func TestKillNine(t *testing.T) {
	t.Parallel()
	rounds, seed := 4, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_CRASH_ROUNDS")); err == nil && n > 0 {
		rounds = min(n, 200)
	}
	if n, err := strconv.ParseUint(os.Getenv("TOCSIN_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		crashLoop(t, crash{rounds, seed, Setup{DataDir: dir}, sqliteIn(dir)})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		needPostgres(t)
		url := storetest.PostgresURL(t)
		crashLoop(t, crash{rounds, seed, Setup{DatabaseURL: url}, store.Config{URL: url}})
	})
}

type crash struct {
	rounds int
	seed   uint64
	setup  Setup
	ledger store.Config
}

func crashLoop(t *testing.T, c crash) {
	ops := StartReceiver(t)
	chance := &dice{r: rand.New(rand.NewPCG(c.seed, 9))}
	// A receiver that takes its time keeps messages in the air when the axe
	// falls: some that must be sent again, and some that will come twice.
	ops.Slow(func() (before, after time.Duration) {
		return time.Duration(chance.n(25)) * time.Millisecond, time.Duration(chance.n(25)) * time.Millisecond
	})
	c.setup.Plan = fmt.Sprintf(crashPlan, ops.URL)
	tocsin := StartTocsin(t, c.setup)

	load := &load{tocsin: tocsin, ops: ops, chance: chance, run: fmt.Sprintf("k9%x", c.seed&0xffffff), accepted: map[string]string{}, resolved: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var workers sync.WaitGroup
	for _, work := range []func(context.Context){load.events("events1", strings.Repeat("1", 32)), load.events("events1", strings.Repeat("1", 32)),
		load.events("events2", strings.Repeat("2", 32)), load.batches, load.ends} {
		workers.Go(func() { work(ctx) })
	}
	var ready []time.Duration
	for range c.rounds {
		wait(ctx, 150*time.Millisecond+time.Duration(chance.n(700))*time.Millisecond)
		tocsin.Kill()
		ready = append(ready, tocsin.Start())
	}
	wait(ctx, 300*time.Millisecond)
	stop()
	workers.Wait()
	load.settle(t)
	tocsin.Stop()
	r := load.check(t, ReadLedger(t, c.ledger))
	slices.Sort(ready)
	t.Logf("kill -9 report: seed %d, %d rounds, %d requests got no 2xx and were sent again, %d events accepted (%d resolved), %d alerts, %d pages, %d messages, "+
		"%d repeats of %d messages by idempotency key, ready again after p50 %s max %s", c.seed, c.rounds, load.unsure, r.accepted, r.resolved, r.alerts, r.pages, r.messages,
		r.repeats, r.repeated, ready[len(ready)/2].Round(time.Millisecond), ready[len(ready)-1].Round(time.Millisecond))
}

// dice is chance that several goroutines share.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) n(below int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(below)
}

// wait lets real time pass between the processes of a test.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// load is a sender that is as stubborn as real ones: what got no 2xx is sent
// again until it gets one.
type load struct {
	tocsin *Tocsin
	ops    *Receiver
	chance *dice
	run    string

	mu       sync.Mutex
	next     int
	unsure   int               // requests that got no 2xx
	accepted map[string]string // token to integration
	resolved map[string]bool   // tokens whose end was accepted
}

// token names one event of this run; it is its dedup key, and stands in its
// summary.
func (l *load) token() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return fmt.Sprintf("%s-%05d", l.run, l.next)
}

// insist posts until it gets a 2xx, even past the end of the load: an event
// that was sent is an event that must arrive. The context bounds only retries
// that can no longer succeed.
func (l *load) insist(path string, body []byte) bool {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		got, err := post(context.Background(), l.tocsin.URL()+path, "application/json", body)
		if err == nil && got.Status/100 == 2 {
			return true
		}
		l.mu.Lock()
		l.unsure++
		l.mu.Unlock()
		wait(context.Background(), 15*time.Millisecond)
	}
	return false
}

func event(key, action, token string) []byte {
	body, _ := json.Marshal(map[string]any{"routing_key": key, "event_action": action, "dedup_key": token,
		"payload": map[string]any{"summary": "crash test " + token, "source": "web1", "severity": "critical", "custom_details": map[string]any{"token": token}}})
	return body
}

func (l *load) take(integration string, tokens ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, token := range tokens {
		l.accepted[token] = integration
	}
}

// events sends single events of one key, one after another.
func (l *load) events(integration, key string) func(context.Context) {
	return func(ctx context.Context) {
		for ctx.Err() == nil {
			token := l.token()
			if l.insist("/v2/enqueue", event(key, "trigger", token)) {
				l.take(integration, token)
			}
			wait(ctx, time.Duration(5+l.chance.n(25))*time.Millisecond)
		}
	}
}

// batches sends several alerts at once, as Prometheus does. The identity of an
// alert is its labels.
func (l *load) batches(ctx context.Context) {
	for ctx.Err() == nil {
		var tokens []string
		var list []map[string]any
		for range 1 + l.chance.n(12) {
			token := l.token()
			tokens = append(tokens, token)
			list = append(list, map[string]any{"labels": map[string]string{"alertname": "CrashTest", "token": token, "severity": "critical"},
				"annotations": map[string]string{"summary": "crash test " + token}, "endsAt": time.Now().Add(time.Hour).Format(time.RFC3339Nano)})
		}
		body, _ := json.Marshal(list)
		if l.insist("/in/crash-prom/api/v2/alerts", body) {
			l.take("prometheus", tokens...)
		}
		wait(ctx, time.Duration(40+l.chance.n(80))*time.Millisecond)
	}
}

// ends resolves some of the events whose page has arrived: an end may overtake
// a page that waits, and then the page is rightly never sent.
func (l *load) ends(ctx context.Context) {
	done := 0
	for ctx.Err() == nil {
		got := l.ops.Got()
		for _, d := range got[done:] {
			for _, token := range tokensOf(d) {
				l.mu.Lock()
				integration, over := l.accepted[token], l.resolved[token]
				l.mu.Unlock()
				if integration != "events2" || over || l.chance.n(2) == 0 || ctx.Err() != nil {
					continue
				}
				if l.insist("/v2/enqueue", event(strings.Repeat("2", 32), "resolve", token)) {
					l.mu.Lock()
					l.resolved[token] = true
					l.mu.Unlock()
				}
			}
		}
		done = len(got)
		wait(ctx, 30*time.Millisecond)
	}
}

var tokenText = regexp.MustCompile(`k9[0-9a-f]{1,6}-\d{5}`)

// tokensOf are the events that a message tells of, folded ones included.
func tokensOf(d Delivery) []string {
	return tokenText.FindAllString(d.Title+"\n"+d.Note.Body+"\n"+strings.Join(d.Folded, "\n"), -1)
}

// settle waits until every accepted event was told. On PostgreSQL the leases of
// the dead run out first.
func (l *load) settle(t *testing.T) {
	t.Helper()
	var owed []string
	ok := within(2*patience, func() bool {
		told := map[string]bool{}
		for _, d := range l.ops.Got() {
			for _, token := range tokensOf(d) {
				told[token] = true
			}
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		owed = owed[:0]
		for token := range l.accepted {
			if !told[token] {
				owed = append(owed, token)
			}
		}
		return len(owed) == 0
	})
	if !ok {
		t.Errorf("LOST: %d of %d accepted events were never told: %v", len(owed), len(l.accepted), owed[:min(10, len(owed))])
	}
}

type crashReport struct{ accepted, resolved, alerts, pages, messages, repeats, repeated int }

func (l *load) check(t *testing.T, ledger Ledger) crashReport {
	t.Helper()
	byToken := map[string][]*alert.State{}
	for _, a := range ledger.Alerts {
		token := tokenText.FindString(a.Summary)
		byToken[token] = append(byToken[token], a)
	}
	for token, integration := range l.accepted {
		list := byToken[token]
		if len(list) != 1 {
			t.Errorf("event %s was accepted and has %d alerts, want 1", token, len(list))
			continue
		}
		if a := list[0]; a.Integration != integration {
			t.Errorf("event %s of %s is an alert of %s", token, integration, a.Integration)
		} else if over := a.Status == alert.Resolved; over != l.resolved[token] {
			t.Errorf("event %s: alert is %s, its end was accepted: %v", token, a.Status, l.resolved[token])
		}
	}
	for token := range byToken {
		if _, known := l.accepted[token]; !known {
			t.Errorf("alert %q belongs to no accepted event", token)
		}
	}
	times := map[string]int{}
	told := map[string]bool{}
	for _, d := range l.ops.Got() {
		times[d.Key]++
		for _, id := range append(d.Pages, d.Page) {
			told[id] = true
		}
	}
	r := crashReport{accepted: len(l.accepted), resolved: len(l.resolved), alerts: len(ledger.Alerts), pages: len(ledger.Pages), messages: len(times)}
	for _, p := range ledger.Pages {
		if !told[p.ID] {
			t.Errorf("page %s (%s, %s) was never sent:\n%s", p.ID, p.Title, p.Status, strings.Join(ledger.said(p.ID), "\n"))
		}
		if p.Status == page.Muted {
			t.Errorf("page %s is muted", p.ID)
		}
	}
	if len(ledger.Pages) != len(ledger.Alerts) {
		t.Errorf("%d pages for %d alerts", len(ledger.Pages), len(ledger.Alerts))
	}
	for _, n := range times {
		if n > 1 {
			r.repeated++
			r.repeats += n - 1
		}
	}
	return r
}
