package stage

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/drill/mailtrap"
	"tocsin/internal/drill/shop"
)

// View is what page.html shows.
type View struct {
	Now      time.Time
	Style    string
	Steps    []Step
	Shop     ShopView
	Checks   []CheckView
	Phones   []Phone
	Story    []Sign
	Earlier  int // entries of the story that are not shown
	Mails    []MailView
	MoreMail int
	Codes    []MailView // mails that verified an address
	// Page and Incident are ids, for links; First is whose phone rang first.
	Page, Incident, First string
	Keys                  Keys
	BaseURL, Host         string
}

// ShopView is the shop and its buttons.
type ShopView struct {
	URL, Sentence, Word string
	Healthy             bool
	Modes               []ModeView
	Note                *note
}

// ModeView is one way to break it.
type ModeView struct {
	ID, Word string
	Here     bool
}

// CheckView is one check as it stands.
type CheckView struct {
	ID, Name, Service, Word, Tone, Shape, Reason, Took string
}

// MailView is one caught mail.
type MailView struct {
	N                        int
	To, Subject, Text, Clock string
	Links                    []mailtrap.Link
}

const (
	shownMails = 5
	shownStory = 14
)

// mails sorts what came: the codes that verified the sample addresses are many
// and say little.
func (v *View) mails(all []mailtrap.Mail, reader *plan.User) {
	zone := zoneOf(reader)
	for _, m := range all {
		x := MailView{N: m.N, To: strings.Join(m.To, ", "), Subject: m.Subject, Text: m.Text, Clock: m.At.In(zone).Format("15:04:05") + " in " + place(reader.Zone), Links: m.Links}
		switch {
		case strings.HasPrefix(m.Subject, "Your Tocsin code"):
			v.Codes = append(v.Codes, x)
		case len(v.Mails) < shownMails:
			v.Mails = append(v.Mails, x)
		default:
			v.MoreMail++
		}
	}
}

func (s *Stage) view(sc *scene) View {
	v := View{Now: sc.At, Style: s.opt.Stylesheet, Steps: guide(sc), Phones: s.phones(sc), Keys: s.opt.Keys, BaseURL: s.opt.BaseURL}
	if u, err := url.Parse(s.opt.BaseURL); err == nil {
		v.Host = u.Host
	}
	g := guiding{scene: sc}
	if sc.Page != nil {
		v.Page = sc.Page.ID
		v.Earlier = max(0, len(sc.Story)-shownStory)
		v.Story = g.signs(sc.Story[v.Earlier:]...)
		if x := g.firstTell(); x != nil {
			v.First = g.name(x.To.User)
		}
	}
	if sc.Incident != nil {
		v.Incident = sc.Incident.ID
	}
	v.Shop = s.shopView(sc)
	for _, c := range sc.Checks {
		v.Checks = append(v.Checks, checkView(sc, c))
	}
	if len(sc.Plan.Users) > 0 {
		v.mails(s.opt.Mail.Mails(), &sc.Plan.Users[0])
	}
	return v
}

// modeWords are the buttons.
var modeWords = map[shop.Mode]string{
	shop.Healthy: "Works", shop.SlowDatabase: "Slow database", shop.CheckoutErrors: "Payments fail", shop.Down: "Down", shop.ExpiringCertificate: "Old certificate",
}

func (s *Stage) shopView(sc *scene) ShopView {
	v := ShopView{URL: s.opt.Shop.URL(), Sentence: sc.Mode.Sentence(), Word: modeWords[sc.Mode], Healthy: sc.Mode == shop.Healthy, Note: s.noteOf("", sc.At)}
	for _, m := range s.opt.Shop.Modes() {
		v.Modes = append(v.Modes, ModeView{ID: string(m), Word: modeWords[m], Here: m == sc.Mode})
	}
	return v
}

func checkView(sc *scene, c checkSeen) CheckView {
	v := CheckView{ID: c.Check.ID, Name: c.Check.Name, Word: "not looked at yet", Tone: "grey", Shape: "unknown"}
	if svc := sc.Plan.Service(c.Check.Service); svc != nil {
		v.Service = svc.Name
	}
	if c.Latest != nil {
		v.Took = fmt.Sprintf("%d ms", c.Latest.Took.Milliseconds())
	}
	switch {
	case c.State.Hard:
		v.Word, v.Tone, v.Shape, v.Reason = "hard failure", "red", "firing", c.State.Reason
	case c.State.Failures > 0:
		v.Word, v.Tone, v.Shape, v.Reason = fmt.Sprintf("soft failure, try %d of %d", c.State.Failures, c.Check.Retries+1), "amber", "acked", c.State.Reason
	case c.Latest != nil && c.Latest.OK:
		v.Word, v.Tone, v.Shape = "content", "green", "resolved"
	}
	return v
}

// icons are drawn on 16 by 16, in the product's own shapes of a state.
var icons = map[string]string{
	"firing":   `<circle cx="8" cy="8" r="6.5" fill="currentColor"/>`,
	"acked":    `<circle cx="8" cy="8" r="6.25"/><path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor"/>`,
	"resolved": `<circle cx="8" cy="8" r="6"/>`,
	"muted":    `<circle cx="8" cy="8" r="6.25"/><path d="m3.6 12.4 8.8-8.8"/>`,
	"unknown":  `<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.6 2.3"/>`,
	"incident": `<path d="M8 2 14.5 13.5h-13z"/><path d="M8 6.5v3.2M8 11.6v.2"/>`,
	"clock":    `<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.5 2"/>`,
	"bell":     `<path d="M3 12h10c-1.2-1.2-1.5-2.6-1.5-5a3.5 3.5 0 0 0-7 0c0 2.4-.3 3.8-1.5 5z"/><path d="M6.7 14.2a1.5 1.5 0 0 0 2.6 0M8 1.5v2"/>`,
	"check":    `<path d="m2.5 8.5 3.5 3.5 7.5-8"/>`,
	"up":       `<path d="M8 13.5v-11M3.5 7 8 2.5 12.5 7"/>`,
	"right":    `<path d="M2.5 8h11M9 3.5 13.5 8 9 12.5"/>`,
	"mail":     `<path d="M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5"/>`,
}

func icon(name string) (template.HTML, error) {
	inner, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon is called %q", name)
	}
	return template.HTML(`<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">` + inner + `</svg>`), nil //nolint:gosec // a constant
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// left is how long until a time, for those without a script.
func left(at, now time.Time) string {
	return fmt.Sprintf("%d s", max(0, int(at.Sub(now).Round(time.Second).Seconds())))
}

// dict passes a few named texts to a part of the page.
func dict(pairs ...string) (map[string]string, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs pairs")
	}
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m, nil
}

func sheet() (*template.Template, error) {
	return template.New("page.html").Funcs(template.FuncMap{"icon": icon, "iso": iso, "left": left, "dict": dict, "count": count}).Option("missingkey=error").ParseFS(files, "page.html")
}

func (s *Stage) show(w http.ResponseWriter, r *http.Request) {
	sc, err := s.look(r.Context())
	if err != nil {
		if r.Context().Err() == nil {
			s.opt.Log.Error("the stage cannot look", "error", err)
		}
		http.Error(w, "the demo cannot read its own ledger; it is in the log", http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := s.sheet.Execute(&b, s.view(sc)); err != nil {
		s.opt.Log.Error("the stage cannot be drawn", "error", err)
		http.Error(w, "the demo's page is broken; it is in the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // a visitor who hangs up is no news
}
