package plan

import (
	"time"

	"tocsin/internal/core/fact"
)

// Scene is everything a step may know besides its own state: what is
// configured, what is in force, what time it is, who acts. All steps of one
// transaction share one clock reading.
type Scene struct {
	Plan  *Plan
	Board *Board
	At    time.Time
	Actor fact.Actor
	// Seed makes the ids of this step. It is part of the input, so a step that
	// is repeated makes the same ids.
	Seed fact.Seed
}

// NewID makes an id for something that this step brings into being.
func (sc Scene) NewID(prefix, salt string) string {
	return fact.NewID(prefix, sc.At, sc.Seed, salt)
}
