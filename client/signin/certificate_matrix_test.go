package signin

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

const passphrase = "pä ss'\"word"

// keyType is a kind of key that client certificates have.
type keyType struct {
	name string
	make func() (crypto.Signer, error)
}

// keyTypes are made once: a large RSA key takes seconds.
var keyTypes = sync.OnceValue(func() []keyType {
	return []keyType{
		{"RSA 2048", sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })},
		{"RSA 4096", sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 4096) })},
		{"P-256", sync.OnceValues(func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })},
	}
})

// authority is a root and a certificate authority under it.
type authority struct {
	key                crypto.Signer
	root, intermediate *x509.Certificate
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key := mustEC(t)
	ca := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	}
	root := issue(t, name, key, nil, nil, ca)
	intermediateKey := mustEC(t)
	return authority{intermediateKey, root, issue(t, name+" intermediate", intermediateKey, root, key, ca)}
}

func (a authority) issue(t *testing.T, name string, key crypto.Signer, edit func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return issue(t, name, key, a.intermediate, a.key, edit)
}

// openssl runs openssl(1) in a folder.
func openssl(t *testing.T, dir string, arguments ...string) {
	t.Helper()
	command := exec.Command("openssl", arguments...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// source is a way in which a certificate and its key are kept.
type source struct {
	name  string
	asks  bool // for the passphrase
	write func(t *testing.T, dir string) CertificateSelection
}

// sources are the files that openssl makes of user.pem (with the certificates of its path) and key.pem.
func sources() []source {
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	pkcs8 := func(arguments ...string) func(*testing.T, string) CertificateSelection {
		return func(t *testing.T, dir string) CertificateSelection {
			openssl(t, dir, append([]string{"pkcs8", "-topk8", "-in", "key.pem", "-out", "encrypted.pem", "-passout", "file:passphrase"}, arguments...)...)
			return CertificateSelection{CertificateFile: file(dir, "user.pem"), KeyFile: file(dir, "encrypted.pem")}
		}
	}
	pkcs12 := func(arguments ...string) func(*testing.T, string) CertificateSelection {
		return func(t *testing.T, dir string) CertificateSelection {
			openssl(t, dir, append([]string{"pkcs12", "-export", "-in", "user.pem", "-inkey", "key.pem", "-out", "user.p12", "-passout", "file:passphrase"}, arguments...)...)
			return CertificateSelection{PKCS12File: file(dir, "user.p12")}
		}
	}
	return []source{
		{"PEM", false, func(_ *testing.T, dir string) CertificateSelection {
			return CertificateSelection{CertificateFile: file(dir, "user.pem"), KeyFile: file(dir, "key.pem")}
		}},
		{"encrypted PEM, AES", true, pkcs8("-v2", "aes-256-cbc")},
		{"encrypted PEM, 3DES", true, pkcs8("-v2", "des3", "-v2prf", "hmacWithSHA1")},
		{"encrypted PEM, scrypt", true, pkcs8("-scrypt")},
		{"encrypted PEM, Proc-Type", true, func(t *testing.T, dir string) CertificateSelection {
			openssl(t, dir, "pkey", "-traditional", "-aes-256-cbc", "-in", "key.pem", "-out", "encrypted.pem", "-passout", "file:passphrase")
			if content, err := os.ReadFile(file(dir, "encrypted.pem")); err != nil || !strings.Contains(string(content), "Proc-Type: 4,ENCRYPTED") {
				t.Fatalf("%v\n%s", err, content)
			}
			return CertificateSelection{CertificateFile: file(dir, "user.pem"), KeyFile: file(dir, "encrypted.pem")}
		}},
		{"PKCS#12, AES", true, pkcs12()},
		{"PKCS#12, RC2 and 3DES", true, pkcs12("-legacy")},
		{"PKCS#12 without a password", false, func(t *testing.T, dir string) CertificateSelection {
			openssl(t, dir, "pkcs12", "-export", "-in", "user.pem", "-inkey", "key.pem", "-out", "user.p12", "-passout", "pass:")
			return CertificateSelection{PKCS12File: file(dir, "user.p12")}
		}},
		{"a folder", false, func(_ *testing.T, dir string) CertificateSelection { return CertificateSelection{CertificateFile: dir} }},
	}
}

// Every way to keep a certificate, with every kind of key, opens a TLS connection that the server verifies up to its root.
func TestMatrix(t *testing.T) {
	authority := newAuthority(t, "Matrix root")
	for _, kind := range keyTypes() {
		key, err := kind.make()
		if err != nil {
			t.Fatal(err)
		}
		leaf := authority.issue(t, "alice", key, nil)
		for _, source := range sources() {
			t.Run(source.name+", "+kind.name, func(t *testing.T) {
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "user.pem"), certificatePEM(leaf, authority.root, authority.intermediate)) // out of order
				writeFile(t, filepath.Join(dir, "key.pem"), keyPEM(t, key))
				writeFile(t, filepath.Join(dir, "passphrase"), []byte(passphrase))
				selection := source.write(t, dir)
				selection.Time, selection.Profile = now, "Contoso"
				selection.Requirements = CertificateRequirements{Thumbprint: Thumbprint(leaf), Issuer: "Matrix root", Roots: []*x509.Certificate{authority.root}}
				var asked []PassphraseRequest
				certificate, err := Load(t.Context(), selection, func(_ context.Context, request PassphraseRequest) (secret.Text, error) {
					asked = append(asked, request)
					if len(asked) == 1 {
						return "wrong", nil
					}
					return passphrase, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if source.asks && (len(asked) != 2 || asked[0].Wrong || !asked[1].Wrong || asked[0].File == "" || asked[0].Profile != "Contoso") || !source.asks && len(asked) > 0 {
					t.Errorf("asked %+v", asked)
				}
				connect(t, certificate, authority)
			})
		}
	}
}

// connect opens connections of both versions of TLS to a server that knows the root alone.
func connect(t *testing.T, certificate *tls.Certificate, authority authority) {
	t.Helper()
	if sent := certificate.Certificate; len(sent) != 2 || !slices.Equal(sent[1], authority.intermediate.Raw) {
		t.Errorf("%d certificates are sent, want the user's and the intermediate", len(sent))
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if err := handshake(t, certificate, authority.root, version); err != nil {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

func handshake(t *testing.T, certificate *tls.Certificate, root *x509.Certificate, version uint16) error {
	t.Helper()
	serverKey := mustEC(t)
	serverCertificate := issue(t, "gateway", serverKey, nil, nil, func(c *x509.Certificate) { c.ExtKeyUsage, c.DNSNames = nil, []string{"gateway"} })
	known, gateway := x509.NewCertPool(), x509.NewCertPool()
	known.AddCert(root)
	gateway.AddCert(serverCertificate)
	clock := func() time.Time { return now }
	clientEnd, serverEnd := net.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	client := tls.Client(clientEnd, &tls.Config{Certificates: []tls.Certificate{*certificate}, RootCAs: gateway, ServerName: "gateway", MinVersion: version, MaxVersion: version, Time: clock})
	server := tls.Server(serverEnd, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{serverCertificate.Raw}, PrivateKey: serverKey}},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known, MinVersion: version, MaxVersion: version, Time: clock})
	verified := make(chan error, 1)
	go func() {
		defer serverEnd.Close()
		err := server.HandshakeContext(ctx)
		if err == nil {
			_, err = server.Write([]byte("x"))
		}
		verified <- err
	}()
	defer clientEnd.Close()
	if err := client.HandshakeContext(ctx); err != nil {
		return err
	}
	if _, err := io.ReadFull(client, make([]byte, 1)); err != nil { // in TLS 1.3 the server's verdict comes after the handshake
		return fmt.Errorf("the server says: %w", err)
	}
	return <-verified
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFurtherKeyTypes(t *testing.T) {
	authority := newAuthority(t, "root")
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"Ed25519": edwards, "P-384": p384} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "user.pem"), certificatePEM(authority.issue(t, "alice", key, nil), authority.intermediate))
			writeFile(t, filepath.Join(dir, "key.pem"), keyPEM(t, key))
			openssl(t, dir, "pkcs12", "-export", "-in", "user.pem", "-inkey", "key.pem", "-out", "user.p12", "-passout", "pass:")
			for _, selection := range []CertificateSelection{{PKCS12File: filepath.Join(dir, "user.p12")}, {CertificateFile: filepath.Join(dir, "user.pem"), KeyFile: filepath.Join(dir, "key.pem")}} {
				selection.Time = now
				certificate, err := Load(t.Context(), selection, nil)
				if err != nil {
					t.Fatal(err)
				}
				connect(t, certificate, authority)
			}
		})
	}
}
