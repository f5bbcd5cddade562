package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tocsin/internal/core/ledger"
)

// sqliteDB has one writing connection, used by one transaction at a time, and
// a few that read.
type sqliteDB struct {
	path   string
	lock   *os.File
	write  *sql.DB
	read   *sql.DB
	conn   *sql.Conn
	turn   chan struct{} // holds one token: whose turn it is to write
	stmts  map[string]*sql.Stmt
	values map[valuesKey]string
	grown  chan struct{} // says that the write-ahead log may have grown
}

type valuesKey struct {
	b *bulk
	n int
}

// readers is how many connections read. Lists are short; more would only hold
// more snapshots open and let the write-ahead log grow.
const readers = 4

// Every PRAGMA is said on every connection: none of them is a property of the
// file, except the journal's mode.
var (
	writePragmas = []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
		"cache_size(-65536)", "wal_autocheckpoint(16000)", "journal_size_limit(67108864)", "trusted_schema(0)"}
	readPragmas = []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
		"cache_size(-16384)", "wal_autocheckpoint(0)", "trusted_schema(0)", "query_only(1)"}
)

func dsn(path string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func openSQLite(ctx context.Context, c Config) (dialect, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	d := &sqliteDB{path: path, lock: lock, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}, values: map[valuesKey]string{}, grown: make(chan struct{}, 1)}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), d.close())
	}
	return d, nil
}

func (d *sqliteDB) open(ctx context.Context) (err error) {
	// The file holds secrets and what people say at night; SQLite would let
	// everybody on the machine read it.
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_ = f.Close()
	if d.write, err = sql.Open("sqlite", dsn(d.path, writePragmas)); err != nil {
		return err
	}
	d.write.SetMaxOpenConns(1)
	if err := migrate(ctx, d.write, goose.DialectSQLite3, "sqlite"); err != nil {
		return err
	}
	// The connection outlives ctx: it is the store's for as long as it is open.
	if d.conn, err = d.write.Conn(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	// Whoever held a lease is gone: this process is alone with the file.
	if _, err := d.conn.ExecContext(ctx, `UPDATE outbox SET owner = '', lease_until = 0 WHERE lease_until > 0`); err != nil {
		return err
	}
	if d.read, err = sql.Open("sqlite", dsn(d.path, readPragmas)); err != nil {
		return err
	}
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
	d.turn <- struct{}{}
	return nil
}

func (d *sqliteDB) name() string   { return "sqlite" }
func (d *sqliteDB) reads() *sql.DB { return d.read }
func (d *sqliteDB) claim() string  { return "" }

func (d *sqliteDB) close() error {
	var errs []error
	for _, st := range d.stmts {
		errs = append(errs, st.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(append(errs, d.lock.Close())...)
}

func (d *sqliteDB) kind(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return ledger.ErrUnavailable
	}
	return nil
}

// begin waits for its turn and takes the write lock at once: a transaction that
// reads first and asks for the lock later fails when another one wrote.
func (d *sqliteDB) begin(ctx context.Context) (txn, error) {
	select {
	case <-d.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t := &sqliteTxn{d: d}
	if _, err := t.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		t.rollback()
		return nil, err
	}
	return t, nil
}

// beginSmall is begin: there is only one writer.
func (d *sqliteDB) beginSmall(ctx context.Context) (txn, error) { return d.begin(ctx) }

func (d *sqliteDB) lockJournal(ctx context.Context, t txn, _ int) (int64, error) {
	var last int64
	err := t.queryRow(ctx, `SELECT COALESCE(MAX(pos), 0) FROM journal`).Scan(&last)
	return last + 1, err
}

func (d *sqliteDB) bulk(ctx context.Context, t txn, b *bulk, rows [][]any) (int64, error) {
	if b.into == "" {
		return d.eachRow(ctx, t, b, rows)
	}
	var touched int64
	var args []any
	for _, n := range lists {
		for len(rows) >= n {
			args = args[:0]
			for _, r := range rows[:n] {
				args = append(args, r...)
			}
			rows = rows[n:]
			k, err := affected(t.exec(ctx, d.valuesText(b, n), args...))
			if err != nil {
				return 0, err
			}
			touched += k
		}
	}
	return touched, nil
}

func (d *sqliteDB) eachRow(ctx context.Context, t txn, b *bulk, rows [][]any) (int64, error) {
	var touched int64
	for _, r := range rows {
		k, err := affected(t.exec(ctx, b.each, r...))
		if err != nil {
			return 0, err
		}
		touched += k
	}
	return touched, nil
}

func (d *sqliteDB) valuesText(b *bulk, n int) string {
	k := valuesKey{b, n}
	q, ok := d.values[k]
	if !ok {
		q = b.values(n)
		d.values[k] = q
	}
	return q
}

// sqliteTxn is a transaction on the writing connection. Its statements do not
// listen to the caller's context: they take microseconds, the driver would start
// a goroutine for each, and an interrupt could come between two of them. Who
// gives up is heard before the first statement and before the commit.
type sqliteTxn struct {
	d    *sqliteDB
	over bool
}

func (t *sqliteTxn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := t.d.stmts[query]; ok {
		return st, nil
	}
	st, err := t.d.conn.PrepareContext(context.WithoutCancel(ctx), query)
	if err == nil {
		t.d.stmts[query] = st
	}
	return st, err
}

func (t *sqliteTxn) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(context.WithoutCancel(ctx), clean(args)...)
}

func (t *sqliteTxn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.WithoutCancel(ctx), clean(args)...)
}

func (t *sqliteTxn) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	st, err := t.stmt(ctx, query)
	if err != nil { // the same failure once more, in the shape of a row
		return t.d.conn.QueryRowContext(context.WithoutCancel(ctx), query, clean(args)...)
	}
	return st.QueryRowContext(context.WithoutCancel(ctx), clean(args)...)
}

func (t *sqliteTxn) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "COMMIT"); err != nil {
		return err // the transaction may still be open: rollback follows
	}
	t.end()
	return nil
}

// rollback ends the transaction if commit did not. SQLite may have rolled back
// by itself (a full disk), then there is nothing to do.
func (t *sqliteTxn) rollback() {
	if t.over {
		return
	}
	_, _ = t.exec(context.Background(), "ROLLBACK")
	t.end()
}

func (t *sqliteTxn) end() {
	if !t.over {
		t.over = true
		t.d.turn <- struct{}{}
	}
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
