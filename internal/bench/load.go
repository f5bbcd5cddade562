package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sender posts over kept connections, as senders do.
func sender() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512}}
}

// errBusy is a server that says "later": nothing was taken.
var errBusy = errors.New("answers 429")

func post(c *http.Client, url string, body []byte) error {
	resp, err := c.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return errBusy
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answers %d %.200s", resp.StatusCode, text)
	}
	return nil
}

// shape makes requests of one kind. The n-th event of a run is named by token.
type shape struct {
	name string
	path string
	size int // events in a request
	body func(first, n int) []byte
}

func token(i int) string { return fmt.Sprintf("bench-%08d", i) }

var tokens = regexp.MustCompile(`bench-(\d{8})`)

const pagerDutyKey = "0123456789abcdef0123456789abcdef"

var filler = strings.Repeat("The 5xx ratio has been above its budget for ten minutes. ", 5)

// pagerDuty is one event a request, about 600 bytes.
func pagerDuty() shape {
	return shape{"PagerDuty v2", "/v2/enqueue", 1, func(i, _ int) []byte {
		return fmt.Appendf(nil, `{"routing_key":%q,"event_action":"trigger","dedup_key":%q,"client":"bench","payload":{"summary":"Load %s","source":"host-%d",`+
			`"severity":"critical","component":"checkout","group":"shop","class":"load","custom_details":{"token":%q,"text":%q}}}`,
			pagerDutyKey, token(i), token(i), i%100, token(i), filler)
	}}
}

// prometheus is a list of alerts a request, as Prometheus sends it: about 700
// bytes an alert.
func prometheus(path string, size int) shape {
	return shape{"/api/v2/alerts, " + strconv.Itoa(size), path, size, func(first, n int) []byte {
		now := time.Now().UTC()
		began, ends := now.Format(time.RFC3339Nano), now.Add(time.Hour).Format(time.RFC3339Nano)
		out := []byte{'['}
		for i := first; i < first+n; i++ {
			if i > first {
				out = append(out, ',')
			}
			out = fmt.Appendf(out, `{"labels":{"alertname":"Load%d","cluster":"eu-1","namespace":"shop","job":"node","severity":"critical","instance":"host-%d","token":%q},`+
				`"annotations":{"summary":"Load %s","description":%q},"generatorURL":"http://prometheus.example.com/graph?g0.expr=up","startsAt":%q,"endsAt":%q}`,
				i%20, i, token(i), token(i), filler, began, ends)
		}
		return append(out, ']')
	}}
}

// loop is a closed loop: so many clients, each with one request under way.
type loop struct {
	url     string
	s       shape
	clients int

	mu    sync.Mutex
	next  int // number of the next event
	taken int // events that got their 2xx
	busy  int // requests that were answered 429 and sent again
	err   error
	took  figures // of the requests that got their 2xx
}

// run keeps the clients busy for a time and returns events taken per second.
func (l *loop) run(ctx context.Context, d time.Duration) (float64, error) {
	client := sender()
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var all sync.WaitGroup
	began := time.Now()
	for range l.clients {
		all.Go(func() {
			for ctx.Err() == nil && l.one(ctx, client) {
			}
		})
	}
	all.Wait()
	return float64(l.taken) / time.Since(began).Seconds(), l.err
}

// one sends one request until it is taken, or until time is up.
func (l *loop) one(ctx context.Context, client *http.Client) bool {
	l.mu.Lock()
	first := l.next
	l.next += l.s.size
	l.mu.Unlock()
	body := l.s.body(first, l.s.size)
	for {
		sent := time.Now()
		err := post(client, l.url+l.s.path, body)
		if err == nil {
			l.took.add(time.Since(sent))
		}
		l.mu.Lock()
		switch {
		case err == nil:
			l.taken += l.s.size
		case errors.Is(err, errBusy):
			l.busy++
		default:
			l.err = err
		}
		l.mu.Unlock()
		if err == nil || !errors.Is(err, errBusy) || ctx.Err() != nil {
			return err == nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// open sends at a rate, with chance between the sends and without waiting for
// answers, and returns when each event was planned to leave.
func (b *bench) open(url string, s shape, perSecond float64) (planned []time.Time, answered *figures, err error) {
	client := sender()
	defer client.CloseIdleConnections()
	chance := rand.New(rand.NewPCG(7, uint64(perSecond)))
	answered = &figures{}
	count := int(perSecond * b.long.Seconds())
	planned = make([]time.Time, count)
	failed := make(chan error, count)
	var all sync.WaitGroup
	at := time.Now().Add(100 * time.Millisecond)
	for i := range count {
		at = at.Add(time.Duration(chance.ExpFloat64() / perSecond * float64(time.Second)))
		planned[i] = at
		time.Sleep(time.Until(at))
		if b.ctx.Err() != nil {
			return nil, nil, b.ctx.Err()
		}
		all.Go(func() {
			if e := post(client, url+s.path, s.body(i, 1)); e != nil {
				failed <- e
				return
			}
			answered.add(time.Since(planned[i]))
		})
	}
	all.Wait()
	close(failed)
	return planned, answered, <-failed
}

// hook is a webhook that notes when each event was first told.
type hook struct {
	url  string
	srv  *http.Server
	mu   sync.Mutex
	told map[int]time.Time
	hits int
}

func newHook() (*hook, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hook{url: "http://" + l.Addr().String(), told: map[int]time.Time{}}
	h.srv = &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.srv.Serve(l) }()
	return h, nil
}

func (h *hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	at := time.Now()
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hits++
	for _, m := range tokens.FindAllSubmatch(body, -1) {
		i, _ := strconv.Atoi(string(m[1]))
		if _, again := h.told[i]; !again {
			h.told[i] = at
		}
	}
}

// await waits until all planned events were told and returns how long each
// took from its planned time.
func (h *hook) await(planned []time.Time) (*figures, error) {
	deadline := time.Now().Add(patience)
	for {
		h.mu.Lock()
		n := len(h.told)
		h.mu.Unlock()
		if n >= len(planned) {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d of %d events were never told", len(planned)-n, len(planned))
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var f figures
	for i, at := range planned {
		f.add(h.told[i].Sub(at))
	}
	return &f, nil
}

func (h *hook) close() { _ = h.srv.Close() }
