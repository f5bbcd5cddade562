package web

import (
	"net/http"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/incident"
)

var (
	settingsPage = sheet[settingsView]("settings.html")
	morePage     = sheet[struct{}]("more.html")
	helpPage     = sheet[struct{}]("help.html")
	searchPage   = sheet[searchView]("search.html")
)

// TokenRow is an API token.
type TokenRow struct {
	ID, Name string
	Role     Role
	Created  Stamp
	Used     Stamp
	Expires  Stamp
}

type settingsView struct {
	Themes   []Chip
	Theme    string
	Tokens   []TokenRow
	Secret   string // only in the answer that made it
	Accounts []Account
	Roles    []Option
	Base     string
}

func (c *call) settingsShow() error { return c.settingsWith("") }

func (c *call) settingsWith(secret string) error {
	ctx := c.r.Context()
	v := settingsView{Theme: themeOf(c.r), Secret: secret, Base: c.s.BaseURL, Roles: []Option{{"viewer", "Viewer"}, {"responder", "Responder"}, {"admin", "Admin"}}}
	tokens, err := c.s.Auth.Tokens(ctx, c.session.User)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, TokenRow{ID: t.ID, Name: t.Name, Role: t.Role, Created: c.stamp(t.Created), Used: c.stamp(t.LastUsed), Expires: c.stamp(t.Expires)})
	}
	if c.role.May(Admin) {
		if v.Accounts, err = c.s.Auth.Accounts(ctx); err != nil {
			return err
		}
	}
	for _, t := range []string{"", "light", "dark"} {
		word := t
		if t == "" {
			word = "as the device"
		}
		v.Themes = append(v.Themes, Chip{Word: sentence(word), Href: t, On: t == v.Theme})
	}
	return show(c, settingsPage, "Settings", v)
}

func (c *call) themeSet() error {
	k := c.s.cookie(themeCookie, c.value("theme"), c.now.AddDate(1, 0, 0))
	k.Expires, k.MaxAge = time.Time{}, 365*24*3600
	http.SetCookie(c.w, k)
	return c.done("/settings", "")
}

func (c *call) passwordSet() error {
	if err := c.parse(); err != nil {
		return err
	}
	if err := c.s.Auth.ChangePassword(c.r.Context(), c.session.User, c.r.Form.Get("old"), c.r.Form.Get("next")); err != nil {
		return err
	}
	return c.done("/settings", "The password is changed.")
}

func (c *call) tokenAdd() error {
	if err := c.parse(); err != nil {
		return err
	}
	role := Role(c.value("role"))
	if !c.role.May(role) {
		role = c.role
	}
	secret, err := c.s.Auth.CreateToken(c.r.Context(), c.session.User, APIToken{Name: c.value("name"), Role: role})
	if err != nil {
		return err
	}
	c.path = "/settings"
	return c.settingsWith(secret)
}

func (c *call) tokenRevoke() error {
	if err := c.s.Auth.RevokeToken(c.r.Context(), c.session.User, c.r.PathValue("id")); err != nil {
		return err
	}
	return c.done("/settings", "The token is revoked. Programs that use it are refused from now on.")
}

func (c *call) roleSet() error {
	if err := c.s.Auth.SetRole(c.r.Context(), c.session.User, c.r.PathValue("user"), Role(c.value("role"))); err != nil {
		return err
	}
	return c.done("/settings", "The role is changed.")
}

func (c *call) moreShow() error { return show(c, morePage, "More", struct{}{}) }
func (c *call) helpShow() error { return show(c, helpPage, "Keys and words", struct{}{}) }

type searchView struct {
	Query     string
	Incidents []IncidentRow
	Alerts    []AlertRow
	Things    []Found
	None      bool
}

// Found is a thing of the plan.
type Found struct{ Kind, Name, Href string }

func (c *call) searchShow() error {
	v := searchView{Query: c.value("q")}
	if v.Query == "" {
		return show(c, searchPage, "Search", v)
	}
	ctx := c.r.Context()
	if to, err := c.exact(v.Query); err != nil || to != "" {
		if err != nil {
			return err
		}
		return c.redirect(to, flash{})
	}
	incidents, err := c.s.Ledger.Incidents(ctx, incident.Filter{Text: v.Query, Limit: 20})
	if err != nil {
		return err
	}
	for _, i := range incidents {
		v.Incidents = append(v.Incidents, c.incidentRow(i))
	}
	alerts, err := c.s.Ledger.Alerts(ctx, alert.Filter{Text: v.Query, Limit: 20})
	if err != nil {
		return err
	}
	for _, a := range alerts {
		v.Alerts = append(v.Alerts, c.alertRow(a))
	}
	v.Things = c.things(v.Query)
	v.None = len(v.Incidents)+len(v.Alerts)+len(v.Things) == 0
	return show(c, searchPage, "Search", v)
}
