package alert

import (
	"time"

	"tocsin/internal/core/signal"
)

// Filter selects alerts for a list, newest first.
type Filter struct {
	Status   Status          // empty: any
	Service  string          // empty: any
	Severity signal.Severity // empty: any
	Matchers signal.Matchers // on labels
	Text     string          // part of the summary, letter case ignored
	Since    time.Time       // received at or after
	Before   string          // keyset: only ids below this one (ids sort by time)
	Limit    int             // 0: DefaultLimit
}

// DefaultLimit and MaxLimit bound a page of any list.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)
