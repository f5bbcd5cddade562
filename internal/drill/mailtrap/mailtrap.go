// Package mailtrap is a mail server on loopback that takes every message, shows
// it and delivers it nowhere. The demo sends its mail here, by the same SMTP
// that a real server would speak.
//
// It never listens anywhere but on loopback and keeps the latest messages in
// memory only.
package mailtrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Bounds: whoever can reach the trap can fill it, and no further.
const (
	maxKept    = 50
	maxBytes   = 1 << 20
	maxPerMail = 20 // recipients
	patience   = 30 * time.Second
)

// Options set a trap up. The zero value listens on a free port.
type Options struct {
	Addr string // empty is 127.0.0.1:0
	// OnMail hears of every message. It must not block.
	OnMail func(Mail)
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Trap is a running mail trap. All methods are safe at any time.
type Trap struct {
	opt      Options
	listener net.Listener
	server   *smtp.Server

	mu    sync.Mutex
	count int
	mails []Mail // oldest first
}

// New takes the port, so that the address is known. Call Run to serve, or
// Close to give the port back.
func New(opt Options) (*Trap, error) {
	if opt.Addr == "" {
		opt.Addr = "127.0.0.1:0"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if !loopback(opt.Addr) {
		return nil, fmt.Errorf("open the mail trap: %s is not a loopback address", opt.Addr)
	}
	l, err := net.Listen("tcp", opt.Addr)
	if err != nil {
		return nil, fmt.Errorf("open the mail trap: %w", err)
	}
	t := &Trap{opt: opt, listener: l}
	t.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{trap: t}, nil }))
	t.server.Domain = "mailtrap.localhost"
	t.server.MaxMessageBytes, t.server.MaxRecipients = maxBytes, maxPerMail
	t.server.ReadTimeout, t.server.WriteTimeout = patience, patience
	t.server.EnableSMTPUTF8 = true
	t.server.ErrorLog = log.New(io.Discard, "", 0)
	return t, nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Run serves until ctx ends.
func (t *Trap) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, t.Close)
	defer stop()
	err := t.server.Serve(t.listener)
	if ctx.Err() != nil || errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("mail trap: %w", err)
}

// Close gives the port back and cuts every connection.
func (t *Trap) Close() {
	_ = t.server.Close()
	_ = t.listener.Close() // a second time where the server has done it
}

// Addr is where it listens.
func (t *Trap) Addr() *net.TCPAddr {
	a, _ := t.listener.Addr().(*net.TCPAddr)
	return a
}

// Mails are the messages that it holds, newest first.
func (t *Trap) Mails() []Mail {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := slices.Clone(t.mails)
	slices.Reverse(list)
	return list
}

func (t *Trap) keep(m Mail) {
	t.mu.Lock()
	t.count++
	m.N, m.At = t.count, t.opt.Now()
	t.mails = append(t.mails, m)
	if extra := len(t.mails) - maxKept; extra > 0 {
		t.mails = slices.Delete(t.mails, 0, extra)
	}
	t.mu.Unlock()
	if t.opt.OnMail != nil {
		t.opt.OnMail(m)
	}
}

// session is one connection.
type session struct {
	trap *Trap
	from string
	to   []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error   { s.to = append(s.to, to); return nil }
func (s *session) Reset()                                      { s.from, s.to = "", nil }
func (s *session) Logout() error                               { return nil }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := Read(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "this is not a mail: " + err.Error()}
	}
	m.From, m.To = s.from, slices.Clone(s.to)
	s.trap.keep(m)
	return nil
}
