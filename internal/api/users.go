package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"

	"tocsin/internal/auth"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// User is a person who can be told.
type User struct {
	ID       string            `json:"id"`
	Name     string            `json:"name,omitempty"`
	Email    string            `json:"email,omitempty"`
	Zone     string            `json:"zone,omitempty"`
	Contacts []Contact         `json:"contacts"`
	High     []plan.NotifyRule `json:"high,omitempty" doc:"How this person wants to be told of what is urgent."`
	Low      []plan.NotifyRule `json:"low,omitempty"`
}

// Contact is one way to reach somebody. What the channel marks as secret reads
// env:(secret).
type Contact struct {
	ID       string            `json:"id"`
	Channel  string            `json:"channel"`
	Settings map[string]string `json:"settings,omitempty"`
	Verified bool              `json:"verified" doc:"The person has shown that it reaches them."`
}

func (a *API) userView(u *plan.User) User {
	b := a.opts.Door.Board()
	v := User{ID: u.ID, Name: u.Name, Email: u.Email, Zone: u.Zone, High: u.High, Low: u.Low, Contacts: []Contact{}}
	for i := range u.Contacts {
		c := &u.Contacts[i]
		v.Contacts = append(v.Contacts, Contact{ID: c.ID, Channel: c.Channel, Settings: a.settingsShown(c.Channel, c.Settings), Verified: b.VerifiedContact(u.ID, c)})
	}
	return v
}

// ContactPath names a person's contact.
type ContactPath struct {
	ByID
	Contact string `path:"contact"`
}

// ProveRequest brings the code back.
type ProveRequest struct {
	ContactPath
	Body ProveBody
}

// ProveBody is the code.
type ProveBody struct {
	Code string `json:"code" doc:"The code that arrived."`
}

// Sent says which message is on its way.
type Sent struct {
	Notification string `json:"notification"`
}

// NotificationQuery selects messages.
type NotificationQuery struct {
	Paging
	User    string `query:"user"`
	Page    string `query:"page"`
	Outcome string `query:"outcome" enum:"queued,held,folded,accepted,delivered,failing,failed,withdrawn"`
}

func (a *API) users() {
	const tag = "People"
	add(a, spec{id: "list-users", method: http.MethodGet, path: "/users", tag: tag, role: auth.Viewer, summary: "List people and their contacts"},
		func(context.Context, asked[struct{}]) (*Out[List[User]], error) {
			p := a.opts.Door.Plan()
			var items []User
			for i := range p.Users {
				items = append(items, a.userView(&p.Users[i]))
			}
			return whole(items)
		})
	add(a, spec{id: "get-user", method: http.MethodGet, path: "/users/{id}", tag: tag, role: auth.Viewer, summary: "Read one person", errors: []int{404}},
		func(_ context.Context, q asked[ByID]) (*Out[User], error) {
			u := a.opts.Door.Plan().User(q.in.ID)
			if u == nil {
				return nil, notFound("user", q.in.ID)
			}
			return answer(a.userView(u))
		})
	add(a, spec{id: "verify-contact", method: http.MethodPost, path: "/users/{id}/contacts/{contact}/verify", tag: tag, role: auth.Viewer, status: http.StatusAccepted,
		summary: "Send a code to a contact", about: "One's own contacts; an admin may do it for others.", errors: []int{404, 409}}, a.beginVerify)
	add(a, spec{id: "prove-contact", method: http.MethodPost, path: "/users/{id}/contacts/{contact}/prove", tag: tag, role: auth.Viewer,
		summary: "Bring the code back: the contact reaches its person", about: "One's own contacts; an admin may do it for others.", errors: []int{404, 409}}, a.prove)
	add(a, spec{id: "test-contact", method: http.MethodPost, path: "/users/{id}/contacts/{contact}/test", tag: tag, role: auth.Viewer, status: http.StatusAccepted,
		summary: "Send a test message to a contact", about: "One's own contacts; an admin may do it for others.", errors: []int{404}},
		func(ctx context.Context, q asked[ContactPath]) (*Out[Sent], error) {
			to, err := a.contact(q.who, q.in)
			if err != nil {
				return nil, err
			}
			return a.sendTest(ctx, q.who, to)
		})
	add(a, spec{id: "test-channel", method: http.MethodPost, path: "/channels/{id}/test", tag: tag, role: auth.Admin, status: http.StatusAccepted,
		summary: "Send a test message to a shared channel", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*Out[Sent], error) {
			if a.opts.Door.Plan().Channel(q.in.ID) == nil {
				return nil, notFound("channel", q.in.ID)
			}
			return a.sendTest(ctx, q.who, notification.Ref{Contact: q.in.ID})
		})
	add(a, spec{id: "list-notifications", method: http.MethodGet, path: "/notifications", tag: tag, role: auth.Viewer, summary: "List messages and their delivery, newest first"},
		func(ctx context.Context, q asked[NotificationQuery]) (*Out[List[Notification]], error) {
			rows, err := a.opts.Ledger.Notifications(ctx, notification.RowFilter{User: q.in.User, Page: q.in.Page, Outcome: q.in.Outcome, Before: q.in.Before, Limit: q.in.ask()})
			if err != nil {
				return nil, err
			}
			return listed(rows, q.in.Limit, notificationView, func(r notification.Row) string { return r.ID }), nil
		})
}

