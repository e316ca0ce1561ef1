package signin

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// seed is a certificate and key for the corpora; the same at each run.
func seed(f *testing.F) (*x509.Certificate, ed25519.PrivateKey) {
	f.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alice"}}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	return certificate, key
}

func FuzzParsePEM(f *testing.F) {
	certificate, key := seed(f)
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add(certificatePEM(certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}))
	f.Fuzz(func(t *testing.T, certificates, key []byte) {
		if certificate, err := ParsePEM(certificates, key); err == nil && certificate.Leaf == nil {
			t.Error("a certificate without a leaf")
		}
	})
}

func FuzzParsePKCS12(f *testing.F) {
	certificate, key := seed(f)
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x03}, "")
	for _, encoder := range []*pkcs12.Encoder{pkcs12.Modern2023.WithIterations(1), pkcs12.LegacyRC2.WithIterations(1), pkcs12.Passwordless} {
		password := "x"
		if encoder == pkcs12.Passwordless {
			password = ""
		}
		archive, err := encoder.Encode(key, certificate, nil, password)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive, password)
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if rounds, ok := countIterations(data, 0); ok && rounds > 1_000_000 {
			return // allowed, and slow
		}
		if certificate, err := ParsePKCS12(data, password); err == nil && certificate.Leaf == nil {
			t.Error("a certificate without a leaf")
		}
	})
}

// Encrypted keys and files of an unknown kind.
func FuzzParseContents(f *testing.F) {
	certificate, key := seed(f)
	f.Add(certificate.Raw, "")
	for _, derivation := range []pkcs8.KDFOpts{pkcs8.PBKDF2Opts{SaltSize: 8, IterationCount: 1, HMACHash: 5}, pkcs8.ScryptOpts{SaltSize: 8, CostParameter: 2, BlockSize: 1, ParallelizationParameter: 1}} {
		der, err := pkcs8.MarshalPrivateKey(key, []byte("x"), &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: derivation})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(certificatePEM(certificate), pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})...), "x")
	}
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"), "x")
	f.Fuzz(func(t *testing.T, data []byte, passphrase string) {
		contents, err := ParseContents(data, secret.Text(passphrase))
		if err != nil {
			return
		}
		for _, found := range contents.identities("") {
			if !sameKey(found.path[0].PublicKey, found.signer.Public()) {
				t.Error("a key with another's certificate")
			}
		}
	})
}
