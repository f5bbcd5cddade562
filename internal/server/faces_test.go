package server

import (
	"errors"
	"testing"

	"tocsin/internal/core/fact"
)

// Whoever may fill in a contact may have it sent to an address of their own, so
// it must not name what the server can read and they cannot.
func TestPeopleCannotHaveSecretsOfTheServerSentToThem(t *testing.T) {
	t.Parallel()
	channels := webChannels{Channels()}
	tries := 0
	for name, ch := range channels.registry {
		for _, f := range ch.Fields() {
			if !f.Secret {
				continue
			}
			for _, value := range []string{"env:TOCSIN_DATABASE_URL", "file:/etc/passwd", "X-Note: file:/etc/passwd", "Accept: text/plain\nX-Note: env:HOME"} {
				tries++
				var refused *fact.Refused
				if err := channels.Check(name, map[string]string{f.Name: value}); !errors.As(err, &refused) || refused.Field != f.Name {
					t.Errorf("%s.%s takes %q: %v", name, f.Name, value, err)
				}
			}
		}
	}
	if tries == 0 {
		t.Fatal("no channel has a secret, so nothing was tried")
	}
	if err := channels.Check("webhook", map[string]string{"url": "https://example.com/hook"}); err != nil {
		t.Errorf("an ordinary contact is refused: %v", err)
	}
}
