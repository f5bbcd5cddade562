package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tocsin/internal/core/page"
	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// burning is the busy night, with the id of the page that waits on Ana.
func burning(t *testing.T) (*sample.World, string) {
	t.Helper()
	w := sample.Busy()
	pages, err := w.Pages(t.Context(), page.Filter{Status: page.Triggered})
	if err != nil || len(pages) != 1 {
		t.Fatalf("the story should leave one page waiting, has %d, %v", len(pages), err)
	}
	return w, pages[0].ID
}

func has(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q; it says:\n%s", want, text)
		}
	}
}

func TestNowSaysWhoWhatAndNextInOneSentence(t *testing.T) {
	t.Parallel()
	w, _ := burning(t)
	has(t, text(t, open(t, w, "bo", web.Responder).get("/").Body), "One page waits on Ana for 4 min; you are next at 03:08 CEST.", "Checkout answers 504 to 38 % of orders")
	has(t, text(t, open(t, w, "ana", web.Responder).get("/").Body), "One page waits on you for 4 min; Bo is next at 03:08 CEST.")
	has(t, text(t, open(t, sample.Calm(), "ana", web.Viewer).get("/").Body), "All is quiet.")
}

func TestAcknowledgeFromThePage(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := open(t, w, "ana", web.Responder)
	has(t, b.follow("/pages/"+id+"/acknowledge", nil), "You have it. Nobody else is woken", "Acknowledged by Ana", "Somebody has it: nothing more happens by itself.")
	if p, _ := w.Page(t.Context(), id); p.Status != page.Acknowledged || p.AckedBy != "Ana" {
		t.Errorf("the page is %s by %q", p.Status, p.AckedBy)
	}
	other := open(t, w, "bo", web.Responder)
	has(t, other.follow("/pages/"+id+"/acknowledge", nil), "Ana acknowledged it already")
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	for _, c := range []struct {
		role web.Role
		path string
		want int
	}{
		{web.Viewer, "/pages/" + id + "/acknowledge", http.StatusForbidden},
		{web.Viewer, "/incidents", http.StatusForbidden},
		{web.Viewer, "/people/ana/contacts/mail/remove", http.StatusForbidden},
		{web.Responder, "/integrations", http.StatusForbidden},
		{web.Responder, "/plan/edit", http.StatusForbidden},
		{web.Responder, "/plan/versions/1/restore", http.StatusForbidden},
		{web.Responder, "/people/ana/contacts/mail/remove", http.StatusForbidden},
		{"", "/pages/" + id + "/acknowledge", http.StatusForbidden},
	} {
		if got := open(t, w, "emil", c.role).post(c.path, nil).Code; got != c.want {
			t.Errorf("%s POST %s: %d, want %d", c.role, c.path, got, c.want)
		}
	}
	stranger := open(t, w, "ana", web.Admin)
	stranger.jar = map[string]string{}
	if rec := stranger.get("/alerts?q=x"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/signin?to=%2Falerts%3Fq%3Dx" {
		t.Errorf("a stranger gets %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	if p, _ := w.Page(t.Context(), id); p.Status != page.Triggered {
		t.Error("somebody without the role moved the page")
	}
}

func TestAnotherSiteCannotPressAButton(t *testing.T) {
	t.Parallel()
	w, id := burning(t)
	b := open(t, w, "ana", web.Admin)
	r := httptest.NewRequest("POST", "http://localhost/pages/"+id+"/acknowledge", nil)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if rec := b.do(r); rec.Code != http.StatusForbidden {
		t.Errorf("a cross-site POST is answered %d", rec.Code)
	}
	if p, _ := w.Page(t.Context(), id); p.Status != page.Triggered {
		t.Error("a cross-site POST acknowledged the page")
	}
}

func TestIncidentFromDeclaringToMerging(t *testing.T) {
	t.Parallel()
	b := open(t, sample.Busy(), "ana", web.Responder)
	bad := b.post("/incidents", url.Values{"title": {"  "}, "severity": {"2"}, "summary": {"we keep what you typed"}})
	if bad.Code != http.StatusUnprocessableEntity {
		t.Errorf("an incident without a title: %d", bad.Code)
	}
	has(t, text(t, bad.Body), "1 thing to mend", "say in a few words what is wrong", "we keep what you typed")
	has(t, b.follow("/incidents", url.Values{"title": {"Lights are out"}, "severity": {"2"}}), "INC-4 is declared", "SEV2", "Lights are out")
	has(t, b.follow("/incidents/INC-4/note", url.Values{"text": {"the fuse is blown"}}), "the fuse is blown", "Ana wrote it")
	has(t, b.follow("/incidents/INC-4/severity", url.Values{"severity": {"SEV4"}}), "lowering a severity needs a reason")
	has(t, b.follow("/incidents/INC-4/severity", url.Values{"severity": {"SEV4"}, "reason": {"one room only"}}), "SEV4, was SEV2", "one room only")
	has(t, b.follow("/incidents/INC-4/status", url.Values{"status": {"resolved"}}), "Resolved")
	has(t, b.follow("/incidents/INC-4/status", url.Values{"status": {"mitigating"}}), "Reopened, mitigating")
	has(t, b.follow("/incidents/INC-4/responders", url.Values{"target": {"user/bo"}}), "Asked. They are being paged.", "Asked for help: user/bo")
	has(t, b.follow("/incidents/INC-4/responders", url.Values{"target": {"user/nobody"}}), "nobody here is called user/nobody")
	has(t, b.follow("/incidents/INC-4/merge", url.Values{"into": {"INC-2"}}), "Merged into INC-2")
}

func TestResolvedIncidentSaysHowLongItTook(t *testing.T) {
	t.Parallel()
	has(t, text(t, open(t, sample.Calm(), "ana", web.Viewer).get("/incidents/INC-1").Body), "took 30 min, over 1 day ago")
}

func TestSilencePreviewPutExtendEnd(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	b := open(t, w, "ana", web.Responder)
	has(t, text(t, b.get("/silences/new?matchers="+url.QueryEscape(`cluster="fra-1"`)).Body), "Would mute now", "5 alerts")
	form := url.Values{"matchers": {`alertname=~"("`}, "start": {"2026-10-21T03:07"}, "end": {"2026-10-21T05:00"}, "comment": {"noise"}}
	has(t, text(t, b.post("/silences", form).Body), "1 thing to mend", "Which alerts")
	form.Set("matchers", `alertname="PaymentErrors"`)
	form.Set("end", "2026-10-21T03:00")
	has(t, text(t, b.post("/silences", form).Body), "Until: it must end after it starts")
	form.Set("end", "2026-10-21T05:00")
	has(t, b.follow("/silences", form), "The silence is in force", `alertname="PaymentErrors"`, "noise", "05:00 CEST")
	id := ""
	for _, s := range w.Board().Silences {
		if s.Comment == "noise" {
			id = s.ID
		}
	}
	has(t, b.follow("/silences/"+id+"/extend", url.Values{"by": {"1h"}}), "Extended by 1h", "06:00 CEST")
	has(t, b.follow("/silences/"+id+"/end", nil), "Ended. What still fires is told now.")
	has(t, text(t, b.post("/maintenance", url.Values{"start": form["start"], "end": form["end"], "comment": {"x"}}).Body), "a maintenance window names at least one service")
	has(t, b.follow("/maintenance", url.Values{"services": {"search"}, "start": form["start"], "end": form["end"], "comment": {"re-index"}}), "Maintenance of Search", "re-index")
}

func TestOverrideShowsTheDifferenceBeforeItIsInForce(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	b := open(t, w, "bo", web.Responder)
	form := url.Values{"kind": {"replace"}, "user": {"bo"}, "replaces": {"ana"}, "start": {"2026-10-22T10:00"}, "end": {"2026-10-22T18:00"}, "comment": {"swap"}}
	before := len(w.Board().Overrides)
	form.Set("preview", "1")
	has(t, text(t, b.get("/schedules/storefront-primary?"+form.Encode()).Body), "Thu 22 Oct 10:00 to 18:00 CEST: you instead of Ana")
	if len(w.Board().Overrides) != before {
		t.Error("a preview put something in force")
	}
	has(t, b.follow("/schedules/storefront-primary/overrides", form), "In force: Bo takes over from Ana.")
	form.Set("end", "2026-10-22T09:00")
	has(t, text(t, b.post("/schedules/storefront-primary/overrides", form).Body), "it must end after it starts")
}

// The hour that is repeated when summer time ends is drawn and said.
func TestScheduleMarksTheDayOfTheClockChange(t *testing.T) {
	t.Parallel()
	has(t, text(t, open(t, sample.Busy(), "ana", web.Viewer).get("/schedules/platform").Body), "25 h", "no layer is on at this time", "Nobody")
}

func TestIntegrationKeyIsShownOnceAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := open(t, w, "ana", web.Admin)
	rec := b.post("/integrations", url.Values{"type": {"pagerduty"}, "name": {"Old Nagios & friends"}})
	key := regexp.MustCompile(`<pre id="key" tabindex="0">([a-z2-7]{32})</pre>`).FindStringSubmatch(rec.Body.String())
	if rec.Code != http.StatusOK || key == nil {
		t.Fatalf("no key in the answer, %d", rec.Code)
	}
	sum := sha256.Sum256([]byte(key[1]))
	in := w.Plan().Integration("old-nagios-friends")
	if in == nil || in.KeyHash != hex.EncodeToString(sum[:]) {
		t.Fatalf("the plan holds %+v", in)
	}
	if again := b.get("/integrations/old-nagios-friends").Body.String(); strings.Contains(again, key[1]) {
		t.Error("the key is shown a second time")
	}
	has(t, b.follow("/integrations/old-nagios-friends/remove", url.Values{"name": {"wrong"}}), "type its id")
	has(t, b.follow("/integrations/old-nagios-friends/remove", url.Values{"name": {"old-nagios-friends"}}), "its key is refused from now on")
}

