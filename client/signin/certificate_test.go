package signin

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// issue makes a certificate for key, signed by the parent, or by itself without one.
func issue(t *testing.T, name string, key crypto.Signer, parent *x509.Certificate, parentKey crypto.Signer, edit func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(template)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func newKeys(t *testing.T) (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return rsaKey, ecKey
}

func certificatePEM(certificates ...*x509.Certificate) (out []byte) {
	for _, c := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func keyPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestReadPEMFiles(t *testing.T) {
	rsaKey, ecKey := newKeys(t)
	root := issue(t, "root", rsaKey, nil, nil, nil)
	intermediate := issue(t, "intermediate", rsaKey, root, rsaKey, nil)
	leaf := issue(t, "user", ecKey, intermediate, rsaKey, nil)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]byte{"PKCS#8": keyPEM(t, ecKey), "SEC 1": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})}
	chain := certificatePEM(leaf, intermediate, root)
	for name, key := range keys {
		certificate, err := ReadPEMFiles(write("cert", chain), write("key", key))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !certificate.Leaf.Equal(leaf) || len(certificate.Certificate) != 2 {
			t.Errorf("%s: leaf %s, %d certificates sent; want the user's and the intermediate", name, certificate.Leaf.Subject, len(certificate.Certificate))
		}
	}
	// Leaf last and the key in the same file: what some tools write.
	certificate, err := ReadPEMFiles(write("one", append(certificatePEM(root, intermediate, leaf), keys["PKCS#8"]...)), "")
	if err != nil || !certificate.Leaf.Equal(leaf) {
		t.Errorf("one file: %v", err)
	}
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}})
	faults := []struct {
		name      string
		cert, key []byte
		want      error
	}{
		{"no certificate", keys["PKCS#8"], keys["PKCS#8"], ErrNoCertificate},
		{"no key", chain, chain, ErrNoKey},
		{"another's key", chain, keyPEM(t, mustEC(t)), ErrKeyMismatch},
		{"an encrypted key", chain, encrypted, ErrEncryptedKey},
		{"an empty file", nil, nil, ErrNoCertificate},
	}
	for _, fault := range faults {
		if _, err := ParsePEM(fault.cert, fault.key); !errors.Is(err, fault.want) {
			t.Errorf("%s: %v, want %v", fault.name, err, fault.want)
		}
	}
	if _, err := ReadPEMFiles(write("large", make([]byte, largestFile+1)), ""); err == nil {
		t.Error("a file over the limit was read")
	}
}

func mustEC(t *testing.T) *ecdsa.PrivateKey {
	_, key := newKeys(t)
	return key
}

func TestReadPKCS12(t *testing.T) {
	rsaKey, _ := newKeys(t)
	root := issue(t, "root", rsaKey, nil, nil, nil)
	leaf := issue(t, "user", rsaKey, root, rsaKey, nil)
	for name, encoder := range map[string]*pkcs12.Encoder{"old": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES, "new": pkcs12.Modern2023} {
		data, err := encoder.Encode(rsaKey, leaf, []*x509.Certificate{root}, "päss")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "user.p12")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		certificate, err := ReadPKCS12File(path, "päss")
		if err != nil || len(certificate.Certificate) != 1 || !certificate.Leaf.Equal(leaf) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ReadPKCS12File(path, "wrong"); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s with a wrong password: %v", name, err)
		}
	}
	if _, err := ParsePKCS12([]byte("not PKCS#12"), ""); err == nil {
		t.Error("rubbish was read as PKCS#12")
	}
}

func TestCheck(t *testing.T) {
	rsaKey, _ := newKeys(t)
	make := func(edit func(*x509.Certificate)) *x509.Certificate { return issue(t, "user", rsaKey, nil, nil, edit) }
	good := make(nil)
	tests := []struct {
		name        string
		certificate *x509.Certificate
		thumbprint  string
		want        error
	}{
		{"good", good, Thumbprint(good), nil},
		{"no extended key usage", make(func(c *x509.Certificate) { c.ExtKeyUsage = nil }), "", nil},
		{"expired", make(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), "", ErrExpired},
		{"not yet valid", make(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }), "", ErrNotYetValid},
		{"for servers", make(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "", ErrNotForClients},
		{"another thumbprint", good, "df3c24f9bfd666761b268073fe06d1cc8d4f82a4", ErrWrongThumbprint},
	}
	for _, test := range tests {
		certificate, err := ParsePEM(certificatePEM(test.certificate), keyPEM(t, rsaKey))
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(certificate, test.thumbprint, now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}
