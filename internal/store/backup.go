package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrUsePgDump says how PostgreSQL is backed up.
var ErrUsePgDump = errors.New("the ledger is in PostgreSQL: back it up with pg_dump, or with what backs up your other databases there")

// Backup writes a copy of the ledger as it is at one moment to a new file,
// while the writer goes on. The copy is a ledger that can be opened.
func (s *Store) Backup(ctx context.Context, path string) error {
	d, ok := s.db.(*sqliteDB)
	if !ok {
		return ErrUsePgDump
	}
	return s.wrap("back up to "+path, copyTo(ctx, d.read, path))
}

// BackupFile is Backup for a file that another process may be writing: a backup
// needs no running server and disturbs none.
func BackupFile(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("back up %s: %w", from, err)
	}
	path, err := filepath.Abs(from)
	if err != nil {
		return fmt.Errorf("back up %s: %w", from, err)
	}
	db, err := sql.Open("sqlite", dsn(path, readPragmas))
	if err != nil {
		return fmt.Errorf("back up %s: %w", from, err)
	}
	defer db.Close()
	if err := copyTo(ctx, db, to); err != nil {
		return fmt.Errorf("back up %s: %w", from, err)
	}
	return nil
}

// copyTo writes beside the file and renames at the end, so that a file of that
// name is always whole.
func copyTo(ctx context.Context, db *sql.DB, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	half := path + ".part"
	if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(half)
		}
	}()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// VACUUM INTO writes to the new file only, but query_only forbids it.
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only(0)`); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO $1`, half)
	_, back := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only(1)`)
	if err = errors.Join(err, back); err != nil {
		return err
	}
	if err := syncFile(half); err != nil {
		return err
	}
	if err := os.Chmod(half, 0o600); err != nil {
		return err
	}
	return os.Rename(half, path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
