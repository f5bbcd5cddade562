// Package authtest keeps accounts in memory, for tests of whoever stands on
// auth. It says of the store what the store's own contract says, and no more.
package authtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tocsin/internal/core/ledger"
)

// Memory is an auth.Store.
type Memory struct {
	mu       sync.Mutex
	accounts map[string]ledger.Account
	sessions map[string]ledger.Session
	tokens   map[string]ledger.Token
	// Broken, if set, is the answer to everything: the database is away.
	broken error
}

// New is an empty store.
func New() *Memory {
	return &Memory{accounts: map[string]ledger.Account{}, sessions: map[string]ledger.Session{}, tokens: map[string]ledger.Token{}}
}

// Break makes every call fail, or (nil) work again.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

func (m *Memory) lock() func() {
	m.mu.Lock()
	return m.mu.Unlock
}

// Accounts lists everybody by id.
func (m *Memory) Accounts(context.Context) ([]ledger.Account, error) {
	defer m.lock()()
	var out []ledger.Account
	for _, a := range m.accounts {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b ledger.Account) int { return cmp.Compare(a.ID, b.ID) })
	return out, m.broken
}

// Account finds by id.
func (m *Memory) Account(_ context.Context, id string) (*ledger.Account, error) {
	defer m.lock()()
	if a, ok := m.accounts[id]; ok && m.broken == nil {
		return &a, nil
	}
	return nil, m.broken
}

// AccountByEmail finds by address.
func (m *Memory) AccountByEmail(_ context.Context, email string) (*ledger.Account, error) {
	defer m.lock()()
	for _, a := range m.accounts {
		if a.Email == email && email != "" && m.broken == nil {
			return &a, nil
		}
	}
	return nil, m.broken
}

// CreateAccount adds one.
func (m *Memory) CreateAccount(_ context.Context, a ledger.Account) error {
	defer m.lock()()
	if _, ok := m.accounts[a.ID]; ok {
		return errors.New("account exists")
	}
	m.accounts[a.ID] = a
	return m.broken
}

// CreateFirstAccount adds one only if there is no other.
func (m *Memory) CreateFirstAccount(_ context.Context, a ledger.Account) (bool, error) {
	defer m.lock()()
	if m.broken != nil || len(m.accounts) > 0 {
		return false, m.broken
	}
	m.accounts[a.ID] = a
	return true, nil
}

// UpdateAccount replaces one.
func (m *Memory) UpdateAccount(_ context.Context, a ledger.Account) error {
	defer m.lock()()
	m.accounts[a.ID] = a
	return m.broken
}

// CreateSession adds one.
func (m *Memory) CreateSession(_ context.Context, s ledger.Session) error {
	defer m.lock()()
	m.sessions[s.TokenHash] = s
	return m.broken
}

// Session finds by the hash of its token.
func (m *Memory) Session(_ context.Context, hash string) (*ledger.Session, error) {
	defer m.lock()()
	if s, ok := m.sessions[hash]; ok && m.broken == nil {
		return &s, nil
	}
	return nil, m.broken
}

// DeleteSession ends one.
func (m *Memory) DeleteSession(_ context.Context, hash string) error {
	defer m.lock()()
	delete(m.sessions, hash)
	return m.broken
}

// DeleteSessions ends all of an account but one.
func (m *Memory) DeleteSessions(_ context.Context, account, except string) error {
	defer m.lock()()
	for hash, s := range m.sessions {
		if s.Account == account && hash != except {
			delete(m.sessions, hash)
		}
	}
	return m.broken
}

// CreateToken adds one.
func (m *Memory) CreateToken(_ context.Context, t ledger.Token) error {
	defer m.lock()()
	m.tokens[t.TokenHash] = t
	return m.broken
}

// TokenByHash finds one.
func (m *Memory) TokenByHash(_ context.Context, hash string) (*ledger.Token, error) {
	defer m.lock()()
	if t, ok := m.tokens[hash]; ok && m.broken == nil {
		return &t, nil
	}
	return nil, m.broken
}

// Tokens lists those of an owner.
func (m *Memory) Tokens(_ context.Context, owner string) ([]ledger.Token, error) {
	defer m.lock()()
	var out []ledger.Token
	for _, t := range m.tokens {
		if t.Owner == owner {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b ledger.Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out, m.broken
}

// DeleteToken ends one of an owner.
func (m *Memory) DeleteToken(_ context.Context, owner, id string) (bool, error) {
	defer m.lock()()
	for hash, t := range m.tokens {
		if t.Owner == owner && t.ID == id {
			delete(m.tokens, hash)
			return true, m.broken
		}
	}
	return false, m.broken
}

// TokenUsed notes the time.
func (m *Memory) TokenUsed(_ context.Context, id string, at time.Time) error {
	defer m.lock()()
	for hash, t := range m.tokens {
		if t.ID == id {
			t.LastUsed = at
			m.tokens[hash] = t
		}
	}
	return m.broken
}
