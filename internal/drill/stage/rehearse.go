package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/drill/shop"
)

// Witnessed is one step that came about in a rehearsal.
type Witnessed struct {
	Title, Text string
	At          time.Time
}

// Rehearse goes through the guide as a visitor would: it breaks the shop,
// answers on the telephone that rings, heals the shop, and waits for each step
// to show in the ledger. Its error names the step that did not come.
func (s *Stage) Rehearse(ctx context.Context, say func(Witnessed)) error {
	r := &rehearsal{Stage: s, say: say}
	for _, act := range []func(context.Context) error{r.begin, r.fail, r.ring, r.answer, r.end} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

type rehearsal struct {
	*Stage
	say func(Witnessed)
}

func (r *rehearsal) begin(ctx context.Context) error {
	if _, err := r.step(ctx, Well); err != nil {
		return err
	}
	if err := r.opt.Shop.Break(shop.CheckoutErrors); err != nil {
		return fmt.Errorf("break the shop: %w", err)
	}
	_, err := r.step(ctx, Broken)
	return err
}

func (r *rehearsal) fail(ctx context.Context) error {
	soft, err := r.await(ctx, "a soft failure", func(sc *scene) bool { return sc.sign("watch.soft-failure") != nil })
	if err != nil {
		return err
	}
	r.tell("The check fails softly", soft.sign("watch.soft-failure").Text)
	hard, err := r.await(ctx, "a hard failure", func(sc *scene) bool { return sc.sign("watch.raised") != nil })
	if err != nil {
		return err
	}
	r.tell("The check fails hard", hard.sign("watch.raised").Text)
	return nil
}

func (r *rehearsal) ring(ctx context.Context) error {
	sc, err := r.await(ctx, "a page", func(sc *scene) bool { return sc.Page != nil })
	if err != nil {
		return err
	}
	r.tell("A page is opened", sc.Page.Title)
	_, err = r.step(ctx, Rang)
	return err
}

// answer acknowledges on the first telephone that rings.
func (r *rehearsal) answer(ctx context.Context) error {
	var row notification.Row
	sc, err := r.await(ctx, "a message on a telephone", func(sc *scene) bool {
		for _, p := range sc.Phones {
			i := slices.IndexFunc(p.Rows, func(x notification.Row) bool {
				return x.Kind == notification.KindPage && sc.Page != nil && x.Page == sc.Page.ID
			})
			if i >= 0 {
				row = p.Rows[i]
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	if n := r.press(ctx, row, "ack"); n.Bad {
		return errors.New("acknowledge on the telephone: " + n.Text)
	}
	r.tell("The phone answers", sc.name(row.To.User)+" pressed Acknowledge")
	want := sc.Plan.User(row.To.User).DisplayName()
	if sc, err = r.await(ctx, "the acknowledgement", func(sc *scene) bool { return sc.Page != nil && sc.Page.AckedBy != "" }); err != nil {
		return err
	}
	if sc.Page.AckedBy != want {
		return fmt.Errorf("the page says that %s acknowledged, not %s", sc.Page.AckedBy, want)
	}
	if _, err := r.step(ctx, Climbed); err != nil {
		return err
	}
	if _, err := r.await(ctx, "an incident", func(sc *scene) bool { return sc.Incident != nil }); err != nil {
		return err
	}
	_, err = r.step(ctx, Opened)
	return err
}

func (r *rehearsal) end(ctx context.Context) error {
	if err := r.opt.Shop.Heal(); err != nil {
		return fmt.Errorf("heal the shop: %w", err)
	}
	for _, k := range []Key{Healed, Told} {
		if _, err := r.step(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) tell(title, text string) {
	r.say(Witnessed{Title: title, Text: text, At: r.opt.Engine.Now()})
}

// step waits for a step of the guide and says that it came.
func (r *rehearsal) step(ctx context.Context, k Key) (Step, error) {
	var found Step
	_, err := r.await(ctx, "the step "+string(k), func(sc *scene) bool {
		steps := guide(sc)
		found = steps[slices.IndexFunc(steps, func(s Step) bool { return s.Key == k })]
		return found.Done
	})
	if err == nil {
		r.tell(found.Title, found.Text)
	}
	return found, err
}

// idleLook is how often to look while nothing is committed: a check that stays
// content writes nothing, so its first look makes no news.
const idleLook = 250 * time.Millisecond

// await looks after each change until a scene is as it should be.
func (r *rehearsal) await(ctx context.Context, what string, good func(*scene) bool) (*scene, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := r.hub.watch(ctx)
	idle := time.NewTicker(idleLook)
	defer idle.Stop()
	for {
		sc, err := r.look(ctx)
		if err == nil && good(sc) {
			return sc, nil
		}
		if err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("while waiting for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s did not come: %w", what, context.Cause(ctx))
		case <-news:
		case <-idle.C:
		}
	}
}
