package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/detect"
	"tocsin/internal/drill/demoplan"
	"tocsin/internal/drill/mailtrap"
	"tocsin/internal/drill/shop"
	"tocsin/internal/drill/stage"
	"tocsin/internal/notify/email"
	"tocsin/internal/server"
)

// demo is a running demo: the server and what stands around it.
type demo struct {
	shop   *shop.Shop
	trap   *mailtrap.Trap
	stage  *stage.Stage
	server *server.Server
	rooms  server.Rooms
	keys   stage.Keys
	// password is the sample admin's, made anew at every start.
	password string
	moved    bool // another port than the one that was asked for
}

// troubles are how often the shop breaks by itself. The first comes after
// twice the time that the guide takes.
var troubles = shop.Schedule{Every: 12 * time.Minute, For: 2 * time.Minute}

const demoBanner = "Demo: the people, their phones and mailboxes are simulated; the shop, the checks, the paging and the database are real."

// newDemo builds everything. When it returns, the ports are taken; run makes
// it work.
func newDemo(ctx context.Context, f demoFlags, place demoPlace) (d *demo, err error) {
	d = &demo{keys: stage.Keys{Alertmanager: secretHex(), PagerDuty: secretHex()}, password: secretHex()}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.trap, err = mailtrap.New(mailtrap.Options{OnMail: func(mailtrap.Mail) { d.stage.MailCame() }}); err != nil {
		return nil, err
	}
	opt := shop.Options{Seed: f.seed, Log: place.log, OnChange: func(c shop.Change) { d.stage.ShopChanged(c) }}
	if !f.calm {
		opt.Schedule = troubles
	}
	if d.shop, err = shop.New(opt); err != nil {
		return nil, err
	}
	if err := layPlan(place.plan()); err != nil {
		return nil, err
	}
	d.server, err = server.New(ctx, d.options(f.listen, place))
	if taken(err) {
		d.moved = true
		d.server, err = server.New(ctx, d.options(anyPort(f.listen), place))
	}
	return d, err
}

// close gives ports back that nothing runs on yet.
func (d *demo) close() {
	if d.trap != nil {
		d.trap.Close()
	}
	if d.shop != nil {
		d.shop.Close()
	}
}

func secretHex() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
	return hex.EncodeToString(b)
}

// layPlan writes the sample plan where there is none, so that whoever keeps
// the folder can edit it.
func layPlan(dir string) error {
	return fs.WalkDir(demoplan.Files(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if e.IsDir() {
			return os.MkdirAll(path, 0o700)
		}
		text, err := fs.ReadFile(demoplan.Files(), name)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lay the sample plan: %w", err)
		}
		_, err = file.Write(text)
		return errors.Join(err, file.Close())
	})
}

func (d *demo) options(listen string, place demoPlace) server.Options {
	return server.Options{
		Listen: listen, DataDir: place.dir, PlanDir: place.plan(), Log: place.log, Version: version, Banner: demoBanner, BannerLink: "/demo", Extra: d.mount,
		PlanVars: map[string]string{"SHOP_URL": d.shop.URL(), "ALERTMANAGER_KEY": d.keys.Alertmanager, "PAGERDUTY_KEY": d.keys.PagerDuty},
		SMTP:     email.Config{Host: d.trap.Addr().IP.String(), Port: d.trap.Addr().Port, From: "Tocsin demo <tocsin@example.com>", TLS: email.None},
	}
}

func (d *demo) mount(r server.Rooms) (map[string]http.Handler, error) {
	d.rooms = r
	var err error
	d.stage, err = stage.New(stage.Options{Ledger: r.Store, Engine: r.Engine, Shop: d.shop, Mail: d.trap, Looks: looks{r.Eyes}, Link: r.Link,
		Enter: d.enter, BaseURL: r.URL, Stylesheet: r.Stylesheet, Keys: d.keys})
	if err != nil {
		return nil, err
	}
	return map[string]http.Handler{stage.Path: d.stage, stage.Path + "/": d.stage}, nil
}

// looks are detect's results in the stage's shape.
type looks struct{ eyes *detect.Scheduler }

func (l looks) Recent(check string) []stage.Look {
	var out []stage.Look
	for _, p := range l.eyes.History(check) {
		out = append(out, stage.Look{At: p.At, OK: p.OK, Reason: p.Reason, Took: p.Latency})
	}
	return out
}

