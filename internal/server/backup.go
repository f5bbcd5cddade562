package server

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tocsin/internal/store"
)

// Backup writes a consistent copy of the embedded database, which a running
// server may be using, and returns its size in bytes.
func Backup(ctx context.Context, o Options, to string) (int64, error) {
	o, err := o.withDefaults()
	if err != nil {
		return 0, err
	}
	if o.DatabaseURL != "" {
		return 0, errors.New("backup copies the embedded database; for PostgreSQL use pg_dump")
	}
	if err := store.BackupFile(ctx, o.databasePath(), to); err != nil {
		return 0, err
	}
	info, err := os.Stat(to)
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return info.Size(), nil
}
