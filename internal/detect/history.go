package detect

import "time"

// Kept is how many results of each check stay in memory.
const Kept = 60

// past is a ring of results. Only the latest keeps its values and output:
// sixty bodies of each of a thousand checks are not worth their memory.
type past struct {
	ring   []brief
	next   int
	latest Probe
	// expect is when a result is overdue; zero: none is expected here.
	expect time.Time
}

// brief is a Probe without what is heavy.
type brief struct {
	at      time.Time
	latency time.Duration
	reason  string
	ok      bool
}

func (h *past) add(p Probe) {
	b := brief{at: p.At, latency: p.Latency, reason: p.Reason, ok: p.OK}
	if n := len(h.ring); n > 0 && b.reason != "" {
		// A standing failure repeats its sentence: share the string.
		if last := h.ring[(h.next+n-1)%n].reason; last == b.reason {
			b.reason = last
		}
	}
	h.latest = p
	if len(h.ring) < Kept {
		h.ring = append(h.ring, b)
		return
	}
	h.ring[h.next] = b
	h.next = (h.next + 1) % Kept
}

func (h *past) list() []Probe {
	out := make([]Probe, 0, len(h.ring))
	for i := range h.ring {
		b := h.ring[(h.next+i)%len(h.ring)]
		out = append(out, Probe{Check: h.latest.Check, At: b.at, OK: b.ok, Reason: b.reason, Latency: b.latency})
	}
	if len(out) > 0 {
		out[len(out)-1] = h.latest
	}
	return out
}
