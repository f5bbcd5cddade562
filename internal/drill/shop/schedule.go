package shop

import (
	"context"
	"math/rand/v2"
	"time"
)

// Schedule breaks the shop now and then, the same way for the same seed.
type Schedule struct {
	// Every is the mean time between two troubles, half to one and a half of
	// it each time. Zero: never.
	Every time.Duration
	// For is how long a trouble lasts; 0 is two minutes.
	For time.Duration
	// Modes are what may happen; empty is every mode the shop has.
	Modes []Mode
}

// trouble is one entry of the schedule.
type trouble struct {
	after time.Duration
	mode  Mode
}

// troubles makes the seeded sequence.
type troubles struct {
	rng   *rand.Rand
	every time.Duration
	modes []Mode
}

func newTroubles(seed uint64, every time.Duration, modes []Mode) *troubles {
	return &troubles{rng: rand.New(rand.NewPCG(seed, 0x5c4ed01e)), every: every, modes: modes} //nolint:gosec // a demo's dice
}

func (t *troubles) next() trouble {
	return trouble{after: t.every/2 + time.Duration(t.rng.Int64N(int64(t.every))), mode: t.modes[t.rng.IntN(len(t.modes))]}
}

// disturb runs the schedule until ctx ends. It neither breaks a shop that is
// broken nor heals what a person has touched meanwhile.
func (s *Shop) disturb(ctx context.Context) {
	sched := s.opt.Schedule
	if sched.Every <= 0 {
		<-ctx.Done()
		return
	}
	if sched.For <= 0 {
		sched.For = 2 * time.Minute
	}
	modes := sched.Modes
	if len(modes) == 0 {
		modes = s.Modes()
	}
	list := newTroubles(s.opt.Seed, sched.Every, modes)
	for {
		next := list.next()
		if pause(ctx, next.after) != nil {
			return
		}
		if s.Mode() != Healthy {
			continue
		}
		if err := s.change(next.mode, "schedule"); err != nil {
			continue
		}
		mine := s.generation()
		if pause(ctx, sched.For) != nil {
			return
		}
		for s.generation() == mine && s.change(Healthy, "schedule") != nil {
			// The port is taken for the moment: it stays down, and is tried again.
			if pause(ctx, time.Second) != nil {
				return
			}
		}
	}
}

func (s *Shop) generation() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turns
}
