package notify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/internal/notify"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secretFolders makes one folder that is allowed and one that is not.
func secretFolders(t *testing.T) (dir, outside string) {
	t.Helper()
	dir, outside = t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "good"), "s3cret value\r\n")
	write(t, filepath.Join(dir, "empty"), "\n")
	write(t, filepath.Join(dir, "long"), strings.Repeat("s3cret", 10000))
	write(t, filepath.Join(outside, "private"), "s3cret")
	if err := os.Symlink(filepath.Join(outside, "private"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir, outside
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir, outside := secretFolders(t)
	good := filepath.Join(dir, "good")
	env := func(n string) (string, bool) {
		v, ok := map[string]string{"HOOK_KEY": "s3cret", "EMPTY": "", "DATABASE_URL": "s3cret"}[n]
		return v, ok
	}
	open := notify.Secrets{LookupEnv: env}
	closed := notify.Secrets{LookupEnv: env, EnvPrefixes: []string{"HOOK_"}, Dirs: []string{dir}}
	cases := map[string]struct {
		from        notify.Secrets
		value, want string // want empty: an error
		permanent   bool
	}{
		"plain":         {open, "just a value", "just a value", false},
		"env":           {open, "env:HOOK_KEY", "s3cret", false},
		"file":          {open, "file:" + good, "s3cret value", false},
		"no variable":   {open, "env:NOPE", "", false},
		"empty":         {open, "env:EMPTY", "", false},
		"no file":       {open, "file:" + dir + "/nope", "", false},
		"empty file":    {open, "file:" + dir + "/empty", "", false},
		"long file":     {open, "file:" + dir + "/long", "", false},
		"folder":        {open, "file:" + dir, "", false},
		"closed env":    {closed, "env:HOOK_KEY", "s3cret", false},
		"closed file":   {closed, "file:" + good, "s3cret value", false},
		"other env":     {closed, "env:DATABASE_URL", "", true},
		"other file":    {closed, "file:" + outside + "/private", "", true},
		"climbing":      {closed, "file:" + dir + "/../" + filepath.Base(outside) + "/private", "", true},
		"relative":      {closed, "file:good", "", true},
		"link out":      {closed, "file:" + dir + "/link", "", false},
		"device":        {open, "file:/dev/null", "", false},
		"line in name":  {open, "env:A\nB", "", false},
		"empty name":    {open, "env:", "", false},
		"plain file: x": {open, "profile:x", "profile:x", false},
	}
	for name, tc := range cases {
		got, err := tc.from.Resolve(tc.value)
		if tc.want != "" {
			if err != nil || got != tc.want {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
			continue
		}
		switch {
		case err == nil:
			t.Errorf("%s: got %q, want an error", name, got)
		case notify.AsFailure(err).Permanent != tc.permanent:
			t.Errorf("%s: permanent is %v: %v", name, !tc.permanent, err)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: the error tells the value: %v", name, err)
		case !strings.Contains(err.Error(), notify.OneLine(tc.value, 200)):
			t.Errorf("%s: the error does not name the reference: %v", name, err)
		}
	}
}

func TestResolveAll(t *testing.T) {
	t.Parallel()
	s := notify.Secrets{LookupEnv: func(n string) (string, bool) { return "value of " + n, n != "NOPE" }}
	fields := []notify.Field{{Name: "key", Secret: true}, {Name: "headers", Secret: true}, {Name: "title"}}
	in := map[string]string{"key": "env:A", "headers": "Authorization: env:B\nX-Plain: c: env:D", "title": "env:E"}
	got, err := s.ResolveAll(fields, in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"key": "value of A", "headers": "Authorization: value of B\nX-Plain: c: env:D", "title": "env:E"}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %q, want %q", k, got[k], v)
		}
	}
	if in["key"] != "env:A" {
		t.Error("the plan's own settings were changed")
	}
	if _, err := s.ResolveAll(fields, map[string]string{"headers": "X-A: env:NOPE"}); err == nil || !strings.HasPrefix(err.Error(), "headers: ") {
		t.Errorf("missing: got %v", err)
	}
}
