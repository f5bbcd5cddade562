package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	probing "github.com/prometheus-community/pro-bing"
)

func icmpType() Type {
	return Type{
		Name: "icmp", Title: "Ping (ICMP echo)",
		Fields: []Field{
			{Name: "host", Label: "Host", Help: "a name or an IP address", Required: true},
			{Name: "count", Label: "Packets", Help: "1 to 10; one answer is enough unless a condition looks at [PACKET_LOSS]", Default: "3"},
			familyField,
		},
		Defaults: []string{"[CONNECTED] == true"},
		read: func(s *settings) look {
			l := &icmpLook{host: s.trimmed("host"), family: s.family(), count: s.number("count", bounds{fallback: 3, least: 1, most: 10})}
			if strings.ContainsAny(l.host, " /@?#") || strings.Contains(l.host, "://") {
				s.fail("host", "%q is not a host name or an IP address", l.host)
			}
			return l
		},
	}
}

// between is the pause between the packets of one look.
const between = 100 * time.Millisecond

type icmpLook struct {
	host, family string
	count        int
}

func (l *icmpLook) look(ctx context.Context, p *Prober, o *observation) error {
	addr, err := l.resolve(ctx, p, o)
	if err != nil {
		return err
	}
	if err := p.Guard.Refuse(addr); err != nil {
		return err
	}
	o.locked(func() { o.addr, o.stage = addr.String(), "" })
	stats, err := l.ping(ctx, addr, unprivileged)
	if notPermitted(err) {
		if stats, err = l.ping(ctx, addr, privileged); notPermitted(err) {
			return &trouble{text: pingForbidden, fault: OurSide}
		}
	}
	if err != nil && stats.PacketsSent == 0 {
		return fmt.Errorf("ping %s: %w", addr, err)
	}
	return o.count(stats)
}

// count turns a ping's statistics into what was seen.
func (o *observation) count(stats *probing.Statistics) error {
	loss := 100 * (1 - float64(stats.PacketsRecv)/float64(max(stats.PacketsSent, 1)))
	loss = max(0, loss) // duplicates count as received
	o.seen.Loss = &loss
	o.set("packet_loss_percent", strconv.FormatFloat(loss, 'f', -1, 64))
	if stats.PacketsRecv == 0 {
		return &trouble{text: fmt.Sprintf("no answer to %d packets from %s", stats.PacketsSent, stats.IPAddr), fault: TargetSide}
	}
	o.latency = stats.AvgRtt
	o.locked(func() { o.sawConnect = true })
	return nil
}

func (l *icmpLook) resolve(ctx context.Context, p *Prober, o *observation) (netip.Addr, error) {
	if a, err := netip.ParseAddr(l.host); err == nil {
		return a, nil
	}
	o.enter(looking)
	addrs, err := p.resolver().LookupNetIP(ctx, network("ip", l.family), l.host)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(addrs) == 0 {
		return netip.Addr{}, &trouble{text: "the name " + l.host + " has no address", fault: TargetSide}
	}
	return addrs[0].Unmap(), nil
}

// privilege is how the socket is opened: a datagram socket that the kernel
// grants to groups in net.ipv4.ping_group_range, or a raw one that needs
// CAP_NET_RAW.
type privilege int

const (
	unprivileged privilege = iota
	privileged
)

const pingForbidden = "ping is not permitted here: let the group of this process into net.ipv4.ping_group_range, or give the binary CAP_NET_RAW"

func (l *icmpLook) ping(ctx context.Context, addr netip.Addr, how privilege) (*probing.Statistics, error) {
	pinger := probing.New(addr.String())
	pinger.SetIPAddr(&net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	pinger.SetPrivileged(how == privileged)
	pinger.SetLogger(probing.NoopLogger{})
	pinger.Count, pinger.Interval, pinger.RecordRtts, pinger.RecordTTLs = l.count, between, false, false
	if at, ok := ctx.Deadline(); ok {
		// Ends just before ctx, so that the answers so far are counted.
		pinger.Timeout = max(time.Until(at)-5*time.Millisecond, time.Millisecond)
	}
	err := pinger.RunWithContext(ctx)
	return pinger.Statistics(), err
}

func notPermitted(err error) bool { return err != nil && errors.Is(err, os.ErrPermission) }
