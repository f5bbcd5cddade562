package web

import (
	"net/http"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

var (
	doorPage    = bare[doorView]("door.html")
	problemPage = sheet[problemView]("problem.html")
)

// doorView is a form in front of everything: sign-in and first run.
type doorView struct {
	Title, Text, Action, Do, To string
	Form                        Form
}

func signInView(to string) doorView {
	return doorView{Title: "Sign in", Text: "With the login that your admin gave you.", Action: "/signin", Do: "Sign in", To: to, Form: Form{Fields: []Input{
		{Name: "login", Label: "Login or e-mail", Kind: "text", Required: true, Auto: "username"},
		{Name: "password", Label: "Password", Kind: "password", Required: true, Auto: "current-password"}}}}
}

func setupView() doorView {
	return doorView{Title: "Set up Tocsin", Text: "You are the first here. This makes your account, an admin, and puts you into the plan as the first person who can be told.", Action: "/setup", Do: "Begin", Form: Form{Fields: []Input{
		{Name: "name", Label: "Your name", Kind: "text", Required: true, Auto: "name"},
		{Name: "user", Label: "Login", Kind: "text", Required: true, Auto: "username", Help: "Short, lower case: ana"},
		{Name: "email", Label: "E-mail", Kind: "email", Required: true, Auto: "email", Help: "Also your first contact: pages can reach you here."},
		{Name: "zone", Label: "Time zone", Kind: "text", Value: "Europe/Berlin", Required: true, Help: "As in Europe/Berlin or America/New_York"},
		{Name: "password", Label: "Password", Kind: "password", Required: true, Auto: "new-password", Help: "At least 10 characters; a sentence is fine."}}}}
}

// stranger is a call of somebody who is not signed in.
func (s *Site) stranger(w http.ResponseWriter, r *http.Request) *call {
	return s.call(w, r, Session{})
}

// open lets a handler run for everybody.
func (s *Site) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := s.stranger(w, r)
		if err := h(c); err != nil {
			s.Log.Error("page failed", "path", r.URL.Path, "err", err)
			http.Error(w, "Something broke here. It was written to the log.", http.StatusInternalServerError)
		}
	})
}

func (c *call) signInShow() error {
	first, err := c.s.Auth.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if first {
		return c.redirect("/setup", flash{})
	}
	return show(c, doorPage, "Sign in", signInView(ownPath(c.r.FormValue("to"))))
}

func (c *call) signIn() error {
	if err := c.parse(); err != nil {
		return err
	}
	to := ownPath(c.r.Form.Get("to"))
	if err := c.enter(c.value("login"), c.r.Form.Get("password")); err != nil {
		v := signInView(to)
		form, ok := v.Form.filled(c.r).refused(err)
		if !ok {
			return err
		}
		v.Form = form
		return showAs(c, http.StatusForbidden, doorPage, "Sign in", v)
	}
	return c.redirect(to, flash{})
}

func (c *call) enter(login, password string) error {
	token, expires, err := c.s.Auth.SignIn(c.r.Context(), login, password, c.r.RemoteAddr)
	if err != nil {
		return err
	}
	http.SetCookie(c.w, c.s.cookie(SessionCookie, token, expires))
	return nil
}

func (c *call) signOut() error {
	if k, err := c.r.Cookie(SessionCookie); err == nil {
		if err := c.s.Auth.SignOut(c.r.Context(), k.Value); err != nil {
			return err
		}
	}
	http.SetCookie(c.w, c.s.cookie(SessionCookie, "", time.Unix(1, 0)))
	return c.redirect("/signin", flash{})
}

func (c *call) setupShow() error {
	first, err := c.s.Auth.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if !first {
		return c.redirect("/signin", flash{})
	}
	return show(c, doorPage, "Set up", setupView())
}

func (c *call) setup() error {
	if err := c.parse(); err != nil {
		return err
	}
	v := setupView()
	again := func(err error) error {
		form, ok := v.Form.filled(c.r).refused(err)
		if !ok {
			return err
		}
		v.Form = form
		return showAs(c, http.StatusUnprocessableEntity, doorPage, "Set up", v)
	}
	a := Account{User: c.value("user"), Name: c.value("name"), Email: c.value("email"), Role: Admin}
	password := c.r.Form.Get("password")
	if _, err := time.LoadLocation(c.value("zone")); err != nil || c.value("zone") == "Local" {
		return again(fact.Refuse("invalid", "zone", "no time zone has this name"))
	}
	if err := checkID("user", a.User); err != nil {
		return again(err)
	}
	if err := c.s.Auth.CreateFirst(c.r.Context(), a, password); err != nil {
		return again(err)
	}
	if err := c.welcome(a, c.value("zone")); err != nil {
		return err
	}
	if err := c.enter(a.User, password); err != nil {
		return err
	}
	return c.done("/", "Welcome. Next: say where alerts come from, on Integrations.")
}

// welcome puts the first person into the plan, unless a file did already.
func (c *call) welcome(a Account, zone string) error {
	if c.plan.User(a.User) != nil || c.s.Plans.ManagedBy() != "" {
		return nil
	}
	next, err := copyPlan(c.plan)
	if err != nil {
		return err
	}
	next.Users = append(next.Users, plan.User{ID: a.User, Name: a.Name, Email: a.Email, Zone: zone, Contacts: []plan.Contact{
		{ID: "inbox", Channel: "inapp"}, {ID: "mail", Channel: "email", Settings: map[string]string{"to": a.Email}}}})
	if len(next.Fallback) == 0 {
		next.Fallback = []plan.Target{{Kind: plan.ToUser, ID: a.User}}
	}
	_, err = c.s.Door.SavePlan(c.r.Context(), a.User, "first run: "+a.Name+" joins", next)
	return err
}