func TestPlanIsSavedOnlyOnTopOfWhatWasRead(t *testing.T) {
	t.Parallel()
	w := sample.Calm()
	b := open(t, w, "ana", web.Admin)
	source, _ := sample.Rooms{}.Encode(w.Plan())
	changed := strings.Replace(source, `"after": "5m"`, `"after": "4m"`, 1)
	form := url.Values{"source": {changed}, "base": {"1"}, "comment": {"sooner"}, "do": {"save"}}
	if rec := b.post("/plan/edit", form); rec.Code != http.StatusConflict {
		t.Errorf("saving over a newer version: %d", rec.Code)
	}
	form.Set("base", "2")
	form.Set("do", "check")
	has(t, text(t, b.post("/plan/edit", form).Body), `- "after": "5m"`, `+ "after": "4m"`)
	if w.Plan().Version != 2 {
		t.Fatal("a check saved")
	}
	form.Set("do", "save")
	has(t, b.follow("/plan/edit", form), "Saved as v3")
	has(t, b.follow("/plan/versions/2/restore", nil), "again what it was in v2", "v4: back to v2")
	form.Set("source", "{")
	if rec := b.post("/plan/edit", form); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a broken plan: %d", rec.Code)
	}
}

func TestContactIsVerifiedByItsCode(t *testing.T) {
	t.Parallel()
	w := sample.Busy()
	b := open(t, w, "emil", web.Viewer)
	has(t, text(t, b.get("/me").Body), "Not verified")
	has(t, b.follow("/people/emil/contacts/mail/verify", nil), "A code is on its way to mail", "Enter the code")
	has(t, b.follow("/people/emil/contacts/mail/prove", url.Values{"code": {"000"}}), "That was not the code")
	rows, _ := w.Notifications(t.Context(), filterUser("emil"))
	has(t, b.follow("/people/emil/contacts/mail/prove", url.Values{"code": {rows[0].Message.Code}}), "mail is verified")
	if body := b.get("/me").Body.String(); strings.Contains(body, rows[0].Message.Code) {
		t.Error("the inbox shows a verification code: whoever is signed in could verify a contact that is not theirs")
	}
	has(t, b.follow("/people/emil/contacts/mail/test", nil), "A test is on its way to mail", "This is a test from Tocsin")
}

