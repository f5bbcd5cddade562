package web

import "net/http"

// routes is the table of contents. What a viewer may see is see; what needs a
// responder or an admin says so.
func (s *Site) routes() *http.ServeMux {
	m := http.NewServeMux()
	see := func(h handler) http.Handler { return s.as(Viewer, h) }
	act := func(h handler) http.Handler { return s.as(Responder, h) }
	rule := func(h handler) http.Handler { return s.as(Admin, h) }

	m.Handle("GET /{$}", see((*call).nowShow))
	m.Handle("GET /events", see(s.events))

	m.Handle("GET /pages", see((*call).pagesShow))
	m.Handle("GET /pages/{id}", see((*call).pageShow))
	m.Handle("POST /pages/{id}/acknowledge", act((*call).pageAck))
	m.Handle("POST /pages/{id}/escalate", act((*call).pageEscalate))
	m.Handle("POST /pages/{id}/resolve", act((*call).pageResolve))

	m.Handle("GET /alerts", see((*call).alertsShow))
	m.Handle("GET /alerts/{id}", see((*call).alertShow))
	m.Handle("POST /alerts/{id}/resolve", act((*call).alertResolve))

	m.Handle("GET /incidents", see((*call).incidentsShow))
	m.Handle("GET /incidents/new", act((*call).declareShow))
	m.Handle("POST /incidents", act((*call).declare))
	m.Handle("GET /incidents/{id}", see((*call).incidentShow))
	m.Handle("POST /incidents/{id}/severity", act((*call).incidentSeverity))
	m.Handle("POST /incidents/{id}/status", act((*call).incidentStatus))
	m.Handle("POST /incidents/{id}/rename", act((*call).incidentRename))
	m.Handle("POST /incidents/{id}/note", act((*call).incidentNote))
	m.Handle("POST /incidents/{id}/responders", act((*call).incidentSummon))
	m.Handle("POST /incidents/{id}/merge", act((*call).incidentMerge))

	m.Handle("GET /oncall", see((*call).oncallShow))
	m.Handle("GET /schedules/{id}", see((*call).scheduleShow))
	m.Handle("POST /schedules/{id}/overrides", act((*call).overridePut))
	m.Handle("POST /schedules/{id}/overrides/{override}/end", act((*call).overrideEnd))

	m.Handle("GET /services", see((*call).servicesShow))
	m.Handle("GET /services/{id}", see((*call).serviceShow))
	m.Handle("GET /checks", see((*call).checksShow))
	m.Handle("GET /checks/{id}", see((*call).checkShow))

	m.Handle("GET /silences", see((*call).silencesShow))
	m.Handle("GET /silences/new", act((*call).silenceNewShow))
	m.Handle("POST /silences", act((*call).silencePut))
	m.Handle("GET /silences/{id}", see((*call).silenceShow))
	m.Handle("POST /silences/{id}/extend", act((*call).silenceExtend))
	m.Handle("POST /silences/{id}/end", act((*call).silenceEnd))
	m.Handle("GET /maintenance/new", act((*call).maintenanceNewShow))
	m.Handle("POST /maintenance", act((*call).maintenancePut))
	m.Handle("GET /maintenance/{id}", see((*call).silenceShow))
	m.Handle("POST /maintenance/{id}/extend", act((*call).silenceExtend))
	m.Handle("POST /maintenance/{id}/end", act((*call).silenceEnd))

	m.Handle("GET /me", see((*call).mineShow))
	m.Handle("POST /me/push", see((*call).pushAdd))
	m.Handle("GET /people", see((*call).peopleShow))
	m.Handle("GET /people/new", rule((*call).personNew))
	m.Handle("POST /people", rule((*call).personAdd))
	m.Handle("GET /people/{id}", see((*call).personShow))
	m.Handle("GET /people/{id}/contacts/new", see((*call).contactNew))
	m.Handle("POST /people/{id}/contacts", see((*call).contactAdd))
	m.Handle("POST /people/{id}/contacts/{contact}/verify", see((*call).contactVerify))
	m.Handle("POST /people/{id}/contacts/{contact}/prove", see((*call).contactProve))
	m.Handle("POST /people/{id}/contacts/{contact}/test", see((*call).contactTest))
	m.Handle("POST /people/{id}/contacts/{contact}/remove", see((*call).contactRemove))

	m.Handle("GET /integrations", see((*call).integrationsShow))
	m.Handle("GET /integrations/new", rule((*call).integrationNew))
	m.Handle("POST /integrations", rule((*call).integrationAdd))
	m.Handle("GET /integrations/{id}", see((*call).integrationShow))
	m.Handle("POST /integrations/{id}/key", rule((*call).integrationKey))
	m.Handle("POST /integrations/{id}/test", act((*call).integrationTest))
	m.Handle("POST /integrations/{id}/remove", rule((*call).integrationRemove))

	m.Handle("GET /plan", see((*call).planShow))
	m.Handle("GET /plan/edit", rule((*call).planEdit))
	m.Handle("POST /plan/edit", rule((*call).planSave))
	m.Handle("GET /plan/versions/{version}", see((*call).planVersionShow))
	m.Handle("POST /plan/versions/{version}/restore", rule((*call).planRollBack))

	m.Handle("GET /settings", see((*call).settingsShow))
	m.Handle("POST /settings/theme", see((*call).themeSet))
	m.Handle("POST /settings/password", see((*call).passwordSet))
	m.Handle("POST /settings/tokens", see((*call).tokenAdd))
	m.Handle("POST /settings/tokens/{id}/revoke", see((*call).tokenRevoke))
	m.Handle("POST /settings/accounts/{user}/role", rule((*call).roleSet))
	m.Handle("GET /more", see((*call).moreShow))
	m.Handle("GET /help", see((*call).helpShow))
	m.Handle("GET /search", see((*call).searchShow))
	m.Handle("POST /signout", see((*call).signOut))

	m.HandleFunc("GET /a/{token}", s.answerShow)
	m.HandleFunc("POST /a/{token}", s.answerDo)

	m.Handle("GET /signin", s.open((*call).signInShow))
	m.Handle("POST /signin", s.open((*call).signIn))
	m.Handle("GET /setup", s.open((*call).setupShow))
	m.Handle("POST /setup", s.open((*call).setup))

	s.pwa(m)
	if s.Gallery {
		m.Handle("GET /components", see((*call).componentsShow))
	}
	m.HandleFunc("GET /assets/", s.assets.serve)
	m.Handle("GET /", see(func(c *call) error { return gone("page at", c.r.URL.Path) }))
	return m
}
