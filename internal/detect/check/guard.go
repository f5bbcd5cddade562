package check

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Guard refuses addresses that no check should reach. Private networks are
// what checks are for, so they stay open; what is refused is where clouds hand
// out credentials to whoever asks, and the link-local ranges around it. It
// looks at the address that is about to be dialled, after every name look-up
// and every redirect, so a name cannot be turned round between look and dial.
type Guard struct {
	// AllowLinkLocal opens all of it, for the owner of the machine to decide.
	AllowLinkLocal bool
}

// Refused is the guard's answer.
type Refused struct{ Addr netip.Addr }

func (r *Refused) Error() string {
	return fmt.Sprintf("%s is a cloud metadata or link-local address, which checks may not reach", r.Addr)
}

// metadata are the places outside the link-local ranges.
func metadata(a netip.Addr) bool {
	switch a.String() {
	case "fd00:ec2::254", // AWS
		"fd20:ce::254",    // Google
		"100.100.100.200", // Alibaba
		"192.0.0.192",     // Oracle
		"168.63.129.16":   // Azure
		return true
	}
	return false
}

// Refuse returns nil, or a *Refused.
func (g Guard) Refuse(a netip.Addr) error {
	if g.AllowLinkLocal {
		return nil
	}
	a = a.Unmap().WithZone("")
	inner := embedded(a)
	for _, x := range []netip.Addr{a, inner} {
		if x.IsValid() && (x.IsLinkLocalUnicast() || x.IsLinkLocalMulticast() || metadata(x)) {
			return &Refused{Addr: a}
		}
	}
	return nil
}

// embedded is the IPv4 address inside NAT64's well-known prefix and 6to4: a
// gateway would forward there.
func embedded(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return netip.Addr{}
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return netip.Addr{}
}

func (g Guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	return g.Refuse(ap.Addr())
}

// dialer is the only way out of this package.
func (p *Prober) dialer() *net.Dialer {
	return &net.Dialer{Resolver: p.Resolver, ControlContext: p.Guard.control, KeepAlive: -1, FallbackDelay: 300 * time.Millisecond}
}

func (p *Prober) resolver() *net.Resolver {
	if p.Resolver != nil {
		return p.Resolver
	}
	return net.DefaultResolver
}