// run works until ctx ends or something fails. Once everything is up it calls
// ready, whose error ends it as well.
func (d *demo) run(ctx context.Context, ready func(context.Context) error) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	parts := map[string]func(context.Context) error{"server": d.server.Run, "shop": d.shop.Run, "mail trap": d.trap.Run, "stage": d.stage.Run,
		"guide": func(ctx context.Context) error {
			if err := d.prepare(ctx); err != nil {
				return err
			}
			return ready(ctx)
		}}
	failed := make(chan error, len(parts))
	for name, part := range parts {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := part(work); err != nil && (work.Err() == nil || ctx.Err() != nil && name == "guide") {
				failed <- fmt.Errorf("%s: %w", name, err)
				stop()
			}
		}()
	}
	<-work.Done()
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// prepare waits until the doors are open, makes the accounts, and verifies the
// sample people's addresses.
func (d *demo) prepare(ctx context.Context) error {
	// The address is taken from the start, so this waits and need not repeat.
	if _, err := fetch(ctx, d.rooms.URL+"/-/ready"); err != nil {
		return fmt.Errorf("wait until Tocsin is ready: %w", err)
	}
	if err := d.accounts(ctx); err != nil {
		return err
	}
	return d.verify(ctx)
}

func fetch(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d", req.URL.Path, resp.StatusCode)
	}
	return string(body), err
}

// admin is who the visitor is signed in as.
const admin = "ana"

// accounts gives everybody in the sample plan an account. Nobody learns the
// passwords: the stage signs in as the admin.
func (d *demo) accounts(ctx context.Context) error {
	have, err := d.rooms.Auth.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("read the accounts: %w", err)
	}
	known := map[string]bool{}
	for _, a := range have {
		known[a.ID] = true
	}
	if known[admin] { // a folder that was kept
		if err := d.rooms.Auth.ResetPassword(ctx, admin, d.password); err != nil {
			return fmt.Errorf("reset the sample admin's password: %w", err)
		}
	}
	for _, u := range d.rooms.Engine.Plan().Users {
		if known[u.ID] {
			continue
		}
		n := auth.NewAccount{ID: u.ID, Name: u.DisplayName(), Email: u.Email, Password: secretHex(), Role: auth.Responder}
		if u.ID == admin {
			n.Password, n.Role = d.password, auth.Admin
		}
		if err := d.rooms.Auth.Create(ctx, n); err != nil {
			return fmt.Errorf("make the sample account %s: %w", u.ID, err)
		}
	}
	return nil
}

// verify shows that each sample mailbox reaches its person, in the way that a
// person would: a code goes out by mail, and comes back.
func (d *demo) verify(ctx context.Context) error {
	e := d.rooms.Engine
	for _, u := range e.Plan().Users {
		for i := range u.Contacts {
			if e.Board().VerifiedContact(u.ID, &u.Contacts[i]) {
				continue
			}
			to := notification.Ref{User: u.ID, Contact: u.Contacts[i].ID}
			code := secretHex()[:6]
			for _, in := range []notification.VerifyInput{notification.Begin{To: to, Code: code}, notification.Prove{To: to, Code: code}} {
				if _, err := e.Do(ctx, fact.User(u.ID, "demo"), notification.VerifyStream(to), in); err != nil {
					return fmt.Errorf("verify %s: %w", to, err)
				}
			}
		}
	}
	return nil
}

// enter signs the sample admin in through the front door.
func (d *demo) enter(ctx context.Context) ([]*http.Cookie, error) {
	form := url.Values{"login": {admin}, "password": {d.password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.rooms.URL+"/signin", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in answers %d", resp.StatusCode)
	}
	return resp.Cookies(), nil
}

// rehearse goes through the guide and looks at the pages that a visitor would
// have open.
func (d *demo) rehearse(ctx context.Context, say func(title, text string)) error {
	if err := d.stage.Rehearse(ctx, func(w stage.Witnessed) { say(w.Title, w.Text) }); err != nil {
		return err
	}
	body, err := fetch(ctx, d.rooms.URL+stage.Path)
	if err != nil {
		return fmt.Errorf("open the guide: %w", err)
	}
	if !strings.Contains(body, "Everybody learns that it is over") {
		return errors.New("the guide does not show its steps")
	}
	cookies, err := d.enter(ctx)
	if err != nil || len(cookies) == 0 {
		return errors.Join(errors.New("the sample admin cannot sign in"), err)
	}
	say("The guide's page stands", d.rooms.URL+stage.Path)
	return nil
}
