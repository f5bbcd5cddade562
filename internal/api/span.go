package api

import (
	"cmp"
	"slices"
	"time"

	"tocsin/internal/core/plan"
)

// Span says from when to when something is in force.
type Span struct {
	StartsAt time.Time `json:"starts_at,omitzero" doc:"Absent: now."`
	EndsAt   time.Time `json:"ends_at,omitzero" doc:"This, or a duration."`
	Duration string    `json:"duration,omitempty" doc:"Instead of ends_at: 30m, 2h, 7d." example:"2h"`
}

// times settles the end. A start that is unsaid stays unsaid: the core knows
// what it means for something that is in force already.
func (s Span) times(now time.Time) (start, end time.Time, err error) {
	switch {
	case s.Duration != "" && !s.EndsAt.IsZero():
		return start, end, invalid("duration", "say ends_at or duration, not both")
	case s.Duration == "" && s.EndsAt.IsZero():
		return start, end, invalid("ends_at", "say until when it is in force, by ends_at or duration")
	case s.Duration == "":
		return s.StartsAt.UTC(), s.EndsAt.UTC(), nil
	}
	d, err := plan.ParseDuration(s.Duration)
	if err != nil || d <= 0 {
		return start, end, invalid("duration", "%q is not a duration like 30m, 2h or 7d", s.Duration)
	}
	from := s.StartsAt
	if from.IsZero() {
		from = now
	}
	return s.StartsAt.UTC(), from.Add(d.Std()).UTC(), nil
}

// phase says where a span stands.
func phase(start, end, now time.Time) string {
	switch {
	case !end.After(now):
		return "expired"
	case start.After(now):
		return "pending"
	}
	return "active"
}

// BoardQuery selects what is on the board.
type BoardQuery struct {
	Paging
	Status string `query:"status" enum:"active,pending,expired" doc:"Absent: active and pending."`
}

// chosen keeps the states that a query asks for.
func (q BoardQuery) chosen(status string) bool {
	if q.Status == "" {
		return status != "expired"
	}
	return q.Status == status
}

// ordered sorts newest first and cuts a page out. Ids sort by time.
func ordered[T any](items []T, q Paging, id func(T) string) *Out[List[T]] {
	slices.SortFunc(items, func(x, y T) int { return cmp.Compare(id(y), id(x)) })
	if q.Before != "" {
		items = slices.DeleteFunc(items, func(x T) bool { return id(x) >= q.Before })
	}
	return listed(items, q.Limit, func(x T) T { return x }, id)
}
