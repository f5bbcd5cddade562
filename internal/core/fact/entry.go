package fact

import (
	"encoding/json"
	"time"
)

// Entry is a fact as the journal keeps it: in order, with its reason, for
// ever. Timelines, live updates and audits are read from entries alone.
type Entry struct {
	// Pos orders all entries of a ledger; a reader may go on after the last
	// one that it has seen and misses nothing.
	Pos     int64           `json:"pos"`
	At      time.Time       `json:"at"`
	Stream  Stream          `json:"stream"`
	Subject string          `json:"subject"`
	Kind    string          `json:"kind"`
	Text    string          `json:"text"`
	Why     Reason          `json:"why"`
	Actor   Actor           `json:"actor"`
	Body    json.RawMessage `json:"body,omitempty"`
	// Plan is the version of the plan that the rules went by.
	Plan int64 `json:"plan"`
}
