package sample

import (
	"fmt"
	"time"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const minute = plan.Duration(time.Minute)

func person(id, name, zone string) plan.User {
	return plan.User{ID: id, Name: name, Email: id + "@example.org", Zone: zone, Contacts: []plan.Contact{
		{ID: "push", Channel: "webpush"},
		{ID: "phone", Channel: "ntfy", Settings: map[string]string{"topic": id + "-phone"}},
		{ID: "mail", Channel: "email", Settings: map[string]string{"to": id + "@example.org"}},
	}, High: []plan.NotifyRule{{Contact: "push"}, {After: 2 * minute, Contact: "phone"}, {After: 4 * minute, Contact: "mail"}}}
}

func to(kind plan.TargetKind, id string) plan.Target { return plan.Target{Kind: kind, ID: id} }

func weekly(name, start string, seats ...string) oncall.Layer {
	l := oncall.Layer{Name: name, Unit: oncall.Week, Every: 1, Start: must(oncall.ParseLocal(start))}
	for _, s := range seats {
		l.Seats = append(l.Seats, []string{s})
	}
	return l
}

// ShopPlan is a small web shop: six services, two teams, six people.
func ShopPlan() *plan.Plan {
	night := weekly("Night", "2026-09-07 09:00", "dee", "emil")
	night.Windows = []oncall.Window{{Start: 22 * 60, End: 6 * 60}}
	office := weekly("Office hours", "2026-09-07 09:00", "chen", "fay")
	office.Windows = []oncall.Window{{Days: []time.Weekday{1, 2, 3, 4, 5}, Start: 9 * 60, End: 18 * 60}}
	return &plan.Plan{
		Users: []plan.User{person("ana", "Ana", "Europe/Berlin"), person("bo", "Bo", "Europe/Berlin"), person("chen", "Chen", "Asia/Singapore"),
			person("dee", "Dee", "America/New_York"), person("emil", "Emil", "Europe/Berlin"), person("fay", "Fay", "Europe/London")},
		Teams: []plan.Team{{ID: "storefront", Name: "Storefront", Members: []string{"ana", "bo", "fay"}}, {ID: "platform", Name: "Platform", Members: []string{"chen", "dee", "emil"}}},
		Schedules: []oncall.Schedule{
			{ID: "storefront-primary", Name: "Storefront, primary", Zone: "Europe/Berlin", Layers: []oncall.Layer{weekly("Weekly", "2026-09-07 09:00", "ana", "fay", "bo")}},
			{ID: "storefront-second", Name: "Storefront, second", Zone: "Europe/Berlin", Layers: []oncall.Layer{weekly("Weekly", "2026-09-07 09:00", "bo", "ana")}},
			{ID: "platform", Name: "Platform", Zone: "Europe/Berlin", Layers: []oncall.Layer{office, night}},
		},
		Policies: []plan.Policy{
			{ID: "storefront", Name: "Storefront", Repeat: 1, Steps: []plan.Step{{Targets: []plan.Target{to(plan.ToSchedule, "storefront-primary")}},
				{After: 5 * minute, Targets: []plan.Target{to(plan.ToSchedule, "storefront-second")}},
				{After: 10 * minute, Targets: []plan.Target{to(plan.ToTeam, "storefront"), to(plan.ToChannel, "ops-room")}}}, Fallback: []plan.Target{to(plan.ToUser, "chen")}},
			{ID: "platform", Name: "Platform", Steps: []plan.Step{{Targets: []plan.Target{to(plan.ToSchedule, "platform")}}, {After: 10 * minute, Targets: []plan.Target{to(plan.ToTeam, "platform")}}}},
		},
		Services: []plan.Service{
			{ID: "checkout", Name: "Checkout", Team: "storefront", Policy: "storefront", Tier: 1, Urgency: plan.High, Description: "Takes the basket to the order.", Runbook: "https://wiki.example.org/checkout"},
			{ID: "website", Name: "Website", Team: "storefront", Policy: "storefront", Tier: 1},
			{ID: "search", Name: "Search", Team: "storefront", Policy: "storefront", Tier: 2},
			{ID: "payments", Name: "Payments", Team: "platform", Policy: "platform", Tier: 1},
			{ID: "warehouse", Name: "Warehouse", Team: "platform", Policy: "platform", Tier: 2},
			{ID: "mail", Name: "Outgoing mail", Team: "platform", Policy: "platform", Tier: 3},
		},
		Channels: []plan.Contact{{ID: "ops-room", Channel: "slack", Settings: map[string]string{"url": "env:OPS_ROOM"}}},
		Integrations: []plan.Integration{
			{ID: "prometheus", Name: "Prometheus, Frankfurt", Type: "alertmanager", KeyHash: "a1"},
			{ID: "grafana", Name: "Grafana", Type: "grafana", Service: "website", KeyHash: "b2"},
			{ID: "deploys", Name: "Deploy pipeline", Type: "pagerduty", Service: "checkout", KeyHash: "c3"},
			{ID: "jobs", Name: "Nightly jobs", Type: "webhook", KeyHash: "d4", Mapping: map[string]string{"summary": "event.job + ' failed'", "dedup_key": "'job/' + event.job"}},
		},
		Route: plan.Route{Name: "everything", GroupBy: []string{"service"}, Routes: []plan.Route{
			{Name: "checkout", Matchers: must(signal.ParseMatchers(`service="checkout"`)), Declare: 2},
			{Name: "not at night", Matchers: must(signal.ParseMatchers(`severity="info"`)), NoPage: "true"}}},
		Checks: []plan.Check{
			{ID: "front-page", Name: "Front page", Service: "website", Type: "http", Settings: map[string]string{"url": "https://shop.example.org/"}, Interval: minute, Timeout: plan.Duration(5 * time.Second), Retries: 2, Conditions: []string{"[STATUS] == 200", "[RESPONSE_TIME] < 800"}},
			{ID: "pay-tls", Name: "Payments certificate", Service: "payments", Type: "tls", Settings: map[string]string{"host": "pay.example.org:443"}, Interval: 60 * minute, Timeout: plan.Duration(5 * time.Second), Severity: signal.Warning, Conditions: []string{"[CERTIFICATE_EXPIRATION] > 240h"}},
			{ID: "mx", Name: "Mail exchanger", Service: "mail", Type: "tcp", Settings: map[string]string{"address": "mx.example.org:25"}, Interval: 5 * minute, Timeout: plan.Duration(5 * time.Second)},
		},
		Heartbeats: []plan.Heartbeat{{ID: "stock-import", Name: "Nightly stock import", Service: "warehouse", Every: 24 * 60 * minute, Grace: 60 * minute},
			{ID: "backup", Name: "Backup of the shop", Service: "payments", Every: 60 * minute, Grace: 10 * minute}},
		Fallback: []plan.Target{to(plan.ToUser, "chen")},
	}
}

// Long is a name that no layout expects.
const Long = "The-service-whose-name-nobody-dared-to-shorten-because-three-departments-would-have-had-to-agree-on-it-first"

// Hostile strings: mark-up, other scripts, other directions, and nothing at all.
var Hostile = []string{
	`<script>alert("paged")</script>`, `"><img src=x onerror=alert(1)>`, `'); DROP TABLE pages; --`, `javascript:alert(1)`,
	"خدمة الدفع متوقفة منذ الساعة الثالثة", "支払いサービスが応答しません", "🔥🔥🔥 everything 👩‍👩‍👧‍👦 is on 🔥", "Z͑ͫ̓a̴̵l̷g͢o̕ everywhere", "{{.Secret}}", Long,
}

// HostilePlan names everything badly, and has much of it.
func HostilePlan() *plan.Plan {
	p := ShopPlan()
	for i := range p.Users {
		p.Users[i].Name = Hostile[i%len(Hostile)]
	}
	for i := range p.Services {
		p.Services[i].Name = Hostile[(i+3)%len(Hostile)]
		p.Services[i].Runbook = "javascript:alert(1)"
	}
	for i := range p.Schedules {
		p.Schedules[i].Name = Hostile[(i+4)%len(Hostile)]
	}
	for i := range p.Integrations {
		p.Integrations[i].Name = Hostile[i%len(Hostile)]
	}
	for i := range 60 {
		p.Services = append(p.Services, plan.Service{ID: fmt.Sprintf("s%03d", i), Name: Hostile[i%len(Hostile)], Policy: "platform"})
	}
	return p
}
