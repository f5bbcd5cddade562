package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// stream opens /events and returns a reader of its next event's id.
func stream(t *testing.T, url, last string) func() (event string, id int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", url+"/events", nil)
	r.AddCookie(&http.Cookie{Name: "tocsin", Value: "sample"})
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("%d %s", res.StatusCode, ct)
	}
	lines := bufio.NewScanner(res.Body)
	return func() (event string, id int64) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				id, _ = strconv.ParseInt(value, 10, 64)
			case "event":
				event = value
			case "":
				if event != "" {
					return event, id
				}
			}
		}
		t.Error("the stream ended")
		return "", 0
	}
}

func TestEventsTellOfEveryCommitAndOfWhatWasMissed(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	site, err := sample.Site(w, &sample.Auth{User: "ana", Role: web.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site)
	t.Cleanup(srv.Close)

	next := stream(t, srv.URL, "")
	event, begin := next()
	if event != "hello" || begin == 0 {
		t.Fatalf("the first event is %s %d", event, begin)
	}
	w.Must(fact.User("ana", "link"), page.Stream(id), page.Acknowledge{})
	if event, at := next(); event != "changed" || at <= begin {
		t.Errorf("after a commit: %s %d, began at %d", event, at, begin)
	}

	// A browser that slept says how far it had come, and is told at once.
	again := stream(t, srv.URL, strconv.FormatInt(begin, 10))
	again()
	if event, at := again(); event != "changed" || at <= begin {
		t.Errorf("after waking up: %s %d", event, at)
	}
}
