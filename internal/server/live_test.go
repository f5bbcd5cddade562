package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAStopEndsLiveStreamsAndNothingElse(t *testing.T) {
	t.Parallel()
	stopping, stop := context.WithCancel(t.Context())
	var seen []error
	h := hangUp(stopping, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		if r.URL.Path == "/api/v1/events" {
			<-r.Context().Done() // hangs for ever if nobody hangs up
		}
		seen = append(seen, r.Context().Err())
	}))
	for _, path := range []string{"/api/v1/events", "/v2/enqueue"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if seen[0] == nil || seen[1] != nil {
		t.Fatalf("the stream ended with %v, the request with %v", seen[0], seen[1])
	}
}
