package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"tocsin/internal/core/ledger"
)

// postgresDB is two pools. Any number of nodes may share the database.
type postgresDB struct {
	config *pgx.ConnConfig
	db     *sql.DB       // reads, and what stands outside of a transaction
	write  *sql.DB       // transactions that write
	node   string        // tells our own notifications from others'
	nudge  chan struct{} // says that a notification is wanted
}

const (
	// Reads and writes have connections of their own: a page that lists slowly
	// must not keep the pager from writing.
	readPool  = 16
	writePool = 4
	// channel is the name that LISTEN and NOTIFY use.
	channel = "tocsin"
	// The keys of advisory locks; any two numbers that nobody else uses.
	journalLock = int64(0x746f_6373_696e_0001)
	schemaLock  = int64(0x746f_6373_696e_0002)
)

func openPostgres(ctx context.Context, c Config) (dialect, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", redact(err))
	}
	for name, value := range map[string]string{
		"application_name": "tocsin", "timezone": "UTC", "standard_conforming_strings": "on",
		// A node that hangs in a transaction holds the journal's lock, and with it
		// every other node.
		"idle_in_transaction_session_timeout": "15s",
	} {
		config.RuntimeParams[name] = value
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	d := &postgresDB{config: config, node: rand.Text(), nudge: make(chan struct{}, 1)}
	d.db, d.write = openPool(config, readPool), openPool(config, writePool)
	if err := d.prepare(ctx, c.Log); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database at %s: %w", config.Host, err), d.close())
	}
	return d, nil
}

func openPool(config *pgx.ConnConfig, size int) *sql.DB {
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(durable))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// redact keeps the password of a mistyped URL out of logs: pgx quotes the URL.
func redact(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("it should look like postgres://user:password@host:5432/name")
	}
	return err
}

// durable raises synchronous_commit to "on" where it is less, and leaves alone
// what is more (remote_apply): a yes is said after the commit.
func durable(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`)
	return err
}

// prepare migrates under a lock, since several nodes may start at once.
func (d *postgresDB) prepare(ctx context.Context, log *slog.Logger) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var fsync string
	if err := conn.QueryRowContext(ctx, `SELECT current_setting('fsync')`).Scan(&fsync); err != nil {
		return err
	}
	if fsync != "on" {
		log.Warn("the PostgreSQL server runs with fsync off: a crash of its machine loses what was accepted")
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, schemaLock); err != nil {
		return err
	}
	err = migrate(ctx, d.db, goose.DialectPostgres, "postgres")
	_, unlock := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, schemaLock)
	return errors.Join(err, unlock)
}

func (d *postgresDB) name() string   { return "postgres" }
func (d *postgresDB) reads() *sql.DB { return d.db }
func (d *postgresDB) close() error   { return errors.Join(d.db.Close(), d.write.Close()) }

// claim makes nodes that claim at once take different rows and not wait.
func (d *postgresDB) claim() string { return ` FOR UPDATE SKIP LOCKED` }

// kind sorts errors: a lost race, a database that is away, or neither.
func (d *postgresDB) kind(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case e.Code == "40001", e.Code == "40P01": // serialization failure, deadlock
			return ledger.ErrConflict
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"),
			e.Code == "25006", e.Code == "25P03", e.Code == "55P03", e.Code == "58030":
			return ledger.ErrUnavailable
		}
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed) {
		return ledger.ErrUnavailable
	}
	// pgx has no type for a connection that was found closed.
	if strings.Contains(err.Error(), "conn closed") {
		return ledger.ErrUnavailable
	}
	return nil
}

// begin opens a transaction that sees one moment. If a stream that it loaded is
// changed, ended or made anew by another node, its write fails instead of
// landing on the newer life of the same name.
func (d *postgresDB) begin(ctx context.Context) (txn, error) {
	return d.beginAt(ctx, sql.LevelRepeatableRead)
}

// beginSmall opens a transaction whose every statement sees what is committed by
// then: having waited for a row, it sees what the other one made of it.
func (d *postgresDB) beginSmall(ctx context.Context) (txn, error) {
	return d.beginAt(ctx, sql.LevelReadCommitted)
}

func (d *postgresDB) beginAt(ctx context.Context, level sql.IsolationLevel) (txn, error) {
	tx, err := d.write.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return nil, err
	}
	return &postgresTxn{tx}, nil
}

// lockJournal lets one transaction append at a time. Without the lock position
// 7 could be committed before position 6, and a reader who goes on after 7
// would never see 6. It also means that writers never deadlock.
func (d *postgresDB) lockJournal(ctx context.Context, t txn, n int) (int64, error) {
	if _, err := t.exec(ctx, `SELECT pg_advisory_xact_lock($1)`, journalLock); err != nil || n == 0 {
		return 0, err
	}
	var last int64
	err := t.queryRow(ctx, `SELECT setval('journal_pos', nextval('journal_pos') + $1)`, int64(n-1)).Scan(&last)
	return last - int64(n) + 1, err
}

func (d *postgresDB) bulk(ctx context.Context, t txn, b *bulk, rows [][]any) (int64, error) {
	for _, r := range rows {
		clean(r)
	}
	return affected(t.exec(ctx, b.unnest(), b.columns(rows)...))
}

type postgresTxn struct{ tx *sql.Tx }

func (t *postgresTxn) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, query, clean(args)...)
}

func (t *postgresTxn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, clean(args)...)
}

func (t *postgresTxn) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, clean(args)...)
}

func (t *postgresTxn) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.tx.Commit()
}

func (t *postgresTxn) rollback() { _ = t.tx.Rollback() }
