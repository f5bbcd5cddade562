package oncall

import (
	"iter"
	"slices"
	"time"
)

// moment is a stretch of time in which the same posts stand.
type moment struct {
	start, end time.Time
	posts      []post
}

// at is who is on call at one instant.
func (tl *timeline) at(at time.Time) []post {
	return tl.posts(tl.states(at), tl.active(at))
}

func (tl *timeline) states(at time.Time) []state {
	wall := tl.clock.wall(at)
	states := make([]state, len(tl.layers))
	for k, i := range tl.layers {
		states[k] = tl.schedule.Layers[i].at(wall)
	}
	return states
}

// walk goes through [from, to) without a hole. Two moments in a row may have
// the same posts: edges of layers and overrides do not always matter.
func (tl *timeline) walk(from, to time.Time) iter.Seq[moment] {
	return func(yield func(moment) bool) {
		states := tl.states(from)
		ends := make([]time.Time, len(states))
		for k := range states {
			ends[k] = tl.clock.instant(states[k].end)
		}
		for at := from; at.Before(to); {
			end := tl.nextEdge(at, to)
			for k := range ends {
				if ends[k].Before(end) {
					end = ends[k]
				}
			}
			if !yield(moment{at, end, tl.posts(states, tl.active(at))}) {
				return
			}
			at = end
			for k, i := range tl.layers {
				// More than once if a state lies wholly in a skipped hour.
				for !ends[k].After(at) && states[k].end < farOff {
					states[k] = tl.schedule.Layers[i].at(states[k].end)
					ends[k] = tl.clock.instant(states[k].end)
				}
			}
		}
	}
}

// nextEdge is the first beginning or end of an override after at, at most to.
func (tl *timeline) nextEdge(at, to time.Time) time.Time {
	for _, o := range tl.overrides {
		for _, edge := range [...]time.Time{o.Start, o.End} {
			if edge.After(at) && edge.Before(to) {
				to = edge
			}
		}
	}
	return to
}

// run is a post that stands from start to end.
type run struct {
	post
	start, end time.Time
}

// runs joins moments, sorted by start, then user.
func (tl *timeline) runs(from, to time.Time) []run {
	var out []run
	var open []int // places in out that end where the next moment starts
	for m := range tl.walk(from, to) {
		next := make([]int, 0, len(m.posts))
		for _, p := range m.posts {
			k := slices.IndexFunc(open, func(k int) bool { return out[k].same(p) })
			if k < 0 {
				next = append(next, len(out))
				out = append(out, run{p, m.start, m.end})
				continue
			}
			out[open[k]].end = m.end
			next = append(next, open[k])
		}
		open = next
	}
	return out
}

// lookAround bounds how far extent looks to either side.
const lookAround = 366 * 24 * time.Hour

// extent is how long a post that stands at an instant has stood and will stand.
// It walks only where the post could be, and only with the layers that could
// end it, so that it stays cheap beside a busy layer.
func (tl *timeline) extent(p post, at time.Time) (since, until time.Time) {
	part := &timeline{schedule: tl.schedule, overrides: tl.overrides, clock: tl.clock}
	var from, to time.Time
	if p.override != nil {
		from, to = p.override.Start, p.override.End
	} else {
		from, to = tl.turnAround(&tl.schedule.Layers[p.layer], at)
	}
	if early := at.Add(-lookAround); from.Before(early) {
		from = early
	}
	if late := at.Add(lookAround); to.After(late) {
		to = late
	}
	for _, i := range tl.layers {
		if tl.matters(i, p) {
			part.layers = append(part.layers, i)
		}
	}
	// Most duties began lately: look back a day, then further.
	for back := 24 * time.Hour; ; back *= 4 {
		start := at.Add(-back)
		if start.Before(from) {
			start = from
		}
		since, until = part.runAround(p, at, start, to)
		if since.After(start) || start.Equal(from) {
			return since, until
		}
	}
}

// runAround is the piece of [from, to) around at in which the post stands.
func (tl *timeline) runAround(p post, at, from, to time.Time) (since, until time.Time) {
	stands := false
	for m := range tl.walk(from, to) {
		has := slices.ContainsFunc(m.posts, p.same)
		if m.start.After(at) && !(has && stands) {
			break
		}
		if has && !stands {
			since = m.start
		}
		stands, until = has, m.end
	}
	return since, until
}

// turnAround is how long the layer's turn at an instant stays on. A hole
// between windows that lies wholly in a skipped hour has no length, so the turn
// goes on beyond it.
func (tl *timeline) turnAround(l *Layer, at time.Time) (from, to time.Time) {
	s := l.at(tl.clock.wall(at))
	from, to = tl.clock.instant(s.start), tl.clock.instant(s.end)
	for start := s.start; start > -farOff; {
		before := l.at(start - 1)
		start = before.start
		edge := tl.clock.instant(start)
		if !edge.Equal(from) && !(before.on && before.turn == s.turn) {
			break
		}
		from = edge
	}
	for end := s.end; end < farOff; {
		after := l.at(end)
		end = after.end
		edge := tl.clock.instant(end)
		if !edge.Equal(to) && !(after.on && after.turn == s.turn) {
			break
		}
		to = edge
	}
	return from, to
}

// matters says whether a layer can end a post while its own reason goes on.
func (tl *timeline) matters(i int, p post) bool {
	if p.override != nil {
		return p.override.Kind != Only
	}
	other, own := &tl.schedule.Layers[i], &tl.schedule.Layers[p.layer]
	switch {
	case i == p.layer:
		return true
	case other.Priority != own.Priority:
		return other.Priority > own.Priority
	default:
		return slices.ContainsFunc(other.Seats, func(seat []string) bool { return slices.Contains(seat, p.user) })
	}
}
