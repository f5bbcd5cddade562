package notification

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Kind of the stream of a contact.
const StreamKind = "contact"

// State is one contact: what waits, what is on its way, what it got lately.
type State struct {
	To Ref `json:"to"`
	// Queue waits for its time, in order of arrival.
	Queue []Queued `json:"queue,omitempty"`
	// Flying was handed to a channel and has no receipt yet.
	Flying []Flight `json:"flying,omitempty"`
	// Sent are the times of sending inside the limit's span.
	Sent []time.Time `json:"sent,omitempty"`
	// Spared are messages that were withdrawn before they left, newest last.
	Spared []string `json:"spared,omitempty"`
}

// Queued is a message that waits.
type Queued struct {
	Message Message   `json:"message"`
	Carries []string  `json:"carries,omitempty"` // ids of messages folded into it
	Attempt int       `json:"attempt"`           // attempts made so far
	Since   time.Time `json:"since"`
	NotYet  time.Time `json:"not_yet,omitzero"` // not before this time: a retry's pause
	Held    bool      `json:"held,omitempty"`   // its being held was said already
}

// Flight is an attempt without a receipt.
type Flight struct {
	Queued
}

// StreamKind says which stream this is a state of.
func (*State) StreamKind() string { return StreamKind }

// Clone copies what a step may change.
func (s *State) Clone() *State {
	c := *s
	c.Queue, c.Flying = slices.Clone(s.Queue), slices.Clone(s.Flying)
	c.Sent, c.Spared = slices.Clone(s.Sent), slices.Clone(s.Spared)
	return &c
}

// Input is what can happen to a contact.
type Input interface{ contactInput() }

// Tell hands over a message.
type Tell struct {
	To      Ref
	Message Message
}

// Withdraw takes back what has not left for a page.
type Withdraw struct{ Page string }

// Receipt says that the other side took an attempt.
type Receipt struct {
	ID, Status, ProviderID, Detail string
	Attempt                        int
}

// Failed says that an attempt failed.
type Failed struct {
	ID        string
	Attempt   int
	Permanent bool
	After     time.Duration // the other side's wish; 0 for none
	Error     string
}

// Alarm is the contact's own wake.
type Alarm struct{}

func (Tell) contactInput()     {}
func (Withdraw) contactInput() {}
func (Receipt) contactInput()  {}
func (Failed) contactInput()   {}
func (Alarm) contactInput()    {}

// WakePump is the key of the wake that looks at the queue again.
const WakePump = "pump"

// MaxFlying bounds the attempts on their way to one contact. A peer that never
// answers thus keeps a few dozen connections busy and no more; the rest waits
// and is folded.
const MaxFlying = 64

// Step moves one contact.
func Step(sc plan.Scene, s *State, in Input) (*State, fact.Outcome, error) {
	t := turn{sc: sc}
	switch in := in.(type) {
	case Tell:
		t.s = &State{To: in.To}
	default:
		if s == nil {
			return nil, t.out, nil // nothing is waiting and nothing is on its way
		}
	}
	if s != nil {
		t.s = s.Clone()
	}
	switch in := in.(type) {
	case Tell:
		t.tell(in)
	case Withdraw:
		t.withdraw(in.Page)
	case Receipt:
		t.receipt(in)
	case Failed:
		t.failed(in)
	case Alarm:
	default:
		return s, t.out, fmt.Errorf("contact: unknown input %T", in)
	}
	t.pump()
	if len(t.s.Queue)+len(t.s.Flying)+len(t.s.Sent)+len(t.s.Spared) == 0 {
		return nil, t.out, nil
	}
	return t.s, t.out, nil
}

type turn struct {
	sc  plan.Scene
	s   *State
	out fact.Outcome
}

func (t *turn) tell(in Tell) {
	m := in.Message
	if t.knows(m.ID) {
		return // the same message again
	}
	t.note(m, Queue{Notification: m.ID, To: t.s.To, Message: m})
	if len(m.Ends) > 0 && !slices.ContainsFunc(m.Ends, func(id string) bool { return !slices.Contains(t.s.Spared, id) }) {
		t.say(m, "Nothing to take back", fact.Because("never-told", "its page was withdrawn before it left"), Withdrew{Life: t.life(m, 0)})
		return
	}
	t.s.Queue = append(t.s.Queue, Queued{Message: m, Since: t.sc.At})
}

