package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrForbidden marks an address that the guard does not let out. The usual
// reason is a setting that points into the server's own network.
var ErrForbidden = errors.New("address is not allowed")

const (
	maxRedirects = 3
	maxBody      = 1 << 20
)

// ClientOption changes one thing about a guarded client.
type ClientOption func(*clientConfig)

type clientConfig struct {
	timeout  time.Duration
	roots    *x509.CertPool
	resolver *net.Resolver
}

// WithTimeout bounds a whole exchange; the default is 30 seconds.
func WithTimeout(d time.Duration) ClientOption { return func(c *clientConfig) { c.timeout = d } }

// WithRoots trusts a private certificate authority instead of the system's.
func WithRoots(pool *x509.CertPool) ClientOption { return func(c *clientConfig) { c.roots = pool } }

// WithResolver asks a particular name server.
func WithResolver(r *net.Resolver) ClientOption { return func(c *clientConfig) { c.resolver = r } }

// NewClient builds the HTTP client for addresses that people fill in. It
// refuses private, loopback, link-local, metadata and other special addresses
// unless allow holds them. The check runs on the numeric address of each
// connection, after the name was resolved, so no spelling of an address and no
// name server that changes its answer gets around it. It uses no proxy: behind
// one it could not see the address.
func NewClient(allow []netip.Prefix, opts ...ClientOption) *http.Client {
	cfg := clientConfig{timeout: 30 * time.Second}
	for _, o := range opts {
		o(&cfg)
	}
	dialer := &net.Dialer{
		Timeout:  5 * time.Second,
		Resolver: cfg.resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return allowed(network, address, allow)
		},
	}
	transport := &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.roots},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        32,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // an answer is short; a bomb is not
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{Transport: limited{transport}, Timeout: cfg.timeout, CheckRedirect: redirect}
}

// redirect follows a move within one scheme that keeps the method. Anything
// else is handed back as the answer it is: a POST turned into a GET would be
// answered 200 by a page that never saw the message.
func redirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || req.URL.Scheme != first.URL.Scheme || req.Method != first.Method {
		return http.ErrUseLastResponse
	}
	if req.URL.Host != first.URL.Host {
		// A signature, a token or a key was meant for the first host only.
		return http.ErrUseLastResponse
	}
	return nil
}

// allowed decides about one numeric address.
func allowed(network, address string, allow []netip.Prefix) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrForbidden, network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is not numeric", ErrForbidden, address)
	}
	ip := ap.Addr().Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(ip) {
			return nil
		}
	}
	if reason := special(ip); reason != "" {
		return fmt.Errorf("%w: %s is %s; the administrator can allow its network", ErrForbidden, ip, reason)
	}
	return nil
}

// special says in what way an address is not an ordinary public one; empty for
// those that are.
func special(ip netip.Addr) string {
	switch {
	case ip.IsUnspecified():
		return "unspecified (it means this machine)"
	case ip.IsLoopback():
		return "loopback"
	case ip.IsPrivate():
		return "private"
	case ip.IsLinkLocalUnicast():
		return "link-local (cloud metadata lives there)"
	case ip.IsMulticast(), ip.IsInterfaceLocalMulticast():
		return "multicast"
	}
	for _, s := range specials() {
		if s.prefix.Contains(ip) {
			return s.what
		}
	}
	return ""
}

type specialNet struct {
	prefix netip.Prefix
	what   string
}

// specials are the reserved networks that netip has no word for (RFC 6890 and
// what clouds put their metadata on). The IPv6 ones that carry an IPv4 address
// inside are refused whole: translation could lead anywhere.
func specials() []specialNet {
	return []specialNet{
		{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
		{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT"},
		{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata service"},
		{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
		{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
		{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
		{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
		{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
		{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
		{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
		{netip.MustParsePrefix("::/96"), "IPv4-compatible"},
		{netip.MustParsePrefix("64:ff9b::/96"), "translated IPv4"},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "translated IPv4"},
		{netip.MustParsePrefix("100::/64"), "discarded"},
		{netip.MustParsePrefix("2001::/23"), "reserved"},
		{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
		{netip.MustParsePrefix("2002::/16"), "6to4"},
		{netip.MustParsePrefix("fec0::/10"), "site-local"},
	}
}

// limited bounds what a peer may make us read.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &limitedBody{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

func (l limited) CloseIdleConnections() {
	if c, ok := l.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// errBodyTooLarge ends the reading of an answer that does not end by itself.
var errBodyTooLarge = errors.New("answer is larger than 1 MiB")

type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBodyTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
