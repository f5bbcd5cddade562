package api_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tocsin/internal/api"
	"tocsin/internal/auth"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// document is the part of OpenAPI that the tests look at.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		ID          string           `json:"operationId"`
		Summary     string           `json:"summary"`
		Tags        []string         `json:"tags"`
		Role        string           `json:"x-role"`
		Security    []map[string]any `json:"security"`
		RequestBody struct {
			Content map[string]any `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Description string         `json:"description"`
			Content     map[string]any `json:"content"`
		} `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
}

func readDocument(t *testing.T, r *rig) document {
	t.Helper()
	got := r.send("GET", "/openapi.json", "", map[string][]string{}).want(200)
	doc, err := decode[document](got.body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	doc := readDocument(t, r)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		if !strings.HasPrefix(path, api.Prefix+"/") {
			t.Errorf("%s is outside of %s", path, api.Prefix)
		}
		for method, op := range methods {
			what := method + " " + path
			if op.Summary == "" || op.ID == "" || len(op.Tags) != 1 || ids[op.ID] {
				t.Errorf("%s: summary %q, id %q, tags %v", what, op.Summary, op.ID, op.Tags)
			}
			ids[op.ID] = true
			need := []string{"400", "401", "403", "500", "503"}
			if method != "get" {
				need = append(need, "413", "415", "429")
			}
			if strings.Contains(path, "{") && op.ID != "create-token" {
				need = append(need, "404")
			}
			for _, status := range need {
				if res, ok := op.Responses[status]; !ok || res.Content["application/problem+json"] == nil || res.Description == "" {
					t.Errorf("%s does not document %s as a problem", what, status)
				}
			}
			if !slices.ContainsFunc([]string{"200", "201", "202", "204"}, func(s string) bool { _, ok := op.Responses[s]; return ok }) {
				t.Errorf("%s documents no success", what)
			}
			if _, ok := op.Responses["422"]; ok {
				t.Errorf("%s documents 422, which is never answered", what)
			}
			if !auth.Role(op.Role).Valid() || len(op.Security) != 2 {
				t.Errorf("%s: role %q, security %v", what, op.Role, op.Security)
			}
		}
	}
	if len(ids) < 70 {
		t.Errorf("only %d operations", len(ids))
	}
	r.send("GET", "/openapi.yaml", "", map[string][]string{}).want(200)
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	doc := readDocument(t, r)
	body := string(r.send("GET", "/openapi.json", "", map[string][]string{}).body)
	const mark = `"#/components/schemas/`
	for rest := body; ; {
		i := strings.Index(rest, mark)
		if i < 0 {
			break
		}
		rest = rest[i+len(mark):]
		name := rest[:strings.IndexByte(rest, '"')]
		if doc.Components.Schemas[name] == nil {
			t.Errorf("a reference leads to %s, which is not there", name)
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(body, mark+name+`"`) {
			t.Errorf("schema %s is used nowhere", name)
		}
		if strings.ContainsAny(name, ".[]/") || strings.Contains(name, "tocsin") {
			t.Errorf("schema name %s shows the inside of the house", name)
		}
	}
}

// TestTheDocumentIsReviewed keeps the contract in sight: a change of it shows
// as a change of a file. Run with -rewrite, then read the diff.
func TestTheDocumentIsReviewed(t *testing.T) {
	t.Parallel()
	got, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "openapi.yaml")
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s is not what the code says; run go test ./internal/api -run Reviewed -rewrite and read the difference", file)
	}
}

// needs is what each operation asks for: the test of the house's rule that a
// viewer reads, a responder answers, an admin changes the plan and accounts.
var needs = map[auth.Role][]string{
	auth.Responder: {"resolve-alert", "acknowledge-page", "escalate-page", "resolve-page", "declare-incident", "set-incident-severity", "set-incident-status",
		"rename-incident", "note-incident", "summon-responders", "link-page", "merge-incident", "create-silence", "update-silence", "extend-silence", "expire-silence",
		"create-maintenance", "update-maintenance", "expire-maintenance", "create-override", "end-override", "ping-heartbeat", "validate-plan"},
	auth.Admin: {"create-integration", "rotate-integration-key", "delete-integration", "apply-plan", "rollback-plan", "list-accounts", "create-account", "set-role",
		"reset-password", "disable-account", "test-channel"},
	// These change something, and a viewer may: their own contacts, password
	// and tokens, and questions that need a body.
	auth.Viewer: {"verify-contact", "prove-contact", "test-contact", "change-password", "create-token", "revoke-token", "preview-silence", "preview-maintenance", "preview-integration", "explain-alert"},
}

func TestEveryOperationAsksForItsRole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	want := map[string]auth.Role{}
	for role, ids := range needs {
		for _, id := range ids {
			want[id] = role
		}
	}
	for path, methods := range readDocument(t, r).Paths {
		for method, op := range methods {
			need, listed := want[op.ID]
			if !listed {
				need = auth.Viewer
				if method != "get" {
					t.Errorf("%s changes something and is not in the list of who may", op.ID)
				}
			}
			delete(want, op.ID)
			for _, role := range []auth.Role{"nobody", auth.Viewer, auth.Responder, auth.Admin} {
				r.knock(role, strings.ToUpper(method), path, role.May(need))
			}
		}
	}
	for id := range want {
		t.Errorf("there is no operation %s", id)
	}
}

// knock tries one operation on things that do not exist, so that nothing
// happens, and looks only at whether it was let in.
func (r *rig) knock(role auth.Role, method, path string, may bool) {
	r.t.Helper()
	if strings.HasSuffix(path, "/events") && may {
		return // it would stay; TestEvents knocks there
	}
	path = strings.TrimPrefix(path, api.Prefix)
	for _, v := range []string{"{id}", "{contact}"} {
		path = strings.ReplaceAll(path, v, "zzz")
	}
	path = strings.ReplaceAll(path, "{version}", "999")
	header := map[string][]string{}
	if role != "nobody" {
		header["Authorization"] = []string{"Bearer " + r.token[role]}
	}
	got := r.send(method, path, "", header)
	in := got.status != 401 && got.status != 403 || strings.Contains(string(got.body), "only zzz")
	if in != may {
		r.t.Errorf("%s %s as %s answered %d: let in %v, want %v", method, path, role, got.status, in, may)
	}
	if !may && got.status != map[bool]int{true: 401, false: 403}[role == "nobody"] {
		r.t.Errorf("%s %s as %s answered %d", method, path, role, got.status)
	}
}
