package controlchannel_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"
)

// start is when the clock of every test begins.
var start = time.Unix(1_800_000_000, 0)

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pool        *x509.CertPool
}

func newAuthority(t testing.TB, at time.Time) *authority {
	t.Helper()
	key := ecdsaKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"},
		NotBefore: at.Add(-48 * time.Hour), NotAfter: at.Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{certificate: sign(t, template, template, key.Public(), key), key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(a.certificate)
	return a
}

// issue makes a leaf for key that is valid from before at for an hour.
func (a *authority) issue(t testing.TB, name string, key crypto.Signer, at time.Time) tls.Certificate {
	t.Helper()
	leaf := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func ecdsaKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rsaKey is one key for all tests, since it takes long to make.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// identities are configurations of a client and a server that accept each other.
func identities(t testing.TB) (client, server *tls.Config) {
	t.Helper()
	root := newAuthority(t, start)
	client = &tls.Config{RootCAs: root.pool, ServerName: "gateway", Certificates: []tls.Certificate{root.issue(t, "laptop", ecdsaKey(t), start)}}
	server = &tls.Config{ClientCAs: root.pool, ClientAuth: tls.RequireAndVerifyClientCert, Certificates: []tls.Certificate{root.issue(t, "gateway", ecdsaKey(t), start)}}
	return client, server
}
