package notify_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
)

func get(t *testing.T, c *http.Client, address string) (notify.Answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return notify.Exchange(c, req)
}

func TestGuardRefusesSpecialAddresses(t *testing.T) {
	t.Parallel()
	c := notify.NewClient(nil)
	for _, host := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[fe80::1]", "[fd00:ec2::254]",
		"[fc00::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[fec0::1]", "localhost",
	} {
		_, err := get(t, c, "http://"+host+":9/latest/meta-data/s3cret")
		switch {
		case err == nil:
			t.Errorf("%s: reached", host)
		case !errors.Is(err, notify.ErrForbidden):
			t.Errorf("%s: %v, want it refused before dialling", host, err)
		case !notify.AsFailure(err).Permanent:
			t.Errorf("%s: temporary: %v", host, err)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: the error tells the address: %v", host, err)
		}
	}
}

// Odd spellings of loopback are names to us; whether or not a resolver makes
// an address of them, nothing must be reached.
func TestGuardOddSpellings(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	t.Cleanup(srv.Close)
	port := srv.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	c := notify.NewClient(nil, notify.WithTimeout(3*time.Second), notify.WithResolver(nameServer(t, func(int) string { return "" })))
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "0", "①②⑦.0.0.1"} {
		u := url.URL{Scheme: "http", Host: host + ":" + itoa(port)}
		if _, err := get(t, c, u.String()); err == nil {
			t.Errorf("%s: no error", host)
		}
	}
}

func itoa(p uint16) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), p).String()[len("0.0.0.0:"):]
}

// nameServer is a DNS server on loopback; answer gives the address for the
// n-th question, empty for none.
func nameServer(t *testing.T, answer func(n int) string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			if ip := answer(int(asked.Add(1))); ip != "" {
				m.Answer = append(m.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(ip),
				})
			}
		}
		_ = w.WriteMsg(m)
	})}
	stopped := make(chan struct{})
	go func() { _ = s.ActivateAndServe(); close(stopped) }()
	t.Cleanup(func() { _ = pc.Close(); <-stopped })
	return &net.Resolver{PreferGo: true, Dial: (&dialTo{pc.LocalAddr().String()}).dial}
}

type dialTo struct{ address string }

// A name that is allowed when looked at and private when used: the decision is
// made on the address of the connection itself, so only the second counts.
func TestGuardRebinding(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 4)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.Host }))
	t.Cleanup(srv.Close)
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	resolver := nameServer(t, func(n int) string {
		if n == 1 {
			return "127.0.0.1"
		}
		return "127.0.0.2"
	})
	// 127.0.0.1 plays the public address, 127.0.0.2 the private one.
	c := notify.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, notify.WithResolver(resolver))
	if _, err := get(t, c, "http://rebind.example:"+port+"/"); err != nil {
		t.Fatalf("first answer: %v", err)
	}
	if host := <-reached; !strings.HasPrefix(host, "rebind.example") {
		t.Errorf("host is %q", host)
	}
	c.CloseIdleConnections()
	_, err := get(t, c, "http://rebind.example:"+port+"/")
	if !errors.Is(err, notify.ErrForbidden) || len(reached) != 0 {
		t.Errorf("second answer: %v", err)
	}
}

func TestGuardAllowsWhatIsConfigured(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(srv.Close)
	a, err := get(t, notify.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), srv.URL)
	if err != nil || string(a.Body) != "hello" {
		t.Errorf("allowed: %v, %q", err, a.Body)
	}
	mapped := strings.Replace(srv.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)
	if _, err := get(t, notify.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), mapped); errors.Is(err, notify.ErrForbidden) {
		t.Errorf("the mapped form of an allowed address: %v", err)
	}
	if _, err := get(t, notify.NewClient([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}), srv.URL); !errors.Is(err, notify.ErrForbidden) {
		t.Errorf("another network is allowed: %v", err)
	}
}

func TestGuardRedirects(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed to another scheme or host") }))
	t.Cleanup(secure.Close)
	other := httptest.NewServer(secure.Config.Handler)
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
	})
	to := func(target string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target, http.StatusTemporaryRedirect)
		}
	}
	mux.HandleFunc("/moved", to("/there"))
	mux.HandleFunc("/there", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "there") })
	mux.HandleFunc("/metadata", to("http://169.254.169.254/latest"))
	mux.HandleFunc("/tls", to(secure.URL))
	mux.HandleFunc("/other", to(other.URL))
	mux.HandleFunc("/file", to("file:///etc/passwd"))
	c := notifytest.Client()
	if a, err := get(t, c, srv.URL+"/moved"); err != nil || string(a.Body) != "there" {
		t.Errorf("a move within the host: %v %q", err, a.Body)
	}
	for _, path := range []string{"/metadata", "/tls", "/other", "/file", "/loop"} {
		a, err := get(t, c, srv.URL+path)
		if err == nil && (a.Status != http.StatusTemporaryRedirect || !notify.AsFailure(a.Failure()).Permanent) {
			t.Errorf("%s: answer %d %v", path, a.Status, a.Failure())
		}
	}
	if n := hits.Load(); n > 4 {
		t.Errorf("a loop was followed %d times", n)
	}
}

func TestGuardEndlessAnswer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	c := notifytest.Client()
	resp, err := c.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err == nil || n != 1<<20 {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if a, err := get(t, c, srv.URL); err != nil || len(a.Body) != 64<<10 {
		t.Errorf("Exchange read %d bytes, %v", len(a.Body), err)
	}
}

func TestGuardTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := notifytest.Client(notify.WithTimeout(100 * time.Millisecond))
	for _, scheme := range []string{"http://", "https://"} {
		if _, err := get(t, c, scheme+l.Addr().String()); err == nil || notify.AsFailure(err).Permanent {
			t.Errorf("%s: got %v, want a temporary failure", scheme, err)
		}
	}
}
