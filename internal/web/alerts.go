package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/core/signal"
)

var (
	alertsPage = sheet[alertsView]("alerts.html")
	alertPage  = sheet[alertView]("alert.html")
)

// AlertRow is an alert in a list.
type AlertRow struct {
	ID, Summary string
	Mark        Mark
	Severity    signal.Severity
	Service     Named
	Integration Named
	Source      string
	Since       Stamp
	Count       int64
	MutedBy     string
}

func (e *eye) alertRow(a *alert.State) AlertRow {
	muted := e.mutedBy(a)
	return AlertRow{ID: a.ID, Summary: cmp.Or(a.Summary, a.DedupKey), Mark: markAlert(a, muted), Severity: a.Severity, Service: e.service(a.Service),
		Integration: e.integration(a.Integration), Source: a.Source, Since: e.stamp(a.StartsAt), Count: a.Count, MutedBy: muted}
}

type alertsView struct {
	Query  string
	Wrong  string
	Chips  []Chip
	Tokens []Chip
	Alerts []AlertRow
	Older  string
	None   Empty
}

// Chip is a filter that can be pressed.
type Chip struct {
	Word, Href string
	On         bool
}

func (c *call) alertsShow() error {
	query := "status:firing"
	if c.r.URL.Query().Has("q") {
		query = c.value("q")
	}
	v := alertsView{Query: query, None: Empty{Title: "No alert matches", Text: "Filter by words, by status:, service: and severity:, or by labels as in a silence.", Sample: `status:firing service:checkout cluster=~"fra-.*" timeout`}}
	f, err := alertFilter(query)
	if err != nil {
		v.Wrong = sentence(err.Error())
	}
	f.Before, f.Limit = c.r.FormValue("before"), 50
	if err == nil {
		alerts, err := c.s.Ledger.Alerts(c.r.Context(), f)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			v.Alerts = append(v.Alerts, c.alertRow(a))
		}
		if len(alerts) == 50 {
			v.Older = c.with("before", alerts[49].ID)
		}
	}
	if len(c.plan.Integrations) == 0 && len(c.plan.Checks) == 0 {
		v.None = Empty{Title: "No alert has come yet", Text: "Alerts come from your monitoring, or from checks that Tocsin runs itself. Make an integration, copy its snippet, and watch the first one arrive.", Href: "/integrations/new", Do: "Make an integration"}
	}
	v.Chips = quickChips(query)
	v.Tokens = tokenChips(query)
	return show(c, alertsPage, "Alerts", v)
}

func quickChips(query string) []Chip {
	tokens := split(query)
	rest := slices.DeleteFunc(slices.Clone(tokens), func(t string) bool { return strings.HasPrefix(t, "status:") })
	var out []Chip
	for _, s := range []struct{ word, token string }{{"Firing", "status:firing"}, {"Resolved", "status:resolved"}, {"All", ""}} {
		want := strings.TrimSpace(s.token + " " + strings.Join(rest, " "))
		on := slices.Contains(tokens, s.token) || (s.token == "" && len(rest) == len(tokens))
		out = append(out, Chip{Word: s.word, Href: "/alerts?" + url.Values{"q": {want}}.Encode(), On: on})
	}
	return out
}

func tokenChips(query string) []Chip {
	tokens := split(query)
	var out []Chip
	for i, t := range tokens {
		if strings.HasPrefix(t, "status:") {
			continue
		}
		rest := strings.Join(slices.Delete(slices.Clone(tokens), i, i+1), " ")
		out = append(out, Chip{Word: t, Href: "/alerts?" + url.Values{"q": {rest}}.Encode()})
	}
	return out
}

