package shop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Mode is how the shop is doing.
type Mode string

// The modes.
const (
	Healthy             Mode = "healthy"
	SlowDatabase        Mode = "slow-database"
	CheckoutErrors      Mode = "checkout-errors"
	Down                Mode = "down"                 // listeners closed, connections cut
	ExpiringCertificate Mode = "expiring-certificate" // three days left; needs Options.TLSAddr
)

// Sentence says what a mode does, for people.
func (m Mode) Sentence() string {
	switch m {
	case Healthy:
		return "Everything works."
	case SlowDatabase:
		return "Every query takes seconds, and four at a time is all there is."
	case CheckoutErrors:
		return "Browsing works; every payment fails."
	case Down:
		return "Nobody listens on the shop's port."
	case ExpiringCertificate:
		return "Everything works, and the certificate ends in three days."
	}
	return "Unknown."
}

// Options shape a shop. The zero value is a healthy shop on free ports that
// breaks only when told to.
type Options struct {
	Addr        string // the shop; empty is 127.0.0.1:0
	ControlAddr string // the switchboard, which stays up; empty is 127.0.0.1:0
	TLSAddr     string // the shop again over HTTPS; empty is no HTTPS
	// SlowBy is a query's time while the database is slow; 0 is 1.5 seconds.
	SlowBy time.Duration
	// Schedule breaks the shop now and then; the zero value never does.
	Schedule Schedule
	// Seed makes latencies and the schedule the same on every run.
	Seed uint64
	// OnChange hears of every change of mode. It must not block or call the shop.
	OnChange func(Change)
	// Log may be nil.
	Log *slog.Logger
}

// Change is one change of mode.
type Change struct {
	At       time.Time
	From, To Mode
	By       string // "hand" or "schedule"
}

// Shop is a running demo. All methods are safe at any time.
type Shop struct {
	opt     Options
	db      *database
	till    *till
	web     *gate
	secure  *gate // nil without TLSAddr
	control *gate
	certs   *certificates

	mu    sync.Mutex
	mode  Mode
	turns int // counts changes, so that a schedule heals only what it broke
	since time.Time
}

// New takes the ports, so that the URLs are known. Call Run to serve, or Close
// to give the ports back.
func New(opt Options) (*Shop, error) {
	s := &Shop{opt: opt, mode: Healthy, since: time.Now(), db: newDatabase(opt), till: newTill()}
	var err error
	if s.web, err = newGate(opt.Addr, s.storefront(), nil); err != nil {
		return nil, fmt.Errorf("open the shop: %w", err)
	}
	if s.control, err = newGate(opt.ControlAddr, s.switchboard(), nil); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the shop's switchboard: %w", err)
	}
	if opt.TLSAddr == "" {
		return s, nil
	}
	if s.certs, err = newCertificates(time.Now()); err == nil {
		s.secure, err = newGate(opt.TLSAddr, s.storefront(), s.certs.config(s.Mode))
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open the shop over HTTPS: %w", err)
	}
	return s, nil
}

func (s *Shop) gates() []*gate {
	return slices.DeleteFunc([]*gate{s.web, s.secure, s.control}, func(g *gate) bool { return g == nil })
}

// Close gives the ports back. A running Run does this itself.
func (s *Shop) Close() {
	for _, g := range s.gates() {
		g.end()
	}
}

// Run serves until ctx ends.
func (s *Shop) Run(ctx context.Context) error {
	for _, g := range s.gates() {
		g.serve()
	}
	defer s.Close()
	s.disturb(ctx)
	return nil
}

// URL is the storefront's: "http://127.0.0.1:41233". It stays the same while
// the shop is down.
func (s *Shop) URL() string { return "http://" + s.web.addr }

// ControlURL is the switchboard's, which no mode takes down.
func (s *Shop) ControlURL() string { return "http://" + s.control.addr }

// TLSURL is the storefront's over HTTPS with a certificate that nobody signed,
// or empty.
func (s *Shop) TLSURL() string {
	if s.secure == nil {
		return ""
	}
	return "https://" + s.secure.addr
}

// Mode is how the shop is doing.
func (s *Shop) Mode() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

// Modes lists what Break understands.
func (s *Shop) Modes() []Mode {
	list := []Mode{SlowDatabase, CheckoutErrors, Down}
	if s.secure != nil {
		list = append(list, ExpiringCertificate)
	}
	return list
}

// Break puts the shop into a mode. It has happened when Break returns.
func (s *Shop) Break(m Mode) error {
	if !slices.Contains(s.Modes(), m) {
		return fmt.Errorf("break the shop: there is no mode %q", m)
	}
	return s.change(m, "hand")
}

// Heal makes the shop healthy again.
func (s *Shop) Heal() error { return s.change(Healthy, "hand") }

func (s *Shop) change(to Mode, by string) error {
	s.mu.Lock()
	from := s.mode
	var err error
	if to == Down {
		err = errors.Join(s.eachFront((*gate).shut)...)
	} else {
		err = errors.Join(s.eachFront((*gate).open)...)
	}
	if err != nil {
		s.mu.Unlock()
		return fmt.Errorf("make the shop %s: %w", to, err)
	}
	changed := from != to
	if changed {
		s.mode, s.since = to, time.Now()
		s.turns++
		s.db.slow(to == SlowDatabase)
	}
	at := s.since
	s.mu.Unlock()
	if changed {
		if s.opt.Log != nil {
			s.opt.Log.Info("the demo shop changed", "from", from, "to", to, "by", by)
		}
		if s.opt.OnChange != nil {
			s.opt.OnChange(Change{At: at, From: from, To: to, By: by})
		}
	}
	return nil
}

func (s *Shop) eachFront(do func(*gate) error) []error {
	var errs []error
	for _, g := range []*gate{s.web, s.secure} {
		if g != nil {
			errs = append(errs, do(g))
		}
	}
	return errs
}

// state is what pages and programs are shown.
type state struct {
	Demo   bool      `json:"demo"`
	Mode   Mode      `json:"mode"`
	Since  time.Time `json:"since"`
	Orders int       `json:"orders"`
	Failed int       `json:"failed_orders"`
}

func (s *Shop) state() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	orders, failed := s.till.counts()
	return state{Demo: true, Mode: s.mode, Since: s.since, Orders: orders, Failed: failed}
}

// handlerOf sets what every answer carries.
func (s *Shop) handlerOf(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Demo", "tocsin-shop")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action "+s.URL()+" "+s.ControlURL()+" "+s.TLSURL())
		if !Loopback(r.Host) {
			// A name that someone points at 127.0.0.1 must not drive the shop.
			http.Error(w, "this demo answers to loopback addresses only", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
