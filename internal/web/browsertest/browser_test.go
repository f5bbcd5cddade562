package browsertest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// limit bounds one whole test: a browser that hangs must not hang the build.
const limit = 3 * time.Minute

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("TOCSIN_REQUIRE_BROWSER") != "" {
		t.Fatal("no Chromium, and TOCSIN_REQUIRE_BROWSER is set")
	}
	t.Skip("no Chromium on this machine: the pages are not looked at")
	return ""
}

// launch starts one browser for a test.
func launch(t *testing.T) context.Context {
	t.Helper()
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	opts = append(opts, chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// serve is the pages over a world, on loopback.
func serve(t *testing.T, w *sample.World, user string) string {
	t.Helper()
	site, err := sample.Site(w, &sample.Auth{User: user, Role: web.Admin})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site)
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.URL
}

// tab is one page of the browser, listening for complaints.
type tab struct {
	ctx  context.Context
	mu   sync.Mutex
	said []string
}

func newTab(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	x := &tab{ctx: ctx}
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			x.complain("exception: " + e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" {
				x.complain(fmt.Sprintf("console: %v", e.Args))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				x.complain("log: " + e.Entry.Text + " " + e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tell(t, ctx, log.Enable, cdp.Empty{})
	tell(t, ctx, network.SetCookie, network.SetCookieParams{Name: "tocsin", Value: "sample", URL: base})
	return x
}

// tell gives the tab one command of the protocol.
func tell[P, R any](t *testing.T, ctx context.Context, cmd cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, cmd, params); err != nil {
		t.Fatalf("%s: %v", cmd.Method, err)
	}
}

func (x *tab) complain(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.said = append(x.said, what)
}

func (x *tab) complaints() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := x.said
	x.said = nil
	return out
}

func (x *tab) run(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(x.ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, x *tab, expression string, opts ...chromedp.EvaluateOption) T {
	t.Helper()
	v, err := chromedp.Run(x.ctx, chromedp.Evaluate[T](expression, opts...))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to be true.
func (x *tab) until(t *testing.T, expression string) {
	t.Helper()
	if _, err := chromedp.Run(x.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(15*time.Second))); err != nil {
		t.Fatalf("waiting for %s: %v", expression, err)
	}
}

func (x *tab) visit(t *testing.T, url string) {
	t.Helper()
	x.run(t, url, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("h1")))
}

func (x *tab) screen(t *testing.T, width, height int64, theme string) {
	t.Helper()
	tell(t, x.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 700})
	tell(t, x.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// shot writes a picture if somebody wants it.
func (x *tab) shot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("TOCSIN_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	png, err := chromedp.Run(x.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wide lists what is wider than the screen, outside of boxes that scroll.
const wide = `(() => {
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over <= 0) return "";
  const out = [];
  for (const el of document.querySelectorAll("body *")) {
    const r = el.getBoundingClientRect();
    if (r.right > document.documentElement.clientWidth + 1 && !el.closest("pre, .scroll, .unseen, svg")) out.push(el.tagName + "." + el.className + " " + Math.round(r.right));
  }
  return over + " px too wide: " + out.slice(0, 5).join("; ");
})()`

// small lists buttons that a thumb misses.
const small = `[...document.querySelectorAll("main button, .tabs-bar a")].filter(b => b.offsetParent && b.getBoundingClientRect().height < 32).map(b => b.textContent.trim() + " " + b.getBoundingClientRect().height).join("; ")`

func (x *tab) look(t *testing.T, where string) {
	t.Helper()
	over, thin := ask[string](t, x, wide), ask[string](t, x, small)
	if over != "" {
		t.Errorf("%s: %s", where, over)
	}
	if thin != "" {
		t.Errorf("%s: buttons under 32 px: %s", where, thin)
	}
	if c := x.complaints(); len(c) > 0 {
		t.Errorf("%s: the browser complains: %s", where, strings.Join(c, " | "))
	}
}
