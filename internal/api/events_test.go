package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/auth"
)

// event is one server-sent event.
type event struct{ id, kind, data string }

// listen opens the stream and hands its events over.
func (r *rig) listen(header http.Header) (<-chan event, context.CancelFunc) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", r.server.URL+api.Prefix+"/events", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = header
	req.Header.Set("Authorization", "Bearer "+r.token[auth.Viewer])
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" {
		r.t.Fatalf("the stream answers %d, %s", res.StatusCode, ct)
	}
	out := make(chan event)
	go func() {
		defer close(out)
		defer res.Body.Close()
		var e event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.kind = value
			case "data":
				e.data = value
			case "":
				if lines.Text() == "" && e.id != "" {
					select {
					case out <- e:
					case <-ctx.Done():
						return
					}
					e = event{}
				}
			}
		}
	}()
	return out, cancel
}

func TestEventsGoOnWhereTheyBrokeOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fire("before", nil)
	events, stop := r.listen(http.Header{})
	r.fire("front", nil)
	first, ok := <-events
	if !ok || first.kind != "alert.fired" {
		t.Fatalf("the first event is %+v", first)
	}
	var e api.Entry
	if err := json.Unmarshal([]byte(first.data), &e); err != nil || e.Text != "Firing: front is down" || e.Why.Code == "" {
		t.Errorf("data %s: %v", first.data, err)
	}
	second := <-events
	stop()

	again, stop := r.listen(http.Header{"Last-Event-Id": {first.id}})
	defer stop()
	if got := <-again; got.id != second.id || got.kind != second.kind {
		t.Errorf("went on with %+v, want %+v", got, second)
	}
}
