package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

var (
	wakeArm = &bulk{types: "ttn", into: `INSERT INTO wake (stream, name, due_at)`,
		after: `ON CONFLICT (stream, name) DO UPDATE SET due_at = excluded.due_at`}
	wakeWithdraw = &bulk{types: "tt",
		each:  `DELETE FROM wake WHERE stream = $1 AND name = $2`,
		over:  `DELETE FROM wake USING`,
		where: `WHERE wake.stream = c1 AND wake.name = c2`}
	wakeFired = &bulk{types: "ttn",
		each:  `DELETE FROM wake WHERE stream = $1 AND name = $2 AND due_at <= $3`,
		over:  `DELETE FROM wake USING`,
		where: `WHERE wake.stream = c1 AND wake.name = c2 AND wake.due_at <= c3`}
)

type wakeKey struct {
	stream fact.Stream
	key    string
}

// wakes first takes away what this batch answers, then arms: a wake that fires
// and is armed again in one batch stays armed.
func (p *pen) wakes() error {
	fired := make([][]any, len(p.b.Fired))
	for i, w := range p.b.Fired {
		fired[i] = []any{string(w.Stream), w.Key, micros(w.At)}
	}
	last := make(map[wakeKey]int, len(p.b.Wakes))
	for i, w := range p.b.Wakes {
		last[wakeKey{w.Stream, w.Key}] = i
	}
	var arm, withdraw [][]any
	for i, w := range p.b.Wakes {
		switch {
		case last[wakeKey{w.Stream, w.Key}] != i:
		case w.At.IsZero():
			withdraw = append(withdraw, []any{string(w.Stream), w.Key})
		default:
			arm = append(arm, []any{string(w.Stream), w.Key, micros(w.At)})
		}
	}
	if _, err := p.many(wakeFired, fired); err != nil {
		return err
	}
	if _, err := p.many(wakeWithdraw, withdraw); err != nil {
		return err
	}
	_, err := p.many(wakeArm, arm)
	return err
}

// DueWakes lists wakes due at or before the time, oldest first.
func (s *Store) DueWakes(ctx context.Context, at time.Time, limit int) ([]ledger.Wake, error) {
	return s.listWakes(ctx, `SELECT stream, name, due_at FROM wake WHERE due_at <= $1 ORDER BY due_at, stream, name LIMIT $2`, micros(at), int64(limit))
}

// WakesOf lists the wakes of a stream in order of time.
func (s *Store) WakesOf(ctx context.Context, stream fact.Stream) ([]ledger.Wake, error) {
	return s.listWakes(ctx, `SELECT stream, name, due_at FROM wake WHERE stream = $1 ORDER BY due_at, name LIMIT 1000`, string(stream))
}

func (s *Store) listWakes(ctx context.Context, query string, args ...any) ([]ledger.Wake, error) {
	return list(ctx, s, func(rows *sql.Rows) (w ledger.Wake, err error) {
		var due int64
		err = rows.Scan(&w.Stream, &w.Key, &due)
		w.At = fromMicros(due)
		return w, err
	}, ask("list wakes", query, args...))
}

// NextWake is the time of the earliest wake; zero if there is none.
func (s *Store) NextWake(ctx context.Context) (time.Time, error) {
	return s.oldest(ctx, "find the next wake", `SELECT due_at FROM wake ORDER BY due_at LIMIT 1`)
}

// OldestErrand is when the errand that waits longest was wanted; zero if none
// waits.
func (s *Store) OldestErrand(ctx context.Context) (time.Time, error) {
	return s.oldest(ctx, "find the oldest errand", `SELECT wanted_at FROM outbox ORDER BY wanted_at LIMIT 1`)
}

func (s *Store) oldest(ctx context.Context, attempt, query string) (time.Time, error) {
	var at int64
	err := s.db.reads().QueryRowContext(ctx, query).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return fromMicros(at), s.wrap(attempt, err)
}
