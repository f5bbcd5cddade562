package scenario_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/scenario"
)

// rewrite puts the transcripts as they are now into the files. Commit only
// what you have read and understood.
var rewrite = flag.Bool("rewrite", false, "write the transcripts of scenarios/*.tocsin anew")

const folder = "../../../scenarios"

// load reads a plan file of the scenarios' folder, or a plan written in place.
func load(src scenario.Source) (*plan.Plan, error) {
	if src.Text == "" {
		loaded, err := config.LoadDir(filepath.Join(folder, src.Name), config.Options{})
		if err != nil {
			return nil, err
		}
		return loaded.Plan, nil
	}
	loaded, err := config.Load(fstest.MapFS{"plan.yaml": {Data: []byte(src.Text)}}, config.Options{})
	if err != nil {
		return nil, err
	}
	return loaded.Plan, nil
}

var options = scenario.Options{Load: load, Zones: time.LoadLocation}

func files(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.tocsin"))
	if err != nil || len(names) < 40 {
		t.Fatalf("found %d scenarios, %v", len(names), err)
	}
	return names
}

func read(t *testing.T, name string) *scenario.Script {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse("scenarios/"+filepath.Base(name), string(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScenarios plays every file of the folder: the rules, one by one.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, name := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".tocsin"), func(t *testing.T) {
			t.Parallel()
			s := read(t, name)
			if s.Rule == "" {
				t.Error("the first line must be a comment that says the rule")
			}
			r := scenario.Run(s, options)
			if *rewrite && len(r.Mistakes) == 0 {
				if err := os.WriteFile(name, []byte(r.Rewrite()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !r.OK() {
				t.Errorf("\n%s\nif this is what it should be: go test ./internal/core/scenario -rewrite, and read the diff", r.Report())
			}
		})
	}
}

// TestScenariosRepeat plays every file twice: the same inputs make the same
// transcript, byte by byte.
func TestScenariosRepeat(t *testing.T) {
	t.Parallel()
	for _, name := range files(t) {
		s := read(t, name)
		if first, second := scenario.Run(s, options).Rewrite(), scenario.Run(s, options).Rewrite(); first != second {
			t.Errorf("%s: two plays differ:\n%s\n%s", name, first, second)
		}
	}
}
