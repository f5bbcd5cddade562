package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

func filterUser(user string) notification.RowFilter { return notification.RowFilter{User: user} }

// stranger is a telephone that opened a link: no cookie, no session.
func stranger(t *testing.T, w *sample.World) *browser {
	b := open(t, w, "ana", web.Admin)
	b.jar = map[string]string{}
	return b
}

func status(t *testing.T, w *sample.World, id string) page.Status {
	t.Helper()
	p, err := w.Page(t.Context(), id)
	if err != nil || p == nil {
		t.Fatal(err)
	}
	return p.Status
}

// A mail scanner follows every link of a message: that must not acknowledge.
func TestLookingAtALinkDoesNothing(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := stranger(t, w)
	for _, q := range []string{"", "?do=ack", "?do=resolve"} {
		rec := b.get("/a/" + id + q)
		if rec.Code != http.StatusOK {
			t.Errorf("GET /a/…%s: %d", q, rec.Code)
		}
		has(t, text(t, rec.Body), "Checkout answers 504 to 38 % of orders", "Acknowledge", "Waits on you. Bo is next at 03:08 CEST.", "Ana by phone", "Delivered")
	}
	if got := status(t, w, id); got != page.Triggered {
		t.Errorf("looking moved the page to %s", got)
	}
}

func TestAnsweringALinkSaysWhetherItWorked(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := stranger(t, w)
	rec := b.post("/a/"+id, url.Values{"do": {"ack"}})
	has(t, text(t, rec.Body), "You have it. Nobody else is woken.", "Ana has it", "Told so far")
	if rec.Code != http.StatusOK || status(t, w, id) != page.Acknowledged {
		t.Fatalf("%d, page is %s", rec.Code, status(t, w, id))
	}
	if rec := b.post("/a/"+id, url.Values{"do": {"ack"}}); rec.Code != http.StatusOK {
		t.Errorf("pressing twice: %d", rec.Code)
	}
	has(t, text(t, b.post("/a/"+id, url.Values{"do": {"resolve"}}).Body), "Resolved. Whoever was told learns that it is over.")
	late := b.post("/a/"+id, url.Values{"do": {"ack"}})
	if late.Code != http.StatusConflict {
		t.Errorf("acknowledging what is over: %d", late.Code)
	}
	has(t, text(t, late.Body), "was resolved already", "Nothing was changed.")
}

func TestLinksThatAreNotGood(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := stranger(t, w)
	for _, c := range []struct {
		token, do string
		code      int
		says      string
	}{
		{"nonsense", "ack", http.StatusNotFound, "This link is not one of ours"},
		{"old-" + id, "ack", http.StatusGone, "This link has expired"},
		{id, "explode", http.StatusUnprocessableEntity, "Nothing was done."},
		{id, "", http.StatusUnprocessableEntity, "Nothing was done."},
		{"p-unknown", "ack", http.StatusOK, "There is nothing to answer"},
	} {
		rec := b.post("/a/"+c.token, url.Values{"do": {c.do}})
		if rec.Code != c.code {
			t.Errorf("%s %s: %d, want %d", c.token, c.do, rec.Code, c.code)
		}
		has(t, text(t, rec.Body), c.says)
	}
	if status(t, w, id) != page.Triggered {
		t.Error("a bad link moved the page")
	}
}

// The service worker posts to the link itself and shows one line.
func TestServiceWorkerAnswersInPlainText(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	r := httptest.NewRequest("POST", "http://localhost/a/"+id+"?do=ack", nil)
	r.Header.Set("Accept", "text/plain")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	rec := stranger(t, w).do(r)
	if got := strings.TrimSpace(rec.Body.String()); got != "You have it. Nobody else is woken." || status(t, w, id) != page.Acknowledged {
		t.Errorf("%d %q", rec.Code, got)
	}
}

func TestAnswerPageIsSmallAndNeedsNoScript(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*sample.World{"busy": sample.Busy(), "nasty": sample.Nasty()} {
		b := stranger(t, w)
		pages, _ := w.Pages(t.Context(), page.Filter{Limit: 500})
		heaviest := 0
		for _, p := range pages {
			body := b.get("/a/" + p.ID).Body
			n := zipped(body.Bytes())
			doc, err := goquery.NewDocumentFromReader(body)
			if err != nil {
				t.Fatal(err)
			}
			heaviest = max(heaviest, n+b.weightOfAssets(doc))
			if doc.Find("script").Length() > 0 || doc.Find("h1").Length() != 1 {
				t.Errorf("%s: %d scripts, %d h1", p.ID, doc.Find("script").Length(), doc.Find("h1").Length())
			}
		}
		if heaviest > 15_000 || heaviest == 0 {
			t.Errorf("%s: the answer page weighs %d bytes, want at most 15,000", name, heaviest)
		}
	}
}

func TestWhyNotAnswersForEverybody(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := open(t, w, "ana", web.Viewer)
	for user, want := range map[string]string{
		"ana":    "Ana was told by push at 03:03 CEST (failing, tried again), by phone at 03:03 CEST (delivered) and by mail at 03:07 CEST (delivered)",
		"bo":     "Not yet: Bo comes at 03:08 CEST by policy storefront, step 2, unless somebody answers before.",
		"fay":    "Not yet: Fay comes at 03:13 CEST by policy storefront, step 3",
		"chen":   "Chen is the fallback: told only when the policy ends without an answer.",
		"dee":    "Policy storefront never leads to Dee",
		"nobody": "nobody is not in the plan",
	} {
		has(t, text(t, b.get("/pages/"+id+"?whynot="+user).Body), want)
	}
	open(t, w, "ana", web.Responder).post("/pages/"+id+"/acknowledge", nil)
	has(t, text(t, b.get("/pages/"+id+"?whynot=bo").Body), "Bo is on step 2, which never came: Ana acknowledged at 03:07 CEST.")
}

func TestWhyChainHasPastReceiptsAndFuture(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	doc, err := goquery.NewDocumentFromReader(open(t, w, "ana", web.Viewer).get("/pages/" + id).Body)
	if err != nil {
		t.Fatal(err)
	}
	past := strings.Join(strings.Fields(doc.Find(".chain li:not(.ahead)").Text()), " ")
	has(t, past, "Firing: Checkout answers 504", "Routed to service Checkout", "route checkout, plan v2", "Step 1: telling Ana", "410 Gone: this browser unsubscribed")
	ahead := strings.Join(strings.Fields(doc.Find(".chain li.ahead").Text()), " ")
	has(t, ahead, "Step 2: tell Bo", "03:08 CEST", "Step 3: tell Ana, Bo, Fay and channel ops-room", "Begin again at step 1, round 2 of 2")
	if n := doc.Find("form button").Length(); n > 1 {
		t.Errorf("a viewer sees %d buttons", n)
	}
}
