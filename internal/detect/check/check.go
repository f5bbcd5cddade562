package check

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check/condition"
)

// Field describes one setting of a type, for forms, docs and checks.
type Field struct {
	Name     string // key in plan.Check.Settings
	Label    string
	Help     string
	Default  string
	Required bool
	Secret   bool // may hold env:NAME or file:PATH; never shown, never exported
}

// Type is one kind of check.
type Type struct {
	Name  string // plan.Check.Type
	Title string
	// Fields lists the settings in the order of a form.
	Fields []Field
	// Defaults are the conditions of a check that names none.
	Defaults []string
	// read builds the look; its mistakes collect in the settings.
	read func(s *settings) look
}

// look makes one attempt. The error is why there was no connection, or no
// answer over it; what was seen before goes into o either way.
type look interface {
	look(ctx context.Context, p *Prober, o *observation) error
}

// Types lists the kinds of check. A new kind is its own file and a line here.
func Types() []Type {
	return []Type{httpType(), tcpType(), dnsType(), tlsType(), icmpType()}
}

// find knows "https" as another name of http, since people write both.
func find(name string) (Type, bool) {
	if name == "https" {
		name = "http"
	}
	for _, t := range Types() {
		if t.Name == name {
			return t, true
		}
	}
	return Type{}, false
}

// Target is a check made ready: settings read, conditions parsed. The zero
// Target cannot be probed; NewTarget makes one.
type Target struct {
	timeout    time.Duration
	conditions []condition.Condition
	look       look
}

// Timeout bounds one probe.
func (t Target) Timeout() time.Duration { return t.timeout }

// Conditions are the lines that decide, defaults included.
func (t Target) Conditions() []string {
	out := make([]string, len(t.conditions))
	for i, c := range t.conditions {
		out[i] = c.String()
	}
	return out
}

// Check says what is wrong with a check's type, settings, timeout or
// conditions, naming the field; nil is good.
func Check(c plan.Check) error {
	_, err := NewTarget(c)
	return err
}

// NewTarget makes a check ready for Probe. Its error is a *fact.Refused whose
// field is relative to the check: "settings.url".
func NewTarget(c plan.Check) (Target, error) {
	t, ok := find(c.Type)
	if !ok {
		return Target{}, fact.Refuse("invalid", "type", fmt.Sprintf("no check type is called %q; there are %s", c.Type, strings.Join(names(), ", ")))
	}
	if c.Timeout <= 0 {
		return Target{}, fact.Refuse("invalid", "timeout", "a check needs a timeout above zero")
	}
	s := &settings{values: c.Settings}
	l := t.read(s)
	if err := s.finish(t); err != nil {
		return Target{}, err
	}
	lines := c.Conditions
	if len(lines) == 0 {
		lines = t.Defaults
	}
	target := Target{timeout: c.Timeout.Std(), look: l}
	for i, line := range lines {
		parsed, err := condition.Parse(line)
		if err != nil {
			return Target{}, fact.Refuse("invalid", fmt.Sprintf("conditions[%d]", i), err.Error())
		}
		target.conditions = append(target.conditions, parsed)
	}
	return target, nil
}

func names() []string {
	var out []string
	for _, t := range Types() {
		out = append(out, t.Name)
	}
	return out
}

// Fault says on whose side a failure lies, so that a broken vantage point is
// not taken for a hundred broken targets.
type Fault string

// The faults. None goes with a result that is good.
const (
	None       Fault = ""
	TargetSide Fault = "target"
	OurSide    Fault = "ours" // resolver silent, no route, no file handles, no permission
)

// Phases are the parts of Latency. Zero means that the phase did not happen.
type Phases struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration
}

// Result is what one look found.
type Result struct {
	OK bool
	// Reason is a sentence part, empty when OK: "[STATUS] == 200 is false: 503".
	Reason string
	Fault  Fault
	// Status is the HTTP status code, 0 where there is none.
	Status int
	// Values are the figures as text, by name: "status", "ip", "connect_ms".
	Values  map[string]string
	Latency time.Duration
	Phases  Phases
	// CertExpires is when the certificate chain ends; zero without one.
	CertExpires time.Time
	// Output is the start of what the other side said, at most MaxOutput runes.
	Output string
}

// MaxOutput bounds Result.Output in runes.
const MaxOutput = 1000

// Prober makes looks. The zero Prober is ready; it is used by many goroutines.
type Prober struct {
	Guard Guard
	// Resolver finds addresses; nil is the system's.
	Resolver *net.Resolver
	// Roots are the certificate authorities to trust; nil is the system's.
	Roots *x509.CertPool
	// UserAgent is what web checks call themselves; empty is DefaultUserAgent.
	UserAgent string
	// Secret reads "env:NAME" and "file:PATH". Nil refuses references.
	Secret func(reference string) (string, error)
}

// DefaultUserAgent is what web checks call themselves.
const DefaultUserAgent = "Tocsin-Check/1"

// Probe looks once, within the target's timeout. It never panics and always
// returns a Result.
func (p *Prober) Probe(ctx context.Context, t Target) (r Result) {
	if t.look == nil {
		return Result{Reason: "the check was never made ready", Fault: OurSide}
	}
	// A malformed answer that trips a parser must cost one result, not the pager.
	defer func() {
		if bad := recover(); bad != nil {
			r = Result{Reason: fmt.Sprintf("the probe itself broke: %v", bad), Fault: OurSide}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	o := &observation{start: time.Now()}
	err := t.look.look(o.traced(ctx), p, o)
	return o.result(ctx, t, err)
}
