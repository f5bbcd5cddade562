package store

import (
	"context"
	"database/sql"

	"tocsin/internal/core/fact"
)

const journalColumns = `SELECT pos, at, stream, subject, kind, said, why_code, why_text, why_rule, actor_kind, actor_id, actor_via, body, plan FROM journal`

// Tail is all entries after a position, oldest first. A negative position
// counts from the end: -1 is the newest entry alone.
func (s *Store) Tail(ctx context.Context, after int64, limit int) ([]fact.Entry, error) {
	if after < 0 {
		last, err := s.LastPos(ctx)
		if err != nil {
			return nil, err
		}
		after = max(0, last+after)
	}
	return list(ctx, s, scanEntry, ask("read the journal", journalColumns+` WHERE pos > $1 ORDER BY pos LIMIT $2`, after, bound(limit)))
}

// LastPos is the position of the newest entry; 0 if there is none.
func (s *Store) LastPos(ctx context.Context) (int64, error) {
	var pos int64
	err := s.db.reads().QueryRowContext(ctx, `SELECT COALESCE(MAX(pos), 0) FROM journal`).Scan(&pos)
	return pos, s.wrap("find the journal's end", err)
}

// Timeline is the entries of any of the subjects after a position, oldest
// first.
func (s *Store) Timeline(ctx context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	w := &where{}
	w.in("subject", subjects)
	w.add("pos > ", after)
	return list(ctx, s, scanEntry, ask("read a timeline", journalColumns+w.text()+` ORDER BY pos LIMIT `+w.arg(bound(limit)), w.args...))
}

// StreamEntries is the entries of one stream after a position, oldest first.
func (s *Store) StreamEntries(ctx context.Context, stream fact.Stream, after int64, limit int) ([]fact.Entry, error) {
	return list(ctx, s, scanEntry, ask("read a stream's entries", journalColumns+` WHERE stream = $1 AND pos > $2 ORDER BY pos LIMIT $3`, string(stream), after, bound(limit)))
}

func scanEntry(rows *sql.Rows) (e fact.Entry, err error) {
	var at int64
	var body []byte
	err = rows.Scan(&e.Pos, &at, &e.Stream, &e.Subject, &e.Kind, &e.Text, &e.Why.Code, &e.Why.Text, &e.Why.Rule,
		&e.Actor.Kind, &e.Actor.ID, &e.Actor.Via, &body, &e.Plan)
	e.At = fromMicros(at)
	if len(body) > 0 {
		e.Body = body
	}
	return e, err
}
