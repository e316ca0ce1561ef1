package certinspect

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// Inspect is File for a certificate at hand; others may hold its issuers. Nothing is said of its key.
func Inspect(leaf *x509.Certificate, others []*x509.Certificate, options Options) *Report {
	now := options.Time
	if now.IsZero() {
		now = time.Now()
	}
	sum := sha256.Sum256(leaf.Raw)
	report := &Report{
		Subject: leaf.Subject.String(), CommonName: leaf.Subject.CommonName, Issuer: leaf.Issuer.String(), SerialNumber: fmt.Sprintf("%x", leaf.SerialNumber),
		Thumbprint: signin.Thumbprint(leaf), SHA256: hex.EncodeToString(sum[:]),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, DaysLeft: daysLeft(leaf.NotAfter, now),
		KeyUsage: keyUsages(leaf.KeyUsage), ExtendedKeyUsage: extendedKeyUsages(leaf),
		KeyType: keyType(leaf), SignatureAlgorithm: leaf.SignatureAlgorithm.String(),
		AlternativeNames: alternativeNames(leaf), UserGroup: userGroup(leaf.Subject.CommonName),
	}
	path := signin.Path(leaf, append(slices.Clone(others), options.Requirements.Roots...))
	for i, c := range path {
		root := signin.SelfSigned(c)
		inFile := c.Equal(leaf) || slices.ContainsFunc(others, c.Equal)
		report.Path = append(report.Path, Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Thumbprint: signin.Thumbprint(c),
			NotAfter: c.NotAfter, Root: root, Sent: inFile && (i == 0 || !root)})
	}
	if top := path[len(path)-1]; signin.SelfSigned(top) {
		report.Complete, report.RootThumbprint = true, signin.Thumbprint(top)
	}
	report.judge(path, options.Requirements, now)
	return report
}

func keyType(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return c.PublicKeyAlgorithm.String()
	}
}

// keyUsages names the bits as RFC 5280 section 4.2.1.3 does.
func keyUsages(usage x509.KeyUsage) []string {
	var names []string
	for i, name := range []string{"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"} {
		if usage&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// extendedKeyUsages names them as RFC 5280 section 4.2.1.12 does, and others by their object identifiers.
func extendedKeyUsages(c *x509.Certificate) []string {
	known := map[x509.ExtKeyUsage]string{
		x509.ExtKeyUsageAny: "anyExtendedKeyUsage", x509.ExtKeyUsageServerAuth: "serverAuth", x509.ExtKeyUsageClientAuth: "clientAuth",
		x509.ExtKeyUsageCodeSigning: "codeSigning", x509.ExtKeyUsageEmailProtection: "emailProtection", x509.ExtKeyUsageTimeStamping: "timeStamping",
		x509.ExtKeyUsageOCSPSigning: "OCSPSigning",
	}
	var names []string
	for _, usage := range c.ExtKeyUsage {
		if name, ok := known[usage]; ok {
			names = append(names, name)
		} else {
			names = append(names, fmt.Sprintf("another (%d)", usage))
		}
	}
	for _, oid := range c.UnknownExtKeyUsage {
		names = append(names, oid.String())
	}
	return names
}

func alternativeNames(c *x509.Certificate) []string {
	names := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, address := range c.IPAddresses {
		names = append(names, address.String())
	}
	for _, uri := range c.URIs {
		names = append(names, uri.String())
	}
	return names
}
