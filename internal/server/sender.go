package server

import (
	"context"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
)

// sender is the engine's way out through notify.
type sender struct{ out *notify.Sender }

func (s sender) Send(ctx context.Context, c plan.Contact, send notification.Send) engine.Attempt {
	receipt, err := s.out.Send(ctx, c, send)
	if err == nil {
		return engine.Attempt{Status: receipt.Status, ProviderID: receipt.ProviderID, Detail: receipt.Detail}
	}
	f := notify.AsFailure(err)
	return engine.Attempt{Err: err, Permanent: f.Permanent, After: f.After}
}
