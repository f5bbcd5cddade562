package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/plan"
)

func web(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func TestHTTPGood(t *testing.T) {
	t.Parallel()
	url := web(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"UP"}`) })
	r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url}, Conditions: []string{
		"[STATUS] == 200", "[BODY].status == UP", "[RESPONSE_TIME] < 5s", "[CONNECTED] == true", "[IP] == 127.0.0.1", "[HEADER].content-type contains text",
	}})
	if !r.OK || r.Reason != "" || r.Status != 200 || r.Output != `{"status":"UP"}` || r.Fault != None {
		t.Fatalf("%+v", r)
	}
	if r.Latency <= 0 || r.Phases.Connect <= 0 || r.Phases.FirstByte <= 0 || r.Phases.TLS != 0 || r.Latency < r.Phases.Connect {
		t.Errorf("phases %+v of %v", r.Phases, r.Latency)
	}
	for _, name := range []string{"status", "response_time_ms", "connect_ms", "first_byte_ms", "ip"} {
		if r.Values[name] == "" {
			t.Errorf("value %s is missing from %v", name, r.Values)
		}
	}
}

func TestHTTPFailingConditionsAreNamedWithWhatWasFound(t *testing.T) {
	t.Parallel()
	url := web(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503); fmt.Fprint(w, "busy") })
	r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url}, Conditions: []string{"[STATUS] == 200", "[BODY] contains ok", "[CONNECTED] == true"}})
	if want := "[STATUS] == 200 is false: 503; [BODY] contains ok is false: busy"; r.OK || r.Reason != want || r.Fault != TargetSide || r.Output != "busy" {
		t.Errorf("got %+v, want %q", r, want)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url}})
	if want := "[STATUS] < 400 is false: 503"; r.Reason != want {
		t.Errorf("by default: got %q, want %q", r.Reason, want)
	}
}

func TestHTTPRequestIsAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	url := web(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
	})
	p := &Prober{Secret: func(ref string) (string, error) { return "Bearer from-" + strings.TrimPrefix(ref, "env:"), nil }}
	r := look1(t, p, plan.Check{Type: "http", Settings: m{
		"url": url + "/x", "method": "POST", "body": `{"a":1}`, "user_agent": "probe/9", "authorization": "env:TOKEN",
		"headers": "Content-Type: application/json\nHost: shop.example\nX-A: 1\nX-A: 2\n",
	}})
	if !r.OK {
		t.Fatalf("%+v", r)
	}
	if got.Method != "POST" || body != `{"a":1}` || got.UserAgent() != "probe/9" || got.Host != "shop.example" || got.Header.Get("Authorization") != "Bearer from-TOKEN" ||
		got.Header.Get("Content-Type") != "application/json" || len(got.Header["X-A"]) != 2 {
		t.Errorf("%+v, body %q", got, body)
	}
}

func TestHTTPSecretThatCannotBeReadIsOurFault(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*Prober{
		"none":    {},
		"failing": {Secret: func(string) (string, error) { return "", errors.New("not set") }},
		"empty":   {Secret: func(string) (string, error) { return " ", nil }},
	} {
		r := look1(t, p, plan.Check{Type: "http", Settings: m{"url": "http://127.0.0.1:1", "authorization": "env:TOKEN"}})
		if r.OK || r.Fault != OurSide || !strings.Contains(r.Reason, "authorization") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestHTTPRedirects(t *testing.T) {
	t.Parallel()
	url := web(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/meta":
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		}
	})
	for _, tc := range []struct {
		path, follow string
		ok           bool
		status       int
		reason       string
	}{
		{"/once", "true", true, 200, ""},
		{"/once", "false", true, 302, ""},
		{"/loop", "true", false, 0, "more than 10 redirects"},
		{"/meta", "true", false, 0, "cloud metadata"},
	} {
		r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url + tc.path, "follow_redirects": tc.follow}})
		if r.OK != tc.ok || r.Status != tc.status || !strings.Contains(r.Reason, tc.reason) {
			t.Errorf("%s: %+v", tc.path, r)
		}
	}
}

func TestHTTPReadsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	url := web(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) })
	r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url, "max_body": "5000"}, Conditions: []string{"len([BODY]) == 5000"}})
	if !r.OK || len([]rune(r.Output)) != MaxOutput {
		t.Errorf("%v %q, %d runes of output", r.OK, r.Reason, len([]rune(r.Output)))
	}
}

func TestHTTPNoConnection(t *testing.T) {
	t.Parallel()
	addr := closedPort(t)
	r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": "http://" + addr}})
	if want := "connection refused by " + addr; r.OK || r.Reason != want || r.Fault != TargetSide {
		t.Errorf("got %+v, want %q", r, want)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": "http://" + addr}, Conditions: []string{"[STATUS] == 200", "[CONNECTED] == true"}})
	want := "[STATUS] == 200 is false: no status was received; [CONNECTED] == true is false: false (connection refused by " + addr + ")"
	if r.Reason != want {
		t.Errorf("got %q, want %q", r.Reason, want)
	}
}

func TestHTTPTimeoutNamesTheStage(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := web(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		<-release
	})
	t.Cleanup(func() { close(release) })
	for path, want := range map[string]string{
		"/":     "no answer within 100ms waiting for the first byte",
		"/half": "no answer within 100ms while reading the answer",
	} {
		r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": url + path}, Timeout: plan.Duration(100 * time.Millisecond), Conditions: []string{"[CONNECTED] == true"}})
		if r.OK || r.Reason != want || r.Fault != TargetSide {
			t.Errorf("%s: got %+v, want %q", path, r, want)
		}
	}
}

func TestHTTPServerThatHangsUp(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(net.Conn) {})
	plain := web(t, func(http.ResponseWriter, *http.Request) {})
	if r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": strings.Replace(plain, "http:", "https:", 1)}}); r.OK || r.Reason != notTLSText {
		t.Errorf("https against http: %+v", r)
	}
	r := look1(t, &Prober{}, plan.Check{Type: "http", Settings: m{"url": "http://" + addr}})
	if r.OK || !(strings.Contains(r.Reason, "closed the connection") || strings.Contains(r.Reason, "reset")) {
		t.Errorf("%+v", r)
	}
}

func TestHTTPSCertificates(t *testing.T) {
	t.Parallel()
	good, roots := certificate(t, time.Now().Add(30*24*time.Hour), "localhost")
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{good}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)

	r := look1(t, &Prober{Roots: roots}, plan.Check{Type: "https", Settings: m{"url": url, "ip": "4"}, Conditions: []string{"[STATUS] == 200", "[CERT_EXPIRES] > 14d", "[CERT_EXPIRES] < 31d"}})
	if !r.OK || r.Phases.TLS <= 0 || r.CertExpires.IsZero() || r.Values["cert_expires"] == "" {
		t.Errorf("trusted: %+v", r)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "https", Settings: m{"url": url, "ip": "4"}})
	if r.OK || r.Reason != "the certificate is signed by an authority that we do not know" {
		t.Errorf("unknown authority: %+v", r)
	}
	r = look1(t, &Prober{}, plan.Check{Type: "https", Settings: m{"url": url, "ip": "4", "skip_tls_verify": "true"}})
	if !r.OK || r.CertExpires.IsZero() {
		t.Errorf("skipped: %+v", r)
	}
	r = look1(t, &Prober{Roots: roots}, plan.Check{Type: "https", Settings: m{"url": s.URL}})
	if r.OK || r.Reason != "the certificate is for another name: localhost, not 127.0.0.1" {
		t.Errorf("wrong name: %+v", r)
	}
}

func TestUnknownNameAndSilentResolverAreToldApart(t *testing.T) {
	t.Parallel()
	notFound := &Prober{Resolver: dnsResolver(t, dnsServer(t))}
	r := look1(t, notFound, plan.Check{Type: "http", Settings: m{"url": "http://missing.example/"}})
	if r.OK || r.Reason != "the name missing.example has no address" || r.Fault != TargetSide {
		t.Errorf("not found: %+v", r)
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	p := &Prober{Resolver: dnsResolver(t, silent.LocalAddr().String())}
	r = look1(t, p, plan.Check{Type: "http", Settings: m{"url": "http://shop.example/"}, Timeout: plan.Duration(150 * time.Millisecond)})
	if r.OK || r.Fault != OurSide || !strings.Contains(r.Reason, "our resolver did not answer within") {
		t.Errorf("silent: %+v", r)
	}
}

// dnsResolver asks the given server. The standard resolver goes on with a
// look-up that nobody waits for any more, so the test's end cuts its wires.
func dnsResolver(t *testing.T, server string) *net.Resolver {
	t.Helper()
	var mu sync.Mutex
	var conns []net.Conn
	over := false
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return nil, net.ErrClosed
		}
		var d net.Dialer
		c, err := d.DialContext(ctx, network, server)
		if err == nil {
			conns = append(conns, c)
		}
		return c, err
	}}
}
