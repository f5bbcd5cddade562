package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What Verify answers about a token that is not good.
var (
	ErrTokenInvalid = errors.New("this link is not one of ours, or was changed on its way")
	ErrTokenExpired = errors.New("this link has expired")
)

const (
	tokenVersion = 1
	minKey       = 16
	maxField     = 255
	maxToken     = 1500 // Slack carries at most 2000 characters in a button
	maxAlso      = 20
)

// Token is what a signed link allows: whoever holds it may see and answer this
// page or incident, as this user, until it expires.
type Token struct {
	Page     string
	Incident string
	// User is who was told; empty for a shared channel, where the answer names
	// itself.
	User    string
	Contact string
	// Also are further pages of a folded message; one answer means them all.
	Also    []string
	Expires time.Time
}

// SigningKey signs tokens under a name, so that keys can change while links
// are in people's mailboxes.
type SigningKey struct {
	ID     string
	Secret []byte
}

// Signer makes and checks tokens. It signs with its first key and accepts all.
type Signer struct {
	keys []SigningKey
}

// NewSigner refuses keys that are too short or whose names collide.
func NewSigner(current SigningKey, retired ...SigningKey) (*Signer, error) {
	s := &Signer{}
	for _, k := range append([]SigningKey{current}, retired...) {
		if len(k.Secret) < minKey {
			return nil, fmt.Errorf("signing key %q: must hold at least %d bytes", k.ID, minKey)
		}
		if len(k.ID) > 32 {
			return nil, fmt.Errorf("signing key %.32q…: name is longer than 32 bytes", k.ID)
		}
		if s.find(k.ID) != nil {
			return nil, fmt.Errorf("signing key %q: given twice", k.ID)
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

func (s *Signer) find(id string) *SigningKey {
	for i := range s.keys {
		if s.keys[i].ID == id {
			return &s.keys[i]
		}
	}
	return nil
}

// Sign writes a token: base64url without padding of version, key name, fields
// and HMAC-SHA256. Equal tokens are signed equally, so a repeated message has
// the same links.
func (s *Signer) Sign(t Token) string {
	key := &s.keys[0]
	for {
		payload := encodeToken(key.ID, t)
		out := base64.RawURLEncoding.EncodeToString(append(payload, mac(key, payload)...))
		if len(out) <= maxToken || len(t.Also) == 0 {
			return out
		}
		t.Also = t.Also[:len(t.Also)/2]
	}
}

// Verify reads a token. An expired one is returned with ErrTokenExpired, so
// that its page can say what it was about.
func (s *Signer) Verify(text string, now time.Time) (Token, error) {
	if len(text) > 2*maxToken {
		return Token{}, ErrTokenInvalid
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < sha256.Size || strings.ContainsAny(text, "\r\n") {
		return Token{}, ErrTokenInvalid
	}
	payload, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	id, t, ok := decodeToken(payload)
	key := s.find(id)
	if !ok || key == nil || !hmac.Equal(sum, mac(key, payload)) {
		return Token{}, ErrTokenInvalid
	}
	if !now.Before(t.Expires) {
		return t, ErrTokenExpired
	}
	return t, nil
}

// mac is bound to its purpose: the same key may sign other things elsewhere.
func mac(key *SigningKey, payload []byte) []byte {
	h := hmac.New(sha256.New, key.Secret)
	h.Write([]byte("tocsin action link\x00"))
	h.Write(payload)
	return h.Sum(nil)
}

func encodeToken(keyID string, t Token) []byte {
	out := []byte{tokenVersion}
	out = appendField(out, keyID)
	out = binary.AppendVarint(out, t.Expires.Unix())
	for _, f := range []string{t.Page, t.Incident, t.User, t.Contact} {
		out = appendField(out, f)
	}
	also := t.Also[:min(len(t.Also), maxAlso)]
	out = append(out, byte(len(also)))
	for _, p := range also {
		out = appendField(out, p)
	}
	return out
}

func appendField(out []byte, f string) []byte {
	f = f[:min(len(f), maxField)]
	return append(append(out, byte(len(f))), f...)
}

type tokenReader struct {
	rest []byte
	bad  bool
}

func (r *tokenReader) byte() int {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return int(b)
}

func (r *tokenReader) field() string {
	n := r.byte()
	if n > len(r.rest) {
		r.bad = true
		return ""
	}
	f := string(r.rest[:n])
	r.rest = r.rest[n:]
	return f
}

func (r *tokenReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func decodeToken(payload []byte) (keyID string, t Token, ok bool) {
	r := &tokenReader{rest: payload}
	if r.byte() != tokenVersion {
		return "", Token{}, false
	}
	keyID = r.field()
	t.Expires = time.Unix(r.varint(), 0).UTC()
	t.Page, t.Incident, t.User, t.Contact = r.field(), r.field(), r.field(), r.field()
	n := r.byte()
	if n > maxAlso {
		return "", Token{}, false
	}
	for range n {
		t.Also = append(t.Also, r.field())
	}
	return keyID, t, !r.bad && len(r.rest) == 0
}

// LinksOf builds the four addresses of a token below baseURL. Following one
// with GET shows a page; only a POST to it acts.
func LinksOf(baseURL, token string) Links {
	view := strings.TrimRight(baseURL, "/") + "/a/" + url.PathEscape(token)
	return Links{
		View:        view,
		Acknowledge: view + "?do=ack",
		Escalate:    view + "?do=escalate",
		Resolve:     view + "?do=resolve",
		Token:       token,
	}
}
