package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPreviewOfAMapping(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fields := "dedup_key: \"'job/' + event.name\"\nsummary: event.name + ' failed on ' + event.node\nlabels: '{\"env\": headers[\"x-env\"]}'\n"
	flat, below := file("flat.yaml", fields), file("below.yaml", "mapping:\n  "+strings.ReplaceAll(strings.TrimSpace(fields), "\n", "\n  "))
	broken, list := file("broken.yaml", "summary: event.name +\n"), file("list.yaml", "- a\n")
	body := file("job.json", `{"name":"nightly","node":"db1","severity":"critical"}`)
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"flat":      {[]string{"--mapping", flat, "--body", body, "-H", "X-Env: prod"}, ExitOK, []string{"trigger", "job/nightly", "nightly failed on db1", "critical", "label env  prod"}},
		"below":     {[]string{"--mapping", below, "--body", body, "-H", "X-Env: prod"}, ExitOK, []string{"job/nightly"}},
		"usual":     {[]string{"--body", body}, ExitOK, []string{"summary", "nightly"}},
		"a mistake": {[]string{"--mapping", broken, "--body", body}, ExitProblem, []string{"summary: line 1, column "}},
		"a list":    {[]string{"--mapping", list, "--body", body}, ExitProblem, []string{"is not a mapping of fields"}},
		"no file":   {[]string{"--body", filepath.Join(dir, "nothing")}, ExitProblem, []string{"no such file"}},
		"no body":   {nil, ExitUsage, []string{`"body" not set`}},
		"a header":  {[]string{"--body", body, "-H", "X-Env"}, ExitUsage, []string{"is not like Name: value"}},
	} {
		var out bytes.Buffer
		if code := Main(append([]string{"preview"}, c.args...), &out, &out); code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, code, c.code, out.String())
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, out.String())
			}
		}
	}
	var out bytes.Buffer
	if code := Main([]string{"preview", "--mapping", flat, "--body", body, "-o", "json", "-H", "X-Env: prod"}, &out, &out); code != ExitOK {
		t.Fatalf("exit code %d\n%s", code, out.String())
	}
	var r previewReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Signals) != 1 || r.Signals[0].DedupKey != "job/nightly" || len(r.Errors) != 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}
