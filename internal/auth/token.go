package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// TokenPrefix makes our tokens easy to find for scanners of leaked secrets.
const TokenPrefix = "tocsin_"

// usedResolution bounds how often the last use of a token is written.
const usedResolution = time.Minute

// CreateToken makes an API token; its text is shown this once. A token can do
// no more than its owner.
func (a *Auth) CreateToken(ctx context.Context, owner, name string, role Role, expires time.Time) (text string, t ledger.Token, err error) {
	acc, err := a.find(ctx, owner)
	if err != nil {
		return "", t, err
	}
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", t, fact.Refuse("invalid", "name", "say what the token is for")
	case !role.Valid():
		return "", t, fact.Refuse("invalid", "role", "a role is admin, responder or viewer")
	case !Role(acc.Role).May(role):
		return "", t, fact.Refuse("forbidden", "role", "a token can do no more than its owner, who is "+acc.Role)
	case !expires.IsZero() && !expires.After(a.now()):
		return "", t, fact.Refuse("invalid", "expires", "this time is in the past")
	}
	text, hash := secret(TokenPrefix)
	t = ledger.Token{ID: "t" + hash[:12], TokenHash: hash, Name: name, Owner: acc.ID, Scopes: string(role), Created: a.now(), Expires: expires}
	if err := a.store.CreateToken(ctx, t); err != nil {
		return "", t, fmt.Errorf("create token: %w", err)
	}
	t.TokenHash = ""
	return text, t, nil
}

// Bearer finds who a program's token belongs to; false if nobody, or if the
// store does not answer.
func (a *Auth) Bearer(ctx context.Context, text string) (Person, bool) {
	p, ok, err := a.Program(ctx, text)
	return p, ok && err == nil
}

// Program is Bearer that tells "nobody" from "not known now": a program that
// hears 401 while the database is away throws a good token out.
func (a *Auth) Program(ctx context.Context, text string) (p Person, ok bool, err error) {
	if !strings.HasPrefix(text, TokenPrefix) {
		return p, false, nil
	}
	t, err := a.store.TokenByHash(ctx, hashOf(text))
	if err != nil || t == nil {
		return p, false, err
	}
	at := a.now()
	if !t.Expires.IsZero() && !at.Before(t.Expires) {
		return p, false, nil
	}
	acc, err := a.store.Account(ctx, t.Owner)
	if err != nil || acc == nil || acc.Disabled {
		return p, false, err
	}
	if at.Sub(t.LastUsed) > usedResolution {
		_ = a.store.TokenUsed(ctx, t.ID, at) // a convenience; it must not turn a program away
	}
	p = person(acc, t.Expires, t.ID)
	// An owner who was demoted takes the tokens along.
	if role := Role(t.Scopes); rank[role] < rank[p.Role] {
		p.Role = role
	}
	return p, true, nil
}

// Tokens lists an account's tokens without their hashes.
func (a *Auth) Tokens(ctx context.Context, owner string) ([]ledger.Token, error) {
	list, err := a.store.Tokens(ctx, owner)
	for i := range list {
		list[i].TokenHash = ""
	}
	return list, err
}

// RevokeToken ends a token.
func (a *Auth) RevokeToken(ctx context.Context, owner, id string) error {
	gone, err := a.store.DeleteToken(ctx, owner, id)
	if err != nil {
		return err
	}
	if !gone {
		return fact.Refuse("not-found", "id", "there is no token "+id)
	}
	return nil
}
