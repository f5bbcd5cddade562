package server

import (
	"context"
	"errors"
	"fmt"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/engine"
	"tocsin/internal/store"
)

// reads is the store as the faces know it.
type reads = *store.Store

// answer carries out "ack", "escalate" or "resolve" on pages and says what
// came of it. Pages that were answered already do not keep the others back.
func answer(ctx context.Context, e *engine.Engine, actor fact.Actor, pages []string, action string) (string, error) {
	var body any
	var done string
	switch action {
	case "ack":
		body, done = page.Acknowledge{}, "Acknowledged"
	case "escalate":
		body, done = page.Escalate{}, "Escalated"
	case "resolve":
		body, done = page.Resolve{}, "Resolved"
	default:
		return "", fact.Refuse("invalid", "do", fmt.Sprintf("%q is none of ack, escalate, resolve", action))
	}
	count := 0
	var last error
	for _, id := range pages {
		if id == "" {
			continue
		}
		_, err := e.Submit(ctx, actor, core.Addressed{Stream: page.Stream(id), Body: body})
		var refused *fact.Refused
		switch {
		case err == nil:
			count++
		case errors.As(err, &refused):
			last = err
		default:
			return "", err
		}
	}
	if count == 0 {
		if last == nil {
			last = fact.Refuse("invalid", "", "there is nothing to answer here")
		}
		return "", last
	}
	if count > 1 {
		done = fmt.Sprintf("%s %d pages", done, count)
	}
	return done + " by " + actor.Name(), nil
}
