package notify_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/internal/notify"
)

var tokenTime = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)

func key(id string) notify.SigningKey {
	return notify.SigningKey{ID: id, Secret: []byte("0123456789abcdef-" + id)}
}

func signer(t testing.TB, current notify.SigningKey, retired ...notify.SigningKey) *notify.Signer {
	t.Helper()
	s, err := notify.NewSigner(current, retired...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sampleToken() notify.Token {
	return notify.Token{Page: "pg0001", Incident: "inc01", User: "ana", Contact: "phone", Also: []string{"pg0002"}, Expires: tokenTime.Add(time.Hour)}
}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	s := signer(t, key("k1"))
	for _, want := range []notify.Token{sampleToken(), {Page: "p", Expires: tokenTime.Add(time.Second)}, {User: "שלום 🔥", Expires: tokenTime.Add(time.Hour)}} {
		text := s.Sign(want)
		if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q does not fit a URL", text)
		}
		got, err := s.Verify(text, tokenTime)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if s.Sign(want) != text {
			t.Error("a repeat has another token")
		}
	}
}

func TestTokenExpiry(t *testing.T) {
	t.Parallel()
	s := signer(t, key("k1"))
	text := s.Sign(sampleToken())
	for at, want := range map[time.Time]error{
		sampleToken().Expires.Add(-time.Nanosecond): nil,
		sampleToken().Expires:                       notify.ErrTokenExpired,
		sampleToken().Expires.Add(time.Hour):        notify.ErrTokenExpired,
	} {
		got, err := s.Verify(text, at)
		if !errors.Is(err, want) {
			t.Errorf("at %v: got %v, want %v", at, err, want)
		}
		if got.Page != "pg0001" {
			t.Errorf("at %v: an expired token does not say its page", at)
		}
	}
}

func TestTokenTampering(t *testing.T) {
	t.Parallel()
	s := signer(t, key("k1"))
	text := s.Sign(sampleToken())
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			changed := append([]byte(nil), raw...)
			changed[i] ^= bit
			if got, err := s.Verify(base64.RawURLEncoding.EncodeToString(changed), tokenTime); err == nil || got.Page != "" {
				t.Errorf("byte %d changed: got %+v, %v", i, got, err)
			}
		}
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": text[:len(text)-1], "longer": text + "AAAA", "padded": text + "=", "newline": text[:8] + "\n" + text[8:],
		"huge": strings.Repeat("A", 1<<16), "not base64": "!!!!", "plus": strings.Repeat("+", 100),
	} {
		if _, err := s.Verify(bad, tokenTime); !errors.Is(err, notify.ErrTokenInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	before := signer(t, key("k1")).Sign(sampleToken())
	after := signer(t, key("k2"), key("k1"))
	if _, err := after.Verify(before, tokenTime); err != nil {
		t.Errorf("a link of the retired key: %v", err)
	}
	if _, err := signer(t, key("k2")).Verify(before, tokenTime); !errors.Is(err, notify.ErrTokenInvalid) {
		t.Errorf("a link of a removed key: %v", err)
	}
	if _, err := signer(t, key("k1")).Verify(after.Sign(sampleToken()), tokenTime); !errors.Is(err, notify.ErrTokenInvalid) {
		t.Errorf("it signs with the retired key: %v", err)
	}
	forged := notify.SigningKey{ID: "k1", Secret: []byte("another secret of the name k1")}
	if _, err := signer(t, key("k1")).Verify(signer(t, forged).Sign(sampleToken()), tokenTime); !errors.Is(err, notify.ErrTokenInvalid) {
		t.Errorf("another key of the same name: %v", err)
	}
	for name, keys := range map[string][]notify.SigningKey{
		"short": {{ID: "a", Secret: []byte("short")}}, "twice": {key("a"), key("a")}, "long name": {key(strings.Repeat("n", 40))},
	} {
		if _, err := notify.NewSigner(keys[0], keys[1:]...); err == nil || strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTokenStaysShort(t *testing.T) {
	t.Parallel()
	s := signer(t, key("k1"))
	tok := sampleToken()
	tok.Also = nil
	for i := range 300 {
		tok.Also = append(tok.Also, fmt.Sprintf("pg%s%03d", strings.Repeat("x", 90), i))
	}
	text := s.Sign(tok)
	got, err := s.Verify(text, tokenTime)
	if err != nil || len(text) > 1500 || len(got.Also) == 0 || got.Also[0] != tok.Also[0] {
		t.Errorf("%d characters, %d pages, %v", len(text), len(got.Also), err)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	got := notify.LinksOf("https://t.example.com/ops/", "TOK")
	want := notify.Links{
		View: "https://t.example.com/ops/a/TOK", Acknowledge: "https://t.example.com/ops/a/TOK?do=ack",
		Escalate: "https://t.example.com/ops/a/TOK?do=escalate", Resolve: "https://t.example.com/ops/a/TOK?do=resolve", Token: "TOK",
	}
	if got != want {
		t.Errorf("got %+v", got)
	}
}

func FuzzVerifyToken(f *testing.F) {
	s := signer(f, key("k1"))
	f.Add(s.Sign(sampleToken()))
	f.Add("AQ")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.Verify(text, tokenTime)
		if err == nil && s.Sign(got) != text {
			t.Errorf("%q is accepted and would not be signed so", text)
		}
	})
}
