package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Encryption is how a PKCS#12 file is encrypted.
type Encryption string

// The encryptions. Windows before 10 version 1709 and Server 2019, and the key chain of older macOS, import only Legacy.
const (
	Modern Encryption = "modern" // PBES2 with AES-256, HMAC with SHA-256
	Legacy Encryption = "legacy" // 3DES, HMAC with SHA-1
)

// Rounds of key derivation: what OWASP advises for PBKDF2 with SHA-256; what importers of PKCS#12 take, since .NET refuses more than 300,000
// at a time; and what old importers take.
const (
	pemRounds    = 600_000
	modernRounds = 100_000
	legacyRounds = 2048
)

// GeneratePassword makes a password of 100 random bits in letters and digits that can be read out: no 0, 1, 8 and 9.
func GeneratePassword() secret.Text {
	text := rand.Text() // 26 characters of base32
	return secret.Text(strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-"))
}

// PKCS12 is the certificate with its key and all certificates in its path.
func (c *Client) PKCS12(password secret.Text, encryption Encryption) ([]byte, error) {
	return encodePKCS12(c.Key, c.Certificate, c.Issuers, password, encryption)
}

// PEM is the certificate, its path without the root, as it goes to a gateway, and the key under the password.
func (c *Client) PEM(password secret.Text) ([]byte, error) {
	var sent []*x509.Certificate
	for _, issuer := range c.Issuers {
		if !signin.SelfSigned(issuer) {
			sent = append(sent, issuer)
		}
	}
	return encodePEM(c.Key, append([]*x509.Certificate{c.Certificate}, sent...), password)
}

func encodePKCS12(key crypto.Signer, certificate *x509.Certificate, issuers []*x509.Certificate, password secret.Text, encryption Encryption) ([]byte, error) {
	if password == "" {
		return nil, ErrNoPassword
	}
	var encoder *pkcs12.Encoder
	switch encryption {
	case Modern, "":
		encoder = pkcs12.Modern2023.WithIterations(modernRounds)
	case Legacy:
		encoder = pkcs12.LegacyDES.WithIterations(legacyRounds)
	default:
		return nil, fmt.Errorf("encode PKCS#12: %q is not %s or %s", encryption, Modern, Legacy)
	}
	data, err := encoder.Encode(key, certificate, issuers, password.Reveal())
	if err != nil {
		return nil, fmt.Errorf("encode PKCS#12: %w", err)
	}
	return data, nil
}

func encodePEM(key crypto.Signer, certificates []*x509.Certificate, password secret.Text) ([]byte, error) {
	if password == "" {
		return nil, ErrNoPassword
	}
	der, err := pkcs8.MarshalPrivateKey(key, []byte(password.Reveal()), &pkcs8.Opts{Cipher: pkcs8.AES256CBC,
		KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: pemRounds, HMACHash: crypto.SHA256}})
	if err != nil {
		return nil, fmt.Errorf("encrypt private key: %w", err)
	}
	var out bytes.Buffer
	for _, certificate := range certificates {
		out.Write(certificatePEM(certificate))
	}
	out.Write(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}))
	return out.Bytes(), nil
}

func certificatePEM(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}
