package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/web"
)

// Auth signs everybody in as one person.
type Auth struct {
	User   string
	Role   web.Role
	First  bool // as on the first run
	Out    bool // nobody is signed in
	Secret string
}

var errSecret = fact.Refuse("forbidden", "password", "that login and password do not belong together")

// FirstRun says what the story says.
func (a *Auth) FirstRun(context.Context) (bool, error) { return a.First, nil }

// CreateFirst ends the first run.
func (a *Auth) CreateFirst(_ context.Context, x web.Account, password string) error {
	if len(password) < 10 {
		return fact.Refuse("invalid", "password", "a password has at least 10 characters")
	}
	a.First, a.User, a.Role, a.Secret = false, x.User, web.Admin, password
	return nil
}

// SignIn checks the one password.
func (a *Auth) SignIn(_ context.Context, _, password, _ string) (string, time.Time, error) {
	if a.Secret == "" || password != a.Secret {
		return "", time.Time{}, errSecret
	}
	a.Out = false
	return "sample", time.Time{}, nil
}

// SignOut ends the session.
func (a *Auth) SignOut(context.Context, string) error { a.Out = true; return nil }

// Session is the one session.
func (a *Auth) Session(_ context.Context, token string) (web.Session, bool) {
	return web.Session{User: a.User, Role: a.Role}, !a.Out && !a.First && token == "sample"
}

// Accounts are a few.
func (a *Auth) Accounts(context.Context) ([]web.Account, error) {
	return []web.Account{{User: "ana", Email: "ana@example.org", Role: web.Admin}, {User: "bo", Email: "bo@example.org", Role: web.Responder}}, nil
}

// CreateAccount does nothing.
func (a *Auth) CreateAccount(context.Context, string, web.Account, string) error { return nil }

// SetRole does nothing.
func (a *Auth) SetRole(context.Context, string, string, web.Role) error { return nil }

// ChangePassword refuses.
func (a *Auth) ChangePassword(context.Context, string, string, string) error { return errSecret }

// Tokens are two.
func (a *Auth) Tokens(context.Context, string) ([]web.APIToken, error) {
	return []web.APIToken{{ID: "t1", Name: "deploy pipeline", Role: web.Responder, Created: Tonight.Add(-900 * time.Hour), LastUsed: Tonight.Add(-9 * time.Minute)},
		{ID: "t2", Name: "laptop", Role: web.Admin, Created: Tonight.Add(-90 * time.Hour)}}, nil
}

// CreateToken makes no secret.
func (a *Auth) CreateToken(context.Context, string, web.APIToken) (string, error) {
	return "toc_sample_not_a_secret_4h7k2m", nil
}

// RevokeToken does nothing.
func (a *Auth) RevokeToken(context.Context, string, string) error { return nil }

// Rooms are the small neighbours of the pages.
type Rooms struct{ World *World }

// Verify reads "page:user", "expired" or nonsense.
func (r Rooms) Verify(token string, now time.Time) (web.Link, bool, bool) {
	if token == "nonsense" {
		return web.Link{}, false, false
	}
	var l web.Link
	_, err := fmt.Sscanf(token, "%s", &l.Page)
	if err != nil {
		return l, false, false
	}
	expired := false
	if rest, ok := cutPrefix(l.Page, "old-"); ok {
		l.Page, expired = rest, true
	}
	l.User, l.Contact, l.Expires = "ana", "phone", now.Add(time.Hour)
	return l, expired, true
}

func cutPrefix(s, p string) (string, bool) {
	if len(s) > len(p) && s[:len(p)] == p {
		return s[len(p):], true
	}
	return s, false
}

// Channels are the usual ones.
func (Rooms) Channels() []web.Channel {
	return []web.Channel{
		{Name: "email", Title: "E-mail", Fields: []web.Field{{Name: "to", Label: "Address", Required: true}}},
		{Name: "ntfy", Title: "ntfy", Fields: []web.Field{{Name: "server", Label: "Server", Help: "https://ntfy.sh unless you run your own"}, {Name: "topic", Label: "Topic", Required: true}, {Name: "token", Label: "Access token", Secret: true}}},
		{Name: "webpush", Title: "Push to a browser"},
		{Name: "slack", Title: "Slack", Fields: []web.Field{{Name: "url", Label: "Webhook address", Required: true, Secret: true}}},
		{Name: "webhook", Title: "Webhook", Fields: []web.Field{{Name: "url", Label: "Address", Required: true}, {Name: "secret", Label: "Signing secret", Secret: true}}},
	}
}

// Check wants an address that is not "bad".
func (Rooms) Check(_ string, settings map[string]string) error {
	for k, v := range settings {
		if v == "bad" {
			return fact.Refuse("invalid", k, "this cannot be reached")
		}
	}
	return nil
}

