package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

// anAlert is firing if n is even; ids sort by n.
func anAlert(n int) *alert.State {
	at := noon.Add(time.Duration(n) * time.Minute)
	a := &alert.State{ID: fmt.Sprintf("a%03d", n), Integration: "i", DedupKey: fmt.Sprint(n), Status: alert.Firing, Severity: signal.Warning,
		Summary: fmt.Sprintf("Disk %d%% full on ÄRGER_%d", n, n), Service: "shop", ReceivedAt: at, StartsAt: at, UpdatedAt: at, Count: 1,
		Labels: signal.Labels{"team": fmt.Sprint("t", n%3), "env": "prod", "host": fmt.Sprint("h", n)}}
	if n%2 == 1 {
		a.Status, a.ResolvedAt = alert.Resolved, at.Add(time.Second)
	}
	if n%5 == 0 {
		a.Service, a.Severity = "search", signal.Critical
	}
	return a
}

func putAlerts(t *testing.T, s *store.Store, from, to int) {
	t.Helper()
	var b ledger.Batch
	for n := from; n < to; n++ {
		a := anAlert(n)
		b.States = append(b.States, ledger.StateChange{Stream: alert.Stream(a.Integration, a.DedupKey), State: a})
	}
	put(t, s, b)
}

func ids[T any](list []T, id func(T) string) string {
	var out []string
	for _, v := range list {
		out = append(out, id(v))
	}
	return strings.Join(out, " ")
}

func matchers(t *testing.T, parts ...string) (ms signal.Matchers) {
	t.Helper()
	for i := 0; i < len(parts); i += 3 {
		m, err := signal.NewMatcher(parts[i], signal.Op(parts[i+1]), parts[i+2])
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, m)
	}
	return ms
}

func TestAlertsAreFilteredNewestFirst(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		f    alert.Filter
		want string
	}{
		"all":                     {alert.Filter{}, "a009 a008 a007 a006 a005 a004 a003 a002 a001 a000"},
		"limited":                 {alert.Filter{Limit: 2}, "a009 a008"},
		"before":                  {alert.Filter{Limit: 2, Before: "a008"}, "a007 a006"},
		"firing":                  {alert.Filter{Status: alert.Firing}, "a008 a006 a004 a002 a000"},
		"resolved":                {alert.Filter{Status: alert.Resolved, Limit: 2}, "a009 a007"},
		"service":                 {alert.Filter{Service: "search"}, "a005 a000"},
		"severity":                {alert.Filter{Severity: signal.Critical}, "a005 a000"},
		"since":                   {alert.Filter{Since: noon.Add(7 * time.Minute)}, "a009 a008 a007"},
		"label":                   {alert.Filter{Matchers: matchers(t, "team", "=", "t1")}, "a007 a004 a001"},
		"label of open ones":      {alert.Filter{Status: alert.Firing, Matchers: matchers(t, "team", "=", "t1")}, "a004"},
		"two labels":              {alert.Filter{Matchers: matchers(t, "env", "=", "prod", "team", "=", "t2")}, "a008 a005 a002"},
		"two labels, no such":     {alert.Filter{Matchers: matchers(t, "env", "=", "prod", "team", "=", "t9")}, ""},
		"label before":            {alert.Filter{Matchers: matchers(t, "env", "=", "prod"), Before: "a002"}, "a001 a000"},
		"not a label":             {alert.Filter{Matchers: matchers(t, "team", "!=", "t1"), Limit: 3}, "a009 a008 a006"},
		"expression":              {alert.Filter{Matchers: matchers(t, "host", "=~", "h[13]|h7")}, "a007 a003 a001"},
		"expression and label":    {alert.Filter{Matchers: matchers(t, "team", "=", "t1", "host", "!~", "h4")}, "a007 a001"},
		"a label that is not set": {alert.Filter{Matchers: matchers(t, "zone", "=", ""), Limit: 1}, "a009"},
		"text":                    {alert.Filter{Text: "ärger_7"}, "a007"},
		"text, taken literally":   {alert.Filter{Text: "disk 3% full"}, "a003"},
		"text with wild cards":    {alert.Filter{Text: "d_sk"}, ""},
		"everything at once": {alert.Filter{Status: alert.Resolved, Service: "shop", Severity: signal.Warning, Text: "FULL",
			Matchers: matchers(t, "env", "=", "prod", "team", "=~", "t[01]"), Since: noon, Before: "a009"}, "a007 a003 a001"},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		putAlerts(t, s, 0, 10)
		for name, c := range cases {
			got, err := s.Alerts(t.Context(), c.f)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if g := ids(got, func(a *alert.State) string { return a.ID }); g != c.want {
				t.Errorf("%s: got %q, want %q", name, g, c.want)
			}
		}
	})
}

func TestAnAlertIsReadBackWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		putAlerts(t, s, 3, 4)
		got, err := s.Alert(t.Context(), "a003")
		if err != nil || !equal(t, got, anAlert(3)) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := s.Alert(t.Context(), "none"); got != nil || err != nil {
			t.Errorf("an alert that is not: %v, %v", got, err)
		}
	})
}

func TestARareMatchIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	putAlerts(t, s, 0, 999) // ids of three digits, so that they sort
	got, err := s.Alerts(t.Context(), alert.Filter{Matchers: matchers(t, "host", "=~", "h1")})
	if err != nil || len(got) != 1 || got[0].ID != "a001" {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = s.Alerts(t.Context(), alert.Filter{Limit: 10_000}); err != nil || len(got) != 500 {
		t.Errorf("a page has %d alerts, %v", len(got), err)
	}
}

func TestPagesIncidentsAndCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pages := []*page.State{
			{ID: "p1", Status: page.Resolved, Service: "shop", Incident: "INC-1", Calls: []page.Call{{User: "ana"}}},
			{ID: "p2", Status: page.Triggered, Service: "shop", Calls: []page.Call{{User: "ana"}, {User: "bo"}, {User: "ana"}}},
			{ID: "p3", Status: page.Acknowledged, Service: "search", Incident: "INC-2"},
		}
		incidents := []*incident.State{
			{ID: "INC-1", Title: "Checkout is down", Severity: 1, Status: incident.Resolved, Service: "shop"},
			{ID: "INC-2", Title: "Search is slow", Severity: 3, Status: incident.Declared, Service: "search"},
			{ID: "INC-10", Title: "100% of mail is late", Severity: 2, Status: incident.Mitigating},
		}
		var b ledger.Batch
		for _, p := range pages {
			b.States = append(b.States, ledger.StateChange{Stream: page.Stream(p.ID), State: p})
		}
		for _, i := range incidents {
			b.States = append(b.States, ledger.StateChange{Stream: incident.Stream(i.ID), State: i})
		}
		put(t, s, b)
		putAlerts(t, s, 0, 10)

		for want, f := range map[string]page.Filter{
			"p3 p2 p1": {}, "p3 p2": {Open: true}, "p2": {Status: page.Triggered}, "p2 p1": {User: "ana"}, "p2 ": {User: "bo", Service: "shop"},
			"p3": {Incident: "INC-2"}, "p1": {Before: "p2"}, "": {User: "chen"},
		} {
			got, err := s.Pages(t.Context(), f)
			if g := ids(got, func(p *page.State) string { return p.ID }); err != nil || g != strings.TrimSpace(want) {
				t.Errorf("pages %+v: got %q, %v; want %q", f, g, err, want)
			}
		}
		for want, f := range map[string]incident.Filter{
			"INC-10 INC-2 INC-1": {}, "INC-10 INC-2": {Open: true}, "INC-2": {Service: "search"}, "INC-1": {Severity: 1}, "INC-2 INC-1": {Before: 10},
			"INC-10": {Limit: 1}, "INC-2 ": {Text: "SLOW"}, "INC-10 ": {Text: "100%"}, "": {Text: "0_"},
		} {
			got, err := s.Incidents(t.Context(), f)
			if g := ids(got, func(i *incident.State) string { return i.ID }); err != nil || g != strings.TrimSpace(want) {
				t.Errorf("incidents %+v: got %q, %v; want %q", f, g, err, want)
			}
		}
		if p, err := s.Page(t.Context(), "p2"); err != nil || !equal(t, p, pages[1]) {
			t.Errorf("page: %+v, %v", p, err)
		}
		if i, err := s.Incident(t.Context(), "INC-10"); err != nil || !equal(t, i, incidents[2]) {
			t.Errorf("incident: %+v, %v", i, err)
		}
		if p, err := s.Page(t.Context(), "p9"); p != nil || err != nil {
			t.Errorf("a page that is not: %v, %v", p, err)
		}
		want := store.Counts{Alerts: map[string]int64{"shop": 4, "search": 1}, Pages: map[string]int64{"shop": 1, "search": 1}, Incidents: map[string]int64{"search": 1, "": 1}}
		if got, err := s.Counts(t.Context()); err != nil || !equal(t, got, want) {
			t.Errorf("counts: %+v, %v", got, err)
		}
		// A page that is resolved leaves the open ones.
		over := pages[1].Clone()
		over.Status = page.Resolved
		put(t, s, state("page/p2", over, 1))
		if got, err := s.Pages(t.Context(), page.Filter{Open: true}); err != nil || len(got) != 1 {
			t.Errorf("open pages: %v, %v", got, err)
		}
	})
}

func TestNotificationsAreInsertedOnceAndChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		row := func(id, user, pg string, after time.Duration) notification.Row {
			return notification.Row{ID: id, To: notification.Ref{User: user, Contact: "mail"}, Kind: notification.KindPage, Page: pg, Outcome: "queued",
				Message: notification.Message{ID: id, Title: "Disk full"}, CreatedAt: noon.Add(after), UpdatedAt: noon.Add(after)}
		}
		put(t, s, ledger.Batch{
			Notifications: []notification.Row{row("n1", "ana", "p1", 0), row("n2", "bo", "p1", time.Minute), row("n3", "ana", "", 2*time.Minute)},
			Changes:       []notification.Change{{ID: "n1", Outcome: "failing", Attempts: 1, Error: "refused", Again: noon.Add(time.Hour), UpdatedAt: noon.Add(1)}},
		})
		put(t, s, ledger.Batch{Notifications: []notification.Row{row("n1", "chen", "p9", 0)}}) // the same message again
		at := noon.Add(time.Minute)
		put(t, s, ledger.Batch{Changes: []notification.Change{
			{ID: "n1", Outcome: "failing", Attempts: 2, Error: "refused again", Again: noon.Add(time.Hour), UpdatedAt: noon},
			{ID: "n1", Outcome: "accepted", ProviderID: "x7", Attempts: 3, UpdatedAt: at},
			{ID: "n2", Into: "n1", Outcome: "folded", UpdatedAt: at}, {ID: "unknown", Outcome: "failed"}}})
		got, err := s.Notification(t.Context(), "n1")
		want := row("n1", "ana", "p1", 0)
		want.Outcome, want.Attempts, want.Error, want.ProviderID, want.UpdatedAt = "accepted", 3, "refused again", "x7", at
		if err != nil || !equal(t, got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
		for want, f := range map[string]notification.RowFilter{
			"n3 n2 n1": {}, "n3 n1": {User: "ana"}, "n2 n1": {Page: "p1"}, "n2": {Outcome: "folded"}, "n3 n2": {Since: noon.Add(time.Minute)},
			"n1": {Until: noon.Add(time.Minute)}, "n2 n1 ": {Before: "n3"}, "n3": {Limit: 1},
		} {
			got, err := s.Notifications(t.Context(), f)
			if g := ids(got, func(r notification.Row) string { return r.ID }); err != nil || g != strings.TrimSpace(want) {
				t.Errorf("notifications %+v: got %q, %v; want %q", f, g, err, want)
			}
		}
	})
}

