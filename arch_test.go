package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house, each with its reason. ARCHITECTURE.md draws them.

// pureStd is what core may import of the standard library: nothing that reads
// a clock, a disk, a network or chance.
var pureStd = []string{"bytes", "cmp", "encoding/json", "errors", "fmt", "hash/fnv", "iter", "maps", "math", "reflect", "regexp", "slices",
	"sort", "strconv", "strings", "time", "unicode", "unicode/utf8", "text/tabwriter"}

// pureLibraries are outside packages that core may import, each with the ADR
// that let it in.
var pureLibraries = map[string]string{
	"github.com/prometheus/alertmanager/pkg/labels":    "docs/adr/0002-matchers-from-alertmanager.md",
	"github.com/prometheus/alertmanager/matcher/parse": "docs/adr/0002-matchers-from-alertmanager.md",
}

// ring are the rooms around the core and what each may enter besides it.
var ring = map[string][]string{
	"engine": nil, "store": nil, "detect": nil, "intake": nil, "notify": nil, "drill": nil, "auth": nil, "config": nil,
	"web": {"auth"}, "api": {"auth"}, "agent": {"detect"},
}

// outside are rooms that stand in front of the house: they measure and try the
// whole of it, and nothing of the house knows them.
var outside = []string{"bench", "e2e"}

// exceptions are single imports that a package of core may have besides.
var exceptions = map[string]string{
	// Reading a stream can be called off; nothing is decided by it.
	"tocsin/internal/core/ledger": "context",
	// So it can for the ledger in memory, which answers as the store does.
	"tocsin/internal/core/memory": "context",
}

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		list = append(list, p)
	}
}

// room is the first folder below internal/ of one of our packages, or "".
func room(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, "tocsin/internal/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		from := room(p.ImportPath)
		for _, imp := range p.Imports {
			to := room(imp)
			if to == "" || to == from {
				continue
			}
			if why := forbidden(from, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

func forbidden(from, to string) string {
	switch {
	case to == "core" && from != "":
		return ""
	case slices.Contains(outside, to):
		return to + " stands in front of the house; nothing in it may need it"
	case from == "core":
		return "core decides and must not know who carries its decisions out"
	case to == "server":
		if from != "cli" && !slices.Contains(outside, from) {
			return "nothing but cli may enter the roof: what needs the roof cannot be tested without all rooms"
		}
		return ""
	case from == "server" || from == "cli" || from == "" || slices.Contains(outside, from):
		return ""
	}
	allowed, known := ring[from]
	if !known {
		return "room " + from + " is not in the list of rooms; write an ADR and add it"
	}
	if !slices.Contains(allowed, to) {
		return "ring rooms never import each other: state what is needed as a small interface that server satisfies"
	}
	return ""
}

func TestCoreImportsNothingThatTouchesTheWorld(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) != "core" {
			continue
		}
		for _, imp := range p.Imports {
			if room(imp) != "" || slices.Contains(pureStd, imp) || exceptions[p.ImportPath] == imp {
				continue
			}
			if adr, ok := pureLibraries[imp]; ok {
				if _, err := os.Stat(adr); err != nil {
					t.Errorf("%s is let into core by %s, which does not exist", imp, adr)
				}
				continue
			}
			t.Errorf("%s imports %s: core reads no clock, no disk, no network and no chance, or nights cannot be replayed", p.ImportPath, imp)
		}
	}
}

// impure are names of package time that read the clock, the disk, or wait.
var impure = []string{"Now", "Since", "Until", "After", "Sleep", "NewTimer", "NewTicker", "AfterFunc", "Tick", "LoadLocation", "Local"}

func TestCoreIsPure(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) != "core" {
			continue
		}
		for _, name := range p.GoFiles {
			inspect(t, filepath.Join(p.Dir, name))
		}
	}
}

func inspect(t *testing.T, path string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: a goroutine in core: the same input must give the same outcome", fset.Position(n.Pos()))
		case *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
			t.Errorf("%s: a channel in core", fset.Position(n.Pos()))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(impure, n.Sel.Name) {
				t.Errorf("%s: time.%s in core: the time is part of the input", fset.Position(n.Pos()), n.Sel.Name)
			}
		}
		return true
	})
}

const (
	maxLines         = 700
	maxFunctionLines = 60
)

// TestFilesAndFunctionsStaySmall keeps the house readable: what does not fit
// has a seam somewhere.
func TestFilesAndFunctionsStaySmall(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		measure(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func measure(t *testing.T, path string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if n := fset.Position(file.End()).Line; n > maxLines {
		t.Errorf("%s has %d lines, at most %d: find the seam", path, n, maxLines)
	}
	if strings.HasSuffix(path, "_test.go") {
		return // a test that reads as a story may be long
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > maxFunctionLines {
			t.Errorf("%s: %s has %d lines, at most %d: name the paragraphs, then lift them", path, f.Name.Name, n, maxFunctionLines)
		}
	}
}

func TestReadmeAndCIKeepTheTwoCommands(t *testing.T) {
	for file, want := range map[string][]string{
		"README.md": {"go run . demo", "make test"},
		".ci/run":   {"go run . demo", "make test"},
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s does not name %s", file, strconv.Quote(w))
			}
		}
	}
}
