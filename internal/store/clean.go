package store

import (
	"time"

	"tocsin/internal/core/signal"
)

// clean makes arguments storable on both databases: text without NUL and
// broken UTF-8. It works in place. Every statement passes here, so that no
// caller has to remember.
func clean(args []any) []any {
	for i, a := range args {
		if text, ok := a.(string); ok {
			if c := signal.CleanText(text); len(c) != len(text) || c != text {
				args[i] = c
			}
		}
	}
	return args
}

// micros is how times are stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}
