package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/auth/authtest"
	"tocsin/internal/core/fact"
)

const words = "correct horse battery"

// door is an auth room whose clock stands still until a test moves it.
type door struct {
	*auth.Auth
	store *authtest.Memory
	micro atomic.Int64
}

func newDoor() *door {
	d := &door{store: authtest.New()}
	d.micro.Store(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).UnixMicro())
	d.Auth = auth.New(d.store, d.now)
	auth.Cheapen(d.Auth)
	return d
}

func (d *door) now() time.Time       { return time.UnixMicro(d.micro.Load()).UTC() }
func (d *door) pass(t time.Duration) { d.micro.Add(t.Microseconds()) }
func (d *door) make(t *testing.T, id string, role auth.Role) {
	t.Helper()
	if err := d.Create(t.Context(), auth.NewAccount{ID: id, Email: id + "@example.com", Password: words, Role: role}); err != nil {
		t.Fatal(err)
	}
}

// refused fails unless the error is a refusal of this code and field.
func refused(t *testing.T, err error, code, field string) {
	t.Helper()
	var r *fact.Refused
	if !errors.As(err, &r) || r.Code != code || r.Field != field {
		t.Errorf("refused with %v (%+v), want %s in %q", err, r, code, field)
	}
}

func TestRolesIncludeThoseBelow(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		have, need auth.Role
		may        bool
	}{{auth.Admin, auth.Viewer, true}, {auth.Admin, auth.Admin, true}, {auth.Responder, auth.Admin, false}, {auth.Responder, auth.Viewer, true},
		{auth.Viewer, auth.Responder, false}, {"", auth.Viewer, false}, {"king", auth.Viewer, false}} {
		if x.have.May(x.need) != x.may {
			t.Errorf("%q may do what a %s may: %v, want %v", x.have, x.need, !x.may, x.may)
		}
	}
}

func TestOnlyOneIsFirst(t *testing.T) {
	t.Parallel()
	d := newDoor()
	if first, err := d.FirstRun(t.Context()); !first || err != nil {
		t.Fatalf("first run: %v, %v", first, err)
	}
	var made atomic.Int64
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			err := d.CreateFirst(t.Context(), auth.NewAccount{ID: fmt.Sprintf("user%d", i), Password: words, Role: auth.Viewer})
			var r *fact.Refused
			switch {
			case err == nil:
				made.Add(1)
			case !errors.As(err, &r) || r.Code != "conflict":
				t.Errorf("the loser hears %v", err)
			}
		})
	}
	all.Wait()
	list, err := d.Accounts(t.Context())
	if err != nil || made.Load() != 1 || len(list) != 1 || list[0].Role != "admin" || list[0].PasswordHash != "" {
		t.Errorf("%d were first, accounts %+v, %v", made.Load(), list, err)
	}
}

func TestAccountsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	for _, x := range []struct {
		n           auth.NewAccount
		code, field string
	}{
		{auth.NewAccount{ID: "", Password: words, Role: auth.Viewer}, "invalid", "user"},
		{auth.NewAccount{ID: "a b", Password: words, Role: auth.Viewer}, "invalid", "user"},
		{auth.NewAccount{ID: strings.Repeat("x", 65), Password: words, Role: auth.Viewer}, "invalid", "user"},
		{auth.NewAccount{ID: "bo@example.com", Password: words, Role: auth.Viewer}, "invalid", "user"},
		{auth.NewAccount{ID: "bo", Email: "nowhere", Password: words, Role: auth.Viewer}, "invalid", "email"},
		{auth.NewAccount{ID: "bo", Password: words, Role: "king"}, "invalid", "role"},
		{auth.NewAccount{ID: "bo", Password: "short", Role: auth.Viewer}, "invalid", "password"},
		{auth.NewAccount{ID: "bo", Password: strings.Repeat("x", 257), Role: auth.Viewer}, "invalid", "password"},
		{auth.NewAccount{ID: "bonaventura", Password: "Bonaventura", Role: auth.Viewer}, "invalid", "password"},
		{auth.NewAccount{ID: "ANA", Password: words, Role: auth.Viewer}, "conflict", "user"},
		{auth.NewAccount{ID: "bo", Email: "Ana@Example.com", Password: words, Role: auth.Viewer}, "conflict", "email"},
	} {
		refused(t, d.Create(t.Context(), x.n), x.code, x.field)
	}
	refused(t, d.CreateFirst(t.Context(), auth.NewAccount{ID: "bo", Password: words}), "conflict", "")
}

