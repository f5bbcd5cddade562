package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/intake"
	"tocsin/internal/notify"
	"tocsin/internal/notify/webpush"
)

// Vendors' paths are theirs, not ours: two may want one. Such a collision would
// be a panic at the start, so it is settled here first. Each also stands under
// /compat/<its name>, where none can collide.
func TestNoTwoContractsClaimOnePath(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	mux := http.NewServeMux()
	for _, f := range formats() {
		for _, r := range f.Routes(&door{}) {
			method, path, ok := strings.Cut(r.Pattern, " ")
			if !ok || !strings.HasPrefix(path, "/") {
				t.Errorf("%s: pattern %q names no method", f.Name, r.Pattern)
				continue
			}
			for _, p := range []string{r.Pattern, method + " /compat/" + f.Name + path} {
				if other := owner[p]; other != "" {
					t.Errorf("%s and %s both claim %q", other, f.Name, p)
				}
				owner[p] = f.Name
			}
		}
	}
	if len(owner) < 2*len(formats()) {
		t.Errorf("only %d paths for %d formats", len(owner), len(formats()))
	}
	defer func() { // patterns that overlap without being equal
		if v := recover(); v != nil {
			t.Errorf("the mux refuses: %v", v)
		}
	}()
	mountIntake(mux, formats(), door0{})
}

type door0 struct{ intake.Door }

// Every channel whose address people write goes by the guarded client: a contact
// must not be a way into the network that the server stands in.
func TestNoChannelReachesThePrivateNetworkUnasked(t *testing.T) {
	t.Parallel()
	hit := make(chan string, 10)
	srv := newLoopback(t, func(r *http.Request) { hit <- r.URL.Path })
	settings := map[string]map[string]string{
		"webhook": {"url": srv}, "slack": {"webhook_url": srv}, "ntfy": {"server": srv, "url": srv, "topic": "t"}, "http": {"url": srv, "method": "POST", "body": "x"},
	}
	for _, allow := range [][]netip.Prefix{nil, {netip.MustParsePrefix("127.0.0.0/8")}} {
		reached := 0
		all := channels(notify.NewClient(allow), Options{ExternalURL: "https://tocsin.example.com"}, webpush.Config{})
		out := &notify.Sender{Registry: all}
		for name, set := range settings {
			known := map[string]string{}
			for _, f := range all[name].Fields() {
				if v, ok := set[f.Name]; ok {
					known[f.Name] = v
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, err := out.Send(ctx, plan.Contact{ID: name, Channel: name, Settings: known}, notification.Send{Attempt: 1,
				Message: notification.Message{ID: "m", Kind: notification.KindPage, Title: "down", At: time.Now()}})
			cancel()
			if allow == nil && err == nil {
				t.Errorf("%s reached the loopback address", name)
			}
			if err == nil {
				reached++
			}
		}
		if allow == nil && len(hit) > 0 {
			t.Errorf("the private server was asked for %s", <-hit)
		}
		if allow != nil && reached == 0 {
			t.Error("nothing reached an allowed network, so this test proves nothing")
		}
	}
}

func newLoopback(t *testing.T, seen func(*http.Request)) string {
	t.Helper()
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen(r) })}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return "http://" + l.Addr().String() + "/x"
}

func TestCountsThatCouldNotBeWrittenAreCountedLater(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)
	a := newActivity(func() time.Time { return now })
	a.accepted("prom", 3)
	a.rejected("prom", "half a JSON")
	lost := a.drain()
	now = now.Add(time.Second)
	a.accepted("prom", 2)
	a.back(lost)
	got := a.drain()
	want := ledger.Activity{Integration: "prom", LastAt: now, Accepted: 5, Rejected: 1, LastError: "half a JSON", RejectedAt: now.Add(-time.Second)}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// An event that is being sent when a stop begins is written and answered: the
// writer goes after the doors.
func TestAStopAnswersWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := strings.Repeat("k", 32)
	if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte("services: {shop: {}}\nintegrations: {pd: {type: pagerduty, service: shop, key: "+key+"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Options{Listen: "127.0.0.1:0", DataDir: filepath.Join(dir, "data"), PlanDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if got := status(t, http.MethodGet, s.URL()+"/-/healthy"); got != http.StatusOK {
		t.Fatalf("the server answers %d", got)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// The body comes only after the stop has begun; "continue" says that the
	// handler waits for it.
	body := `{"routing_key":"` + key + `","event_action":"trigger","payload":{"summary":"down","source":"x","severity":"critical"}}`
	fmt.Fprintf(conn, "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	began := time.Now()
	stop()
	fmt.Fprint(conn, body)
	_, _ = in.ReadString('\n') // the empty line after "continue"
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 202") {
		t.Errorf("the request under way got %q, %v", line, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the stop took %s", took)
	}
}
