// Package auth knows who is at the door: accounts with passwords, sessions of
// browsers, tokens of programs, and what each may do. It stores only hashes of
// what it hands out. It knows nothing of pages or incidents.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// Role is what somebody may do.
type Role string

// The roles, each including those after it: an admin changes the plan and
// accounts, a responder answers pages and puts things in force, a viewer reads.
const (
	Admin     Role = "admin"
	Responder Role = "responder"
	Viewer    Role = "viewer"
)

// May says whether the role includes another.
func (r Role) May(need Role) bool { return rank[r] > 0 && rank[r] >= rank[need] }

var rank = map[Role]int{Viewer: 1, Responder: 2, Admin: 3}

// Valid says whether it is one of the three.
func (r Role) Valid() bool { return rank[r] > 0 }

// Store is what this room keeps.
type Store interface {
	Accounts(ctx context.Context) ([]ledger.Account, error)
	// Account finds by id, AccountByEmail by address; nil if there is none.
	Account(ctx context.Context, id string) (*ledger.Account, error)
	AccountByEmail(ctx context.Context, email string) (*ledger.Account, error)
	CreateAccount(ctx context.Context, a ledger.Account) error
	// CreateFirstAccount creates the account only if there is no other.
	CreateFirstAccount(ctx context.Context, a ledger.Account) (bool, error)
	UpdateAccount(ctx context.Context, a ledger.Account) error

	CreateSession(ctx context.Context, s ledger.Session) error
	Session(ctx context.Context, tokenHash string) (*ledger.Session, error)
	DeleteSession(ctx context.Context, tokenHash string) error
	// DeleteSessions ends all sessions of an account but one (empty: all).
	DeleteSessions(ctx context.Context, account, exceptHash string) error

	CreateToken(ctx context.Context, t ledger.Token) error
	TokenByHash(ctx context.Context, hash string) (*ledger.Token, error)
	Tokens(ctx context.Context, owner string) ([]ledger.Token, error)
	DeleteToken(ctx context.Context, owner, id string) (bool, error)
	TokenUsed(ctx context.Context, id string, at time.Time) error
}

// SessionLife is how long a browser stays signed in.
const SessionLife = 30 * 24 * time.Hour

// Auth is the room.
type Auth struct {
	store  Store
	now    func() time.Time
	guard  *guard
	cost   cost
	hashes chan struct{} // bounds passwords being hashed at once: 19 MiB each
}

// New builds it.
func New(store Store, now func() time.Time) *Auth {
	return &Auth{store: store, now: now, guard: newGuard(), cost: owasp, hashes: make(chan struct{}, 2)}
}

// Person is somebody, or some program, who was recognised.
type Person struct {
	ID      string // account id
	Name    string
	Role    Role
	Expires time.Time
	Token   string // id of the API token, empty for a browser
}

// FirstRun says whether there is no account yet.
func (a *Auth) FirstRun(ctx context.Context) (bool, error) {
	list, err := a.store.Accounts(ctx)
	return len(list) == 0, err
}

// NewAccount is what it takes to make an account.
type NewAccount struct {
	ID, Name, Email, Password string
	Role                      Role
}

// CreateFirst makes the first account, an admin. It is refused when there is
// one already, also for two who try at the same moment.
func (a *Auth) CreateFirst(ctx context.Context, n NewAccount) error {
	n.Role = Admin
	// Strangers can ask this: hashing their password first would be a way to
	// keep the server busy.
	if first, err := a.FirstRun(ctx); err != nil {
		return fmt.Errorf("create the first account: %w", err)
	} else if !first {
		return errSetUp()
	}
	acc, err := a.account(n)
	if err != nil {
		return err
	}
	made, err := a.store.CreateFirstAccount(ctx, acc)
	if err != nil {
		return fmt.Errorf("create the first account: %w", err)
	}
	if !made {
		return errSetUp()
	}
	return nil
}

func errSetUp() error {
	return fact.Refuse("conflict", "", "there is an account already; sign in with it")
}

