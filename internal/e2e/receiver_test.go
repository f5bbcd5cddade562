package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// Receiver is somebody's webhook: it keeps what it was told, and may be told to
// misbehave.
type Receiver struct {
	t   testing.TB
	URL string

	mu     sync.Mutex
	got    []Delivery
	answer http.HandlerFunc
	slow   func() (before, after time.Duration)
	tries  int
	more   chan struct{}
}

// Delivery is one message that was taken.
type Delivery struct {
	At   time.Time
	Key  string // Idempotency-Key
	Body []byte
	Note
}

// Note is the body as docs/channels/webhook.md describes it, as far as the
// tests read it.
type Note struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Attempt int      `json:"attempt"`
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	Page    string   `json:"page"`
	Pages   []string `json:"pages"`
	Folded  []string `json:"folded"`
	User    string   `json:"user"`
	Alerts  int      `json:"alerts"`
	Links   struct{ View, Acknowledge, Escalate, Resolve string }
}

// StartReceiver listens until the test ends.
func StartReceiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{t: t, more: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(func() {
		srv.CloseClientConnections() // a handler may be hanging on purpose
		srv.Close()
	})
	r.URL = srv.URL
	return r
}

// Misbehave makes a handler answer instead; nil takes messages again.
func (r *Receiver) Misbehave(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// Slow makes it take a message only after a while, if the sender still holds
// the line, and answer only after a further while, whether it does or not.
func (r *Receiver) Slow(by func() (before, after time.Duration)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = by
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // cut off: nothing was taken
	}
	r.mu.Lock()
	r.tries++
	answer, slow := r.answer, r.slow
	r.mu.Unlock()
	if answer != nil {
		answer(w, req)
		return
	}
	var before, after time.Duration
	if slow != nil {
		before, after = slow()
	}
	if wait(req.Context(), before); req.Context().Err() != nil {
		return
	}
	d := Delivery{At: time.Now(), Key: req.Header.Get("Idempotency-Key"), Body: body}
	_ = json.Unmarshal(body, &d.Note) // a Slack body has none of it
	r.mu.Lock()
	r.got = append(r.got, d)
	close(r.more)
	r.more = make(chan struct{})
	r.mu.Unlock()
	wait(req.Context(), after)
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, "ok")
}

// Got is everything that was taken so far, in order.
func (r *Receiver) Got() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// Tries counts every attempt, also those that were not taken.
func (r *Receiver) Tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// Wait returns the first message of a kind whose title or body matters to the
// caller, and waits for it if it has not come yet.
func (r *Receiver) Wait(claim string, is func(Delivery) bool) Delivery {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		i, more := slices.IndexFunc(r.got, is), r.more
		var d Delivery
		if i >= 0 {
			d = r.got[i]
		}
		r.mu.Unlock()
		if i >= 0 {
			return d
		}
		select {
		case <-more:
		case <-deadline:
			r.t.Fatalf("waited %s in vain: %s; came: %s", patience, claim, r.titles())
		}
	}
}

func (r *Receiver) titles() string {
	var list []string
	for _, d := range r.Got() {
		list = append(list, d.Kind+": "+d.Title)
	}
	out, _ := json.Marshal(list)
	return string(out)
}

// isKind matches a kind of message.
func isKind(kind string) func(Delivery) bool {
	return func(d Delivery) bool { return d.Kind == kind }
}
