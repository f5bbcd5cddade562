package server

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// readWithin is how long a client may take to read an answer that ends. A server
// cannot bound all answers at once: live streams last.
const readWithin = time.Minute

// hangUp ends live streams when a stop begins. They last as long as a page is
// open, and would hold up the stop of everything else; every other request is
// given its time.
func hangUp(stopping context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/events") {
			// A recorder in a test has no deadline; a connection has.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(readWithin))
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(stopping, cancel)()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