// split cuts a query at blanks outside of quotes.
func split(query string) []string {
	var out []string
	var b strings.Builder
	quoted := false
	for _, r := range query {
		switch {
		case r == '"':
			quoted = !quoted
			b.WriteRune(r)
		case r == ' ' && !quoted:
			if b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

// alertFilter reads the query that people type and URLs carry.
func alertFilter(query string) (alert.Filter, error) {
	var f alert.Filter
	var words []string
	for _, t := range split(query) {
		key, value, _ := strings.Cut(t, ":")
		switch {
		case key == "status" && value != "":
			f.Status = alert.Status(value)
			if f.Status != alert.Firing && f.Status != alert.Resolved {
				return f, fact.Refuse("invalid", "status", "a status is firing or resolved, not "+value)
			}
		case key == "service" && value != "":
			f.Service = value
		case key == "severity" && value != "":
			s, ok := signal.ParseSeverity(value)
			if !ok {
				return f, fact.Refuse("invalid", "severity", "no severity is called "+value)
			}
			f.Severity = s
		case strings.ContainsAny(t, "=~") || strings.Contains(t, "!="):
			ms, err := signal.ParseMatchers(t)
			if err != nil {
				return f, fact.Refuse("invalid", "", err.Error())
			}
			f.Matchers = append(f.Matchers, ms...)
		default:
			words = append(words, strings.Trim(t, `"`))
		}
	}
	f.Text = strings.Join(words, " ")
	return f, nil
}

type alertView struct {
	AlertRow
	DedupKey    string
	Ended       Stamp
	Expires     Stamp
	Updated     Stamp
	Owner       string
	MutedWhy    string
	MutedHref   string
	Page        *PageRow
	Labels      []Pair
	Annotations []Pair
	Output      string
	Links       []signal.Link
	Details     string
	Steps       []Step
	SilenceHref string
}

// Pair is a label.
type Pair struct{ Name, Value string }

func pairs[M ~map[string]string](m M) []Pair {
	var out []Pair
	for k, v := range m {
		out = append(out, Pair{k, v})
	}
	slices.SortFunc(out, func(a, b Pair) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (c *call) alertShow() error {
	ctx, id := c.r.Context(), c.r.PathValue("id")
	a, err := c.s.Ledger.Alert(ctx, id)
	if err != nil {
		return err
	}
	if a == nil {
		return gone("alert", id)
	}
	v := alertView{AlertRow: c.alertRow(a), DedupKey: a.DedupKey, Ended: c.stamp(a.ResolvedAt), Updated: c.stamp(a.UpdatedAt), Owner: c.owner(a.Service),
		Labels: pairs(a.Labels), Links: uniqueLinks(a.Links), Details: pretty(a.Details), Output: a.Annotations["output"]}
	if a.Status == alert.Firing {
		v.Expires = c.stamp(a.ExpiresAt)
		why, _ := alert.MutedBy(c.scene(), routeLabels(a), a.Service)
		v.MutedWhy = why.Text
		_, v.MutedHref = ruleLink(why.Rule, 0)
	}
	for _, p := range pairs(a.Annotations) {
		if p.Name != "output" {
			v.Annotations = append(v.Annotations, p)
		}
	}
	if v.Page, err = c.pageOfAlert(a); err != nil {
		return err
	}
	entries, err := c.s.Ledger.Timeline(ctx, []string{a.ID}, 0, 300)
	if err != nil {
		return err
	}
	v.Steps = c.steps(entries, nil)
	v.SilenceHref = "/silences/new?" + url.Values{"matchers": {silenceFor(a)}}.Encode()
	return show(c, alertPage, v.Summary, v)
}

// pageOfAlert finds the page that stands for the alert, through its groups.
func (c *call) pageOfAlert(a *alert.State) (*PageRow, error) {
	ctx := c.r.Context()
	for _, g := range a.Groups {
		st, err := c.s.Ledger.State(ctx, g)
		if err != nil {
			return nil, err
		}
		group, ok := st.(*alert.Group)
		if !ok || group == nil || group.Page == "" {
			continue
		}
		p, err := c.s.Ledger.Page(ctx, group.Page)
		if err != nil {
			return nil, err
		}
		if p != nil {
			row := c.pageRow(p)
			return &row, nil
		}
	}
	pages, err := c.s.Ledger.Pages(ctx, page.Filter{Service: a.Service, Limit: 200})
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if p.First == a.ID {
			row := c.pageRow(p)
			return &row, nil
		}
	}
	return nil, nil
}

// silenceFor proposes matchers that select the alert and its like.
func silenceFor(a *alert.State) string {
	var ms signal.Matchers
	for _, n := range []string{"alertname", "check", "heartbeat", "service", "cluster", "instance"} {
		if v := a.Labels[n]; v != "" {
			ms = append(ms, signal.Matcher{Name: n, Op: signal.Equal, Value: v})
		}
	}
	if len(ms) == 0 {
		for n, v := range routeLabels(a) {
			ms = append(ms, signal.Matcher{Name: n, Op: signal.Equal, Value: v})
		}
		slices.SortFunc(ms, func(x, y signal.Matcher) int { return cmp.Compare(x.Name, y.Name) })
	}
	return strings.Trim(ms.String(), "{}")
}

func pretty(details string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(details), "", "  ") != nil {
		return details
	}
	return b.String()
}

func (c *call) alertResolve() error {
	a, err := c.s.Ledger.Alert(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if a == nil {
		return gone("alert", c.r.PathValue("id"))
	}
	why := fact.Because("by-hand", c.person(c.me).Name+" resolved it")
	if err := c.do(alert.Stream(a.Integration, a.DedupKey), alert.Close{Why: why}); err != nil {
		return err
	}
	return c.done("/alerts/"+a.ID, "Resolved by hand. If its source sends it again, that is a new alert.")
}
