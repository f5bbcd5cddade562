package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestPeerForgetsThePort(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.7:40001":                 "192.0.2.7",
		"[::ffff:192.0.2.7]:40001":        "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:40001":    "2001:db8:1:2::/64",
		"[fe80::1%eth0]:40001":            "fe80::/64",
		"no address, as a unix socket is": "no address, as a unix socket is",
	} {
		if got := peer(remote); got != want {
			t.Errorf("peer(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestForwardedForIsBelievedOfNamedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, x := range map[string]struct {
		remote string
		header []string
		want   string
	}{
		"a stranger says where he comes from":           {"192.0.2.7:1", []string{"198.51.100.1"}, "192.0.2.7:1"},
		"the proxy says who asks":                       {"10.0.0.1:1", []string{"192.0.2.7"}, "192.0.2.7:0"},
		"what a stranger wrote before is not looked at": {"10.0.0.1:1", []string{"198.51.100.1, 192.0.2.7"}, "192.0.2.7:0"},
		"two proxies of ours":                           {"[::1]:1", []string{"198.51.100.1, 192.0.2.7, 10.0.0.9"}, "192.0.2.7:0"},
		"in two headers":                                {"10.0.0.1:1", []string{"198.51.100.1", "192.0.2.7"}, "192.0.2.7:0"},
		"the proxy wrote nothing":                       {"10.0.0.1:1", nil, "10.0.0.1:1"},
		"nonsense":                                      {"10.0.0.1:1", []string{"192.0.2.7, unknown"}, "10.0.0.1:1"},
		"ours only":                                     {"10.0.0.1:1", []string{"10.0.0.5"}, "10.0.0.5:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = x.remote
			r.Header["X-Forwarded-For"] = x.header
			got := ""
			behindProxies(trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
			if got != x.want {
				t.Errorf("seen as %s, want %s", got, x.want)
			}
		})
	}
}
