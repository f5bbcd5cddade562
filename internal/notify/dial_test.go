package notify_test

import (
	"context"
	"net"
)

func (d *dialTo) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "udp", d.address)
}