// Formats are a few ways in.
func (Rooms) Formats() []web.Format {
	curl := func(baseURL, key string) string {
		return "curl -X POST " + baseURL + "/v2/enqueue \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"routing_key\":\"" + key + "\",\"event_action\":\"trigger\",\n       \"payload\":{\"summary\":\"Disk is full\",\"source\":\"db1\",\"severity\":\"critical\"}}'"
	}
	prom := func(baseURL, key string) string {
		return "alerting:\n  alertmanagers:\n    - scheme: https\n      path_prefix: /alertmanager\n      authorization:\n        credentials: " + key + "\n      static_configs:\n        - targets: ['" + baseURL + "']"
	}
	return []web.Format{{Name: "alertmanager", Title: "Prometheus", Snippet: prom}, {Name: "grafana", Title: "Grafana contact point", Snippet: curl},
		{Name: "pagerduty", Title: "PagerDuty Events API v2", Snippet: curl}, {Name: "webhook", Title: "Any JSON webhook", Snippet: curl}}
}

// Test triggers and resolves.
func (r Rooms) Test(context.Context, string) error { return nil }

// Recent is a wave with a few failures.
func (r Rooms) Recent(check string, limit int) []web.Probe {
	var out []web.Probe
	for i := range min(limit, 60) {
		p := web.Probe{At: Tonight.Add(-time.Duration(60-i) * time.Minute), OK: true, Took: time.Duration(120+70*math.Sin(float64(i)/5)+float64(len(check)*7)) * time.Millisecond}
		if check == "mx" && i > 30 && i < 34 {
			p.OK, p.Reason, p.Took = false, "no answer in 5 s", 5*time.Second
		}
		out = append(out, p)
	}
	return out
}

// Encode writes JSON, which is YAML too.
func (Rooms) Encode(p *plan.Plan) (string, error) {
	data, err := json.MarshalIndent(p, "", "  ")
	return string(data), err
}

// Parse reads what Encode writes.
func (Rooms) Parse(source string) (*plan.Plan, []web.Problem) {
	p := &plan.Plan{}
	if err := json.Unmarshal([]byte(source), p); err != nil {
		return nil, []web.Problem{{Where: "plan.yaml:1", Text: err.Error()}}
	}
	if err := p.Prepare(time.LoadLocation); err != nil {
		var refused *fact.Refused
		if errors.As(err, &refused) {
			return nil, []web.Problem{{Where: refused.Field, Text: refused.Why}}
		}
		return nil, []web.Problem{{Where: "plan.yaml", Text: err.Error()}}
	}
	return p, nil
}

// Diff compares two numbers.
func (Rooms) Diff(old, next *plan.Plan) []string {
	if old == nil {
		return []string{fmt.Sprintf("The first plan: %d services, %d people", len(next.Services), len(next.Users))}
	}
	if len(old.Policies) > 0 && len(next.Policies) > 0 && len(old.Policies[0].Steps) > 2 && old.Policies[0].Steps[2].After != next.Policies[0].Steps[2].After {
		return []string{fmt.Sprintf("Storefront now pages team Storefront after %s instead of %s", next.Policies[0].Steps[2].After, old.Policies[0].Steps[2].After)}
	}
	return nil
}

// Findings finds one.
func (Rooms) Findings(p *plan.Plan, _ *plan.Board, _ time.Time) []web.Problem {
	if len(p.Services) == 0 {
		return nil
	}
	return []web.Problem{{Where: "schedules.platform", Text: "nobody is on call on weekdays from 06:00 to 09:00 and from 18:00 to 22:00", Warning: true}}
}

// ManagedBy is nobody.
func (Rooms) ManagedBy() string { return "" }

// PublicKey is a key that pushes nothing.
func (Rooms) PublicKey() string {
	return "BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuBkr3qBUYIHBQFLXYp5Nksh8U"
}

// Subscribe forgets what it is given.
func (Rooms) Subscribe(context.Context, string, web.Subscription) error { return nil }

// Mapper is a stand-in for the generic webhook: it reads the usual names and
// no expression.
type Mapper struct{}

// Check finds nothing wrong.
func (Mapper) Check(map[string]string) []web.Wrong { return nil }

// Preview makes one signal of a JSON object.
func (Mapper) Preview(_ map[string]string, _ http.Header, body []byte) ([]signal.Signal, []web.Wrong) {
	s := signal.Signal{Action: signal.Trigger}
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, []web.Wrong{{Text: err.Error()}}
	}
	return []signal.Signal{s}, nil
}

// Site is the pages over a world, seen by one person; change adapts what they
// stand on.
func Site(w *World, a *Auth, change ...func(*web.Config)) (*web.Site, error) {
	r := Rooms{World: w}
	c := web.Config{Ledger: w, Door: w, Auth: a, Links: r, Channels: r, Formats: r, Plans: r, Probes: r, Push: r, Mapper: Mapper{}, BaseURL: "http://localhost:8080", Version: "sample", Gallery: true}
	for _, f := range change {
		f(&c)
	}
	return web.New(c)
}
