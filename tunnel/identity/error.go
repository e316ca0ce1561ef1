package identity

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"strings"
)

// Code is why a gateway was refused, for programs; it does not change between versions.
type Code string

// The codes of an Error.
const (
	NoCertificate         Code = "no-certificate"          // it sent none
	UntrustedRoot         Code = "untrusted-root"          // the chain ends elsewhere than it should
	RootUnavailable       Code = "root-unavailable"        // nobody has the root that the profile names
	InvalidChain          Code = "invalid-chain"           // a certificate of the chain may not be used as it is
	WrongName             Code = "wrong-name"              // it is another server's certificate
	WrongUsage            Code = "wrong-usage"             // it is not a server's certificate
	WrongFingerprint      Code = "wrong-fingerprint"       // it is not one of the certificates that the profile names
	Expired               Code = "expired"                 // by this computer's clock
	NotYetValid           Code = "not-yet-valid"           // by this computer's clock
	Revoked               Code = "revoked"                 // by the profile's revocation list
	RevocationListExpired Code = "revocation-list-expired" // the profile's revocation list is too old to tell
)

// Error says why a server is not the profile's gateway: what it offered, and what was expected.
type Error struct {
	Code     Code
	Offered  string // of the certificate: subject, issuer, root
	Expected string
	Err      error // nil, or the detail
}

// Error implements error.
func (e *Error) Error() string {
	text := "verify gateway: " + e.Code.sentence()
	if e.Offered != "" {
		text += "; it offered " + e.Offered
	}
	if e.Expected != "" {
		text += "; expected " + e.Expected
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the detail.
func (e *Error) Unwrap() error { return e.Err }

func (c Code) sentence() string {
	switch c {
	case NoCertificate:
		return "there is no certificate"
	case UntrustedRoot:
		return "the certificate does not lead to a trusted root"
	case RootUnavailable:
		return "the root that the profile names was not found"
	case WrongName:
		return "the certificate is for another name"
	case WrongUsage:
		return "the certificate is not a server's"
	case WrongFingerprint:
		return "the certificate has another fingerprint"
	case Expired:
		return "the certificate has expired"
	case NotYetValid:
		return "the certificate is not valid yet"
	case Revoked:
		return "the certificate was revoked"
	case RevocationListExpired:
		return "the profile's revocation list has expired"
	default:
		return "the certificate chain is not valid"
	}
}

// describe names a certificate and its issuer.
func describe(certificate *x509.Certificate) string {
	text := `subject "` + Subject(certificate) + `"`
	if len(certificate.DNSNames) > 0 {
		shown := certificate.DNSNames[:min(len(certificate.DNSNames), 5)]
		text += " (also for " + printable(strings.Join(shown, ", ")) + ")"
	}
	return text + `, issuer "` + formatName(certificate.RawIssuer) + `"`
}

// describeRoot names a root as profiles do, by common name and SHA-1.
func describeRoot(certificate *x509.Certificate) string {
	name := printable(certificate.Subject.CommonName)
	if name == "" {
		name = Subject(certificate)
	}
	return `"` + name + `" (SHA-1 ` + Thumbprint(certificate) + ")"
}

// Thumbprint is the SHA-1 of a certificate in lower-case hex, as Azure profiles name roots.
func Thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func describeUsages(certificate *x509.Certificate) string {
	if len(certificate.ExtKeyUsage) == 0 && len(certificate.UnknownExtKeyUsage) == 0 {
		return "no extended key usage"
	}
	var names []string
	for _, usage := range certificate.ExtKeyUsage {
		names = append(names, usageName(usage))
	}
	for _, oid := range certificate.UnknownExtKeyUsage {
		names = append(names, oid.String())
	}
	return "extended key usage " + strings.Join(names[:min(len(names), 10)], ", ")
}

func usageName(usage x509.ExtKeyUsage) string {
	switch usage {
	case x509.ExtKeyUsageAny:
		return "any"
	case x509.ExtKeyUsageServerAuth:
		return "serverAuth"
	case x509.ExtKeyUsageClientAuth:
		return "clientAuth"
	case x509.ExtKeyUsageCodeSigning:
		return "codeSigning"
	case x509.ExtKeyUsageEmailProtection:
		return "emailProtection"
	default:
		return "another"
	}
}
