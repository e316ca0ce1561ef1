package certinspect

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// Severity says whether a certificate can be used in spite of a finding.
type Severity string

// The severities.
const (
	Note    Severity = "note"    // worth knowing
	Warning Severity = "warning" // it may fail, or fails soon
	Error   Severity = "error"   // a gateway will refuse it
)

// Finding is one thing to know of a certificate.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, kebab-case
	Sentence string   `json:"sentence"`
	Remedy   string   `json:"remedy,omitempty"`
	Detail   string   `json:"detail,omitempty"` // what exactly was seen
}

// The codes of findings.
const (
	Expired            = "expired"
	NotYetValid        = "not-yet-valid"
	ExpiresSoon        = "expires-soon"
	NoClientAuth       = "no-client-authentication"
	NoDigitalSignature = "no-digital-signature"
	WrongThumbprint    = "wrong-thumbprint"
	WrongIssuer        = "wrong-issuer"
	UnknownRoot        = "unknown-root"
	IssuerMissing      = "issuer-missing"
	IssuerExpired      = "issuer-expired"
	SelfSigned         = "self-signed"
	IsAuthority        = "certificate-authority"
	WeakKey            = "weak-key"
	UnusualKey         = "unusual-key"
	WeakSignature      = "weak-signature"
	AltNameDiffers     = "alternative-name-differs"
	NoCommonName       = "no-common-name"
	NoUserGroup        = "no-user-group"
	KeyNotThere        = "key-missing"
	KeyMismatch        = "key-mismatch"
	KeyReadable        = "key-readable-by-others"
)

func (r *Report) add(severity Severity, code, detail, sentence, remedy string) {
	r.Findings = append(r.Findings, Finding{severity, code, sentence, remedy, detail})
	order := []Severity{Error, Warning, Note}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return slices.Index(order, a.Severity) - slices.Index(order, b.Severity) })
}

func (r *Report) judge(path []*x509.Certificate, requirements signin.CertificateRequirements, now time.Time) {
	r.judgeRequirements(path, requirements, now)
	r.judgeUse(path[0])
	r.judgeKey(path)
	r.judgePath(path, len(requirements.Roots) > 0, now)
	r.judgeNames(path[0])
}

// judgeRequirements has the same words as a connection that fails. Each requirement is looked at by itself, so that all that is wrong is
// found at once.
func (r *Report) judgeRequirements(path []*x509.Certificate, requirements signin.CertificateRequirements, now time.Time) {
	leaf := path[0]
	fitting := *leaf
	fitting.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	r.require(leaf, path, signin.CertificateRequirements{}, leaf.NotBefore) // its use
	r.require(&fitting, path, signin.CertificateRequirements{}, now)        // its validity
	r.require(&fitting, path, signin.CertificateRequirements{Thumbprint: requirements.Thumbprint}, leaf.NotBefore)
	r.require(&fitting, path, signin.CertificateRequirements{Issuer: requirements.Issuer}, leaf.NotBefore)
	r.require(&fitting, path, signin.CertificateRequirements{Roots: requirements.Roots}, leaf.NotBefore)
	if warning := signin.ExpiryWarning(&tls.Certificate{Leaf: leaf}, now); warning != nil {
		r.add(Warning, ExpiresSoon, warning.NotAfter.UTC().Format(time.DateOnly), "The certificate ends soon.", "Ask your helpdesk for a new certificate before it ends.")
	}
}

func (r *Report) require(leaf *x509.Certificate, path []*x509.Certificate, requirements signin.CertificateRequirements, at time.Time) {
	certificate := &tls.Certificate{Leaf: leaf}
	for _, c := range path {
		certificate.Certificate = append(certificate.Certificate, c.Raw)
	}
	var problem *signin.CertificateProblem
	if !errors.As(requirements.Check(certificate, at), &problem) {
		return
	}
	codes := map[error]string{signin.ErrExpired: Expired, signin.ErrNotYetValid: NotYetValid, signin.ErrNotForClients: NoClientAuth,
		signin.ErrWrongThumbprint: WrongThumbprint, signin.ErrWrongIssuer: WrongIssuer, signin.ErrUnknownRoot: UnknownRoot}
	sentence, remedy, _ := signin.ExplainCertificate(problem)
	r.add(Error, codes[problem.Kind], problem.Detail, sentence, remedy)
}

