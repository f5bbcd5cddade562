package email_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tocsin/internal/notify/notifytest"
)

const (
	user     = "tocsin"
	password = "sm7p-pa55word"
)

// mailServer is a real SMTP server on loopback.
type mailServer struct {
	addr  *net.TCPAddr
	roots *x509.CertPool
	// stall, when set, blocks a message after its data until the server stops.
	stall bool

	mu       sync.Mutex
	mood     notifytest.Mood
	received []letter
	held     []net.Conn
	done     chan struct{}
}

// letter is one message, taken apart as a mail client would.
type letter struct {
	notifytest.Received
	raw     []byte
	header  mail.Header
	from    string
	to      []string
	secure  bool
	signed  string // who signed in
	partsOf map[string]string
}

type serverOptions struct {
	implicitTLS, noTLS, stall bool
	mechanisms                []string
}

func newMailServer(t *testing.T, o serverOptions) *mailServer {
	t.Helper()
	certs := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	t.Cleanup(certs.Close)
	m := &mailServer{roots: x509.NewCertPool(), stall: o.stall, done: make(chan struct{})}
	m.roots.AddCert(certs.Certificate())
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{m: m, conn: c, mechanisms: o.mechanisms}, nil
	}))
	s.Domain = "mail.example.com"
	s.AllowInsecureAuth = true // what is refused must be refused by us
	s.MaxMessageBytes = 1 << 20
	s.EnableSMTPUTF8 = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = l.Addr().(*net.TCPAddr)
	var moody net.Listener = &moodyListener{Listener: l, m: m}
	switch {
	case o.implicitTLS:
		moody = tlsListener(moody, certs.TLS)
	case !o.noTLS:
		s.TLSConfig = certs.TLS
	}
	stopped := make(chan struct{})
	go func() { _ = s.Serve(moody); close(stopped) }()
	t.Cleanup(func() {
		close(m.done)
		_ = s.Close()
		m.mu.Lock()
		for _, c := range m.held {
			_ = c.Close()
		}
		m.mu.Unlock()
		<-stopped
	})
	return m
}

func (m *mailServer) Set(mood notifytest.Mood) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = mood
}

func (m *mailServer) kind() notifytest.MoodKind {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mood.Kind
}

func (m *mailServer) letters() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]letter(nil), m.received...)
}

func (m *mailServer) Received() []notifytest.Received {
	var out []notifytest.Received
	for _, l := range m.letters() {
		out = append(out, l.Received)
	}
	return out
}

// moodyListener hangs or cuts connections before the server greets them.
type moodyListener struct {
	net.Listener
	m *mailServer
}

func (l *moodyListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch l.m.kind() {
		case notifytest.Hang:
			l.m.mu.Lock()
			l.m.held = append(l.m.held, c)
			l.m.mu.Unlock()
		case notifytest.Drop:
			_ = c.Close()
		default:
			return c, nil
		}
	}
}

type session struct {
	m          *mailServer
	conn       *smtp.Conn
	mechanisms []string
	letter     letter
}

func (s *session) AuthMechanisms() []string { return s.mechanisms }

func (s *session) Auth(mech string) (sasl.Server, error) {
	check := func(u, p string) error {
		if u != user || p != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password " + p}
		}
		s.letter.signed = u
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, u, p string) error { return check(u, p) }), nil
}

// loginServer is AUTH LOGIN, which the library has no server for.
type loginServer struct {
	check func(u, p string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.mechanisms) > 0 && s.letter.signed == "" {
		return smtp.ErrAuthRequired
	}
	s.letter.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch s.m.kind() {
	case notifytest.Refuse:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
	case notifytest.Sick:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	case notifytest.Busy:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	}
	s.letter.to = append(s.letter.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.m.stall {
		<-s.m.done
		return errors.New("stopped")
	}
	l := s.letter
	l.raw = raw
	_, l.secure = s.conn.TLSConnectionState()
	if err := l.open(); err != nil {
		return &smtp.SMTPError{Code: 554, Message: "unreadable: " + err.Error()}
	}
	s.m.mu.Lock()
	s.m.received = append(s.m.received, l)
	s.m.mu.Unlock()
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

var href = regexp.MustCompile(`href="([^"]+)"`)

// open parses the letter with the standard library, strictly.
func (l *letter) open() error {
	for line := range bytes.Lines(l.raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || len(line) > 1000 || bytes.ContainsRune(line, 0) {
			return fmt.Errorf("line %.40q", line)
		}
	}
	msg, err := mail.ReadMessage(bytes.NewReader(l.raw))
	if err != nil {
		return err
	}
	l.header = msg.Header
	if l.Title, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return fmt.Errorf("content type %q: %w", kind, err)
	}
	l.partsOf = map[string]string{}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return err
		}
		partKind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		l.partsOf[partKind] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	l.Text, l.Markup = l.partsOf["text/plain"], l.partsOf["text/html"]
	l.Key = msg.Header.Get("Message-Id")
	for _, m := range href.FindAllStringSubmatch(l.Markup, -1) {
		l.Links = append(l.Links, m[1])
	}
	return nil
}
