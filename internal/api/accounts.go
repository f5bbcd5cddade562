package api

import (
	"context"
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/ledger"
)

// Account is a login.
type Account struct {
	ID       string    `json:"id" doc:"The person's id in the plan."`
	Name     string    `json:"name,omitempty"`
	Email    string    `json:"email,omitempty"`
	Role     string    `json:"role" enum:"admin,responder,viewer"`
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"last_seen,omitzero"`
}

// AccountBody makes an account.
type AccountBody struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Role     string `json:"role" enum:"admin,responder,viewer"`
	Password string `json:"password" doc:"At least 10 characters."`
}

// The bodies of what can be done to an account.
type (
	RoleBody struct {
		Role string `json:"role" enum:"admin,responder,viewer"`
	}
	PasswordBody struct {
		Password string `json:"password"`
	}
	ChangePasswordBody struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
)

// Me is who asks.
type Me struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Token   string    `json:"token,omitempty" doc:"The API token that was used."`
	Expires time.Time `json:"expires,omitzero"`
}

func accountView(x ledger.Account) Account {
	return Account{ID: x.ID, Name: x.Name, Email: x.Email, Role: x.Role, Disabled: x.Disabled, Created: x.Created, LastSeen: x.LastSeen}
}

func (a *API) accounts() {
	const tag = "Accounts"
	add(a, spec{id: "get-me", method: http.MethodGet, path: "/me", tag: tag, role: auth.Viewer, summary: "Who you are here"},
		func(_ context.Context, q asked[struct{}]) (*Out[Me], error) {
			return answer(Me{ID: q.who.ID, Name: q.who.Name, Role: string(q.who.Role), Token: q.who.Token, Expires: q.who.Expires})
		})
	add(a, spec{id: "change-password", method: http.MethodPost, path: "/me/password", tag: tag, role: auth.Viewer, status: http.StatusNoContent,
		summary: "Change your own password; every browser is signed out"},
		func(ctx context.Context, q asked[Posted[ChangePasswordBody]]) (*struct{}, error) {
			return done(a.opts.Auth.ChangePassword(ctx, q.who.ID, q.in.Body.Old, q.in.Body.New, ""))
		})
	add(a, spec{id: "list-accounts", method: http.MethodGet, path: "/accounts", tag: tag, role: auth.Admin, summary: "List accounts"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[List[Account]], error) {
			list, err := a.opts.Auth.Accounts(ctx)
			if err != nil {
				return nil, err
			}
			var items []Account
			for _, x := range list {
				items = append(items, accountView(x))
			}
			return whole(items)
		})
	add(a, spec{id: "create-account", method: http.MethodPost, path: "/accounts", tag: tag, role: auth.Admin, status: http.StatusCreated, summary: "Make an account", errors: []int{409}},
		func(ctx context.Context, q asked[Posted[AccountBody]]) (*Out[Account], error) {
			b := q.in.Body
			err := a.opts.Auth.Create(ctx, auth.NewAccount{ID: b.ID, Name: b.Name, Email: b.Email, Password: b.Password, Role: auth.Role(b.Role)})
			if err != nil {
				return nil, err
			}
			return a.account(ctx, b.ID)
		})
	add(a, spec{id: "set-role", method: http.MethodPost, path: "/accounts/{id}/role", tag: tag, role: auth.Admin, summary: "Change what an account may do", errors: []int{404, 409}},
		func(ctx context.Context, q asked[Bodied[RoleBody]]) (*Out[Account], error) {
			if err := a.opts.Auth.SetRole(ctx, q.in.ID, auth.Role(q.in.Body.Role)); err != nil {
				return nil, err
			}
			return a.account(ctx, q.in.ID)
		})
	add(a, spec{id: "reset-password", method: http.MethodPost, path: "/accounts/{id}/password", tag: tag, role: auth.Admin, status: http.StatusNoContent,
		summary: "Give an account a new password; it is signed out everywhere", errors: []int{404}},
		func(ctx context.Context, q asked[Bodied[PasswordBody]]) (*struct{}, error) {
			return done(a.opts.Auth.ResetPassword(ctx, q.in.ID, q.in.Body.Password))
		})
	add(a, spec{id: "disable-account", method: http.MethodPost, path: "/accounts/{id}/disable", tag: tag, role: auth.Admin,
		summary: "End an account: no password, session or token of it works any more", errors: []int{404, 409}},
		func(ctx context.Context, q asked[ByID]) (*Out[Account], error) {
			if err := a.opts.Auth.Disable(ctx, q.in.ID); err != nil {
				return nil, err
			}
			return a.account(ctx, q.in.ID)
		})
}

func done(err error) (*struct{}, error) {
	if err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}

func (a *API) account(ctx context.Context, id string) (*Out[Account], error) {
	list, err := a.opts.Auth.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if x.ID == id || x.ID == folded(id) {
			return answer(accountView(x))
		}
	}
	return nil, notFound("account", id)
}
