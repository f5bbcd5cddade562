package scenario

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/page"
	"tocsin/internal/core/signal"
)

// integration takes the integration's name, if the line begins with one; else
// it is the plan's only one.
func (w *World) integration(a *args) (string, error) {
	if w.plan == nil {
		return "", fmt.Errorf("there is no plan yet; begin with a line: plan FILE")
	}
	if a.peek() != "" {
		id, _ := a.next("")
		if w.plan.Integration(id) == nil {
			return "", fmt.Errorf("no integration %q in the plan", id)
		}
		return id, nil
	}
	if len(w.plan.Integrations) == 1 {
		return w.plan.Integrations[0].ID, nil
	}
	return "", fmt.Errorf("say through which integration")
}

// signal reads key=value words: the signal's own fields by name, everything
// else is a label. "label.NAME" is a label whatever its name.
func (w *World) signal(a *args, action signal.Action) (signal.Signal, error) {
	sig := signal.Signal{Action: action, DedupKey: a.value("key"), Summary: a.value("summary"), Source: a.value("source"),
		Service: a.value("service"), Details: a.value("details"), Labels: signal.Labels{}}
	if word := a.value("severity"); word != "" {
		s, ok := signal.ParseSeverity(word)
		if !ok {
			return sig, fmt.Errorf("%q is not a severity", word)
		}
		sig.Severity = s
	}
	var err error
	if text := a.value("starts"); text != "" {
		if sig.StartsAt, err = w.when(text); err != nil {
			return sig, err
		}
	}
	if text := a.value("ends"); text != "" {
		if sig.EndsAt, err = w.when(text); err != nil {
			return sig, err
		}
	}
	for name, value := range a.pairs() {
		sig.Labels[strings.TrimPrefix(name, "label.")] = value
	}
	sig.Summary = cmp.Or(sig.Summary, sig.Labels["alertname"], sig.DedupKey)
	if sig.DedupKey == "" {
		// As Alertmanager has it: an alert is its labels.
		if sig.DedupKey = sig.Labels.String(); len(sig.Labels) == 0 {
			sig.DedupKey = sig.Summary
		}
	}
	if sig.DedupKey == "" {
		return sig, fmt.Errorf("say which alert: key=..., or its labels")
	}
	sig.Clean()
	return sig, a.done()
}

// sendSignal lets a signal come in by an integration.
func (w *World) sendSignal(a *args, action signal.Action) error {
	id, err := w.integration(a)
	if err != nil {
		return err
	}
	sig, err := w.signal(a, action)
	if err != nil {
		return err
	}
	return w.submit(to(alert.Stream(id, sig.DedupKey), alert.Received{Integration: id, Signal: sig}), fact.Actor{Kind: "integration", ID: id})
}

func doAlert(w *World, c Command) error  { return w.sendSignal(c.args(), signal.Trigger) }
func doChange(w *World, c Command) error { return w.sendSignal(c.args(), signal.Change) }

var shortPage = regexp.MustCompile(`^p\d+$`)

// isPage says whether the next word names a page, not an integration.
func isPage(a *args) bool { return shortPage.MatchString(a.peek()) }

func doAck(w *World, c Command) error {
	if a := c.args(); !isPage(a) {
		return w.sendSignal(a, signal.Acknowledge)
	}
	return w.onPage(c, page.Acknowledge{})
}

func doResolve(w *World, c Command) error {
	if a := c.args(); !isPage(a) {
		return w.sendSignal(a, signal.Resolve)
	}
	return w.onPage(c, page.Resolve{})
}

func doEscalate(w *World, c Command) error { return w.onPage(c, page.Escalate{}) }

// onPage lets a person act on a page.
func (w *World) onPage(c Command, body page.Input) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	short, err := a.next("the page")
	if err != nil {
		return err
	}
	id, err := w.names.full(short, "page")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(page.Stream(id), body), actor)
}

// doClose resolves an alert by hand.
func doClose(w *World, c Command) error {
	a := c.args()
	actor := w.byWhom(a, someone)
	short, err := a.next("the alert")
	if err != nil {
		return err
	}
	id, err := w.names.full(short, "alert")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	for _, s := range w.Streams() {
		if st, ok := w.states[s].(*alert.State); ok && st.ID == id {
			return w.submit(to(s, alert.Close{Why: fact.Because("by-hand", actor.Name()+" closed it")}), actor)
		}
	}
	return fmt.Errorf("alert %s is not the newest of its key any more", short)
}
