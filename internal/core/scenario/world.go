package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// World is everything that is true in a scenario.
type World struct {
	opts   Options
	plan   *plan.Plan
	board  *plan.Board
	at     time.Time
	zone   *time.Location
	states map[fact.Stream]core.State
	wakes  map[wakeKey]wake
	armed  int // wakes armed so far; orders those that are due together
	seed   fact.Seed
	names  names

	// flying are the attempts without a receipt. By hand: the script gives the
	// receipts; else every attempt is answered at once, and broken contacts fail.
	flying []notification.Send
	byHand bool
	broken map[string]failure
	proven map[string]bool // contacts the world has verified or been told not to

	facts    []core.Said
	sent     []notification.Send
	mark     int // sent before this count no more for expect
	refused  []string
	todo     []work
	out      []string
	headline string // said before the next line, if there is one
}

type wakeKey struct {
	stream fact.Stream
	key    string
}

type wake struct {
	at    time.Time
	order int
}

// failure is how a broken contact fails.
type failure struct {
	text      string
	temporary bool
	after     time.Duration
}

// work is an input that waits for the one before it to be committed.
type work struct {
	to    core.Addressed
	actor fact.Actor
	// unsaid keeps the plain receipt of a message that went well out of the
	// transcript: it would follow every message and say nothing.
	unsaid bool
}

// start is when a scenario begins that does not say: a Monday morning.
var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Options are what a scenario needs of the outside.
type Options struct {
	// Plan is in force from the beginning, for scripts that belong to a plan.
	Plan *plan.Plan
	// Load reads what a plan line names. Nil: scripts may name none.
	Load func(Source) (*plan.Plan, error)
	// Zones loads a time zone, as time.LoadLocation does.
	Zones plan.Zones
}

// NewWorld is a world in which nothing has happened yet.
func NewWorld(opts Options) *World {
	w := &World{opts: opts, board: &plan.Board{}, at: start, zone: time.UTC, states: map[fact.Stream]core.State{}, wakes: map[wakeKey]wake{},
		names: newNames(), broken: map[string]failure{}, proven: map[string]bool{}}
	if opts.Plan != nil {
		w.Use(opts.Plan)
	}
	return w
}

// Use puts a plan in force. Contacts that the world has not seen before count
// as verified, so that a script about people need not begin with codes.
func (w *World) Use(p *plan.Plan) {
	w.plan = p
	verified := maps.Clone(w.board.Verified)
	if verified == nil {
		verified = map[string]string{}
	}
	for i := range p.Users {
		u := &p.Users[i]
		for j := range u.Contacts {
			key := u.ID + "/" + u.Contacts[j].ID
			if !w.proven[key] {
				w.proven[key] = true
				verified[key] = u.Contacts[j].Address()
			}
		}
	}
	next := *w.board
	next.Verified = verified
	w.board = &next
}

// State is the state of a stream, nil if there is none.
func (w *World) State(s fact.Stream) core.State { return w.states[s] }

// Streams lists the streams that have a state, in order.
func (w *World) Streams() []fact.Stream { return slices.Sorted(maps.Keys(w.states)) }

// Now is the world's time.
func (w *World) Now() time.Time { return w.at }

// Scene is what a step would know now.
func (w *World) Scene() plan.Scene {
	return plan.Scene{Plan: w.plan, Board: w.board, At: w.at, Actor: fact.System, Seed: w.seed}
}

func (w *World) load(s fact.Stream) (core.State, error) { return w.states[s], nil }

