package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// trouble is an error that already is a sentence part.
type trouble struct {
	text  string
	fault Fault
}

func (t *trouble) Error() string { return t.text }

// explain turns an error into a sentence part for a tired reader, and says on
// whose side it lies. It runs with the observation's lock held.
func explain(ctx context.Context, o *observation, t Target, err error) (string, Fault) {
	var known *trouble
	if errors.As(err, &known) {
		return known.text, known.fault
	}
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Error(), OurSide
	}
	if text, fault, ok := explainName(ctx, t, err); ok {
		return text, fault
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		if o.stage == looking {
			return fmt.Sprintf("our resolver did not answer within %s", t.timeout), OurSide
		}
		return strings.TrimSpace(fmt.Sprintf("no answer within %s %s", t.timeout, o.stage)), TargetSide
	}
	if errors.Is(err, context.Canceled) {
		return "the look was called off", OurSide
	}
	if text, ok := explainCertificate(err, time.Now()); ok {
		return text, TargetSide
	}
	return explainSocket(o, err)
}

func explainName(ctx context.Context, t Target, err error) (string, Fault, bool) {
	var e *net.DNSError
	if !errors.As(err, &e) {
		return "", None, false
	}
	switch {
	case e.IsNotFound:
		return fmt.Sprintf("the name %s has no address", e.Name), TargetSide, true
	case e.IsTimeout || ctx.Err() != nil:
		return fmt.Sprintf("our resolver did not answer within %s", t.timeout), OurSide, true
	case e.IsTemporary:
		return fmt.Sprintf("our resolver could not look up %s just now: %s", e.Name, e.Err), OurSide, true
	}
	return fmt.Sprintf("looking up %s failed: %s", e.Name, e.Err), OurSide, true
}

func explainCertificate(err error, now time.Time) (string, bool) {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var notTLS tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if now.Before(invalid.Cert.NotBefore) {
			return "the certificate is not valid before " + day(invalid.Cert.NotBefore), true
		}
		return "the certificate expired on " + day(invalid.Cert.NotAfter), true
	case errors.As(err, &invalid):
		return "the certificate is not valid: " + invalid.Error(), true
	case errors.As(err, &unknown):
		return "the certificate is signed by an authority that we do not know", true
	case errors.As(err, &host):
		return "the certificate is for another name: " + names509(host.Certificate) + ", not " + host.Host, true
	case errors.As(err, &notTLS):
		return notTLSText, true
	case errors.As(err, &alert):
		return "the other side refused the TLS handshake: " + alert.Error(), true
	}
	return "", false
}

const notTLSText = "the other side does not speak TLS"

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func names509(c *x509.Certificate) string {
	if c == nil {
		return "nobody"
	}
	list := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	switch {
	case len(list) == 0 && c.Subject.CommonName != "":
		return c.Subject.CommonName
	case len(list) == 0:
		return "no name at all"
	case len(list) > 4:
		return strings.Join(list[:4], ", ") + fmt.Sprintf(" and %d more", len(list)-4)
	}
	return strings.Join(list, ", ")
}

func explainSocket(o *observation, err error) (string, Fault) {
	to := o.addr
	if to == "" {
		to = "the target"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil && op.Addr.String() != "" {
		to = op.Addr.String()
	}
	for _, k := range []struct {
		errno error
		text  string
		fault Fault
	}{
		{syscall.ECONNREFUSED, "connection refused by " + to, TargetSide},
		{syscall.ECONNRESET, "connection reset by " + to, TargetSide},
		{syscall.EPIPE, "connection closed by " + to, TargetSide},
		{syscall.EHOSTUNREACH, "no route to " + to, TargetSide},
		{syscall.ENETUNREACH, "our side has no network towards " + to, OurSide},
		{syscall.EADDRNOTAVAIL, "our side has no free local port or address towards " + to, OurSide},
		{syscall.EMFILE, "our side has no free file handles", OurSide},
		{syscall.ENFILE, "our side has no free file handles", OurSide},
		{syscall.EACCES, "our side is not permitted to reach " + to, OurSide},
		{syscall.EPERM, "our side is not permitted to reach " + to, OurSide},
		{io.ErrUnexpectedEOF, to + " closed the connection in the middle of its answer", TargetSide},
		{io.EOF, to + " closed the connection without an answer", TargetSide},
	} {
		if errors.Is(err, k.errno) {
			return k.text, k.fault
		}
	}
	// net/http keeps these two to itself.
	switch text := err.Error(); {
	case strings.Contains(text, "server closed idle connection"):
		return to + " closed the connection without an answer", TargetSide
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return notTLSText, TargetSide
	default:
		return text, TargetSide
	}
}
