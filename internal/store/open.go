package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"tocsin/internal/core/ledger"
)

// Config says where the ledger is.
type Config struct {
	// Path is the SQLite file; it is made if it does not exist.
	Path string
	// URL is a PostgreSQL connection string ("postgres://..."), instead of Path.
	URL string
	Log *slog.Logger // nil: silent
}

// Store is an open ledger. Its methods may be used by many goroutines.
type Store struct {
	db     dialect
	log    *slog.Logger
	change *changes
	stop   context.CancelFunc
	side   sync.WaitGroup // what runs beside the writer
}

// Open opens the ledger, brings its schema up to date and starts what runs
// beside the writer. It refuses a schema that is newer than this program.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if (c.Path == "") == (c.URL == "") {
		return nil, errors.New("open the database: name a file or a PostgreSQL URL, one of them")
	}
	open := openSQLite
	if c.URL != "" {
		open = openPostgres
	}
	db, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, log: c.Log, change: newChanges()}
	side, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	for _, run := range db.beside(s) {
		s.side.Go(func() { run(side) })
	}
	return s, nil
}

// Close stops what runs beside the writer and closes the connections.
func (s *Store) Close() error {
	s.stop()
	s.side.Wait()
	s.change.closeAll()
	return s.db.close()
}

// Dialect names the database: "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.db.name() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int64
	if err := s.db.reads().QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return s.wrap("ping the database", err)
	}
	return nil
}

// dialect is what the two databases do differently.
type dialect interface {
	name() string
	// reads is for statements outside of a writing transaction.
	reads() *sql.DB
	// begin opens a transaction for streams: whatever it loaded still holds when
	// it commits, or it fails. beginSmall opens one for everything else.
	begin(ctx context.Context) (txn, error)
	beginSmall(ctx context.Context) (txn, error)
	// lockJournal makes this transaction the only one that appends, until its
	// end, and draws n positions; it returns the first.
	lockJournal(ctx context.Context, t txn, n int) (int64, error)
	// bulk runs a statement for many rows and returns how many it touched.
	bulk(ctx context.Context, t txn, b *bulk, rows [][]any) (int64, error)
	// claim is appended to the selection of rows that several nodes want.
	claim() string
	// said is called after a commit with the last position of the journal.
	said(pos int64)
	// kind sorts an error of the driver: ErrConflict, ErrUnavailable or nil.
	kind(err error) error
	beside(s *Store) []func(context.Context)
	close() error
}

// txn is an open transaction.
type txn interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	queryRow(ctx context.Context, query string, args ...any) *sql.Row
	commit(ctx context.Context) error
	rollback()
}

// wrap says what was attempted and what kind of failure it was.
func (s *Store) wrap(attempt string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrUnavailable) {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	if kind := s.db.kind(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", attempt, kind, err)
	}
	return fmt.Errorf("%s: %w", attempt, err)
}