// submit does one input and everything that follows from it at this instant.
func (w *World) submit(to core.Addressed, actor fact.Actor) error {
	w.todo = append(w.todo, work{to: to, actor: actor})
	for n := 0; len(w.todo) > 0; n++ {
		if n > 100_000 {
			return fmt.Errorf("this does not come to rest: %s", to.Stream)
		}
		next := w.todo[0]
		w.todo = w.todo[1:]
		if err := w.one(next); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) one(next work) error {
	if w.plan == nil {
		return fmt.Errorf("there is no plan yet; begin with a line: plan FILE")
	}
	w.seed++
	in := core.Input{At: w.at, Seed: w.seed, Actor: next.actor, Board: w.board}
	res, err := core.Cascade(w.plan, next.to, in, w.load)
	var refused *fact.Refused
	if errors.As(err, &refused) {
		w.refuse(refused)
		return nil
	}
	if err != nil {
		return err
	}
	w.commit(res, next.unsaid)
	return nil
}

func (w *World) refuse(r *fact.Refused) {
	text := w.names.in(r.Error())
	w.refused = append(w.refused, text)
	w.say(fmt.Sprintf("refused (%s): %s", r.Code, text))
}

func (w *World) commit(res core.Result, unsaid bool) {
	for _, s := range res.Order {
		if state := res.States[s]; state == nil {
			delete(w.states, s)
		} else {
			w.states[s] = state
		}
		if core.OnBoard(s) {
			w.board = core.Post(w.board, s, res.States[s], w.at)
		}
	}
	w.facts = append(w.facts, res.Facts...)
	for _, f := range res.Facts {
		if _, plain := f.Fact.Body.(notification.Arrived); !f.Fact.Unsaid && !(unsaid && plain) {
			w.sayFact(f.Fact)
		}
	}
	for _, e := range res.Effects {
		w.effect(e)
	}
	w.arm(res.Wakes)
}

func (w *World) effect(e core.Ordered) {
	switch body := e.Effect.Body.(type) {
	case notification.Send:
		w.sent = append(w.sent, body)
		w.saySend(body)
		w.flying = append(w.flying, body)
		if !w.byHand {
			w.answer(body)
		}
	case board.Sweep:
		for _, s := range w.Streams() {
			if s.Kind() == alert.GroupKind {
				w.todo = append(w.todo, work{to: core.Addressed{Stream: s, Body: alert.Recheck{Cause: body.Cause}}, actor: fact.System})
			}
		}
	default:
		w.say("effect " + body.EffectKind())
	}
}

// answer lets the other side answer an attempt at once.
func (w *World) answer(s notification.Send) {
	if f, ok := w.broken[s.Contact.String()]; ok {
		w.land(s, notification.Failed{ID: s.Message.ID, Attempt: s.Attempt, Permanent: !f.temporary, After: f.after, Error: f.text})
		return
	}
	w.land(s, notification.Receipt{ID: s.Message.ID, Attempt: s.Attempt, Status: notification.OutcomeAccepted, Detail: "the other side took it"})
}

// land queues the receipt of an attempt.
func (w *World) land(s notification.Send, body notification.Input) {
	w.flying = slices.DeleteFunc(w.flying, func(f notification.Send) bool {
		return f.Message.ID == s.Message.ID && f.Attempt == s.Attempt && f.Contact == s.Contact
	})
	w.todo = append(w.todo, work{to: core.Addressed{Stream: s.Contact.Stream(), Body: body}, actor: fact.System, unsaid: !w.byHand})
}

// arm notes the wakes and says what is different in the end: a step that
// arms and withdraws within one transaction has done nothing.
func (w *World) arm(list []core.Armed) {
	var touched []wakeKey
	before := map[wakeKey]time.Time{}
	for _, a := range list {
		k := wakeKey{a.Stream, a.Wake.Key}
		if _, seen := before[k]; !seen {
			before[k] = w.wakes[k].at
			touched = append(touched, k)
		}
		if a.Wake.At.IsZero() {
			delete(w.wakes, k)
			continue
		}
		w.armed++
		w.wakes[k] = wake{at: a.Wake.At, order: w.armed}
	}
	for _, k := range touched {
		if now := w.wakes[k].at; !now.Equal(before[k]) {
			w.sayWake(k, now)
		}
	}
}

// due is the next wake at or before a time.
func (w *World) due(until time.Time) (wakeKey, bool) {
	var best wakeKey
	found := false
	for k, x := range w.wakes {
		if x.at.After(until) {
			continue
		}
		b := w.wakes[best]
		if !found || x.at.Before(b.at) || x.at.Equal(b.at) && x.order < b.order {
			best, found = k, true
		}
	}
	return best, found
}

// pass lets time go on, wake by wake.
func (w *World) pass(until time.Time) error {
	if until.Before(w.at) {
		return fmt.Errorf("time does not run backwards: it is %s already", w.clock(w.at))
	}
	for n := 0; ; n++ {
		k, ok := w.due(until)
		if !ok {
			break
		}
		if n > 100_000 {
			return fmt.Errorf("wakes do not come to rest: %s %s", k.stream, k.key)
		}
		if at := w.wakes[k].at; at.After(w.at) {
			w.at = at
		}
		w.headline = fmt.Sprintf("%s  %s is due", w.clock(w.at), w.wakeName(k))
		delete(w.wakes, k)
		if err := w.submit(core.Addressed{Stream: k.stream, Body: core.Alarm{Key: k.key}}, fact.System); err != nil {
			return err
		}
		w.headline = ""
	}
	w.at = until
	return nil
}

// Overdue lists the wakes that should have run. After a pass there are none.
func (w *World) Overdue() []string {
	var late []string
	for k, x := range w.wakes {
		if !x.at.After(w.at) {
			late = append(late, string(k.stream)+" "+k.key)
		}
	}
	slices.Sort(late)
	return late
}

func (w *World) say(line string) {
	if w.headline != "" {
		w.out = append(w.out, w.headline)
		w.headline = ""
	}
	for l := range strings.SplitSeq(line, "\n") {
		w.out = append(w.out, strings.TrimRight(l, " "))
	}
}
