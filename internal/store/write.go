package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// Write runs one transaction. fn may load streams and returns the batch to be
// written; a nil error of Write means that the batch is on disk. When another
// node moved a stream in between, Write returns ledger.ErrConflict and nothing
// was written. An empty or nil batch writes nothing.
//
// The positions of the batch's facts are set before Write returns.
func (s *Store) Write(ctx context.Context, fn func(ledger.Reader) (*ledger.Batch, error)) error {
	t, err := s.db.begin(ctx)
	if err != nil {
		return s.wrap("begin a transaction", err)
	}
	defer t.rollback()
	b, err := fn(reader{t})
	if err != nil {
		return s.wrap("run a transaction", err)
	}
	if b == nil {
		return nil
	}
	pos, err := s.apply(ctx, t, b)
	if err != nil {
		return s.wrap("write a batch", err)
	}
	if err := t.commit(ctx); err != nil {
		return s.wrap("commit a batch", err)
	}
	s.db.said(pos)
	s.change.tell()
	return nil
}

// reader loads streams inside a transaction.
type reader struct{ t txn }

const selectStream = `SELECT version, state FROM stream WHERE stream = $1`

func (r reader) Load(ctx context.Context, stream fact.Stream) (core.State, int64, error) {
	rows, err := r.t.query(ctx, selectStream, string(stream))
	if err != nil {
		return nil, 0, fmt.Errorf("load %s: %w", stream, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, 0, rows.Err()
	}
	var version int64
	var data []byte
	if err := rows.Scan(&version, &data); err != nil {
		return nil, 0, fmt.Errorf("load %s: %w", stream, err)
	}
	st, err := core.Decode(stream, data)
	if err != nil {
		return nil, 0, err
	}
	return st, version, rows.Err()
}

// pen writes one batch.
type pen struct {
	s   *Store
	ctx context.Context
	t   txn
	b   *ledger.Batch
	// encoded are the alerts that were written as streams: their list holds the
	// same text.
	encoded map[*alert.State]string
}

// apply writes the batch and returns the last position of the journal, 0 if it
// said nothing. The journal's lock comes first: on PostgreSQL it makes writers
// go one after another, so that they cannot wait for each other in a circle.
func (s *Store) apply(ctx context.Context, t txn, b *ledger.Batch) (int64, error) {
	p := &pen{s: s, ctx: ctx, t: t, b: b, encoded: map[*alert.State]string{}}
	first, err := s.db.lockJournal(ctx, t, len(b.Facts))
	if err != nil {
		return 0, fmt.Errorf("lock the journal: %w", err)
	}
	for i := range b.Facts {
		b.Facts[i].Pos = first + int64(i)
	}
	for _, step := range []func() error{p.streams, p.lists, p.journal, p.wakes, p.outbox, p.notifications, p.plan} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	if len(b.Facts) == 0 {
		return 0, nil
	}
	return first + int64(len(b.Facts)) - 1, nil
}

// many runs a bulk statement. Rows are sorted by their key: neighbours in an
// index are written together.
func (p *pen) many(b *bulk, rows [][]any) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	if b.types[b.key] == byte(text) {
		slices.SortStableFunc(rows, func(x, y []any) int { return cmp.Compare(x[b.key].(string), y[b.key].(string)) })
	}
	return p.s.db.bulk(p.ctx, p.t, b, rows)
}

var (
	streamInsert = &bulk{types: "tnt", into: `INSERT INTO stream (stream, version, state)`, after: `ON CONFLICT (stream) DO NOTHING`}
	streamUpdate = &bulk{types: "tntn", key: 2,
		each:  `UPDATE stream SET state = $1, version = $2 WHERE stream = $3 AND version = $4`,
		over:  `UPDATE stream SET state = c1, version = c2 FROM`,
		where: `WHERE stream.stream = c3 AND stream.version = c4`}
	streamDelete = &bulk{types: "tn",
		each:  `DELETE FROM stream WHERE stream = $1 AND version = $2`,
		over:  `DELETE FROM stream USING`,
		where: `WHERE stream.stream = c1 AND stream.version = c2`}
)

// streams writes the states. A stream that a batch changes twice is written
// once, as it is at the end; what counts for the race is the version that was
// loaded first.
func (p *pen) streams() error {
	last := make(map[fact.Stream]int, len(p.b.States))
	base := make(map[fact.Stream]int64, len(p.b.States))
	for i, c := range p.b.States {
		if _, again := last[c.Stream]; !again {
			base[c.Stream] = c.Version
		}
		last[c.Stream] = i
	}
	var ins, upd, del [][]any
	board := false
	for i, c := range p.b.States {
		if last[c.Stream] != i {
			continue
		}
		board = board || core.OnBoard(c.Stream)
		v := base[c.Stream]
		if ledger.Ended(c.State) {
			if v > 0 {
				del = append(del, []any{string(c.Stream), v})
			}
			continue
		}
		data, err := core.Encode(c.State)
		if err != nil {
			return fmt.Errorf("write %s: %w", c.Stream, err)
		}
		if a, ok := c.State.(*alert.State); ok {
			p.encoded[a] = string(data)
		}
		if v == 0 {
			ins = append(ins, []any{string(c.Stream), int64(1), string(data)})
		} else {
			upd = append(upd, []any{string(data), v + 1, string(c.Stream), v})
		}
	}
	if err := p.exactly(streamInsert, ins); err != nil {
		return err
	}
	if err := p.exactly(streamUpdate, upd); err != nil {
		return err
	}
	if err := p.exactly(streamDelete, del); err != nil {
		return err
	}
	if board {
		_, err := p.t.exec(p.ctx, `UPDATE mark SET value = value + 1 WHERE name = 'board'`)
		return err
	}
	return nil
}

// exactly runs a bulk statement that must touch every one of its rows: one that
// it misses was moved by another node.
func (p *pen) exactly(b *bulk, rows [][]any) error {
	n, err := p.many(b, rows)
	if err == nil && n != int64(len(rows)) {
		return ledger.ErrConflict
	}
	return err
}

var journalInsert = &bulk{types: "nntttttttttttn",
	into: `INSERT INTO journal (pos, at, stream, subject, kind, said, why_code, why_text, why_rule, actor_kind, actor_id, actor_via, body, plan)`}

func (p *pen) journal() error {
	rows := make([][]any, len(p.b.Facts))
	for i := range p.b.Facts {
		e := &p.b.Facts[i]
		rows[i] = []any{e.Pos, micros(e.At), string(e.Stream), e.Subject, e.Kind, e.Text, e.Why.Code, e.Why.Text, e.Why.Rule,
			e.Actor.Kind, e.Actor.ID, e.Actor.Via, string(e.Body), e.Plan}
	}
	_, err := p.many(journalInsert, rows)
	return err
}
