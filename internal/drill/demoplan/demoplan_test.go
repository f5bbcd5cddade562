package demoplan_test

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"tocsin/internal/drill/demoplan"
)

// That the files are a plan, and one without findings, is tested in config,
// which this package must not import.
func TestPlaceholdersAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	placeholder := regexp.MustCompile(`\$\{(\w+)\}`)
	comment := regexp.MustCompile(`(?m)#.*$`)
	var found []string
	names, err := fs.Glob(demoplan.Files(), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(demoplan.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range placeholder.FindAllSubmatch(comment.ReplaceAll(text, nil), -1) {
			found = append(found, string(m[1]))
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); !slices.Equal(found, demoplan.Placeholders()) {
		t.Errorf("the files leave %v open, Placeholders says %v", found, demoplan.Placeholders())
	}
}
