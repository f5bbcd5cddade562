package store

import (
	"context"
	"database/sql"
	"errors"

	"tocsin/internal/core/ledger"
)

// question is a query outside of any transaction, and what it is for.
type question struct {
	attempt, query string
	args           []any
}

func ask(attempt, query string, args ...any) question { return question{attempt, query, args} }

// list collects the rows that answer a question.
func list[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), q question) ([]T, error) {
	rows, err := s.db.reads().QueryContext(ctx, q.query, clean(q.args)...)
	if err != nil {
		return nil, s.wrap(q.attempt, err)
	}
	out, err := collect(rows, scan)
	return out, s.wrap(q.attempt, err)
}

// one is list for at most one row; nil if there is none.
func one[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), q question) (*T, error) {
	all, err := list(ctx, s, scan, q)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// do runs one writing statement in a transaction of its own.
func (s *Store) do(ctx context.Context, attempt, query string, args ...any) error {
	_, err := s.count(ctx, attempt, query, args...)
	return err
}

// count is do, and says how many rows it touched.
func (s *Store) count(ctx context.Context, attempt, query string, args ...any) (n int64, err error) {
	err = s.tx(ctx, attempt, func(t txn) error {
		n, err = affected(t.exec(ctx, query, args...))
		return err
	})
	return n, err
}

// tx runs a small transaction of the store's own. What it reads and writes is
// not a stream, so losing a race (a deadlock, at worst) only means to try again.
func (s *Store) tx(ctx context.Context, attempt string, fn func(txn) error) error {
	const tries = 5
	var err error
	for range tries {
		if err = s.txOnce(ctx, attempt, fn); !errors.Is(err, ledger.ErrConflict) {
			return err
		}
	}
	return err
}

func (s *Store) txOnce(ctx context.Context, attempt string, fn func(txn) error) error {
	t, err := s.db.beginSmall(ctx)
	if err != nil {
		return s.wrap(attempt, err)
	}
	defer t.rollback()
	if err := fn(t); err != nil {
		return s.wrap(attempt, err)
	}
	return s.wrap(attempt, t.commit(ctx))
}

// The bounds of a page of any list.
const (
	defaultLimit = 50
	maxLimit     = 500
)

func bound(limit int) int64 {
	if limit <= 0 {
		return defaultLimit
	}
	return int64(min(limit, maxLimit))
}