func (t *turn) knows(id string) bool {
	return slices.ContainsFunc(t.s.Queue, func(q Queued) bool { return q.Message.ID == id || slices.Contains(q.Carries, id) }) ||
		slices.ContainsFunc(t.s.Flying, func(f Flight) bool { return f.Message.ID == id || slices.Contains(f.Carries, id) })
}

func (t *turn) withdraw(page string) {
	kept := t.s.Queue[:0]
	for _, q := range t.s.Queue {
		if q.Attempt == 0 && q.Message.Kind == KindPage {
			q = t.unload(q, page)
		}
		if q.Message.Page != page || q.Message.Kind != KindPage || len(q.Carries) > 0 || q.Message.More > 0 {
			kept = append(kept, q)
			continue
		}
		if q.Attempt == 0 {
			t.s.Spared = append(t.s.Spared, q.Message.ID)
		}
		t.say(q.Message, "Withdrawn before it left: "+t.s.To.Contact+t.whose(), fact.Because("answered", "it need not wake anybody any more"), Withdrew{Life: t.life(q.Message, q.Attempt)})
	}
	t.s.Queue = kept
	if extra := len(t.s.Spared) - maxSpared; extra > 0 {
		t.s.Spared = t.s.Spared[extra:]
	}
}

// maxSpared bounds the withdrawn messages that a contact remembers.
const maxSpared = 256

// unload takes a page out of a message that carries it and has not left.
func (t *turn) unload(q Queued, page string) Queued {
	i := slices.Index(q.Message.Pages, page)
	if i < 1 { // not there, or the carrier's own, which keeps its place
		return q
	}
	q = q.loaded()
	m := Message{ID: q.Carries[i-1], Kind: KindPage, Page: page}
	q.Carries = slices.Delete(q.Carries, i-1, i)
	q.Message.Pages = slices.Delete(q.Message.Pages, i, i+1)
	q.Message.Folded = slices.Delete(q.Message.Folded, i, i+1)
	q.Message.Title = q.title()
	if len(q.Carries)+q.Message.More == 0 { // it stands for itself again
		q.Message.Title, q.Message.Pages, q.Message.Folded = q.Message.Folded[0], nil, nil
	}
	t.s.Spared = append(t.s.Spared, m.ID)
	t.say(m, "Withdrawn before it left: "+t.s.To.Contact+t.whose(), fact.Because("answered", "it need not wake anybody any more"), Withdrew{Life: t.life(m, 0)})
	return q
}

// land takes an attempt out of the air; false for one that is not there, which
// is a receipt that came twice.
func (t *turn) land(id string, attempt int) (Queued, bool) {
	i := slices.IndexFunc(t.s.Flying, func(f Flight) bool { return f.Message.ID == id && f.Attempt == attempt })
	if i < 0 {
		return Queued{}, false
	}
	q := t.s.Flying[i].Queued
	t.s.Flying = slices.Delete(t.s.Flying, i, i+1)
	return q, true
}

func (t *turn) receipt(in Receipt) {
	q, ok := t.land(in.ID, in.Attempt)
	if !ok {
		return
	}
	text := "Accepted by " + t.s.To.Contact
	if in.Status == OutcomeDelivered {
		text = "Delivered by " + t.s.To.Contact
	}
	for _, m := range q.all() {
		t.say(m, text+t.whose(), fact.Because("receipt", cmp.Or(in.Detail, "the other side took it")), Arrived{Life: t.life(m, in.Attempt), Status: in.Status, ProviderID: in.ProviderID, Detail: in.Detail})
	}
}

