package shop

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed page.html shop.css
var files embed.FS

// maxBody bounds what a visitor may send.
const maxBody = 16 << 10

// payment is how long the pretended payment provider takes.
const payment = 45 * time.Millisecond

func (s *Shop) storefront() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showShop)
	mux.HandleFunc("GET /shop.css", serveCSS)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /api/cart", s.apiCart)
	mux.HandleFunc("POST /api/cart", s.apiAdd)
	mux.HandleFunc("POST /api/checkout", s.apiCheckout)
	mux.HandleFunc("POST /cart", s.formAdd)
	mux.HandleFunc("POST /checkout", s.formCheckout)
	return s.handlerOf(mux)
}

func serveCSS(w http.ResponseWriter, _ *http.Request) {
	b, err := files.ReadFile("shop.css")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(b)
}

// page is what page.html shows.
type page struct {
	State    state
	Sentence string
	Products []product
	Cart     cart
	Notice   string
	Bad      bool
	Board    bool // the switchboard, not the shop
	Shop     string
	Control  string
	Modes    []Mode
}

func (s *Shop) show(w http.ResponseWriter, status int, p page) {
	p.State, p.Shop, p.Control, p.Modes = s.state(), s.URL(), s.ControlURL(), s.Modes()
	p.Sentence = p.State.Mode.Sentence()
	t, err := template.ParseFS(files, "page.html")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = t.Execute(w, p) // a visitor who hangs up is no news
}

func (s *Shop) showShop(w http.ResponseWriter, r *http.Request) {
	if _, err := s.db.query(r.Context()); err != nil {
		return // the visitor has gone
	}
	s.show(w, http.StatusOK, page{Products: catalogue(), Cart: s.till.cart(visitorOf(r))})
}

// healthz is honest: a failing part shows, and slowness costs time.
func (s *Shop) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	took, err := s.db.query(ctx)
	mode := s.Mode()
	status, overall, db, checkout := http.StatusOK, "UP", "UP", "UP"
	if mode == SlowDatabase {
		overall, db = "DEGRADED", "SLOW"
	}
	if mode == CheckoutErrors {
		overall, checkout = "DEGRADED", "DOWN"
	}
	if err != nil {
		status, overall, db = http.StatusServiceUnavailable, "DOWN", "DOWN"
	}
	reply(w, status, map[string]any{
		"status": overall, "demo": true, "checkout": checkout,
		"database": map[string]any{"status": db, "latency_ms": took.Milliseconds()},
	})
}

func (s *Shop) apiCart(w http.ResponseWriter, r *http.Request) {
	if _, err := s.db.query(r.Context()); err == nil {
		reply(w, http.StatusOK, s.till.cart(visitorOf(r)))
	}
}

func (s *Shop) apiAdd(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Item  string `json:"item"`
		Count int    `json:"count"`
	}
	in.Count = 1
	if !readJSON(w, r, &in) {
		return
	}
	if _, ok := find(in.Item); !ok {
		problem(w, http.StatusUnprocessableEntity, "item: there is no such product")
		return
	}
	if _, err := s.db.query(r.Context()); err != nil {
		return
	}
	visitor := greet(w, r)
	s.till.add(visitor, in.Item, in.Count)
	reply(w, http.StatusOK, s.till.cart(visitor))
}

func (s *Shop) apiCheckout(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Items map[string]int `json:"items"`
	}
	if r.ContentLength != 0 && !readJSON(w, r, &in) {
		return
	}
	visitor := visitorOf(r)
	c := s.till.cart(visitor)
	if len(in.Items) > 0 {
		c = cartOf(in.Items)
	}
	number, err := s.checkout(r.Context(), visitor, c)
	switch {
	case errors.Is(err, errEmpty):
		problem(w, http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, errPayment):
		problem(w, http.StatusBadGateway, err.Error())
	case err == nil:
		reply(w, http.StatusCreated, map[string]any{"order": number, "total_cents": c.Cents, "demo": true})
	}
}

var (
	errEmpty   = errors.New("items: the cart is empty")
	errPayment = errors.New("the payment provider does not answer (simulated)")
)

// checkout is the shop's one transaction: stock, payment, order.
func (s *Shop) checkout(ctx context.Context, visitor string, c cart) (string, error) {
	if len(c.Lines) == 0 {
		return "", errEmpty
	}
	if _, err := s.db.query(ctx); err != nil {
		return "", err
	}
	if err := pause(ctx, payment); err != nil {
		return "", err
	}
	if s.Mode() == CheckoutErrors {
		s.till.refused()
		return "", errPayment
	}
	if _, err := s.db.query(ctx); err != nil {
		return "", err
	}
	return s.till.sold(visitor), nil
}

func (s *Shop) formAdd(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	if p, ok := find(r.PostForm.Get("item")); ok {
		if _, err := s.db.query(r.Context()); err != nil {
			return
		}
		s.till.add(greet(w, r), p.ID, 1)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Shop) formCheckout(w http.ResponseWriter, r *http.Request) {
	visitor := visitorOf(r)
	number, err := s.checkout(r.Context(), visitor, s.till.cart(visitor))
	p := page{Products: catalogue(), Cart: s.till.cart(visitor)}
	switch {
	case err == nil:
		p.Notice = "Thank you. Order " + number + " is as good as on its way: nothing was charged, nothing will be sent."
		s.show(w, http.StatusOK, p)
	case errors.Is(err, errPayment):
		p.Bad, p.Notice = true, "Your order did not go through: "+err.Error()+"."
		s.show(w, http.StatusBadGateway, p)
	case errors.Is(err, errEmpty):
		p.Bad, p.Notice = true, "Your cart is empty."
		s.show(w, http.StatusUnprocessableEntity, p)
	}
}

const cookieName = "demo_shop"

func visitorOf(r *http.Request) string {
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value
	}
	return ""
}

// greet gives a new visitor a cookie, and returns who it is.
func greet(w http.ResponseWriter, r *http.Request) string {
	if v := visitorOf(r); v != "" && len(v) < 64 {
		return v
	}
	v := newVisitor()
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: v, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil})
	return v
}

func readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return false
	}
	return true
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "send application/json")
		return false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, "the body is too long")
		return false
	}
	if err := json.Unmarshal(b, into); err != nil {
		problem(w, http.StatusBadRequest, "the body is not the JSON that is expected here: "+err.Error())
		return false
	}
	return true
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, why string) {
	reply(w, status, map[string]any{"error": why, "demo": true})
}

// sameSite says whether a link leads back into the demo.
func (s *Shop) sameSite(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	origin := u.Scheme + "://" + u.Host
	return origin == s.URL() || origin == s.ControlURL() || (s.secure != nil && strings.EqualFold(origin, s.TLSURL()))
}
