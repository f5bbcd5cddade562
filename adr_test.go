package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryDependencyHasAReason keeps the list of what we lean on short: each
// module that our own code imports is named in a decision.
func TestEveryDependencyHasAReason(t *testing.T) {
	said := adrs(t)
	for _, module := range direct(t) {
		if !names(said, module) {
			t.Errorf("%s is imported, and no ADR in docs/adr says why", module)
		}
	}
}

// TestGoModMarksWhatIsDirect tells a reader of go.mod the truth about which
// modules we chose.
func TestGoModMarksWhatIsDirect(t *testing.T) {
	imported := map[string]bool{}
	for _, module := range direct(t) {
		imported[module] = true
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if r.Indirect == imported[r.Path] {
			t.Errorf("go.mod has %s with indirect=%t, and it is imported=%t", r.Path, r.Indirect, imported[r.Path])
		}
	}
}

// direct are the modules that packages of ours import, in tests too.
func direct(t *testing.T) []string {
	t.Helper()
	imports, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}{{"\n"}}{{join .TestImports "\n"}}{{"\n"}}{{join .XTestImports "\n"}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen, outside := map[string]bool{}, []string{"list", "-f", "{{with .Module}}{{.Path}}{{end}}"}
	for _, path := range strings.Fields(string(imports)) {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(first, ".") && !seen[path] {
			seen[path] = true
			outside = append(outside, path)
		}
	}
	modules, err := exec.Command("go", outside...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []string
	for _, m := range strings.Fields(string(modules)) {
		if !seen["module "+m] {
			seen["module "+m] = true
			list = append(list, m)
		}
	}
	if len(list) < 10 {
		t.Fatalf("only %d modules were found", len(list))
	}
	return list
}

func adrs(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("docs/adr/[0-9]*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no ADR was found: %v", err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// names says whether a text names a module, by its path or by the last of it,
// in code's type and as a whole.
func names(text, module string) bool {
	module = majorVersion.ReplaceAllString(module, "")
	short := module[strings.LastIndex(module, "/")+1:]
	if short == "yaml" || short == "common" || short == "sqlite" || short == "dns" {
		short = module // too common a word
	}
	return regexp.MustCompile("`([A-Za-z0-9./-]*/)?"+regexp.QuoteMeta(short)+"(/[A-Za-z0-9./-]*)?`").MatchString(text) ||
		regexp.MustCompile("`[A-Za-z0-9./-]*"+regexp.QuoteMeta(strings.TrimPrefix(module, "github.com/"))+"[A-Za-z0-9./-]*`").MatchString(text)
}

// TestDecisionsAreNumberedOnce finds two people who took the same number.
func TestDecisionsAreNumberedOnce(t *testing.T) {
	files, err := filepath.Glob("docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]string{}
	for _, f := range files {
		number, _, _ := strings.Cut(filepath.Base(f), "-")
		if other := taken[number]; other != "" {
			t.Errorf("%s and %s have the same number", other, f)
		}
		taken[number] = f
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"# " + number + " ", "**Decision.**", "**Why.**", "**Price.**"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %q", f, part)
			}
		}
	}
}
