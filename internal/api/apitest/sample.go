package apitest

import (
	"strings"
	"time"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Start is when the sample world begins: a Monday morning.
var Start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Secret is a setting of the sample plan that must never be seen.
const Secret = "hunter2-very-secret"

// Sample is a small plan: a shop and its database, three people, one of them
// on call each week, and a channel whose address is a secret.
func Sample() *plan.Plan {
	minutes := func(n int) plan.Duration { return plan.Duration(time.Duration(n) * time.Minute) }
	database := signal.Matchers{{Name: "team", Op: signal.Equal, Value: "database"}}
	return &plan.Plan{
		Users: []plan.User{
			{ID: "ana", Name: "Ana", Email: "ana@example.com", Contacts: []plan.Contact{{ID: "inbox", Channel: "inapp"}}},
			{ID: "bo", Name: "Bo", Email: "bo@example.com", Contacts: []plan.Contact{
				{ID: "inbox", Channel: "inapp"}, {ID: "hook", Channel: "webhook", Settings: map[string]string{"url": "https://example.com/bo", "secret": Secret}}}},
			{ID: "chen", Name: "Chen", Contacts: []plan.Contact{{ID: "inbox", Channel: "inapp"}}},
		},
		Teams: []plan.Team{{ID: "web", Members: []string{"ana", "bo"}}},
		Schedules: []oncall.Schedule{{ID: "primary", Name: "Primary", Zone: "Europe/Berlin", Layers: []oncall.Layer{
			{Name: "week", Seats: [][]string{{"ana"}, {"bo"}}, Unit: oncall.Week, Every: 1, Start: oncall.LocalTime{Year: 2026, Month: 1, Day: 5, Clock: 9 * 60}}}}},
		Policies: []plan.Policy{{ID: "shop", Steps: []plan.Step{
			{Targets: []plan.Target{{Kind: plan.ToSchedule, ID: "primary"}}},
			{After: minutes(5), Targets: []plan.Target{{Kind: plan.ToUser, ID: "bo"}}}}}},
		Services:     []plan.Service{{ID: "shop", Name: "Shop", Policy: "shop", Team: "web"}, {ID: "database", Name: "Database", Policy: "shop"}},
		Channels:     []plan.Contact{{ID: "ops", Channel: "webhook", Settings: map[string]string{"url": "https://example.com/ops", "secret": Secret}}},
		Integrations: []plan.Integration{{ID: "prom", Name: "Prometheus", Type: "alertmanager", Service: "shop", KeyHash: strings.Repeat("0", 64)}},
		Route: plan.Route{Routes: []plan.Route{
			{Name: "database", Matchers: database, Service: "database"},
			{Name: "noise", Matchers: signal.Matchers{{Name: "team", Op: signal.Equal, Value: "noise"}}, NoPage: "true"}}},
		Checks:     []plan.Check{{ID: "front", Service: "shop", Type: "http", Settings: map[string]string{"url": "http://127.0.0.1:1/"}, Interval: minutes(1), Timeout: minutes(1) / 6}},
		Heartbeats: []plan.Heartbeat{{ID: "backup", Service: "database", Every: minutes(60), Grace: minutes(5)}},
		Fallback:   []plan.Target{{Kind: plan.ToUser, ID: "chen"}},
	}
}
