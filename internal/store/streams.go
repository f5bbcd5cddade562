package store

import (
	"context"
	"database/sql"

	"tocsin/internal/core"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
)

// boardKinds are the kinds of stream that core.OnBoard says yes to.
var boardKinds = [...]string{board.SilenceKind, board.MaintenanceKind, board.OverrideKind, notification.VerifyKind}

// A kind's streams lie between "kind/" and "kind0": '0' comes after '/'.
const (
	selectKind    = `SELECT stream, state FROM stream WHERE stream > $1 AND stream < $2 ORDER BY stream LIMIT $3`
	selectStreams = `SELECT stream FROM stream WHERE stream > $1 AND stream < $2 ORDER BY stream LIMIT $3`
)

// maxStates bounds the lists of states: the board and what the UI shows whole.
const maxStates = 100_000

// Board reads every state of the board's streams.
func (s *Store) Board(ctx context.Context) (map[fact.Stream]core.State, error) {
	out := map[fact.Stream]core.State{}
	for _, kind := range boardKinds {
		all, err := s.kind(ctx, kind)
		if err != nil {
			return nil, err
		}
		for _, n := range all {
			out[n.stream] = n.state
		}
	}
	return out, nil
}

// BoardVersion changes whenever any node wrote a stream of the board.
func (s *Store) BoardVersion(ctx context.Context) (int64, error) {
	var v int64
	err := s.db.reads().QueryRowContext(ctx, `SELECT value FROM mark WHERE name = 'board'`).Scan(&v)
	return v, s.wrap("read the board's version", err)
}

// Streams lists the open streams of a kind in order of name, after the given
// one.
func (s *Store) Streams(ctx context.Context, kind string, after fact.Stream, limit int) ([]fact.Stream, error) {
	from := max(string(after), kind+"/")
	return list(ctx, s, func(rows *sql.Rows) (st fact.Stream, err error) {
		return st, rows.Scan(&st)
	}, ask("list streams", selectStreams, from, kind+"0", int64(limit)))
}

// State reads one stream outside of any transaction; nil if there is none.
func (s *Store) State(ctx context.Context, stream fact.Stream) (core.State, error) {
	n, err := one(ctx, s, scanNamed, ask("read a stream", `SELECT stream, state FROM stream WHERE stream = $1`, string(stream)))
	if err != nil || n == nil {
		return nil, err
	}
	return n.state, nil
}

// States is every state of a kind, by name of the stream.
func (s *Store) States(ctx context.Context, kind string) ([]core.State, error) {
	all, err := s.kind(ctx, kind)
	if err != nil {
		return nil, err
	}
	out := make([]core.State, len(all))
	for i := range all {
		out[i] = all[i].state
	}
	return out, nil
}

type named struct {
	stream fact.Stream
	state  core.State
}

func scanNamed(rows *sql.Rows) (n named, err error) {
	var data []byte
	if err = rows.Scan(&n.stream, &data); err != nil {
		return n, err
	}
	n.state, err = core.Decode(n.stream, data)
	return n, err
}

// kind reads in portions, so that no read holds its snapshot for long.
func (s *Store) kind(ctx context.Context, kind string) ([]named, error) {
	const portion = 1000
	var out []named
	for after := kind + "/"; len(out) < maxStates; after = string(out[len(out)-1].stream) {
		part, err := list(ctx, s, scanNamed, ask("read streams of "+kind, selectKind, after, kind+"0", int64(portion)))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
		if len(part) < portion {
			break
		}
	}
	return out, nil
}
