package scenario

import (
	"fmt"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
)

// doDeclare opens an incident: declare SEV2 "Checkout down" by ana for p1.
func doDeclare(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	d := incident.Declare{Service: a.value("service"), Drill: a.flag("drill")}
	if short := a.after("for"); short != "" {
		id, err := w.names.full(short, "page")
		if err != nil {
			return err
		}
		d.Page = id
	}
	word, err := a.next("a severity like SEV2")
	if err != nil {
		return err
	}
	if d.Severity, err = incident.ParseSeverity(word); err != nil {
		return err
	}
	d.Title = a.optional()
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(incident.Desk, d), actor)
}

// onIncident reads the incident and who acts, and leaves the rest to input.
func (w *World) onIncident(c Command, input func(*args) (incident.Input, error)) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	id, err := a.next("the incident, for example INC-1")
	if err != nil {
		return err
	}
	body, err := input(a)
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(incident.Stream(id), body), actor)
}

func doSev(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) {
		word, err := a.next("a severity like SEV2")
		if err != nil {
			return nil, err
		}
		sev, err := incident.ParseSeverity(word)
		return incident.SetSeverity{Severity: sev, Reason: a.optional()}, err
	})
}

func doStatus(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) {
		word, err := a.next("a status")
		return incident.SetStatus{Status: incident.Status(word), Reason: a.optional()}, err
	})
}

func doNote(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) { return incident.Note{Text: a.optional()}, nil })
}

func doRename(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) { return incident.Rename{Title: a.optional()}, nil })
}

func doSummon(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) {
		var targets []plan.Target
		for a.peek() != "" {
			word := a.optional()
			kind, id, ok := strings.Cut(word, "/")
			if !ok {
				return nil, fmt.Errorf("%q is not a target like user/bo", word)
			}
			targets = append(targets, plan.Target{Kind: plan.TargetKind(kind), ID: id})
		}
		return incident.AddResponders{Targets: targets}, nil
	})
}

func doMerge(w *World, c Command) error {
	return w.onIncident(c, func(a *args) (incident.Input, error) {
		other, err := a.next("into which incident")
		return incident.MergeInto{Other: other}, err
	})
}

// doCheck brings the result of a probe: check shop fail "503", check shop ok.
func doCheck(w *World, c Command) error {
	a := c.args()
	in := watch.Probed{Output: a.value("output")}
	id, err := a.next("the check")
	if err != nil {
		return err
	}
	result, err := a.next("ok or fail")
	if err != nil {
		return err
	}
	switch result {
	case "ok":
		in.OK = true
	case "fail":
		if in.Reason = a.optional(); in.Reason == "" {
			return fmt.Errorf("say why it failed")
		}
	default:
		return fmt.Errorf("a check is ok or fails, not %q", result)
	}
	if err := a.done(); err != nil {
		return err
	}
	if w.plan == nil || w.plan.Check(id) == nil {
		return fmt.Errorf("no check %q in the plan", id)
	}
	return w.submit(to(fact.Of(watch.CheckKind, id), in), fact.System)
}

func doPing(w *World, c Command) error {
	a := c.args()
	id, err := a.next("the heartbeat")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(fact.Of(watch.HeartbeatKind, id), watch.Ping{}), fact.System)
}