// Create makes an account.
func (a *Auth) Create(ctx context.Context, n NewAccount) error {
	acc, err := a.account(n)
	if err != nil {
		return err
	}
	if have, err := a.store.Account(ctx, acc.ID); err != nil {
		return fmt.Errorf("create account %s: %w", acc.ID, err)
	} else if have != nil {
		return fact.Refuse("conflict", "user", "there is an account "+acc.ID+" already")
	}
	if acc.Email != "" {
		if have, err := a.store.AccountByEmail(ctx, acc.Email); err != nil {
			return fmt.Errorf("create account %s: %w", acc.ID, err)
		} else if have != nil {
			return fact.Refuse("conflict", "email", "another account has this address")
		}
	}
	if err := a.store.CreateAccount(ctx, acc); err != nil {
		return fmt.Errorf("create account %s: %w", acc.ID, err)
	}
	return nil
}

func (a *Auth) account(n NewAccount) (ledger.Account, error) {
	n.ID = strings.ToLower(strings.TrimSpace(n.ID))
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	switch {
	case !validID(n.ID):
		return ledger.Account{}, fact.Refuse("invalid", "user", "an id has 1 to 64 letters, digits, dots, dashes or underscores")
	case n.Email != "" && !strings.Contains(n.Email, "@"):
		return ledger.Account{}, fact.Refuse("invalid", "email", "this is not an e-mail address")
	case !n.Role.Valid():
		return ledger.Account{}, fact.Refuse("invalid", "role", "a role is admin, responder or viewer")
	}
	if err := checkPassword(n.Password, n.ID, n.Email); err != nil {
		return ledger.Account{}, err
	}
	hash := a.hash(n.Password)
	at := a.now()
	return ledger.Account{ID: n.ID, Email: n.Email, Name: strings.TrimSpace(n.Name), PasswordHash: hash, Role: string(n.Role), Created: at, LastSeen: at}, nil
}

func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789._-", r) {
			return false
		}
	}
	return true
}

// Accounts lists everybody, without hashes.
func (a *Auth) Accounts(ctx context.Context) ([]ledger.Account, error) {
	list, err := a.store.Accounts(ctx)
	for i := range list {
		list[i].PasswordHash = ""
	}
	return list, err
}

// SetRole changes what an account may do. The last admin stays one: nobody
// could undo it.
func (a *Auth) SetRole(ctx context.Context, id string, role Role) error {
	if !role.Valid() {
		return fact.Refuse("invalid", "role", "a role is admin, responder or viewer")
	}
	acc, err := a.find(ctx, id)
	if err != nil {
		return err
	}
	if role != Admin {
		if err := a.notLastAdmin(ctx, acc.ID); err != nil {
			return err
		}
	}
	acc.Role = string(role)
	return a.store.UpdateAccount(ctx, *acc)
}

// Disable ends an account: no sign-in, no session, no token works any more.
func (a *Auth) Disable(ctx context.Context, id string) error {
	acc, err := a.find(ctx, id)
	if err != nil {
		return err
	}
	if err := a.notLastAdmin(ctx, acc.ID); err != nil {
		return err
	}
	acc.Disabled = true
	if err := a.store.UpdateAccount(ctx, *acc); err != nil {
		return err
	}
	return a.store.DeleteSessions(ctx, acc.ID, "")
}

func (a *Auth) notLastAdmin(ctx context.Context, id string) error {
	list, err := a.store.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.ID != id && Role(x.Role) == Admin && !x.Disabled {
			return nil
		}
	}
	return fact.Refuse("conflict", "role", "this is the last admin; make another one first")
}

func (a *Auth) find(ctx context.Context, id string) (*ledger.Account, error) {
	id = strings.ToLower(strings.TrimSpace(id)) // as it was made
	acc, err := a.store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	if acc == nil {
		return nil, fact.Refuse("not-found", "user", "there is no account "+id)
	}
	return acc, nil
}

// secret makes 256 bits that nobody can guess, for a cookie or a token.
func secret(prefix string) (text, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
	text = prefix + base64.RawURLEncoding.EncodeToString(b)
	return text, hashOf(text)
}

// hashOf is how secrets of full strength are kept: they need no slow hash.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
