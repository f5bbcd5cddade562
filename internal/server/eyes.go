package server

import (
	"context"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/watch"
	"tocsin/internal/detect"
	"tocsin/internal/engine"
)

// eyes brings what detect sees in at the door, and tells it whether to look
// again soon.
type eyes struct{ engine *engine.Engine }

func (e eyes) Probed(ctx context.Context, p detect.Probe) (detect.Next, error) {
	stream := fact.Of(watch.CheckKind, p.Check)
	res, err := e.engine.Do(ctx, fact.Actor{Kind: "check", ID: p.Check}, stream, watch.Probed{OK: p.OK, Reason: p.Reason, Output: p.Output})
	if err != nil {
		return detect.Next{}, err
	}
	soft := false
	for _, s := range res.Facts {
		if _, ok := s.Fact.Body.(watch.Softly); ok {
			soft = true
		}
	}
	return detect.Next{Soft: soft}, nil
}
