package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"tocsin/internal/notify"
	"tocsin/internal/notify/webpush"
	"tocsin/internal/store"
)

// keys are the server's own secrets. They are made once and live in the
// database: whoever can read it can read everything else as well.
type keys struct {
	link                    notify.SigningKey
	pushPublic, pushPrivate string
}

const (
	settingLink        = "link_key"
	settingPushPrivate = "push_private"
)

func readKeys(ctx context.Context, st *store.Store) (keys, error) {
	link, err := st.SettingOrSet(ctx, settingLink, func() (string, error) {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
		return base64.RawStdEncoding.EncodeToString(b), nil
	})
	if err != nil {
		return keys{}, fmt.Errorf("link key: %w", err)
	}
	secret, err := base64.RawStdEncoding.DecodeString(link)
	if err != nil {
		return keys{}, fmt.Errorf("link key in the database: %w", err)
	}
	// Public and private belong together, so they are one value.
	pair, err := st.SettingOrSet(ctx, settingPushPrivate, func() (string, error) {
		public, private, err := webpush.NewKeys()
		return public + " " + private, err
	})
	if err != nil {
		return keys{}, fmt.Errorf("push key: %w", err)
	}
	k := keys{link: notify.SigningKey{ID: "1", Secret: secret}}
	if _, err := fmt.Sscan(pair, &k.pushPublic, &k.pushPrivate); err != nil {
		return keys{}, fmt.Errorf("push key in the database: %w", err)
	}
	return k, nil
}

// subscriptions hands web push the browsers of a person.
type subscriptions struct{ store *store.Store }

func (s subscriptions) OfUser(ctx context.Context, user string) ([]webpush.Subscription, error) {
	list, err := s.store.Subscriptions(ctx, user)
	if err != nil {
		return nil, err
	}
	out := make([]webpush.Subscription, len(list))
	for i, x := range list {
		out[i] = webpush.Subscription{Endpoint: x.Endpoint, P256dh: x.P256dh, Auth: x.Auth}
	}
	return out, nil
}

func (s subscriptions) Gone(ctx context.Context, endpoint string) error {
	return s.store.DeleteSubscription(ctx, endpoint)
}
