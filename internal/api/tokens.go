package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/ledger"
)

// Token is an API token of a program.
type Token struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
}

// NewToken is a token with its text, which is shown this once.
type NewToken struct {
	Token
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer. Only its hash is kept; it is shown this once."`
}

// TokenBody makes a token.
type TokenBody struct {
	Name    string    `json:"name" doc:"What it is for."`
	Role    string    `json:"role" enum:"admin,responder,viewer" doc:"At most your own."`
	Expires time.Time `json:"expires,omitzero" doc:"Absent: never."`
}

func tokenView(t ledger.Token) Token {
	return Token{ID: t.ID, Name: t.Name, Role: t.Scopes, Created: t.Created, LastUsed: t.LastUsed, Expires: t.Expires}
}

func folded(id string) string { return strings.ToLower(strings.TrimSpace(id)) }

func (a *API) tokens() {
	const tag = "Accounts"
	add(a, spec{id: "list-tokens", method: http.MethodGet, path: "/tokens", tag: tag, role: auth.Viewer, summary: "List your own API tokens"},
		func(ctx context.Context, q asked[struct{}]) (*Out[List[Token]], error) {
			list, err := a.opts.Auth.Tokens(ctx, q.who.ID)
			if err != nil {
				return nil, err
			}
			var items []Token
			for _, t := range list {
				items = append(items, tokenView(t))
			}
			return whole(items)
		})
	add(a, spec{id: "create-token", method: http.MethodPost, path: "/tokens", tag: tag, role: auth.Viewer, status: http.StatusCreated, summary: "Make an API token; its text is in the answer, once"},
		func(ctx context.Context, q asked[Posted[TokenBody]]) (*Out[NewToken], error) {
			b := q.in.Body
			// The account may do more than the token that asks.
			if !q.who.Role.May(auth.Role(b.Role)) {
				return nil, newProblem(http.StatusForbidden, "role", fmt.Sprintf("you are %s here and cannot make a token that is %s", q.who.Role, b.Role))
			}
			text, t, err := a.opts.Auth.CreateToken(ctx, q.who.ID, b.Name, auth.Role(b.Role), b.Expires)
			if err != nil {
				return nil, err
			}
			return answer(NewToken{Token: tokenView(t), Secret: text})
		})
	add(a, spec{id: "revoke-token", method: http.MethodDelete, path: "/tokens/{id}", tag: tag, role: auth.Viewer, status: http.StatusNoContent, summary: "End one of your own API tokens", errors: []int{404}},
		func(ctx context.Context, q asked[ByID]) (*struct{}, error) {
			return done(a.opts.Auth.RevokeToken(ctx, q.who.ID, q.in.ID))
		})
}
