package shop

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// gate is a port that can be shut and opened again at the same address.
type gate struct {
	addr    string
	handler http.Handler
	tls     *tls.Config // nil: plain

	mu      sync.Mutex
	ln      net.Listener
	srv     *http.Server
	serving bool
	ended   bool
	work    sync.WaitGroup
}

func newGate(addr string, h http.Handler, conf *tls.Config) (*gate, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if !Loopback(addr) {
		return nil, fmt.Errorf("%s is not a loopback address", addr)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &gate{addr: ln.Addr().String(), handler: h, tls: conf, ln: ln}, nil
}

// Loopback says whether host:port or host is this machine talking to itself.
func Loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// serve starts answering.
func (g *gate) serve() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.serving = true
	g.start()
}

// start needs mu.
func (g *gate) start() {
	if !g.serving || g.ln == nil || g.srv != nil {
		return
	}
	srv := &http.Server{
		Handler: g.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	ln := g.ln
	if g.tls != nil {
		ln = tls.NewListener(ln, g.tls)
	}
	g.srv = srv
	g.work.Add(1)
	go func() {
		defer g.work.Done()
		_ = srv.Serve(ln) // it ends when the gate is shut
	}()
}

// shut closes the port and cuts every connection.
func (g *gate) shut() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.srv != nil {
		_ = g.srv.Close()
		g.srv = nil
	}
	if g.ln != nil {
		_ = g.ln.Close() // a second time where the server has done it
		g.ln = nil
	}
	return nil
}

// open takes the same port again. Somebody else may have taken it meanwhile.
func (g *gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return errors.New("the shop has been closed")
	}
	if g.ln == nil {
		ln, err := net.Listen("tcp", g.addr)
		if err != nil {
			return err
		}
		g.ln = ln
	}
	g.start()
	return nil
}

// end shuts the gate for good and waits for its server.
func (g *gate) end() {
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	_ = g.shut()
	g.work.Wait()
}
