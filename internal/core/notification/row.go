package notification

import "time"

// Row is a message as lists and delivery histories show it.
type Row struct {
	ID         string    `json:"id"`
	To         Ref       `json:"to"`
	Kind       Kind      `json:"kind"`
	Page       string    `json:"page,omitempty"`
	Incident   string    `json:"incident,omitempty"`
	Outcome    string    `json:"outcome"` // one of the Outcome constants
	Attempts   int       `json:"attempts"`
	Error      string    `json:"error,omitempty"`  // of the last failed attempt
	Detail     string    `json:"detail,omitempty"` // what the other side said
	ProviderID string    `json:"provider_id,omitempty"`
	Into       string    `json:"into,omitempty"` // folded into this message
	Message    Message   `json:"message"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Again      time.Time `json:"again,omitzero"` // next attempt
}

// RowFilter selects messages for a list, newest first.
type RowFilter struct {
	User    string
	Page    string
	Outcome string
	Since   time.Time
	Until   time.Time
	Before  string // keyset on id
	Limit   int    // 0: 50; at most 500
}

// Change is what a fact changes in a Row that exists. Empty fields stay as
// they are, except Again, which is always set.
type Change struct {
	ID         string
	Outcome    string
	Attempts   int // 0: unchanged
	Error      string
	Detail     string
	ProviderID string
	Into       string
	Again      time.Time
	UpdatedAt  time.Time
}
