package config

import (
	"errors"
	"os"
	"regexp"
	"testing"
)

// Every example of the documentation must read. Names that an example uses
// without defining them are allowed: it shows one section.
func TestTheDocumentationReads(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 10 {
		t.Fatalf("only %d examples found", len(blocks))
	}
	undefined := regexp.MustCompile(`^no (user|team|schedule|policy|service|channel) "`)
	for _, b := range blocks {
		var problems Problems
		_, err := Load(file(string(b[1])), Options{Vars: map[string]string{"SHOP_URL": "http://127.0.0.1:1"}})
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("%v in\n%s", err, b[1])
		}
		for _, p := range problems {
			if !undefined.MatchString(p.Message) {
				t.Errorf("%s in\n%s", p, b[1])
			}
		}
	}
}

// Every finding that the code knows stands in the documentation.
func TestFindingsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, name := range []string{"findings.go", "shadow.go", "reach.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`in\.find\("([a-z-]+)"`).FindAllSubmatch(source, -1) {
			known++
			if !regexp.MustCompile("`" + string(m[1]) + "`").Match(text) {
				t.Errorf("docs/plan.md does not explain %s", m[1])
			}
		}
	}
	if known < 15 {
		t.Errorf("only %d findings found in the code", known)
	}
}