// all are the messages that an attempt stands for.
func (q Queued) all() []Message {
	out := []Message{q.Message}
	for i, id := range q.Carries {
		m := Message{ID: id, Kind: q.Message.Kind}
		if i < len(q.Message.Pages)-1 {
			m.Page = q.Message.Pages[i+1]
		}
		out = append(out, m)
	}
	return out
}

func (t *turn) whose() string {
	if t.s.To.User == "" {
		return ""
	}
	return " of " + t.s.To.User
}

func (t *turn) failed(in Failed) {
	q, ok := t.land(in.ID, in.Attempt)
	if !ok {
		return
	}
	in.Error = cmp.Or(in.Error, "the channel gave no reason")
	again := t.sc.At.Add(pause(q.Message.ID, in.Attempt, in.After))
	giveUp := in.Permanent || again.Sub(q.Since) > patience(q.Message.Kind)
	for _, m := range q.all() {
		if giveUp {
			t.say(m, "Given up: "+t.s.To.Contact+t.whose()+" failed", fact.Because("gave-up", in.Error), GaveUp{Life: t.life(m, in.Attempt), Error: in.Error, Permanent: in.Permanent})
		} else {
			t.say(m, fmt.Sprintf("Attempt %d failed: %s%s, again in %s", in.Attempt, t.s.To.Contact, t.whose(), plan.Duration(again.Sub(t.sc.At).Round(time.Second))),
				fact.Because("attempt-failed", in.Error), Failing{Life: t.life(m, in.Attempt), Error: in.Error, Again: again, First: in.Attempt == 1})
		}
	}
	if !giveUp {
		q.NotYet = again
		t.s.Queue = append(t.s.Queue, q)
	}
}

// pause is how long to wait after a failed attempt: 2 s, doubling to 5 min,
// spread by up to a fifth so that many contacts of one broken provider do not
// return at once. The other side's own wish counts, up to 15 min.
func pause(id string, attempt int, wish time.Duration) time.Duration {
	p := 5 * time.Minute
	if attempt < 8 {
		p = min(p, time.Second<<attempt)
	}
	if wish > 0 {
		return min(wish, 15*time.Minute)
	}
	spread := time.Duration(fact.Hash(id)[12]) % 21
	return p + p*spread/100
}

// patience is how long a message is tried. A page is tried for a day: it is
// withdrawn as soon as somebody answers anyway.
func patience(k Kind) time.Duration {
	if k == KindVerify || k == KindTest {
		return 5 * time.Minute
	}
	return 24 * time.Hour
}

func (t *turn) life(m Message, attempt int) Life {
	return Life{Notification: m.ID, Page: m.Page, Incident: m.Incident, To: t.s.To, Kind: m.Kind, Attempt: attempt}
}

func (t *turn) say(m Message, text string, why fact.Reason, body fact.Body) {
	t.out.Add(fact.Fact{Subject: subject(m, t.s.To), Text: text, Why: why, Body: body})
}

// note records for lists what no timeline needs to say again.
func (t *turn) note(m Message, body fact.Body) {
	t.out.Add(fact.Fact{Subject: subject(m, t.s.To), Why: fact.Because("queued", m.Why), Body: body, Unsaid: true})
}

func subject(m Message, to Ref) string {
	switch {
	case m.Page != "":
		return m.Page
	case m.Incident != "":
		return m.Incident
	}
	return to.String()
}

// usual limits by channel, for contacts that set none: what one person can
// take in and what providers accept. Channels that are not listed are read by
// machines.
var usual = map[string]plan.Limit{
	"email":   {Count: 20, Per: plan.Duration(10 * time.Minute)},
	"ntfy":    {Count: 20, Per: plan.Duration(5 * time.Minute)},
	"webpush": {Count: 20, Per: plan.Duration(5 * time.Minute)},
	"slack":   {Count: 30, Per: plan.Duration(time.Minute)},
	"http":    {Count: 20, Per: plan.Duration(5 * time.Minute)},
}

func limitOf(c *plan.Contact) plan.Limit {
	if c.Limit.Count > 0 && c.Limit.Per > 0 {
		return c.Limit
	}
	return usual[c.Channel]
}

func clip(s string) string { return signal.Truncate(s, 120) }
