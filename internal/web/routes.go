package web

import "net/http"

// mux is a table of contents in the making: what a viewer may see is see, what
// needs a responder is act, what needs an admin is rule.
type mux struct {
	*http.ServeMux
	s *Site
}

func (m mux) see(pattern string, h handler)  { m.Handle(pattern, m.s.as(Viewer, h)) }
func (m mux) act(pattern string, h handler)  { m.Handle(pattern, m.s.as(Responder, h)) }
func (m mux) rule(pattern string, h handler) { m.Handle(pattern, m.s.as(Admin, h)) }
func (m mux) open(pattern string, h handler) { m.Handle(pattern, m.s.open(h)) }

// routes is everything that can be asked for.
func (s *Site) routes() *http.ServeMux {
	m := mux{http.NewServeMux(), s}
	m.night()
	m.duty()
	m.plan()
	m.self()
	s.pwa(m.ServeMux)
	m.HandleFunc("GET /assets/", s.assets.serve)
	m.see("GET /", func(c *call) error { return gone("page at", c.r.URL.Path) })
	return m.ServeMux
}

// night: what burns: pages, alerts, incidents, and the link that answers at night.
func (m mux) night() {
	m.see("GET /{$}", (*call).nowShow)
	m.see("GET /events", m.s.events)

	m.see("GET /pages", (*call).pagesShow)
	m.see("GET /pages/{id}", (*call).pageShow)
	m.act("POST /pages/{id}/acknowledge", (*call).pageAck)
	m.act("POST /pages/{id}/escalate", (*call).pageEscalate)
	m.act("POST /pages/{id}/resolve", (*call).pageResolve)

	m.see("GET /alerts", (*call).alertsShow)
	m.see("GET /alerts/{id}", (*call).alertShow)
	m.act("POST /alerts/{id}/resolve", (*call).alertResolve)

	m.see("GET /incidents", (*call).incidentsShow)
	m.act("GET /incidents/new", (*call).declareShow)
	m.act("POST /incidents", (*call).declare)
	m.see("GET /incidents/{id}", (*call).incidentShow)
	m.act("POST /incidents/{id}/severity", (*call).incidentSeverity)
	m.act("POST /incidents/{id}/status", (*call).incidentStatus)
	m.act("POST /incidents/{id}/rename", (*call).incidentRename)
	m.act("POST /incidents/{id}/note", (*call).incidentNote)
	m.act("POST /incidents/{id}/responders", (*call).incidentSummon)
	m.act("POST /incidents/{id}/merge", (*call).incidentMerge)

	m.HandleFunc("GET /a/{token}", m.s.answerShow)
	m.HandleFunc("POST /a/{token}", m.s.answerDo)
}

// duty: who is on call, what they look after, and what is muted.
func (m mux) duty() {
	m.see("GET /oncall", (*call).oncallShow)

	m.see("GET /schedules/{id}", (*call).scheduleShow)
	m.act("POST /schedules/{id}/overrides", (*call).overridePut)
	m.act("POST /schedules/{id}/overrides/{override}/end", (*call).overrideEnd)

	m.see("GET /services", (*call).servicesShow)
	m.see("GET /services/{id}", (*call).serviceShow)
	m.rule("GET /services/{id}/edit", (*call).serviceEdit)
	m.rule("POST /services/{id}/edit", (*call).serviceSave)
	m.rule("GET /policies/{id}/edit", (*call).policyEdit)
	m.rule("POST /policies/{id}/edit", (*call).policySave)

	m.see("GET /checks", (*call).checksShow)
	m.see("GET /checks/{id}", (*call).checkShow)

	m.see("GET /silences", (*call).silencesShow)
	m.act("GET /silences/new", (*call).silenceNewShow)
	m.act("POST /silences", (*call).silencePut)
	m.see("GET /silences/{id}", (*call).silenceShow)
	m.act("POST /silences/{id}/extend", (*call).silenceExtend)
	m.act("POST /silences/{id}/end", (*call).silenceEnd)

	m.act("GET /maintenance/new", (*call).maintenanceNewShow)
	m.act("POST /maintenance", (*call).maintenancePut)
	m.see("GET /maintenance/{id}", (*call).silenceShow)
	m.act("POST /maintenance/{id}/extend", (*call).silenceExtend)
	m.act("POST /maintenance/{id}/end", (*call).silenceEnd)
}

// plan: what is configured, and by whom.
func (m mux) plan() {
	m.see("GET /me", (*call).mineShow)
	m.see("POST /me/push", (*call).pushAdd)

	m.see("GET /people", (*call).peopleShow)
	m.rule("GET /people/new", (*call).personNew)
	m.rule("POST /people", (*call).personAdd)
	m.see("GET /people/{id}", (*call).personShow)
	m.see("GET /people/{id}/contacts/new", (*call).contactNew)
	m.see("POST /people/{id}/contacts", (*call).contactAdd)
	m.see("POST /people/{id}/contacts/{contact}/verify", (*call).contactVerify)
	m.see("POST /people/{id}/contacts/{contact}/prove", (*call).contactProve)
	m.see("POST /people/{id}/contacts/{contact}/test", (*call).contactTest)
	m.see("POST /people/{id}/contacts/{contact}/remove", (*call).contactRemove)

	m.see("GET /integrations", (*call).integrationsShow)
	m.rule("GET /integrations/new", (*call).integrationNew)
	m.rule("POST /integrations", (*call).integrationAdd)
	m.see("GET /integrations/{id}", (*call).integrationShow)
	m.rule("POST /integrations/{id}/key", (*call).integrationKey)
	m.act("POST /integrations/{id}/test", (*call).integrationTest)
	m.see("POST /integrations/{id}/preview", (*call).integrationTry)
	m.rule("POST /integrations/{id}/remove", (*call).integrationRemove)

	m.see("GET /plan", (*call).planShow)
	m.rule("GET /plan/edit", (*call).planEdit)
	m.rule("POST /plan/edit", (*call).planSave)
	m.see("GET /plan/versions/{version}", (*call).planVersionShow)
	m.rule("POST /plan/versions/{version}/restore", (*call).planRollBack)
}

// self: signing in, settings, and help.
func (m mux) self() {
	m.see("GET /settings", (*call).settingsShow)
	m.see("POST /settings/theme", (*call).themeSet)
	m.see("POST /settings/password", (*call).passwordSet)
	m.see("POST /settings/tokens", (*call).tokenAdd)
	m.see("POST /settings/tokens/{id}/revoke", (*call).tokenRevoke)
	m.rule("POST /settings/accounts/{user}/role", (*call).roleSet)

	m.see("GET /more", (*call).moreShow)

	m.see("GET /help", (*call).helpShow)

	m.see("GET /search", (*call).searchShow)

	m.see("POST /signout", (*call).signOut)

	m.open("GET /signin", (*call).signInShow)
	m.open("POST /signin", (*call).signIn)

	m.open("GET /setup", (*call).setupShow)
	m.open("POST /setup", (*call).setup)
	if m.s.Gallery {
		m.see("GET /components", (*call).componentsShow)
	}
}
