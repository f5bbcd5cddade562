package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func httpType() Type {
	return Type{
		Name: "http", Title: "Web page or API (HTTP, HTTPS)",
		Fields: []Field{
			{Name: "url", Label: "URL", Help: "https://shop.example.com/healthz", Required: true},
			{Name: "method", Label: "Method", Help: "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS", Default: "GET"},
			{Name: "headers", Label: "Request headers", Help: "one \"Name: value\" a line"},
			{Name: "authorization", Label: "Authorization header", Help: "\"Bearer …\"; env:NAME or file:PATH keeps it out of the plan", Secret: true},
			{Name: "body", Label: "Request body"},
			{Name: "follow_redirects", Label: "Follow redirects", Help: "up to 10; false judges the first answer", Default: "true"},
			{Name: "skip_tls_verify", Label: "Accept any certificate", Default: "false"},
			{Name: "user_agent", Label: "User agent", Default: DefaultUserAgent},
			{Name: "max_body", Label: "Bytes of the answer to read", Default: "262144"},
			familyField,
		},
		Defaults: []string{"[STATUS] >= 200", "[STATUS] < 400"},
		read:     readHTTP,
	}
}

// maxMaxBody bounds what one answer may take of our memory.
const maxMaxBody = 8 << 20

type httpLook struct {
	url           string
	method        string
	headers       []header
	authorization string
	body          string
	follow        bool
	skipVerify    bool
	userAgent     string
	maxBody       int
	family        string
}

func readHTTP(s *settings) look {
	h := &httpLook{
		url: s.trimmed("url"), headers: s.headers("headers"), authorization: s.trimmed("authorization"),
		body: s.text("body"), follow: s.yes("follow_redirects", "true"), skipVerify: s.yes("skip_tls_verify", "false"),
		userAgent: s.trimmed("user_agent"), family: s.family(),
		maxBody: s.number("max_body", bounds{fallback: 256 << 10, least: 0, most: maxMaxBody}),
		method:  s.oneOf("method", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
	}
	if h.url == "" {
		return h // finish says that it is required
	}
	u, err := url.Parse(h.url)
	switch {
	case err != nil:
		s.fail("url", "this is not a URL: %v", errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https":
		s.fail("url", "a URL begins with http:// or https://")
	case u.Hostname() == "":
		s.fail("url", "the URL names no host")
	case u.User != nil:
		s.fail("url", "a password in a URL is shown to everybody; use authorization")
	}
	if strings.ContainsAny(h.userAgent, "\r\n") {
		s.fail("user_agent", "this is one line")
	}
	if strings.ContainsAny(h.authorization, "\r\n") {
		s.fail("authorization", "this is one line")
	}
	return h
}

func (h *httpLook) look(ctx context.Context, p *Prober, o *observation) error {
	req, err := h.request(ctx, p)
	if err != nil {
		return err
	}
	transport := h.transport(p, strings.EqualFold(req.URL.Scheme, "https"))
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: h.redirect}
	resp, err := client.Do(req)
	if err != nil {
		var broken *url.Error
		if errors.As(err, &broken) {
			err = broken.Err // its text repeats the URL, which may hold secrets
		}
		return err
	}
	defer resp.Body.Close()
	o.seen.Status = resp.StatusCode
	o.seen.Header = func(name string) (string, bool) {
		values := resp.Header.Values(name)
		return strings.Join(values, ", "), len(values) > 0
	}
	if resp.TLS != nil {
		o.expires = chainEnd(resp.TLS.VerifiedChains, resp.TLS.PeerCertificates)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(h.maxBody)))
	o.seen.Body = string(body)
	if err != nil {
		o.enter(reading)
		return err
	}
	return nil
}

func (h *httpLook) request(ctx context.Context, p *Prober) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, h.method, h.url, strings.NewReader(h.body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("User-Agent", firstOf(h.userAgent, p.UserAgent, DefaultUserAgent))
	for _, x := range h.headers {
		if x.name == "Host" {
			req.Host = x.value
			continue
		}
		req.Header.Add(x.name, x.value)
	}
	secret, err := p.secret(h.authorization)
	if err != nil {
		return nil, &trouble{text: "the authorization setting cannot be read: " + err.Error(), fault: OurSide}
	}
	if secret != "" {
		req.Header.Set("Authorization", secret)
	}
	return req, nil
}

// secret follows a reference, or returns a value that is none.
func (p *Prober) secret(value string) (string, error) {
	if !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
		return value, nil
	}
	if p.Secret == nil {
		return "", errors.New("references to secrets are not open to checks here")
	}
	v, err := p.Secret(value)
	if err != nil {
		return "", err
	}
	if v = strings.TrimSpace(v); v == "" || strings.ContainsAny(v, "\r\n") {
		return "", fmt.Errorf("%s is empty or has more than one line", value)
	}
	return v, nil
}

func (h *httpLook) redirect(_ *http.Request, via []*http.Request) error {
	if !h.follow {
		return http.ErrUseLastResponse
	}
	if len(via) > 10 {
		return &trouble{text: "more than 10 redirects", fault: TargetSide}
	}
	return nil
}

// transport is made anew for each look: a kept connection would hide a
// listener that is gone, an expired certificate and a changed address. There
// is no proxy, since a proxy would dial behind the guard's back.
func (h *httpLook) transport(p *Prober, secure bool) *http.Transport {
	d := p.dialer()
	return &http.Transport{
		DialContext: func(ctx context.Context, base, addr string) (net.Conn, error) {
			return d.DialContext(ctx, network(base, h.family), addr)
		},
		TLSClientConfig:        &tls.Config{RootCAs: p.Roots, InsecureSkipVerify: h.skipVerify, MinVersion: tls.VersionTLS10}, //nolint:gosec // the setting asks for it; judging old TLS is for conditions
		ForceAttemptHTTP2:      secure,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 256 << 10,
		// ctx bounds the whole look; this one names the stage that hung.
		ExpectContinueTimeout: time.Second,
	}
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
