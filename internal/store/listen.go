package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

func (d *postgresDB) said(int64) {
	select {
	case d.nudge <- struct{}{}:
	default: // one is on its way and will stand for this commit too
	}
}

func (d *postgresDB) beside(s *Store) []func(context.Context) {
	return []func(context.Context){
		func(ctx context.Context) { d.herald(ctx, s) },
		func(ctx context.Context) { d.listen(ctx, s) },
	}
}

// herald tells other nodes that something was committed: after the commit and
// at most one at a time, because NOTIFY inside of transactions makes their
// commits queue for one lock. A node that dies in between costs the others
// their patience, no more: they also look from time to time.
func (d *postgresDB) herald(ctx context.Context, s *Store) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.nudge:
		}
		if _, err := d.db.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, d.node); err != nil && ctx.Err() == nil {
			s.log.Warn("other nodes were not told of a commit", "error", err)
		}
	}
}

// The pauses between attempts to listen again, and how long silence is
// believed before the connection is tried.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	silence    = 30 * time.Second
)

// listen hears of other nodes' commits, and connects again for as long as it
// must.
func (d *postgresDB) listen(ctx context.Context, s *Store) {
	pause := firstPause
	for ctx.Err() == nil {
		heard, err := d.hear(ctx, s)
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("the connection that listens was lost", "error", err)
		if heard {
			pause = firstPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, lastPause)
	}
}

// hear listens on one connection until it breaks. heard says that there was one.
func (d *postgresDB) hear(ctx context.Context, s *Store) (heard bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return false, err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return false, err
	}
	s.change.tell() // something may have been missed
	for {
		wait, cancel := context.WithTimeout(ctx, silence)
		n, err := conn.WaitForNotification(wait)
		cancel()
		switch {
		case err == nil && n.Payload != d.node:
			s.change.tell()
		case err == nil: // our own voice
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			if err := ping(ctx, conn); err != nil {
				return true, err
			}
		default:
			return true, err
		}
	}
}

// ping finds out whether the other end is still there.
func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return conn.Ping(ctx)
}
