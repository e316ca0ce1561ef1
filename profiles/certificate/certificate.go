// Package certificate reads the certificates that come with profiles, in any of the ways in which they are written down.
package certificate

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// maxCertificates bounds how many certificates a file may hold.
const maxCertificates = 100

// ErrNone says that there is no certificate.
var ErrNone = errors.New("there is no certificate in it")

// Parse reads certificates in PEM with anything around them, one in DER, or one in base64 as portals show it.
func Parse(data []byte) ([]*x509.Certificate, error) {
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return parsePEM(data)
	}
	if compact := bytes.Join(bytes.Fields(data), nil); len(compact) > 0 {
		if der, err := base64.StdEncoding.DecodeString(string(compact)); err == nil {
			data = der
		}
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("read certificate: %w", ErrNone)
	}
	found, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return []*x509.Certificate{found}, nil
}

func parsePEM(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		default:
			continue
		}
		found, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificate %d: %w", len(all)+1, err)
		}
		if len(all) == maxCertificates {
			return nil, fmt.Errorf("read certificates: there are more than %d", maxCertificates)
		}
		all = append(all, found)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("read certificate: %w", ErrNone)
	}
	return all, nil
}

// Thumbprint is the SHA-1 of a certificate in lower-case hex: what Azure's profiles name a root by.
func Thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// ParseHash writes a hash of so many bytes in lower-case hex without the colons, dashes, white space and invisible marks that tools put
// in: the certificate dialog of Windows copies a left-to-right mark in front.
func ParseHash(text string, size int) (string, bool) {
	compact := strings.Map(func(r rune) rune {
		switch {
		case r == ':' || r == '-' || r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u00a0':
			return -1
		case r == '\u200e' || r == '\u200f' || r == '\u200b' || r == '\ufeff':
			return -1
		default:
			return r
		}
	}, strings.ToLower(text))
	if decoded, err := hex.DecodeString(compact); err != nil || len(decoded) != size {
		return "", false
	}
	return compact, true
}

// ParseThumbprint is ParseHash for a SHA-1 thumbprint.
func ParseThumbprint(text string) (string, bool) { return ParseHash(text, sha1.Size) }

// Add appends certificates that are not in the list yet.
func Add(list []*x509.Certificate, more ...*x509.Certificate) []*x509.Certificate {
	for _, candidate := range more {
		known := false
		for _, existing := range list {
			known = known || existing.Equal(candidate)
		}
		if !known {
			list = append(list, candidate)
		}
	}
	return list
}
