package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// row is how the manual has a flag of serve: | `--flag` | `TOCSIN_FLAG` | default | meaning |
func row(f *pflag.Flag) string {
	otherwise := ""
	if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "false" {
		otherwise = "`" + f.DefValue + "` "
	}
	return "| `--" + f.Name + "` | `" + variable(f.Name) + "` | " + otherwise + "|"
}

func TestTheManualHasEveryFlagOfServe(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := serveCommand().Flags()
	flags.VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(string(doc), row(f)) {
			t.Errorf("docs/operations.md has no row that begins %s (%s)", row(f), f.Usage)
		}
	})
	for _, line := range strings.Split(string(doc), "\n") {
		name, ok := strings.CutPrefix(line, "| `--")
		if !ok {
			continue
		}
		if name, _, _ = strings.Cut(name, "`"); flags.Lookup(name) == nil {
			t.Errorf("docs/operations.md tells of --%s, which serve does not have", name)
		}
	}
}

// Every command must be found by whoever reads and does not know its name.
func TestTheManualNamesEveryCommand(t *testing.T) {
	t.Parallel()
	var doc strings.Builder
	for _, file := range []string{"../../docs/operations.md", "../../docs/cli.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc.Write(data)
	}
	root := newRoot(&strings.Builder{}, &strings.Builder{})
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		if text := doc.String(); !strings.Contains(text, "`"+c.Name()+" ") && !strings.Contains(text, "`"+c.Name()+"`") && !strings.Contains(text, "tocsin "+c.Name()) {
			t.Errorf("neither docs/operations.md nor docs/cli.md names tocsin %s", c.Name())
		}
	}
}
