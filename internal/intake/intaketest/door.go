// Package intaketest is the harness of intake's tests: a door that records
// what comes through it, and a runner for golden requests. It is imported by
// tests only.
package intaketest

import (
	"context"
	"net/http"
	"sync"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// Door stands in for the engine: it cleans and records.
type Door struct {
	// Keys maps a key to its integration. Set before use.
	Keys map[string]*plan.Integration
	// Heartbeats are the ids and keys that exist.
	Heartbeats map[string]bool
	// Err is what Submit and Ping answer; then they take nothing.
	Err error

	mu         sync.Mutex
	busy       int
	turnedAway int
	signals    []signal.Signal
	rejections []Rejection
	pings      []string
}

// Rejection is one call of Reject.
type Rejection struct{ Integration, Format, Why string }

// NewDoor is a door with one integration behind one key.
func NewDoor(key, typ string) *Door {
	return &Door{Keys: map[string]*plan.Integration{key: {ID: "shop-" + typ, Type: typ}}}
}

// Integration finds by key.
func (d *Door) Integration(key string) (*plan.Integration, bool) {
	in, ok := d.Keys[key]
	return in, ok
}

// BusyFor makes the door turn away the next n submissions with ErrBusy.
func (d *Door) BusyFor(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy, d.turnedAway = n, 0
}

// TurnedAway is how many submissions BusyFor has refused.
func (d *Door) TurnedAway() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.turnedAway
}

// Submit records, or answers Err.
func (d *Door) Submit(_ context.Context, _ *plan.Integration, signals []signal.Signal) error {
	if d.Err != nil {
		return d.Err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.turnedAway < d.busy {
		d.turnedAway++
		return intake.ErrBusy
	}
	for _, s := range signals {
		s.Clean()
		d.signals = append(d.signals, s)
	}
	return nil
}

// Reject records.
func (d *Door) Reject(integration *plan.Integration, format, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := Rejection{Format: format, Why: why}
	if integration != nil {
		r.Integration = integration.ID
	}
	d.rejections = append(d.rejections, r)
}

// Ping records a known heartbeat.
func (d *Door) Ping(_ context.Context, heartbeat string) (bool, error) {
	if d.Err != nil {
		return false, d.Err
	}
	if !d.Heartbeats[heartbeat] {
		return false, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pings = append(d.pings, heartbeat)
	return true, nil
}

// Signals are all that were taken, in order.
func (d *Door) Signals() []signal.Signal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]signal.Signal(nil), d.signals...)
}

// Rejections are all refusals, in order.
func (d *Door) Rejections() []Rejection {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Rejection(nil), d.rejections...)
}

// Pings are the heartbeats that were marked, in order.
func (d *Door) Pings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.pings...)
}

// Mux mounts a format the way the roof does: at the vendor's own paths and
// under /compat/<name>.
func Mux(f intake.Format, d intake.Door) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range f.Routes(d) {
		mux.HandleFunc(r.Pattern, r.Handler)
		mux.HandleFunc(under(r.Pattern, "/compat/"+f.Name), r.Handler)
	}
	return mux
}

func under(pattern, prefix string) string {
	for i := range pattern {
		if pattern[i] == '/' {
			return pattern[:i] + prefix + pattern[i:]
		}
	}
	return pattern
}
