package store

import (
	"context"
	"database/sql"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/page"
)

// chunk is how many rows go in one transaction: the writer is never away for
// longer than it takes to delete them.
const chunk = 500

// Prune removes what was over before the time: resolved alerts, resolved pages
// and messages, silences and the like that ended, sessions, and the journal's
// entries. What is open stays whatever its age, and so do incidents, which
// somebody may still want to learn from. It stops between chunks when ctx ends.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	for _, step := range []func(context.Context, time.Time) error{s.pruneAlerts, s.prunePages, s.pruneBoard, s.pruneRows} {
		if err := step(ctx, before); err != nil {
			return err
		}
	}
	return nil
}

// keyset walks a table in the order of its key, a chunk at a time. next gets the
// last key seen and returns the one it came to; empty ends the walk.
func keyset(ctx context.Context, next func(after string) (string, error)) error {
	for after := ""; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		last, err := next(after)
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// pruneAlerts walks alerts by id, which is by time, and ends at the first one
// that is younger.
func (s *Store) pruneAlerts(ctx context.Context, before time.Time) error {
	return keyset(ctx, func(after string) (string, error) {
		part, err := list(ctx, s, scanAlert, ask("find old alerts", `SELECT state FROM alert WHERE id > $1 AND received_at < $2 ORDER BY id LIMIT $3`, after, micros(before), int64(chunk)))
		if err != nil || len(part) == 0 {
			return "", err
		}
		var rows, labels [][]any
		for _, a := range part {
			if a.Status != alert.Resolved || !a.ResolvedAt.Before(before) {
				continue
			}
			rows = append(rows, []any{a.ID})
			for _, l := range indexed(a.Labels) {
				labels = append(labels, []any{l.name, l.value, a.ID})
			}
		}
		err = s.remove(ctx, "remove old alerts", removal{alertDelete, rows}, removal{labelDelete, labels})
		return part[len(part)-1].ID, err
	})
}

var (
	alertDelete = &bulk{types: "t", each: `DELETE FROM alert WHERE id = $1`, over: `DELETE FROM alert USING`, where: `WHERE alert.id = c1`}
	labelDelete = &bulk{types: "ttt", each: `DELETE FROM alert_label WHERE name = $1 AND value = $2 AND alert = $3`,
		over: `DELETE FROM alert_label USING`, where: `WHERE alert_label.name = c1 AND alert_label.value = c2 AND alert_label.alert = c3`}
	pageDelete = &bulk{types: "t", each: `DELETE FROM page WHERE id = $1`, over: `DELETE FROM page USING`, where: `WHERE page.id = c1`}
	toldDelete = &bulk{types: "tt", each: `DELETE FROM page_told WHERE person = $1 AND page = $2`,
		over: `DELETE FROM page_told USING`, where: `WHERE page_told.person = c1 AND page_told.page = c2`}
	streamRemove = &bulk{types: "t", each: `DELETE FROM stream WHERE stream = $1`, over: `DELETE FROM stream USING`, where: `WHERE stream.stream = c1`}
)

type removal struct {
	b    *bulk
	rows [][]any
}

// remove runs removals in one transaction.
func (s *Store) remove(ctx context.Context, attempt string, all ...removal) error {
	return s.tx(ctx, attempt, func(t txn) error {
		p := &pen{s: s, ctx: ctx, t: t}
		for _, r := range all {
			if _, err := p.many(r.b, r.rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// prunePages removes resolved pages with their streams: an answer to one of them
// is then told that there is no such page.
func (s *Store) prunePages(ctx context.Context, before time.Time) error {
	const query = `SELECT s.state FROM page AS p JOIN stream AS s ON s.stream = 'page/' || p.id` +
		` WHERE p.id > $1 AND p.opened_at < $2 AND p.status = 'resolved' AND p.resolved_at < $3 ORDER BY p.id LIMIT $4`
	return keyset(ctx, func(after string) (string, error) {
		part, err := list(ctx, s, scanJSON[page.State], ask("find old pages", query, after, micros(before), micros(before), int64(chunk)))
		if err != nil || len(part) == 0 {
			return "", err
		}
		var rows, told, streams [][]any
		for _, p := range part {
			rows, streams = append(rows, []any{p.ID}), append(streams, []any{string(page.Stream(p.ID))})
			for _, c := range p.Calls {
				told = append(told, []any{c.User, p.ID})
			}
		}
		err = s.remove(ctx, "remove old pages", removal{pageDelete, rows}, removal{toldDelete, told}, removal{streamRemove, streams})
		return part[len(part)-1].ID, err
	})
}

// pruneBoard removes what was in force and is long over.
func (s *Store) pruneBoard(ctx context.Context, before time.Time) error {
	var rows [][]any
	for _, kind := range [...]string{board.SilenceKind, board.MaintenanceKind, board.OverrideKind} {
		all, err := s.kind(ctx, kind)
		if err != nil {
			return err
		}
		for _, n := range all {
			if end := endOf(n); !end.IsZero() && end.Before(before) {
				rows = append(rows, []any{string(n.stream)})
			}
		}
	}
	return s.remove(ctx, "remove old silences", removal{streamRemove, rows})
}

func endOf(n named) time.Time {
	switch st := n.state.(type) {
	case *board.Silence:
		return st.EndsAt
	case *board.Maintenance:
		return st.EndsAt
	case *board.Override:
		return st.End
	}
	return time.Time{}
}

// pruneRows removes by time alone. The newest entry of the journal stays: the
// next position is counted from it.
func (s *Store) pruneRows(ctx context.Context, before time.Time) error {
	keep, err := s.kept(ctx)
	if err != nil {
		return err
	}
	for _, query := range [...]string{
		`DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE created_at < $1 AND again_at = 0 ORDER BY id LIMIT $2)`,
		`DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE expires_at < $1 ORDER BY token_hash LIMIT $2)`,
	} {
		if err := s.portions(ctx, query, micros(before), int64(chunk)); err != nil {
			return err
		}
	}
	return s.pruneJournal(ctx, before, keep)
}

func (s *Store) portions(ctx context.Context, query string, args ...any) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.count(ctx, "remove old rows", query, args...)
		if err != nil || n < chunk {
			return err
		}
	}
}

// kept are the subjects whose timelines stay whole: incidents, and whatever is
// still open.
func (s *Store) kept(ctx context.Context) (map[string]bool, error) {
	keep := map[string]bool{}
	for _, query := range [...]string{
		`SELECT id FROM alert WHERE status = 'firing' ORDER BY id LIMIT 1000000`,
		`SELECT id FROM page ORDER BY id LIMIT 1000000`,
		`SELECT id FROM incident ORDER BY number LIMIT 1000000`,
	} {
		ids, err := list(ctx, s, scanText, ask("find what stays", query))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			keep[id] = true
		}
	}
	return keep, nil
}

type oldEntry struct {
	pos     int64
	at      int64
	subject string
}

var journalDelete = &bulk{types: "n", each: `DELETE FROM journal WHERE pos = $1`, over: `DELETE FROM journal USING`, where: `WHERE journal.pos = c1`}

// pruneJournal walks the journal from its start and ends at the first entry that
// is young enough.
func (s *Store) pruneJournal(ctx context.Context, before time.Time, keep map[string]bool) error {
	last, err := s.LastPos(ctx)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part, err := list(ctx, s, func(rows *sql.Rows) (e oldEntry, err error) {
			return e, rows.Scan(&e.pos, &e.at, &e.subject)
		}, ask("find old entries", `SELECT pos, at, subject FROM journal WHERE pos > $1 ORDER BY pos LIMIT $2`, after, int64(chunk)))
		if err != nil || len(part) == 0 {
			return err
		}
		var rows [][]any
		for _, e := range part {
			if e.at < micros(before) && e.pos != last && !keep[e.subject] {
				rows = append(rows, []any{e.pos})
			}
		}
		if err := s.remove(ctx, "remove old entries", removal{journalDelete, rows}); err != nil {
			return err
		}
		after = part[len(part)-1].pos
		if part[len(part)-1].at >= micros(before) {
			return nil
		}
	}
}
