package ledger

import (
	"context"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
)

// Reader loads streams inside a transaction.
type Reader interface {
	// Load reads a stream's state and version; a stream that does not exist
	// has a nil state and version 0.
	Load(ctx context.Context, stream fact.Stream) (core.State, int64, error)
}
