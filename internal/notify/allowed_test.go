package notify

import (
	"errors"
	"net/netip"
	"testing"
)

// The system may hand an IPv4 address over in its IPv6 form, or with a zone.
func TestAllowedSeesThroughForms(t *testing.T) {
	t.Parallel()
	inside := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	cases := []struct {
		network, address string
		allow            []netip.Prefix
		ok               bool
	}{
		{"tcp4", "1.1.1.1:443", nil, true},
		{"tcp6", "[2606:4700:4700::1111]:443", nil, true},
		{"tcp6", "[::ffff:1.1.1.1]:443", nil, true},
		{"tcp6", "[::ffff:127.0.0.1]:80", nil, false},
		{"tcp6", "[::ffff:169.254.169.254]:80", nil, false},
		{"tcp6", "[::ffff:10.2.3.4]:80", inside, true},
		{"tcp6", "[fe80::1%eth0]:80", nil, false},
		{"tcp6", "[fe80::1%eth0]:80", inside, true},
		{"tcp4", "10.2.3.4:80", inside, true},
		{"tcp4", "192.168.0.1:80", inside, false},
		{"udp4", "1.1.1.1:53", nil, false},
		{"unix", "/run/docker.sock", nil, false},
		{"tcp4", "example.com:80", nil, false},
		{"tcp4", "", nil, false},
	}
	for _, tc := range cases {
		err := allowed(tc.network, tc.address, tc.allow)
		if (err == nil) != tc.ok || (err != nil && !errors.Is(err, ErrForbidden)) {
			t.Errorf("%s %s with %v: %v", tc.network, tc.address, tc.allow, err)
		}
	}
}
