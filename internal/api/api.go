package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tocsin/internal/auth"
)

// Prefix is where the API stands. Other prefixes below /api belong to the
// contracts of other tools.
const Prefix = "/api/v1"

// MaxBody is the largest request body, in bytes.
const MaxBody = 4 << 20

// API is the face for programs.
type API struct {
	opts    Options
	huma    huma.API
	handler http.Handler
	streams chan struct{} // bounds who listens to events
	editing sync.Mutex    // one change of the plan at a time
}

// New builds it.
func New(o Options) (*API, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &API{opts: o, streams: make(chan struct{}, maxStreams)}
	mux := http.NewServeMux()
	a.huma = huma.NewAPI(settings(o), adapter{humago.NewAdapter(mux, "")})
	for _, register := range []func(){a.alerts, a.pages, a.incidents, a.silences, a.maintenance, a.overrides, a.oncall, a.services,
		a.users, a.heartbeats, a.checks, a.integrations, a.mappings, a.plans, a.applyPlans, a.explain, a.accounts, a.tokens, a.journal, a.status} {
		register()
	}
	// The framework's own shape of errors never leaves: see translate.
	for _, t := range []reflect.Type{reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[huma.ErrorDetail]()} {
		delete(a.huma.OpenAPI().Components.Schemas.Map(), schemaName(t, ""))
	}
	a.handler = withRequestID(ownErrors(mux))
	return a, nil
}

// Handler answers everything below Prefix.
func (a *API) Handler() http.Handler { return a.handler }

// Document is the OpenAPI document as YAML.
func (a *API) Document() ([]byte, error) { return a.huma.OpenAPI().YAML() }

func settings(o Options) huma.Config {
	c := huma.DefaultConfig("Tocsin", o.Version)
	c.Info.Description = "Everything that a person can do in Tocsin's pages, for programs. Lists are newest first and answer {items, next}: " +
		"pass next as `before` (or `after`, in the journal) to go on; an empty next is the end. Errors are RFC 9457 problems."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	if o.BaseURL != "" {
		c.Servers = []*huma.Server{{URL: o.BaseURL}}
	}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", BearerFormat: auth.TokenPrefix + "...", Description: "An API token, made under /account or by POST " + Prefix + "/tokens."},
		"session": {Type: "apiKey", In: "cookie", Name: "tocsin", Description: "A browser's session. Requests that change something must come from the same origin."},
	}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = Prefix+"/openapi", "", ""
	c.Formats = map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()}
	c.DefaultFormat = "application/json"
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{translate}
	c.CreateHooks = nil // it would add links to schemas that are not served
	return c
}

// adapter lets the framework's 422 leave as 400.
type adapter struct{ huma.Adapter }

func (x adapter) Handle(op *huma.Operation, h func(huma.Context)) {
	x.Adapter.Handle(op, func(c huma.Context) { h(answering{c}) })
}

// framework gives the embedded field a name that its own method leaves free.
type framework = huma.Context

type answering struct{ framework }

func (c answering) SetStatus(status int) { c.framework.SetStatus(ownStatus(status)) }

// Unwrap leads to the adapter's own context.
func (c answering) Unwrap() huma.Context { return c.framework }

type key int

const (
	keyRequest key = iota
	keyPerson
)

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequest).(string)
	return id
}

// withRequestID names every request. A caller may bring a name of its own.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !plainID(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
			id = hex.EncodeToString(b[:])
		}
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyRequest, id)))
	})
}

// plainID keeps strangers' text out of headers and logs.
func plainID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// ownErrors gives addresses that do not exist, and methods that they do not
// take, an answer in our shape.
func ownErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &statusOnly{header: http.Header{}}
		mux.ServeHTTP(probe, r)
		detail := "there is nothing at " + r.URL.Path + "; the operations are listed at " + Prefix + "/openapi.json"
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			detail = "use one of " + probe.header.Get("Allow")
		} else {
			probe.status = http.StatusNotFound
		}
		writeProblem(w, r, newProblem(probe.status, "", detail))
	})
}

type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = requestID(r.Context())
	w.Header().Set("Content-Type", p.ContentType(""))
	if wait := retryIn[p.Status]; wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone; there is nobody else to tell
}

// Role is what an operation needs; open is one that needs nobody.
const open auth.Role = ""

// spec describes one operation.
type spec struct {
	id, method, path string // path below Prefix
	tag              string
	summary          string
	about            string // more than the summary, may be empty
	role             auth.Role
	status           int   // of success; 0: 200
	errors           []int // besides those that every operation has
}

// asked is one request: who asks, and what.
type asked[I any] struct {
	who auth.Person
	in  *I
}

// add registers an operation. Its handler gets who asks as a value, and its
// errors become problems in one place.
func add[I, O any](a *API, s spec, handle func(ctx context.Context, q asked[I]) (*O, error)) {
	huma.Register(a.huma, a.operation(s), func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(keyPerson).(auth.Person)
		out, err := handle(ctx, asked[I]{who: who, in: in})
		if err != nil {
			return nil, a.failed(ctx, s, err)
		}
		return out, nil
	})
}

func (a *API) failed(ctx context.Context, s spec, err error) error {
	p, known := a.problem(err)
	if !known {
		a.opts.Log.Error("an API operation failed", "operation", s.id, "request", requestID(ctx), "error", err)
	}
	if wait := retryIn[p.Status]; wait != "" {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {wait}})
	}
	return p
}

func (a *API) operation(s spec) huma.Operation {
	op := huma.Operation{OperationID: s.id, Method: s.method, Path: Prefix + s.path, Summary: s.summary, Description: s.about,
		Tags: []string{s.tag}, DefaultStatus: s.status, MaxBodyBytes: MaxBody + 1}
	statuses := append([]int{400, 500, 503}, s.errors...)
	if s.method != http.MethodGet {
		statuses = append(statuses, 413, 415, 429)
	}
	if s.role != open {
		statuses = append(statuses, 401, 403)
		op.Security = []map[string][]string{{"token": {}}, {"session": {}}}
		op.Middlewares = huma.Middlewares{a.admit(s.role)}
		if op.Description != "" {
			op.Description += "\n\n"
		}
		op.Description += fmt.Sprintf("Needs the role %s.", s.role)
		op.Extensions = map[string]any{"x-role": string(s.role)}
	}
	op.Responses = a.problems(statuses)
	return op
}

// problems documents the answers that are not a success.
func (a *API) problems(statuses []int) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	out := map[string]*huma.Response{}
	for _, status := range statuses {
		out[fmt.Sprint(status)] = &huma.Response{Description: kinds[status].title,
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
	}
	return out
}
