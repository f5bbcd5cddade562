package check

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/internal/core/plan"
)

func TestTCP(t *testing.T) {
	t.Parallel()
	open := listen(t, func(net.Conn) {})
	closed := closedPort(t)
	for _, tc := range []struct {
		name       string
		settings   m
		conditions []string
		ok         bool
		reason     string
	}{
		{"open", m{"address": open}, nil, true, ""},
		{"closed", m{"address": closed}, nil, false, "[CONNECTED] == true is false: false (connection refused by " + closed + ")"},
		{"closed as wanted", m{"address": closed}, []string{"[CONNECTED] == false"}, true, ""},
		{"open against the wish", m{"address": open}, []string{"[CONNECTED] == false"}, false, "[CONNECTED] == false is false: true"},
	} {
		r := look1(t, &Prober{}, plan.Check{Type: "tcp", Settings: tc.settings, Conditions: tc.conditions})
		if r.OK != tc.ok || r.Reason != tc.reason {
			t.Errorf("%s: %+v", tc.name, r)
		}
	}
}

func TestTCPSendAndExpect(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c net.Conn) {
		if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && line == "PING\r\n" {
			fmt.Fprint(c, "+PO")
			fmt.Fprint(c, "NG\r\n")
		}
	})
	r := look1(t, &Prober{}, plan.Check{Type: "tcp", Settings: m{"address": addr, "send": `PING\r\n`, "expect": "+PONG"}})
	if !r.OK || !strings.HasPrefix(r.Output, "+PONG") {
		t.Errorf("good: %+v", r)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "tcp", Settings: m{"address": addr, "send": `PING\r\n`, "expect": "+OK"}})
	if want := `expected "+OK" in the answer, got "+PONG\r\n"`; r.OK || r.Reason != want {
		t.Errorf("bad: %+v, want %q", r, want)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "tcp", Settings: m{"address": addr, "expect": "220"}, Timeout: plan.Duration(100 * time.Millisecond)})
	if want := "no answer within 100ms waiting for the first byte"; r.OK || r.Reason != want {
		t.Errorf("silent: %+v, want %q", r, want)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	serveTLS := func(until time.Time) (string, *Prober) {
		cert, roots := certificate(t, until, "localhost")
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
		if err != nil {
			t.Fatal(err)
		}
		serve(t, l, func(c net.Conn) { _ = c.(*tls.Conn).Handshake() })
		return l.Addr().String(), &Prober{Roots: roots}
	}
	good, trustGood := serveTLS(time.Now().Add(90*24*time.Hour + time.Hour))
	soon, trustSoon := serveTLS(time.Now().Add(10*24*time.Hour + time.Hour))
	gone, trustGone := serveTLS(time.Now().Add(-72*time.Hour - time.Minute))
	plain := listen(t, func(c net.Conn) { fmt.Fprint(c, "220 mail.example ESMTP\r\n") })
	for _, tc := range []struct {
		name     string
		prober   *Prober
		settings m
		ok       bool
		reason   string
	}{
		{"good", trustGood, m{"address": good, "server_name": "localhost"}, true, ""},
		{"soon", trustSoon, m{"address": soon, "server_name": "localhost"}, false, "[CERT_EXPIRES] > 14d is false: 10 days left"},
		{"expired", trustGone, m{"address": gone, "server_name": "localhost"}, false, "[CERT_EXPIRES] > 14d is false: expired 3 days ago; the certificate expired on "},
		{"unknown", &Prober{}, m{"address": good, "server_name": "localhost"}, false, "an authority that we do not know"},
		{"unknown, accepted", &Prober{}, m{"address": good, "skip_tls_verify": "true"}, true, ""},
		{"other name", trustGood, m{"address": good, "server_name": "shop.example"}, false, "for another name: localhost, not shop.example"},
		{"not TLS", &Prober{}, m{"address": plain}, false, "the other side does not speak TLS"},
	} {
		r := look1(t, tc.prober, plan.Check{Type: "tls", Settings: tc.settings})
		if r.OK != tc.ok || !strings.Contains(r.Reason, tc.reason) {
			t.Errorf("%s: %+v, want %q", tc.name, r, tc.reason)
		}
		if tc.name == "good" && (r.Values["cert_names"] != "localhost" || r.Phases.TLS <= 0 || r.Phases.Connect <= 0) {
			t.Errorf("%s: %v %+v", tc.name, r.Values, r.Phases)
		}
	}
}

func TestHangingHandshakeEndsInTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	addr := listen(t, func(net.Conn) { <-release })
	t.Cleanup(func() { close(release) })
	r := look1(t, &Prober{}, plan.Check{Type: "tls", Settings: m{"address": addr}, Timeout: plan.Duration(100 * time.Millisecond)})
	if want := "no answer within 100ms during the TLS handshake"; r.OK || r.Reason != want {
		t.Errorf("%+v, want %q", r, want)
	}
}

// Every type gives up at once when it is called off, whatever its timeout.
func TestCallingOff(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	addr := listen(t, func(net.Conn) { <-release })
	t.Cleanup(func() { close(release) })
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	for _, c := range []plan.Check{
		{Type: "http", Settings: m{"url": "http://" + addr}},
		{Type: "tcp", Settings: m{"address": addr, "expect": "x"}},
		{Type: "tls", Settings: m{"address": addr}},
		{Type: "dns", Settings: m{"name": "x.example", "server": udp.LocalAddr().String()}},
		{Type: "dns", Settings: m{"name": "x.example", "server": addr, "transport": "tcp"}},
	} {
		c.Timeout = plan.Duration(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if r := (&Prober{}).Probe(ctx, target(t, c)); r.OK || r.Latency > 10*time.Second {
			t.Errorf("%s: %+v", c.Type, r)
		}
		cancel()
	}
}

func TestExplainSocketErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err   error
		text  string
		fault Fault
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, "our side has no network", OurSide},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}, "no free file handles", OurSide},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, "no route to", TargetSide},
		{fmt.Errorf("read: %w", io.EOF), "without an answer", TargetSide},
		{&net.DNSError{Err: "server misbehaving", Name: "x", IsTemporary: true}, "could not look up x just now", OurSide},
		{errors.New("unheard of"), "unheard of", TargetSide},
	} {
		text, fault := explain(t.Context(), &observation{}, Target{}, tc.err)
		if !strings.Contains(text, tc.text) || fault != tc.fault {
			t.Errorf("%v: got %q, %q", tc.err, text, fault)
		}
	}
}
