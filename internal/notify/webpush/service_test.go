package webpush_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tocsin/internal/notify/notifytest"
	"tocsin/internal/notify/webpush"
)

// browser is the receiving side: it holds the keys and decrypts.
type browser struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	if _, err := rand.Read(auth); err != nil {
		t.Fatal(err)
	}
	return browser{private: k, auth: auth}
}

func (b browser) subscription(endpoint string) webpush.Subscription {
	e := base64.RawURLEncoding
	return webpush.Subscription{Endpoint: endpoint, P256dh: e.EncodeToString(b.private.PublicKey().Bytes()), Auth: e.EncodeToString(b.auth)}
}

// decrypt undoes aes128gcm as RFC 8188 and RFC 8291 have it.
func (b browser) decrypt(body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) > 4096 {
		return nil, fmt.Errorf("%d bytes", len(body))
	}
	salt, size, n := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	if len(body) < 21+n || int(size) < len(body)-21-n {
		return nil, errors.New("record size")
	}
	raw, sealed := body[21:21+n], body[21+n:]
	sender, err := ecdh.P256().NewPublicKey(raw)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(b.private.PublicKey().Bytes()) + string(raw)
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(c)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, err
	}
	plain = []byte(strings.TrimRight(string(plain), "\x00"))
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("padding")
	}
	return plain[:len(plain)-1], nil
}

// service is a push service that knows one application server's key.
type service struct {
	peer     *notifytest.Peer
	public   string
	browsers map[string]browser // by path
	gone     map[string]int     // path to status

	mu      sync.Mutex
	headers []http.Header
	payload []webpush.Payload
}

var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,32}$`)

func (s *service) accept(r *http.Request, body []byte) (notifytest.Received, notifytest.Reply) {
	no := func(status int, why string) (notifytest.Received, notifytest.Reply) {
		return notifytest.Received{}, notifytest.Reply{Status: status, Body: why}
	}
	if status := s.gone[r.URL.Path]; status != 0 {
		return no(status, "push subscription has unsubscribed or expired")
	}
	b, ok := s.browsers[r.URL.Path]
	if !ok {
		return no(404, "no such subscription")
	}
	if err := s.vapid(r); err != nil {
		return no(403, err.Error())
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	if err != nil || ttl <= 0 || r.Header.Get("Content-Encoding") != "aes128gcm" || !topicName.MatchString(r.Header.Get("Topic")) {
		return no(400, "headers")
	}
	plain, err := b.decrypt(body)
	if err != nil {
		return no(400, "decrypt: "+err.Error())
	}
	var p webpush.Payload
	if err := json.Unmarshal(plain, &p); err != nil {
		return no(400, err.Error())
	}
	s.mu.Lock()
	s.headers, s.payload = append(s.headers, r.Header.Clone()), append(s.payload, p)
	s.mu.Unlock()
	got := notifytest.Received{Title: p.Title, Text: p.Title + "\n" + p.Body, Key: p.ID, Links: []string{p.URL, p.Token}}
	for _, a := range p.Actions {
		got.Text += "\n" + a.Title
	}
	return got, notifytest.Reply{Status: 201}
}

// vapid verifies the sender as RFC 8292 asks.
func (s *service) vapid(r *http.Request) error {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "vapid ")
	if !ok {
		return errors.New("no vapid")
	}
	parts := map[string]string{}
	for p := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[k] = v
	}
	if parts["k"] != s.public {
		return errors.New("subscribed to another key")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts["k"])
	if err != nil {
		return err
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return err
	}
	token, err := jwt.Parse(parts["t"], func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(s.peer.URL), jwt.WithExpirationRequired())
	if err != nil {
		return err
	}
	exp, err := token.Claims.GetExpirationTime()
	if err != nil || time.Until(exp.Time) > 24*time.Hour {
		return errors.New("valid for too long")
	}
	if sub, err := token.Claims.GetSubject(); err != nil || sub != "mailto:ops@example.com" {
		return fmt.Errorf("subject %q", sub)
	}
	return nil
}

// subscriptions is a store in memory.
type subscriptions struct {
	mu   sync.Mutex
	of   map[string][]webpush.Subscription
	gone []string
	err  error
}

func (s *subscriptions) OfUser(_ context.Context, user string) ([]webpush.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[user], s.err
}

func (s *subscriptions) Gone(_ context.Context, endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = append(s.gone, endpoint)
	return nil
}
