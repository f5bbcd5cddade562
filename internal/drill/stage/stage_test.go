package stage

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/drill/mailtrap"
	"tocsin/internal/drill/shop"
)

// world is what a stage stands on, with one page to Dee in it.
type world struct {
	plan    *plan.Plan
	changes chan struct{}
	page    *page.State
	rows    []notification.Row
	mails   []mailtrap.Mail
	broken  error // what the ledger answers instead

	mu      sync.Mutex
	pressed []string
}

func (w *world) Plan() *plan.Plan                                  { return w.plan }
func (w *world) Board() *plan.Board                                { return &plan.Board{} }
func (w *world) Now() time.Time                                    { return t0 }
func (w *world) Changes(context.Context) <-chan struct{}           { return w.changes }
func (w *world) Mails() []mailtrap.Mail                            { return w.mails }
func (w *world) Recent(string) []Look                              { return []Look{{At: t0, OK: true}} }
func (w *world) LastPos(context.Context) (int64, error)            { return 0, nil }
func (w *world) Page(context.Context, string) (*page.State, error) { return w.page, nil }
func (w *world) Incident(context.Context, string) (*incident.State, error) {
	return nil, nil
}
func (w *world) State(context.Context, fact.Stream) (core.State, error) { return nil, w.broken }
func (w *world) Pages(context.Context, page.Filter) ([]*page.State, error) {
	if w.page == nil {
		return nil, nil
	}
	return []*page.State{w.page}, nil
}
func (w *world) Timeline(context.Context, []string, int64, int) ([]fact.Entry, error) {
	return nil, nil
}
func (w *world) Notifications(_ context.Context, f notification.RowFilter) ([]notification.Row, error) {
	var out []notification.Row
	for _, r := range w.rows {
		if (f.User == "" || r.To.User == f.User) && (f.Page == "" || r.Page == f.Page) {
			out = append(out, r)
		}
	}
	return out, nil
}

// rig is a running stage with a real shop, and a Tocsin that only knows links.
type rig struct {
	*world
	stage *Stage
	shop  *shop.Shop
	site  *httptest.Server
	stop  func()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{world: &world{plan: samplePlan(t), changes: make(chan struct{}, 1)}}
	var err error
	if r.shop, err = shop.New(shop.Options{OnChange: func(c shop.Change) { r.stage.ShopChanged(c) }}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /a/{token}", func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		r.pressed = append(r.pressed, q.PathValue("token")+" "+q.FormValue("do")+" "+q.Header.Get("Accept"))
		r.mu.Unlock()
		if q.FormValue("do") == "escalate" {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte("Too late.\n"))
			return
		}
		_, _ = w.Write([]byte("You have it.\n"))
	})
	r.site = httptest.NewServer(mux)
	t.Cleanup(r.site.Close)
	r.stage, err = New(Options{Ledger: r, Engine: r, Shop: r.shop, Mail: r, Looks: r, BaseURL: r.site.URL, Keys: Keys{Alertmanager: "am-key", PagerDuty: "pd-key"},
		Link: func(to notification.Ref, m notification.Message) string {
			return r.site.URL + "/a/" + to.User + "-" + m.ID
		},
		Enter: func(context.Context) ([]*http.Cookie, error) {
			return []*http.Cookie{{Name: "session", Value: "secret"}}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/demo", r.stage)
	mux.Handle("/demo/", r.stage)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{r.shop.Run, r.stage.Run} {
		all.Go(func() { _ = run(ctx) })
	}
	r.stop = func() { cancel(); all.Wait() }
	t.Cleanup(r.stop)
	return r
}

func (r *rig) pageDee() {
	r.page = &page.State{ID: "p1", Status: page.Triggered, Group: "group/x", OpenedAt: t0}
	r.rows = []notification.Row{{ID: "p1-1", To: notification.Ref{User: "dee", Contact: "phone"}, Kind: notification.KindPage, Page: "p1", Outcome: notification.OutcomeDelivered,
		CreatedAt: t0, Message: notification.Message{ID: "p1-1", Title: "No <b>orders</b>", Page: "p1", Why: "on call"}}}
}

type reply struct {
	status int
	body   string
	header http.Header
}

func (r *rig) do(t *testing.T, method, path string, form url.Values, change func(*http.Request)) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.site.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(req)
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, string(body), resp.Header}
}

func TestThePageShowsWhoIsCalled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pageDee()
	r.mails = []mailtrap.Mail{{N: 2, At: t0, To: []string{"dee@example.com"}, Subject: "No orders", Text: "text", Links: []mailtrap.Link{{Label: "View", URL: "http://127.0.0.1/a/x"}}},
		{N: 1, At: t0, Subject: "Your Tocsin code is 123456"}}
	a := r.do(t, "GET", "/demo", nil, nil)
	if a.status != 200 || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	for _, want := range []string{`class="phone ringing" id="phone-dee"`, `class="phone" id="phone-ana"`, "No &lt;b&gt;orders&lt;/b&gt;", "04:00", "22:00", `value="ack"`,
		r.site.URL + "/a/dee-p1-1", "am-key", "pd-key", "1 code,", "dee@example.com", "simulated people", "Sign in as Ana (sample)"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(a.body, "<script>") || strings.Contains(a.body, " style=") {
		t.Error("inline script or style")
	}
}

func TestAButtonOnThePhoneFollowsItsLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pageDee()
	form := url.Values{"user": {"dee"}, "message": {"p1-1"}, "do": {"ack"}}
	if a := r.do(t, "POST", "/demo/answer", form, nil); a.status != 303 || a.header.Get("Location") != "/demo#phone-dee" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	if len(r.pressed) != 1 || r.pressed[0] != "dee-p1-1 ack text/plain" {
		t.Errorf("followed %q", r.pressed)
	}
	if a := r.do(t, "GET", "/demo", nil, nil); !strings.Contains(a.body, `<p class="said" role="status">You have it.</p>`) {
		t.Error("what the link said is not on the phone")
	}
	form.Set("do", "escalate")
	r.do(t, "POST", "/demo/answer", form, nil)
	if a := r.do(t, "GET", "/demo", nil, nil); !strings.Contains(a.body, `<p class="said bad" role="status">Too late.</p>`) {
		t.Error("a refusal is not on the phone")
	}
	form.Set("user", "ana")
	if a := r.do(t, "POST", "/demo/answer", form, nil); a.status != 404 || len(r.pressed) != 2 {
		t.Errorf("ana pressed dee's button: %d", a.status)
	}
}

func TestAPersonWhoIsToldAgainHasOneSetOfButtons(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pageDee()
	again := r.rows[0]
	again.ID, again.Message.ID, again.CreatedAt = "p1-2", "p1-2", t0.Add(time.Minute)
	r.rows = append(r.rows, again)
	a := r.do(t, "GET", "/demo", nil, nil)
	if n := strings.Count(a.body, `value="ack"`); n != 1 || !strings.Contains(a.body, `name="message" value="p1-2"`) || !strings.Contains(a.body, "told again since") {
		t.Errorf("%d buttons", n)
	}
	r.page.Status, r.page.AckedBy = page.Acknowledged, "Dee (sample)"
	if a := r.do(t, "GET", "/demo", nil, nil); strings.Contains(a.body, `value="ack"`) || strings.Count(a.body, "Dee has it") != 2 || strings.Contains(a.body, "ringing") {
		t.Error("an answered page still asks")
	}
}

func TestTheShopsButtons(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if a := r.do(t, "POST", "/demo/break", url.Values{"mode": {"checkout-errors"}}, nil); a.status != 303 || r.shop.Mode() != shop.CheckoutErrors {
		t.Fatalf("%d %s", a.status, r.shop.Mode())
	}
	r.do(t, "POST", "/demo/break", url.Values{"mode": {"on-fire"}}, nil)
	if a := r.do(t, "GET", "/demo", nil, nil); !strings.Contains(a.body, "there is no mode") {
		t.Error("an unknown mode is not explained")
	}
	if r.do(t, "POST", "/demo/heal", nil, nil); r.shop.Mode() != shop.Healthy {
		t.Error(r.shop.Mode())
	}
}

func TestOnlyWhoSitsHereMayEnter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enter := url.Values{"to": {"/pages/p1"}}
	a := r.do(t, "POST", "/demo/enter", enter, nil)
	if a.status != 303 || a.header.Get("Location") != "/pages/p1" || !strings.Contains(a.header.Get("Set-Cookie"), "session=secret") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	for name, change := range map[string]func(*http.Request){
		"another name":   func(q *http.Request) { q.Host = "rebound.example" },
		"another site":   func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another origin": func(q *http.Request) { q.Header.Set("Origin", "https://elsewhere.example") },
	} {
		if a := r.do(t, "POST", "/demo/enter", enter, change); a.status < 400 || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
	w := httptest.NewRecorder()
	q := httptest.NewRequest("POST", "http://127.0.0.1/demo/enter", nil)
	q.RemoteAddr = "192.0.2.7:1234"
	if r.stage.ServeHTTP(w, q); w.Code != http.StatusMisdirectedRequest || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("from another machine: %d", w.Code)
	}
	for _, to := range []string{"https://elsewhere.example/", "//elsewhere.example", "elsewhere", "/\\elsewhere.example", "/a\nb"} {
		if a := r.do(t, "POST", "/demo/enter", url.Values{"to": {to}}, nil); a.header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", to, a.header.Get("Location"))
		}
	}
}

func TestALedgerThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.broken = errors.New("disk on fire")
	if a := r.do(t, "GET", "/demo", nil, nil); a.status != 500 || strings.Contains(a.body, "fire") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestNewsComesByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", r.site.URL+"/demo/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	next := func(what string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "data: ") {
				return
			}
		}
		t.Fatalf("no news of %s: %v", what, lines.Err())
	}
	next("the beginning")
	r.changes <- struct{}{}
	next("a commit")
	if err := r.shop.Break(shop.SlowDatabase); err != nil {
		t.Fatal(err)
	}
	next("the shop")
	r.stage.MailCame()
	next("a mail")
	r.stop()
	for lines.Scan() { // to the end of the stream, or the request's own time
	}
	if err := lines.Err(); err != nil {
		t.Errorf("a live page must not hold up the end: %v", err)
	}
}

func TestAStageNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{}); err == nil {
		t.Error("a stage that stands on nothing was built")
	}
}
