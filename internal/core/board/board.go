// Package board puts things in force for a while, and takes them down:
// silences, maintenance windows, overrides, verified contacts. What they mute
// or change is decided where it matters, in core/alert and core/oncall.
package board

import (
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// The stream kinds.
const (
	SilenceKind     = "silence"
	MaintenanceKind = "maintenance"
	OverrideKind    = "override"
)

// Silence, Maintenance and Override are the states of their streams.
type (
	Silence     struct{ plan.Silence }
	Maintenance struct{ plan.Maintenance }
	Override    struct{ oncall.Override }
)

// StreamKind says which stream this is a state of.
func (*Silence) StreamKind() string { return SilenceKind }

// StreamKind says which stream this is a state of.
func (*Maintenance) StreamKind() string { return MaintenanceKind }

// StreamKind says which stream this is a state of.
func (*Override) StreamKind() string { return OverrideKind }

// Sweep asks the engine to have every open group look at the board again. It
// is an effect, so it happens even if the process dies in between.
type Sweep struct {
	Cause string `json:"cause"`
}

// EffectKind names the effect.
func (Sweep) EffectKind() string { return "sweep" }

// Put puts something in force, or changes it.
type (
	PutSilence     struct{ Silence plan.Silence }
	PutMaintenance struct{ Maintenance plan.Maintenance }
	PutOverride    struct{ Override oncall.Override }
)

// TakeDown ends something now.
type TakeDown struct{}

// Edge is the wake at which something begins or ends.
type Edge struct{ Key string }

// The keys of the wakes.
const (
	WakeStart = "start"
	WakeEnd   = "end"
)

// Put, TookDown, Began and Over are the facts. Kind is the stream kind.
type (
	Put struct {
		Kind, ID string
		Start    time.Time
		End      time.Time
		Changed  bool `json:",omitempty"`
	}
	TookDown struct{ Kind, ID string }
	Began    struct{ Kind, ID string }
	Over     struct{ Kind, ID string }
)

// The names under which the facts are stored.
func (Put) FactKind() string      { return "board.put" }
func (TookDown) FactKind() string { return "board.taken-down" }
func (Began) FactKind() string    { return "board.began" }
func (Over) FactKind() string     { return "board.over" }

// span is one thing on the board, whatever it is.
type span struct {
	kind, id, what string // what: "Silence {a="b"}"
	start, end     *time.Time
	sweeps         bool
}

func (sp span) put(sc plan.Scene, changed bool, comment string) fact.Outcome {
	var out fact.Outcome
	verb := " put in force"
	if changed {
		verb = " changed:"
	}
	if sp.start.After(sc.At) {
		verb += " from " + stamp(*sp.start)
	}
	out.Add(fact.Fact{Subject: sp.id, Text: sp.what + verb + " until " + stamp(*sp.end), Why: fact.Because("by-hand", sc.Actor.Name()+": "+comment),
		Body: Put{Kind: sp.kind, ID: sp.id, Start: *sp.start, End: *sp.end, Changed: changed}})
	if sp.start.After(sc.At) {
		out.WakeAt(WakeStart, *sp.start)
	}
	out.WakeAt(WakeEnd, *sp.end)
	if sp.sweeps && (changed || !sp.start.After(sc.At)) {
		out.Do(sp.sweep(sc, "put"))
	}
	return out
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }

func (sp span) sweep(sc plan.Scene, why string) fact.Effect {
	return fact.Effect{Key: fmt.Sprintf("%s/%s/%s/%d", sp.kind, sp.id, why, sc.At.UnixMicro()), Body: Sweep{Cause: sp.kind + " " + sp.id}}
}

func (sp span) takeDown(sc plan.Scene) (fact.Outcome, error) {
	var out fact.Outcome
	if !sp.end.After(sc.At) {
		return out, fact.Refuse("conflict", "", sp.kind+" "+sp.id+" is over already")
	}
	*sp.end = sc.At
	if sp.start.After(sc.At) {
		*sp.start = sc.At
	}
	out.Add(fact.Fact{Subject: sp.id, Text: sp.what + " ended by hand", Why: fact.Because("by-hand", sc.Actor.Name()+" ended it"), Body: TookDown{Kind: sp.kind, ID: sp.id}})
	out.Cancel(WakeStart)
	out.Cancel(WakeEnd)
	if sp.sweeps {
		out.Do(sp.sweep(sc, "down"))
	}
	return out, nil
}

func (sp span) edge(sc plan.Scene, key string) fact.Outcome {
	var out fact.Outcome
	switch {
	case key == WakeStart && !sp.start.After(sc.At) && sp.end.After(sc.At):
		out.Add(fact.Fact{Subject: sp.id, Text: sp.what + " begins", Why: fact.Because("its-time", "its time has come"), Body: Began{Kind: sp.kind, ID: sp.id}})
	case key == WakeEnd && !sp.end.After(sc.At):
		out.Add(fact.Fact{Subject: sp.id, Text: sp.what + " is over", Why: fact.Because("its-time", "its time has come"), Body: Over{Kind: sp.kind, ID: sp.id}})
	default:
		return out // it was moved meanwhile
	}
	if sp.sweeps {
		out.Do(sp.sweep(sc, key))
	}
	return out
}

// checkSpan refuses times that make no sense.
func checkSpan(sc plan.Scene, start *time.Time, end time.Time) error {
	if start.IsZero() || start.Before(sc.At) {
		*start = sc.At
	}
	if !end.After(*start) {
		return fact.Refuse("invalid", "ends_at", "it must end after it starts")
	}
	if !end.After(sc.At) {
		return fact.Refuse("invalid", "ends_at", "it must end in the future")
	}
	return nil
}

// StepSilence moves one silence.
func StepSilence(sc plan.Scene, id string, s *Silence, in any) (*Silence, fact.Outcome, error) {
	if s == nil {
		put, ok := in.(PutSilence)
		if !ok {
			return nil, fact.Outcome{}, fact.Refuse("not-found", "", "there is no silence "+id)
		}
		next := &Silence{put.Silence}
		next.ID, next.Created = id, sc.At
		if err := checkSilence(sc, next); err != nil {
			return nil, fact.Outcome{}, err
		}
		return next, next.span().put(sc, false, next.Comment), nil
	}
	c := *s
	next := &c
	switch in := in.(type) {
	case PutSilence:
		if !s.EndsAt.After(sc.At) {
			return s, fact.Outcome{}, fact.Refuse("conflict", "", "silence "+id+" is over; make a new one")
		}
		wasActive, began := s.Active(sc.At), s.StartsAt
		next = &Silence{in.Silence}
		next.ID, next.Created = id, s.Created
		if next.CreatedBy == "" {
			next.CreatedBy = s.CreatedBy
		}
		if err := checkSilence(sc, next); err != nil {
			return s, fact.Outcome{}, err
		}
		if wasActive {
			next.StartsAt = began // extending does not rewrite when it began
		}
		return next, next.span().put(sc, true, next.Comment), nil
	case TakeDown:
		out, err := next.span().takeDown(sc)
		return next, out, err
	case Edge:
		return next, next.span().edge(sc, in.Key), nil
	}
	return s, fact.Outcome{}, fmt.Errorf("silence: unknown input %T", in)
}

func (s *Silence) span() span {
	parts := make([]string, len(s.Matchers))
	for i, ms := range s.Matchers {
		parts[i] = ms.String()
	}
	return span{kind: SilenceKind, id: s.ID, what: "Silence " + strings.Join(parts, " or "), start: &s.StartsAt, end: &s.EndsAt, sweeps: true}
}

func checkSilence(sc plan.Scene, s *Silence) error {
	s.Comment = strings.TrimSpace(signal.CleanText(s.Comment))
	s.CreatedBy = strings.TrimSpace(signal.CleanText(s.CreatedBy))
	if s.CreatedBy == "" {
		s.CreatedBy = sc.Actor.Name()
	}
	if s.Comment == "" {
		return fact.Refuse("invalid", "comment", "say why, for whoever wonders at night")
	}
	if len(s.Matchers) == 0 {
		return fact.Refuse("invalid", "matchers", "a silence needs at least one matcher")
	}
	for i, set := range s.Matchers {
		if len(set) == 0 || set.Matches(signal.Labels{}) {
			return fact.Refuse("invalid", "matchers", "a silence must not match alerts without any label: at least one matcher has to need a value")
		}
		s.Matchers[i] = set.Compiled()
	}
	return checkSpan(sc, &s.StartsAt, s.EndsAt)
}

// StepMaintenance moves one maintenance window.
func StepMaintenance(sc plan.Scene, id string, m *Maintenance, in any) (*Maintenance, fact.Outcome, error) {
	if put, ok := in.(PutMaintenance); ok {
		next := &Maintenance{put.Maintenance}
		next.ID, next.Created = id, sc.At
		if m != nil {
			next.Created = m.Created
		}
		if err := checkMaintenance(sc, next); err != nil {
			return m, fact.Outcome{}, err
		}
		if m != nil && m.Active(sc.At) {
			next.StartsAt = m.StartsAt
		}
		return next, next.span().put(sc, m != nil, next.Comment), nil
	}
	if m == nil {
		return nil, fact.Outcome{}, fact.Refuse("not-found", "", "there is no maintenance window "+id)
	}
	c := *m
	switch in := in.(type) {
	case TakeDown:
		out, err := c.span().takeDown(sc)
		return &c, out, err
	case Edge:
		return &c, c.span().edge(sc, in.Key), nil
	}
	return m, fact.Outcome{}, fmt.Errorf("maintenance: unknown input %T", in)
}

func (m *Maintenance) span() span {
	return span{kind: MaintenanceKind, id: m.ID, what: "Maintenance of " + strings.Join(m.Services, ", "), start: &m.StartsAt, end: &m.EndsAt, sweeps: true}
}

func checkMaintenance(sc plan.Scene, m *Maintenance) error {
	m.Comment = strings.TrimSpace(signal.CleanText(m.Comment))
	if m.CreatedBy == "" {
		m.CreatedBy = sc.Actor.Name()
	}
	if len(m.Services) == 0 {
		return fact.Refuse("invalid", "services", "a maintenance window names at least one service")
	}
	for _, s := range m.Services {
		if sc.Plan.Service(s) == nil {
			return fact.Refuse("invalid", "services", fmt.Sprintf("no service %q", s))
		}
	}
	if m.Comment == "" {
		return fact.Refuse("invalid", "comment", "say what is being done")
	}
	return checkSpan(sc, &m.StartsAt, m.EndsAt)
}

// StepOverride moves one override. Overrides mute nothing, so they sweep
// nothing: the next question "who is on call" sees them.
func StepOverride(sc plan.Scene, id string, o *Override, in any) (*Override, fact.Outcome, error) {
	if put, ok := in.(PutOverride); ok {
		next := &Override{put.Override}
		next.ID, next.Created = id, sc.At
		if err := checkOverride(sc, next); err != nil {
			return o, fact.Outcome{}, err
		}
		return next, next.span().put(sc, o != nil, next.Comment), nil
	}
	if o == nil {
		return nil, fact.Outcome{}, fact.Refuse("not-found", "", "there is no override "+id)
	}
	c := *o
	switch in := in.(type) {
	case TakeDown:
		out, err := c.span().takeDown(sc)
		return &c, out, err
	case Edge:
		return &c, c.span().edge(sc, in.Key), nil
	}
	return o, fact.Outcome{}, fmt.Errorf("override: unknown input %T", in)
}

func (o *Override) span() span {
	return span{kind: OverrideKind, id: o.ID, what: "Override of " + o.Schedule + " (" + o.change() + ")", start: &o.Start, end: &o.End}
}

// change says what the override does, as "chen in place of bo".
func (o *Override) change() string {
	switch {
	case o.Kind == oncall.Remove:
		return "without " + o.Replaces
	case o.Kind == oncall.Only && o.User == "":
		return "nobody"
	case o.Kind == oncall.Only:
		return "only " + o.User
	case o.Kind == oncall.Replace && o.Replaces == "":
		return o.User + " in everybody's place"
	case o.Kind == oncall.Replace:
		return o.User + " in place of " + o.Replaces
	}
	return "with " + o.User
}

func checkOverride(sc plan.Scene, o *Override) error {
	o.Comment = strings.TrimSpace(signal.CleanText(o.Comment))
	if o.By == "" {
		o.By = sc.Actor.Name()
	}
	if sc.Plan.Schedule(o.Schedule) == nil {
		return fact.Refuse("invalid", "schedule", fmt.Sprintf("no schedule %q", o.Schedule))
	}
	if err := o.Check(); err != nil {
		return err
	}
	if o.User != "" && sc.Plan.User(o.User) == nil {
		return fact.Refuse("invalid", "user", fmt.Sprintf("no user %q", o.User))
	}
	if o.Replaces != "" && sc.Plan.User(o.Replaces) == nil {
		return fact.Refuse("invalid", "replaces", fmt.Sprintf("no user %q", o.Replaces))
	}
	return checkSpan(sc, &o.Start, o.End)
}
