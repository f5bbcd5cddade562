package stage

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"tocsin/internal/drill/shop"
)

//go:embed page.html stage.css stage.js
var files embed.FS

// Stage serves the demo's page. Run must run beside it.
type Stage struct {
	opt     Options
	hub     *hub
	changes chan shop.Change
	sheet   *template.Template
	mux     http.Handler
	ended   chan struct{} // closed when Run has ended: live pages hang up
	end     func()

	mu    sync.Mutex
	run   run
	notes map[string]note // by person; "" is the shop's
}

// New builds a stage.
func New(opt Options) (*Stage, error) {
	if opt.Ledger == nil || opt.Engine == nil || opt.Shop == nil || opt.Mail == nil || opt.Looks == nil || opt.Link == nil || opt.Enter == nil {
		return nil, errors.New("stage: something that it stands on is missing")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	t, err := sheet()
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	s := &Stage{opt: opt, sheet: t, hub: newHub(), changes: make(chan shop.Change, 64), notes: map[string]note{}, ended: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	guard := http.NewCrossOriginProtection()
	s.mux = s.fence(guard.Handler(s.routes()))
	return s, nil
}

func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Path is where the stage stands; everything of it is below.
const Path = "/demo"

func (s *Stage) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET "+Path, s.show)
	m.HandleFunc("GET "+Path+"/{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, Path, http.StatusSeeOther) })
	m.HandleFunc("GET "+Path+"/events", s.events)
	m.HandleFunc("GET "+Path+"/stage.css", file("stage.css", "text/css; charset=utf-8"))
	m.HandleFunc("GET "+Path+"/stage.js", file("stage.js", "text/javascript; charset=utf-8"))
	m.HandleFunc("POST "+Path+"/break", s.breakShop)
	m.HandleFunc("POST "+Path+"/heal", s.healShop)
	m.HandleFunc("POST "+Path+"/answer", s.answer)
	m.HandleFunc("POST "+Path+"/enter", s.enter)
	return m
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := files.ReadFile(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(b)
	}
}

// maxForm bounds what a button may send.
const maxForm = 16 << 10

// fence keeps everybody out who does not sit at this machine: here a button
// signs in without a password.
func (s *Stage) fence(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if !shop.Loopback(r.Host) || !shop.Loopback(r.RemoteAddr) {
			http.Error(w, "the demo answers to loopback addresses only", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				http.Error(w, "the form cannot be read", http.StatusBadRequest)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Stage) breakShop(w http.ResponseWriter, r *http.Request) {
	s.turn(w, r, s.opt.Shop.Break(shop.Mode(r.PostForm.Get("mode"))))
}

func (s *Stage) healShop(w http.ResponseWriter, r *http.Request) { s.turn(w, r, s.opt.Shop.Heal()) }

func (s *Stage) turn(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.remark("", note{Bad: true, Text: err.Error()})
	}
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

// enter signs the visitor in as the sample admin and goes to a page.
func (s *Stage) enter(w http.ResponseWriter, r *http.Request) {
	cookies, err := s.opt.Enter(r.Context())
	if err != nil {
		s.opt.Log.Error("the demo cannot sign in its admin", "error", err)
		http.Error(w, "signing in did not work; it is in the log", http.StatusInternalServerError)
		return
	}
	for _, c := range cookies {
		http.SetCookie(w, c)
	}
	http.Redirect(w, r, ownPath(r.PostForm.Get("to")), http.StatusSeeOther)
}

// ownPath keeps a redirect on this site.
func ownPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// remark keeps a line for a while where it belongs.
func (s *Stage) remark(whose string, n note) {
	n.At = s.opt.Engine.Now()
	s.mu.Lock()
	s.notes[whose] = n
	s.mu.Unlock()
	s.hub.tell()
}

func (s *Stage) noteOf(whose string, now time.Time) *note {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.notes[whose]
	if !ok || now.Sub(n.At) > noteLife {
		delete(s.notes, whose)
		return nil
	}
	return &n
}
