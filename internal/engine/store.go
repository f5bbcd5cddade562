package engine

import (
	"context"
	"errors"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// Store is the ledger as the engine needs it: streams, journal, outbox and
// wakes, written in one transaction.
type Store interface {
	// Write runs one transaction. fn may load streams and returns the batch to
	// be written; a nil error of Write means that the batch is on disk. When
	// another node moved a stream in between, Write returns ErrConflict, nothing
	// was written, and the caller runs it again. fn may therefore run more than
	// once and must have no effect but its batch.
	Write(ctx context.Context, fn func(Reader) (*Batch, error)) error
	// DueWakes lists wakes due at or before the time, oldest first, and
	// NextWake the time of the earliest one (zero: none).
	DueWakes(ctx context.Context, at time.Time, limit int) ([]Wake, error)
	NextWake(ctx context.Context) (time.Time, error)
	// Claim leases outbox rows that nobody holds (or whose holder's lease is
	// over), oldest first.
	Claim(ctx context.Context, c Claim) ([]Errand, error)
	// Board reads every state of the board's streams.
	Board(ctx context.Context) (map[fact.Stream]core.State, error)
	// Streams lists the open streams of a kind in order of name, after the
	// given one.
	Streams(ctx context.Context, kind string, after fact.Stream, limit int) ([]fact.Stream, error)
	// LatestPlan reads the newest version of the plan; nil if there is none.
	LatestPlan(ctx context.Context) (*PlanVersion, error)
	// BoardVersion changes whenever any node wrote a stream of the board. A
	// store with one writer may return 0 always.
	BoardVersion(ctx context.Context) (int64, error)
}

// ErrConflict says that another node moved a stream first.
var ErrConflict = errors.New("another node moved this stream first")

// Reader loads streams inside a transaction.
type Reader interface {
	// Load reads a stream's state and version; a stream that does not exist
	// has a nil state and version 0.
	Load(ctx context.Context, stream fact.Stream) (core.State, int64, error)
}

// Batch is what one transaction writes.
type Batch struct {
	At     time.Time
	States []StateChange
	Facts  []fact.Entry // Pos is given by the store
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
	Plan          *PlanVersion       // a new version, or nil
}

// StateChange is a stream's new state.
type StateChange struct {
	Stream  fact.Stream
	State   core.State // nil: the stream ended
	Version int64      // the version that was loaded; the store writes the next
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
