//go:build unix

package store

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lockFile takes the right to be the one process that writes a SQLite file.
// SQLite itself would let two in, and each would believe that its wakes and
// leases are its own. The lock goes with the process, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 64))
		_ = f.Close()
		who := strings.TrimSpace(string(holder))
		if who == "" {
			who = "another process"
		}
		return nil, fmt.Errorf("the database %s is in use by %s: stop it first, or use PostgreSQL to run several nodes", path, who)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(fmt.Sprintf("process %d\n", os.Getpid())), 0)
	}
	return f, nil
}
