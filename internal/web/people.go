package web

import (
	"errors"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

var (
	minePage      = sheet[personView]("mine.html")
	peoplePage    = sheet[peopleView]("people.html")
	personPage    = sheet[personView]("person.html")
	personNewPage = sheet[personNewView]("person_new.html")
)

func asRefused(err error) (*fact.Refused, bool) {
	var r *fact.Refused
	ok := errors.As(err, &r)
	return r, ok
}

// MyShift is a shift of one person.
type MyShift struct {
	Schedule Named
	When     string
	Start    Stamp
	Active   bool
	Override bool
}

// MessageRow is a message that a person got.
type MessageRow struct {
	Title   string
	Href    string
	To      string
	At      Stamp
	Receipt Receipt
}

type personView struct {
	Person
	Email    string
	Zone     string
	Teams    []string
	Contacts []ContactRow
	Shifts   []MyShift
	Pages    []PageRow
	Messages []MessageRow
	Push     string
	Edit     bool
	InPlan   bool
}

func (c *call) personView(id string) (personView, error) {
	v := personView{Person: c.person(id), Edit: c.mayEdit(id) == nil && c.s.Plans.ManagedBy() == ""}
	u := c.plan.User(id)
	if u == nil {
		return v, nil
	}
	v.InPlan, v.Email, v.Zone = true, u.Email, u.Zone
	for _, t := range c.plan.Teams {
		if slices.Contains(t.Members, id) {
			v.Teams = append(v.Teams, teamName(&t))
		}
	}
	var err error
	if v.Contacts, err = c.contactRows(u); err != nil {
		return v, err
	}
	v.Shifts = c.shiftsOf(id)
	pages, err := c.s.Ledger.Pages(c.r.Context(), page.Filter{Open: true, User: id, Limit: 50})
	if err != nil {
		return v, err
	}
	for _, p := range c.byNeed(pages) {
		v.Pages = append(v.Pages, c.pageRow(p))
	}
	rows, err := c.s.Ledger.Notifications(c.r.Context(), notification.RowFilter{User: id, Limit: 30})
	if err != nil {
		return v, err
	}
	for _, r := range rows {
		m := MessageRow{Title: r.Message.Title, To: r.To.Contact, At: c.stamp(r.CreatedAt), Receipt: c.receipt(r)}
		if r.Kind == notification.KindVerify {
			m.Title = "A verification code" // the code itself is for the contact alone
		}
		if r.Page != "" {
			m.Href = "/pages/" + r.Page
		}
		v.Messages = append(v.Messages, m)
	}
	return v, nil
}

// shiftsOf are a person's shifts of the next four weeks.
func (c *call) shiftsOf(user string) []MyShift {
	var out []MyShift
	f := frameOf{loc: c.zone}
	for i := range c.plan.Schedules {
		s := &c.plan.Schedules[i]
		for _, sh := range s.Shifts(c.board.Overrides, c.now.Add(-7*24*time.Hour), c.now.Add(28*24*time.Hour)) {
			if sh.User != user || !sh.End.After(c.now) {
				continue
			}
			out = append(out, MyShift{Schedule: Named{s.ID, scheduleName(s)}, When: f.words(sh.Start, sh.End), Start: c.stamp(sh.Start), Active: !sh.Start.After(c.now), Override: sh.Override != ""})
		}
	}
	slices.SortStableFunc(out, func(a, b MyShift) int { return a.Start.T.Compare(b.Start.T) })
	return out[:min(len(out), 12)]
}

func (c *call) mineShow() error {
	v, err := c.personView(c.me)
	if err != nil {
		return err
	}
	if _, ok := c.s.Push.(Subscriber); ok && v.Edit {
		v.Push = c.s.Push.PublicKey()
	}
	return show(c, minePage, "Mine", v)
}

func (c *call) personShow() error {
	id := c.r.PathValue("id")
	v, err := c.personView(id)
	if err != nil {
		return err
	}
	if !v.InPlan {
		return gone("person", id)
	}
	return show(c, personPage, v.Name, v)
}

type peopleView struct {
	People []PersonRow
	Teams  []TeamRow
	Add    bool
	None   Empty
}

// PersonRow is somebody in the list of people.
type PersonRow struct {
	Person
	Email  string
	Teams  []string
	Reach  Mark
	OnCall []Named
}

// TeamRow is a team.
type TeamRow struct {
	Name    string
	Members []Person
}

func (c *call) peopleShow() error {
	v := peopleView{Add: c.role.May(Admin) && c.s.Plans.ManagedBy() == "", None: Empty{Title: "Nobody is in the plan yet", Text: "People are those who can be told. Each has contacts, in the order in which they are tried.", Href: "/people/new", Do: "Add a person"}}
	for i := range c.plan.Users {
		u := &c.plan.Users[i]
		row := PersonRow{Person: c.person(u.ID), Email: u.Email, Reach: c.reach(u)}
		for j := range c.plan.Schedules {
			s := &c.plan.Schedules[j]
			if slices.Contains(userIDs(s.On(c.board.Overrides, c.now)), u.ID) {
				row.OnCall = append(row.OnCall, Named{s.ID, scheduleName(s)})
			}
		}
		v.People = append(v.People, row)
	}
	for i := range c.plan.Teams {
		t := &c.plan.Teams[i]
		v.Teams = append(v.Teams, TeamRow{Name: teamName(t), Members: c.people(t.Members)})
	}
	return show(c, peoplePage, "People", v)
}

// reach says whether anybody would be woken by telling this person.
func (e *eye) reach(u *plan.User) Mark {
	verified := 0
	for i := range u.Contacts {
		if e.board.VerifiedContact(u.ID, &u.Contacts[i]) {
			verified++
		}
	}
	switch {
	case len(u.Contacts) == 0:
		return Mark{"warn", "Cannot be reached", "red"}
	case verified == 0:
		return Mark{"warn", "No contact verified", "amber"}
	case verified < len(u.Contacts):
		return Mark{"check", plural(verified, "contact") + " verified, others not", "green"}
	}
	return Mark{"check", plural(verified, "contact") + " verified", "green"}
}

type personNewView struct{ Form Form }

func (c *call) personForm() Form {
	return Form{Fields: []Input{
		{Name: "name", Label: "Name", Kind: "text", Required: true},
		{Name: "user", Label: "Login", Kind: "text", Required: true, Hint: "bo", Help: "Short, lower case; also the id in schedules and policies."},
		{Name: "email", Label: "E-mail", Kind: "email", Required: true, Help: "Becomes the first contact."},
		{Name: "zone", Label: "Time zone", Kind: "text", Value: "Europe/Berlin", Required: true},
		{Name: "role", Label: "Role", Kind: "select", Required: true, Value: "responder", Options: []Option{{"viewer", "Viewer: looks"}, {"responder", "Responder: answers, declares, silences"}, {"admin", "Admin: changes the plan"}}},
		{Name: "password", Label: "First password", Kind: "password", Auto: "new-password", Help: "Leave it empty if this person only receives pages and does not sign in."}}}.filled(c.r)
}

func (c *call) personNew() error {
	if err := c.parse(); err != nil {
		return err
	}
	return show(c, personNewPage, "New person", personNewView{c.personForm()})
}

func (c *call) personAdd() error {
	if err := c.parse(); err != nil {
		return err
	}
	a := Account{User: c.value("user"), Email: c.value("email"), Name: c.value("name"), Role: Role(c.value("role"))}
	err := checkID("user", a.User)
	if _, zoneErr := time.LoadLocation(c.value("zone")); err == nil && zoneErr != nil {
		err = fact.Refuse("invalid", "zone", "no time zone has this name")
	}
	if err == nil && c.plan.User(a.User) != nil {
		err = fact.Refuse("conflict", "user", "somebody has this login already")
	}
	if password := c.r.Form.Get("password"); err == nil && password != "" {
		err = c.s.Auth.CreateAccount(c.r.Context(), c.session.User, a, password)
	}
	if err == nil {
		err = c.change(a.Name+" joins", func(p *plan.Plan) error {
			p.Users = append(p.Users, plan.User{ID: a.User, Name: a.Name, Email: a.Email, Zone: c.value("zone"),
				Contacts: []plan.Contact{{ID: "inbox", Channel: "inapp"}, {ID: "mail", Channel: "email", Settings: map[string]string{"to": a.Email}}}})
			return nil
		})
	}
	if err != nil {
		form, ok := c.personForm().refused(err)
		if !ok {
			return err
		}
		return showAs(c, 422, personNewPage, "New person", personNewView{form})
	}
	return c.done("/people/"+a.User, a.Name+" is here. Next: verify a contact.")
}
