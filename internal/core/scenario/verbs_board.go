package scenario

import (
	"fmt"
	"strings"

	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// doSilence puts a silence in force, or changes it:
// silence s1 {alertname="X"} for 1h by bo "deploy".
func doSilence(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	from, until, err := w.span(a)
	if err != nil {
		return err
	}
	id, err := a.next("the name of the silence, for example s1")
	if err != nil {
		return err
	}
	s := plan.Silence{StartsAt: from, EndsAt: until}
	for strings.HasPrefix(a.peek(), "{") {
		ms, err := signal.ParseMatchers(a.optional())
		if err != nil {
			return err
		}
		s.Matchers = append(s.Matchers, ms)
	}
	s.Comment = a.optional()
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(fact.Of(board.SilenceKind, id), board.PutSilence{Silence: s}), actor)
}

// doMaintenance mutes services: maintenance m1 checkout,search for 2h by bo "move".
func doMaintenance(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	from, until, err := w.span(a)
	if err != nil {
		return err
	}
	id, err := a.next("the name of the window, for example m1")
	if err != nil {
		return err
	}
	services, err := a.next("which services")
	if err != nil {
		return err
	}
	m := plan.Maintenance{Services: strings.Split(services, ","), StartsAt: from, EndsAt: until, Comment: a.optional()}
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(fact.Of(board.MaintenanceKind, id), board.PutMaintenance{Maintenance: m}), actor)
}

// doOverride changes who is on call:
// override o1 primary add bo | remove ana | replace ana with bo | only bo.
func doOverride(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	from, until, err := w.span(a)
	if err != nil {
		return err
	}
	o := oncall.Override{Start: from, End: until, User: a.after("with")}
	var words [4]string
	for i, what := range []string{"the name of the override, for example o1", "the schedule", "add, remove, replace or only", "who"} {
		if words[i], err = a.next(what); err != nil {
			return err
		}
	}
	o.Schedule, o.Kind, o.Comment = words[1], oncall.OverrideKind(words[2]), a.optional()
	if o.Kind == oncall.Remove || o.Kind == oncall.Replace {
		o.Replaces = words[3]
	} else {
		o.User = words[3]
	}
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(fact.Of(board.OverrideKind, words[0]), board.PutOverride{Override: o}), actor)
}

// doExpire ends a silence, a maintenance window or an override now.
func doExpire(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	id, err := a.next("what")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	for _, kind := range []string{board.SilenceKind, board.MaintenanceKind, board.OverrideKind} {
		if s := fact.Of(kind, id); w.states[s] != nil {
			return w.submit(to(s, board.TakeDown{}), actor)
		}
	}
	return fmt.Errorf("there is no silence, maintenance window or override %s", id)
}
