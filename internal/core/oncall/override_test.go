package oncall

import (
	"errors"
	"testing"
	"time"

	"tocsin/internal/core/fact"
)

func TestOverrideCheck(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	end := start.Add(time.Hour)
	cases := []struct {
		name     string
		override Override
		field    string // refused; empty: taken
	}{
		{"add", Override{Kind: Add, User: "ana", Start: start, End: end}, ""},
		{"remove", Override{Kind: Remove, Replaces: "ana", Start: start, End: end}, ""},
		{"replace", Override{Kind: Replace, User: "bo", Replaces: "ana", Start: start, End: end}, ""},
		{"replace everybody", Override{Kind: Replace, User: "bo", Start: start, End: end}, ""},
		{"only", Override{Kind: Only, User: "bo", Start: start, End: end}, ""},
		{"hold empty", Override{Kind: Only, Start: start, End: end}, ""},
		{"no kind", Override{User: "ana", Start: start, End: end}, "kind"},
		{"add nobody", Override{Kind: Add, Start: start, End: end}, "user"},
		{"replace by nobody", Override{Kind: Replace, Replaces: "ana", Start: start, End: end}, "user"},
		{"replace by oneself", Override{Kind: Replace, User: "ana", Replaces: "ana", Start: start, End: end}, "user"},
		{"remove nobody", Override{Kind: Remove, User: "ana", Start: start, End: end}, "replaces"},
		{"no length", Override{Kind: Add, User: "ana", Start: start, End: start}, "end"},
		{"backwards", Override{Kind: Add, User: "ana", Start: end, End: start}, "end"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.override.Check()
			var refused *fact.Refused
			if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &refused) || refused.Field != c.field) {
				t.Errorf("got %v, want field %q refused", err, c.field)
			}
		})
	}
}

func FuzzParseLocal(f *testing.F) {
	for _, seed := range []string{"2026-03-29 09:00", "2026-03-29", "2026-03-29T24:00", "0000-01-01", "2026-03-29 ", "2026-03-29 09:5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLocal(text)
		if err != nil {
			return
		}
		again, err := ParseLocal(l.String())
		if err != nil || again != l {
			t.Errorf("%q reads as %s and again as %s, %v", text, l, again, err)
		}
	})
}
