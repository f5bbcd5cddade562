package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// From says where a request came from, for the list of sessions and the brake
// on guessing.
type From struct{ IP, UserAgent string }

// SignIn checks a password and opens a session. The answer to a wrong name and
// to a wrong password is the same.
func (a *Auth) SignIn(ctx context.Context, login, password string, from From) (token string, p Person, err error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if err := a.brake(login, from.IP); err != nil {
		return "", Person{}, err
	}
	acc, err := a.byLogin(ctx, login)
	if err != nil {
		a.guard.right(login, from.IP) // nobody guessed anything
		return "", Person{}, fmt.Errorf("sign in: %w", err)
	}
	hash := ""
	if acc != nil && !acc.Disabled {
		hash = acc.PasswordHash
	}
	if !a.matches(hash, password) {
		return "", Person{}, fact.Refuse("forbidden", "password", "no account has this name and password")
	}
	a.guard.right(login, from.IP)
	token, hashed := secret("")
	at := a.now()
	s := ledger.Session{TokenHash: hashed, Account: acc.ID, Created: at, Expires: at.Add(SessionLife), UserAgent: cut(from.UserAgent), IP: from.IP}
	if err := a.store.CreateSession(ctx, s); err != nil {
		return "", Person{}, fmt.Errorf("sign in: %w", err)
	}
	return token, person(acc, s.Expires, ""), nil
}

// brake refuses who has been wrong too often lately.
func (a *Auth) brake(login, ip string) error {
	wait := a.guard.enter(login, ip, a.now())
	if wait <= 0 {
		return nil
	}
	return fact.Refuse("too-many", "", fmt.Sprintf("too many wrong passwords; try again in %s", max(time.Second, wait.Round(time.Second))))
}

func cut(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func (a *Auth) byLogin(ctx context.Context, login string) (*ledger.Account, error) {
	if strings.Contains(login, "@") {
		return a.store.AccountByEmail(ctx, login)
	}
	return a.store.Account(ctx, login)
}

func person(acc *ledger.Account, expires time.Time, token string) Person {
	name := acc.Name
	if name == "" {
		name = acc.ID
	}
	return Person{ID: acc.ID, Name: name, Role: Role(acc.Role), Expires: expires, Token: token}
}

// Session finds who a cookie's token belongs to; false if nobody.
func (a *Auth) Session(ctx context.Context, token string) (Person, bool) {
	if token == "" {
		return Person{}, false
	}
	s, err := a.store.Session(ctx, hashOf(token))
	if err != nil || s == nil || !a.now().Before(s.Expires) {
		return Person{}, false
	}
	acc, err := a.store.Account(ctx, s.Account)
	if err != nil || acc == nil || acc.Disabled {
		return Person{}, false
	}
	return person(acc, s.Expires, ""), true
}

// SignOut ends a session.
func (a *Auth) SignOut(ctx context.Context, token string) error {
	return a.store.DeleteSession(ctx, hashOf(token))
}

// ChangePassword needs the old one, and ends every other session.
func (a *Auth) ChangePassword(ctx context.Context, id, old, next, keepToken string) error {
	acc, err := a.find(ctx, id)
	if err != nil {
		return err
	}
	// Whoever finds a browser signed in must not be able to guess on.
	if err := a.brake(acc.ID, ""); err != nil {
		return err
	}
	if !a.matches(acc.PasswordHash, old) {
		return fact.Refuse("forbidden", "old", "this is not the present password")
	}
	a.guard.right(acc.ID, "")
	return a.setPassword(ctx, acc, next, keepToken)
}

// ResetPassword is for an admin, or for `tocsin account` on the machine itself.
func (a *Auth) ResetPassword(ctx context.Context, id, next string) error {
	acc, err := a.find(ctx, id)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, acc, next, "")
}

func (a *Auth) setPassword(ctx context.Context, acc *ledger.Account, next, keepToken string) error {
	if err := checkPassword(next, acc.ID, acc.Email); err != nil {
		return err
	}
	acc.PasswordHash = a.hash(next)
	if err := a.store.UpdateAccount(ctx, *acc); err != nil {
		return fmt.Errorf("change password of %s: %w", acc.ID, err)
	}
	keep := ""
	if keepToken != "" {
		keep = hashOf(keepToken)
	}
	return a.store.DeleteSessions(ctx, acc.ID, keep)
}
