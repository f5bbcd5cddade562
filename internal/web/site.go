package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tocsin/internal/core/fact"
)

// Config is what the roof hands to the pages. Optional rooms may be nil.
type Config struct {
	Ledger   Ledger
	Door     Door
	Auth     Auth
	Links    ActionTokens
	Channels Channels
	Formats  Formats
	Plans    PlanTools
	Probes   Probes // optional
	Push     Push   // optional
	Mapper   Mapper // optional
	// BaseURL is how people and sources reach this Tocsin, without a slash.
	BaseURL string
	Version string
	Log     *slog.Logger
	// Gallery shows the page of all components, for development.
	Gallery bool
	// Banner is a line above every page: what a demo simulates.
	Banner string
	// BannerLink is where the banner leads, a path of this server; may be empty.
	BannerLink string
}

// Site serves the pages.
type Site struct {
	Config
	assets *assets
	mux    http.Handler
}

// New builds the pages.
func New(c Config) (*Site, error) {
	if c.Ledger == nil || c.Door == nil || c.Auth == nil || c.Links == nil || c.Channels == nil || c.Formats == nil || c.Plans == nil {
		return nil, errors.New("web: a room that the pages need is missing")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	a, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := &Site{Config: c, assets: a}
	guard := http.NewCrossOriginProtection()
	s.mux = s.headers(guard.Handler(s.routes()))
	return s, nil
}

func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// policy lets a page load what is ours and nothing else. No inline script or
// style exists, so a stranger's string that slips through still does nothing.
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func (s *Site) headers(next http.Handler) http.Handler {
	secure := strings.HasPrefix(s.BaseURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// call is one request of a signed-in person.
type call struct {
	*eye
	s       *Site
	w       http.ResponseWriter
	r       *http.Request
	session Session
	// path is where this page can be read again; empty: where it was asked for.
	path string
	// pos is how far the journal went before anything of this page was read.
	pos int64
}

type handler func(*call) error

// as lets a handler run for whoever has the role, and sends others to sign in.
func (s *Site) as(need Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, ok := s.sessionOf(r)
		if !ok {
			s.sendToSignIn(w, r)
			return
		}
		c := s.call(w, r, session)
		if !session.Role.May(need) {
			c.fail(c.notForRole(need))
			return
		}
		var err error
		if c.pos, err = s.newest(c); err == nil {
			err = h(c)
		}
		if err != nil {
			c.fail(err)
		}
	})
}

func (c *call) notForRole(need Role) error {
	return fact.Refuse("forbidden", "", fmt.Sprintf("this needs the role %s; yours is %s", need, c.role))
}

func (s *Site) call(w http.ResponseWriter, r *http.Request, session Session) *call {
	e := &eye{now: s.Door.Now(), plan: s.Door.Plan(), board: s.Door.Board(), me: session.User, role: session.Role}
	e.zone = zoneOf(e, r)
	return &call{eye: e, s: s, w: w, r: r, session: session}
}

// zoneOf is the person's own zone, or the one that the browser told.
func zoneOf(e *eye, r *http.Request) *time.Location {
	names := []string{}
	if u := e.plan.User(e.me); u != nil && u.Zone != "" {
		names = append(names, u.Zone)
	}
	if c, err := r.Cookie("zone"); err == nil {
		names = append(names, c.Value)
	}
	for _, n := range names {
		if loc, err := time.LoadLocation(n); err == nil && n != "" && n != "Local" {
			return loc
		}
	}
	return time.UTC
}

// do submits an input as the signed-in person.
func (c *call) do(stream fact.Stream, body any) error {
	_, err := c.s.Door.Do(c.r.Context(), fact.User(c.session.User, "web"), stream, body)
	return err
}

// fail is the one place where an error becomes an answer. A refused form goes
// back where it came from, with the reason on top.
func (c *call) fail(err error) {
	var refused *fact.Refused
	if !errors.As(err, &refused) {
		c.s.Log.Error("page failed", "path", c.r.URL.Path, "err", err)
		c.problem(http.StatusInternalServerError, "Something broke here", "It was written to the log. What you did may not have happened; look before you try again.")
		return
	}
	if back := c.back(); c.r.Method == http.MethodPost && back != "" && refused.Code != "forbidden" {
		c.redirect(back, flash{Bad: true, Text: sentence(refused.Error())})
		return
	}
	status, title := http.StatusUnprocessableEntity, "That did not work"
	switch refused.Code {
	case "not-found":
		status, title = http.StatusNotFound, "Not here"
	case "conflict":
		status, title = http.StatusConflict, "Somebody was first"
	case "forbidden":
		status, title = http.StatusForbidden, "Not for your role"
	}
	c.problem(status, title, sentence(refused.Error())+".")
}

// back is the path that a form was on; only ever one of ours.
func (c *call) back() string {
	ref := c.r.Header.Get("Referer")
	_, rest, ok := strings.Cut(ref, "://")
	if !ok {
		return ""
	}
	host, path, ok := strings.Cut(rest, "/")
	if !ok || host != c.r.Host {
		return ""
	}
	return "/" + path
}

type problemView struct{ Title, Text string }

func (c *call) problem(status int, title, text string) {
	if err := showAs(c, status, problemPage, title, problemView{title, text}); err != nil {
		c.s.Log.Error("error page failed", "err", err)
		http.Error(c.w, text, status)
	}
}

// gone is the answer for a thing that is not there.
func gone(what, id string) error {
	return fact.Refuse("not-found", "", fmt.Sprintf("there is no %s %q", what, id))
}
