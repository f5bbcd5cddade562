package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The fakes stand for the registries of the sibling rooms.
type fakeChannels struct{}

func (fakeChannels) Names() []string { return []string{"email", "inapp", "ntfy", "slack"} }

func (fakeChannels) Fields(channel string) ([]string, bool) {
	secrets := map[string][]string{"email": nil, "inapp": nil, "ntfy": {"token"}, "slack": {"webhook_url"}}
	s, ok := secrets[channel]
	return s, ok
}

func (fakeChannels) Check(channel string, settings map[string]string) error {
	if channel == "email" && !strings.Contains(settings["address"], "@") {
		return fmt.Errorf("address: %q is not an e-mail address", settings["address"])
	}
	if channel == "ntfy" && strings.Contains(settings["topic"], " ") {
		return fact.Refuse("invalid", "topic", "a topic has no spaces")
	}
	return nil
}

type fakeChecks struct{}

func (fakeChecks) Check(c plan.Check) error {
	if c.Type != "http" && c.Type != "tcp" {
		return fmt.Errorf("no check type is called %q", c.Type)
	}
	if c.Type == "http" && c.Settings["url"] == "" {
		return errors.New("url: a check of type http needs it")
	}
	return nil
}

type fakeFormats struct{}

func (fakeFormats) Known(name string) bool { return name == "alertmanager" || name == "pagerduty" }
func (fakeFormats) Names() []string        { return []string{"alertmanager", "pagerduty"} }

func fakes() Options {
	return Options{Channels: fakeChannels{}, Checks: fakeChecks{}, Formats: fakeFormats{}, Vars: map[string]string{"SHOP_URL": "http://127.0.0.1:1", "KEY_E": "k"}}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestMistakesAreNamedByPlace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, name := range append(files, "testdata/twofiles") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			_, err := LoadDir(name, fakes())
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("want problems, have %v", err)
			}
			golden(t, strings.TrimPrefix(strings.TrimSuffix(name, ".yaml"), "testdata/")+".golden", problems.Error()+"\n")
		})
	}
}

