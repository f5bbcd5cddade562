package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"tocsin/internal/core/ledger"
)

var (
	// The same key is the same errand: one that is already there stays.
	outboxInsert = &bulk{types: "ttttntn",
		into:  `INSERT INTO outbox (id, stream, kind, body, wanted_at, owner, lease_until)`,
		after: `ON CONFLICT (id) DO NOTHING`}
	outboxFinish = &bulk{types: "t",
		each:  `DELETE FROM outbox WHERE id = $1`,
		over:  `DELETE FROM outbox USING`,
		where: `WHERE outbox.id = c1`}
)

// outbox first takes away what is done: a key that is done and wanted anew in
// one batch is wanted.
func (p *pen) outbox() error {
	done := make([][]any, len(p.b.Finished))
	for i, key := range p.b.Finished {
		done[i] = []any{key}
	}
	if _, err := p.many(outboxFinish, done); err != nil {
		return err
	}
	last := make(map[string]int, len(p.b.Outbox))
	for i := range p.b.Outbox {
		last[p.b.Outbox[i].Key] = i
	}
	var rows [][]any
	for i := range p.b.Outbox {
		if e := &p.b.Outbox[i]; last[e.Key] == i {
			rows = append(rows, []any{e.Key, string(e.Stream), e.Kind, string(e.Body), micros(e.At), e.Owner, micros(e.LeaseUntil)})
		}
	}
	_, err := p.many(outboxInsert, rows)
	return err
}

const (
	claimable = `SELECT EXISTS (SELECT 1 FROM outbox WHERE lease_until <= $1)`
	// Several nodes claim at once on PostgreSQL; there each skips the rows that
	// another one has locked.
	claimHead = `UPDATE outbox SET owner = $1, lease_until = $2 WHERE id IN (SELECT id FROM outbox WHERE lease_until <= $3 ORDER BY wanted_at, id LIMIT $4`
	claimTail = `) RETURNING id, stream, kind, body, wanted_at, owner, lease_until`
)

// Claim leases errands that nobody holds, or whose holder's lease is over,
// oldest first.
func (s *Store) Claim(ctx context.Context, c ledger.Claim) ([]ledger.Errand, error) {
	const attempt = "claim errands"
	var some bool // looked up outside of the writer's turn: mostly there is nothing
	if err := s.db.reads().QueryRowContext(ctx, claimable, micros(c.Now)).Scan(&some); err != nil || !some {
		return nil, s.wrap(attempt, err)
	}
	var out []ledger.Errand
	err := s.tx(ctx, attempt, func(t txn) error {
		rows, err := t.query(ctx, claimHead+s.db.claim()+claimTail, c.Owner, micros(c.Now.Add(c.Lease)), micros(c.Now), int64(c.Limit))
		if err != nil {
			return err
		}
		out, err = collect(rows, scanErrand)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b ledger.Errand) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

func scanErrand(rows *sql.Rows) (e ledger.Errand, err error) {
	var at, until int64
	err = rows.Scan(&e.Key, &e.Stream, &e.Kind, &e.Body, &at, &e.Owner, &until)
	e.At, e.LeaseUntil = fromMicros(at), fromMicros(until)
	return e, err
}

// Renew extends the leases of everything a node runs.
func (s *Store) Renew(ctx context.Context, owner string, until time.Time) error {
	return s.do(ctx, "renew leases", `UPDATE outbox SET lease_until = $1 WHERE owner = $2`, micros(until), owner)
}

// Release gives back the leases of a node that goes: the others need not wait
// for them to run out.
func (s *Store) Release(ctx context.Context, owner string) error {
	return s.do(ctx, "release leases", `UPDATE outbox SET owner = '', lease_until = 0 WHERE owner = $1`, owner)
}
