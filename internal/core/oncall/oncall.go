package oncall

import (
	"slices"
	"strconv"
	"time"

	"tocsin/internal/core/fact"
)

// Duty is one person on call at an instant, for how long, and why.
type Duty struct {
	User string `json:"user"`
	// Layer is whose turn it is; empty if an override alone decided.
	Layer string `json:"layer,omitempty"`
	// Override is the id of the override that put the person there, if any.
	Override string `json:"override,omitempty"`
	// Since and Until bound this duty, at most a year away on either side.
	Since time.Time   `json:"since"`
	Until time.Time   `json:"until"`
	Why   fact.Reason `json:"why"`
}

// Shift is one person's duty as a calendar shows it, [Start, End).
type Shift struct {
	User     string      `json:"user"`
	Layer    string      `json:"layer,omitempty"`
	Override string      `json:"override,omitempty"`
	Start    time.Time   `json:"start"`
	End      time.Time   `json:"end"`
	Why      fact.Reason `json:"why"`
}

// Gap is a time with nobody on call, [Start, End), and why it begins.
type Gap struct {
	Start time.Time   `json:"start"`
	End   time.Time   `json:"end"`
	Why   fact.Reason `json:"why"`
}

// On is everyone on call at an instant, by user, each once. Empty means nobody;
// Nobody then says why. Overrides of other schedules are passed over.
func (s *Schedule) On(overrides []Override, at time.Time) []Duty {
	tl := s.timeline(overrides)
	posts := tl.at(at)
	duties := make([]Duty, len(posts))
	for i, p := range posts {
		since, until := tl.extent(p, at)
		duties[i] = Duty{User: p.user, Layer: tl.layerOf(p), Override: p.overrideID(), Why: tl.why(p),
			Since: since.In(tl.clock.loc), Until: until.In(tl.clock.loc)}
	}
	return duties
}

// Shifts is the flattened schedule between two instants, cut by them, sorted by
// start, then user. One person never has two shifts at a time. A rotation of a
// single person still has a shift each turn.
func (s *Schedule) Shifts(overrides []Override, from, to time.Time) []Shift {
	return s.timeline(overrides).shifts(from, to)
}

// LayerShifts is what one layer alone says, whatever covers it: a row of the
// calendar picture. Vacant turns are left out.
func (s *Schedule) LayerShifts(i int, from, to time.Time) []Shift {
	if i < 0 || i >= len(s.Layers) {
		return nil
	}
	tl := s.timeline(nil)
	tl.layers = []int{i}
	return tl.shifts(from, to)
}

func (tl *timeline) shifts(from, to time.Time) []Shift {
	runs := tl.runs(from, to)
	shifts := make([]Shift, len(runs))
	for i, r := range runs {
		shifts[i] = Shift{User: r.user, Layer: tl.layerOf(r.post), Override: r.overrideID(), Why: tl.why(r.post),
			Start: r.start.In(tl.clock.loc), End: r.end.In(tl.clock.loc)}
	}
	return shifts
}

// Gaps are the times between two instants at which nobody is on call.
func (s *Schedule) Gaps(overrides []Override, from, to time.Time) []Gap {
	tl := s.timeline(overrides)
	var gaps []Gap
	empty := false
	for m := range tl.walk(from, to) {
		switch {
		case len(m.posts) > 0:
			empty = false
		case empty:
			gaps[len(gaps)-1].End = m.end.In(tl.clock.loc)
		default:
			gaps = append(gaps, Gap{Start: m.start.In(tl.clock.loc), End: m.end.In(tl.clock.loc), Why: tl.nobody(m.start)})
			empty = true
		}
	}
	return gaps
}

// lookAhead bounds NextChange.
const lookAhead = 90 * 24 * time.Hour

// NextChange is when other people will be on call than at the given instant. A
// new turn of the same people is no change. Zero: not within 90 days.
func (s *Schedule) NextChange(overrides []Override, at time.Time) time.Time {
	tl := s.timeline(overrides)
	now := tl.at(at)
	sameUser := func(a, b post) bool { return a.user == b.user }
	for m := range tl.walk(at, at.Add(lookAhead)) {
		if !slices.EqualFunc(now, m.posts, sameUser) {
			return m.start.In(tl.clock.loc)
		}
	}
	return time.Time{}
}

// Nobody says why nobody is on call at an instant. The zero Reason: somebody is.
func (s *Schedule) Nobody(overrides []Override, at time.Time) fact.Reason {
	tl := s.timeline(overrides)
	if len(tl.at(at)) > 0 {
		return fact.Reason{}
	}
	return tl.nobody(at)
}

// nobody explains an instant at which the timeline is empty.
func (tl *timeline) nobody(at time.Time) fact.Reason {
	active := tl.active(at)
	for _, o := range slices.Backward(active) {
		if o.Kind == Only {
			return fact.Because("held-empty", o.text("keeps the schedule empty")).By("override " + o.ID)
		}
	}
	states := tl.states(at)
	for _, p := range tl.ruled(states) {
		for _, o := range slices.Backward(active) {
			if o.moves(p.user) {
				return fact.Because("removed", o.text("takes out "+p.user)).By("override " + o.ID)
			}
		}
	}
	for k, i := range tl.layers {
		if states[k].on {
			p := post{layer: i, turn: states[k].turn}
			return fact.Because("vacant-seat", tl.turnText(p)+", is a vacant seat").By(tl.layerRule(p))
		}
	}
	if len(tl.layers) == 0 {
		return fact.Because("no-layers", "the schedule has no layers").By("schedule " + tl.schedule.ID)
	}
	return fact.Because("outside-hours", "no layer is on at this time").By("schedule " + tl.schedule.ID)
}

func (p post) overrideID() string {
	if p.override == nil {
		return ""
	}
	return p.override.ID
}

// layerOf names the layer of a post; one without a name goes by its place.
func (tl *timeline) layerOf(p post) string {
	if p.layer == noLayer {
		return ""
	}
	if name := tl.schedule.Layers[p.layer].Name; name != "" {
		return name
	}
	return strconv.Itoa(p.layer + 1)
}

func (tl *timeline) layerRule(p post) string {
	return "schedule " + tl.schedule.ID + ", layer " + tl.layerOf(p)
}

func (tl *timeline) turnText(p post) string {
	return "layer " + tl.layerOf(p) + ", turn " + strconv.FormatInt(p.turn+1, 10)
}

func (tl *timeline) why(p post) fact.Reason {
	o := p.override
	if o == nil {
		return fact.Because("turn", tl.turnText(p)).By(tl.layerRule(p))
	}
	does := ""
	switch {
	case o.Kind == Add:
		does = "adds " + o.User
	case o.Kind == Only:
		does = "makes a temporary schedule"
	case p.replaced != "":
		does = "puts " + o.User + " in place of " + p.replaced
	default:
		does = "puts " + o.User + " in everybody's place"
	}
	return fact.Because("override-"+string(o.Kind), o.text(does)).By("override " + o.ID)
}

// text is "override o1 by bo adds chen: swap".
func (o *Override) text(does string) string {
	text := "override " + o.ID
	if o.By != "" {
		text += " by " + o.By
	}
	text += " " + does
	if o.Comment != "" {
		text += ": " + o.Comment
	}
	return text
}
