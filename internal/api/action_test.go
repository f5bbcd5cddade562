package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tocsin/internal/auth"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/signal"
)

func TestAPageIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	alert, page := r.fire("front", nil)
	r.get("/pages/"+page).want(200).has("status", "triggered").has("step", "1").has("next", "rung").has("first_alert", alert).
		has("messages.0.user", "ana").has("messages.0.outcome", "delivered")
	r.as(auth.Responder, "POST", "/pages/"+page+"/escalate", "").want(200).has("step", "2").has("messages.1.user", "bo")
	r.as(auth.Responder, "POST", "/pages/"+page+"/acknowledge", "").want(200).has("status", "acknowledged").has("acknowledged_by", "Bo")
	r.as(auth.Responder, "POST", "/pages/"+page+"/acknowledge", "").want(200)
	r.post("/pages/"+page+"/acknowledge", "").problem(409, "", "Bo acknowledged it already")
	r.post("/pages/"+page+"/resolve", "").want(200).has("status", "resolved").has("resolved_by", "Ana")
	r.get("/alerts/"+alert).want(200).has("status", "resolved")
	r.post("/pages/"+page+"/resolve", "").problem(409, "", "resolved already")
	if n := r.get("/pages/" + page + "/notifications").want(200).len("items"); n != 4 {
		t.Errorf("%d messages, want two pages and two ends", n)
	}
	tl := r.get("/pages/" + page + "/timeline").want(200)
	if !strings.Contains(string(tl.body), `"page.acknowledged"`) || !strings.Contains(string(tl.body), `"via":"api"`) {
		t.Errorf("the timeline does not say who answered by which road: %s", tl.body)
	}
	for _, verb := range []string{"acknowledge", "escalate", "resolve"} {
		r.post("/pages/nope/"+verb, "").problem(404, "", "nope")
	}
	for _, path := range []string{"/pages/nope", "/pages/nope/timeline", "/pages/nope/notifications", "/pages/nope/why?user=ana", "/pages/nope/ahead"} {
		r.get(path).problem(404, "", "nope")
	}
}

func TestWhyAPersonWasToldOrNot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	why := func(user string) string {
		return r.get("/pages/" + page + "/why?user=" + user).want(200).text("sentence")
	}
	for user, want := range map[string]string{
		"ana":  "Ana was told by inbox at 2026-01-05 09:00:00 UTC, step 1, being on call in schedule primary",
		"bo":   "Bo has not been told yet: inbox (inapp) comes at 2026-01-05 09:05:00 UTC if nobody answers",
		"chen": "Chen has not been told yet: inbox (inapp) comes at 2026-01-05 09:10:00 UTC",
	} {
		if s := why(user); !strings.Contains(s, want) {
			t.Errorf("why %s: %s\nwant %s", user, s, want)
		}
	}
	ahead := r.get("/pages/" + page + "/ahead?horizon=6m").want(200)
	if ahead.len("items") == 0 || ahead.text("items.0.after") != "5m" {
		t.Errorf("ahead: %s", ahead.body)
	}
	r.post("/pages/"+page+"/acknowledge", "").want(200)
	if s := why("bo"); !strings.Contains(s, "Bo stands on step 2 (named in person), and Ana acknowledged at 2026-01-05 09:00:00 UTC") {
		t.Error(s)
	}
	r.get("/pages/"+page+"/why?user=nobody").problem(404, "user", "nobody")
	r.get("/pages/"+page+"/why").problem(400, "user", "required")
	r.get("/pages/"+page+"/ahead?horizon=long").problem(400, "horizon", "long")
}

func TestAnIncidentFromDeclarationToEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	r.post("/incidents", fmt.Sprintf(`{"title":"Shop is down","severity":"sev2","service":"shop","page":%q}`, page)).want(201).
		has("id", "INC-1").has("severity", "SEV2").has("status", "declared").has("pages.0", page)
	r.post("/incidents", fmt.Sprintf(`{"title":"Again","severity":"SEV2","page":%q}`, page)).problem(409, "page", "INC-1")
	r.post("/incidents/INC-1/severity", `{"severity":"SEV1"}`).want(200).has("severity", "SEV1")
	r.post("/incidents/INC-1/severity", `{"severity":"SEV4"}`).problem(400, "reason", "lowering")
	r.post("/incidents/INC-1/severity", `{"severity":"SEV9"}`).problem(400, "severity", "SEV9")
	r.post("/incidents/INC-1/status", `{"status":"mitigating"}`).want(200).has("status", "mitigating")
	r.post("/incidents/INC-1/status", `{"status":"merged"}`).problem(400, "status", "expected value")
	r.post("/incidents/INC-1/rename", `{"title":"Shop and till are down"}`).want(200).has("title", "Shop and till are down")
	r.post("/incidents/INC-1/rename", `{"title":" "}`).problem(400, "title", "not empty")
	r.post("/incidents/INC-1/notes", `{"text":"rolled back"}`).want(200)
	r.post("/incidents/INC-1/notes", `{"text":""}`).problem(400, "text", "not empty")
	r.post("/incidents/INC-1/responders", `{"targets":["user/chen"]}`).want(200).has("responders.0.target", "user/chen")
	r.post("/incidents/INC-1/responders", `{"targets":["user/nobody"]}`).problem(400, "targets[0]", "nobody")
	r.post("/incidents/INC-1/responders", `{"targets":["ana"]}`).problem(400, "targets[0]", "not a target")
	r.post("/incidents/INC-1/link", `{"page":"nope"}`).problem(400, "page", "nope")
	if n := r.get("/incidents/INC-1/pages").want(200).len("items"); n != 2 {
		t.Errorf("%d pages, want that of the alert and that of the summons", n)
	}
	if tl := r.get("/incidents/INC-1/timeline").want(200); !strings.Contains(string(tl.body), "rolled back") {
		t.Errorf("the note is not in the timeline: %s", tl.body)
	}
	r.post("/incidents", `{"title":"The same","severity":"3"}`).want(201).has("id", "INC-2")
	r.post("/incidents/INC-2/merge", `{"into":"INC-9"}`).problem(404, "", "INC-9")
	r.post("/incidents/INC-2/merge", `{"into":"INC-1"}`).want(200).has("merged_into", "INC-1")
	r.get("/incidents").want(200).has("items.0.id", "INC-2").has("items.1.merged.0", "INC-2")
	r.get("/incidents?open=true").want(200).has("items.0.id", "INC-1")
	r.get("/incidents?limit=1").want(200).has("next", "INC-2")
	r.get("/incidents?before=INC-2").want(200).has("items.0.id", "INC-1")
	r.get("/incidents?before=x").problem(400, "before", "x")
	r.get("/incidents?severity=x").problem(400, "severity", "x")
	r.get("/incidents/INC-7").problem(404, "", "INC-7")
	r.get("/incidents/7/timeline").problem(404, "", `"7"`)
	r.post("/incidents/INC-7/notes", `{"text":"x"}`).problem(404, "", "INC-7")
	r.post("/incidents", `{"title":"x","severity":"SEV1","service":"nope"}`).problem(400, "service", "nope")
	r.post("/incidents", `{"title":"x","severity":"SEV1","page":"nope"}`).problem(404, "", "nope")
}

