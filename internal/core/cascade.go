package core

import (
	"errors"
	"fmt"
	"reflect"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// maxSteps ends a cascade that a defect made endless. The longest honest one
// is a page resolved by hand that closes all its alerts.
const maxSteps = 100_000

// Load reads the state of a stream as it is now; nil if there is none.
type Load func(fact.Stream) (State, error)

// Said is a fact with the stream that it is true in.
type Said struct {
	Stream fact.Stream
	Fact   fact.Fact
}

// Ordered is an effect with the stream that wants it.
type Ordered struct {
	Stream fact.Stream
	Effect fact.Effect
}

// Armed is a wake with its stream.
type Armed struct {
	Stream fact.Stream
	Wake   fact.Wake
}

// Result is everything that one input made true.
type Result struct {
	// States are the streams that changed; a nil state ended.
	States map[fact.Stream]State
	// Order lists the changed streams by their first change.
	Order   []fact.Stream
	Facts   []Said
	Effects []Ordered
	Wakes   []Armed
}

// Cascade steps the first stream, follows its facts downhill and returns all
// of it. It changes nothing: the caller keeps the result or throws it away.
//
// A refusal ends a person's request as a whole. In the wake of a machine's
// input it only ends that branch: an acknowledgement that crosses a resolution
// is nobody's mistake.
func Cascade(p *plan.Plan, first Addressed, in Input, load Load) (Result, error) {
	r := Result{States: map[fact.Stream]State{}}
	queue := []Addressed{first}
	for n := 0; len(queue) > 0; n++ {
		if n >= maxSteps {
			return Result{}, fmt.Errorf("cascade of %s does not end", first.Stream)
		}
		next := queue[0]
		queue = queue[1:]
		facts, err := r.step(p, next, in, load)
		if err != nil {
			var refused *fact.Refused
			if errors.As(err, &refused) && n > 0 && in.Actor.Kind != "user" {
				continue
			}
			return Result{}, err
		}
		for _, f := range facts {
			queue = append(queue, Route(p, f.Body)...)
		}
	}
	return r, nil
}

func (r *Result) step(p *plan.Plan, a Addressed, in Input, load Load) ([]fact.Fact, error) {
	before, seen := r.States[a.Stream]
	if !seen {
		var err error
		if before, err = load(a.Stream); err != nil {
			return nil, err
		}
	}
	in.Body = a.Body
	after, out, err := Step(p, a.Stream, before, in)
	if err != nil {
		return nil, err
	}
	if !same(before, after) {
		if !seen {
			r.Order = append(r.Order, a.Stream)
		}
		r.States[a.Stream] = after
	}
	for _, f := range out.Facts {
		if f.Subject == "" {
			f.Subject = a.Stream.ID()
		}
		r.Facts = append(r.Facts, Said{a.Stream, f})
	}
	for _, e := range out.Effects {
		r.Effects = append(r.Effects, Ordered{a.Stream, e})
	}
	for _, w := range out.Wakes {
		r.Wakes = append(r.Wakes, Armed{a.Stream, w})
	}
	return out.Facts, nil
}

// same says whether a step gave back what it got: then nothing is written.
func same(a, b State) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	return va.Kind() == reflect.Pointer && vb.Kind() == reflect.Pointer && va.Pointer() == vb.Pointer()
}
