package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

func tlsType() Type {
	return Type{
		Name: "tls", Title: "TLS certificate",
		Fields: []Field{
			{Name: "address", Label: "Address", Help: "shop.example.com:443; the port may be left out", Required: true},
			{Name: "server_name", Label: "Server name", Help: "the name to ask for and to verify; empty is the address's host"},
			{Name: "skip_tls_verify", Label: "Accept any issuer and name", Help: "still looks at the expiry", Default: "false"},
			familyField,
		},
		Defaults: []string{"[CERT_EXPIRES] > 14d"},
		read: func(s *settings) look {
			l := &tlsLook{address: s.address("address", "443"), family: s.family(), skipVerify: s.yes("skip_tls_verify", "false")}
			host, _, _ := net.SplitHostPort(l.address)
			l.name = s.or("server_name", host)
			return l
		},
	}
}

type tlsLook struct {
	address, name, family string
	skipVerify            bool
}

func (l *tlsLook) look(ctx context.Context, p *Prober, o *observation) error {
	raw, err := p.dialer().DialContext(ctx, network("tcp", l.family), l.address)
	if err != nil {
		return err
	}
	defer raw.Close()
	o.locked(func() { o.addr, o.sawConnect, o.stage, o.tlsAt = raw.RemoteAddr().String(), true, shaking, time.Now() })
	// Verification comes after the handshake: a certificate that does not
	// verify has an expiry worth telling all the same.
	conn := tls.Client(raw, &tls.Config{ServerName: l.name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}) //nolint:gosec // verified below
	defer conn.Close()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	o.locked(func() { o.phases.TLS = time.Since(o.tlsAt) })
	state := conn.ConnectionState()
	o.set("tls_version", tls.VersionName(state.Version))
	if len(state.PeerCertificates) == 0 {
		o.unmet = "the other side showed no certificate"
		return nil
	}
	leaf := state.PeerCertificates[0]
	o.set("cert_names", names509(leaf))
	o.set("cert_issuer", firstOf(leaf.Issuer.CommonName, leaf.Issuer.String()))
	chains, err := l.verify(p, state.PeerCertificates)
	o.expires = chainEnd(chains, state.PeerCertificates)
	if err != nil && !l.skipVerify {
		text, ok := explainCertificate(err, time.Now())
		if !ok {
			text = "the certificate does not verify: " + err.Error()
		}
		o.unmet = text
	}
	return nil
}

func (l *tlsLook) verify(p *Prober, certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	return certs[0].Verify(x509.VerifyOptions{DNSName: l.name, Roots: p.Roots, Intermediates: between})
}

// chainEnd is when the best chain breaks: the latest, over all chains that
// verify, of the earliest end in the chain. A root's own end does not count,
// since clients carry roots themselves. Without a chain the leaf decides.
func chainEnd(chains [][]*x509.Certificate, presented []*x509.Certificate) time.Time {
	var best time.Time
	for _, chain := range chains {
		var end time.Time
		for i, c := range chain {
			if root := i == len(chain)-1 && i > 0; !root && (end.IsZero() || c.NotAfter.Before(end)) {
				end = c.NotAfter
			}
		}
		if end.After(best) {
			best = end
		}
	}
	if best.IsZero() && len(presented) > 0 {
		best = presented[0].NotAfter
	}
	return best
}