func TestFirstRunMakesAnAdminWhoCanBeTold(t *testing.T) {
	t.Parallel()
	w := sample.Fresh()
	site, err := sample.Site(w, &sample.Auth{First: true})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, site: site, jar: map[string]string{}}
	if rec := b.get("/"); rec.Header().Get("Location") != "/setup" {
		t.Errorf("a fresh Tocsin leads to %q", rec.Header().Get("Location"))
	}
	form := url.Values{"name": {"Ana"}, "user": {"ana"}, "email": {"ana@example.org"}, "zone": {"Europe/Nowhere"}, "password": {"short"}}
	has(t, text(t, b.post("/setup", form).Body), "no time zone has this name")
	form.Set("zone", "Europe/Berlin")
	rec := b.post("/setup", form)
	has(t, text(t, rec.Body), "a password has at least 10 characters")
	if strings.Contains(rec.Body.String(), `value="short"`) {
		t.Error("a password is sent back")
	}
	form.Set("password", "a sentence is fine")
	has(t, b.follow("/setup", form), "Welcome")
	u := w.Plan().User("ana")
	if u == nil || len(u.Contacts) == 0 || len(w.Plan().Fallback) != 1 {
		t.Errorf("the plan holds %+v, fallback %v", u, w.Plan().Fallback)
	}
}

func TestBrowserIsSubscribedOnceForAllOfAPersonsBrowsers(t *testing.T) {
	t.Parallel()
	w := sample.Fresh()
	next := sample.ShopPlan()
	next.Users[0].Contacts, next.Users[0].High = next.Users[0].Contacts[2:], nil
	if _, err := w.SavePlan(t.Context(), "ana", "mail only", next); err != nil {
		t.Fatal(err)
	}
	b := open(t, w, "ana", web.Responder)
	form := url.Values{"endpoint": {"https://push.example.org/1"}, "p256dh": {"x"}, "auth": {"y"}}
	has(t, b.follow("/me/push", form), "This browser gets your pages now", "Push to a browser")
	form.Set("endpoint", "https://push.example.org/2")
	b.follow("/me/push", form)
	if n := len(w.Plan().User("ana").Contacts); n != 2 {
		t.Errorf("ana has %d contacts, want mail and push", n)
	}
	has(t, b.follow("/me/push", url.Values{}), "handed over no subscription")
}
