// Package email sends messages through one SMTP server. Each attempt is one
// connection: a page must not wait behind a broken one. It never sends a
// password over a connection that is not encrypted, except to this machine.
package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"tocsin/internal/notify"
)

// TLSMode says how the connection is encrypted.
type TLSMode string

// The modes. An empty mode means StartTLS.
const (
	StartTLS TLSMode = "starttls" // plain first, then STARTTLS or nothing (port 587)
	TLS      TLSMode = "tls"      // encrypted from the first byte (port 465)
	None     TLSMode = "none"     // never encrypted, for a relay on this machine
)

// Config is the SMTP server, the same for every contact.
type Config struct {
	Host string
	Port int // 0: 587, 465 or 25, as the mode has it
	User string
	// Password is the password or a reference (env:NAME, file:PATH), read
	// anew for every message, so that it can be changed under a running server.
	Password string
	// From is the sender: "Tocsin <tocsin@example.com>".
	From string
	TLS  TLSMode
	// HELO is the name given to the server; empty: the domain of From.
	HELO string
	// Roots trusts a private certificate authority instead of the system's.
	Roots *x509.CertPool
	// Secrets reads Password.
	Secrets notify.Secrets
	// Timeout bounds one attempt; 0 is 30 seconds.
	Timeout time.Duration
}

// Check says what is missing or wrong.
func (c Config) Check() error {
	if c.Host == "" {
		return errors.New("mail: no SMTP server is configured")
	}
	if strings.ContainsAny(c.Host, " \t\r\n/") {
		return fmt.Errorf("mail: host %q is not a host name", c.Host)
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("mail: port %d does not exist", c.Port)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("mail: from %q is not an address", c.From)
	}
	switch c.TLS {
	case "", StartTLS, TLS, None:
	default:
		return fmt.Errorf("mail: tls mode %q is none of starttls, tls, none", c.TLS)
	}
	if c.User == "" && c.Password != "" {
		return errors.New("mail: a password without a user")
	}
	if strings.ContainsAny(c.HELO, " \t\r\n") {
		return fmt.Errorf("mail: helo name %q holds a space", c.HELO)
	}
	return nil
}

func (c Config) address() string {
	port := c.Port
	if port == 0 {
		port = map[TLSMode]int{TLS: 465, None: 25}[c.TLS]
	}
	if port == 0 {
		port = 587
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(port))
}

// domain is what Message-IDs and the greeting are made of.
func (c Config) domain() string {
	if a, err := mail.ParseAddress(c.From); err == nil {
		if _, d, ok := strings.Cut(a.Address, "@"); ok && d != "" {
			return d
		}
	}
	return "localhost"
}

// Channel is e-mail.
type Channel struct{ cfg Config }

// New builds the channel. A configuration that does not pass Check gives a
// channel that refuses every message saying why, so that a plan with e-mail
// contacts can be loaded before the server is set up.
func New(cfg Config) *Channel {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &Channel{cfg: cfg}
}

// Fields lists the settings.
func (*Channel) Fields() []notify.Field {
	return []notify.Field{{Name: "address", Label: "E-mail address", Help: "One address, for example ana@example.com.", Required: true}}
}

// Check says what is wrong with settings.
func (c *Channel) Check(settings map[string]string) error {
	if err := notify.CheckFields(c.Fields(), settings); err != nil {
		return err
	}
	_, err := recipient(settings["address"])
	return err
}

func recipient(text string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(text))
	if err != nil || strings.ContainsAny(a.Address, "\r\n\x00<>") || len(a.Address) > 254 {
		return "", fmt.Errorf("address: %q is not one e-mail address", notify.OneLine(text, 100))
	}
	return a.Address, nil
}

// Send makes one attempt.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := c.cfg.Check(); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	to, err := recipient(d.Settings["address"])
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	password, err := c.cfg.Secrets.Resolve(c.cfg.Password)
	if err != nil {
		return notify.Receipt{}, fmt.Errorf("mail password: %w", err)
	}
	msg, err := compose(c.cfg, to, d)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	answer, err := c.talk(ctx, talk{password: password, to: to, msg: msg})
	if err != nil {
		return notify.Receipt{}, notify.Redact(classify(ctx, err), []string{password})
	}
	return notify.Receipt{Status: "accepted", ProviderID: messageID(c.cfg, d.Message.ID), Detail: notify.OneLine(answer, 300)}, nil
}

