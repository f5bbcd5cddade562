package notification

import (
	"fmt"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// VerifyKind is the stream kind of a contact's verification.
const VerifyKind = "verify"

// VerifyStream is the stream of a contact's verification.
func VerifyStream(to Ref) fact.Stream { return fact.Of(VerifyKind, to.String()) }

// Verification is what is known of whether a contact reaches its person.
type Verification struct {
	To Ref `json:"to"`
	// Code is the hash of the code that was sent; Address the hash of where.
	Code       string    `json:"code,omitempty"`
	Address    string    `json:"address,omitempty"`
	Expires    time.Time `json:"expires,omitzero"`
	Tries      int       `json:"tries,omitempty"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	Verified   string    `json:"verified,omitempty"` // the address that was verified
}

// StreamKind says which stream this is a state of.
func (*Verification) StreamKind() string { return VerifyKind }

// VerifyInput is what can happen to a verification.
type VerifyInput interface{ verifyInput() }

// Begin sends a code. The code is made outside, since the core knows no chance.
type Begin struct {
	To   Ref
	Code string
}

// Prove brings the code back.
type Prove struct {
	To   Ref
	Code string
}

func (Begin) verifyInput() {}
func (Prove) verifyInput() {}

// Asked: a code is on its way. Proved: the contact reaches its person.
type (
	Asked struct {
		To      Ref     `json:"to"`
		Message Message `json:"-"`
	}
	Proved struct {
		To      Ref    `json:"to"`
		Address string `json:"address"`
	}
)

// FactKind is the stored name.
func (Asked) FactKind() string { return "contact.code-sent" }

// FactKind is the stored name.
func (Proved) FactKind() string { return "contact.verified" }

// A code lives this long and may be tried so often.
const (
	codeLife  = 10 * time.Minute
	codeTries = 5
)

// StepVerify moves one verification.
func StepVerify(sc plan.Scene, s *Verification, in VerifyInput) (*Verification, fact.Outcome, error) {
	switch in := in.(type) {
	case Begin:
		return begin(sc, s, in)
	case Prove:
		return prove(sc, s, in)
	}
	return s, fact.Outcome{}, fmt.Errorf("verify: unknown input %T", in)
}

func begin(sc plan.Scene, s *Verification, in Begin) (*Verification, fact.Outcome, error) {
	var out fact.Outcome
	c := in.To.Find(sc.Plan)
	if c == nil {
		return s, out, fact.Refuse("not-found", "contact", "there is no contact "+in.To.String())
	}
	next := Verification{To: in.To}
	if s != nil {
		next = *s
	}
	next.Code, next.Address, next.Expires, next.Tries = fact.Hash(in.To.String(), in.Code), c.Address(), sc.At.Add(codeLife), 0
	m := Message{ID: sc.NewID("v", in.To.String()), Kind: KindVerify, User: in.To.User, Urgency: plan.High, Title: "Your Tocsin code is " + in.Code,
		Body: "Enter it within 10 minutes to show that this contact reaches you.", Code: in.Code, Why: "somebody asked to verify this contact", At: sc.At}
	out.Add(fact.Fact{Subject: in.To.String(), Text: "A verification code was sent to " + in.To.Contact, Why: fact.Because("verify", sc.Actor.Name()+" asked for it"), Body: Asked{To: in.To, Message: m}})
	return &next, out, nil
}

func prove(sc plan.Scene, s *Verification, in Prove) (*Verification, fact.Outcome, error) {
	var out fact.Outcome
	switch {
	case s == nil || s.Code == "":
		return s, out, fact.Refuse("conflict", "code", "no code is waiting for this contact; ask for one")
	case sc.At.After(s.Expires):
		return s, out, fact.Refuse("conflict", "code", "the code is older than 10 minutes; ask for a new one")
	case s.Tries >= codeTries:
		return s, out, fact.Refuse("conflict", "code", "too many tries; ask for a new code")
	}
	next := *s
	next.Tries++
	if fact.Hash(in.To.String(), in.Code) != s.Code {
		out.Add(fact.Fact{Subject: in.To.String(), Text: "A wrong code was entered", Why: fact.Because("wrong-code", sc.Actor.Name()+" entered it"), Body: Missed{To: in.To}})
		return &next, out, nil
	}
	next.Code, next.Verified, next.VerifiedAt = "", s.Address, sc.At
	out.Add(fact.Fact{Subject: in.To.String(), Text: in.To.Contact + " reaches " + in.To.User, Why: fact.Because("code-matches", "the code came back"), Body: Proved{To: in.To, Address: s.Address}})
	return &next, out, nil
}

// Missed: a wrong code was entered.
type Missed struct {
	To Ref `json:"to"`
}

// FactKind is the stored name.
func (Missed) FactKind() string { return "contact.wrong-code" }
