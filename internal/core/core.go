// Package core is the rules of Tocsin. Step moves one stream, Route says which
// fact feeds which stream. Both are pure: no clock, no disk, no network, no
// chance. Whatever happens at three in the morning can be played again here.
package core

import (
	"encoding/json"
	"fmt"
	"time"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
)

// State is the state of one stream. Nil is a stream that does not exist.
type State interface{ StreamKind() string }

// Input is one thing that happens to one stream at one time.
type Input struct {
	At    time.Time
	Seed  fact.Seed
	Actor fact.Actor
	Board *plan.Board
	// Body is an input of the room that owns the stream.
	Body any
}

// Alarm is the body of an input that a wake makes.
type Alarm struct{ Key string }

// Step moves one stream forward. It reads no clock, does no I/O and never
// blocks; it does not change s. An error of type *fact.Refused is an answer
// for whoever asked, and nothing happened. Any other error is a defect.
func Step(p *plan.Plan, stream fact.Stream, s State, in Input) (State, fact.Outcome, error) {
	sc := plan.Scene{Plan: p, Board: in.Board, At: in.At, Actor: in.Actor, Seed: in.Seed}
	m := move{scene: sc, stream: stream, state: s, body: in.Body}
	step, ok := steps[stream.Kind()]
	if !ok {
		return s, fact.Outcome{}, fmt.Errorf("no rules for stream %s", stream)
	}
	return step(m)
}

// move is one call of Step, sorted out for the room that answers it.
type move struct {
	scene  plan.Scene
	stream fact.Stream
	state  State
	body   any
}

func (m move) alarm() (string, bool) {
	a, ok := m.body.(Alarm)
	return a.Key, ok
}

// steps has one entry a stream kind: the table of contents of the rules.
var steps = map[string]func(move) (State, fact.Outcome, error){
	alert.Kind:              stepAlert,
	alert.GroupKind:         stepGroup,
	page.Kind:               stepPage,
	notification.StreamKind: stepContact,
	notification.VerifyKind: stepVerify,
	incident.DeskKind:       stepDesk,
	incident.Kind:           stepIncident,
	board.SilenceKind:       stepSilence,
	board.MaintenanceKind:   stepMaintenance,
	board.OverrideKind:      stepOverride,
	watch.CheckKind:         stepCheck,
	watch.HeartbeatKind:     stepHeartbeat,
}

// done turns a typed nil into the nil State.
func done[T any, P interface {
	*T
	State
}](s P, out fact.Outcome, err error) (State, fact.Outcome, error) {
	if s == nil {
		return nil, out, err
	}
	return s, out, err
}

// as reads the state as the room's own type.
func as[T any](s State) *T {
	v, _ := any(s).(*T)
	return v
}

// wrong is a defect: an input that the stream's room does not know.
func (m move) wrong() (State, fact.Outcome, error) {
	return m.state, fact.Outcome{}, fmt.Errorf("stream %s: unknown input %T", m.stream, m.body)
}

func stepAlert(m move) (State, fact.Outcome, error) {
	if _, ok := m.alarm(); ok {
		m.body = alert.Expired{}
	}
	in, ok := m.body.(alert.Input)
	if !ok {
		return m.wrong()
	}
	return done(alert.Step(m.scene, as[alert.State](m.state), in))
}

func stepGroup(m move) (State, fact.Outcome, error) {
	if _, ok := m.alarm(); ok {
		m.body = alert.HoldOver{}
	}
	in, ok := m.body.(alert.GroupInput)
	if !ok {
		return m.wrong()
	}
	return done(alert.StepGroup(m.scene, m.stream, as[alert.Group](m.state), in))
}

func stepPage(m move) (State, fact.Outcome, error) {
	if key, ok := m.alarm(); ok {
		m.body = page.Alarm{Key: key}
	}
	in, ok := m.body.(page.Input)
	if !ok {
		return m.wrong()
	}
	return done(page.Step(m.scene, m.stream.ID(), as[page.State](m.state), in))
}

func stepContact(m move) (State, fact.Outcome, error) {
	if _, ok := m.alarm(); ok {
		m.body = notification.Alarm{}
	}
	in, ok := m.body.(notification.Input)
	if !ok {
		return m.wrong()
	}
	return done(notification.Step(m.scene, as[notification.State](m.state), in))
}

func stepVerify(m move) (State, fact.Outcome, error) {
	in, ok := m.body.(notification.VerifyInput)
	if !ok {
		return m.wrong()
	}
	return done(notification.StepVerify(m.scene, as[notification.Verification](m.state), in))
}

func stepDesk(m move) (State, fact.Outcome, error) {
	in, ok := m.body.(incident.Declare)
	if !ok {
		return m.wrong()
	}
	return done(incident.StepDesk(m.scene, as[incident.DeskState](m.state), in))
}

func stepIncident(m move) (State, fact.Outcome, error) {
	in, ok := m.body.(incident.Input)
	if !ok {
		return m.wrong()
	}
	return done(incident.Step(m.scene, m.stream.ID(), as[incident.State](m.state), in))
}

func (m move) boardInput() any {
	if key, ok := m.alarm(); ok {
		return board.Edge{Key: key}
	}
	return m.body
}

func stepSilence(m move) (State, fact.Outcome, error) {
	return done(board.StepSilence(m.scene, m.stream.ID(), as[board.Silence](m.state), m.boardInput()))
}

func stepMaintenance(m move) (State, fact.Outcome, error) {
	return done(board.StepMaintenance(m.scene, m.stream.ID(), as[board.Maintenance](m.state), m.boardInput()))
}

func stepOverride(m move) (State, fact.Outcome, error) {
	return done(board.StepOverride(m.scene, m.stream.ID(), as[board.Override](m.state), m.boardInput()))
}

func stepCheck(m move) (State, fact.Outcome, error) {
	in, ok := m.body.(watch.Probed)
	if !ok {
		return m.wrong()
	}
	return done(watch.StepCheck(m.scene, m.stream.ID(), as[watch.Check](m.state), in))
}

func stepHeartbeat(m move) (State, fact.Outcome, error) {
	if _, ok := m.alarm(); ok {
		m.body = watch.Alarm{}
	}
	return done(watch.StepHeartbeat(m.scene, m.stream.ID(), as[watch.Heartbeat](m.state), m.body))
}

// blank makes an empty state of a stream's kind, for reading it back.
func blank(kind string) (State, error) {
	switch kind {
	case alert.Kind:
		return new(alert.State), nil
	case alert.GroupKind:
		return new(alert.Group), nil
	case page.Kind:
		return new(page.State), nil
	case notification.StreamKind:
		return new(notification.State), nil
	case notification.VerifyKind:
		return new(notification.Verification), nil
	case incident.DeskKind:
		return new(incident.DeskState), nil
	case incident.Kind:
		return new(incident.State), nil
	case board.SilenceKind:
		return new(board.Silence), nil
	case board.MaintenanceKind:
		return new(board.Maintenance), nil
	case board.OverrideKind:
		return new(board.Override), nil
	case watch.CheckKind:
		return new(watch.Check), nil
	case watch.HeartbeatKind:
		return new(watch.Heartbeat), nil
	}
	return nil, fmt.Errorf("no state of kind %q", kind)
}

// Encode writes a state as JSON.
func Encode(s State) ([]byte, error) { return json.Marshal(s) }

// Decode reads a state of a stream back.
func Decode(stream fact.Stream, data []byte) (State, error) {
	s, err := blank(stream.Kind())
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read state of %s: %w", stream, err)
	}
	return s, nil
}
