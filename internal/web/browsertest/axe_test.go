package browsertest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"tocsin/internal/web/sample"
)

// axe asks axe-core for what is serious. Its script runs beside the page, not
// in it, so the content policy does not refuse it.
const axe = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
  .filter(v => v.impact === "serious" || v.impact === "critical")
  .map(v => v.impact + " " + v.id + ": " + v.help + ": " + v.nodes.slice(0, 4).map(n => n.target.join(" ") + " " + n.html.slice(0, 160)).join(" | ")))`

func axeCore(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TOCSIN_AXE")
	if path == "" {
		t.Skip("TOCSIN_AXE does not name axe.min.js: accessibility is not looked at")
	}
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// accessible reports what axe-core calls serious or critical on this page.
func (x *tab) accessible(t *testing.T, script, where string) {
	t.Helper()
	if _, err := chromedp.Run(x.ctx, chromedp.Evaluate[bool](script+"; true")); err != nil {
		t.Fatalf("load axe-core: %v", err)
	}
	if found := ask[[]string](t, x, axe, chromedp.EvalAwaitPromise); len(found) > 0 {
		t.Errorf("%s\n  %s", where, strings.Join(found, "\n  "))
	}
}

// In both themes, at a desk and on a telephone.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	script := axeCore(t)
	empty := [][2]string{{"now", "/"}, {"oncall", "/oncall"}, {"services", "/services"}, {"checks", "/checks"}, {"integrations", "/integrations"}, {"silences", "/silences"}, {"pages", "/pages"}, {"plan", "/plan"}, {"components", "/components"}}
	for name, make := range map[string]func() *sample.World{"busy": sample.Busy, "fresh": sample.Fresh} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, pages := make(), empty
			if name == "busy" {
				pages = paths(waiting(t, w))
			}
			base := serve(t, w, "ana")
			x := newTab(t, launch(t), base)
			for _, s := range []struct {
				width, height int64
				theme         string
			}{{1280, 900, "light"}, {1280, 900, "dark"}, {390, 844, "light"}} {
				x.screen(t, s.width, s.height, s.theme)
				for _, p := range pages {
					x.visit(t, base+p[1])
					x.accessible(t, script, fmt.Sprintf("%s at %d %s", p[0], s.width, s.theme))
				}
			}
		})
	}
}

// A payload is tried without a script, on a telephone, and its answer can be
// read by everybody.
func TestTryAPayload(t *testing.T) {
	t.Parallel()
	base := serve(t, sample.Busy(), "ana")
	x := newTab(t, launch(t), base)
	x.screen(t, 390, 844, "light")
	tell(t, x.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	x.visit(t, base+"/integrations/jobs")
	x.run(t, "press Preview", chromedp.Click(chromedp.CSS(`button[value="preview"]`)), chromedp.WaitVisible(chromedp.CSS("#try [role=status]")))
	tell(t, x.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	if got := ask[string](t, x, `document.querySelector("#try [role=status] h3").textContent`); got != "It would become 1 signal" {
		t.Errorf("the answer says %q", got)
	}
	x.look(t, "tried at 390")
	x.shot(t, "tried-390-light")
	if os.Getenv("TOCSIN_AXE") != "" {
		x.accessible(t, axeCore(t), "tried at 390")
	}
}