func TestSilences(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", signal.Labels{"env": "prod"})
	r.fire("other", signal.Labels{"env": "dev", "team": "noise"})
	r.as(auth.Viewer, "POST", "/silences/preview", `{"matchers":["service=\"shop\", env=\"prod\""]}`).want(200).has("firing", 2).has("muted", 1).has("items.0.dedup_key", "front")
	s := r.post("/silences", `{"matchers":["env=\"prod\""],"comment":"deploy","duration":"1h"}`).want(201).
		has("status", "active").has("ends_at", "2026-01-05T10:00:00Z").has("created_by", "ana").has("matchers.0", `{env="prod"}`)
	id := s.text("id")
	r.get("/pages/"+page).has("status", "muted").has("muted_by", "silence "+id)
	r.post("/silences/"+id+"/extend", `{"duration":"2h"}`).want(200).has("ends_at", "2026-01-05T11:00:00Z").has("comment", "deploy")
	r.as(auth.Responder, "PUT", "/silences/"+id, `{"matchers":["env=\"prod\""],"comment":"longer deploy","ends_at":"2026-01-05T12:00:00Z"}`).want(200).has("comment", "longer deploy")
	r.post("/silences", `{"matchers":["env=\"prod\""],"comment":"later","starts_at":"2026-01-06T00:00:00Z","duration":"1h"}`).want(201).has("status", "pending").has("ends_at", "2026-01-06T01:00:00Z")
	r.post("/silences/"+id+"/expire", "").want(200).has("status", "expired")
	r.post("/silences/"+id+"/expire", "").problem(409, "", "over already")
	r.post("/silences/"+id+"/extend", `{"duration":"2h"}`).problem(409, "", "over")
	for query, want := range map[string]int{"": 1, "?status=expired": 1, "?status=active": 0, "?status=pending": 1} {
		if n := r.get("/silences" + query).want(200).len("items"); n != want {
			t.Errorf("silences%s: %d, want %d", query, n, want)
		}
	}
	r.get("/silences/"+id).want(200).has("status", "expired")
	for body, p := range map[string][2]string{
		`{"matchers":["env=~\".*\""],"comment":"c","duration":"1h"}`:                                     {"matchers", "without any label"},
		`{"matchers":["env"],"comment":"c","duration":"1h"}`:                                             {"matchers[0]", ""},
		`{"matchers":[],"comment":"c","duration":"1h"}`:                                                  {"matchers", "length"},
		`{"matchers":["env=\"a\""],"comment":"","duration":"1h"}`:                                        {"comment", "say why"},
		`{"matchers":["env=\"a\""],"comment":"c"}`:                                                       {"ends_at", "until when"},
		`{"matchers":["env=\"a\""],"comment":"c","duration":"1h","ends_at":"2027-01-01T00:00:00Z"}`:      {"duration", "not both"},
		`{"matchers":["env=\"a\""],"comment":"c","duration":"-1h"}`:                                      {"duration", "-1h"},
		`{"matchers":["env=\"a\""],"comment":"c","ends_at":"2020-01-01T00:00:00Z"}`:                      {"ends_at", "must end"},
		`{"matchers":["env=\"a\""],"comment":"c","ends_at":"tomorrow"}`:                                  {"ends_at", "date-time"},
		`{"matchers":["env=\"a\""],"comment":"c","duration":"1h","created_by":"somebody else entirely"}`: {"created_by", "unexpected property"},
	} {
		r.post("/silences", body).problem(400, p[0], p[1])
	}
	r.as(auth.Responder, "PUT", "/silences/nope", `{"matchers":["a=\"b\""],"comment":"c","duration":"1h"}`).problem(404, "", "nope")
	r.post("/silences/nope/extend", `{"duration":"1h"}`).problem(404, "", "nope")
	r.post("/silences/nope/expire", "").problem(404, "", "nope")
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	r.post("/maintenance/preview", `{"services":["shop"]}`).want(200).has("muted", 1)
	m := r.post("/maintenance", `{"services":["shop"],"comment":"move","duration":"30m"}`).want(201).has("status", "active")
	r.get("/pages/"+page).has("status", "muted")
	r.get("/services/shop").has("maintenance.0", m.text("id"))
	r.as(auth.Responder, "PUT", "/maintenance/"+m.text("id"), `{"services":["shop","database"],"comment":"move","duration":"1h"}`).want(200).has("services.1", "database")
	r.get("/maintenance").want(200).has("items.0.id", m.text("id"))
	r.post("/maintenance/"+m.text("id")+"/expire", "").want(200).has("status", "expired")
	r.as(auth.Responder, "PUT", "/maintenance/"+m.text("id"), `{"services":["shop"],"comment":"move","duration":"1h"}`).problem(409, "", "over")
	r.get("/maintenance?status=expired").want(200).has("items.0.comment", "move")
	r.get("/maintenance/" + m.text("id")).want(200)
	r.post("/maintenance", `{"services":["nope"],"comment":"c","duration":"1h"}`).problem(400, "services", "nope")
	r.get("/maintenance/nope").problem(404, "", "nope")
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.post("/overrides", `{"schedule":"primary","kind":"replace","user":"chen","replaces":"ana","comment":"swap","duration":"8h"}`).want(201).has("status", "active").has("created_by", "ana")
	r.get("/oncall").has("items.0.on.0.user", "chen").has("items.0.on.0.override", o.text("id"))
	r.get("/overrides?schedule=primary").want(200).has("items.0.id", o.text("id"))
	if r.get("/overrides?schedule=other").want(200).len("items") != 0 {
		t.Error("another schedule has this override too")
	}
	r.post("/overrides/"+o.text("id")+"/end", "").want(200).has("status", "expired")
	r.get("/oncall").has("items.0.on.0.user", "ana")
	r.post("/overrides/nope/end", "").problem(404, "", "nope")
	for body, p := range map[string][2]string{
		`{"schedule":"nope","kind":"add","user":"bo","duration":"1h"}`:                        {"schedule", "nope"},
		`{"schedule":"primary","kind":"swap","user":"bo","duration":"1h"}`:                    {"kind", "expected value"},
		`{"schedule":"primary","kind":"add","duration":"1h"}`:                                 {"user", "needs a user"},
		`{"schedule":"primary","kind":"add","user":"nobody","duration":"1h"}`:                 {"user", "nobody"},
		`{"schedule":"primary","kind":"add","user":"bo","ends_at":"2020-01-01T00:00:00Z"}`:    {"ends_at", "ends after"},
		`{"schedule":"primary","kind":"replace","user":"bo","replaces":"bo","duration":"1h"}`: {"user", "own place"},
	} {
		r.post("/overrides", body).problem(400, p[0], p[1])
	}
}

func TestContactsAreProvedByTheirOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const hook = "/users/bo/contacts/hook"
	r.as(auth.Responder, "POST", hook+"/prove", `{"code":"123456"}`).problem(409, "code", "no code")
	r.as(auth.Responder, "POST", hook+"/verify", "").want(202)
	sent := r.world.Sent()
	code := sent[len(sent)-1].Message.Code
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	r.as(auth.Responder, "POST", hook+"/prove", fmt.Sprintf(`{"code":%q}`, wrong)).problem(400, "code", "not the code")
	r.as(auth.Responder, "POST", hook+"/prove", fmt.Sprintf(`{"code":%q}`, code)).want(200).has("contacts.1.verified", true)
	r.as(auth.Viewer, "POST", hook+"/verify", "").problem(403, "", "only bo or an admin")
	r.as(auth.Viewer, "POST", hook+"/test", "").problem(403, "", "only bo or an admin")
	r.as(auth.Viewer, "POST", "/users/chen/contacts/inbox/test", "").want(202)
	r.post(hook+"/test", "").want(202)
	r.post("/users/bo/contacts/nope/test", "").problem(404, "", "bo/nope")
	r.post("/channels/ops/test", "").want(202)
	r.post("/channels/nope/test", "").problem(404, "", "nope")
	sent = r.world.Sent()
	if last := sent[len(sent)-1]; last.Contact.String() != "channel:ops" || last.Message.Kind != "test" {
		t.Errorf("the channel's test went to %s as %s", last.Contact, last.Message.Kind)
	}
}

