package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/internal/api"
	"tocsin/internal/api/apitest"
	"tocsin/internal/auth"
	"tocsin/internal/auth/authtest"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/signal"
)

var errBusy = errors.New("busy")

// rig is an API over the sample world, with one token a role. The admin is
// ana, the responder bo, the viewer chen.
type rig struct {
	t      *testing.T
	world  *apitest.World
	api    *api.API
	server *httptest.Server
	auth   *auth.Auth
	store  *authtest.Memory
	token  map[auth.Role]string
}

func newRig(t *testing.T, change ...func(*api.Options)) *rig {
	t.Helper()
	world, err := apitest.New(apitest.Sample(), apitest.Start)
	if err != nil {
		t.Fatal(err)
	}
	store := authtest.New()
	r := &rig{t: t, world: world, auth: auth.New(store, world.Now), store: store, token: map[auth.Role]string{}}
	ctx := context.Background()
	for id, role := range map[string]auth.Role{"ana": auth.Admin, "bo": auth.Responder, "chen": auth.Viewer} {
		// Without a password, since hashing one would be most of a test's work.
		if err := store.CreateAccount(ctx, ledger.Account{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Role: string(role)}); err != nil {
			t.Fatal(err)
		}
		if r.token[role], _, err = r.auth.CreateToken(ctx, id, "test", role, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	o := api.Options{Ledger: world, Door: world, Auth: r.auth, Tools: tools{}, Channels: ways{registry}, Formats: formats{}, Probes: probes{}, Busy: errBusy,
		Version: "1.2.3", BaseURL: "https://tocsin.example.com"}
	for _, f := range change {
		f(&o)
	}
	if r.api, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(r.api.Handler())
	t.Cleanup(r.server.Close)
	return r
}

// got is an answer.
type got struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	what   string
}

func (r *rig) send(method, path, body string, header http.Header) got {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+api.Prefix+path, bytes.NewReader([]byte(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = header
	if body != "" && header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return got{t: r.t, status: res.StatusCode, header: res.Header, body: data, what: method + " " + path}
}

func (r *rig) as(role auth.Role, method, path, body string) got {
	r.t.Helper()
	return r.send(method, path, body, http.Header{"Authorization": {"Bearer " + r.token[role]}})
}

func (r *rig) get(path string) got        { r.t.Helper(); return r.as(auth.Admin, "GET", path, "") }
func (r *rig) post(path, body string) got { r.t.Helper(); return r.as(auth.Admin, "POST", path, body) }

// want fails unless the status is this one.
func (g got) want(status int) got {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("%s answered %d, want %d: %s", g.what, g.status, status, g.body)
	}
	return g
}

// field walks the JSON answer: "items.0.id".
func (g got) field(path string) any {
	g.t.Helper()
	var v any
	if err := json.Unmarshal(g.body, &v); err != nil {
		g.t.Fatalf("%s did not answer JSON: %v: %s", g.what, err, g.body)
	}
	for _, part := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := 0
			for _, c := range part {
				i = i*10 + int(c-'0')
			}
			if i >= len(x) {
				g.t.Fatalf("%s: no %s in %s", g.what, path, g.body)
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (g got) text(path string) string {
	g.t.Helper()
	s, _ := g.field(path).(string)
	return s
}

func (g got) len(path string) int {
	g.t.Helper()
	list, ok := g.field(path).([]any)
	if !ok {
		g.t.Fatalf("%s: %s is no list in %s", g.what, path, g.body)
	}
	return len(list)
}

// has fails unless the field says this.
func (g got) has(path string, want any) got {
	g.t.Helper()
	if n, ok := want.(int); ok {
		want = float64(n)
	}
	if have := g.field(path); have != want {
		g.t.Errorf("%s: %s is %v, want %v, in %s", g.what, path, have, want, g.body)
	}
	return g
}

// problem fails unless the answer is a whole problem of this status and field.
func (g got) problem(status int, field, part string) {
	g.t.Helper()
	g.want(status)
	if ct := g.header.Get("Content-Type"); ct != "application/problem+json" {
		g.t.Errorf("%s: a problem of type %q", g.what, ct)
	}
	p, err := decode[api.Problem](g.body)
	if err != nil {
		g.t.Fatalf("%s: %v", g.what, err)
	}
	if p.Status != status || p.Type == "" || p.Title == "" || p.RequestID == "" || p.RequestID != g.header.Get("X-Request-Id") {
		g.t.Errorf("%s: a problem is not whole: %s", g.what, g.body)
	}
	if p.Field != field || !strings.Contains(p.Detail, part) {
		g.t.Errorf("%s: problem in %q saying %q, want %q saying %q", g.what, p.Field, p.Detail, field, part)
	}
}

// fire brings an alert in and returns it with its page.
func (r *rig) fire(key string, labels signal.Labels) (alertID, pageID string) {
	r.t.Helper()
	id, err := r.world.Trigger("prom", signal.Signal{DedupKey: key, Severity: signal.Critical, Summary: key + " is down", Labels: labels})
	if err != nil {
		r.t.Fatal(err)
	}
	list := r.get("/pages?open=true").want(200)
	if list.len("items") == 0 {
		return id, ""
	}
	return id, list.text("items.0.id")
}

func managed(o *api.Options) { o.Tools = tools{managed: "the folder /etc/tocsin"} }

// fuzzRig is a rig without accounts: hashing their passwords would be most of
// the work.
func fuzzRig(t *testing.T) *rig {
	t.Helper()
	world, err := apitest.New(apitest.Sample(), apitest.Start)
	if err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Options{Ledger: world, Door: world, Auth: auth.New(authtest.New(), world.Now), Tools: tools{},
		Session: func(*http.Request) (auth.Person, bool) { return auth.Person{ID: "ana", Role: auth.Admin}, true }})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, world: world, api: a, server: httptest.NewServer(a.Handler()), token: map[auth.Role]string{}}
	t.Cleanup(r.server.Close)
	return r
}

// anybody sends without a token, where the session lets everybody in.
func (r *rig) anybody(method, path, body string) got {
	r.t.Helper()
	return r.send(method, path, body, http.Header{})
}
