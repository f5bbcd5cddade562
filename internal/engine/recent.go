package engine

import (
	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// maxRecent bounds the streams kept in memory, a few kilobytes each.
const maxRecent = 4096

// recent remembers streams as the last commits left them, so that a page that
// is told, delivered and answered within a second is decoded once. Only the
// writer uses it, and only where nobody else writes the store. It forgets in
// two generations: what was not used while one filled up is gone.
type recent struct {
	limit      int // 0: remember nothing
	young, old map[fact.Stream]held
}

func (r *recent) find(stream fact.Stream) (held, bool) {
	if h, ok := r.young[stream]; ok {
		return h, true
	}
	h, ok := r.old[stream]
	return h, ok
}

// keep remembers what a committed unit read and wrote.
func (r *recent) keep(streams map[fact.Stream]*held) {
	if r.limit == 0 {
		return
	}
	for stream, h := range streams {
		if len(r.young) >= r.limit/2 || r.young == nil {
			r.old, r.young = r.young, make(map[fact.Stream]held, r.limit/2)
		}
		next := held{state: h.state, version: h.version}
		if h.dirty {
			next.version++
		}
		if ledger.Ended(next.state) {
			next = held{} // a stream that ended begins again
		}
		r.young[stream] = next
	}
}

func (r *recent) forget() { r.young, r.old = nil, nil }