func TestAnIntegrationIsMadeAndItsKeyShownOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made := r.post("/integrations", `{"id":"pd","type":"pagerduty","service":"shop","resolve_timeout":"1h"}`).want(201).has("has_key", true)
	key := made.text("key")
	if len(key) != 32 || !strings.Contains(made.text("snippet"), key) {
		t.Errorf("key %q, snippet %q", key, made.text("snippet"))
	}
	if in := r.world.Plan().Integration("pd"); in == nil || len(in.KeyHash) != 64 || strings.Contains(in.KeyHash, key) {
		t.Errorf("in the plan: %+v", in)
	}
	if body := r.get("/integrations").want(200).body; strings.Contains(string(body), key) {
		t.Error("the list gives the key away")
	}
	was := r.world.Plan().Integration("pd").KeyHash
	again := r.post("/integrations/pd/rotate", "").want(200)
	if again.text("key") == key || r.world.Plan().Integration("pd").KeyHash == was {
		t.Error("the key did not change")
	}
	r.post("/integrations", `{"id":"pd","type":"pagerduty"}`).problem(409, "id", "pd")
	r.post("/integrations", `{"id":"x y","type":"pagerduty"}`).problem(400, "id", "letters")
	r.post("/integrations", `{"id":"x","type":"fax"}`).problem(400, "type", "fax")
	r.post("/integrations", `{"id":"x","type":"pagerduty","service":"nope"}`).problem(400, "service", "nope")
	r.post("/integrations", `{"id":"x","type":"pagerduty","resolve_timeout":"x"}`).problem(400, "resolve_timeout", "x")
	r.as(auth.Admin, "DELETE", "/integrations/pd", "").want(204)
	r.as(auth.Admin, "DELETE", "/integrations/pd", "").problem(404, "", "pd")
	r.post("/integrations/pd/rotate", "").problem(404, "", "pd")
	r.fire("front", nil)
	r.get("/integrations").want(200).has("items.0.id", "prom").has("items.0.accepted", 1).has("items.0.title", "Alertmanager API v2")
}

func TestAccountsAndTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.as(auth.Viewer, "GET", "/me", "").want(200).has("id", "chen").has("role", "viewer")
	r.post("/accounts", `{"id":"Dee","role":"viewer","password":"three words do well","email":"dee@example.com"}`).want(201).has("id", "dee")
	r.post("/accounts", `{"id":"dee","role":"viewer","password":"three words do well"}`).problem(409, "user", "dee")
	r.post("/accounts", `{"id":"eve","role":"viewer","password":"short"}`).problem(400, "password", "at least 10")
	r.post("/accounts", `{"id":"eve","role":"king","password":"three words do well"}`).problem(400, "role", "expected value")
	r.post("/accounts/dee/role", `{"role":"responder"}`).want(200).has("role", "responder")
	r.post("/accounts/ana/role", `{"role":"viewer"}`).problem(409, "role", "last admin")
	r.post("/accounts/nope/role", `{"role":"viewer"}`).problem(404, "user", "nope")
	r.post("/accounts/dee/password", `{"password":"four other words here"}`).want(204)
	r.post("/accounts/dee/password", `{"password":"x"}`).problem(400, "password", "")
	r.post("/accounts/dee/disable", "").want(200).has("disabled", true)
	r.post("/accounts/nope/disable", "").problem(404, "user", "nope")
	r.get("/accounts").want(200)

	tok := r.as(auth.Responder, "POST", "/tokens", `{"name":"script","role":"viewer"}`).want(201)
	r.token["mine"] = tok.text("secret")
	r.as("mine", "GET", "/me", "").want(200).has("id", "bo").has("role", "viewer").has("token", tok.text("id"))
	r.as("mine", "POST", "/tokens", `{"name":"more","role":"responder"}`).problem(403, "role", "viewer here")
	r.as(auth.Responder, "POST", "/tokens", `{"name":"more","role":"admin"}`).problem(403, "role", "")
	r.as(auth.Responder, "POST", "/tokens", `{"name":"old","role":"viewer","expires":"2020-01-01T00:00:00Z"}`).problem(400, "expires", "past")
	if n := r.as(auth.Responder, "GET", "/tokens", "").want(200).len("items"); n != 2 {
		t.Errorf("%d tokens", n)
	}
	r.as(auth.Responder, "DELETE", "/tokens/"+tok.text("id"), "").want(204)
	r.as(auth.Responder, "DELETE", "/tokens/"+tok.text("id"), "").problem(404, "id", "")
	r.as("mine", "GET", "/me", "").problem(401, "", "revoked")
	r.post("/accounts/chen/password", `{"password":"correct horse battery"}`).want(204)
	r.as(auth.Viewer, "POST", "/me/password", `{"old":"not it at all","new":"three words do well"}`).problem(403, "old", "present password")
	r.as(auth.Viewer, "POST", "/me/password", `{"old":"correct horse battery","new":"three words do well"}`).want(204)
}

