package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"tocsin/internal/core/ledger"
)

const accountColumns = `SELECT id, email, name, password_hash, role, disabled, created_at, last_seen_at FROM account`

func scanAccount(rows *sql.Rows) (a ledger.Account, err error) {
	var created, seen int64
	err = rows.Scan(&a.ID, &a.Email, &a.Name, &a.PasswordHash, &a.Role, &a.Disabled, &created, &seen)
	a.Created, a.LastSeen = fromMicros(created), fromMicros(seen)
	return a, err
}

// maxAccounts bounds the list of accounts, which is never paged.
const maxAccounts = 10_000

// Accounts lists all accounts by id.
func (s *Store) Accounts(ctx context.Context) ([]ledger.Account, error) {
	return list(ctx, s, scanAccount, ask("list accounts", accountColumns+` ORDER BY id LIMIT $1`, int64(maxAccounts)))
}

// Account finds an account by id; nil if there is none.
func (s *Store) Account(ctx context.Context, id string) (*ledger.Account, error) {
	return one(ctx, s, scanAccount, ask("read an account", accountColumns+` WHERE id = $1`, id))
}

// AccountByEmail finds an account by its address, letter case ignored; nil if
// there is none. The empty address is nobody's.
func (s *Store) AccountByEmail(ctx context.Context, email string) (*ledger.Account, error) {
	if email == "" {
		return nil, nil
	}
	return one(ctx, s, scanAccount, ask("read an account", accountColumns+` WHERE email = $1 AND email <> ''`, strings.ToLower(email)))
}

const accountInsert = `INSERT INTO account (id, email, name, password_hash, role, disabled, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func accountArgs(a ledger.Account) []any {
	return []any{a.ID, strings.ToLower(a.Email), a.Name, a.PasswordHash, a.Role, a.Disabled, micros(a.Created), micros(a.LastSeen)}
}

// CreateAccount adds an account; a second one of the same id or address is an
// error.
func (s *Store) CreateAccount(ctx context.Context, a ledger.Account) error {
	return s.do(ctx, "create account "+a.ID, accountInsert, accountArgs(a)...)
}

// CreateFirstAccount adds the account only if there is no other, and says
// whether it did. Of two who try at once one succeeds: they take turns.
func (s *Store) CreateFirstAccount(ctx context.Context, a ledger.Account) (made bool, err error) {
	err = s.tx(ctx, "create the first account", func(t txn) error {
		made = false
		// Whoever comes second waits for this row, and then sees the account.
		if _, err := t.exec(ctx, `UPDATE mark SET value = value + 1 WHERE name = 'accounts'`); err != nil {
			return err
		}
		var some bool
		if err := t.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM account)`).Scan(&some); err != nil || some {
			return err
		}
		made = true
		_, err := t.exec(ctx, accountInsert, accountArgs(a)...)
		return err
	})
	return made && err == nil, err
}

// UpdateAccount changes everything about an account but its id and creation.
func (s *Store) UpdateAccount(ctx context.Context, a ledger.Account) error {
	return s.do(ctx, "update account "+a.ID,
		`UPDATE account SET email = $1, name = $2, password_hash = $3, role = $4, disabled = $5, last_seen_at = $6 WHERE id = $7`,
		strings.ToLower(a.Email), a.Name, a.PasswordHash, a.Role, a.Disabled, micros(a.LastSeen), a.ID)
}

// DeleteAccount removes an account with its sessions and tokens.
func (s *Store) DeleteAccount(ctx context.Context, id string) error {
	return s.do(ctx, "delete account "+id, `DELETE FROM account WHERE id = $1`, id)
}

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, x ledger.Session) error {
	return s.do(ctx, "create a session", `INSERT INTO session (token_hash, account, created_at, expires_at, user_agent, ip) VALUES ($1, $2, $3, $4, $5, $6)`,
		x.TokenHash, x.Account, micros(x.Created), micros(x.Expires), x.UserAgent, x.IP)
}

const sessionColumns = `SELECT token_hash, account, created_at, expires_at, user_agent, ip FROM session`

func scanSession(rows *sql.Rows) (x ledger.Session, err error) {
	var created, expires int64
	err = rows.Scan(&x.TokenHash, &x.Account, &created, &expires, &x.UserAgent, &x.IP)
	x.Created, x.Expires = fromMicros(created), fromMicros(expires)
	return x, err
}

// Session finds a session by the hash of its token; nil if there is none. It
// may be over: the caller knows what time it is.
func (s *Store) Session(ctx context.Context, tokenHash string) (*ledger.Session, error) {
	return one(ctx, s, scanSession, ask("read a session", sessionColumns+` WHERE token_hash = $1`, tokenHash))
}

// Sessions lists an account's sessions, newest first.
func (s *Store) Sessions(ctx context.Context, account string) ([]ledger.Session, error) {
	return list(ctx, s, scanSession, ask("list sessions", sessionColumns+` WHERE account = $1 ORDER BY created_at DESC, token_hash LIMIT $2`, account, int64(maxLimit)))
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, tokenHash string) error {
	return s.do(ctx, "delete a session", `DELETE FROM session WHERE token_hash = $1`, tokenHash)
}

// DeleteSessions ends all sessions of an account but one (empty: all).
func (s *Store) DeleteSessions(ctx context.Context, account, exceptHash string) error {
	return s.do(ctx, "delete sessions", `DELETE FROM session WHERE account = $1 AND token_hash <> $2`, account, exceptHash)
}

// CreateToken adds an API token.
func (s *Store) CreateToken(ctx context.Context, x ledger.Token) error {
	return s.do(ctx, "create a token", `INSERT INTO api_token (id, token_hash, name, owner, scopes, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		x.ID, x.TokenHash, x.Name, x.Owner, x.Scopes, micros(x.Created), micros(x.LastUsed), micros(x.Expires))
}

const tokenColumns = `SELECT id, token_hash, name, owner, scopes, created_at, last_used_at, expires_at FROM api_token`

func scanToken(rows *sql.Rows) (x ledger.Token, err error) {
	var created, used, expires int64
	err = rows.Scan(&x.ID, &x.TokenHash, &x.Name, &x.Owner, &x.Scopes, &created, &used, &expires)
	x.Created, x.LastUsed, x.Expires = fromMicros(created), fromMicros(used), fromMicros(expires)
	return x, err
}

// TokenByHash finds a token; nil if there is none.
func (s *Store) TokenByHash(ctx context.Context, hash string) (*ledger.Token, error) {
	return one(ctx, s, scanToken, ask("read a token", tokenColumns+` WHERE token_hash = $1`, hash))
}

// Tokens lists an account's tokens, newest first.
func (s *Store) Tokens(ctx context.Context, owner string) ([]ledger.Token, error) {
	return list(ctx, s, scanToken, ask("list tokens", tokenColumns+` WHERE owner = $1 ORDER BY created_at DESC, id LIMIT $2`, owner, int64(maxLimit)))
}

// DeleteToken ends a token of the owner and says whether there was one.
func (s *Store) DeleteToken(ctx context.Context, owner, id string) (bool, error) {
	n, err := s.count(ctx, "delete a token", `DELETE FROM api_token WHERE owner = $1 AND id = $2`, owner, id)
	return n > 0, err
}

// TokenUsed notes that a token was used.
func (s *Store) TokenUsed(ctx context.Context, id string, at time.Time) error {
	return s.do(ctx, "note a token's use", `UPDATE api_token SET last_used_at = $1 WHERE id = $2`, micros(at), id)
}
