package config

import (
	"slices"
	"sort"
	"strings"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// ChangeKind says what happened to a part of the plan.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// Change is one difference between two plans.
type Change struct {
	Kind ChangeKind `json:"kind"`
	// Path is the part's place in the new plan, or in the old one if it is gone.
	Path string `json:"path"`
	// Old and New are empty for what may be secret.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// Sentence says it in words: "Policy payments: step 2 now waits 10m
	// instead of 5m".
	Sentence string `json:"sentence"`
}

// Diff says how a plan differs from an older one, in the order of the file.
// Either may be nil: the empty plan.
func Diff(before, after *plan.Plan) []Change {
	was, is := facetsOf(before), facetsOf(after)
	old, now := was.index(), is.index()
	d := &differ{}
	for _, f := range is.list {
		o, known := old[f.key]
		switch {
		case known && f.order != nil && !sameSet(o.order, f.order):
			// What came or went is told by itself.
		case known && o.value != f.value:
			d.add(Changed, f, o.value, f.value)
		case !known && contains(old, f.parent):
			d.add(Added, f, "", f.value)
		}
	}
	for _, o := range was.list {
		if _, known := now[o.key]; !known && contains(now, o.parent) {
			d.add(Removed, o, o.value, "")
		}
	}
	return d.inOrder()
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func contains(m map[string]facet, key string) bool {
	if key == "" {
		return true
	}
	_, ok := m[key]
	return ok
}

// UnifiedYAML is the difference of the two plans' canonical YAML, in the
// format of diff -u; empty when they are equal. Unlike Diff it shows every
// setting, so it is for those who may read the plan.
func UnifiedYAML(before, after *plan.Plan) (string, error) {
	if before == nil {
		before = &plan.Plan{}
	}
	if after == nil {
		after = &plan.Plan{}
	}
	was, err := Encode(before)
	if err != nil {
		return "", err
	}
	is, err := Encode(after)
	if err != nil {
		return "", err
	}
	return unified(string(was), string(is)), nil
}

// facet is one thing that can be said about a plan. A whole plan is a flat
// list of them, so that comparing plans is comparing lists.
type facet struct {
	key    string // identity in both plans
	path   string // where it stands
	parent string // key of what it is a part of: a new whole hides its parts
	value  string
	say    wording
	hidden bool     // the value may be secret
	order  []string // the parts, where only their order is told
	about  thing
}

// thing is what a sentence is about.
type thing struct{ section, id string }

// wording holds the sentences of a facet, with {old} and {new} left open.
type wording struct{ changed, added, removed string }

func (w wording) sentence(kind ChangeKind, before, after string) string {
	form := map[ChangeKind]string{Added: w.added, Removed: w.removed, Changed: w.changed}[kind]
	return strings.NewReplacer("{old}", shown(before), "{new}", shown(after)).Replace(form)
}

// shown shortens a value to what a sentence can carry.
func shown(value string) string {
	return signal.Truncate(strings.Join(strings.Fields(value), " "), 120)
}

type facets struct{ list []facet }

func (fs *facets) add(f facet) {
	if f.value != "" {
		fs.list = append(fs.list, f)
	}
}

func (fs *facets) index() map[string]facet {
	m := make(map[string]facet, len(fs.list))
	for _, f := range fs.list {
		m[f.key] = f
	}
	return m
}

// sections is the order in which changes are told.
var sections = [...]string{"users", "teams", "schedules", "policies", "services", "channels", "integrations", "checks", "heartbeats", "route", "fallback"}

type differ struct{ told []told }

type told struct {
	Change
	about thing
}

func (d *differ) add(kind ChangeKind, f facet, before, after string) {
	c := Change{Kind: kind, Path: f.path, Sentence: f.say.sentence(kind, before, after)}
	if c.Sentence == "" {
		return
	}
	if !f.hidden {
		c.Old, c.New = before, after
	}
	d.told = append(d.told, told{c, f.about})
}

// inOrder gathers what is said about one thing, sections in their order and
// things by id.
func (d *differ) inOrder() []Change {
	rank := map[string]int{}
	for i, s := range sections {
		rank[s] = i
	}
	sort.SliceStable(d.told, func(i, j int) bool {
		a, b := d.told[i].about, d.told[j].about
		if rank[a.section] != rank[b.section] {
			return rank[a.section] < rank[b.section]
		}
		return a.id < b.id
	})
	out := make([]Change, len(d.told))
	for i, t := range d.told {
		out[i] = t.Change
	}
	return out
}
