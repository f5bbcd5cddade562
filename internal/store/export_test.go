package store

import (
	"context"
	"fmt"
)

// LimitPages makes a SQLite ledger run out of room after so many pages, as a
// full disk does.
func LimitPages(s *Store, n int) error {
	t, err := s.db.begin(context.Background())
	if err != nil {
		return err
	}
	defer t.rollback()
	if _, err := t.exec(context.Background(), fmt.Sprintf("PRAGMA max_page_count(%d)", n)); err != nil {
		return err
	}
	return t.commit(context.Background())
}
