package signin

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// longestPath bounds a path, so that certificates which sign each other do not lead in circles.
const longestPath = 10

// Path orders certificates as a gateway follows them: the leaf, then each one's issuer as far as others has them, the root last.
func Path(leaf *x509.Certificate, others []*x509.Certificate) []*x509.Certificate {
	path := []*x509.Certificate{leaf}
	for len(path) < longestPath {
		last := path[len(path)-1]
		if SelfSigned(last) {
			break
		}
		next := slices.IndexFunc(others, func(c *x509.Certificate) bool { return signed(last, c) && !slices.ContainsFunc(path, c.Equal) })
		if next < 0 {
			break
		}
		path = append(path, others[next])
	}
	return path
}

// SelfSigned tells a root, which is its own issuer.
func SelfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// signed tells whether the issuer signed the certificate. It takes SHA-1 signatures: what a gateway thinks of them is for the gateway to say.
func signed(c, issuer *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, issuer.RawSubject) && issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// leadsTo tells whether a path ends at one of the roots, whether or not the root itself is in it.
func leadsTo(path, roots []*x509.Certificate) bool {
	whole := Path(path[0], certificate.Add(slices.Clone(path[1:]), roots...))
	return slices.ContainsFunc(whole, func(c *x509.Certificate) bool { return slices.ContainsFunc(roots, c.Equal) })
}

// assemble finds the certificate that belongs to the key and puts its issuers behind it.
func assemble(chain []*x509.Certificate, signer crypto.Signer) (*tls.Certificate, error) {
	leaf := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return sameKey(c.PublicKey, signer.Public()) })
	if leaf < 0 {
		return nil, &CertificateProblem{Kind: ErrKeyMismatch, Subject: nameOf(chain[0])}
	}
	return send(Path(chain[leaf], chain), signer), nil
}

// send is what a client sends of a path: roots are left out, since the gateway has them (RFC 8446 section 4.4.2).
func send(path []*x509.Certificate, signer crypto.Signer) *tls.Certificate {
	certificate := &tls.Certificate{Leaf: path[0], PrivateKey: signer, Certificate: [][]byte{path[0].Raw}}
	for _, issuer := range path[1:] {
		if !SelfSigned(issuer) {
			certificate.Certificate = append(certificate.Certificate, issuer.Raw)
		}
	}
	return certificate
}

// sentPath is what a certificate sends to the gateway, parsed.
func sentPath(certificate *tls.Certificate) ([]*x509.Certificate, error) {
	if certificate.Leaf == nil {
		return nil, &CertificateProblem{Kind: ErrNoCertificate}
	}
	path := []*x509.Certificate{certificate.Leaf}
	for _, raw := range certificate.Certificate[min(1, len(certificate.Certificate)):] {
		parsed, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		path = append(path, parsed)
	}
	return path, nil
}

func sameKey(a, b crypto.PublicKey) bool {
	switch key := a.(type) {
	case *rsa.PublicKey:
		return key.Equal(b)
	case *ecdsa.PublicKey:
		return key.Equal(b)
	case ed25519.PublicKey:
		return key.Equal(b)
	default:
		return false
	}
}
