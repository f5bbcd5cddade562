package check

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tocsin/internal/core/plan"
)

// dnsServer answers for shop.example on UDP and TCP and knows nothing else.
func dnsServer(t *testing.T) string {
	t.Helper()
	records := map[string][]string{
		"shop.example./A":             {"shop.example. 60 IN A 192.0.2.2", "shop.example. 60 IN A 192.0.2.1"},
		"shop.example./AAAA":          {"shop.example. 60 IN AAAA 2001:db8::1"},
		"shop.example./MX":            {"shop.example. 60 IN MX 10 Mail.example."},
		"shop.example./TXT":           {`shop.example. 60 IN TXT "v=spf1 " "-all"`},
		"www.shop.example./A":         {"www.shop.example. 60 IN CNAME shop.example.", "shop.example. 60 IN A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa./PTR": {"1.2.0.192.in-addr.arpa. 60 IN PTR shop.example."},
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		name, kind := strings.ToLower(q.Question[0].Name), dns.TypeToString[q.Question[0].Qtype]
		list, ok := records[name+"/"+kind]
		switch {
		case name == "big.example." && w.RemoteAddr().Network() == "udp":
			m.Truncated = true
		case name == "big.example.":
			list, ok = []string{"big.example. 60 IN A 192.0.2.9"}, true
			fallthrough
		case ok:
			for _, text := range list {
				rr, err := dns.NewRR(text)
				if err != nil {
					panic(err)
				}
				m.Answer = append(m.Answer, rr)
			}
		case !strings.HasSuffix(name, "shop.example."):
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", pc.LocalAddr().String())
	if err != nil {
		t.Skipf("the TCP port beside the UDP port is taken: %v", err)
	}
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: handler}, {Listener: l, Handler: handler}} {
		started, done := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { defer close(done); _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown(); <-done })
	}
	return pc.LocalAddr().String()
}

func TestDNS(t *testing.T) {
	t.Parallel()
	server := dnsServer(t)
	for _, tc := range []struct {
		name       string
		settings   m
		conditions []string
		ok         bool
		reason     string
	}{
		{"A", m{"name": "shop.example"}, nil, true, ""},
		{"A, one expected", m{"name": "shop.example", "expected": "192.0.2.1"}, nil, true, ""},
		{"A, another expected", m{"name": "shop.example", "expected": "192.0.2.1, 192.0.2.7"}, nil, false, "expected 192.0.2.7 among the answers, got 192.0.2.1, 192.0.2.2"},
		{"AAAA, other spelling", m{"name": "shop.example", "type": "aaaa", "expected": "2001:DB8:0::1"}, nil, true, ""},
		{"MX", m{"name": "shop.example", "type": "MX", "expected": "10 mail.example"}, nil, true, ""},
		{"MX with its dot", m{"name": "shop.example", "type": "MX", "expected": "10 mail.example."}, nil, true, ""},
		{"TXT", m{"name": "shop.example", "type": "TXT", "expected": "v=spf1 -all"}, nil, true, ""},
		{"PTR by address", m{"name": "192.0.2.1", "type": "PTR", "expected": "Shop.Example."}, nil, true, ""},
		{"through a CNAME", m{"name": "www.shop.example", "expected": "192.0.2.1"}, nil, true, ""},
		{"cut, so over TCP", m{"name": "big.example", "expected": "192.0.2.9"}, nil, true, ""},
		{"TCP", m{"name": "shop.example", "transport": "tcp"}, nil, true, ""},
		{"no such name", m{"name": "missing.example"}, nil, false, "[DNS_RCODE] == NOERROR is false: NXDOMAIN; len([BODY]) > 0 is false: 0"},
		{"no such name, as wanted", m{"name": "missing.example"}, []string{"[DNS_RCODE] == NXDOMAIN"}, true, ""},
		{"no such record", m{"name": "shop.example", "type": "CAA"}, nil, false, "len([BODY]) > 0 is false: 0"},
		{"body", m{"name": "shop.example"}, []string{"[BODY] contains 192.0.2.2"}, true, ""},
	} {
		tc.settings["server"] = server
		r := look1(t, &Prober{}, plan.Check{Type: "dns", Settings: tc.settings, Conditions: tc.conditions})
		if r.OK != tc.ok || r.Reason != tc.reason {
			t.Errorf("%s: %+v, want %v %q", tc.name, r, tc.ok, tc.reason)
		}
	}
}

func TestDNSServerThatIsSilent(t *testing.T) {
	t.Parallel()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	c := plan.Check{Type: "dns", Settings: m{"name": "shop.example", "server": pc.LocalAddr().String()}, Timeout: plan.Duration(100 * time.Millisecond)}
	r := look1(t, &Prober{}, c)
	if r.OK || r.Fault != TargetSide || r.Reason != "no answer within 100ms waiting for the first byte" {
		t.Errorf("%+v", r)
	}
	c.Conditions = []string{"[CONNECTED] == true"}
	if r := look1(t, &Prober{}, c); r.OK || !strings.HasPrefix(r.Reason, "[CONNECTED] == true is false: false (no answer") {
		t.Errorf("asked about being connected: %+v", r)
	}
}

func TestOnlyTheMachinesOwnResolverPassesTheGuard(t *testing.T) {
	t.Parallel()
	if d := (&dnsLook{}).dialer(&Prober{}); d.ControlContext != nil {
		t.Error("the machine's resolver is guarded, and clouds put it on a link-local address")
	}
	d := (&dnsLook{server: "169.254.169.254:53"}).dialer(&Prober{})
	if d.ControlContext == nil || d.ControlContext(t.Context(), "udp4", "169.254.169.254:53", nil) == nil {
		t.Error("a server that a plan names must be guarded")
	}
}
