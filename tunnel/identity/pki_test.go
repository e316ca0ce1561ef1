package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// fixedNow is the time in every test, so that none of them ages.
var fixedNow = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var serials atomic.Int64

// authority is a certificate that signs others, or a server's.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// template is a certificate's contents before it is signed.
type template = func(*x509.Certificate)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate for a key.
func sign(t testing.TB, key *ecdsa.PrivateKey, name string, issuer *authority, changes ...template) authority {
	t.Helper()
	contents := &x509.Certificate{SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: fixedNow.AddDate(-1, 0, 0), NotAfter: fixedNow.AddDate(1, 0, 0), BasicConstraintsValid: true}
	for _, change := range changes {
		change(contents)
	}
	parent, signer := contents, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, contents, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func isCA(c *x509.Certificate) {
	c.IsCA = true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

func isServer(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

func alternativeNames(names ...string) template {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

func validity(from, to time.Time) template {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

func usages(usages ...x509.ExtKeyUsage) template {
	return func(c *x509.Certificate) { c.ExtKeyUsage = usages }
}

// pki is two generations of roots with an intermediate that both signed, as while a root is being replaced.
type pki struct {
	oldRoot, newRoot authority
	crossRoot        authority // the new root's key, signed by the old root
	issuing          authority // signed by the new root
	strangeRoot      authority
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{}
	p.oldRoot = sign(t, newKey(t), "Example Global Root CA", nil, isCA)
	p.newRoot = sign(t, newKey(t), "Example Global Root G2", nil, isCA)
	p.crossRoot = sign(t, p.newRoot.key, "Example Global Root G2", &p.oldRoot, isCA)
	p.issuing = sign(t, newKey(t), "Example Issuing CA 1", &p.newRoot, isCA)
	p.strangeRoot = sign(t, newKey(t), "Strange Root", nil, isCA)
	return p
}

// server makes a certificate of the issuing authority.
func (p *pki) server(t testing.TB, name string, changes ...template) authority {
	return sign(t, newKey(t), name, &p.issuing, append([]template{isServer}, changes...)...)
}

func (p *pki) revocationList(t testing.TB, issuer authority, next time.Time, serials ...*big.Int) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: fixedNow.AddDate(0, -1, 0), NextUpdate: next}
	for _, serial := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: fixedNow.AddDate(0, -2, 0)})
	}
	raw, err := x509.CreateRevocationList(rand.Reader, list, issuer.certificate, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: raw})
}

func chainOf(authorities ...authority) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, a := range authorities {
		chain = append(chain, a.certificate)
	}
	return chain
}

func tlsCertificate(authorities ...authority) *tls.Certificate {
	certificate := &tls.Certificate{PrivateKey: authorities[0].key}
	for _, a := range authorities {
		certificate.Certificate = append(certificate.Certificate, a.certificate.Raw)
	}
	return certificate
}

// shake runs a TLS handshake over a pipe and returns what each side says of it.
func shake(client, server *tls.Config) (clientState, serverState tls.ConnectionState, clientErr, serverErr error) {
	a, b := net.Pipe()
	clientConn, serverConn := tls.Client(a, client), tls.Server(b, server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		serverErr = serverConn.Handshake()
		serverState = serverConn.ConnectionState()
		b.Close()
	}()
	clientErr = clientConn.Handshake()
	clientState = clientConn.ConnectionState()
	if clientErr == nil {
		clientConn.Read(make([]byte, 1)) // takes tickets, so that the server's handshake ends
	}
	a.Close()
	<-done
	return clientState, serverState, clientErr, serverErr
}
