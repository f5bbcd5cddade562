package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/internal/cli"
)

const nightPlan = `
users:
  ana: {name: Ana, contacts: [{id: inbox, inapp: {}}]}
  bo: {name: Bo, contacts: [{id: inbox, inapp: {}}]}
policies:
  p: {steps: [{notify: [user/ana]}, {after: 5m, notify: [user/bo]}], fallback: [user/ana]}
services:
  shop: {name: Shop, policy: p}
integrations:
  prom: {type: alertmanager, service: shop, key: "env:PROM_KEY"}
fallback: [user/bo]
`

// folder writes a plan folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = cli.Main(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestExplainAsksAPlanFolderWithoutAServer(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"plan.yaml": nightPlan})
	code, out, errs := run("explain", "alertname=Down", "--severity", "critical", "--integration", "prom", "--plan", dir)
	if code != cli.ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"service  shop", "Step 1: telling Ana", "+5m", "Step 2: telling Bo"} {
		if !strings.Contains(out, want) {
			t.Errorf("the answer does not say %q:\n%s", want, out)
		}
	}
	if code, _, errs := run("explain", "--integration", "nobody", "--plan", dir); code != cli.ExitProblem || !strings.Contains(errs, "integration: there is no integration nobody") {
		t.Errorf("an unknown integration: exit %d, %s", code, errs)
	}
}

func TestCheckFindsMistakesDeadEndsAndBrokenScenarios(t *testing.T) {
	t.Parallel()
	holds := "# Nobody answers: the second person is told.\nalert prom alertname=Down severity=critical\npass 5m\nexpect told bo\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		code  int
		says  string
	}{
		{"whole", map[string]string{"plan.yaml": nightPlan, "scenarios/night.tocsin": holds}, cli.ExitOK, "1 of 1 scenarios hold"},
		{"broken scenario", map[string]string{"plan.yaml": nightPlan, "scenarios/night.tocsin": strings.Replace(holds, "told bo", "nobody told", 1)}, cli.ExitProblem, "does not hold"},
		{"mistake", map[string]string{"plan.yaml": strings.Replace(nightPlan, "policies:", "polices:", 1)}, cli.ExitProblem, "did you mean policies"},
		{"dead end", map[string]string{"plan.yaml": nightPlan + "\nteams: {empty: {members: []}}\n"}, cli.ExitOK, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := run("check", folder(t, c.files))
			if code != c.code || !strings.Contains(out, c.says) {
				t.Fatalf("exit %d, want %d, and %q in\n%s%s", code, c.code, c.says, out, errs)
			}
		})
	}
}
