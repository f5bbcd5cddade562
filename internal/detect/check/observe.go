package check

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/internal/core/signal"
	"tocsin/internal/detect/check/condition"
)

// observation gathers what one look sees. Dial callbacks may still run after a
// look has given up, hence the lock around what they write.
type observation struct {
	start time.Time
	seen  condition.Seen
	// unmet is what a setting asked for and the answer did not give.
	unmet string
	// values are the type's own figures.
	values map[string]string
	// expires is the end of the certificate chain.
	expires time.Time
	// latency, if set, is a better measure than the whole look (a ping's).
	latency time.Duration

	mu         sync.Mutex
	phases     Phases
	stage      string
	addr       string
	dnsAt      time.Time
	connectAt  time.Time
	tlsAt      time.Time
	writtenAt  time.Time
	sawConnect bool
}

// The stages that a timeout can name.
const (
	looking    = "while looking up the name"
	connecting = "while connecting"
	shaking    = "during the TLS handshake"
	waiting    = "waiting for the first byte"
	reading    = "while reading the answer"
)

func (o *observation) enter(stage string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stage = stage
}

func (o *observation) set(name, value string) {
	if o.values == nil {
		o.values = map[string]string{}
	}
	o.values[name] = value
}

// locked turns a callback into one that holds the lock.
func (o *observation) locked(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

// traced makes every dial and every request under ctx report its phases.
func (o *observation) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) {
			o.locked(func() { o.dnsAt, o.stage = time.Now(), looking })
		},
		DNSDone: func(httptrace.DNSDoneInfo) {
			o.locked(func() { o.phases.DNS += time.Since(o.dnsAt) })
		},
		ConnectStart: func(string, string) {
			o.locked(func() { o.connectAt, o.stage = time.Now(), connecting })
		},
		ConnectDone: func(_, addr string, err error) {
			o.locked(func() {
				o.phases.Connect = time.Since(o.connectAt)
				if o.addr = addr; err == nil {
					o.sawConnect = true
				}
			})
		},
		TLSHandshakeStart: func() { o.locked(func() { o.tlsAt, o.stage = time.Now(), shaking }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			o.locked(func() { o.phases.TLS += time.Since(o.tlsAt) })
		},
		GotConn: func(i httptrace.GotConnInfo) {
			o.locked(func() { o.addr, o.stage = i.Conn.RemoteAddr().String(), waiting })
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { o.locked(func() { o.writtenAt = time.Now() }) },
		GotFirstResponseByte: func() {
			o.locked(func() {
				o.stage = reading
				if !o.writtenAt.IsZero() {
					o.phases.FirstByte += time.Since(o.writtenAt)
				}
			})
		},
	})
}

// result judges what was seen.
func (o *observation) result(ctx context.Context, t Target, err error) Result {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.latency == 0 {
		o.latency = now.Sub(o.start)
	}
	if o.addr != "" {
		o.seen.IP = hostOf(o.addr)
	}
	o.seen.Connected = o.seen.Connected || o.sawConnect
	o.seen.ResponseTime = o.latency
	if !o.expires.IsZero() {
		left := o.expires.Sub(now)
		o.seen.CertLeft = &left
	}
	r := Result{
		Status: o.seen.Status, Latency: o.latency, Phases: o.phases, CertExpires: o.expires,
		Output: signal.Truncate(signal.CleanText(head(o.seen.Body)), MaxOutput),
	}
	r.Reason, r.Fault = o.judge(ctx, t, err)
	r.OK = r.Reason == ""
	r.Values = o.figures(r)
	return r
}

// head bounds the text before the rune-wise cut looks at it.
func head(s string) string { return s[:min(len(s), 4*MaxOutput)] }

// judge asks the conditions. A look that got no answer fails whatever they
// say, unless one of them is about being connected: "[CONNECTED] == false" is
// how to watch that a port stays closed.
func (o *observation) judge(ctx context.Context, t Target, err error) (string, Fault) {
	trouble, fault := "", None
	if err != nil {
		trouble, fault = explain(ctx, o, t, err)
	}
	aboutConnection := false
	for _, c := range t.conditions {
		aboutConnection = aboutConnection || c.About("CONNECTED")
	}
	// A fault of ours proves nothing about the target, not even that it is
	// closed; and trouble after connecting is not about the connection.
	if trouble != "" && (!aboutConnection || fault == OurSide || o.seen.Connected) {
		return trouble, fault
	}
	var failed []string
	for _, c := range t.conditions {
		if held, actual := c.Eval(&o.seen); !held {
			failed = append(failed, c.Explain(actual))
		}
	}
	if o.unmet != "" {
		failed = append(failed, o.unmet)
	}
	if len(failed) == 0 {
		return "", None
	}
	reason := strings.Join(failed, "; ")
	if trouble != "" {
		reason += " (" + trouble + ")"
	}
	return reason, TargetSide
}

func (o *observation) figures(r Result) map[string]string {
	v := map[string]string{"response_time_ms": millis(r.Latency), "connected": strconv.FormatBool(o.seen.Connected)}
	maps.Copy(v, o.values)
	for _, p := range []struct {
		name string
		took time.Duration
	}{{"dns_ms", r.Phases.DNS}, {"connect_ms", r.Phases.Connect}, {"tls_ms", r.Phases.TLS}, {"first_byte_ms", r.Phases.FirstByte}} {
		if p.took > 0 {
			v[p.name] = millis(p.took)
		}
	}
	if r.Status != 0 {
		v["status"] = strconv.Itoa(r.Status)
	}
	if o.seen.IP != "" {
		v["ip"] = o.seen.IP
	}
	if !r.CertExpires.IsZero() {
		v["cert_expires"] = r.CertExpires.UTC().Format(time.RFC3339)
	}
	if r.Fault != None {
		v["fault"] = string(r.Fault)
	}
	return v
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', -1, 64)
}

func hostOf(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		return ap.Addr().Unmap().String()
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
