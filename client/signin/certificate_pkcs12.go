package signin

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

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
	contents, err := ParsePKCS12Contents(data, secret.Text(password))
	if err != nil {
		return nil, err
	}
	switch {
	case len(contents.Certificates) == 0:
		return nil, ErrNoCertificate
	case len(contents.Keys) == 0:
		return nil, ErrNoKey
	}
	return pair(contents.Certificates, contents.Keys)
}

// ParsePKCS12Contents reads all certificates and keys of PKCS#12 data (RFC 7292). A wrong password is ErrWrongPassword.
func ParsePKCS12Contents(data []byte, password secret.Text) (Contents, error) {
	if len(data) > 1 && data[0] == 0x30 && data[1] == 0x80 {
		return Contents{}, &CertificateProblem{Kind: ErrNotDER}
	}
	if err := checkPKCS12Cost(data); err != nil {
		return Contents{}, err
	}
	key, leaf, others, err := pkcs12.DecodeChain(data, password.Reveal())
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return Contents{}, ErrWrongPassword
	}
	if err == nil {
		signer, ok := key.(crypto.Signer)
		if !ok {
			return Contents{}, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "it cannot sign"}
		}
		return Contents{Certificates: append([]*x509.Certificate{leaf}, others...), Keys: []crypto.Signer{signer}}, nil
	}
	if contents, several := parseSeveral(data, password); several {
		return contents, nil
	}
	switch text := err.Error(); {
	case strings.HasSuffix(text, "private key missing"):
		return Contents{}, ErrNoKey
	case strings.HasSuffix(text, "certificate missing"):
		return Contents{}, ErrNoCertificate
	default:
		// The parsers' errors can quote what they read, which may be a key.
		return Contents{}, &CertificateProblem{Kind: ErrUnreadable, Detail: "not a PKCS#12 file that can be read"}
	}
}

// parseSeveral reads a file with several keys, which the library's other way refuses.
func parseSeveral(data []byte, password secret.Text) (Contents, bool) {
	//lint:ignore SA1019 It is deprecated for how it labels its blocks; their content is right.
	blocks, err := pkcs12.ToPEM(data, password.Reveal())
	if err != nil || len(blocks) > maxBlocks {
		return Contents{}, false
	}
	var contents Contents
	for _, block := range blocks {
		if block.Type == "CERTIFICATE" {
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Contents{}, false
			}
			contents.Certificates = append(contents.Certificates, certificate)
			continue
		}
		key, err := parsePlainKey(block.Bytes)
		if err != nil {
			return Contents{}, false
		}
		contents.Keys = append(contents.Keys, key)
	}
	return contents, true
}

// checkPKCS12Cost refuses a file that demands more rounds of key derivation than any tool writes. Where rounds are given they follow the
// salt: MacData (RFC 7292 section 4), pkcs-12PbeParams (appendix C) and PBKDF2-params (RFC 8018 appendix A.2). What the file keeps
// encrypted cannot be seen before its password is known.
func checkPKCS12Cost(der []byte) error {
	rounds, ok := countIterations(der, 0)
	if !ok || rounds > maxIterations {
		return &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "the file demands too many rounds of key derivation"}
	}
	return nil
}

// deepestNesting bounds the recursion. Real files are a dozen levels deep.
const deepestNesting = 40

// countIterations adds up the rounds in DER data; ok is false where a count is no sensible number. Data that is not DER counts nothing:
// the parser will refuse it.
func countIterations(der []byte, depth int) (total int, ok bool) {
	afterSalt := false
	for len(der) > 0 {
		var element asn1.RawValue
		rest, err := asn1.Unmarshal(der, &element)
		if err != nil {
			break
		}
		der = rest
		isString := element.Class == asn1.ClassUniversal && element.Tag == asn1.TagOctetString
		if afterSalt && element.Class == asn1.ClassUniversal && element.Tag == asn1.TagInteger {
			var count int
			if _, err := asn1.Unmarshal(element.FullBytes, &count); err != nil || count < 0 || count > maxIterations {
				return 0, false
			}
			total += count
		}
		if (element.IsCompound || isString && len(element.Bytes) > 0 && element.Bytes[0] == 0x30) && depth < deepestNesting {
			inner, ok := countIterations(element.Bytes, depth+1)
			if !ok {
				return 0, false
			}
			total += inner
		}
		if total > maxIterations {
			return total, true
		}
		afterSalt = isString
	}
	return total, true
}
