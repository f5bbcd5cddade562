package shop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certificates are a good one and one that is about to end, both made at
// start and signed by nobody.
type certificates struct{ good, ending tls.Certificate }

func newCertificates(now time.Time) (*certificates, error) {
	var c certificates
	for _, x := range []struct {
		into  *tls.Certificate
		until time.Time
	}{{&c.good, now.Add(90 * 24 * time.Hour)}, {&c.ending, now.Add(3 * 24 * time.Hour)}} {
		made, err := selfSigned(now, x.until)
		if err != nil {
			return nil, err
		}
		*x.into = made
	}
	return &c, nil
}

func selfSigned(now, until time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Tocsin demo shop"},
		NotBefore: now.Add(-time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// config picks the certificate by the mode of the moment.
func (c *certificates) config(mode func() Mode) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if mode() == ExpiringCertificate {
			return &c.ending, nil
		}
		return &c.good, nil
	}}
}
