package check

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

type m = map[string]string

func TestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, field, why string
		check            plan.Check
	}{
		{"unknown type", "type", "http, tcp, dns, tls, icmp", plan.Check{Type: "gopher"}},
		{"no timeout", "timeout", "above zero", plan.Check{Type: "http", Settings: m{"url": "http://x"}, Timeout: -1}},
		{"no url", "settings.url", "needs this", plan.Check{Type: "http"}},
		{"no scheme", "settings.url", "http://", plan.Check{Type: "http", Settings: m{"url": "x.example/y"}}},
		{"ftp", "settings.url", "http://", plan.Check{Type: "http", Settings: m{"url": "ftp://x"}}},
		{"no host", "settings.url", "no host", plan.Check{Type: "https", Settings: m{"url": "https:///x"}}},
		{"password in url", "settings.url", "authorization", plan.Check{Type: "http", Settings: m{"url": "http://a:b@x"}}},
		{"misspelt", "settings.ulr", "no such setting", plan.Check{Type: "http", Settings: m{"url": "http://x", "ulr": "y"}}},
		{"method", "settings.method", "one of", plan.Check{Type: "http", Settings: m{"url": "http://x", "method": "BREW"}}},
		{"switch", "settings.follow_redirects", "true or false", plan.Check{Type: "http", Settings: m{"url": "http://x", "follow_redirects": "yes"}}},
		{"header", "settings.headers", "Name: value", plan.Check{Type: "http", Settings: m{"url": "http://x", "headers": "A: b\nnonsense"}}},
		{"body size", "settings.max_body", "whole number", plan.Check{Type: "http", Settings: m{"url": "http://x", "max_body": "999999999"}}},
		{"condition", "conditions[1]", "position 2", plan.Check{Type: "http", Settings: m{"url": "http://x"}, Conditions: []string{"[STATUS] == 200", "[STATE] == 1"}}},
		{"tcp without port", "settings.address", "host:port", plan.Check{Type: "tcp", Settings: m{"address": "db"}}},
		{"tcp port", "settings.address", "65535", plan.Check{Type: "tcp", Settings: m{"address": "db:70000"}}},
		{"tcp url", "settings.address", "host", plan.Check{Type: "tcp", Settings: m{"address": "http://db:80"}}},
		{"dns type", "settings.type", "one of", plan.Check{Type: "dns", Settings: m{"name": "x", "type": "ANY"}}},
		{"dns name", "settings.name", "domain name", plan.Check{Type: "dns", Settings: m{"name": "a..b"}}},
		{"dns transport", "settings.transport", "one of", plan.Check{Type: "dns", Settings: m{"name": "x", "transport": "doh"}}},
		{"icmp count", "settings.count", "1 to 10", plan.Check{Type: "icmp", Settings: m{"host": "x", "count": "0"}}},
		{"icmp url", "settings.host", "not a host", plan.Check{Type: "icmp", Settings: m{"host": "http://x"}}},
		{"family", "settings.ip", "any, 4, 6", plan.Check{Type: "icmp", Settings: m{"host": "x", "ip": "5"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := tc.check
			if c.Timeout == 0 {
				c.Timeout = plan.Duration(time.Second)
			}
			var refused *fact.Refused
			if err := Check(c); !errors.As(err, &refused) || refused.Field != tc.field || !strings.Contains(refused.Why, tc.why) {
				t.Errorf("got %#v, want field %q with %q", err, tc.field, tc.why)
			}
		})
	}
}

