package store_test

import (
	"sync"
	"testing"
	"time"

	"tocsin/internal/core/ledger"
	"tocsin/internal/store"
	"tocsin/internal/store/storetest"
)

func ana() ledger.Account {
	return ledger.Account{ID: "ana", Email: "ana@example.org", Name: "Ana", PasswordHash: "hash", Role: "admin", Created: noon, LastSeen: noon}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccountsSessionsAndTokens(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.CreateAccount(ctx, ana()))
		if err := s.CreateAccount(ctx, ana()); err == nil {
			t.Error("the same id twice")
		}
		bo := ledger.Account{ID: "bo", Email: "ANA@example.org", Created: noon}
		if err := s.CreateAccount(ctx, bo); err == nil {
			t.Error("the same address twice")
		}
		bo.Email = ""
		must(t, s.CreateAccount(ctx, bo))
		got, err := s.AccountByEmail(ctx, "Ana@Example.org")
		if err != nil || got == nil || *got != ana() {
			t.Errorf("by address: %+v, %v", got, err)
		}
		if got, err := s.AccountByEmail(ctx, ""); got != nil || err != nil {
			t.Errorf("the empty address: %+v, %v", got, err)
		}
		changed := ana()
		changed.Disabled, changed.Role, changed.LastSeen = true, "viewer", noon.Add(time.Hour)
		must(t, s.UpdateAccount(ctx, changed))
		if got, err := s.Account(ctx, "ana"); err != nil || got == nil || *got != changed {
			t.Errorf("changed: %+v, %v", got, err)
		}
		if all, err := s.Accounts(ctx); err != nil || len(all) != 2 || all[0].ID != "ana" {
			t.Errorf("all: %+v, %v", all, err)
		}

		one := ledger.Session{TokenHash: "h1", Account: "ana", Created: noon, Expires: noon.Add(time.Hour), UserAgent: "browser", IP: "192.0.2.1"}
		two, three := one, one
		two.TokenHash, three.TokenHash = "h2", "h3"
		for _, x := range []ledger.Session{one, two, three} {
			must(t, s.CreateSession(ctx, x))
		}
		if got, err := s.Session(ctx, "h1"); err != nil || got == nil || *got != one {
			t.Errorf("session: %+v, %v", got, err)
		}
		must(t, s.DeleteSession(ctx, "h3"))
		must(t, s.DeleteSessions(ctx, "ana", "h2"))
		if all, err := s.Sessions(ctx, "ana"); err != nil || len(all) != 1 || all[0].TokenHash != "h2" {
			t.Errorf("sessions left: %+v, %v", all, err)
		}

		tok := ledger.Token{ID: "t1", TokenHash: "x1", Name: "ci", Owner: "ana", Scopes: "viewer", Created: noon}
		must(t, s.CreateToken(ctx, tok))
		must(t, s.TokenUsed(ctx, "t1", noon.Add(time.Minute)))
		tok.LastUsed = noon.Add(time.Minute)
		if got, err := s.TokenByHash(ctx, "x1"); err != nil || got == nil || *got != tok {
			t.Errorf("token: %+v, %v", got, err)
		}
		if gone, err := s.DeleteToken(ctx, "bo", "t1"); err != nil || gone {
			t.Errorf("somebody else's token was deleted: %v, %v", gone, err)
		}
		if all, err := s.Tokens(ctx, "ana"); err != nil || len(all) != 1 {
			t.Errorf("tokens: %v, %v", all, err)
		}
		must(t, s.DeleteAccount(ctx, "ana")) // and with it what belongs to it
		if got, err := s.Session(ctx, "h2"); got != nil || err != nil {
			t.Errorf("the session outlived its account: %v, %v", got, err)
		}
		if got, err := s.TokenByHash(ctx, "x1"); got != nil || err != nil {
			t.Errorf("the token outlived its account: %v, %v", got, err)
		}
	})
}

func TestOnlyOneAccountIsTheFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		made := make([]bool, 6)
		for i := range made {
			wg.Go(func() {
				a := ledger.Account{ID: string(rune('a' + i)), Created: noon}
				ok, err := s.CreateFirstAccount(t.Context(), a)
				if err != nil {
					t.Errorf("create: %v", err)
				}
				made[i] = ok
			})
		}
		wg.Wait()
		n := 0
		for _, ok := range made {
			if ok {
				n++
			}
		}
		if all, err := s.Accounts(t.Context()); err != nil || len(all) != 1 || n != 1 {
			t.Errorf("%d were told that theirs is the first; there are %d, %v", n, len(all), err)
		}
	})
}

func TestSettingsSubscriptionsAndActivity(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		n := 0
		invent := func() (string, error) { n++; return "secret", nil }
		for range 2 {
			if v, err := s.SettingOrSet(ctx, "key", invent); err != nil || v != "secret" {
				t.Errorf("setting: %q, %v", v, err)
			}
		}
		if n != 1 {
			t.Errorf("the secret was invented %d times", n)
		}
		must(t, s.SaveSetting(ctx, "key", "other"))
		if v, ok, err := s.Setting(ctx, "key"); v != "other" || !ok || err != nil {
			t.Errorf("setting: %q %v %v", v, ok, err)
		}

		sub := ledger.Subscription{Endpoint: "https://push.example/1", Person: "ana", P256dh: "k", Auth: "a", UserAgent: "phone", Created: noon}
		must(t, s.SaveSubscription(ctx, sub))
		sub.Person = "bo"
		must(t, s.SaveSubscription(ctx, sub))
		if all, err := s.Subscriptions(ctx, "bo"); err != nil || len(all) != 1 || all[0] != sub {
			t.Errorf("subscriptions: %+v, %v", all, err)
		}
		must(t, s.DeleteSubscription(ctx, sub.Endpoint))
		if all, err := s.Subscriptions(ctx, "bo"); err != nil || len(all) != 0 {
			t.Errorf("subscriptions left: %+v, %v", all, err)
		}

		must(t, s.AddActivity(ctx, []ledger.Activity{{Integration: "i", LastAt: noon, Accepted: 2}, {Integration: "j", Rejected: 1, RejectedAt: noon, LastError: "bad key"}}))
		must(t, s.AddActivity(ctx, []ledger.Activity{{Integration: "i", LastAt: noon.Add(-time.Hour), Accepted: 1, Rejected: 1, RejectedAt: noon, LastError: "no JSON"}, {Integration: "i", Accepted: 1}}))
		got, err := s.Activity(ctx)
		want := ledger.Activity{Integration: "i", LastAt: noon, Accepted: 4, Rejected: 1, RejectedAt: noon, LastError: "no JSON"}
		if err != nil || len(got) != 2 || got["i"] != want {
			t.Errorf("activity: %+v, %v", got, err)
		}
	})
}
