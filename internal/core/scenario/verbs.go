package scenario

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// verbs is the language: one entry a command. Every function takes its words
// and refuses what is left over.
var verbs = map[string]func(*World, Command) error{
	"plan": doPlan, "at": doAt, "pass": doPass, "mark": doMark,

	"alert": doAlert, "change": doChange, "ack": doAck, "resolve": doResolve, "escalate": doEscalate, "close": doClose,

	"receipts": doReceipts, "deliver": doDeliver, "fail": doFail, "break": doBreak, "mend": doMend,
	"unverified": doUnverified, "verify": doVerify, "prove": doProve,

	"silence": doSilence, "maintenance": doMaintenance, "override": doOverride, "expire": doExpire,

	"declare": doDeclare, "sev": doSev, "status": doStatus, "note": doNote, "rename": doRename, "summon": doSummon, "merge": doMerge,

	"check": doCheck, "ping": doPing,

	"who": doWho, "explain": doExplain, "message": doMessage, "expect": doExpect,
}

// Do carries out one command and returns what it made true. An error means
// that the command could not be carried out or an expectation does not hold; a
// refusal by the rules is no error but a line.
func (w *World) Do(c Command) ([]string, error) {
	w.out, w.headline = nil, ""
	err := verbs[c.Verb](w, c)
	return w.out, err
}

func (c Command) args() *args { return &args{toks: append([]token{}, c.toks...)} }

// byWhom takes "by PERSON" and "via ROAD"; nobody named is the default actor.
func (w *World) byWhom(a *args, fallback fact.Actor) fact.Actor {
	via := a.after("via")
	who := a.after("by")
	if who == "" {
		return fallback
	}
	return fact.User(who, via)
}

// someone is who acts when a script does not say who.
var someone = fact.Actor{Kind: "user", ID: "someone"}

func to(s fact.Stream, body any) core.Addressed { return core.Addressed{Stream: s, Body: body} }

func doPlan(w *World, c Command) error {
	a := c.args()
	src := Source{Name: a.optional(), Text: c.Inline}
	if err := a.done(); err != nil {
		return err
	}
	if w.opts.Load == nil {
		return fmt.Errorf("this scenario is played against a plan that is given; it cannot name one of its own")
	}
	p, err := w.opts.Load(src)
	if err != nil {
		return fmt.Errorf("plan %s: %w", cmp.Or(src.Name, "in place"), err)
	}
	w.Use(p)
	return nil
}

func doAt(w *World, c Command) error {
	a := c.args()
	var words []string
	for a.peek() != "" {
		words = append(words, a.optional())
	}
	if err := a.done(); err != nil {
		return err
	}
	if n := len(words); n > 1 && strings.Trim(words[n-1], "0123456789:-+hms") != "" {
		zone, err := w.loadZone(words[n-1])
		if err != nil {
			return err
		}
		w.zone, words = zone, words[:n-1]
	}
	when, err := w.when(strings.Join(words, " "))
	if err != nil {
		return err
	}
	if len(w.states) == 0 && len(w.wakes) == 0 {
		w.at = when // nothing has happened yet: this is the beginning
		return nil
	}
	return w.pass(when)
}

func (w *World) loadZone(name string) (*time.Location, error) {
	if w.opts.Zones == nil {
		return nil, fmt.Errorf("no time zones here")
	}
	zone, err := w.opts.Zones(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	return zone, nil
}

// when reads a time in the scenario's zone: "2026-03-29 01:57", "03:10" (the
// next time it is so late), "+5m" or "-5m".
func (w *World) when(text string) (time.Time, error) {
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		d, err := plan.ParseDuration(rest)
		return w.at.Add(d.Std()), err
	}
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		d, err := plan.ParseDuration(rest)
		return w.at.Add(-d.Std()), err
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, w.zone); err == nil {
			return t.UTC(), nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		now := w.at.In(w.zone)
		next := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, w.zone)
		if next.Before(w.at) {
			next = time.Date(now.Year(), now.Month(), now.Day()+1, t.Hour(), t.Minute(), t.Second(), 0, w.zone)
		}
		return next.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time like 2026-03-29 01:57, 03:10 or +5m", text)
}

func doPass(w *World, c Command) error {
	a := c.args()
	text, err := a.next("how long")
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	d, err := plan.ParseDuration(text)
	if err != nil {
		return err
	}
	return w.pass(w.at.Add(d.Std()))
}

func doMark(w *World, c Command) error {
	w.mark = len(w.sent)
	return c.args().done()
}

// span takes "from WHEN", and "for DURATION" or "to WHEN".
func (w *World) span(a *args) (from, until time.Time, err error) {
	from = w.at
	if text := a.after("from"); text != "" {
		if from, err = w.when(text); err != nil {
			return
		}
	}
	if text := a.after("for"); text != "" {
		d, err := plan.ParseDuration(text)
		return from, from.Add(d.Std()), err
	}
	text := a.after("to")
	if text == "" {
		return from, until, fmt.Errorf("say how long: for 1h, or to 08:00")
	}
	until, err = w.when(text)
	return
}
