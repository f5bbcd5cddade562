package check

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	probing "github.com/prometheus-community/pro-bing"

	"tocsin/internal/core/plan"
)

// Where the machine forbids ping the check must say so, and that it is our
// side; where it allows it, loopback answers. Both are right, nothing else is.
func TestICMP(t *testing.T) {
	t.Parallel()
	r := look1(t, &Prober{}, plan.Check{Type: "icmp", Settings: m{"host": "127.0.0.1", "count": "2"}, Conditions: []string{"[CONNECTED] == true", "[PACKET_LOSS] < 100%", "[RESPONSE_TIME] < 1s"}})
	switch {
	case r.OK && r.Values["packet_loss_percent"] == "0" && r.Latency > 0 && r.Values["ip"] == "127.0.0.1":
	case !r.OK && r.Reason == pingForbidden && r.Fault == OurSide:
	default:
		t.Errorf("%+v", r)
	}
}

func TestICMPCounting(t *testing.T) {
	t.Parallel()
	at := &net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}
	for _, tc := range []struct {
		sent, got int
		loss      float64
		err       string
	}{
		{3, 3, 0, ""}, {4, 3, 25, ""}, {3, 4, 0, ""}, {3, 0, 100, "no answer to 3 packets from 192.0.2.1"},
	} {
		o := &observation{}
		err := o.count(&probing.Statistics{PacketsSent: tc.sent, PacketsRecv: tc.got, IPAddr: at, AvgRtt: time.Millisecond})
		if *o.seen.Loss != tc.loss || (err == nil) != (tc.err == "") || (err != nil && err.Error() != tc.err) || o.sawConnect != (tc.got > 0) {
			t.Errorf("%+v: loss %v, %v", tc, *o.seen.Loss, err)
		}
	}
}

func TestICMPPermission(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES} {
		if err := fmt.Errorf("listen: %w", &net.OpError{Op: "listen", Err: os.NewSyscallError("socket", errno)}); !notPermitted(err) {
			t.Errorf("%v is not seen as a missing permission", err)
		}
	}
	if !strings.Contains(pingForbidden, "CAP_NET_RAW") || notPermitted(nil) || notPermitted(syscall.ENETUNREACH) {
		t.Error("the hint or the test of permission is wrong")
	}
}
