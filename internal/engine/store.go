package engine

import (
	"context"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
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
	// WakesOf lists the wakes of a stream.
	WakesOf(ctx context.Context, stream fact.Stream) ([]Wake, error)
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
	// PlanVersions lists versions below one (0: the newest), newest first,
	// without their plans.
	PlanVersions(ctx context.Context, before int64, limit int) ([]PlanVersion, error)
	// Renew extends the leases of everything a node runs.
	Renew(ctx context.Context, owner string, until time.Time) error
	// Release gives back the leases of a node that goes.
	Release(ctx context.Context, owner string) error
	// Changes receives something after commits of any node, until ctx ends or
	// the store is closed; then the channel is closed.
	Changes(ctx context.Context) <-chan struct{}
	// BoardVersion changes whenever any node wrote a stream of the board. A
	// store with one writer may return 0 always.
	BoardVersion(ctx context.Context) (int64, error)
}

// The shapes of a transaction, under the names that the engine uses.
type (
	Reader      = ledger.Reader
	Batch       = ledger.Batch
	StateChange = ledger.StateChange
	Wake        = ledger.Wake
	Errand      = ledger.Errand
	Claim       = ledger.Claim
	PlanVersion = ledger.PlanVersion
)

// ErrConflict says that another node moved a stream first.
var ErrConflict = ledger.ErrConflict
