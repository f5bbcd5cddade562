package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// PlanStream is where the journal keeps changes of the plan.
const PlanStream = fact.Stream("plan/versions")

// PlanSaved: a new version of the plan is in force.
type PlanSaved struct {
	Version int64  `json:"version"`
	Author  string `json:"author"`
	Comment string `json:"comment,omitempty"`
}

// FactKind is the stored name.
func (PlanSaved) FactKind() string { return "plan.saved" }

// SavePlan makes a new version of the plan and puts it in force. A plan that a
// step could stumble over is refused, naming the field.
func (e *Engine) SavePlan(ctx context.Context, actor fact.Actor, v PlanVersion) (int64, error) {
	// The caller's plan is copied: once in force it must not change.
	copied, err := clonePlan(v.Plan)
	if err != nil {
		return 0, err
	}
	if err := copied.Prepare(e.zones); err != nil {
		return 0, err
	}
	v.Plan = copied
	if v.Author == "" {
		v.Author = actor.Name()
	}
	if _, err := e.submit(&request{ctx: ctx, actor: actor, plan: &v}); err != nil {
		return 0, err
	}
	return v.Version, nil
}

func clonePlan(p *plan.Plan) (*plan.Plan, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("copy the plan: %w", err)
	}
	c := new(plan.Plan)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("copy the plan: %w", err)
	}
	return c, nil
}

// newPlan puts a version into the batch. Later requests of the batch go by it.
func (u *unit) newPlan(v *PlanVersion, actor fact.Actor) error {
	if u.plan != nil {
		return fact.Refuse("conflict", "", "somebody else changed the plan at the same moment; look at it and try again")
	}
	v.Version = u.currentPlan().Version + 1
	v.At = u.at
	v.Plan.Version = v.Version
	u.plan = v.Plan
	u.batch.Plan = v
	body, err := json.Marshal(PlanSaved{Version: v.Version, Author: v.Author, Comment: v.Comment})
	if err != nil {
		return fmt.Errorf("write plan version: %w", err)
	}
	why := fact.Because("by-hand", v.Author+" saved it")
	if v.Comment != "" {
		why.Text = v.Author + ": " + v.Comment
	}
	u.batch.Facts = append(u.batch.Facts, fact.Entry{At: u.at, Stream: PlanStream, Subject: fmt.Sprintf("plan %d", v.Version), Kind: PlanSaved{}.FactKind(),
		Text: fmt.Sprintf("Plan version %d is in force", v.Version), Why: why, Actor: actor, Body: body, Plan: v.Version})
	sweep, err := json.Marshal(board.Sweep{Cause: fmt.Sprintf("plan %d", v.Version)})
	if err != nil {
		return fmt.Errorf("write plan version: %w", err)
	}
	u.batch.Outbox = append(u.batch.Outbox, Errand{Key: fmt.Sprintf("plan/%d/sweep", v.Version), Stream: PlanStream, Kind: board.Sweep{}.EffectKind(),
		Body: sweep, At: u.at, Owner: u.engine.node, LeaseUntil: u.at.Add(u.engine.lease())})
	return nil
}

// followPause is how often at most a node looks at what the others did.
const followPause = 250 * time.Millisecond

// followOthers notices what other nodes committed: plans, the board, wakes that
// are sooner than ours, and news for whoever waits in Changes. It looks from
// time to time as well, since a notice can be lost.
func (e *Engine) followOthers(ctx context.Context) {
	if e.alone {
		return
	}
	others := e.store.Changes(ctx)
	pause := time.NewTicker(followPause)
	defer pause.Stop()
	safety := time.NewTicker(2 * safetyPoll)
	defer safety.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-others:
			if !ok {
				others = nil // the store is closing
				continue
			}
			e.Changed()
			e.poke(e.now())
		case <-safety.C:
		}
		if err := e.readPlan(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("the newest plan cannot be read", "error", err)
		}
		select {
		case e.look <- struct{}{}:
		default:
		}
		select { // many commits are one look
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}
