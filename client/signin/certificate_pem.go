package signin

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// maxBlocks bounds how many certificates and keys one file may hold.
const maxBlocks = 200

// Contents is what a certificate file holds.
type Contents struct {
	Certificates []*x509.Certificate // in the file's order
	Keys         []crypto.Signer
}

// ReadPEMFiles reads a client certificate, with any intermediates, and its private key. Both may stand in one file.
// An encrypted key is a *PassphraseError: Load asks for the passphrase.
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

// ParsePEM reads a client certificate, with any intermediates, and its private key (PKCS#8, PKCS#1 or SEC 1), which is not encrypted.
func ParsePEM(certificates, key []byte) (*tls.Certificate, error) {
	chain, err := parseChain(certificates)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(key, "")
	if err != nil {
		return nil, err
	}
	return pair(chain, keys)
}

// ParsePEMContents reads all certificates and private keys. passphrase opens encrypted keys (PKCS#8, and the older kind with
// a Proc-Type header); where it is empty or wrong, the error is ErrEncryptedKey or ErrWrongPassword.
func ParsePEMContents(data []byte, passphrase secret.Text) (Contents, error) {
	var contents Contents
	var err error
	if contents.Certificates, err = parseCertificates(data); err != nil {
		return Contents{}, err
	}
	if hasKeys(data) {
		contents.Keys, err = parseKeys(data, passphrase)
	}
	return contents, err
}

// pair puts a key together with its certificate.
func pair(chain []*x509.Certificate, keys []crypto.Signer) (*tls.Certificate, error) {
	var mismatch error
	for _, key := range keys {
		certificate, err := assemble(chain, key)
		if err == nil {
			return certificate, nil
		}
		mismatch = err
	}
	return nil, mismatch
}

func parseChain(data []byte) ([]*x509.Certificate, error) {
	chain, err := parseCertificates(data)
	if err == nil && len(chain) == 0 {
		return nil, ErrNoCertificate
	}
	return chain, err
}

func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		default:
			continue
		}
		if len(chain) == maxBlocks {
			return nil, fmt.Errorf("read certificates: more than %d", maxBlocks)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate %d: %w", len(chain)+1, err)
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}

func isKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, "PRIVATE KEY") }

func hasKeys(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if isKey(block) {
			return true
		}
	}
	return false
}

func isEncrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")
}

func parseKeys(data []byte, passphrase secret.Text) ([]crypto.Signer, error) {
	var keys []crypto.Signer
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if !isKey(block) {
			continue
		}
		if len(keys) == maxBlocks {
			return nil, fmt.Errorf("read private keys: more than %d", maxBlocks)
		}
		key, err := parseKeyBlock(block, passphrase)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrNoKey
	}
	return keys, nil
}
