package store

import (
	"context"
	"database/sql"
	"os"
	"time"
)

// checkpointAt is how long the write-ahead log gets before its pages are moved
// home, beside the writer. The file keeps its length afterwards and is written
// from its start again, so length alone would ask for a checkpoint after every
// commit from then on: hence the pause.
const (
	checkpointAt    = 4 << 20
	checkpointPause = 250 * time.Millisecond
)

// beside starts the checkpoints. Left to itself SQLite runs them inside of some
// unlucky commit; here they wait for nobody and nobody waits for them.
func (d *sqliteDB) beside(s *Store) []func(context.Context) {
	return []func(context.Context){func(ctx context.Context) {
		db, err := sql.Open("sqlite", dsn(d.path, writePragmas))
		if err != nil {
			s.log.Error("no checkpoints beside the writer", "error", err)
			return
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for {
			select {
			case <-ctx.Done():
				return
			case <-d.grown:
			}
			if info, err := os.Stat(d.path + "-wal"); err != nil || info.Size() < checkpointAt {
				continue
			}
			if err := d.checkpoint(ctx, db); err != nil && ctx.Err() == nil {
				s.log.Warn("checkpoint failed", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(checkpointPause):
			}
		}
	}}
}

// checkpoint moves what no reader needs any more and never waits for one.
func (d *sqliteDB) checkpoint(ctx context.Context, db *sql.DB) error {
	var busy, length, moved int64
	return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &length, &moved)
}

func (d *sqliteDB) said(int64) {
	select {
	case d.grown <- struct{}{}:
	default:
	}
}
