package scenario

import (
	"fmt"
	"slices"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// doReceipts says who answers an attempt: the world at once, or the script.
func doReceipts(w *World, c Command) error {
	a := c.args()
	how, err := a.next("how: by hand, or at once")
	rest := a.optional()
	if err != nil {
		return err
	}
	switch how + " " + rest {
	case "by hand":
		w.byHand = true
	case "at once":
		w.byHand = false
	default:
		return fmt.Errorf("receipts come by hand or at once")
	}
	return a.done()
}

// contact takes "ana/phone", "ana" (any contact) or "channel:ops".
func contact(a *args) string { return a.optional() }

func fits(r notification.Ref, text string) bool {
	return text == "" || r.String() == text || r.User != "" && r.User == text
}

// airborne finds the oldest attempt to a contact that has no receipt.
func (w *World) airborne(text string) (notification.Send, error) {
	for _, f := range w.flying {
		if fits(f.Contact, text) {
			return f, nil
		}
	}
	if text == "" {
		return notification.Send{}, fmt.Errorf("no message is waiting for a receipt")
	}
	return notification.Send{}, fmt.Errorf("no message to %s is waiting for a receipt", text)
}

// doDeliver delivers every attempt on its way, or those to one contact.
func doDeliver(w *World, c Command) error {
	a := c.args()
	text := contact(a)
	if err := a.done(); err != nil {
		return err
	}
	if _, err := w.airborne(text); err != nil {
		return err
	}
	for _, f := range slices.Clone(w.flying) {
		if fits(f.Contact, text) {
			w.land(f, notification.Receipt{ID: f.Message.ID, Attempt: f.Attempt, Status: notification.OutcomeDelivered, Detail: "the other side has it"})
		}
	}
	return w.settle()
}

func doFail(w *World, c Command) error {
	a := c.args()
	f, err := readFailure(a)
	if err != nil {
		return err
	}
	text := contact(a)
	if f.text = a.optional(); f.text == "" {
		return fmt.Errorf("say to whom and with which error: fail ana/email \"550 no such user\"")
	}
	if err := a.done(); err != nil {
		return err
	}
	flight, err := w.airborne(text)
	if err != nil {
		return err
	}
	w.land(flight, notification.Failed{ID: flight.Message.ID, Attempt: flight.Attempt, Permanent: !f.temporary, After: f.after, Error: f.text})
	return w.settle()
}

func readFailure(a *args) (failure, error) {
	f := failure{temporary: a.flag("temporary")}
	a.flag("permanent")
	if text := a.value("retry-after"); text != "" {
		d, err := plan.ParseDuration(text)
		if err != nil {
			return f, err
		}
		f.temporary, f.after = true, d.Std()
	}
	return f, nil
}

// settle does what waits, after receipts were queued.
func (w *World) settle() error {
	if len(w.todo) == 0 {
		return nil
	}
	first := w.todo[0]
	w.todo = w.todo[1:]
	if err := w.one(first); err != nil {
		return err
	}
	return w.settle()
}

// doBreak makes every attempt at a contact fail until it is mended.
func doBreak(w *World, c Command) error {
	a := c.args()
	f, err := readFailure(a)
	if err != nil {
		return err
	}
	text, err := a.next("which contact, for example ana/email")
	if err != nil {
		return err
	}
	if f.text = a.optional(); f.text == "" {
		f.text = "it is broken"
	}
	w.broken[text] = f
	return a.done()
}

func doMend(w *World, c Command) error {
	a := c.args()
	text, err := a.next("which contact")
	delete(w.broken, text)
	if err != nil {
		return err
	}
	return a.done()
}

// ref reads "ana/phone" or "channel:ops".
func ref(text string) (notification.Ref, error) {
	if id, ok := strings.CutPrefix(text, "channel:"); ok {
		return notification.Ref{Contact: id}, nil
	}
	user, id, ok := strings.Cut(text, "/")
	if !ok {
		return notification.Ref{}, fmt.Errorf("%q is not a contact like ana/phone", text)
	}
	return notification.Ref{User: user, Contact: id}, nil
}

// doUnverified takes the proof of a contact away.
func doUnverified(w *World, c Command) error {
	a := c.args()
	next := *w.board
	next.Verified = map[string]string{}
	for k, v := range w.board.Verified {
		next.Verified[k] = v
	}
	for {
		text := a.optional()
		if text == "" {
			break
		}
		r, err := ref(text)
		if err != nil {
			return err
		}
		w.proven[r.String()] = true
		delete(next.Verified, r.String())
	}
	w.board = &next
	return a.done()
}

func doVerify(w *World, c Command) error {
	return w.verification(c, func(r notification.Ref, code string) notification.VerifyInput {
		return notification.Begin{To: r, Code: code}
	})
}

func doProve(w *World, c Command) error {
	return w.verification(c, func(r notification.Ref, code string) notification.VerifyInput {
		return notification.Prove{To: r, Code: code}
	})
}

func (w *World) verification(c Command, body func(notification.Ref, string) notification.VerifyInput) error {
	a := c.args()
	code := a.value("code")
	text, err := a.next("which contact")
	if err != nil {
		return err
	}
	r, err := ref(text)
	if err != nil {
		return err
	}
	actor := w.byWhom(a, fact.User(r.User, ""))
	if err := a.done(); err != nil {
		return err
	}
	return w.submit(to(notification.VerifyStream(r), body(r, code)), actor)
}
