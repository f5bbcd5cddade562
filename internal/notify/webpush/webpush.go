// Package webpush reaches the browsers and installed apps of a person through
// their push services (RFC 8030), encrypted so that the service cannot read it
// (RFC 8291) and signed as this server (VAPID, RFC 8292). It keeps no
// subscriptions itself; it says which ones are gone.
package webpush

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	push "github.com/SherClockHolmes/webpush-go"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/notify"
)

const (
	// atOnce bounds how many devices of one person are told at the same time.
	atOnce = 8
	// perDevice keeps one dead push service from using up the whole attempt.
	perDevice = 10 * time.Second
	pageTTL   = 4 * time.Hour // a page that old has been escalated long ago
	newsTTL   = 24 * time.Hour
)

// Subscription is one browser's, as its PushSubscription has it.
type Subscription struct {
	Endpoint string `json:"endpoint"`
	P256dh   string `json:"p256dh"`
	Auth     string `json:"auth"`
}

// Check says what a browser's subscription lacks, before it is stored.
func (s Subscription) Check() error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(s.Endpoint) > 2000 {
		return errors.New("endpoint: must be an https:// address")
	}
	key, err := decode(s.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		return errors.New("p256dh: not a key on the curve P-256")
	}
	if auth, err := decode(s.Auth); err != nil || len(auth) != 16 {
		return errors.New("auth: not 16 bytes in base64url")
	}
	return nil
}

func decode(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "="))
}

// Subscriptions is the store of subscriptions.
type Subscriptions interface {
	OfUser(ctx context.Context, user string) ([]Subscription, error)
	// Gone is called when the push service says that an endpoint will never
	// work again.
	Gone(ctx context.Context, endpoint string) error
}

// Config is the channel's server side.
type Config struct {
	HTTP          *http.Client
	Subscriptions Subscriptions
	// PublicKey and PrivateKey are the VAPID pair in base64url. The browsers
	// are subscribed to the public one: changing it unsubscribes everybody.
	PublicKey, PrivateKey string
	// Subject is whom a push service may ask: a mail address or an https URL.
	Subject string
}

// NewKeys makes a VAPID pair.
func NewKeys() (public, private string, err error) {
	private, public, err = push.GenerateVAPIDKeys()
	return public, private, err
}

// Check says what is wrong.
func (c Config) Check() error {
	raw, err := decode(c.PrivateKey)
	if err != nil || c.PrivateKey == "" {
		return errors.New("web push: no VAPID key is configured")
	}
	private, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return errors.New("web push: the private VAPID key is not one of P-256")
	}
	public, err := decode(c.PublicKey)
	if err != nil || string(public) != string(private.PublicKey().Bytes()) {
		return errors.New("web push: the public VAPID key does not belong to the private one")
	}
	if c.Subject == "" {
		return errors.New("web push: no subject (a mail address) is configured")
	}
	if c.Subscriptions == nil {
		return errors.New("web push: there is no store of subscriptions")
	}
	return nil
}

// Channel is Web Push.
type Channel struct{ cfg Config }

// New builds the channel. One that is not fully configured refuses every
// message saying why.
func New(cfg Config) *Channel {
	cfg.Subject = strings.TrimPrefix(cfg.Subject, "mailto:")
	return &Channel{cfg: cfg}
}

// Fields lists the settings: none, a person's devices subscribe themselves.
func (*Channel) Fields() []notify.Field { return nil }

// Check refuses settings, since there are none.
func (c *Channel) Check(settings map[string]string) error {
	return notify.CheckFields(c.Fields(), settings)
}

// Send tells every device of the person. One that takes it is enough: to send
// again for the sake of the others would ring the first twice.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if err := c.cfg.Check(); err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	if d.Message.User == "" {
		return notify.Receipt{}, notify.Permanent(errors.New("web push tells persons; a shared channel has no devices"))
	}
	subs, err := c.cfg.Subscriptions.OfUser(ctx, d.Message.User)
	if err != nil {
		return notify.Receipt{}, fmt.Errorf("look up the devices of %s: %w", d.Message.User, err)
	}
	if len(subs) == 0 {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("%s has no device that takes push messages", d.Message.User))
	}
	body, err := payload(d)
	if err != nil {
		return notify.Receipt{}, notify.Permanent(err)
	}
	return sum(c.tellAll(ctx, subs, parcel{body: body, message: d.Message}))
}

