package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// shared is the cluster of this test process: started once, when first asked
// for, and ended with the process.
var shared = sync.OnceValues(func() (*Server, error) { return start(context.Background()) })

// PostgresURL names an empty database of its own for the test. It skips the
// test where there is no PostgreSQL.
func PostgresURL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("TOCSIN_TEST_POSTGRES"); server != "" {
		return newDatabase(t, server)
	}
	s, err := shared()
	if err != nil {
		missing(t, "no PostgreSQL to test with (set TOCSIN_TEST_POSTGRES to the URL of a server, or install one): %v", err)
	}
	return newDatabase(t, s.URL("postgres"))
}

// newDatabase makes a database on a server and drops it after the test.
func newDatabase(t testing.TB, server string) string {
	t.Helper()
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatalf("TOCSIN_TEST_POSTGRES: %v", err)
	}
	admin := stdlib.OpenDB(*config)
	defer admin.Close()
	name := fmt.Sprintf("tocsin_test_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		admin := stdlib.OpenDB(*config)
		defer admin.Close()
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("TOCSIN_TEST_POSTGRES: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// Server is a throw-away PostgreSQL that listens on a socket in its own folder.
type Server struct {
	bin, dir string
	stdin    io.WriteCloser
	done     chan error
}

// StartPostgres starts a server for one test, which may stop and start it. It
// skips the test where there is no PostgreSQL.
func StartPostgres(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.Context())
	if err != nil {
		missing(t, "no PostgreSQL of its own to test with: %v", err)
	}
	t.Cleanup(func() { s.Stop(); _ = os.RemoveAll(s.dir) })
	return s
}

// URL is how to reach a database of the server.
func (s *Server) URL(database string) string {
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: url.Values{"host": {s.dir}, "user": {"tocsin"}}.Encode()}).String()
}

func start(ctx context.Context) (*Server, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	// Not in the test's own folder: a socket's path may have 107 bytes only.
	dir, err := os.MkdirTemp("", "tocsin-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	if err := s.initialise(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func findPostgres() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("initdb is not installed")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func (s *Server) initialise(ctx context.Context) error {
	if err := handOver(s.dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "--pgdata="+filepath.Join(s.dir, "data"), "--username=tocsin", "--auth=trust",
		"--no-sync", "--encoding=UTF8", "--locale=C")
	cmd.Dir = s.dir
	if err := unprivileged(cmd); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// keeper runs the server for as long as somebody holds the other end of its
// standard input: a test that is killed leaves neither a process nor a folder.
const keeper = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 -c shared_buffers=64MB >"$2/log" 2>&1 &
pid=$!
if read -r word; then kill -QUIT $pid; wait $pid; else kill -QUIT $pid; wait $pid; rm -rf "$2"; fi`

// Start starts the server (again) and waits until it answers.
func (s *Server) Start() error {
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", s.bin, s.dir)
	cmd.Dir = s.dir
	if err := unprivileged(cmd); err != nil {
		return err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.stdin, s.done = stdin, make(chan error, 1)
	go func() { s.done <- cmd.Wait() }()
	return s.await()
}

func (s *Server) await() error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for {
		if err = db.Ping(); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-limit:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL does not answer: %w: %s", err, log)
		}
	}
}

// Stop ends the server as a crash does and keeps its data.
func (s *Server) Stop() {
	if s.stdin == nil {
		return
	}
	_, _ = io.WriteString(s.stdin, "stop\n")
	<-s.done
	_ = s.stdin.Close()
	s.stdin = nil
}

// missing skips, or fails where the check is required.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("TOCSIN_REQUIRE_POSTGRES") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
