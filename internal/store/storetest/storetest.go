// Package storetest opens ledgers for tests: SQLite always, PostgreSQL where
// there is one. It is for tests alone.
package storetest

import (
	"path/filepath"
	"testing"

	"tocsin/internal/store"
)

// Open opens an empty SQLite ledger that lives as long as the test.
func Open(t testing.TB) *store.Store {
	t.Helper()
	return open(t, store.Config{Path: filepath.Join(t.TempDir(), "tocsin.db")})
}

// Each runs a test on an empty ledger of each database.
func Each(t *testing.T, run func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, Open(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, store.Config{URL: PostgresURL(t)}))
	})
}

// Nodes opens one PostgreSQL ledger as several nodes do, each with connections
// of its own. It skips the test where there is no PostgreSQL.
func Nodes(t testing.TB, n int) []*store.Store {
	t.Helper()
	url := PostgresURL(t)
	all := make([]*store.Store, n)
	for i := range all {
		all[i] = open(t, store.Config{URL: url})
	}
	return all
}

func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("open the ledger: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	return s
}
