package plan

import (
	"time"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/signal"
)

// Board is what people have put in force for a while. It is a run-time fact,
// not configuration: the engine reads it in the same transaction as the state
// that a step moves, and passes it in. It must not be changed by a step.
type Board struct {
	Silences    []Silence         `json:"silences,omitempty"`
	Maintenance []Maintenance     `json:"maintenance,omitempty"`
	Overrides   []oncall.Override `json:"overrides,omitempty"`
	// Verified maps "user/contact" to the hash of the address that was
	// verified. A changed address is unverified again.
	Verified map[string]string `json:"verified,omitempty"`
}

// Silence mutes the alerts that any of its matcher sets selects, [StartsAt,
// EndsAt). What is muted is recorded, and its resolution is still told.
type Silence struct {
	ID        string            `json:"id"`
	Matchers  []signal.Matchers `json:"matchers"` // OR of ANDs
	StartsAt  time.Time         `json:"starts_at"`
	EndsAt    time.Time         `json:"ends_at"`
	CreatedBy string            `json:"created_by"`
	Comment   string            `json:"comment"`
	Created   time.Time         `json:"created"`
}

// Matches says whether the silence selects the label set, whatever the time.
func (s *Silence) Matches(l signal.Labels) bool {
	for _, ms := range s.Matchers {
		if ms.Matches(l) {
			return true
		}
	}
	return false
}

// Active says whether the silence is in force.
func (s *Silence) Active(at time.Time) bool { return !at.Before(s.StartsAt) && at.Before(s.EndsAt) }

// Maintenance mutes whole services, [StartsAt, EndsAt).
type Maintenance struct {
	ID        string    `json:"id"`
	Services  []string  `json:"services"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	CreatedBy string    `json:"created_by"`
	Comment   string    `json:"comment"`
	Created   time.Time `json:"created"`
}

// Active says whether the window is in force.
func (m *Maintenance) Active(at time.Time) bool { return !at.Before(m.StartsAt) && at.Before(m.EndsAt) }

// Covers says whether the window names the service.
func (m *Maintenance) Covers(service string) bool {
	for _, s := range m.Services {
		if s == service {
			return true
		}
	}
	return false
}
