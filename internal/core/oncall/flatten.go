package oncall

import (
	"cmp"
	"slices"
	"time"
)

// noLayer is the layer of a post that an override made by itself.
const noLayer = -1

// post is one person on call and what put them there.
type post struct {
	user     string
	layer    int       // noLayer if no single layer's turn is taken
	turn     int64     // of the layer
	override *Override // nil if the layers alone decided
	replaced string    // by a Replace that names somebody
}

// same says whether two posts are one duty that goes on. What an override does
// is one duty whatever turns pass under it.
func (p post) same(q post) bool {
	return p.user == q.user && p.layer == q.layer && p.override == q.override &&
		p.replaced == q.replaced && (p.override != nil || p.turn == q.turn)
}

// timeline is a schedule with the overrides that belong to it, or a part of
// its layers. Everything that is asked about a schedule is asked here, so that
// preview, history and paging are one calculation.
type timeline struct {
	schedule  *Schedule
	layers    []int       // which take part, ascending
	overrides []*Override // by Created, then ID
	clock     wallClock
}

func (s *Schedule) timeline(overrides []Override) *timeline {
	tl := &timeline{schedule: s, layers: make([]int, len(s.Layers)), clock: newWallClock(s.Loc)}
	for i := range tl.layers {
		tl.layers[i] = i
	}
	for i := range overrides {
		if o := &overrides[i]; o.Schedule == s.ID && o.effective() {
			tl.overrides = append(tl.overrides, o)
		}
	}
	slices.SortStableFunc(tl.overrides, func(a, b *Override) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return tl
}

// effective leaves out what cannot mean anything. A Remove that names nobody
// must not empty a schedule by accident.
func (o *Override) effective() bool {
	switch o.Kind {
	case Add, Replace:
		return o.User != ""
	case Remove:
		return o.Replaces != ""
	case Only:
		return true
	default:
		return false
	}
}

// Active says whether the override is in force.
func (o *Override) Active(at time.Time) bool { return !at.Before(o.Start) && at.Before(o.End) }

// moves says whether the override takes a person out of the layers' result.
func (o *Override) moves(user string) bool {
	switch o.Kind {
	case Remove:
		return o.Replaces == user
	case Replace:
		return o.Replaces == user || o.Replaces == ""
	default:
		return false
	}
}

func (tl *timeline) active(at time.Time) []*Override {
	var list []*Override
	for _, o := range tl.overrides {
		if o.Active(at) {
			list = append(list, o)
		}
	}
	return list
}

// posts flattens what the layers say (states runs beside tl.layers) and what
// the overrides make of it, by user, one post each.
func (tl *timeline) posts(states []state, active []*Override) []post {
	if only, ok := alone(active); ok {
		return tidy(only)
	}
	ruled := tl.ruled(states)
	out := make([]post, 0, len(ruled)+len(active))
	for _, p := range ruled {
		if p, stays := moved(p, active); stays {
			out = append(out, p)
		}
	}
	if len(ruled) == 0 {
		if o := lastCover(active); o != nil {
			out = append(out, post{user: o.User, layer: noLayer, override: o})
		}
	}
	for _, o := range active {
		if o.Kind == Add {
			out = append(out, post{user: o.User, layer: noLayer, override: o})
		}
	}
	return tidy(out)
}

// alone is the temporary schedule, if there is one.
func alone(active []*Override) (posts []post, ok bool) {
	for _, o := range active {
		if o.Kind != Only {
			continue
		}
		ok = true
		if o.User != "" {
			posts = append(posts, post{user: o.User, layer: noLayer, override: o})
		}
	}
	return posts, ok
}

// ruled is the layers' own result: the highest priority at which somebody is
// on, and everybody there. A vacant seat is nobody, so it covers nothing.
func (tl *timeline) ruled(states []state) []post {
	var out []post
	highest := 0
	for k, i := range tl.layers {
		if !states[k].on {
			continue
		}
		l := &tl.schedule.Layers[i]
		for _, user := range l.seat(states[k].turn) {
			if user == Vacant || len(out) > 0 && l.Priority < highest {
				continue
			}
			if len(out) > 0 && l.Priority > highest {
				out = out[:0]
			}
			highest = l.Priority
			out = append(out, post{user: user, layer: i, turn: states[k].turn})
		}
	}
	return out
}

// seat is who holds a turn.
func (l *Layer) seat(turn int64) []string {
	if len(l.Seats) == 0 {
		return nil
	}
	return l.Seats[floorMod(turn, int64(len(l.Seats)))]
}

// moved applies the youngest override that moves the person.
func moved(p post, active []*Override) (post, bool) {
	for _, o := range slices.Backward(active) {
		switch {
		case !o.moves(p.user):
			continue
		case o.Kind == Remove:
			return post{}, false
		case o.Replaces == "":
			return post{user: o.User, layer: noLayer, override: o}, true
		default:
			return post{user: o.User, layer: p.layer, turn: p.turn, override: o, replaced: p.user}, true
		}
	}
	return p, true
}

// lastCover is the youngest Replace of everybody.
func lastCover(active []*Override) *Override {
	for _, o := range slices.Backward(active) {
		if o.Kind == Replace && o.Replaces == "" {
			return o
		}
	}
	return nil
}

// tidy sorts by user and keeps one post of each: a turn of one's own before an
// override, so that nobody's shift is cut by covering for a colleague besides.
func tidy(posts []post) []post {
	slices.SortStableFunc(posts, func(a, b post) int {
		switch {
		case a.user != b.user:
			return cmp.Compare(a.user, b.user)
		case a.override == nil && b.override != nil:
			return -1
		case a.override != nil && b.override == nil:
			return 1
		}
		return 0
	})
	return slices.CompactFunc(posts, func(a, b post) bool { return a.user == b.user })
}
