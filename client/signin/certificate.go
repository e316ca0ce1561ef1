// Package signin gets what a gateway wants to know of the user: a client certificate, a password or a token.
package signin

import (
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// CertificateRequirements is what is known of the certificates that a gateway accepts. The zero value asks only for what every gateway asks.
type CertificateRequirements struct {
	Thumbprint string              // SHA-1 of the certificate in hex; empty: any
	Issuer     string              // common name or whole name of an issuer in its path; empty: any
	Roots      []*x509.Certificate // what the gateway knows; empty: unknown, and not checked
}

// Check tells whether a gateway can be expected to accept the certificate at this time. thumbprint, the SHA-1 that the
// profile names, may be empty.
func Check(certificate *tls.Certificate, thumbprint string, now time.Time) error {
	return CertificateRequirements{Thumbprint: thumbprint}.Check(certificate, now)
}

// Check tells whether a gateway can be expected to accept the certificate at this time. The error is a *CertificateProblem.
func (r CertificateRequirements) Check(certificate *tls.Certificate, now time.Time) error {
	path, err := sentPath(certificate)
	if err != nil {
		return err
	}
	_, problem := r.check(path, now)
	if problem != nil {
		return problem
	}
	return nil
}

// check returns how many of the requirements hold before the first that does not: what came furthest is what the user meant.
func (r CertificateRequirements) check(path []*x509.Certificate, now time.Time) (int, *CertificateProblem) {
	leaf := path[0]
	wrong := func(kind error, detail string) *CertificateProblem {
		return &CertificateProblem{Kind: kind, Subject: nameOf(leaf), Detail: detail}
	}
	wanted := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(r.Thumbprint))
	offered := Thumbprint(leaf)
	switch {
	case wanted != "" && wanted != offered:
		return 0, wrong(ErrWrongThumbprint, wanted+", not "+offered)
	case r.Issuer != "" && !issuedBy(path, r.Issuer):
		return 1, wrong(ErrWrongIssuer, r.Issuer+", not "+issuerOf(leaf))
	case !forClients(leaf):
		return 2, wrong(ErrNotForClients, "")
	case now.After(leaf.NotAfter):
		return 3, wrong(ErrExpired, "on "+leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		return 4, wrong(ErrNotYetValid, "it begins on "+leaf.NotBefore.UTC().Format(time.RFC3339))
	case len(r.Roots) > 0 && !leadsTo(path, r.Roots):
		return 5, wrong(ErrUnknownRoot, "its path ends at "+issuerOf(path[len(path)-1]))
	default:
		return 6, nil
	}
}

// Thumbprint is the SHA-1 of a certificate in lower-case hex, as Azure and Windows show it.
func Thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// issuedBy compares as the directory does: without regard to case (RFC 5280 section 7.1).
func issuedBy(path []*x509.Certificate, issuer string) bool {
	return slices.ContainsFunc(path, func(c *x509.Certificate) bool {
		return strings.EqualFold(c.Issuer.CommonName, issuer) || strings.EqualFold("CN="+c.Issuer.CommonName, issuer) || strings.EqualFold(c.Issuer.String(), issuer)
	})
}

func forClients(leaf *x509.Certificate) bool {
	if len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0 {
		return true // RFC 5280 section 4.2.1.12: without the extension any use is allowed
	}
	return slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// nameOf is what people call a certificate by.
func nameOf(certificate *x509.Certificate) string {
	if certificate.Subject.CommonName != "" {
		return certificate.Subject.CommonName
	}
	return certificate.Subject.String()
}

func issuerOf(certificate *x509.Certificate) string {
	if certificate.Issuer.CommonName != "" {
		return certificate.Issuer.CommonName
	}
	return certificate.Issuer.String()
}