func TestAProblemShowsItsLine(t *testing.T) {
	t.Parallel()
	_, err := Load(file("services:\n  shop: {teir: 1}\n"), Options{})
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 1 {
		t.Fatalf("want one problem, have %v", err)
	}
	want := "plan.yaml:2:10: services.shop.teir: unknown field teir; did you mean tier?\n" +
		"      shop: {teir: 1}\n" +
		"             ^"
	if got := problems[0].Show(); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestFilesMergeInOrder(t *testing.T) {
	t.Parallel()
	loaded, err := Load(fstest.MapFS{
		"people.yaml":                {Data: []byte("users: {bo: {name: Bo}}\n")},
		"deep/more.yml":              {Data: []byte("users: {ana: {name: Ana}}\nfallback: user/bo\n")},
		".hidden/x.yaml":             {Data: []byte("nonsense: 1\n")},
		"notes.txt":                  {Data: []byte("not read")},
		"empty.yaml":                 {Data: []byte("# nothing yet\n")},
		"scenarios/night.tocsin":     {Data: []byte("at 03:00")},
		"scenarios/a-gap.tocsin":     {Data: []byte("at 03:00")},
		"elsewhere/forgotten.tocsin": {Data: []byte("at 03:00")},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{loaded.Plan.Users[0].ID, loaded.Plan.Users[1].ID, loaded.Plan.Fallback[0].String()}; !cmp.Equal(got, []string{"ana", "bo", "user/bo"}) {
		t.Errorf("have %v", got)
	}
	if want := []string{"scenarios/a-gap.tocsin", "scenarios/night.tocsin"}; !cmp.Equal(loaded.Scenarios, want) {
		t.Errorf("scenarios: have %v, want %v", loaded.Scenarios, want)
	}
	if place := loaded.Origin["users.ana.name"].String(); place != "deep/more.yml:1" {
		t.Errorf("origin of users.ana.name: %s", place)
	}
	if place, ok := loaded.Origin.Of("users.bo.contacts[3].limit"); !ok || place.String() != "people.yaml:1" {
		t.Errorf("nearest origin: %s", place)
	}
	if len(loaded.Files) != 3 {
		t.Errorf("want three files, have %d", len(loaded.Files))
	}
}

func TestAFolderWithoutAPlanIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Load(fstest.MapFS{"readme.md": {}}, Options{}); err == nil {
		t.Error("an empty folder was taken for a plan")
	}
	if _, err := LoadDir(filepath.Join(t.TempDir(), "gone"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("want not-exist, have %v", err)
	}
}

func TestKeysAreHashedAndReadByReference(t *testing.T) {
	t.Parallel()
	opts := Options{
		Vars: map[string]string{"DEMO": "demo-key"},
		Secret: func(ref string) (string, error) {
			if ref == "env:PROM" {
				return "prom-key", nil
			}
			return "", errors.New("not set")
		},
	}
	loaded, err := Load(file("integrations:\n  demo: {type: t, key: \"${DEMO}\"}\n  open: {type: t, key: letmein}\n  prom: {type: t, key: env:PROM}\n"), opts)
	if err != nil {
		t.Fatal(err)
	}
	for key, id := range map[string]string{"demo-key": "demo", "letmein": "open", "prom-key": "prom"} {
		if in := loaded.Plan.IntegrationByKeyHash(HashKey(key)); in == nil || in.ID != id {
			t.Errorf("key of %s does not find it: %v", id, in)
		}
	}
	if len(loaded.Warnings) != 1 || loaded.Warnings[0].Path != "integrations.open.key" {
		t.Errorf("want one warning, about the literal key; have %v", loaded.Warnings)
	}
	if _, err := Load(file("integrations: {x: {type: t, key: env:GONE}}\n"), opts); err == nil || !strings.Contains(err.Error(), "cannot read env:GONE: not set") {
		t.Errorf("have %v", err)
	}
	// Without a reader of secrets the plan can still be checked.
	loaded, err = Load(file("integrations: {x: {type: t, key: env:GONE}}\n"), Options{})
	if err != nil || loaded.Plan.Integrations[0].KeyHash != "" {
		t.Errorf("have %v, %v", loaded, err)
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"SHOP_URL": "http://shop", "TRICK": "x: {y: 1}"}
	for text, want := range map[string]string{
		"${SHOP_URL}/healthz":      "http://shop/healthz",
		"$${SHOP_URL}":             "${SHOP_URL}",
		"${TRICK}":                 "x: {y: 1}",
		"cost $5 {a}":              "cost $5 {a}",
		"$${a}${SHOP_URL}$${":      "${a}http://shop${",
		"${SHOP_URI}":              "!did you mean SHOP_URL?",
		"${}":                      "!not a placeholder",
		"${SHOP_URL":               "!not a placeholder",
		"${SHOP_URL:-http://shop}": "!not a placeholder",
	} {
		got, _, err := substitute(text, vars)
		if refusal, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), refusal) {
				t.Errorf("%s: want an error with %q, have %v", text, refusal, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s: have %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestWholePlanReads(t *testing.T) {
	t.Parallel()
	loaded, err := LoadDir("testdata/whole.yaml", fakes())
	if err != nil {
		t.Fatal(err)
	}
	text, err := Encode(loaded.Plan)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "whole.golden", string(text))
}

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/errors/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		loaded, err := Load(file(text), fakes())
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a word")
			}
			return
		}
		out, err := Encode(loaded.Plan)
		if err != nil {
			t.Skip() // a type or name that only an absent registry would refuse
		}
		again, err := Load(file(string(out)), Options{})
		if err != nil {
			t.Fatalf("what was written does not read: %v\n%s", err, out)
		}
		if diff := cmp.Diff(loaded.Plan, again.Plan, samePlan); diff != "" {
			t.Fatalf("plan changed (-read +again):\n%s", diff)
		}
	})
}

func TestTheSamplePlanReads(t *testing.T) {
	t.Parallel()
	opts := fakes()
	opts.Vars = map[string]string{"SHOP_URL": "http://127.0.0.1:1", "ALERTMANAGER_KEY": "one", "PAGERDUTY_KEY": "two"}
	loaded, err := LoadDir("../drill/demoplan", opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Warnings) > 0 {
		t.Errorf("the sample plan warns: %v", loaded.Warnings)
	}
}

func TestBoundsAreNamed(t *testing.T) {
	t.Parallel()
	deep := "route:\n"
	for i := range 40 {
		deep += strings.Repeat(" ", 2*i+2) + "routes:\n" + strings.Repeat(" ", 2*i+2) + "-\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"routes too deep":     {deep, "nested more than 32 deep"},
		"file too large":      {"# " + strings.Repeat("x", maxFile), "larger than 4 MB"},
		"two keys alike":      {"integrations: {a: {type: t, key: same}, b: {type: t, key: same}}", "integration a has the same key"},
		"nobody is no person": {"users: {nobody: {}}", "the word for a seat"},
		"an alias of itself":  {"route: &r {routes: [*r]}", "aliases (*r)"},
		"control characters":  {"users: {ana: {name: \"a\\0b\"}}", "not text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Load(file(c.text), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want an error with %q, have %.300v", c.want, err)
			}
		})
	}
}

// Kubernetes mounts a ConfigMap as links into a hidden folder.
func TestLinkedFilesAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "..data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..data", "plan.yaml"), []byte("users: {ana: {}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", "plan.yaml"), filepath.Join(dir, "plan.yaml")); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadDir(dir, Options{})
	if err != nil || len(loaded.Files) != 1 || loaded.Plan.User("ana") == nil {
		t.Fatalf("have %+v, %v", loaded, err)
	}
}
