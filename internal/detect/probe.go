package detect

import (
	"context"
	"time"

	"tocsin/internal/detect/check"
)

// Probe is one result of one check.
type Probe struct {
	Check string // id
	At    time.Time
	OK    bool
	// Reason is a sentence part, empty when OK: "[STATUS] == 200 is false: 503".
	Reason string
	// Fault says on whose side a failure lies: "target", "ours", or nothing.
	Fault   check.Fault
	Latency time.Duration
	Values  map[string]string // shared by all who hold the Probe: read only
	Output  string
}

// Next is what the Sink's rules made of a probe.
type Next struct {
	// Soft: the check is failing and not yet hard, so the next look comes
	// after its retry interval.
	Soft bool
}

// Sink takes each result. It is called by several goroutines at once, but
// never twice at once for the same check, and in the order of At. After an
// error the latest probe of the check is offered again, so a Sink may see the
// same Check and At twice. While it does not answer, a newer probe of a check
// replaces the one that waits.
type Sink interface {
	Probed(ctx context.Context, p Probe) (Next, error)
}
