package server

import (
	"context"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/watch"
	"tocsin/internal/detect"
	"tocsin/internal/engine"
	"tocsin/internal/store"
)

// eyes brings what detect sees in at the door, and tells it whether to look
// again soon.
type eyes struct {
	engine *engine.Engine
	store  *store.Store
	node   string // who looks; empty where there is no other
}

func (e eyes) Probed(ctx context.Context, p detect.Probe) (detect.Next, error) {
	stream := fact.Of(watch.CheckKind, p.Check)
	res, err := e.engine.Do(ctx, fact.Actor{Kind: "check", ID: p.Check}, stream, watch.Probed{OK: p.OK, Reason: p.Reason, Output: p.Output, At: p.At, By: e.node})
	if err != nil {
		return detect.Next{}, err
	}
	for _, s := range res.Facts {
		if _, ok := s.Fact.Body.(watch.Softly); ok {
			return detect.Next{Soft: true}, nil
		}
	}
	if p.OK || len(res.Facts) > 0 {
		return detect.Next{}, nil
	}
	// A failure that says nothing new: of a hard check, or counted already when
	// it was offered before, or by another node.
	st, err := e.store.State(ctx, stream)
	if err != nil {
		return detect.Next{}, nil //nolint:nilerr // the result is written; only when to look again is not known
	}
	c, ok := st.(*watch.Check)
	return detect.Next{Soft: ok && c.Failures > 0 && !c.Hard}, nil
}
