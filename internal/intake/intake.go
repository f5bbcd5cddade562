// Package intake turns other people's events into signals, one folder a
// format. A format knows bytes and status codes; it decides nothing about who
// is told. It never answers 2xx before Door.Submit has returned.
package intake

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Door is the way in. The roof builds it from the engine.
type Door interface {
	// Integration finds the integration that owns a key, of whatever type.
	Integration(key string) (*plan.Integration, bool)
	// Submit cleans the signals and returns once they are on disk. ErrBusy
	// means that nothing was taken and the sender should come back later.
	Submit(ctx context.Context, integration *plan.Integration, signals []signal.Signal) error
	// Reject notes, for the integration's page, that a request was refused and
	// why. integration may be nil (unknown key). It never blocks.
	Reject(integration *plan.Integration, format, why string)
	// Ping marks a heartbeat, found by its id or key; false if there is none.
	Ping(ctx context.Context, heartbeat string) (bool, error)
}

// ErrBusy is overload: answer 429 (or the vendor's word for it).
var ErrBusy = errors.New("too many events are waiting to be written")

// MaxBody is the largest request body that any format reads, in bytes.
const MaxBody = 4 << 20

// Format is one vendor's way of sending.
type Format struct {
	// Name is the integration type: "pagerduty", "alertmanager", ...
	Name string
	// Title is for people: "PagerDuty Events API v2".
	Title string
	// ResolveTimeout ends an alert that came without an end and was not sent
	// again, where its integration sets no time of its own. 0: never.
	ResolveTimeout time.Duration
	// Routes are mux patterns and their handlers. Every pattern stands at the
	// vendor's own path and again under /compat/<name>.
	Routes func(Door) []Route
	// Snippet is what a user pastes at the source, for a base URL and a key.
	Snippet func(baseURL, key string) string
	// Sample is a request that the "send a test event" button makes.
	Sample func(baseURL, key string) (*http.Request, error)
}

// Route is a pattern of http.ServeMux and its handler.
type Route struct {
	Pattern string // "POST /v2/enqueue"
	Handler http.HandlerFunc
}