// contact finds a contact that the person may touch.
func (a *API) contact(who auth.Person, in *ContactPath) (notification.Ref, error) {
	to := notification.Ref{User: in.ID, Contact: in.Contact}
	if who.ID != in.ID && !who.Role.May(auth.Admin) {
		return to, newProblem(http.StatusForbidden, "", "only "+in.ID+" or an admin may do this")
	}
	if a.opts.Door.Plan().UserContact(in.ID, in.Contact) == nil {
		return to, notFound("contact", to.String())
	}
	return to, nil
}

func (a *API) beginVerify(ctx context.Context, q asked[ContactPath]) (*Out[User], error) {
	to, err := a.contact(q.who, q.in)
	if err != nil {
		return nil, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	if _, err := a.opts.Door.Do(ctx, actor(q.who), notification.VerifyStream(to), notification.Begin{To: to, Code: fmt.Sprintf("%06d", n)}); err != nil {
		return nil, err
	}
	return answer(a.userView(a.opts.Door.Plan().User(to.User)))
}

func (a *API) prove(ctx context.Context, q asked[ProveRequest]) (*Out[User], error) {
	to, err := a.contact(q.who, &q.in.ContactPath)
	if err != nil {
		return nil, err
	}
	res, err := a.opts.Door.Do(ctx, actor(q.who), notification.VerifyStream(to), notification.Prove{To: to, Code: q.in.Body.Code})
	if err != nil {
		return nil, err
	}
	// A wrong code is counted, so it is a fact and not a refusal.
	for _, said := range res.Facts {
		if _, missed := said.Fact.Body.(notification.Missed); missed {
			return nil, invalid("code", "this is not the code that was sent")
		}
	}
	return answer(a.userView(a.opts.Door.Plan().User(to.User)))
}

func (a *API) sendTest(ctx context.Context, who auth.Person, to notification.Ref) (*Out[Sent], error) {
	m := notification.Message{ID: a.opts.Door.NewID("n"), Kind: notification.KindTest, User: to.User, Urgency: plan.Low, Title: "Test message from Tocsin",
		Body: "Nothing is wrong. This shows how a page would reach you.", Why: who.Name + " asked for it", At: a.opts.Door.Now()}
	if _, err := a.opts.Door.Do(ctx, actor(who), to.Stream(), notification.Tell{To: to, Message: m}); err != nil {
		return nil, err
	}
	return answer(Sent{Notification: m.ID})
}
