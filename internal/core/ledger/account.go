package ledger

import "time"

// Account is a login. ID is the person's id in the plan.
type Account struct {
	ID           string
	Email        string // folded to lower case; unique where it is not empty
	Name         string
	PasswordHash string // PHC string; empty: no password sign-in
	Role         string // admin, responder or viewer
	Disabled     bool
	Created      time.Time
	LastSeen     time.Time
}

// Session is a signed-in browser. Only the hash of its token is kept.
type Session struct {
	TokenHash string
	Account   string
	Created   time.Time
	Expires   time.Time
	UserAgent string
	IP        string
}

// Token is an API token of a program. Only its hash is kept.
type Token struct {
	ID        string
	TokenHash string
	Name      string
	Owner     string // account id
	Scopes    string // one role, or a list of scopes separated by spaces
	Created   time.Time
	LastUsed  time.Time
	Expires   time.Time // zero: never
}

// Subscription is a browser that takes Web Push for a person.
type Subscription struct {
	Endpoint  string
	Person    string
	P256dh    string
	Auth      string
	UserAgent string
	Created   time.Time
}
