package web

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// ContactRow is one way to reach a person.
type ContactRow struct {
	ID, Channel string
	Where       string
	Mark        Mark
	Verified    bool
	Waiting     bool // a code is on its way
	High, Low   string
}

func (c *call) contactRows(u *plan.User) ([]ContactRow, error) {
	var out []ContactRow
	for i := range u.Contacts {
		k := &u.Contacts[i]
		row := ContactRow{ID: k.ID, Channel: c.channelTitle(k.Channel), Where: where(k), High: ruleWords(u.High, k.ID), Low: ruleWords(u.Low, k.ID)}
		row.Verified = c.board.VerifiedContact(u.ID, k)
		row.Mark = Mark{"warn", "Not verified", "amber"}
		if row.Verified {
			row.Mark = Mark{"check", "Verified", "green"}
		} else {
			st, err := c.s.Ledger.State(c.r.Context(), notification.VerifyStream(notification.Ref{User: u.ID, Contact: k.ID}))
			if err != nil {
				return nil, err
			}
			v, ok := st.(*notification.Verification)
			row.Waiting = ok && v != nil && v.Code != "" && v.Expires.After(c.now)
		}
		out = append(out, row)
	}
	return out, nil
}

func ruleWords(rules []plan.NotifyRule, contact string) string {
	var parts []string
	for _, r := range rules {
		if r.Contact == contact && r.After == 0 {
			parts = append(parts, "at once")
		} else if r.Contact == contact {
			parts = append(parts, "after "+r.After.String())
		}
	}
	return strings.Join(parts, ", ")
}

func (c *call) channelTitle(name string) string {
	for _, ch := range c.s.Channels.Channels() {
		if ch.Name == name {
			return ch.Title
		}
	}
	return name
}

// where shows enough of an address to know it again, never a secret.
func where(k *plan.Contact) string {
	for _, name := range []string{"to", "topic", "address", "number", "channel"} {
		if v := k.Settings[name]; v != "" {
			if name == "topic" && len(v) > 4 {
				v = v[:4] + "…" // on a public server whoever knows it reads along
			}
			return v
		}
	}
	for _, name := range []string{"url", "endpoint"} {
		v := k.Settings[name]
		if _, rest, ok := strings.Cut(v, "://"); ok {
			host, _, _ := strings.Cut(rest, "/")
			return host
		}
	}
	return ""
}

// mayEdit: people mend their own contacts, admins everybody's.
func (c *call) mayEdit(user string) error {
	if user == c.me || c.role.May(Admin) {
		return nil
	}
	return fact.Refuse("forbidden", "", "only they themselves or an admin may change this")
}

func (c *call) ref() (notification.Ref, error) {
	ref := notification.Ref{User: c.r.PathValue("id"), Contact: c.r.PathValue("contact")}
	if c.plan.UserContact(ref.User, ref.Contact) == nil {
		return ref, gone("contact", ref.String())
	}
	return ref, c.mayEdit(ref.User)
}

func (c *call) backToPerson(user, text string) error {
	to := "/people/" + user
	if user == c.me {
		to = "/me"
	}
	return c.done(to+"#contacts", text)
}

func (c *call) contactVerify() error {
	ref, err := c.ref()
	if err != nil {
		return err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return fmt.Errorf("make a code: %w", err)
	}
	if err := c.do(notification.VerifyStream(ref), notification.Begin{To: ref, Code: fmt.Sprintf("%06d", n)}); err != nil {
		return err
	}
	return c.backToPerson(ref.User, "A code is on its way to "+ref.Contact+". Enter it here.")
}

func (c *call) contactProve() error {
	ref, err := c.ref()
	if err != nil {
		return err
	}
	if err := c.do(notification.VerifyStream(ref), notification.Prove{To: ref, Code: c.value("code")}); err != nil {
		return err
	}
	if c.s.Door.Board().VerifiedContact(ref.User, c.plan.UserContact(ref.User, ref.Contact)) {
		return c.backToPerson(ref.User, ref.Contact+" is verified.")
	}
	return c.redirect("/me#contacts", flash{Bad: true, Text: "That was not the code. Look again, or ask for a new one."})
}

func (c *call) contactTest() error {
	ref, err := c.ref()
	if err != nil {
		return err
	}
	m := notification.Message{ID: c.s.Door.NewID("t"), Kind: notification.KindTest, User: ref.User, Urgency: plan.High, Title: "This is a test from Tocsin",
		Body: "You asked for it. Nothing is wrong.", Why: c.person(c.me).Name + " asked for a test", At: c.now}
	if err := c.do(ref.Stream(), notification.Tell{To: ref, Message: m}); err != nil {
		return err
	}
	return c.backToPerson(ref.User, "A test is on its way to "+ref.Contact+". What became of it is listed under Messages.")
}

// contactField is the form to add a contact, for a channel.
func (c *call) contactForm(channel string) Form {
	f := Form{Fields: []Input{{Name: "contact", Label: "Name it", Kind: "text", Required: true, Hint: "phone", Help: "Short, lower case. Notification rules use it."}}}
	for _, ch := range c.s.Channels.Channels() {
		if ch.Name != channel {
			continue
		}
		for _, x := range ch.Fields {
			kind := "text"
			if x.Secret {
				kind = "password"
			}
			f.Fields = append(f.Fields, Input{Name: "set." + x.Name, Label: x.Label, Help: x.Help, Kind: kind, Required: x.Required, Auto: "off"})
		}
	}
	return f.filled(c.r)
}

