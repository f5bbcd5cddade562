package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
	"tocsin/internal/api/apitest"
	"tocsin/internal/auth"
	"tocsin/internal/auth/authtest"
	"tocsin/internal/config"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// planTools are the real reader and writer, without findings.
type planTools struct{}

func (planTools) Read(files map[string][]byte) api.ReadPlan {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	loaded, err := config.Load(fsys, config.Options{})
	var problems config.Problems
	if errors.As(err, &problems) {
		var r api.ReadPlan
		for _, p := range problems {
			r.Problems = append(r.Problems, api.PlanProblem{File: p.File, Line: p.Line, Severity: string(p.Severity), Text: p.Message})
		}
		return r
	}
	if err != nil {
		return api.ReadPlan{Problems: []api.PlanProblem{{Severity: "error", Text: err.Error()}}}
	}
	return api.ReadPlan{Plan: loaded.Plan}
}

func (planTools) Encode(p *plan.Plan) ([]byte, error)                           { return config.Encode(p) }
func (planTools) Diff(_, _ *plan.Plan) []api.PlanChange                         { return nil }
func (planTools) Unified(a, b *plan.Plan) (string, error)                       { return config.UnifiedYAML(a, b) }
func (planTools) Findings(*plan.Plan, *plan.Board, time.Time) []api.PlanProblem { return nil }
func (planTools) ManagedBy() string                                             { return "" }