func TestTimelinesFollowSubjectsAndPositions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := ledger.Batch{At: noon, Facts: []fact.Entry{entry("a", "1"), entry("b", "2"), entry("c", "3"), entry("a", "4")}}
		if err := s.Write(t.Context(), func(ledger.Reader) (*ledger.Batch, error) { return &b, nil }); err != nil {
			t.Fatal(err)
		}
		check := func(what, want string, got []fact.Entry, err error) {
			t.Helper()
			if g := ids(got, func(e fact.Entry) string { return e.Text }); err != nil || g != want {
				t.Errorf("%s: got %q, %v; want %q", what, g, err, want)
			}
		}
		got, err := s.Timeline(t.Context(), []string{"a", "b"}, 0, 10)
		check("two subjects", "1 2 4", got, err)
		got, err = s.Timeline(t.Context(), []string{"a"}, b.Facts[0].Pos, 10)
		check("after the first", "4", got, err)
		got, err = s.Timeline(t.Context(), nil, 0, 10)
		check("no subject", "", got, err)
		got, err = s.Tail(t.Context(), -2, 10)
		check("the last two", "3 4", got, err)
		got, err = s.Tail(t.Context(), -100, 2)
		check("from far before the start", "1 2", got, err)
		got, err = s.StreamEntries(t.Context(), "check/a", 0, 10)
		check("of a stream", "1 4", got, err)
		if pos, err := s.LastPos(t.Context()); err != nil || pos != b.Facts[3].Pos {
			t.Errorf("last position %d, %v", pos, err)
		}
	})
}

func TestTheBoardHasAVersionAndStreamsAreListed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		before, err := s.BoardVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sil := &board.Silence{Silence: plan.Silence{ID: "s1", Comment: "quiet", EndsAt: noon}}
		put(t, s, state("silence/s1", sil, 0))
		after, err := s.BoardVersion(t.Context())
		if err != nil || after == before {
			t.Errorf("the board's version is %d, was %d, %v", after, before, err)
		}
		put(t, s, ledger.Batch{States: []ledger.StateChange{{Stream: "group/b", State: &alert.Group{}}, {Stream: "group/a", State: &alert.Group{}}, {Stream: "group/c", State: &alert.Group{}},
			{Stream: "group0/x", State: nil}}})
		if same, err := s.BoardVersion(t.Context()); err != nil || same != after {
			t.Errorf("a group moved the board's version to %d, %v", same, err)
		}
		got, err := s.Board(t.Context())
		if err != nil || len(got) != 1 || got["silence/s1"] == nil {
			t.Errorf("board: %v, %v", got, err)
		}
		streams, err := s.Streams(t.Context(), "group", "", 2)
		if err != nil || !slices.Equal(streams, []fact.Stream{"group/a", "group/b"}) {
			t.Errorf("streams: %v, %v", streams, err)
		}
		if streams, err = s.Streams(t.Context(), "group", "group/b", 2); err != nil || !slices.Equal(streams, []fact.Stream{"group/c"}) {
			t.Errorf("streams after b: %v, %v", streams, err)
		}
		if states, err := s.States(t.Context(), "group"); err != nil || len(states) != 3 {
			t.Errorf("states: %v, %v", states, err)
		}
		if g, err := s.Group(t.Context(), "group/a"); err != nil || g == nil {
			t.Errorf("group: %v, %v", g, err)
		}
		if st, err := s.State(t.Context(), "silence/s1"); err != nil || !equal(t, st, sil) {
			t.Errorf("state: %v, %v", st, err)
		}
	})
}

func TestAnAlertRepeatedInItsFirstBatchIsFoundByItsLabels(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		a := anAlert(2)
		a.Count = 3
		put(t, s, state("alert/i/2", a, 0))
		again := a.Clone()
		again.Count, again.UpdatedAt = 4, noon.Add(time.Hour)
		put(t, s, state("alert/i/2", again, 1))
		got, err := s.Alerts(t.Context(), alert.Filter{Matchers: matchers(t, "host", "=", "h2")})
		if err != nil || len(got) != 1 || got[0].Count != 4 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestALabelTooLongForTheIndexIsStillMatched(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		a := anAlert(2)
		long := strings.Repeat("ä", 3000) // PostgreSQL refuses to index it
		a.Labels = signal.Labels{"path": long}
		put(t, s, state("alert/i/2", a, 0))
		got, err := s.Alerts(t.Context(), alert.Filter{Matchers: matchers(t, "path", "=", long)})
		if err != nil || len(got) != 1 {
			t.Errorf("got %d alerts, %v", len(got), err)
		}
	})
}
