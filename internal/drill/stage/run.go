package stage

import (
	"context"
	"time"

	"tocsin/internal/drill/shop"
)

// run is one trouble of the shop, from its breaking to the next. The guide goes
// through the newest.
type run struct {
	N      int // counts from 1; 0: the shop has never been broken
	Mode   shop.Mode
	By     string // "hand" or "schedule"
	Broken time.Time
	Healed time.Time // zero: it is broken still
	// Pos is a position in the journal from before the breaking.
	Pos int64
}

// after returns what a change of the shop makes of the run.
func (r run) after(c shop.Change, pos int64) run {
	switch {
	case c.To == shop.Healthy:
		r.Healed = c.At
	case c.From == shop.Healthy:
		r = run{N: r.N + 1, Mode: c.To, By: c.By, Broken: c.At, Pos: max(0, pos-lag)}
	default:
		r.Mode, r.By = c.To, c.By // from one trouble into another
	}
	return r
}

// lag is how far the journal may have gone on between a change of the shop and
// the look at the journal's end.
const lag = 200

// ShopChanged is for the shop's OnChange. It never blocks.
func (s *Stage) ShopChanged(c shop.Change) {
	select {
	case s.changes <- c:
	default: // nobody changes a shop so often by hand; the next look is right again
	}
}

// MailCame is for the mail trap's OnMail. It never blocks.
func (s *Stage) MailCame() { s.hub.tell() }

// Run follows the shop and the engine until ctx ends.
func (s *Stage) Run(ctx context.Context) error {
	defer s.end()
	commits := s.opt.Engine.Changes(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-commits:
			if !ok {
				return nil
			}
		case c := <-s.changes:
			s.note(ctx, c)
		}
		s.hub.tell()
	}
}

func (s *Stage) note(ctx context.Context, c shop.Change) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	pos, err := s.opt.Ledger.LastPos(ctx)
	if err != nil {
		s.opt.Log.Warn("the guide cannot find the journal's end", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = s.run.after(c, pos)
}
