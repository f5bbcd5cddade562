package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/notify/slack"
	"tocsin/internal/notify/webpush"
	"tocsin/internal/web"
)

// mountFaces puts the pages for people on the mux, and the chat's buttons.
func (s *Server) mountFaces(mux *http.ServeMux) error {
	site, err := web.New(web.Config{
		Ledger: webLedger{s.store}, Door: webDoor{s.engine}, Auth: webAuth{s.auth}, Links: webLinks{s.signer},
		Channels: webChannels{s.channels}, Formats: webFormats{s.engine}, Plans: webPlans{tools{s.planner}}, Probes: webProbes{s.eyes},
		Push: webPush{s.push, s.store}, Mapper: webMapper{}, BaseURL: s.opts.ExternalURL, Version: s.opts.Version, Log: s.opts.Log.With("room", "web"), Banner: s.opts.Banner, BannerLink: s.opts.BannerLink, Gallery: s.opts.Gallery,
	})
	if err != nil {
		return err
	}
	mux.Handle("/", site)
	if err := s.mountAPI(mux); err != nil {
		return err
	}
	if s.opts.SlackSigningSecret != "" {
		mux.Handle("POST /slack/interactions", slack.Interactions(s.opts.SlackSigningSecret, s.pressed))
	}
	return nil
}

// pressed carries out a chat button.
func (s *Server) pressed(ctx context.Context, token, action, chatUser string) (string, error) {
	t, err := s.signer.Verify(token, time.Now())
	if err != nil {
		return "", fact.Refuse("forbidden", "", err.Error())
	}
	actor := fact.Actor{Kind: "chat", ID: chatUser, Via: "slack"}
	if t.User != "" {
		actor = fact.User(t.User, "slack")
	}
	return answer(ctx, s.engine, actor, append([]string{t.Page}, t.Also...), action)
}

// webLedger gives the pages their reads in the pages' own shapes.
type webLedger struct{ reads }

func (l webLedger) PlanVersions(ctx context.Context, before int64, limit int) ([]web.PlanVersion, error) {
	list, err := l.reads.PlanVersions(ctx, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]web.PlanVersion, len(list))
	for i := range list {
		out[i] = webVersion(&list[i])
	}
	return out, nil
}

func (l webLedger) PlanVersion(ctx context.Context, version int64) (*web.PlanVersion, error) {
	v, err := l.reads.PlanVersion(ctx, version)
	if err != nil || v == nil {
		return nil, err
	}
	out := webVersion(v)
	return &out, nil
}

func webVersion(v *ledger.PlanVersion) web.PlanVersion {
	return web.PlanVersion{Version: v.Version, At: v.At, Author: v.Author, Comment: v.Comment, Plan: v.Plan}
}

func (l webLedger) Activity(ctx context.Context) (map[string]web.Activity, error) {
	all, err := l.reads.Activity(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]web.Activity, len(all))
	for id, a := range all {
		out[id] = web.Activity{LastAt: a.LastAt, Accepted: a.Accepted, Rejected: a.Rejected, LastError: a.LastError, RejectedAt: a.RejectedAt}
	}
	return out, nil
}

// webDoor is the engine as the pages know it.
type webDoor struct{ *engine.Engine }

func (d webDoor) SavePlan(ctx context.Context, author, comment string, p *plan.Plan) (int64, error) {
	return d.Engine.SavePlan(ctx, fact.User(author, "page"), engine.PlanVersion{Author: author, Comment: comment, Plan: p})
}

// webAuth is auth in the pages' words.
type webAuth struct{ auth *auth.Auth }

func (a webAuth) FirstRun(ctx context.Context) (bool, error) { return a.auth.FirstRun(ctx) }

func (a webAuth) CreateFirst(ctx context.Context, x web.Account, password string) error {
	return a.auth.CreateFirst(ctx, newAccount(x, password))
}

func newAccount(x web.Account, password string) auth.NewAccount {
	return auth.NewAccount{ID: x.User, Name: x.Name, Email: x.Email, Role: auth.Role(x.Role), Password: password}
}

func (a webAuth) SignIn(ctx context.Context, login, password, from string) (string, time.Time, error) {
	token, p, err := a.auth.SignIn(ctx, login, password, auth.From{IP: peer(from)})
	return token, p.Expires, err
}

func (a webAuth) SignOut(ctx context.Context, token string) error { return a.auth.SignOut(ctx, token) }

func (a webAuth) Session(ctx context.Context, token string) (web.Session, bool) {
	p, ok := a.auth.Session(ctx, token)
	return web.Session{User: p.ID, Name: p.Name, Role: web.Role(p.Role), Expires: p.Expires}, ok
}

func (a webAuth) Accounts(ctx context.Context) ([]web.Account, error) {
	list, err := a.auth.Accounts(ctx)
	out := make([]web.Account, 0, len(list))
	for _, x := range list {
		if !x.Disabled {
			out = append(out, web.Account{User: x.ID, Email: x.Email, Name: x.Name, Role: web.Role(x.Role)})
		}
	}
	return out, err
}

