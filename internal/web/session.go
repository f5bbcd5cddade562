package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// SessionCookie holds a browser's session; the API takes it as well.
	SessionCookie = "tocsin"
	flashCookie   = "flash"
	themeCookie   = "theme"
)

func (s *Site) sessionOf(r *http.Request) (Session, bool) {
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return Session{}, false
	}
	return s.Auth.Session(r.Context(), c.Value)
}

func (s *Site) cookie(name, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.BaseURL, "https://"), Expires: expires}
}

// sendToSignIn remembers where the person wanted to go. A program that asks
// for events learns that it is not signed in.
func (s *Site) sendToSignIn(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/events" {
		http.Error(w, "not signed in", http.StatusUnauthorized)
		return
	}
	if first, err := s.Auth.FirstRun(r.Context()); err == nil && first {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	to := "/signin"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?" + url.Values{"to": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// flash is one line that survives a redirect.
type flash struct {
	Bad  bool   `json:"b,omitempty"`
	Text string `json:"t"`
}

// redirect answers a form: see the result over there.
func (c *call) redirect(to string, f flash) error {
	if f.Text != "" {
		data, _ := json.Marshal(f)
		http.SetCookie(c.w, c.s.cookie(flashCookie, base64.RawURLEncoding.EncodeToString(data), time.Time{}))
	}
	http.Redirect(c.w, c.r, to, http.StatusSeeOther)
	return nil
}

// done is redirect for what worked.
func (c *call) done(to, text string) error { return c.redirect(to, flash{Text: text}) }

// takeFlash reads the line and forgets it.
func (c *call) takeFlash() *flash {
	k, err := c.r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(c.w, c.s.cookie(flashCookie, "", time.Unix(1, 0)))
	data, err := base64.RawURLEncoding.DecodeString(k.Value)
	var f flash
	if err != nil || json.Unmarshal(data, &f) != nil || f.Text == "" {
		return nil
	}
	return &f
}

// ownPath keeps a redirect on this site.
func ownPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

func themeOf(r *http.Request) string {
	if k, err := r.Cookie(themeCookie); err == nil && (k.Value == "light" || k.Value == "dark") {
		return k.Value
	}
	return ""
}