func TestSignInByNameOrAddress(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Responder)
	ctx := t.Context()
	for _, login := range []string{"ana", " Ana ", "ANA@example.com"} {
		token, p, err := d.SignIn(ctx, login, words, auth.From{IP: "192.0.2.1", UserAgent: strings.Repeat("ä", 200)})
		if err != nil || p.ID != "ana" || p.Role != auth.Responder || p.Name != "ana" {
			t.Fatalf("%q: %+v, %v", login, p, err)
		}
		if got, ok := d.Session(ctx, token); !ok || got.ID != "ana" {
			t.Errorf("%q has no session", login)
		}
	}
	for _, x := range [][2]string{{"ana", "wrong password"}, {"nobody", words}, {"", words}, {"ana", ""}, {"ana", strings.Repeat("x", 10_000)}, {"nobody@example.com", words}} {
		d.pass(time.Hour + time.Minute)
		_, _, err := d.SignIn(ctx, x[0], x[1], auth.From{})
		refused(t, err, "forbidden", "password")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	d.make(t, "bo", auth.Admin)
	ctx := t.Context()
	in := func() string {
		t.Helper()
		token, _, err := d.SignIn(ctx, "ana", words, auth.From{})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	alive := func(token string) bool { _, ok := d.Session(ctx, token); return ok }
	one, two := in(), in()
	if err := d.SignOut(ctx, one); err != nil || alive(one) || !alive(two) {
		t.Errorf("signing out: %v; the one %v, the other %v", err, alive(one), alive(two))
	}
	three := in()
	refused(t, d.ChangePassword(ctx, "ana", "not it at all", "three words do well", two), "forbidden", "old")
	refused(t, d.ChangePassword(ctx, "ana", words, "short", two), "invalid", "password")
	if err := d.ChangePassword(ctx, "ana", words, "three words do well", two); err != nil || !alive(two) || alive(three) {
		t.Errorf("after a new password: %v; the own session %v, the other %v", err, alive(two), alive(three))
	}
	if _, _, err := d.SignIn(ctx, "ana", words, auth.From{}); err == nil {
		t.Error("the old password still works")
	}
	d.pass(auth.SessionLife)
	if alive(two) {
		t.Error("a session outlives its time")
	}
	if alive("") || alive("made up") {
		t.Error("a made-up token has a session")
	}
	if err := d.ResetPassword(ctx, "ana", words); err != nil {
		t.Fatal(err)
	}
	four := in()
	if err := d.Disable(ctx, "Ana"); err != nil || alive(four) {
		t.Errorf("a disabled account: %v, session %v", err, alive(four))
	}
	_, _, err := d.SignIn(ctx, "ana", words, auth.From{})
	refused(t, err, "forbidden", "password")
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	d.make(t, "bo", auth.Responder)
	ctx := t.Context()
	refused(t, d.SetRole(ctx, "ana", auth.Viewer), "conflict", "role")
	refused(t, d.SetRole(ctx, "ANA", auth.Viewer), "conflict", "role")
	refused(t, d.Disable(ctx, "ana"), "conflict", "role")
	refused(t, d.SetRole(ctx, "nobody", auth.Viewer), "not-found", "user")
	refused(t, d.SetRole(ctx, "bo", "king"), "invalid", "role")
	if err := d.SetRole(ctx, "bo", auth.Admin); err != nil {
		t.Fatal(err)
	}
	if err := d.Disable(ctx, "ana"); err != nil {
		t.Errorf("with a second admin: %v", err)
	}
	refused(t, d.SetRole(ctx, "bo", auth.Viewer), "conflict", "role")
}

func TestTokensCanDoNoMoreThanTheirOwner(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	d.make(t, "bo", auth.Responder)
	ctx := t.Context()
	_, _, err := d.CreateToken(ctx, "bo", "x", auth.Admin, time.Time{})
	refused(t, err, "forbidden", "role")
	_, _, err = d.CreateToken(ctx, "bo", " ", auth.Viewer, time.Time{})
	refused(t, err, "invalid", "name")
	_, _, err = d.CreateToken(ctx, "bo", "x", "king", time.Time{})
	refused(t, err, "invalid", "role")
	_, _, err = d.CreateToken(ctx, "bo", "x", auth.Viewer, d.now())
	refused(t, err, "invalid", "expires")
	_, _, err = d.CreateToken(ctx, "nobody", "x", auth.Viewer, time.Time{})
	refused(t, err, "not-found", "user")

	text, made, err := d.CreateToken(ctx, "bo", "script", auth.Responder, d.now().Add(time.Hour))
	if err != nil || !strings.HasPrefix(text, auth.TokenPrefix) || made.TokenHash != "" {
		t.Fatalf("%q, %+v, %v", text, made, err)
	}
	if p, ok := d.Bearer(ctx, text); !ok || p.ID != "bo" || p.Role != auth.Responder || p.Token != made.ID {
		t.Errorf("%+v, %v", p, ok)
	}
	if err := d.SetRole(ctx, "bo", auth.Viewer); err != nil {
		t.Fatal(err)
	}
	if p, _ := d.Bearer(ctx, text); p.Role != auth.Viewer {
		t.Errorf("the token of a demoted owner is %s", p.Role)
	}
	if list, err := d.Tokens(ctx, "bo"); err != nil || len(list) != 1 || list[0].TokenHash != "" || list[0].LastUsed.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	refused(t, d.RevokeToken(ctx, "ana", made.ID), "not-found", "id")
	for _, wrong := range []string{"", text[1:], text + "x", strings.TrimPrefix(text, auth.TokenPrefix), auth.TokenPrefix} {
		if _, ok := d.Bearer(ctx, wrong); ok {
			t.Errorf("%q is somebody's", wrong)
		}
	}
	d.pass(time.Hour)
	if _, ok := d.Bearer(ctx, text); ok {
		t.Error("an expired token works")
	}
	text, made, err = d.CreateToken(ctx, "bo", "other", auth.Viewer, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeToken(ctx, "bo", made.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Bearer(ctx, text); ok {
		t.Error("a revoked token works")
	}
}

func TestADatabaseThatIsAwayIsNotAWrongToken(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	text, _, err := d.CreateToken(t.Context(), "ana", "x", auth.Admin, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	away := errors.New("away")
	d.store.Break(away)
	if _, ok, err := d.Program(t.Context(), text); ok || !errors.Is(err, away) {
		t.Errorf("%v, %v", ok, err)
	}
	if _, ok := d.Bearer(t.Context(), text); ok {
		t.Error("a token is good that nobody could look up")
	}
	if _, ok := d.Session(t.Context(), "x"); ok {
		t.Error("a session is good that nobody could look up")
	}
	for range 30 { // nobody is slowed down for what was not their fault
		if _, _, err := d.SignIn(t.Context(), "ana", words, auth.From{}); !errors.Is(err, away) {
			t.Fatalf("signing in: %v", err)
		}
	}
	d.store.Break(nil)
	if _, _, err := d.SignIn(t.Context(), "ana", words, auth.From{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestGuessingIsSlowedDownAndNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	try := func(login, password, ip string) error {
		_, _, err := d.SignIn(context.Background(), login, password, auth.From{IP: ip})
		return err
	}
	for range 5 {
		refused(t, try("ana", "wrong password", "192.0.2.1"), "forbidden", "password")
	}
	refused(t, try("ana", words, "192.0.2.2"), "too-many", "")
	d.pass(time.Second)
	refused(t, try("ana", "wrong password", "192.0.2.1"), "forbidden", "password")
	refused(t, try("ana", words, "192.0.2.1"), "too-many", "")
	d.pass(15 * time.Minute)
	if err := try("ana", words, "192.0.2.1"); err != nil {
		t.Fatalf("the longest wait is over: %v", err)
	}
	if err := try("ana", words, "192.0.2.1"); err != nil {
		t.Errorf("the right password does not forgive: %v", err)
	}
	// One address with many names.
	for i := range 20 {
		_ = try(fmt.Sprintf("name%d", i), "wrong password", "192.0.2.9")
	}
	refused(t, try("other", "wrong password", "192.0.2.9"), "too-many", "")
	if err := try("ana", words, "192.0.2.1"); err != nil {
		t.Errorf("another address pays for it: %v", err)
	}
}

func TestManyGuessesAtOnceAreNoWayAround(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	var looked atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, _, err := d.SignIn(context.Background(), "ana", fmt.Sprintf("wrong password %d", i), auth.From{IP: fmt.Sprintf("192.0.2.%d", i)})
			var r *fact.Refused
			if errors.As(err, &r) && r.Code == "forbidden" {
				looked.Add(1)
			}
		})
	}
	all.Wait()
	if n := looked.Load(); n != 5 {
		t.Errorf("%d of 40 guesses at one moment were looked at, want the 5 free ones", n)
	}
}

func TestGuessingAnOldPasswordIsSlowedDownToo(t *testing.T) {
	t.Parallel()
	d := newDoor()
	d.make(t, "ana", auth.Admin)
	for range 5 {
		refused(t, d.ChangePassword(t.Context(), "ana", "wrong password", "three words do well", ""), "forbidden", "old")
	}
	refused(t, d.ChangePassword(t.Context(), "ana", words, "three words do well", ""), "too-many", "")
}

func TestPasswordsAreKeptAsOWASPSays(t *testing.T) {
	t.Parallel()
	store := authtest.New()
	a := auth.New(store, time.Now)
	if err := a.Create(t.Context(), auth.NewAccount{ID: "ana", Password: words, Role: auth.Viewer}); err != nil {
		t.Fatal(err)
	}
	acc, err := store.Account(t.Context(), "ana")
	if err != nil || !strings.HasPrefix(acc.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(acc.PasswordHash, words) {
		t.Fatalf("%q, %v", acc.PasswordHash, err)
	}
	if _, _, err := a.SignIn(t.Context(), "ana", words, auth.From{}); err != nil {
		t.Error(err)
	}
	// Whoever can write one broken row must not get in by it.
	for _, hash := range []string{"", words, "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", strings.Replace(acc.PasswordHash, "argon2id", "plain", 1)} {
		broken := *acc
		broken.ID, broken.Email, broken.PasswordHash = "bo", "", hash
		if err := store.UpdateAccount(t.Context(), broken); err != nil {
			t.Fatal(err)
		}
		_, _, err := a.SignIn(t.Context(), "bo", words, auth.From{IP: hash})
		var r *fact.Refused
		if !errors.As(err, &r) {
			t.Errorf("with the hash %q: %v", hash, err)
		}
	}
}