func (a webAuth) CreateAccount(ctx context.Context, _ string, x web.Account, password string) error {
	return a.auth.Create(ctx, newAccount(x, password))
}

func (a webAuth) SetRole(ctx context.Context, _, user string, role web.Role) error {
	return a.auth.SetRole(ctx, user, auth.Role(role))
}

func (a webAuth) ChangePassword(ctx context.Context, user, old, next string) error {
	return a.auth.ChangePassword(ctx, user, old, next, "")
}

func (a webAuth) Tokens(ctx context.Context, user string) ([]web.APIToken, error) {
	list, err := a.auth.Tokens(ctx, user)
	out := make([]web.APIToken, len(list))
	for i, t := range list {
		out[i] = web.APIToken{ID: t.ID, Name: t.Name, Role: web.Role(t.Scopes), Created: t.Created, LastUsed: t.LastUsed, Expires: t.Expires}
	}
	return out, err
}

func (a webAuth) CreateToken(ctx context.Context, user string, t web.APIToken) (string, error) {
	text, _, err := a.auth.CreateToken(ctx, user, t.Name, auth.Role(t.Role), t.Expires)
	return text, err
}

func (a webAuth) RevokeToken(ctx context.Context, user, id string) error {
	return a.auth.RevokeToken(ctx, user, id)
}

type webLinks struct{ signer *notify.Signer }

func (l webLinks) Verify(token string, now time.Time) (web.Link, bool, bool) {
	t, err := l.signer.Verify(token, now)
	expired := errors.Is(err, notify.ErrTokenExpired)
	return web.Link{Page: t.Page, Incident: t.Incident, User: t.User, Contact: t.Contact, Also: t.Also, Expires: t.Expires}, expired, err == nil || expired
}

type webChannels struct{ registry notify.Registry }

func (c webChannels) Channels() []web.Channel {
	var out []web.Channel
	for _, name := range (channelNames{c.registry}).Names() {
		ch := web.Channel{Name: name, Title: titles[name]}
		for _, f := range c.registry[name].Fields() {
			ch.Fields = append(ch.Fields, web.Field{Name: f.Name, Label: f.Label, Help: f.Help, Required: f.Required, Secret: f.Secret})
		}
		out = append(out, ch)
	}
	return out
}

// Check refuses references: people fill in their own contacts, and a file or a
// variable of this server is not theirs to send anywhere. An admin names them
// in the plan.
func (c webChannels) Check(channel string, settings map[string]string) error {
	secret, _ := channelNames{c.registry}.Fields(channel)
	for _, name := range secret {
		for line := range strings.Lines(settings[name]) {
			_, value, _ := strings.Cut(line, ": ") // a header with its value
			if notify.IsReference(line) || notify.IsReference(strings.TrimSpace(value)) {
				return fact.Refuse("invalid", name, "env: and file: name secrets of the server, which only the plan may do; write the value itself")
			}
		}
	}
	return c.registry.Check(channel, settings)
}

type webFormats struct{ engine *engine.Engine }

func (webFormats) Formats() []web.Format {
	var out []web.Format
	for _, f := range formats() {
		out = append(out, web.Format{Name: f.Name, Title: f.Title, Snippet: f.Snippet})
	}
	return out
}

// Test raises a sample alert of low severity in the integration's own key
// space. Keys are stored as hashes, so the button cannot speak the vendor's
// format; the road behind the door is the same.
func (f webFormats) Test(ctx context.Context, integration string) error {
	in := f.engine.Plan().Integration(integration)
	if in == nil {
		return fact.Refuse("not-found", "integration", "there is no integration "+integration)
	}
	now := f.engine.Now()
	sig := signal.Signal{Action: signal.Trigger, DedupKey: "tocsin-test", Severity: signal.Info, Summary: "Test event for " + integration,
		Source: "tocsin", Labels: signal.Labels{"alertname": "TocsinTest"}, EndsAt: now.Add(2 * time.Minute)}
	_, err := f.engine.Submit(ctx, fact.Actor{Kind: "integration", ID: in.ID},
		core.Addressed{Stream: alert.Stream(in.ID, sig.DedupKey), Body: alert.Received{Integration: in.ID, Signal: sig}})
	return err
}

// webPush keeps the browsers that agreed to be pushed to.
type webPush struct {
	key   string
	store reads
}

func (p webPush) Subscribe(ctx context.Context, person string, x web.Subscription) error {
	if err := (webpush.Subscription{Endpoint: x.Endpoint, P256dh: x.P256dh, Auth: x.Auth}).Check(); err != nil {
		return fact.Refuse("invalid", "subscription", err.Error())
	}
	return p.store.SaveSubscription(ctx, ledger.Subscription{Endpoint: x.Endpoint, Person: person, P256dh: x.P256dh, Auth: x.Auth, UserAgent: x.UserAgent, Created: time.Now()})
}

func (p webPush) PublicKey() string { return p.key }

func where(file string, line int, path string) string {
	if file != "" {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return path
}
