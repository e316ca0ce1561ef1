// Package pki makes the certificates that a lab's gateway and its clients need, the good ones and those that must be refused.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"time"
)

// KeyType is the kind of key in a certificate.
type KeyType int

// The kinds of keys. RSA is what Azure's gateways have and what their TLS 1.2 suites need.
const (
	RSA     KeyType = iota // 2048 bits
	ECDSA                  // P-256
	Ed25519                // TLS 1.3 and 1.2; Debian's OpenVPN reads it too
)

// NewKey makes a private key.
func (k KeyType) NewKey() (crypto.Signer, error) {
	switch k {
	case RSA:
		return rsa.GenerateKey(rand.Reader, 2048)
	case ECDSA:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("make key: no key type %d", k)
}

// Authority is a certificate authority.
type Authority struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	issuers     []*x509.Certificate // of an intermediate: itself and those above it, the root excepted
}

// NewRoot makes a self-signed root that is valid for ten years.
func NewRoot(commonName string, key KeyType) (*Authority, error) {
	return newAuthority(commonName, key, nil)
}

// NewIntermediate makes an authority below a.
func (a *Authority) NewIntermediate(commonName string, key KeyType) (*Authority, error) {
	return newAuthority(commonName, key, a)
}

func newAuthority(commonName string, keyType KeyType, parent *Authority) (*Authority, error) {
	template, err := newTemplate(commonName)
	if err != nil {
		return nil, fmt.Errorf("make authority %q: %w", commonName, err)
	}
	template.NotAfter = time.Now().AddDate(10, 0, 0)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	certificate, key, err := sign(template, keyType, parent)
	if err != nil {
		return nil, fmt.Errorf("make authority %q: %w", commonName, err)
	}
	authority := &Authority{Certificate: certificate, Key: key}
	if parent != nil {
		authority.issuers = append([]*x509.Certificate{certificate}, parent.issuers...)
	}
	return authority, nil
}

// Request describes a certificate to issue.
type Request struct {
	CommonName string
	DNSNames   []string
	Addresses  []netip.Addr
	Key        KeyType
	Usage      []x509.ExtKeyUsage // none: any purpose
	NotBefore  time.Time          // zero: an hour ago
	NotAfter   time.Time          // zero: a year after now
}

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(request Request) (*Identity, error) {
	template, err := newTemplate(request.CommonName)
	if err != nil {
		return nil, fmt.Errorf("issue certificate for %q: %w", request.CommonName, err)
	}
	if !request.NotBefore.IsZero() {
		template.NotBefore = request.NotBefore
	}
	if !request.NotAfter.IsZero() {
		template.NotAfter = request.NotAfter
	}
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	template.ExtKeyUsage = request.Usage
	template.DNSNames = request.DNSNames
	for _, address := range request.Addresses {
		template.IPAddresses = append(template.IPAddresses, net.IP(address.AsSlice()))
	}
	certificate, key, err := sign(template, request.Key, a)
	if err != nil {
		return nil, fmt.Errorf("issue certificate for %q: %w", request.CommonName, err)
	}
	return &Identity{Certificate: certificate, Intermediates: a.issuers, Key: key}, nil
}

// NewRevocationList makes the authority's list of certificates that it has revoked, PEM.
func (a *Authority) NewRevocationList(revoked ...*x509.Certificate) ([]byte, error) {
	now := time.Now()
	template := &x509.RevocationList{Number: big.NewInt(now.UnixNano()), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.AddDate(1, 0, 0)}
	for _, certificate := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: certificate.SerialNumber, RevocationTime: now.Add(-time.Minute)})
	}
	list, err := x509.CreateRevocationList(rand.Reader, template, a.Certificate, a.Key)
	if err != nil {
		return nil, fmt.Errorf("make revocation list of %q: %w", a.Certificate.Subject.CommonName, err)
	}
	return encode("X509 CRL", list), nil
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return encode(certificateBlock, a.Certificate.Raw) }

// Pool holds the authority's certificate, for crypto/tls.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	return pool
}

func newTemplate(commonName string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
	}, nil
}

// sign makes a key and a certificate for it that parent signs, or the key itself where there is no parent.
func sign(template *x509.Certificate, keyType KeyType, parent *Authority) (*x509.Certificate, crypto.Signer, error) {
	key, err := keyType.NewKey()
	if err != nil {
		return nil, nil, err
	}
	issuer, issuerKey := template, key
	if parent != nil {
		issuer, issuerKey = parent.Certificate, parent.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}