// classify: what the server calls permanent is permanent, everything else may
// go better next time.
func classify(ctx context.Context, err error) error {
	var answered *textproto.Error
	switch {
	case errors.As(err, &answered) && answered.Code >= 500 && answered.Code <= 599:
		return notify.Permanent(err)
	case errors.As(err, &answered):
		return &notify.Failure{Err: err}
	case errors.Is(err, errPolicy):
		return notify.Permanent(err)
	case ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	return fmt.Errorf("mail server: %w", err)
}

// errPolicy marks what we refuse to do with this server.
var errPolicy = errors.New("not sent")

type talk struct {
	password string
	to       string
	msg      []byte
}

// talk holds one SMTP conversation and returns the server's last word.
func (c *Channel) talk(ctx context.Context, t talk) (string, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	// Closing is the only thing that ends a read at once, whatever deadlines
	// the layers above set.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()

	client, err := smtp.NewClient(conn, c.cfg.Host)
	if err != nil {
		return "", err
	}
	if err := c.greet(client, t.password); err != nil {
		return "", err
	}
	from, err := mail.ParseAddress(c.cfg.From)
	if err != nil {
		return "", err
	}
	if err := client.Mail("<" + from.Address + ">"); err != nil {
		return "", err
	}
	if err := client.Rcpt("<" + t.to + ">"); err != nil {
		return "", err
	}
	w, err := client.Data()
	if err != nil {
		return "", err
	}
	if _, err := w.Write(t.msg); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	answer := "250"
	if dc, ok := w.(*smtp.DataCloser); ok {
		answer = strings.TrimSpace(dc.ServerResponse())
	}
	_ = client.Quit() // the server has it; how it says goodbye changes nothing
	return answer, nil
}

func (c *Channel) dial(ctx context.Context) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if c.cfg.TLS == TLS {
		return (&tls.Dialer{NetDialer: d, Config: c.tlsConfig()}).DialContext(ctx, "tcp", c.cfg.address())
	}
	return d.DialContext(ctx, "tcp", c.cfg.address())
}

func (c *Channel) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: c.cfg.Host, MinVersion: tls.VersionTLS12, RootCAs: c.cfg.Roots}
}

// greet says hello, encrypts and signs in.
func (c *Channel) greet(client *smtp.Client, password string) error {
	helo := c.cfg.HELO
	if helo == "" {
		helo = c.cfg.domain()
	}
	if err := client.Hello(helo); err != nil {
		return err
	}
	if c.cfg.TLS == StartTLS || c.cfg.TLS == "" {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return fmt.Errorf("%w: the server offers no STARTTLS", errPolicy)
		}
		if err := client.StartTLS(c.tlsConfig()); err != nil {
			return err
		}
	}
	if c.cfg.User == "" {
		return nil
	}
	ok, offered := client.Extension("AUTH")
	if !ok {
		return fmt.Errorf("%w: the server offers no sign-in", errPolicy)
	}
	auth, err := c.auth(client, strings.Fields(strings.ToUpper(offered)), password)
	if err != nil {
		return err
	}
	if err := client.Auth(auth); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return nil
}

// auth picks the strongest mechanism that both sides know.
func (c *Channel) auth(client *smtp.Client, offered []string, password string) (smtp.Auth, error) {
	has := map[string]bool{}
	for _, m := range offered {
		has[m] = true
	}
	user, host := c.cfg.User, c.cfg.Host
	if has["SCRAM-SHA-256"] {
		return smtp.ScramSHA256Auth(user, password), nil
	}
	_, err := client.GetTLSConnectionState()
	if err != nil && !local(host) {
		return nil, fmt.Errorf("%w: the password would cross the network unencrypted", errPolicy)
	}
	switch {
	case has["PLAIN"]:
		return smtp.PlainAuth("", user, password, host, err != nil), nil
	case has["LOGIN"]:
		return smtp.LoginAuth(user, password, host, err != nil), nil
	case has["CRAM-MD5"]:
		return smtp.CRAMMD5Auth(user, password), nil
	}
	return nil, fmt.Errorf("%w: the server offers no sign-in that is known here (%s)", errPolicy, strings.Join(offered, " "))
}

func local(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
