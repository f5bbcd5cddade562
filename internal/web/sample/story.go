package sample

import (
	"context"
	"fmt"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/memory"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/core/watch"
)

var berlin = must(time.LoadLocation("Europe/Berlin"))

// Tonight is the hour at which the busy story is read: 03:07 in Berlin, in the
// week in which summer time ends.
var Tonight = time.Date(2026, 10, 21, 3, 7, 0, 0, berlin)

func (w *World) trigger(integration, key, summary string, sev signal.Severity, l signal.Labels) string {
	w.signal(integration, signal.Signal{Action: signal.Trigger, DedupKey: key, Summary: summary, Severity: sev, Labels: l, Source: l["instance"],
		Annotations: map[string]string{"description": "Measured over five minutes.", "output": "HTTP/1.1 504 Gateway Timeout\nx-upstream: orders-3\nwaited 10.002 s"},
		Links:       []signal.Link{{Href: "https://grafana.example.org/d/checkout", Text: "Graph"}}})
	return must(w.State(context.Background(), alert.Stream(integration, key))).(*alert.State).ID
}

func (w *World) signal(integration string, s signal.Signal) {
	w.Must(fact.Actor{Kind: "integration", ID: integration}, alert.Stream(integration, s.DedupKey), alert.Received{Integration: integration, Signal: s})
}

func (w *World) resolve(integration, key string) {
	w.signal(integration, signal.Signal{Action: signal.Resolve, DedupKey: key})
}

func (w *World) pageOf(alertID string) string {
	for _, p := range memory.All[*page.State](w.World) {
		if p.First == alertID {
			return p.ID
		}
	}
	return ""
}

func user(id string) fact.Actor { return fact.User(id, "page") }

func at(day, clock string) time.Time {
	return must(time.ParseInLocation("2006-01-02 15:04", day+" "+clock, berlin))
}

// Calm is a shop at rest, with a past.
func Calm() *World {
	w := must(NewWorld(at("2026-10-18", "08:00"), ShopPlan()))
	w.yesterday()
	w.Until(at("2026-10-21", "02:00"))
	w.Must(fact.System, fact.Of(watch.HeartbeatKind, "stock-import"), watch.Ping{})
	w.Until(Tonight)
	return w
}

// Fresh is a Tocsin that was installed a minute ago.
func Fresh() *World { return must(NewWorld(Tonight, &plan.Plan{})) }

// verify proves every telephone and mailbox, as its owner would.
func (w *World) verify() {
	for _, u := range w.Plan().Users {
		for _, c := range u.Contacts {
			ref := notification.Ref{User: u.ID, Contact: c.ID}
			w.Must(user(u.ID), notification.VerifyStream(ref), notification.Begin{To: ref, Code: "123456"})
			if u.ID != "emil" || c.ID != "mail" {
				w.Must(user(u.ID), notification.VerifyStream(ref), notification.Prove{To: ref, Code: "123456"})
			}
		}
	}
}

// yesterday is what lies behind: an outage that was handled.
func (w *World) yesterday() {
	w.verify()
	for _, c := range []string{"front-page", "pay-tls", "mx"} {
		w.Must(fact.System, fact.Of(watch.CheckKind, c), watch.Probed{OK: true})
	}
	w.Must(fact.System, fact.Of(watch.HeartbeatKind, "stock-import"), watch.Ping{})
	w.Until(at("2026-10-19", "14:20"))
	a := w.trigger("prometheus", "search-slow", "Search answers in 4.1 s, 99th percentile", signal.Error, signal.Labels{"alertname": "SearchSlow", "service": "search", "cluster": "fra-1", "instance": "search-2"})
	w.Until(at("2026-10-19", "14:22"))
	w.Must(user("ana"), page.Stream(w.pageOf(a)), page.Acknowledge{})
	w.Must(user("ana"), incident.Desk, incident.Declare{Title: "Search is slow for everybody", Severity: 3, Service: "search", Page: w.pageOf(a)})
	w.Until(at("2026-10-19", "14:31"))
	w.Must(user("ana"), incident.Stream("INC-1"), incident.Note{Text: "A re-index runs on the live nodes. Stopping it."})
	w.Must(user("ana"), incident.Stream("INC-1"), incident.SetStatus{Status: incident.Mitigating})
	w.Until(at("2026-10-19", "14:52"))
	w.resolve("prometheus", "search-slow")
	w.Must(user("ana"), incident.Stream("INC-1"), incident.SetStatus{Status: incident.Resolved, Reason: "back to 200 ms for a quarter of an hour"})
	w.Until(at("2026-10-20", "02:00"))
	w.Must(fact.System, fact.Of(watch.HeartbeatKind, "stock-import"), watch.Ping{})
	next := ShopPlan()
	next.Policies[0].Steps[2].After = 5 * minute
	must(w.SavePlan(context.Background(), "bo", "the whole team after ten minutes, not fifteen", next))
}

