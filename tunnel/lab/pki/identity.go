package pki

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"software.sslmate.com/src/go-pkcs12"
)

const certificateBlock = "CERTIFICATE"

// Identity is a certificate with its private key.
type Identity struct {
	Certificate   *x509.Certificate
	Intermediates []*x509.Certificate // between the certificate and its root, the nearest first
	Key           crypto.Signer
}

// CertificatePEM is the certificate followed by its intermediates.
func (i *Identity) CertificatePEM() []byte {
	var out bytes.Buffer
	out.Write(encode(certificateBlock, i.Certificate.Raw))
	for _, intermediate := range i.Intermediates {
		out.Write(encode(certificateBlock, intermediate.Raw))
	}
	return out.Bytes()
}

// KeyPEM is the private key as PKCS#8, not encrypted.
func (i *Identity) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.Key)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return encode("PRIVATE KEY", der), nil
}

// PKCS12 is key, certificate and intermediates in one file as today's Windows and OpenSSL write it.
func (i *Identity) PKCS12(password string) ([]byte, error) {
	data, err := pkcs12.Modern.Encode(i.Key, i.Certificate, i.Intermediates, password)
	if err != nil {
		return nil, fmt.Errorf("encode PKCS#12: %w", err)
	}
	return data, nil
}

// TLS is the identity for crypto/tls.
func (i *Identity) TLS() tls.Certificate {
	chain := [][]byte{i.Certificate.Raw}
	for _, intermediate := range i.Intermediates {
		chain = append(chain, intermediate.Raw)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: i.Key, Leaf: i.Certificate}
}

// WriteFiles writes name.pem and name.key into a directory, the key readable by its owner only.
func (i *Identity) WriteFiles(directory, name string) (certificatePath, keyPath string, err error) {
	key, err := i.KeyPEM()
	if err != nil {
		return "", "", err
	}
	certificatePath, keyPath = filepath.Join(directory, name+".pem"), filepath.Join(directory, name+".key")
	if err := os.WriteFile(certificatePath, i.CertificatePEM(), 0o644); err != nil {
		return "", "", fmt.Errorf("write certificate: %w", err)
	}
	if err := os.WriteFile(keyPath, key, 0o600); err != nil {
		return "", "", fmt.Errorf("write private key: %w", err)
	}
	return certificatePath, keyPath, nil
}

func encode(block string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der})
}