type contactNewView struct {
	User     Person
	Channels []Chip
	Channel  string
	Title    string
	Form     Form
}

var contactNewPage = sheet[contactNewView]("contact_new.html")

func (c *call) contactNewView() contactNewView {
	v := contactNewView{User: c.person(c.r.PathValue("id")), Channel: c.value("channel")}
	for _, ch := range c.s.Channels.Channels() {
		if ch.Name == pushChannel {
			continue // a browser subscribes itself, on Mine
		}
		if v.Channel == "" {
			v.Channel = ch.Name
		}
		v.Channels = append(v.Channels, Chip{Word: ch.Title, Href: "?channel=" + ch.Name, On: ch.Name == v.Channel})
	}
	v.Title, v.Form = c.channelTitle(v.Channel), c.contactForm(v.Channel)
	return v
}

func (c *call) contactNew() error {
	if err := c.parse(); err != nil {
		return err
	}
	if err := c.mayEdit(c.r.PathValue("id")); err != nil {
		return err
	}
	return show(c, contactNewPage, "New contact", c.contactNewView())
}

func (c *call) contactAdd() error {
	if err := c.parse(); err != nil {
		return err
	}
	user := c.r.PathValue("id")
	if err := c.mayEdit(user); err != nil {
		return err
	}
	k := plan.Contact{ID: c.value("contact"), Channel: c.value("channel"), Settings: map[string]string{}}
	for name := range c.r.Form {
		if key, ok := strings.CutPrefix(name, "set."); ok && c.value(name) != "" {
			k.Settings[key] = c.value(name)
		}
	}
	err := c.addContact(user, k)
	if err == nil {
		return c.backToPerson(user, "Added. Verify it, so that pages are sent there.")
	}
	v := c.contactNewView()
	form, ok := v.Form.refused(contactField(err))
	if !ok {
		return err
	}
	v.Form = form
	return showAs(c, 422, contactNewPage, "New contact", v)
}

// contactField finds the form's field for what a channel refuses.
func contactField(err error) error {
	if r, ok := asRefused(err); ok {
		return fact.Refuse(r.Code, "set."+r.Field, r.Why)
	}
	return fact.Refuse("invalid", "", err.Error())
}

func (c *call) addContact(user string, k plan.Contact) error {
	if err := checkID("contact", k.ID); err != nil {
		return err
	}
	if err := c.s.Channels.Check(k.Channel, k.Settings); err != nil {
		return err
	}
	return c.change(fmt.Sprintf("%s gets contact %s", user, k.ID), func(p *plan.Plan) error {
		for i := range p.Users {
			u := &p.Users[i]
			if u.ID != user {
				continue
			}
			if slices.ContainsFunc(u.Contacts, func(x plan.Contact) bool { return x.ID == k.ID }) {
				return fact.Refuse("conflict", "contact", "there is a contact of this name already")
			}
			u.Contacts = append(u.Contacts, k)
			if len(u.High) > 0 {
				u.High = append(u.High, plan.NotifyRule{Contact: k.ID, After: plan.Duration(len(u.High)) * plan.Duration(2*time.Minute)})
			}
			return nil
		}
		return gone("person", user)
	})
}

func (c *call) contactRemove() error {
	ref, err := c.ref()
	if err != nil {
		return err
	}
	err = c.change(fmt.Sprintf("%s loses contact %s", ref.User, ref.Contact), func(p *plan.Plan) error {
		for i := range p.Users {
			if u := &p.Users[i]; u.ID == ref.User {
				byContact := func(r plan.NotifyRule) bool { return r.Contact == ref.Contact }
				u.Contacts = slices.DeleteFunc(u.Contacts, func(k plan.Contact) bool { return k.ID == ref.Contact })
				u.High, u.Low = slices.DeleteFunc(u.High, byContact), slices.DeleteFunc(u.Low, byContact)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.backToPerson(ref.User, ref.Contact+" is removed. Rolling back the plan brings it back.")
}

// pushAdd takes the subscription that this browser made. One contact stands
// for all browsers of a person; each subscription is kept beside the plan.
func (c *call) pushAdd() error {
	if err := c.parse(); err != nil {
		return err
	}
	keeper, ok := c.s.Push.(Subscriber)
	if !ok {
		return fact.Refuse("conflict", "", "this Tocsin sends no push messages")
	}
	s := Subscription{Endpoint: c.value("endpoint"), P256dh: c.value("p256dh"), Auth: c.value("auth"), UserAgent: c.r.UserAgent()}
	if s.Endpoint == "" {
		return fact.Refuse("invalid", "", "the browser handed over no subscription; this needs JavaScript and a secure connection")
	}
	if err := keeper.Subscribe(c.r.Context(), c.me, s); err != nil {
		return err
	}
	u := c.plan.User(c.me)
	if u == nil {
		return gone("person", c.me)
	}
	if !slices.ContainsFunc(u.Contacts, func(k plan.Contact) bool { return k.Channel == pushChannel }) {
		if err := c.addContact(c.me, plan.Contact{ID: "push", Channel: pushChannel}); err != nil {
			return err
		}
	}
	return c.done("/me#contacts", "This browser gets your pages now. Send it a test.")
}

const pushChannel = "webpush"
