package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// behindProxies lets the rest of the house see who asks and not the proxy in
// front: the brake on guessing counts by address, and one proxy is everybody.
// X-Forwarded-For is believed only from the proxies named, and only as far back
// as they themselves wrote it: what stands before was written by a stranger.
func behindProxies(trusted []netip.Prefix, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := forwarded(trusted, r); ok {
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		next.ServeHTTP(w, r)
	})
}

func forwarded(trusted []netip.Prefix, r *http.Request) (client netip.Addr, ok bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !within(trusted, peer.Addr()) {
		return client, false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return client, ok
		}
		client, ok = hop.Unmap().WithZone(""), true
		if !within(trusted, client) {
			return client, true
		}
	}
	return client, ok
}

func within(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// peer is whom the brake on guessing counts: an IPv4 address, or the network
// that an IPv6 customer has whole. A port would make every attempt a new one.
func peer(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
