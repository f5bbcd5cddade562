package store

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\$(\d+)`)

// inOrder says whether placeholders appear first as $1, $2, $3 and so on.
func inOrder(query string) bool {
	next := 1
	for _, m := range placeholder.FindAllStringSubmatch(query, -1) {
		n, _ := strconv.Atoi(m[1])
		if n > next {
			return false
		}
		if n == next {
			next++
		}
	}
	return true
}

// Some drivers bind $N by the order of first appearance. A statement that
// numbers in order means the same to all of them.
func TestEveryStatementNumbersItsPlaceholdersInOrder(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			query, whole := literal(e)
			if !whole {
				return true
			}
			if placeholder.MatchString(query) {
				seen++
				if !inOrder(query) {
					t.Errorf("%s: %s", name, query)
				}
			}
			return false
		})
	}
	if seen < 50 {
		t.Errorf("only %d statements were found", seen)
	}
	if inOrder(`UPDATE t SET a = $2 WHERE b = $1`) {
		t.Error("the test is blind")
	}
	if q := claimHead + claimTail; !inOrder(q) {
		t.Error(q)
	}
}

// literal reads a string made of literals joined by +.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		x, okX := literal(e.X)
		y, okY := literal(e.Y)
		return x + y, e.Op == token.ADD && okX && okY
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return "", false
}

func TestTheDriverBindsPlaceholdersByTheirNumber(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var a, b string
	if err := db.QueryRow(`SELECT $2, $1`, "one", "two").Scan(&a, &b); err != nil || a != "two" || b != "one" {
		t.Errorf("SELECT $2, $1 of one, two is %s, %s, %v", a, b, err)
	}
}

func TestEveryPragmaHoldsOnEveryConnection(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Path: t.TempDir() + "/t.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := s.db.(*sqliteDB)
	pragma := func(c *sql.Conn, name string) (v string) {
		t.Helper()
		if err := c.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	conns := []*sql.Conn{d.conn}
	for range readers {
		c, err := d.read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	for i, c := range conns {
		for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
			if got := pragma(c, name); got != want {
				t.Errorf("connection %d: %s is %s, want %s", i, name, got, want)
			}
		}
	}
	if _, err := conns[1].ExecContext(t.Context(), `DELETE FROM mark`); err == nil {
		t.Error("a reading connection wrote")
	}
}