// rig is a server's API over the sample world, and bo's command line.
type rig struct {
	t     *testing.T
	world *apitest.World
	url   string
	token string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	world, err := apitest.New(apitest.Sample(), apitest.Start)
	if err != nil {
		t.Fatal(err)
	}
	accounts := authtest.New()
	who := auth.New(accounts, world.Now)
	r := &rig{t: t, world: world}
	if err := accounts.CreateAccount(t.Context(), ledger.Account{ID: "bo", Name: "Bo", Role: string(auth.Admin)}); err != nil {
		t.Fatal(err)
	}
	if r.token, _, err = who.CreateToken(t.Context(), "bo", "test", auth.Admin, time.Time{}); err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Options{Ledger: world, Door: world, Auth: who, Tools: planTools{}, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// outcome is what a command line came to.
type outcome struct {
	t    *testing.T
	line string
	code int
	out  string
	err  string
}

// run does one command line.
func (r *rig) run(args ...string) outcome {
	r.t.Helper()
	var out bytes.Buffer
	g := &globals{URL: r.url, Token: r.token, Output: "table", Stdout: &out, Stderr: &out}
	root := &cobra.Command{Use: "tocsin", SilenceUsage: true, SilenceErrors: true}
	root.SetOut(&out)
	root.AddCommand(remoteCommands(g)...)
	root.SetArgs(args)
	err := root.ExecuteContext(r.t.Context())
	o := outcome{t: r.t, line: strings.Join(args, " "), out: out.String()}
	var c *coded
	switch {
	case errors.As(err, &c):
		o.code, o.err = c.code, err.Error()
	case err != nil: // as Main has it
		o.code, o.err = ExitUsage, err.Error()
	}
	return o
}

func (o outcome) ok(parts ...string) outcome {
	o.t.Helper()
	if o.code != ExitOK {
		o.t.Fatalf("tocsin %s exits with %d: %s", o.line, o.code, o.err)
	}
	for _, p := range parts {
		if !strings.Contains(o.out, p) {
			o.t.Errorf("tocsin %s does not say %q:\n%s", o.line, p, o.out)
		}
	}
	return o
}

func (o outcome) fails(code int, part string) {
	o.t.Helper()
	if o.code != code || !strings.Contains(o.err, part) {
		o.t.Errorf("tocsin %s exits with %d, saying %q; want %d and %q", o.line, o.code, o.err, code, part)
	}
}

func (r *rig) fire(key string) (alert, page string) {
	r.t.Helper()
	id, err := r.world.Trigger("prom", signal.Signal{DedupKey: key, Severity: signal.Critical, Summary: key + " is down", Labels: signal.Labels{"env": "prod"}})
	if err != nil {
		r.t.Fatal(err)
	}
	var l api.List[api.Page]
	o := r.run("page", "list", "-o", "json").ok()
	if err := json.Unmarshal([]byte(o.out), &l); err != nil || len(l.Items) == 0 {
		r.t.Fatalf("no page in %s: %v", o.out, err)
	}
	return id, l.Items[0].ID
}

func TestAnAlertAndItsPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	alert, page := r.fire("front")
	r.run("alert", "list").ok("ID", alert, "critical", "front is down")
	r.run("alert", "list", "--service", "database").ok("SUMMARY")
	r.run("alert", "show", alert).ok(`{env="prod"}`, "because no alert with this key was open")
	r.run("page", "list").ok(page, "triggered")
	r.run("page", "show", page).ok("next", "the next step at 2026-01-05 09:05:00Z", "delivered", "Step 1: telling Ana")
	r.run("page", "why", page, "--user", "bo").ok("Bo has not been told yet")
	r.run("page", "ahead", page).ok("+5m", "Bo is told by inbox")
	r.run("page", "escalate", page).ok("step", "2")
	r.run("page", "ack", page).ok("acknowledged", "Bo")
	r.run("page", "resolve", page).ok("resolved")
	r.run("page", "resolve", page).fails(ExitProblem, "resolved already")
	if o := r.run("page", "list").ok(); strings.Contains(o.out, page) {
		t.Errorf("a resolved page is listed as open:\n%s", o.out)
	}
	r.run("page", "list", "--all").ok(page)
	r.run("alert", "resolve", alert).fails(ExitProblem, "resolved already")
	r.run("alert", "show", "nope").fails(ExitProblem, `there is no alert "nope"`)
	r.run("status").ok("1.2.3", "well")
}

func TestAnIncident(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.run("incident", "declare", "Shop", "is", "down", "--severity", "SEV2", "--service", "shop").ok("INC-1", "Shop is down", "SEV2")
	r.run("incident", "declare", "x").fails(ExitUsage, "--severity is needed")
	r.run("incident", "note", "INC-1", "rolled", "back").ok("INC-1")
	r.run("incident", "severity", "INC-1", "SEV3").fails(ExitProblem, "lowering a severity needs a reason")
	r.run("incident", "severity", "INC-1", "SEV3", "--reason", "only the till").ok("SEV3")
	r.run("incident", "status", "INC-1", "mitigating").ok("mitigating")
	r.run("incident", "rename", "INC-1", "Till", "is", "down").ok("Till is down")
	r.run("incident", "summon", "INC-1", "user/chen", "team/web").ok("user/chen by Bo")
	r.run("incident", "declare", "The same", "--severity", "3").ok("INC-2")
	r.run("incident", "merge", "INC-2", "INC-1").ok("merged into", "INC-1")
	r.run("incident", "list").ok("INC-1", "Till is down")
	r.run("incident", "list", "--all").ok("INC-2")
	r.run("incident", "show", "INC-1").ok("rolled back", "only the till")
	r.run("incident", "merge", "INC-1").fails(ExitUsage, "accepts 2 arg(s)")
}

func TestWhatIsInForce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front")
	r.run("silence", "preview", `env="prod"`).ok("1 of 1 firing alerts would be muted", "front is down")
	added := r.run("silence", "add", `env="prod"`, "--for", "2h", "--comment", "racks", "-o", "json").ok()
	var s api.Silence
	if err := json.Unmarshal([]byte(added.out), &s); err != nil {
		t.Fatal(err)
	}
	r.run("page", "show", page).ok("muted by", "silence "+s.ID)
	r.run("silence", "list").ok(s.ID, "active", "racks", `{env="prod"}`)
	r.run("silence", "extend", s.ID, "--until", "2026-01-05T15:00:00Z").ok("2026-01-05 15:00:00Z")
	r.run("silence", "expire", s.ID).ok("expired")
	r.run("silence", "add", `env="prod"`, "--for", "2h").fails(ExitUsage, "--comment is needed")
	r.run("silence", "add", `env="prod"`, "--comment", "c").fails(ExitUsage, "--for or --until")
	r.run("silence", "add", `env="prod"`, "--comment", "c", "--until", "noon").fails(ExitUsage, "noon")
	r.run("silence", "add", `env=~".*"`, "--for", "2h", "--comment", "c").fails(ExitProblem, "matchers: a silence must not match")

	r.run("maintenance", "add", "shop", "--for", "1h", "--comment", "move").ok("active", "shop")
	r.run("maintenance", "list").ok("move")
	r.run("maintenance", "expire", "nope").fails(ExitProblem, "nope")

	r.run("oncall").ok("primary", "ana", "layer week, turn 1")
	r.run("override", "add", "primary", "--user", "chen", "--replaces", "ana", "--for", "8h", "--comment", "swap").ok("chen")
	r.run("oncall").ok("chen", "override")
	o := r.run("override", "list", "-o", "json").ok()
	var l api.List[api.Override]
	if err := json.Unmarshal([]byte(o.out), &l); err != nil || len(l.Items) != 1 {
		t.Fatalf("%v: %s", err, o.out)
	}
	r.run("override", "end", l.Items[0].ID).ok("expired")
	r.run("oncall", "primary", "--at", "2026-01-04T23:00:00Z", "--days", "9").ok("NOBODY", "Mon 2026-01-05 09:00 CET", "bo")
	r.run("oncall", "nope").fails(ExitProblem, "nope")
	r.run("oncall", "--at", "now").fails(ExitUsage, "now")

	r.run("heartbeat", "ping", "backup").ok("2026-01-05 10:05:00Z")
	r.run("heartbeat", "list").ok("beating")
	r.run("explain", "team=database", "--severity", "critical").ok("route database, because its labels match", "+0s", "Ana is told by inbox (inapp)", "+5m")
	r.run("explain", "database").fails(ExitUsage, "not a label")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.run("token", "create", "ci", "--role", "viewer", "-o", "json").ok()
	var made api.NewToken
	if err := json.Unmarshal([]byte(o.out), &made); err != nil || !strings.HasPrefix(made.Secret, auth.TokenPrefix) {
		t.Fatalf("%v: %s", err, o.out)
	}
	r.run("token", "list").ok("ci", made.ID)
	r.run("alert", "list", "--token", made.Secret).ok()
	r.run("silence", "add", `a="b"`, "--for", "1h", "--comment", "c", "--token", made.Secret).fails(ExitProblem, "this needs the role responder")
	r.run("token", "revoke", made.ID).ok("Revoked")
	r.run("alert", "list", "--token", made.Secret).fails(ExitNotSignedIn, "revoked")
}

func TestExitCodesOfWhatGoesWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer other.Close()
	away := httptest.NewServer(http.RedirectHandler(r.url+"/elsewhere", http.StatusFound))
	defer away.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, x := range []struct {
		url, token, part string
		code             int
	}{
		{r.url, "", "no token", ExitNotSignedIn},
		{r.url, "tocsin_wrong", "unknown", ExitNotSignedIn},
		{"", r.token, "which server", ExitUsage},
		{"tocsin.example.com", r.token, "not an address", ExitUsage},
		{gone.URL, r.token, "no answer from", ExitUnreachable},
		{other.URL, r.token, "does not answer like Tocsin", ExitUnreachable},
		{away.URL, r.token, "redirects to", ExitUnreachable},
	} {
		broken := *r
		broken.url, broken.token = x.url, x.token
		broken.run("status").fails(x.code, x.part)
	}
	r.run("status", "-o", "yaml").fails(ExitUsage, "table or json")
	r.run("status", "--nope").fails(ExitUsage, "unknown flag")
	r.run("alert", "nope").fails(ExitUsage, "unknown command")
	r.run("alert").ok("Available Commands")
}

func TestStrangersCannotDriveTheTerminal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.world.Trigger("prom", signal.Signal{DedupKey: "x", Summary: "a\x1b[2Jb\nc\u202ed"}); err != nil {
		t.Fatal(err)
	}
	r.run("alert", "list").ok("a\uFFFD[2Jb c\uFFFDd")
}

func TestAPlanFolderIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, err := NewClient(r.url+"/", r.token)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	good := map[string][]byte{"plan.yaml": []byte("services:\n  till: {}\n")}
	j, err := c.Validate(ctx, good)
	if err != nil || !j.OK || !strings.Contains(j.Diff.Unified, "+  till:") {
		t.Fatalf("%v: %+v", err, j)
	}
	j, err = c.Validate(ctx, map[string][]byte{"plan.yaml": []byte("services:\n  till: {nope: 1}\n")})
	if err != nil || j.OK || len(j.Problems) != 1 || j.Problems[0].Line != 2 {
		t.Errorf("%v: %+v", err, j)
	}
	if _, err := c.Apply(ctx, Apply{Files: good, Base: 9}); err == nil || !strings.Contains(err.Error(), "version 1 is in force") {
		t.Errorf("a change of another version: %v", err)
	}
	done, err := c.Apply(ctx, Apply{Files: good, Comment: "less"})
	if err != nil || done.Version != 2 || !done.Changed || r.world.Plan().Service("till") == nil {
		t.Errorf("%v: %+v", err, done)
	}
}