func TestExplainAnAlertThatMightCome(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.as(auth.Viewer, "POST", "/explain", `{"labels":{"team":"database"},"severity":"critical","integration":"prom"}`).want(200)
	a.has("route", "route database").has("service", "database").has("policy", "shop").has("urgency", "high")
	if !strings.Contains(string(a.body), `"text":"Ana is told by inbox (inapp)"`) {
		t.Errorf("Ana is not told: %s", a.body)
	}
	r.post("/explain", `{"labels":{"team":"noise"}}`).want(200).has("no_page", true).has("steps.0.kind", "recorded")
	r.post("/explain", `{"severity":"purple"}`).problem(400, "severity", "purple")
	r.post("/explain", `{"integration":"nope"}`).problem(400, "integration", "nope")
	r.post("/explain", `{"service":"nope"}`).problem(400, "service", "nope")
	r.post("/explain", `{"horizon":"8d"}`).problem(400, "horizon", "8d")
	r.post("/explain", `{"at":"noon"}`).problem(400, "at", "date-time")
}

const planYAML = `users:
  ana: {name: Ana, contacts: [{id: inbox, inapp: {}}]}
policies:
  all: {steps: [{notify: [user/ana]}]}
services:
  shop: {policy: all}
route: {service: shop}
fallback: [user/ana]
`

