package notifytest

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"tocsin/internal/notify"
)

// Reply is an HTTP answer.
type Reply struct {
	Status int
	Body   string
}

// Peer is a real HTTP server on loopback that plays somebody's API. Its moods
// are the contract's; what an answer looks like is the vendor's.
type Peer struct {
	*httptest.Server
	// Accept reads a request as the vendor would. A reply other than 2xx means
	// that the vendor would refuse it.
	Accept func(r *http.Request, body []byte) (Received, Reply)
	// Refusal and Sickness are the vendor's own error answers; 403 and 503 with
	// an echo of the request when empty, since some peers echo.
	Refusal, Sickness Reply
	// BusyBody is the body beside a 429.
	BusyBody string

	mu       sync.Mutex
	mood     Mood
	received []Received
	done     chan struct{}
}

// NewPeer starts the server; secure makes it speak TLS.
func NewPeer(t *testing.T, p *Peer) *Peer {
	t.Helper()
	p.prepare(t)
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.stop)
	return p
}

// NewTLSPeer is NewPeer with a certificate of its own authority (see Roots).
func NewTLSPeer(t *testing.T, p *Peer) *Peer {
	t.Helper()
	p.prepare(t)
	p.Server = httptest.NewTLSServer(p)
	t.Cleanup(p.stop)
	return p
}

func (p *Peer) prepare(_ *testing.T) {
	p.done = make(chan struct{})
	p.mood = Mood{Kind: Well}
}

func (p *Peer) stop() {
	close(p.done)
	p.CloseClientConnections()
	p.Close()
}

// Roots trusts a TLS peer.
func (p *Peer) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.Certificate())
	return pool
}

// Client is a guarded client that may reach loopback.
func Client(opts ...notify.ClientOption) *http.Client {
	return notify.NewClient(Loopback(), opts...)
}

// Loopback are the networks that tests and demonstrations allow.
func Loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// Set changes the mood.
func (p *Peer) Set(m Mood) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mood = m
}

// Received lists what was accepted.
func (p *Peer) Received() []Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Received(nil), p.received...)
}

func (p *Peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	mood := p.mood
	p.mu.Unlock()
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	echo := r.Header.Get("Authorization") + " " + r.URL.String() + " " + string(body) // the secrets first: answers are cut
	switch mood.Kind {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-p.done:
		}
	case Drop:
		cut(w)
	case Refuse:
		write(w, p.Refusal, Reply{Status: http.StatusForbidden, Body: echo})
	case Sick:
		write(w, p.Sickness, Reply{Status: http.StatusServiceUnavailable, Body: echo})
	case Busy:
		w.Header().Set("Retry-After", mood.RetryAfter)
		write(w, Reply{Status: http.StatusTooManyRequests, Body: p.BusyBody}, Reply{})
	default:
		got, reply := p.Accept(r, body)
		if reply.Status == 0 {
			reply.Status = http.StatusOK
		}
		if reply.Status < 300 {
			p.mu.Lock()
			p.received = append(p.received, got)
			p.mu.Unlock()
		}
		write(w, reply, reply)
	}
}

func write(w http.ResponseWriter, r, otherwise Reply) {
	if r.Status == 0 {
		r = otherwise
	}
	w.WriteHeader(r.Status)
	_, _ = io.WriteString(w, r.Body)
}

// cut closes the connection in the middle of nothing.
func cut(w http.ResponseWriter) {
	c, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := c.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
