package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

func open(t *testing.T, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASecondProcessIsRefusedByName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?#%.db") // a name that a URL would trip over
	s := open(t, store.Config{Path: path})
	_, err := store.Open(t.Context(), store.Config{Path: path})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("opened twice: %v", err)
	}
	must(t, s.Close())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	must(t, open(t, store.Config{Path: path}).Close())
}

func TestWhatWasWrittenIsThereAfterARestartAndLeasesAreNot(t *testing.T) {
	t.Parallel()
	c := store.Config{Path: filepath.Join(t.TempDir(), "t.db")}
	s := open(t, c)
	e := errand("k", noon)
	e.Owner, e.LeaseUntil = "n1", noon.Add(time.Hour)
	put(t, s, ledger.Batch{Outbox: []ledger.Errand{e}, Facts: []fact.Entry{entry("a", "1")}})
	must(t, s.Close())
	s = open(t, c)
	defer s.Close()
	if got, err := s.Claim(t.Context(), ledger.Claim{Owner: "n2", Now: noon, Lease: time.Second, Limit: 9}); err != nil || len(got) != 1 {
		t.Errorf("claimed after a restart: %v, %v", got, err)
	}
	put(t, s, ledger.Batch{Facts: []fact.Entry{entry("a", "2")}})
	if all, err := s.Tail(t.Context(), 0, 9); err != nil || len(all) != 2 || all[1].Text != "2" {
		t.Errorf("journal: %v, %v", all, err)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	newer := func(t *testing.T, driver, dsn string, c store.Config) {
		t.Helper()
		must(t, open(t, c).Close())
		db, err := sql.Open(driver, dsn)
		must(t, err)
		_, err = db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
		must(t, err)
		must(t, db.Close())
		if _, err := store.Open(t.Context(), c); !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "99999") {
			t.Errorf("got %v", err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "t.db")
		newer(t, "sqlite", path, store.Config{Path: path})
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		newer(t, "pgx", url, store.Config{URL: url})
	})
}

func TestAFullDiskWritesNothingAndIsSurvived(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	must(t, store.LimitPages(s, 150))
	big := func(n int) ledger.Batch {
		b := ledger.Batch{Facts: []fact.Entry{entry("x", strings.Repeat("long ", 2000))}}
		b.States = []ledger.StateChange{{Stream: fact.Of("check", fmt.Sprint(n)), State: &watch.Check{ID: fmt.Sprint(n)}}}
		return b
	}
	var err error
	written := 0
	for ; err == nil && written < 1000; written++ {
		err = write(t, s, big(written))
	}
	written--
	if !errors.Is(err, ledger.ErrUnavailable) {
		t.Fatalf("after %d batches: %v", written, err)
	}
	check := func() {
		t.Helper()
		last, err := s.LastPos(t.Context())
		must(t, err)
		states, err := s.States(t.Context(), watch.CheckKind)
		must(t, err)
		if last != int64(written) || len(states) != written {
			t.Errorf("%d batches were accepted; %d entries and %d states are there", written, last, len(states))
		}
	}
	check()
	must(t, store.LimitPages(s, 1_000_000)) // somebody made room
	put(t, s, big(written))
	written++
	check()
}

func TestADatabaseThatWasAwayIsUsedAgain(t *testing.T) {
	t.Parallel()
	if os.Getenv("TOCSIN_TEST_POSTGRES") != "" {
		t.Skip("TOCSIN_TEST_POSTGRES names a server that this test may not stop")
	}
	server := storetest.StartPostgres(t)
	s := open(t, store.Config{URL: server.URL("postgres")})
	defer s.Close()
	put(t, s, state("check/a", &watch.Check{ID: "a"}, 0))
	server.Stop()
	if err := write(t, s, state("check/b", &watch.Check{ID: "b"}, 0)); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("writing while it is away: %v", err)
	}
	if _, err := s.LatestPlan(t.Context()); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("reading while it is away: %v", err)
	}
	heard := s.Changes(t.Context())
	must(t, server.Start())
	put(t, s, state("check/b", &watch.Check{ID: "b"}, 0))
	if all, err := s.States(t.Context(), watch.CheckKind); err != nil || len(all) != 2 {
		t.Errorf("after it came back: %v, %v", all, err)
	}
	other := open(t, store.Config{URL: server.URL("postgres")})
	defer other.Close()
	<-heard // our own commit, or the listener's return
	awaitChange(t, heard, func() { put(t, other, ledger.Batch{Facts: []fact.Entry{entry("x", "from another node")}}) })
}

// awaitChange waits for something to be heard of what do does. It does it again
// now and then, for a listener that is only just coming back.
func awaitChange(t *testing.T, heard <-chan struct{}, do func()) {
	t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	limit := time.After(20 * time.Second)
	for do(); ; {
		select {
		case <-heard:
			return
		case <-again.C:
			do()
		case <-limit:
			t.Fatal("nothing was heard of another node's commit")
		}
	}
}

func TestCommitsAreHeard(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		heard := s.Changes(ctx)
		for range 3 { // nobody has to listen for a commit to go on
			put(t, s, ledger.Batch{Facts: []fact.Entry{entry("a", "x")}})
		}
		<-heard
		cancel()
		for range heard { // ends, because the channel is closed
		}
	})
}

func TestABackupIsALedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "t.db")
	s := open(t, store.Config{Path: path})
	putAlerts(t, s, 0, 50)
	put(t, s, ledger.Batch{Facts: []fact.Entry{entry("a", "1")}, Wakes: []ledger.Wake{{Stream: "page/p1", Key: "k", At: noon}}})
	inside, outside := filepath.Join(dir, "in.db"), filepath.Join(dir, "out.db")
	must(t, s.Backup(t.Context(), inside))
	must(t, store.BackupFile(t.Context(), path, outside)) // as another process would
	if err := s.Backup(t.Context(), inside); !errors.Is(err, os.ErrExist) {
		t.Errorf("a backup over a file: %v", err)
	}
	put(t, s, ledger.Batch{Facts: []fact.Entry{entry("a", "after the backup")}})
	must(t, s.Close())
	for _, copied := range []string{inside, outside} {
		r := open(t, store.Config{Path: copied})
		got, err := r.Alerts(t.Context(), alert.Filter{Matchers: matchers(t, "team", "=", "t1"), Limit: 500})
		if err != nil || len(got) != 17 {
			t.Errorf("%s: %d alerts, %v", copied, len(got), err)
		}
		if last, err := r.LastPos(t.Context()); err != nil || last != 1 {
			t.Errorf("%s: the journal ends at %d, %v", copied, last, err)
		}
		put(t, r, ledger.Batch{Fired: []ledger.Wake{{Stream: "page/p1", Key: "k", At: noon}}}) // it can go on from there
		must(t, r.Close())
	}
}

func TestPostgresSaysHowToBackItUp(t *testing.T) {
	t.Parallel()
	s := open(t, store.Config{URL: storetest.PostgresURL(t)})
	defer s.Close()
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "x")); !errors.Is(err, store.ErrUsePgDump) {
		t.Errorf("got %v", err)
	}
}

func TestAWrongURLDoesNotShowItsPassword(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), store.Config{URL: "postgres://u:hunter2@host:notaport/db"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestPruneRemovesWhatIsOverAndNothingElse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putAlerts(t, s, 0, 10) // the odd ones are over
		old := func(e fact.Entry) fact.Entry { e.At = noon.Add(-time.Hour); return e }
		silence := func(id string, end time.Time) ledger.StateChange {
			return ledger.StateChange{Stream: fact.Of("silence", id), State: &board.Silence{Silence: plan.Silence{ID: id, EndsAt: end}}}
		}
		put(t, s, ledger.Batch{
			States: []ledger.StateChange{
				{Stream: "page/p1", State: &page.State{ID: "p1", Status: page.Resolved, OpenedAt: noon, ResolvedAt: noon.Add(time.Minute), Calls: []page.Call{{User: "ana"}}}},
				{Stream: "page/p2", State: &page.State{ID: "p2", Status: page.Triggered, OpenedAt: noon}},
				silence("s1", noon), silence("s2", noon.Add(time.Hour)),
			},
			Notifications: []notification.Row{{ID: "n1", CreatedAt: noon}, {ID: "n2", CreatedAt: noon.Add(time.Hour)}, {ID: "n3", CreatedAt: noon, Again: noon}},
			Facts:         []fact.Entry{old(entry("a001", "gone")), old(entry("a002", "open")), old(entry("p2", "open")), entry("a001", "young"), old(entry("a001", "last"))},
		})
		must(t, s.Prune(ctx, noon.Add(5*time.Minute+time.Second)))
		got, err := s.Alerts(ctx, alert.Filter{})
		if g := ids(got, func(a *alert.State) string { return a.ID }); err != nil || g != "a009 a008 a007 a006 a005 a004 a002 a000" {
			t.Errorf("alerts: %q, %v", g, err)
		}
		if got, err := s.Alerts(ctx, alert.Filter{Matchers: matchers(t, "host", "=", "h3")}); err != nil || len(got) != 0 {
			t.Errorf("labels of what is gone: %v, %v", got, err)
		}
		pages, err := s.Pages(ctx, page.Filter{})
		if g := ids(pages, func(p *page.State) string { return p.ID }); err != nil || g != "p2" {
			t.Errorf("pages: %q, %v", g, err)
		}
		rows, err := s.Notifications(ctx, notification.RowFilter{})
		if g := ids(rows, func(r notification.Row) string { return r.ID }); err != nil || g != "n3 n2" {
			t.Errorf("notifications: %q, %v", g, err)
		}
		if b, err := s.Board(ctx); err != nil || len(b) != 1 || b["silence/s2"] == nil {
			t.Errorf("board: %v, %v", b, err)
		}
		must(t, s.Prune(ctx, noon))
		entries, err := s.Tail(ctx, 0, 10)
		if g := ids(entries, func(e fact.Entry) string { return e.Text }); err != nil || g != "open open last" {
			t.Errorf("journal: %q, %v", g, err)
		}
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.Prune(stopped, noon.Add(time.Hour)); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped prune: %v", err)
		}
	})
}

func TestTheWriteAheadLogIsMovedHomeBesideTheWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.db")
	s := open(t, store.Config{Path: path})
	defer s.Close()
	text := strings.Repeat("long ", 20_000)
	size := func(p string) int64 {
		info, err := os.Stat(p)
		must(t, err)
		return info.Size()
	}
	for range 80 { // 8 MB: more than a checkpoint waits for, less than SQLite's own
		put(t, s, ledger.Batch{Facts: []fact.Entry{entry("x", text)}})
	}
	limit := time.After(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); size(path) < 4<<20; {
		select {
		case <-tick.C:
			put(t, s, ledger.Batch{Facts: []fact.Entry{entry("x", "nudge")}})
		case <-limit:
			t.Fatalf("the file has %d bytes, its log %d", size(path), size(path+"-wal"))
		}
	}
}
