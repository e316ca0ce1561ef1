// Package signin gets what a gateway wants to know of the user: a client certificate, a password or a token.
package signin

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// largestFile bounds a certificate or key file, in bytes. Real ones are a few kilobytes.
const largestFile = 1 << 20

// What can be wrong with a client certificate. Test with errors.Is.
var (
	ErrNoCertificate   = errors.New("no certificate in the file")
	ErrNoKey           = errors.New("no private key in the file")
	ErrEncryptedKey    = errors.New("the private key is encrypted")
	ErrWrongPassword   = errors.New("the password does not open the PKCS#12 file")
	ErrKeyMismatch     = errors.New("the private key does not belong to the certificate")
	ErrExpired         = errors.New("the certificate has expired")
	ErrNotYetValid     = errors.New("the certificate is not valid yet")
	ErrNotForClients   = errors.New("the certificate is not for client authentication")
	ErrWrongThumbprint = errors.New("the certificate is not the one that the profile names")
)

// ReadPEMFiles reads a client certificate, with any intermediates after it, and its private key. Both may stand in one file.
func ReadPEMFiles(certificatePath, keyPath string) (*tls.Certificate, error) {
	certificates, err := readBounded(certificatePath)
	if err != nil {
		return nil, err
	}
	key := certificates
	if keyPath != "" && keyPath != certificatePath {
		if key, err = readBounded(keyPath); err != nil {
			return nil, err
		}
	}
	certificate, err := ParsePEM(certificates, key)
	if err != nil {
		return nil, fmt.Errorf("read client certificate %s: %w", certificatePath, err)
	}
	return certificate, nil
}

// ParsePEM reads a client certificate, with any intermediates, and its private key (PKCS#8, PKCS#1 or SEC 1).
func ParsePEM(certificates, key []byte) (*tls.Certificate, error) {
	chain, err := parseChain(certificates)
	if err != nil {
		return nil, err
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	return assemble(chain, signer)
}

// ReadPKCS12File reads a PKCS#12 file (.p12, .pfx) with the client certificate, its key and the certificates in its path.
func ReadPKCS12File(path, password string) (*tls.Certificate, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	certificate, err := ParsePKCS12(data, password)
	if err != nil {
		return nil, fmt.Errorf("read client certificate %s: %w", path, err)
	}
	return certificate, nil
}

// ParsePKCS12 reads PKCS#12 data in the old (RC2, 3DES) and new (AES, PBKDF2) algorithms.
func ParsePKCS12(data []byte, password string) (*tls.Certificate, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, ErrWrongPassword
	}
	if err != nil {
		return nil, fmt.Errorf("decode PKCS#12: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, ErrNoKey
	}
	return assemble(append([]*x509.Certificate{leaf}, others...), signer)
}

// Check tells whether a gateway can be expected to accept the certificate at this time. thumbprint, the SHA-1 that the
// profile names, may be empty.
func Check(certificate *tls.Certificate, thumbprint string, now time.Time) error {
	leaf := certificate.Leaf
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("%w on %s (%s)", ErrExpired, leaf.NotAfter.Format(time.DateOnly), leaf.Subject.CommonName)
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("%w: it begins on %s (%s)", ErrNotYetValid, leaf.NotBefore.Format(time.RFC3339), leaf.Subject.CommonName)
	case !forClients(leaf):
		return fmt.Errorf("%w (%s)", ErrNotForClients, leaf.Subject.CommonName)
	}
	if offered := Thumbprint(leaf); thumbprint != "" && !strings.EqualFold(thumbprint, offered) {
		return fmt.Errorf("%w: %s, not %s", ErrWrongThumbprint, strings.ToLower(thumbprint), offered)
	}
	return nil
}

// Thumbprint is the SHA-1 of a certificate in lower-case hex, as Azure and Windows show it.
func Thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func forClients(leaf *x509.Certificate) bool {
	if len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0 {
		return true // RFC 5280 section 4.2.1.12: without the extension any use is allowed
	}
	return slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// assemble puts the leaf, the certificate that belongs to the key, in front, and leaves out self-signed roots, which a TLS
// client does not send (RFC 8446 section 4.4.2).
func assemble(chain []*x509.Certificate, signer crypto.Signer) (*tls.Certificate, error) {
	leaf := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return sameKey(c.PublicKey, signer.Public()) })
	if leaf < 0 {
		return nil, ErrKeyMismatch
	}
	certificate := &tls.Certificate{Leaf: chain[leaf], PrivateKey: signer, Certificate: [][]byte{chain[leaf].Raw}}
	for i, other := range chain {
		if i != leaf && string(other.RawSubject) != string(other.RawIssuer) {
			certificate.Certificate = append(certificate.Certificate, other.Raw)
		}
	}
	return certificate, nil
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

func parseChain(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, ErrNoCertificate
	}
	return chain, nil
}

func parseKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, ErrEncryptedKey
		}
		key, err := parseKeyBlock(block)
		if err != nil {
			return nil, err
		}
		if key != nil {
			return key, nil
		}
	}
	return nil, ErrNoKey
}

// parseKeyBlock returns nil for a block that is not a private key.
func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			// The parser's error can quote what it read; a key must not get into a log.
			return nil, errors.New("parse private key: not a PKCS#8 key")
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, ErrNoKey
		}
		return signer, nil
	default:
		return nil, nil
	}
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open certificate file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, largestFile+1))
	if err != nil {
		return nil, fmt.Errorf("read certificate file: %w", err)
	}
	if len(data) > largestFile {
		return nil, fmt.Errorf("read certificate file %s: larger than %d bytes", path, largestFile)
	}
	return data, nil
}