func TestAPlanIsJudgedAppliedAndRolledBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	yaml := r.get("/plan.yaml").want(200)
	if ct := yaml.header.Get("Content-Type"); ct != "application/yaml" {
		t.Errorf("a plan file of type %q", ct)
	}
	files := func(more map[string]any, text string, scenario string) string {
		f := map[string]string{"plan.yaml": text}
		if scenario != "" {
			f["scenarios/one.tocsin"] = scenario
		}
		body := map[string]any{"files": f}
		for k, v := range more {
			body[k] = v
		}
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	mine := strings.Replace(string(yaml.body), "name: Shop\n", "name: Corner shop\n", 1)
	j := r.as(auth.Responder, "POST", "/plan/validate", files(nil, mine, "")).want(200).has("ok", true)
	if !strings.Contains(j.text("diff.unified"), "+    name: Corner shop") || strings.Contains(string(j.body), "hunter2") {
		t.Errorf("judged: %s", j.body)
	}
	bad := r.post("/plan/validate", files(nil, "services:\n  shop: {policy: nope}\n", "")).want(200).has("ok", false)
	if bad.text("problems.0.file") != "plan.yaml" || bad.field("problems.0.line") != 2.0 {
		t.Errorf("a mistake is not placed: %s", bad.body)
	}
	r.post("/plan/apply", files(nil, "services:\n  shop: {policy: nope}\n", "")).problem(400, "files", "plan.yaml:2")
	r.post("/plan/apply", files(map[string]any{"base": 7}, mine, "")).problem(409, "base", "version 1 is in force")
	r.post("/plan/apply", `{"files":{}}`).problem(400, "files", "at least one")
	r.post("/plan/apply", `{"files":{"../x.yaml":"a"}}`).problem(400, "files", "inside")

	failing := "# nobody is told\nsend prom front trigger\nexpect nobody told\n"
	r.post("/plan/validate", files(nil, mine, failing)).want(200).has("ok", false).has("scenarios.0.file", "scenarios/one.tocsin").has("scenarios.0.ok", false)
	r.post("/plan/apply", files(nil, mine, failing)).problem(409, "files", "scenario")

	r.post("/plan/apply", files(map[string]any{"comment": "a better name", "base": 1}, mine, "")).want(200).has("version", 2).has("changed", true)
	if got := r.world.Plan().UserContact("bo", "hook").Settings["secret"]; got != "hunter2-very-secret" {
		t.Errorf("a plan that went out and came back lost its secret: %q", got)
	}
	r.post("/plan/apply", files(nil, mine, "")).want(200).has("version", 2).has("changed", false)
	r.get("/plan").want(200).has("version", 2).has("comment", "a better name").has("author", "ana")
	r.get("/plan/versions?limit=1").want(200).has("items.0.version", 2).has("next", "2")
	r.get("/plan/versions?before=2").want(200).has("items.0.version", 1)
	r.get("/plan/versions?before=x").problem(400, "before", "x")
	d := r.get("/plan/versions/2/diff").want(200).has("from", 1)
	if !strings.Contains(d.text("changes.0.sentence"), "Corner shop") {
		t.Errorf("diff in words: %s", d.body)
	}
	r.get("/plan/versions/9/diff").problem(404, "", "8")
	r.get("/plan/versions/9").problem(404, "", "9")
	r.post("/plan/apply", files(map[string]any{"force": true}, planYAML, failing)).want(200).has("version", 3)
	r.post("/plan/rollback", `{"version":1,"comment":"too fast"}`).want(200).has("version", 4)
	if r.world.Plan().Service("database") == nil {
		t.Error("the first plan is not in force again")
	}
	r.post("/plan/rollback", `{"version":99}`).problem(404, "", "99")
	r.post("/plan/apply", files(nil, strings.Replace(mine, "bo:", "bob:", 1), "")).want(400)
}

func TestAManagedPlanIsReadOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, managed)
	r.get("/plan").want(200).has("managed_by", "the folder /etc/tocsin")
	r.post("/plan/apply", `{"files":{"plan.yaml":"a: b"}}`).problem(409, "", "/etc/tocsin")
	r.post("/plan/rollback", `{"version":1}`).problem(409, "", "/etc/tocsin")
	r.post("/integrations", `{"id":"x","type":"pagerduty"}`).problem(409, "", "/etc/tocsin")
	r.post("/integrations/prom/rotate", "").problem(409, "", "/etc/tocsin")
	r.as(auth.Admin, "DELETE", "/integrations/prom", "").problem(409, "", "/etc/tocsin")
	r.post("/plan/validate", `{"files":{"plan.yaml":"a: b"}}`).want(200)
}

func TestADoorThatIsBusyOrAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, page := r.fire("front", nil)
	for _, x := range []struct {
		err    error
		status int
		wait   string
	}{{fmt.Errorf("later: %w", errBusy), 429, "1"}, {fmt.Errorf("sql: %w", ledger.ErrUnavailable), 503, "5"}, {fmt.Errorf("boom"), 500, ""}} {
		r.world.Refuse(x.err)
		got := r.post("/pages/"+page+"/acknowledge", "").want(x.status)
		if got.header.Get("Retry-After") != x.wait {
			t.Errorf("%v: Retry-After %q", x.err, got.header.Get("Retry-After"))
		}
		if strings.Contains(string(got.body), "boom") || strings.Contains(string(got.body), "sql") {
			t.Errorf("an inner error leaves the house: %s", got.body)
		}
	}
	r.world.Refuse(nil)
	r.post("/pages/"+page+"/acknowledge", "").want(200)
}
