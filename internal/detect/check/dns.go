package check

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

func dnsType() Type {
	return Type{
		Name: "dns", Title: "DNS record",
		Fields: []Field{
			{Name: "name", Label: "Name", Help: "shop.example.com; for PTR an IP address will do", Required: true},
			{Name: "type", Label: "Record type", Help: strings.Join(dnsTypes, ", "), Default: "A"},
			{Name: "server", Label: "Server", Help: "192.0.2.53 or ns1.example.com:53; empty asks this machine's resolver"},
			{Name: "expected", Label: "Expected answers", Help: "separated by commas; each must be among the answers"},
			{Name: "transport", Label: "Transport", Help: "udp (with tcp when the answer is cut) or tcp", Default: "udp"},
		},
		Defaults: []string{"[DNS_RCODE] == NOERROR", "len([BODY]) > 0"},
		read:     readDNS,
	}
}

var dnsTypes = []string{"A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "PTR", "CAA"}

type dnsLook struct {
	name      string
	rrtype    uint16
	server    string
	expected  []string
	transport string
}

func readDNS(s *settings) look {
	word := strings.ToUpper(s.or("type", "A"))
	if !slices.Contains(dnsTypes, word) {
		s.fail("type", "this is one of %s, not %q", strings.Join(dnsTypes, ", "), word)
	}
	l := &dnsLook{
		name: s.trimmed("name"), rrtype: dns.StringToType[word], server: s.address("server", "53"),
		transport: s.oneOf("transport", "udp", "udp", "tcp"),
	}
	if ip := net.ParseIP(l.name); ip != nil && word == "PTR" {
		l.name, _ = dns.ReverseAddr(l.name)
	}
	if _, ok := dns.IsDomainName(l.name); !ok && l.name != "" {
		s.fail("name", "%q is not a domain name", l.name)
	}
	for _, e := range strings.Split(s.text("expected"), ",") {
		if e = normalAnswer(e); e != "" {
			l.expected = append(l.expected, e)
		}
	}
	return l
}

func (l *dnsLook) look(ctx context.Context, p *Prober, o *observation) error {
	server := l.server
	if server == "" {
		conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil || len(conf.Servers) == 0 {
			return &trouble{text: "this machine names no resolver in /etc/resolv.conf; set server", fault: OurSide}
		}
		server = net.JoinHostPort(conf.Servers[0], conf.Port)
	}
	o.set("server", server)
	reply, err := l.ask(ctx, p, o, query{server: server, transport: l.transport})
	if err == nil && reply.Truncated && l.transport == "udp" {
		reply, err = l.ask(ctx, p, o, query{server: server, transport: "tcp"})
	}
	if err != nil {
		// A datagram socket connects to anything; only an answer counts.
		o.locked(func() { o.sawConnect = false })
		return err
	}
	o.locked(func() { o.sawConnect = true })
	l.judge(reply, o)
	return nil
}

// dialer is guarded unless the server is this machine's own resolver: clouds
// put theirs on link-local addresses, and the plan's author did not choose it.
func (l *dnsLook) dialer(p *Prober) *net.Dialer {
	d := p.dialer()
	if l.server == "" {
		d.ControlContext = nil
	}
	return d
}

type query struct{ server, transport string }

func (l *dnsLook) ask(ctx context.Context, p *Prober, o *observation, q query) (*dns.Msg, error) {
	left := time.Minute
	if at, ok := ctx.Deadline(); ok {
		left = time.Until(at)
	}
	client := &dns.Client{Net: q.transport, Dialer: l.dialer(p), Timeout: left, UDPSize: 1232}
	conn, err := client.DialContext(ctx, q.server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	o.locked(func() { o.addr, o.stage = conn.RemoteAddr().String(), waiting })
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(l.name), l.rrtype)
	m.SetEdns0(1232, false)
	reply, rtt, err := client.ExchangeWithConnContext(ctx, m, conn)
	if err != nil {
		return nil, ended(ctx, err)
	}
	o.locked(func() { o.phases.FirstByte = rtt })
	return reply, nil
}

func (l *dnsLook) judge(reply *dns.Msg, o *observation) {
	o.seen.Rcode = dns.RcodeToString[reply.Rcode]
	if o.seen.Rcode == "" {
		o.seen.Rcode = "RCODE" + strconv.Itoa(reply.Rcode)
	}
	o.set("rcode", o.seen.Rcode)
	var answers []string
	for _, rr := range reply.Answer {
		if rr.Header().Rrtype == l.rrtype {
			answers = append(answers, normalAnswer(rdata(rr)))
		}
	}
	slices.Sort(answers) // servers rotate them
	o.seen.Body = strings.Join(answers, "\n")
	o.set("answers", strconv.Itoa(len(answers)))
	for _, want := range l.expected {
		if !slices.Contains(answers, want) {
			got := strings.Join(answers, ", ")
			o.unmet = fmt.Sprintf("expected %s among the answers, got %s", want, firstOf(got, "none"))
			return
		}
	}
}

// rdata is a record's value as zone files write it, TXT joined and unquoted.
func rdata(rr dns.RR) string {
	if txt, ok := rr.(*dns.TXT); ok {
		return strings.Join(txt.Txt, "")
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// normalAnswer makes answers comparable: names without the last dot, IP
// addresses in their shortest form, lower case except for free text.
func normalAnswer(s string) string {
	s = strings.TrimSpace(s)
	if ip := net.ParseIP(s); ip != nil {
		return ip.String()
	}
	if fields := strings.Fields(s); len(fields) > 0 && strings.HasSuffix(s, ".") {
		return strings.TrimSuffix(strings.ToLower(s), ".")
	}
	return s
}
