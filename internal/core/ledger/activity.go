package ledger

import "time"

// Activity is what an integration received: added up in the store, or since
// the last time it was handed over. Integration is empty for unknown keys.
type Activity struct {
	Integration string
	LastAt      time.Time // of the last accepted event
	Accepted    int64
	Rejected    int64
	RejectedAt  time.Time
	LastError   string
}
