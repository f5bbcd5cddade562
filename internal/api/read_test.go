package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/internal/api/apitest"
	"tocsin/internal/auth"
	"tocsin/internal/core/signal"
)

func TestAlertsAreListedFilteredAndPaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 5 {
		r.fire(fmt.Sprintf("web-%d", i), signal.Labels{"env": "prod", "n": fmt.Sprint(i)})
		if err := r.world.Pass(time.Second); err != nil {
			t.Fatal(err)
		}
	}
	r.fire("db", signal.Labels{"team": "database"})
	var seen []string
	path := "/alerts?limit=2&q=IS%20DOWN"
	for next := ""; ; {
		page := r.get(path + next).want(200)
		for i := range page.len("items") {
			seen = append(seen, page.text(fmt.Sprintf("items.%d.dedup_key", i)))
		}
		if page.text("next") == "" {
			break
		}
		next = "&before=" + page.text("next")
	}
	if got := strings.Join(seen, " "); got != "db web-4 web-3 web-2 web-1 web-0" {
		t.Errorf("paged through %s", got)
	}
	for query, want := range map[string]int{
		"status=firing": 6, "status=resolved": 0, "service=database": 1, "severity=critical": 6, "severity=info": 0, "q=web-3": 1,
		`matcher=env%3D%22prod%22%2Cn%3D~%221%7C2%22`: 2, "since=2026-01-05T09:00:04Z": 2,
	} {
		if n := r.get("/alerts?" + query).want(200).len("items"); n != want {
			t.Errorf("%s finds %d alerts, want %d", query, n, want)
		}
	}
	r.get("/alerts?matcher=%7Ba").problem(400, "matcher", "matchers")
	r.get("/alerts?status=burning").problem(400, "status", "expected value to be one of")
	r.get("/alerts?limit=0").problem(400, "limit", ">= 1")
	r.get("/alerts?stauts=firing").problem(400, "stauts", "unknown query parameter")
}

func TestOneAlertAndItsTimeline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, _ := r.fire("front", signal.Labels{"env": "prod"})
	r.get("/alerts/"+id).want(200).has("status", "firing").has("service", "shop").has("labels.env", "prod")
	tl := r.get("/alerts/" + id + "/timeline").want(200)
	if tl.text("items.0.kind") != "alert.fired" || tl.text("items.0.why.code") != "first-of-key" {
		t.Errorf("timeline begins with %s", tl.body)
	}
	first := r.get("/alerts/" + id + "/timeline?limit=1").want(200)
	rest := r.get("/alerts/" + id + "/timeline?after=" + first.text("next")).want(200)
	if rest.len("items") != tl.len("items")-1 {
		t.Errorf("reading on gives %d entries of %d", rest.len("items"), tl.len("items"))
	}
	r.as(auth.Responder, "POST", "/alerts/"+id+"/resolve", "").want(200).has("status", "resolved")
	r.post("/alerts/"+id+"/resolve", "").problem(409, "", "resolved already")
	for _, path := range []string{"/alerts/nope", "/alerts/nope/timeline"} {
		r.get(path).problem(404, "", `"nope"`)
	}
}

func TestWhoIsOnCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.get("/oncall").want(200).has("items.0.schedule", "primary").has("items.0.on.0.user", "ana").has("items.0.next_change", "2026-01-12T09:00:00+01:00")
	r.get("/oncall?at=2026-01-13T00:00:00Z").want(200).has("items.0.on.0.user", "bo")
	nobody := r.get("/oncall?at=2026-01-01T00:00:00Z").want(200)
	if nobody.len("items.0.on") != 0 || nobody.text("items.0.nobody.text") == "" {
		t.Errorf("nobody on call is not explained: %s", nobody.body)
	}
	c := r.get("/schedules/primary?from=2026-01-04T00:00:00Z&to=2026-01-20T00:00:00Z").want(200)
	c.has("shifts.0.user", "ana").has("shifts.1.user", "bo").has("gaps.0.start", "2026-01-04T01:00:00+01:00").has("layers.0.name", "week")
	r.get("/schedules/nope").problem(404, "", "nope")
	r.get("/schedules/primary?from=2026-01-04T00:00:00Z&to=2026-01-03T00:00:00Z").problem(400, "to", "ends after it starts")
	r.get("/schedules/primary?to=2027-01-03T00:00:00Z").problem(400, "to", "100 days")
	r.get("/schedules/primary?to=soon").problem(400, "to", "")
}

func TestNoSecretEverLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	if err := r.world.Pass(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	r.as(auth.Responder, "POST", "/users/bo/contacts/hook/verify", "").want(202)
	var code string
	for _, s := range r.world.Sent() {
		if s.Message.Code != "" {
			code = s.Message.Code
		}
	}
	if len(code) != 6 {
		t.Fatalf("the code that was sent is %q", code)
	}
	for _, path := range []string{"/users", "/users/bo", "/plan", "/plan.yaml", "/plan/versions/1", "/plan/versions/1/diff", "/journal", "/notifications",
		"/pages/" + page + "/notifications", "/integrations", "/checks", "/pages", "/status", "/accounts"} {
		body := string(r.get(path).want(200).body)
		if strings.Contains(body, apitest.Secret) || strings.Contains(body, "example.com/ops") {
			t.Errorf("%s gives a channel's secret away", path)
		}
		if strings.Contains(body, code) || strings.Contains(body, "argon2") {
			t.Errorf("%s gives a code or a password hash away", path)
		}
	}
	r.get("/users/bo").has("contacts.1.settings.secret", "env:(secret)").has("contacts.1.verified", false)
	r.get("/notifications?user=bo").want(200)
}

func TestStatusCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	r.get("/status").want(200).has("ok", true).has("version", "1.2.3").has("plan", 1).has("firing_alerts", 1).has("triggered_pages", 1)
	r.post("/pages/"+page+"/acknowledge", "").want(200)
	r.get("/status").want(200).has("triggered_pages", 0).has("acknowledged_pages", 1)
	r.get("/services").want(200).has("items.0.id", "shop").has("items.0.open_pages", 1)
	r.get("/services/shop").want(200).has("policy", "shop")
	r.get("/services/nope").problem(404, "", "nope")
}

func TestHeartbeatsAndChecks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.get("/heartbeats").want(200).has("items.0.state", "waiting")
	r.as(auth.Responder, "POST", "/heartbeats/backup/ping", "").want(200).has("state", "beating").has("late_at", "2026-01-05T10:05:00Z")
	if err := r.world.Pass(66 * time.Minute); err != nil {
		t.Fatal(err)
	}
	r.get("/heartbeats").want(200).has("items.0.state", "missed")
	r.post("/heartbeats/nope/ping", "").problem(404, "", "nope")
	r.get("/checks").want(200).has("items.0.id", "front").has("items.0.state", "unknown").has("items.0.recent.1.reason", "status 503 of front")
	r.get("/checks/front").want(200).has("type", "http")
	r.get("/checks/nope").problem(404, "", "nope")
}

func TestJournalIsReadOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	empty := r.get("/journal").want(200)
	if empty.len("items") != 0 || empty.text("next") != "0" {
		t.Fatalf("an empty journal answers %s", empty.body)
	}
	r.fire("front", nil)
	all := r.get("/journal").want(200)
	n := all.len("items")
	if n < 5 || all.text("next") != fmt.Sprint(n) {
		t.Fatalf("journal of %d entries, next %s", n, all.text("next"))
	}
	two := r.get("/journal?limit=2").want(200)
	if two.len("items") != 2 || two.text("next") != "2" {
		t.Errorf("two entries: %s", two.body)
	}
	if rest := r.get("/journal?after=2").want(200); rest.len("items") != n-2 {
		t.Errorf("after two there are %d entries of %d", rest.len("items"), n)
	}
	r.get("/journal?after=-1").want(200).has("items.0.pos", n)
	at := r.get("/journal?after=" + all.text("next")).want(200)
	if at.len("items") != 0 || at.text("next") != all.text("next") {
		t.Errorf("at the end: %s", at.body)
	}
}
