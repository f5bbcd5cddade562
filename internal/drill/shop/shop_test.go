package shop

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open runs a shop until the test ends.
func open(t *testing.T, opt Options) *Shop {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// visitor is a browser of sorts, with a cookie jar and new connections.
func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the demo's certificate is signed by nobody
	return &http.Client{Transport: tr, Jar: jar, Timeout: 20 * time.Second}
}

type answer struct {
	status int
	body   string
	header http.Header
	took   time.Duration
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("not JSON: %q", a.body)
	}
	return out
}

func do(t *testing.T, c *http.Client, req *http.Request) answer {
	t.Helper()
	begin := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(b), resp.Header, time.Since(begin)}
}

func request(t *testing.T, method, url, kind, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

func get(t *testing.T, c *http.Client, url string) answer {
	t.Helper()
	return do(t, c, request(t, "GET", url, "", ""))
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

func TestAVisitBuysSomething(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	home := get(t, c, s.URL())
	if home.status != 200 || !strings.Contains(home.body, "Demo.") || !strings.Contains(home.body, "Ship&#39;s bell") || home.header.Get("X-Demo") == "" {
		t.Fatalf("%d %s", home.status, home.body)
	}
	if csp := home.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(home.body, "<script") {
		t.Errorf("policy %q", csp)
	}
	after := do(t, c, request(t, "POST", s.URL()+"/cart", asForm, "item=ship-bell"))
	if after.status != 200 || !strings.Contains(after.body, "129.00 €</td>") {
		t.Errorf("after the form: %d %s", after.status, after.body)
	}
	cart := do(t, c, request(t, "POST", s.URL()+"/api/cart", asJSON, `{"item":"hand-bell","count":2}`)).json(t)
	if cart["total_cents"] != float64(12900+2*1900) {
		t.Errorf("cart %v", cart)
	}
	order := do(t, c, request(t, "POST", s.URL()+"/api/checkout", "", ""))
	if order.status != 201 || order.json(t)["order"] != "DEMO-1001" {
		t.Errorf("order: %+v", order)
	}
	if again := get(t, c, s.URL()+"/api/cart").json(t); again["total_cents"] != float64(0) {
		t.Errorf("after the order the cart holds %v", again)
	}
	if css := get(t, c, s.URL()+"/shop.css"); css.status != 200 || !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("style: %d", css.status)
	}
}

func TestHTMLCheckout(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	if a := do(t, c, request(t, "POST", s.URL()+"/checkout", asForm, "")); a.status != 422 || !strings.Contains(a.body, "cart is empty") {
		t.Errorf("empty: %d", a.status)
	}
	do(t, c, request(t, "POST", s.URL()+"/cart", asForm, "item=tocsin"))
	if a := do(t, c, request(t, "POST", s.URL()+"/checkout", asForm, "")); a.status != 200 || !strings.Contains(a.body, "nothing was charged") {
		t.Errorf("order: %d %s", a.status, a.body)
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	a := get(t, c, s.URL()+"/healthz")
	if h := a.json(t); a.status != 200 || h["status"] != "UP" || h["checkout"] != "UP" || h["demo"] != true {
		t.Errorf("%+v", a)
	}
}

func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{SlowBy: 300 * time.Millisecond}), visitor(t)
	if err := s.Break(SlowDatabase); err != nil {
		t.Fatal(err)
	}
	a := get(t, c, s.URL()+"/healthz")
	if h := a.json(t); a.took < 300*time.Millisecond || h["status"] != "DEGRADED" || h["database"].(map[string]any)["status"] != "SLOW" {
		t.Errorf("%+v", a)
	}
	// Eight at once over four connections take two rounds.
	begin := time.Now()
	done := make(chan error, 8)
	for range 8 {
		go func() {
			resp, err := c.Get(s.URL() + "/api/cart")
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(begin); took < 600*time.Millisecond {
		t.Errorf("eight visitors were served in %v: nobody queued", took)
	}
	if err := s.Heal(); err != nil {
		t.Fatal(err)
	}
	if h := get(t, c, s.URL()+"/healthz").json(t); h["status"] != "UP" {
		t.Errorf("healed: %v", h)
	}
}

func TestCheckoutErrors(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	if err := s.Break(CheckoutErrors); err != nil {
		t.Fatal(err)
	}
	buy := func() answer {
		return do(t, c, request(t, "POST", s.URL()+"/api/checkout", asJSON, `{"items":{"hand-bell":1}}`))
	}
	if a := buy(); a.status != 502 || !strings.Contains(a.body, "simulated") {
		t.Errorf("%+v", a)
	}
	if a := get(t, c, s.URL()); a.status != 200 {
		t.Errorf("browsing: %d", a.status)
	}
	if h := get(t, c, s.URL()+"/healthz").json(t); h["checkout"] != "DOWN" {
		t.Errorf("health: %v", h)
	}
	do(t, c, request(t, "POST", s.URL()+"/cart", asForm, "item=tocsin"))
	if a := do(t, c, request(t, "POST", s.URL()+"/checkout", asForm, "")); a.status != 502 || !strings.Contains(a.body, "did not go through") {
		t.Errorf("form: %d", a.status)
	}
	if err := s.Heal(); err != nil {
		t.Fatal(err)
	}
	if a := buy(); a.status != 201 {
		t.Errorf("healed: %+v", a)
	}
	if st := s.state(); st.Orders != 1 || st.Failed != 2 {
		t.Errorf("%+v", st)
	}
}

func TestDownAndBackAtTheSameAddress(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	url := s.URL()
	for range 3 {
		if err := s.Break(Down); err != nil {
			t.Fatal(err)
		}
		if resp, err := c.Get(url); err == nil {
			resp.Body.Close()
			t.Fatal("the shop is down and answers")
		} else if !strings.Contains(err.Error(), "refused") {
			t.Errorf("down should refuse: %v", err)
		}
		if a := get(t, c, s.ControlURL()); a.status != 200 || !strings.Contains(a.body, "will not answer") {
			t.Errorf("switchboard: %d", a.status)
		}
		if err := s.Heal(); err != nil {
			t.Fatal(err)
		}
		if a := get(t, c, url); a.status != 200 || s.URL() != url {
			t.Errorf("healed: %d at %s", a.status, s.URL())
		}
	}
}

func TestExpiringCertificate(t *testing.T) {
	t.Parallel()
	s := open(t, Options{TLSAddr: "127.0.0.1:0"})
	left := func() time.Duration {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.TLSURL(), "https://"), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // signed by nobody
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return time.Until(conn.ConnectionState().PeerCertificates[0].NotAfter)
	}
	if d := left(); d < 80*24*time.Hour {
		t.Errorf("healthy: %v left", d)
	}
	if err := s.Break(ExpiringCertificate); err != nil {
		t.Fatal(err)
	}
	if d := left(); d > 4*24*time.Hour || d < 0 {
		t.Errorf("expiring: %v left", d)
	}
	if a := get(t, visitor(t), s.TLSURL()+"/healthz"); a.status != 200 {
		t.Errorf("over HTTPS: %+v", a)
	}
	plain := open(t, Options{})
	if err := plain.Break(ExpiringCertificate); err == nil || plain.TLSURL() != "" {
		t.Error("without HTTPS there is no certificate to expire")
	}
}

func TestTheButtonsWork(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	press := func(path string, form url.Values, origin string) answer {
		r := request(t, "POST", s.ControlURL()+path, asForm, form.Encode())
		if origin != "" {
			r.Header.Set("Origin", origin)
			site := map[string]string{s.ControlURL(): "same-origin", s.URL(): "same-site"}[origin]
			r.Header.Set("Sec-Fetch-Site", cmp.Or(site, "cross-site"))
		}
		return do(t, c, r)
	}
	a := press("/break", url.Values{"mode": {"checkout-errors"}, "back": {s.URL() + "/"}}, s.URL())
	if a.status != 200 || s.Mode() != CheckoutErrors || !strings.Contains(a.body, "<title>Bells") {
		t.Errorf("from the shop: %d, %s", a.status, s.Mode())
	}
	a = press("/break", url.Values{"mode": {"down"}, "back": {s.URL() + "/"}}, s.URL())
	if a.status != 200 || s.Mode() != Down || !strings.Contains(a.body, "<title>Switchboard") {
		t.Errorf("down must lead to the switchboard: %d, %s", a.status, s.Mode())
	}
	if st := get(t, c, s.ControlURL()+"/state").json(t); st["mode"] != "down" || st["demo"] != true {
		t.Errorf("state %v", st)
	}
	a = press("/heal", url.Values{"back": {"https://elsewhere.example/"}}, s.ControlURL())
	if a.status != 200 || s.Mode() != Healthy || !strings.Contains(a.body, "<title>Switchboard") {
		t.Errorf("heal: %d, %s", a.status, s.Mode())
	}
	if a = press("/break", url.Values{"mode": {"on-fire"}}, ""); a.status != 422 || s.Mode() != Healthy {
		t.Errorf("unknown mode: %d", a.status)
	}
	if a = press("/break", url.Values{"mode": {"down"}}, "https://elsewhere.example"); a.status != 403 || s.Mode() != Healthy {
		t.Errorf("another site's button: %d, %s", a.status, s.Mode())
	}
}

func TestANameThatPointsHereIsNotServed(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	for _, u := range []string{s.URL(), s.ControlURL()} {
		r := request(t, "GET", u, "", "")
		r.Host = "rebound.example"
		if a := do(t, c, r); a.status != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", u, a.status)
		}
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s, c := open(t, Options{}), visitor(t)
	for _, tc := range []struct {
		path, kind, body string
		status           int
	}{
		{"/api/cart", asJSON, `{"item":`, 400},
		{"/api/cart", asJSON, `{"item":7}`, 400},
		{"/api/cart", asJSON, `{"item":"gong"}`, 422},
		{"/api/cart", "text/plain", `{"item":"tocsin"}`, 415},
		{"/api/cart", asJSON, `{"item":"` + strings.Repeat("x", maxBody) + `"}`, 413},
		{"/api/checkout", asJSON, `{"items":{"gong":1}}`, 422},
		{"/api/checkout", "", "", 422},
		{"/nowhere", asJSON, "", 404},
		{"/healthz", asJSON, "{}", 405},
	} {
		if a := do(t, c, request(t, "POST", s.URL()+tc.path, tc.kind, tc.body)); a.status != tc.status {
			t.Errorf("%s %.30q: %d, want %d", tc.path, tc.body, a.status, tc.status)
		}
	}
}

func TestTheTillForgetsOldCarts(t *testing.T) {
	t.Parallel()
	till := newTill()
	for range maxCarts + 10 {
		till.add(newVisitor(), "tocsin", 1)
	}
	if len(till.carts) != maxCarts || len(till.order) != maxCarts {
		t.Errorf("%d carts, %d in order", len(till.carts), len(till.order))
	}
	till.add("ana", "tocsin", 1_000_000)
	if c := till.cart("ana"); c.Lines[0].Count != maxEach {
		t.Errorf("%+v", c)
	}
	if till.add("ana", "tocsin", -maxEach); len(till.cart("ana").Lines) != 0 {
		t.Error("taking all out leaves something")
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "nonsense"} {
		if s, err := New(Options{Addr: addr}); err == nil {
			s.Close()
			t.Errorf("%s was taken", addr)
		}
	}
	if s, err := New(Options{ControlAddr: "0.0.0.0:0"}); err == nil {
		s.Close()
		t.Error("an open switchboard was taken")
	}
}

func TestTheScheduleIsSeeded(t *testing.T) {
	t.Parallel()
	modes := []Mode{SlowDatabase, CheckoutErrors, Down}
	draw := func(seed uint64) []trouble {
		list := newTroubles(seed, time.Hour, modes)
		out := make([]trouble, 50)
		for i := range out {
			out[i] = list.next()
			if out[i].after < 30*time.Minute || out[i].after >= 90*time.Minute {
				t.Errorf("trouble after %v", out[i].after)
			}
		}
		return out
	}
	if !slices.Equal(draw(1), draw(1)) || slices.Equal(draw(1), draw(2)) {
		t.Error("a seed must make its own, always equal sequence")
	}
}

func TestTheScheduleBreaksAndHeals(t *testing.T) {
	t.Parallel()
	changes := make(chan Change, 100)
	s := open(t, Options{
		Schedule: Schedule{Every: 20 * time.Millisecond, For: 20 * time.Millisecond, Modes: []Mode{CheckoutErrors}},
		OnChange: func(c Change) {
			select {
			case changes <- c:
			default:
			}
		},
	})
	for _, want := range []Change{{From: Healthy, To: CheckoutErrors}, {From: CheckoutErrors, To: Healthy}, {From: Healthy, To: CheckoutErrors}} {
		got := <-changes
		if got.From != want.From || got.To != want.To || got.By != "schedule" || got.At.IsZero() {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	_ = s
}

func TestWhatAPersonBrokeTheScheduleLeaves(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	broken := make(chan struct{}, 1)
	s, err := New(Options{
		Schedule: Schedule{Every: time.Millisecond, For: 30 * time.Millisecond, Modes: []Mode{CheckoutErrors}},
		OnChange: func(c Change) {
			log.WriteString(c.By + ":" + string(c.To) + " ")
			if c.By == "schedule" {
				select {
				case broken <- struct{}{}:
				default:
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-broken
	if err := s.Break(SlowDatabase); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(log.String()); got != "schedule:checkout-errors hand:slow-database" || s.Mode() != SlowDatabase {
		t.Errorf("%q, now %s", got, s.Mode())
	}
}
