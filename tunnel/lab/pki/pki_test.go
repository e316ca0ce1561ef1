package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

const gatewayName = "3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001.vpn.azure.com"

func newSet(t *testing.T) *pki.Set {
	t.Helper()
	set, err := pki.NewSet(gatewayName)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func verify(identity *pki.Identity, root *pki.Authority, usage x509.ExtKeyUsage) error {
	intermediates := x509.NewCertPool()
	for _, intermediate := range identity.Intermediates {
		intermediates.AddCert(intermediate)
	}
	_, err := identity.Certificate.Verify(x509.VerifyOptions{Roots: root.Pool(), Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func TestGatewayCertificate(t *testing.T) {
	set := newSet(t)
	if set.Gateway.Certificate.Subject.CommonName != gatewayName {
		t.Errorf("common name %q", set.Gateway.Certificate.Subject.CommonName)
	}
	if len(set.Gateway.Intermediates) != 1 {
		t.Errorf("%d intermediates", len(set.Gateway.Intermediates))
	}
	if err := verify(set.Gateway, set.GatewayRoot, x509.ExtKeyUsageServerAuth); err != nil {
		t.Error(err)
	}
	if verify(set.Gateway, set.ClientRoot, x509.ExtKeyUsageServerAuth) == nil {
		t.Error("verified by the client root")
	}
}

func TestClientCertificates(t *testing.T) {
	set := newSet(t)
	tests := []struct {
		name string
		make func() (*pki.Identity, error)
		good bool
	}{
		{"RSA", func() (*pki.Identity, error) { return set.Client("alice", pki.RSA) }, true},
		{"ECDSA", func() (*pki.Identity, error) { return set.Client("alice", pki.ECDSA) }, true},
		{"Ed25519", func() (*pki.Identity, error) { return set.Client("alice", pki.Ed25519) }, true},
		{"below intermediate", func() (*pki.Identity, error) { return set.ClientBelowIntermediate("alice", pki.ECDSA) }, true},
		{"expired", func() (*pki.Identity, error) { return set.ExpiredClient("alice") }, false},
		{"not yet valid", func() (*pki.Identity, error) { return set.NotYetValidClient("alice") }, false},
		{"unknown issuer", func() (*pki.Identity, error) { return set.UnknownClient("alice") }, false},
		{"for servers", func() (*pki.Identity, error) { return set.ServerOnlyClient("alice") }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			identity, err := test.make()
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(identity, set.ClientRoot, x509.ExtKeyUsageClientAuth); (err == nil) != test.good {
				t.Errorf("verified with %v", err)
			}
		})
	}
}

func TestFilesAreReadBack(t *testing.T) {
	set := newSet(t)
	identity, err := set.ClientBelowIntermediate("alice", pki.RSA)
	if err != nil {
		t.Fatal(err)
	}
	data, err := identity.PKCS12("open sesame")
	if err != nil {
		t.Fatal(err)
	}
	_, leaf, chain, err := pkcs12.DecodeChain(data, "open sesame")
	if err != nil || !leaf.Equal(identity.Certificate) || len(chain) != 1 {
		t.Errorf("PKCS#12: %v, %d further certificates", err, len(chain))
	}
	certificatePath, keyPath, err := identity.WriteFiles(t.TempDir(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := os.ReadFile(certificatePath)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		count++
	}
	if count != 2 {
		t.Errorf("%d certificates in the file", count)
	}
	if info, err := os.Stat(keyPath); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
}

func TestRevocationList(t *testing.T) {
	set := newSet(t)
	identity, err := set.Client("mallory", pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	text, err := set.ClientRoot.NewRevocationList(identity.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(set.ClientRoot.Certificate); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(identity.Certificate.SerialNumber) != 0 {
		t.Errorf("revoked %v", list.RevokedCertificateEntries)
	}
	if list.NextUpdate.Before(time.Now()) {
		t.Error("list has ended")
	}
}