// parcel is what every device gets.
type parcel struct {
	body    []byte
	message notification.Message
}

func (c *Channel) tellAll(ctx context.Context, subs []Subscription, p parcel) []error {
	results := make([]error, len(subs))
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, s := range subs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = notify.Redact(c.tell(ctx, s, p), []string{s.Endpoint, s.Auth})
		})
	}
	wg.Wait()
	return results
}

// sum makes one result of many: any success is one; else anything that may pass
// is temporary, with the shortest wait asked for.
func sum(results []error) (notify.Receipt, error) {
	took := 0
	var passing, final *notify.Failure
	for _, err := range results {
		f := (*notify.Failure)(nil)
		if err != nil {
			f = notify.AsFailure(err)
		}
		switch {
		case f == nil:
			took++
		case f.Permanent:
			final = f
		case passing == nil || f.After < passing.After:
			passing = f
		}
	}
	switch {
	case took > 0:
		return notify.Receipt{Status: "accepted", Detail: fmt.Sprintf("%d of %d devices", took, len(results))}, nil
	case passing != nil:
		return notify.Receipt{}, passing
	}
	return notify.Receipt{}, notify.Permanent(fmt.Errorf("no device took it: %w", final.Err))
}

// errGone marks a subscription that has ended.
var errGone = errors.New("the device has unsubscribed")

func (c *Channel) tell(ctx context.Context, s Subscription, p parcel) error {
	if err := s.Check(); err != nil {
		return notify.Permanent(fmt.Errorf("stored subscription: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, perDevice)
	defer cancel()
	line := &line{client: c.cfg.HTTP}
	ttl := newsTTL
	if p.message.Kind == notification.KindPage {
		ttl = pageTTL
	}
	// The library writes its padding behind the body's end, so each device
	// needs a body of its own.
	//nolint:bodyclose // line has read and closed it
	_, err := push.SendNotificationWithContext(ctx, bytes.Clone(p.body), &push.Subscription{
		Endpoint: s.Endpoint, Keys: push.Keys{Auth: s.Auth, P256dh: s.P256dh},
	}, &push.Options{
		HTTPClient: line, Subscriber: c.cfg.Subject, Topic: topic(p.message), TTL: int(ttl.Seconds()), Urgency: urgency(p.message),
		VAPIDPublicKey: c.cfg.PublicKey, VAPIDPrivateKey: c.cfg.PrivateKey,
	})
	switch {
	case line.err != nil:
		return line.err
	case err != nil:
		return notify.Permanent(fmt.Errorf("encrypt for the device: %w", err))
	case line.answer.Status == http.StatusNotFound, line.answer.Status == http.StatusGone:
		if err := c.cfg.Subscriptions.Gone(ctx, s.Endpoint); err != nil {
			return notify.Permanent(fmt.Errorf("%w, and could not be forgotten: %w", errGone, err))
		}
		return notify.Permanent(errGone)
	case !line.answer.OK():
		return line.answer.Failure()
	}
	return nil
}

// line sends the library's request through our exchange and keeps the answer.
type line struct {
	client *http.Client
	answer notify.Answer
	err    error
}

// Do sends one request.
func (l *line) Do(req *http.Request) (*http.Response, error) {
	l.answer, l.err = notify.Exchange(l.client, req)
	if l.err != nil {
		return nil, l.err
	}
	return &http.Response{StatusCode: l.answer.Status, Header: l.answer.Header, Body: http.NoBody}, nil
}

// urgency decides whether a sleeping phone is woken for it.
func urgency(m notification.Message) push.Urgency {
	switch {
	case m.Kind == notification.KindPage && m.Urgency != plan.Low, m.Kind == notification.KindWarning:
		return push.UrgencyHigh
	case m.Kind == notification.KindAcked:
		return push.UrgencyLow
	}
	return push.UrgencyNormal
}
