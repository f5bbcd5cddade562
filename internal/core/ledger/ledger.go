// Package ledger holds the shapes in which one transaction is handed to the
// store and read back: what changed, what was said, what must still be done
// and when to look again. The engine fills these shapes and the store writes
// them, so that neither has to know the other.
package ledger

import (
	"errors"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// ErrConflict says that another node moved a stream first.
var ErrConflict = errors.New("another node moved this stream first")

// ErrUnavailable says that the database cannot take or give anything now: it is
// away, or its disk is full. Nothing was written; the same may be tried later.
var ErrUnavailable = errors.New("the database is unavailable")

// Batch is what one transaction writes.
type Batch struct {
	At     time.Time
	States []StateChange
	Facts  []fact.Entry // Pos is given by the store, here too
	Outbox []Errand
	// Finished are outbox keys whose errand is done.
	Finished []string
	// Wakes are armed, moved or (zero At) withdrawn.
	Wakes []Wake
	// Fired are wakes that this batch answers. A wake that was moved to a
	// later time meanwhile stays.
	Fired         []Wake
	Notifications []notification.Row    // new messages
	Changes       []notification.Change // to messages new or old, in order
	Plan          *PlanVersion          // a new version, or nil
}

// StateChange is a stream's new state.
type StateChange struct {
	Stream  fact.Stream
	State   core.State // nil: the stream ended
	Version int64      // the version that was loaded; the store writes the next
}

// Ended says whether a stream with this state is gone once it is written, so
// that it next loads as nil and version 0. A resolved alert has no future: the
// next trigger of its key is a new alert. It stays in the list of alerts.
//
// A batch may change one stream more than once, each time with the version that
// was loaded first. The last state is the stream's; but if an alert ends and the
// next of its key begins in one batch, both must be in States, or the list would
// show the first one open for ever.
func Ended(s core.State) bool {
	if s == nil {
		return true
	}
	a, ok := s.(*alert.State)
	return ok && a.Status == alert.Resolved
}

// Wake is a wake of a stream.
type Wake struct {
	Stream fact.Stream
	Key    string
	At     time.Time
}

// Errand is an effect in the outbox.
type Errand struct {
	Key    string
	Stream fact.Stream
	Kind   string
	Body   []byte // JSON
	// At is when it was wanted.
	At time.Time
	// Owner and LeaseUntil say who runs it. A row written with an owner is
	// leased from the start: its node runs it right after the commit.
	Owner      string
	LeaseUntil time.Time
}

// Claim asks for errands.
type Claim struct {
	Owner string
	Now   time.Time
	Lease time.Duration
	Limit int
}

// PlanVersion is one version of the plan.
type PlanVersion struct {
	Version int64
	At      time.Time
	Author  string
	Comment string
	Plan    *plan.Plan
	// Source is the YAML it was made from, for the diff; may be empty.
	Source string
}
