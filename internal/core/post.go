package core

import (
	"maps"
	"slices"
	"time"

	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// OnBoard says whether a stream's state belongs on the board.
func OnBoard(stream fact.Stream) bool {
	switch stream.Kind() {
	case board.SilenceKind, board.MaintenanceKind, board.OverrideKind, notification.VerifyKind:
		return true
	}
	return false
}

// Post puts a changed state on the board, and takes off what is over. The
// board it is given stays as it was.
func Post(b *plan.Board, stream fact.Stream, s State, at time.Time) *plan.Board {
	next := &plan.Board{Silences: b.Silences, Maintenance: b.Maintenance, Overrides: b.Overrides, Verified: b.Verified}
	id := stream.ID()
	switch stream.Kind() {
	case board.SilenceKind:
		next.Silences = replace(b.Silences, func(x plan.Silence) bool { return x.ID == id || !x.EndsAt.After(at) })
		if v := as[board.Silence](s); v != nil && v.EndsAt.After(at) {
			// The state may share its matchers with a board that somebody reads.
			posted := v.Silence
			posted.Matchers = make([]signal.Matchers, len(v.Matchers))
			for i := range v.Matchers {
				posted.Matchers[i] = v.Matchers[i].Compiled()
			}
			next.Silences = append(next.Silences, posted)
		}
	case board.MaintenanceKind:
		next.Maintenance = replace(b.Maintenance, func(x plan.Maintenance) bool { return x.ID == id || !x.EndsAt.After(at) })
		if v := as[board.Maintenance](s); v != nil && v.EndsAt.After(at) {
			next.Maintenance = append(next.Maintenance, v.Maintenance)
		}
	case board.OverrideKind:
		// Past overrides stay for a while: the calendar shows last week too.
		old := at.Add(-overrideMemory)
		next.Overrides = replace(b.Overrides, func(x oncall.Override) bool { return x.ID == id || x.End.Before(old) })
		if v := as[board.Override](s); v != nil && !v.End.Before(old) {
			next.Overrides = append(next.Overrides, v.Override)
		}
	case notification.VerifyKind:
		next.Verified = maps.Clone(b.Verified)
		if next.Verified == nil {
			next.Verified = map[string]string{}
		}
		if v := as[notification.Verification](s); v != nil && v.Verified != "" {
			next.Verified[v.To.String()] = v.Verified
		}
	}
	return next
}

// overrideMemory is how long an override that is over still shows.
const overrideMemory = 60 * 24 * time.Hour

func replace[T any](list []T, gone func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), gone)
}
