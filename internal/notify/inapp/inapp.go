// Package inapp is the inbox inside Tocsin. The notification's own row is the
// inbox entry, written before Send is called, so there is nothing left to do
// and nothing that can fail. It never leaves the machine.
package inapp

import (
	"context"

	"tocsin/internal/notify"
)

// Channel is the in-app inbox.
type Channel struct{}

// New builds the channel.
func New() *Channel { return &Channel{} }

// Fields lists the settings: none.
func (*Channel) Fields() []notify.Field { return nil }

// Check refuses settings, since there are none.
func (c *Channel) Check(settings map[string]string) error {
	return notify.CheckFields(c.Fields(), settings)
}

// Send says that the message is where it belongs.
func (*Channel) Send(ctx context.Context, _ notify.Delivery) (notify.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Status: "delivered", Detail: "in the inbox"}, nil
}