func TestEveryTypeDescribesItselfAndItsDefaultsParse(t *testing.T) {
	t.Parallel()
	sample := map[string]m{
		"http": {"url": "http://x"}, "tcp": {"address": "x:1"}, "dns": {"name": "x"}, "tls": {"address": "x"}, "icmp": {"host": "x"},
	}
	for _, ty := range Types() {
		ready, err := NewTarget(plan.Check{Type: ty.Name, Settings: sample[ty.Name], Timeout: plan.Duration(time.Second)})
		if err != nil || len(ready.Conditions()) != len(ty.Defaults) || ty.Title == "" {
			t.Errorf("%s: %v, %v", ty.Name, err, ready.Conditions())
		}
		seen := map[string]bool{}
		for _, f := range ty.Fields {
			if f.Name == "" || f.Label == "" || seen[f.Name] {
				t.Errorf("%s: field %+v", ty.Name, f)
			}
			seen[f.Name] = true
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for addr, refused := range map[string]bool{
		"169.254.169.254": true, "169.254.1.1": true, "fd00:ec2::254": true, "fe80::1%eth0": true, "::ffff:169.254.169.254": true,
		"64:ff9b::a9fe:a9fe": true, "2002:a9fe:a9fe::1": true, "100.100.100.200": true, "fd20:ce::254": true, "ff02::1": true,
		"10.0.0.1": false, "127.0.0.1": false, "192.168.1.1": false, "fd00::1": false, "::1": false, "192.0.2.1": false, "64:ff9b::a00:1": false,
	} {
		err := Guard{}.Refuse(netip.MustParseAddr(addr))
		if (err != nil) != refused {
			t.Errorf("%s: %v, want refused %v", addr, err, refused)
		}
		if err := (Guard{AllowLinkLocal: true}).Refuse(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s allowed: %v", addr, err)
		}
	}
}

// No type may have a way round the guard.
func TestEveryTypeIsGuarded(t *testing.T) {
	t.Parallel()
	const meta = "169.254.169.254"
	for _, c := range []plan.Check{
		{Type: "http", Settings: m{"url": "http://" + meta + "/latest/meta-data/"}},
		{Type: "tcp", Settings: m{"address": meta + ":80"}},
		{Type: "tls", Settings: m{"address": meta}},
		{Type: "dns", Settings: m{"name": "x.example", "server": meta}},
		{Type: "icmp", Settings: m{"host": meta}},
		// A refusal does not pass as "closed, as expected".
		{Type: "tcp", Settings: m{"address": meta + ":80"}, Conditions: []string{"[CONNECTED] == false"}},
	} {
		r := look1(t, &Prober{}, c)
		if r.OK || !strings.Contains(r.Reason, "cloud metadata") || r.Fault != OurSide {
			t.Errorf("%s: %+v", c.Type, r)
		}
	}
}

type panicky struct{}

func (panicky) look(context.Context, *Prober, *observation) error { panic("odd answer") }

func TestAPanicCostsOneResult(t *testing.T) {
	t.Parallel()
	r := (&Prober{}).Probe(t.Context(), Target{timeout: time.Second, look: panicky{}})
	if r.OK || r.Fault != OurSide || !strings.Contains(r.Reason, "odd answer") {
		t.Errorf("%+v", r)
	}
	if r := (&Prober{}).Probe(t.Context(), Target{}); r.OK || r.Reason == "" {
		t.Errorf("zero target: %+v", r)
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	var r Registry
	for _, name := range r.Names() {
		main := r.Main(name)
		c := plan.Check{Type: name, Timeout: plan.Duration(time.Second), Settings: m{main: "http://shop.example:80"}}
		if name != "http" && name != "https" {
			c.Settings[main] = "shop.example:80"
		}
		if name == "dns" || name == "icmp" {
			c.Settings[main] = "shop.example"
		}
		if err := r.Check(c); main == "" || len(r.Fields(name)) == 0 || err != nil {
			t.Errorf("%s: main setting %q, %v", name, main, err)
		}
	}
	if r.Main("gopher") != "" || r.Fields("gopher") != nil || r.Check(plan.Check{Type: "gopher"}) == nil {
		t.Error("an unknown type is known")
	}
}

// Settings come from people: whatever they write is refused or makes a look
// that describes itself, and never panics.
func FuzzSettings(f *testing.F) {
	f.Add("http", "http://x", "A: b", "any")
	f.Add("tcp", "[::1]:80", "", "4")
	f.Add("tls", "::1", "", "6")
	f.Add("dns", "a..b", "1.1.1.1", "x")
	f.Add("icmp", "host", "", "")
	f.Fuzz(func(t *testing.T, kind, main, other, family string) {
		var r Registry
		settings := m{r.Main(kind): main, "ip": family}
		for _, field := range r.Fields(kind) {
			if !field.Required && field.Name != "ip" && len(other) > 0 && other[0]%3 == field.Name[0]%3 {
				settings[field.Name] = other
			}
		}
		target, err := NewTarget(plan.Check{Type: kind, Settings: settings, Timeout: 1})
		var refused *fact.Refused
		if err == nil && len(target.Conditions()) == 0 || err != nil && (!errors.As(err, &refused) || refused.Field == "" || refused.Why == "") {
			t.Fatalf("%q %v: %v", kind, settings, err)
		}
	})
}