func usableAt(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

func (r *Report) judgeUse(leaf *x509.Certificate) {
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		r.add(Error, NoDigitalSignature, strings.Join(r.KeyUsage, ", "), "The certificate's key may not be used for signatures, which signing in takes.", "Ask your helpdesk for a certificate with the key usage Digital Signature.")
	}
	if leaf.IsCA {
		r.add(Warning, IsAuthority, "", "This is the certificate of an authority, not of a user.", "Use a client certificate that this authority issued, and keep its own key off users' computers.")
	}
}

func (r *Report) judgeKey(path []*x509.Certificate) {
	switch key := path[0].PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			r.add(Error, WeakKey, r.KeyType, "The certificate's key is too short to be trusted.", "Ask your helpdesk for a certificate with an RSA key of 2048 bits or more.")
		}
	case *ecdsa.PublicKey:
		r.add(Note, UnusualKey, r.KeyType, "Azure documents certificates with RSA keys; others may work.", "If the gateway refuses it, use a certificate with an RSA key of 2048 or 4096 bits.")
	default:
		r.add(Warning, UnusualKey, r.KeyType, "Azure documents certificates with RSA keys; few gateways take this kind.", "Use a certificate with an RSA key of 2048 or 4096 bits.")
	}
	for _, c := range path {
		switch c.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			if !signin.SelfSigned(c) { // nobody checks a root's own signature
				r.add(Warning, WeakSignature, c.Subject.String()+": "+c.SignatureAlgorithm.String(), "A certificate in the path is signed with an algorithm that is no longer trusted.", "Ask whoever issues certificates to sign with SHA-256.")
			}
		}
	}
}

func (r *Report) judgePath(path []*x509.Certificate, rootsKnown bool, now time.Time) {
	for _, issuer := range path[1:] {
		if !usableAt(issuer, now) {
			r.add(Error, IssuerExpired, issuer.Subject.String()+", until "+issuer.NotAfter.UTC().Format(time.DateOnly), "A certificate between yours and the root is not valid now.", "Ask your helpdesk for a certificate from an authority that is valid.")
		}
	}
	switch last := path[len(path)-1]; {
	case r.Complete && len(path) == 1:
		r.add(Warning, SelfSigned, "", "The certificate signed itself, so it is its own root.", "A gateway accepts it only if this very certificate is among its root certificates. Use one that a root issued.")
	case !r.Complete && !rootsKnown:
		r.add(Note, IssuerMissing, last.Issuer.String(), "The issuer's certificate is not in the file.", "That is fine if the issuer is a root that the gateway has. If it is an authority in between, export the certificate again with all certificates in the path.")
	}
}

func (r *Report) judgeNames(leaf *x509.Certificate) {
	name := leaf.Subject.CommonName
	if name == "" {
		r.add(Warning, NoCommonName, leaf.Subject.String(), "The certificate has no common name.", "Gateways show sessions, and sort users into groups, by the common name. Ask your helpdesk for a certificate with one.")
		return
	}
	if len(r.AlternativeNames) > 0 && !slices.ContainsFunc(r.AlternativeNames, func(n string) bool { return strings.EqualFold(n, name) }) {
		r.add(Warning, AltNameDiffers, name+", not "+strings.Join(r.AlternativeNames, ", "), "The subject alternative name is not the same as the subject's common name.", "Azure wants the two to be equal where there is an alternative name. Ask your helpdesk for a certificate where they are.")
	}
	if r.UserGroup == "" && !leaf.IsCA {
		r.add(Note, NoUserGroup, name, "The common name has no @ and a group's value behind it.", "On a gateway with user groups its owner is in the default group.")
	}
}

// addKeyFindings says what a connection will miss, and whether others can read the key. Windows keeps such rights elsewhere.
func (r *Report) addKeyFindings(otherKeys bool, keyFile string) {
	switch {
	case r.PrivateKey == KeyMissing && otherKeys:
		r.add(Error, KeyMismatch, "", "The private key does not belong to the certificate.", "Choose the private key that was made together with this certificate.")
	case r.PrivateKey == KeyMissing:
		r.add(Note, KeyNotThere, "", "There is no private key in the file.", "To connect with it, the private key is needed too: in this file, in one of its own, or on a token.")
	case r.PrivateKey == KeyPresent && runtime.GOOS != "windows":
		if info, err := os.Stat(keyFile); err == nil && info.Mode().Perm()&0o077 != 0 {
			r.add(Warning, KeyReadable, info.Mode().Perm().String(), "Others on this computer can read the file with the private key.", "Make it readable for its owner alone: chmod 600 "+keyFile)
		}
	}
}
