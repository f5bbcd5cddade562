package e2e

import (
	"path/filepath"
	"testing"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/store"
)

// Ledger is everything that a stopped Tocsin left on disk.
type Ledger struct {
	Alerts  []*alert.State
	Pages   []*page.State
	Notes   []notification.Row
	Entries []fact.Entry
}

// ReadLedger opens the database of a Tocsin that has ended.
func ReadLedger(t testing.TB, c store.Config) Ledger {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, c)
	if err != nil {
		t.Fatalf("open the ledger: %v", err)
	}
	defer s.Close()
	var l Ledger
	const portion = 500
	for before := ""; ; {
		list, err := s.Alerts(ctx, alert.Filter{Before: before, Limit: portion})
		if err != nil {
			t.Fatal(err)
		}
		l.Alerts = append(l.Alerts, list...)
		if len(list) < portion {
			break
		}
		before = list[len(list)-1].ID
	}
	for before := ""; ; {
		list, err := s.Pages(ctx, page.Filter{Before: before, Limit: portion})
		if err != nil {
			t.Fatal(err)
		}
		l.Pages = append(l.Pages, list...)
		if len(list) < portion {
			break
		}
		before = list[len(list)-1].ID
	}
	for before := ""; ; {
		list, err := s.Notifications(ctx, notification.RowFilter{Before: before, Limit: portion})
		if err != nil {
			t.Fatal(err)
		}
		l.Notes = append(l.Notes, list...)
		if len(list) < portion {
			break
		}
		before = list[len(list)-1].ID
	}
	for after := int64(0); ; {
		list, err := s.Tail(ctx, after, portion)
		if err != nil {
			t.Fatal(err)
		}
		l.Entries = append(l.Entries, list...)
		if len(list) < portion {
			return l
		}
		after = list[len(list)-1].Pos
	}
}

func sqliteIn(dir string) store.Config { return store.Config{Path: filepath.Join(dir, "tocsin.db")} }

// alertsOf are the alerts of one integration.
func (l Ledger) alertsOf(integration string) []*alert.State {
	var out []*alert.State
	for _, a := range l.Alerts {
		if a.Integration == integration {
			out = append(out, a)
		}
	}
	return out
}

// said lists the journal's sentences about a subject.
func (l Ledger) said(subject string) []string {
	var out []string
	for _, e := range l.Entries {
		if e.Subject == subject {
			out = append(out, e.Text+" ["+e.Why.Text+"]")
		}
	}
	return out
}
