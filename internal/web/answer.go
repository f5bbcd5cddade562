package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// answerPage is what a signed link opens: at night, on a telephone, without
// signing in. It has its own small style, and no script.
var answerPage = bare[answerView]("answer.html")

type answerView struct {
	Row     *PageRow
	Who     Person
	Result  string
	Bad     bool
	Expired bool
	Title   string
	Text    string
	Told    []ToldRow
	Next    string
	CanAck  bool
	Open    bool
	Picked  string // what the link in the message was for
	CSS     string
}

// verbs are what a link may do, in the words of the form field.
var verbs = map[string]page.Input{"ack": page.Acknowledge{}, "escalate": page.Escalate{}, "resolve": page.Resolve{}}

func (s *Site) answerShow(w http.ResponseWriter, r *http.Request) { s.answerWith(w, r, s.lookUp(r)) }

// attempt is one visit to a link.
type attempt struct {
	eye    *eye
	link   Link
	page   *page.State
	view   answerView
	status int
	err    error
}

// lookUp reads the link and what it is about.
func (s *Site) lookUp(r *http.Request) *attempt {
	e := &eye{now: s.Door.Now(), plan: s.Door.Plan(), board: s.Door.Board()}
	a := &attempt{eye: e, status: http.StatusOK}
	a.view.CSS = s.assets.url["answer.css"]
	link, expired, ok := s.Links.Verify(r.PathValue("token"), e.now)
	if !ok {
		a.status = http.StatusNotFound
		a.view.Title, a.view.Text = "This link is not one of ours", "It may have been cut on its way. Open the message again, or sign in."
		return a
	}
	a.link, a.view.Expired, e.me = link, expired, link.User
	e.zone = zoneOf(e, r)
	a.view.Who, a.view.Picked = e.person(link.User), r.FormValue("do")
	a.reload(s, r)
	return a
}

// reload reads the page as it is now.
func (a *attempt) reload(s *Site, r *http.Request) {
	p, err := s.Ledger.Page(r.Context(), a.link.Page)
	if err != nil {
		a.err = err
		return
	}
	if p == nil {
		a.view.Title, a.view.Text = "There is nothing to answer", "What this link was about is gone, or was never a page. Sign in to see more."
		if a.link.Incident != "" {
			a.view.Text = "This link is about " + a.link.Incident + ". Sign in to see it."
		}
		return
	}
	row := a.eye.pageRow(p)
	a.page, a.view.Row, a.view.Title = p, &row, p.Title
	a.view.Open = p.Open() && !a.view.Expired
	a.view.CanAck = a.view.Open && p.Status != page.Acknowledged
	a.view.Next = sentence(row.next)
	a.view.Told = nil
	for _, t := range p.Tells {
		if t.Kind == notification.KindPage {
			a.view.Told = append(a.view.Told, ToldRow{To: a.eye.contact(t.To), At: a.eye.stamp(t.At), Receipt: Receipt{Mark: markDelivery(t.Outcome)}})
		}
	}
}

// answerDo acts. Only a POST comes here: mail scanners follow links.
func (s *Site) answerDo(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	a := s.lookUp(r)
	in, known := verbs[r.FormValue("do")]
	switch {
	case a.err != nil || a.page == nil:
	case a.view.Expired:
		a.refuse(http.StatusGone, "This link has expired. Sign in to answer.")
	case !known:
		a.refuse(http.StatusUnprocessableEntity, "This button is not known here. Nothing was done.")
	default:
		s.actOn(r, a, in)
	}
	s.answerWith(w, r, a)
}

func (a *attempt) refuse(status int, text string) {
	a.status, a.view.Bad, a.view.Result = status, true, text
}

func (s *Site) actOn(r *http.Request, a *attempt, in page.Input) {
	actor := fact.User(a.link.User, "link")
	if a.link.User == "" {
		actor = fact.Actor{Kind: "link", ID: a.link.Contact, Via: "link"}
	}
	_, err := s.Door.Do(r.Context(), actor, page.Stream(a.link.Page), in)
	var refused *fact.Refused
	switch {
	case errors.As(err, &refused):
		a.refuse(http.StatusConflict, sentence(refused.Error())+". Nothing was changed.")
	case err != nil:
		a.err = err
		return
	default:
		a.view.Result = doneWords(in)
	}
	// A folded message stands for several pages, and one answer means them all.
	also := 0
	for _, id := range a.link.Also {
		if _, err := s.Door.Do(r.Context(), actor, page.Stream(id), in); err == nil {
			also++
		}
	}
	if also > 0 {
		a.view.Result += fmt.Sprintf(" So did %s that came with it.", plural(also, "page"))
	}
	a.reload(s, r)
}

func doneWords(in page.Input) string {
	switch in.(type) {
	case page.Acknowledge:
		return "You have it. Nobody else is woken."
	case page.Escalate:
		return "Escalated. The next step is being told."
	}
	return "Resolved. Whoever was told learns that it is over."
}

func (s *Site) answerWith(w http.ResponseWriter, r *http.Request, a *attempt) {
	if a.err != nil {
		s.Log.Error("answer failed", "path", "/a/…", "err", a.err)
		a.status = http.StatusInternalServerError
		a.view = answerView{Title: "It may not have worked", Text: "Something broke here. Try again, or answer in another way.", Bad: true, CSS: a.view.CSS}
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex")
	if strings.Contains(r.Header.Get("Accept"), "text/plain") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = fmt.Fprintln(w, cmp.Or(a.view.Result, a.view.Title))
		return
	}
	body, err := answerPage.render(Frame{Title: a.view.Title, Now: a.eye.stamp(a.eye.now)}, a.view)
	if err != nil {
		s.Log.Error("answer page failed", "err", err)
		http.Error(w, cmp.Or(a.view.Result, a.view.Title), http.StatusInternalServerError)
		return
	}
	writeHTML(w, r, a.status, body)
}