// Busy is the hour in which one page waits on Ana.
func Busy() *World {
	w := must(NewWorld(at("2026-10-18", "08:00"), ShopPlan()))
	w.rejects = map[string]string{"grafana": "alerts[2].startsAt: \"yesterday\" is not a time"}
	w.yesterday()
	w.Must(user("chen"), fact.Of(board.SilenceKind, "sil1"), board.PutSilence{Silence: plan.Silence{Matchers: []signal.Matchers{must(signal.ParseMatchers(`alertname="DiskFilling", cluster=~"fra-.*"`))}, EndsAt: Tonight.Add(5 * time.Hour), Comment: "the archive moves tonight, disks fill and empty again"}})
	w.Must(user("dee"), fact.Of(board.MaintenanceKind, "mnt1"), board.PutMaintenance{Maintenance: plan.Maintenance{Services: []string{"warehouse"}, StartsAt: Tonight.Add(-time.Hour), EndsAt: Tonight.Add(2 * time.Hour), Comment: "database upgrade to 17"}})
	w.Must(user("bo"), fact.Of(board.OverrideKind, "ovr1"), board.PutOverride{Override: oncall.Override{Schedule: "storefront-primary", Kind: oncall.Replace, User: "fay", Replaces: "ana", Start: at("2026-10-24", "10:00"), End: at("2026-10-24", "20:00"), Comment: "Ana is at a wedding"}})
	w.Until(at("2026-10-21", "02:12"))
	w.trigger("prometheus", "disk", "Disk of archive-1 is 91 % full", signal.Warning, signal.Labels{"alertname": "DiskFilling", "service": "payments", "cluster": "fra-1", "instance": "archive-1"})
	w.trigger("prometheus", "wh", "Warehouse database does not answer", signal.Critical, signal.Labels{"alertname": "DatabaseDown", "service": "warehouse", "cluster": "fra-1"})
	w.Until(at("2026-10-21", "02:31"))
	pay := w.trigger("prometheus", "pay-errors", "Payments refuses 12 % of cards", signal.Error, signal.Labels{"alertname": "PaymentErrors", "service": "payments", "cluster": "fra-1"})
	w.Until(at("2026-10-21", "02:34"))
	w.Must(fact.User("dee", "link"), page.Stream(w.pageOf(pay)), page.Acknowledge{})
	w.Until(at("2026-10-21", "02:44"))
	w.Must(user("dee"), incident.Desk, incident.Declare{Title: "One card issuer refuses everything", Severity: 3, Service: "payments", Page: w.pageOf(pay)})
	w.Must(user("dee"), incident.Stream("INC-2"), incident.Note{Text: "Their status page says nothing. Called their desk, ticket 88-1204."})
	w.Until(at("2026-10-21", "02:58"))
	w.signal("deploys", signal.Signal{Action: signal.Change, DedupKey: "deploy-4412", Summary: "checkout 4412 deployed by emil", Service: "checkout"})
	w.Until(at("2026-10-21", "03:03"))
	w.Fail("ana/push", "410 Gone: this browser unsubscribed")
	w.trigger("prometheus", "checkout-errors", "Checkout answers 504 to 38 % of orders", signal.Critical, signal.Labels{"alertname": "CheckoutErrors", "service": "checkout", "cluster": "fra-1", "instance": "orders-3"})
	w.Until(at("2026-10-21", "03:04"))
	w.trigger("prometheus", "checkout-latency", "Checkout takes 9.8 s, 99th percentile", signal.Error, signal.Labels{"alertname": "CheckoutSlow", "service": "checkout", "cluster": "fra-1", "instance": "orders-3"})
	w.Until(Tonight)
	return w
}

// Nasty is the busy night with names that attack the page, and thousands of
// alerts.
func Nasty() *World {
	w := must(NewWorld(Tonight.Add(-time.Hour), HostilePlan()))
	for i := range 400 {
		s := Hostile[i%len(Hostile)]
		w.trigger("prometheus", fmt.Sprint("key", i), s+" "+s, []signal.Severity{signal.Critical, signal.Error, signal.Warning, "", signal.Info}[i%5],
			signal.Labels{"service": w.Plan().Services[i%len(w.Plan().Services)].ID, "alertname": s, Long: Long, "n": fmt.Sprint(i % 40)})
	}
	w.Must(user("ana"), incident.Desk, incident.Declare{Title: Hostile[0] + Long, Severity: 1, Service: "checkout", Drill: true})
	for _, h := range Hostile {
		w.Must(user("bo"), incident.Desk, incident.Declare{Title: h, Severity: 4, Service: "search"})
		w.Must(user("bo"), incident.Stream("INC-1"), incident.Note{Text: h + "\n" + h})
	}
	w.Must(user("ana"), fact.Of(board.SilenceKind, "sil1"), board.PutSilence{Silence: plan.Silence{Matchers: []signal.Matchers{{{Name: Long, Op: signal.Equal, Value: Hostile[1]}}}, EndsAt: Tonight.Add(time.Hour), Comment: Hostile[4]}})
	w.Until(Tonight)
	return w
}
