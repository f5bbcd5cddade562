package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/internal/api"
)

// exit is an error with the exit code that it means.
func exit(code int, format string, args ...any) error {
	return &coded{code: code, err: fmt.Errorf(format, args...)}
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// Client speaks to a server's API.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// NewClient is a client of the server at an address like
// https://tocsin.example.com.
func NewClient(address, token string) (*Client, error) {
	if address == "" {
		return nil, exit(ExitUsage, "which server? give --url or set %s", envURL)
	}
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, exit(ExitUsage, "%q is not an address like https://tocsin.example.com", address)
	}
	// A token is for this server alone: it follows no redirect elsewhere.
	stay := func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
			return fmt.Errorf("it redirects to %s://%s; give that address", req.URL.Scheme, req.URL.Host)
		}
		return nil
	}
	return &Client{base: base, token: token, http: &http.Client{Timeout: time.Minute, CheckRedirect: stay}}, nil
}

// request is one call. Path is below the API's prefix.
type request struct {
	method, path string
	query        url.Values
	body         any
}

// call answers the JSON of a success, or says what went wrong.
func (c *Client) call(ctx context.Context, r request) ([]byte, error) {
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, exit(ExitProblem, "write the request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	address := c.base.String() + api.Prefix + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, exit(ExitUsage, "%v", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "tocsin-cli")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, exit(ExitUnreachable, "no answer from %s: %w", c.base.Redacted(), inner(err))
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, exit(ExitUnreachable, "the answer of %s broke off: %w", c.base.Redacted(), err)
	}
	return data, c.judge(res, data)
}

// inner drops the address from an error: it was said already, and may hold a
// password.
func inner(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// judge turns an answer that is not a success into an error.
func (c *Client) judge(res *http.Response, data []byte) error {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		if res.StatusCode != http.StatusNoContent && !json.Valid(data) {
			return exit(ExitUnreachable, "%s does not answer like Tocsin: is this the right address?", c.base.Redacted())
		}
		return nil
	}
	p := &api.Problem{}
	if err := json.Unmarshal(data, p); err != nil || p.Status == 0 {
		return exit(ExitUnreachable, "%s answers %s and does not look like Tocsin", c.base.Redacted(), res.Status)
	}
	code := ExitProblem
	if p.Status == http.StatusUnauthorized {
		code = ExitNotSignedIn
		if c.token == "" {
			return exit(code, "no token: make one under your account, then give --token or set %s", envToken)
		}
	}
	return &coded{code: code, err: p}
}

// send does a call and reads its answer.
func send[T any](ctx context.Context, c *Client, r request) (v T, err error) {
	data, err := c.call(ctx, r)
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &v)
	}
	return v, err
}

// filesBody is a plan folder in a request.
func filesBody(files map[string][]byte) api.Files {
	out := api.Files{}
	for name, data := range files {
		out[name] = string(data)
	}
	return out
}

// Validate judges a plan folder against the server without changing anything.
func (c *Client) Validate(ctx context.Context, files map[string][]byte) (api.Judgement, error) {
	return send[api.Judgement](ctx, c, request{method: "POST", path: "/plan/validate", body: api.ValidateBody{Files: filesBody(files)}})
}

// Apply is what a plan is put in force with.
type Apply struct {
	Files   map[string][]byte
	Comment string
	Base    int64 // refuse if another version is in force; 0: never
	Force   bool  // also if scenarios do not hold
}

// Apply puts a plan folder in force on the server.
func (c *Client) Apply(ctx context.Context, a Apply) (api.Applied, error) {
	return send[api.Applied](ctx, c, request{method: "POST", path: "/plan/apply", body: api.ApplyBody{Files: filesBody(a.Files), Comment: a.Comment, Base: a.Base, Force: a.Force}})
}
