// Package certinspect shows what a gateway will see of a client certificate, and finds what is wrong with it before anyone connects.
package certinspect

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// Report is one client certificate as a gateway will see it.
type Report struct {
	File               string        `json:"file,omitempty"`
	Subject            string        `json:"subject"`
	CommonName         string        `json:"common_name"`
	Issuer             string        `json:"issuer"`
	SerialNumber       string        `json:"serial_number"` // hex
	Thumbprint         string        `json:"thumbprint"`    // SHA-1, lower-case hex: what Azure names and revokes certificates by
	SHA256             string        `json:"sha256"`        // lower-case hex
	NotBefore          time.Time     `json:"not_before"`
	NotAfter           time.Time     `json:"not_after"`
	DaysLeft           int           `json:"days_left"` // whole days; below zero: expired so many days ago
	KeyUsage           []string      `json:"key_usage,omitempty"`
	ExtendedKeyUsage   []string      `json:"extended_key_usage,omitempty"`
	KeyType            string        `json:"key_type"` // "RSA 2048", "ECDSA P-256"
	SignatureAlgorithm string        `json:"signature_algorithm"`
	AlternativeNames   []string      `json:"subject_alternative_names,omitempty"`
	UserGroup          string        `json:"user_group,omitempty"`  // what a gateway with user groups sorts by: behind the "@" of the common name
	PrivateKey         KeyState      `json:"private_key,omitempty"` // empty: not looked for
	Path               []Certificate `json:"path"`                  // from the client's up
	Complete           bool          `json:"complete"`              // the path ends at a root that is in the file, or among the known ones
	RootThumbprint     string        `json:"root_thumbprint,omitempty"`
	Findings           []Finding     `json:"findings,omitempty"` // the gravest first
}

// Usable tells whether a gateway can be expected to accept the certificate.
func (r *Report) Usable() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Error })
}

// KeyState says whether the private key was found.
type KeyState string

// The states of a private key.
const (
	KeyPresent KeyState = "present"
	KeyLocked  KeyState = "locked" // it needs a passphrase
	KeyMissing KeyState = "missing"
)

// Certificate is one step of the path.
type Certificate struct {
	Subject    string    `json:"subject"`
	Issuer     string    `json:"issuer"`
	Thumbprint string    `json:"thumbprint"` // SHA-1, lower-case hex
	NotAfter   time.Time `json:"not_after"`
	Root       bool      `json:"root,omitempty"`
	Sent       bool      `json:"sent"` // to the gateway; roots are not, it has them
}

// Options says what is known besides the file. The zero value is fine.
type Options struct {
	KeyFile      string                // where the key is in a file of its own
	Ask          signin.PassphraseFunc // nil: nobody is asked, locked keys are reported as such
	Requirements signin.CertificateRequirements
	Time         time.Time // zero: now
}

// File inspects the client certificates in a file of any kind: those that are no other's issuer, and those that have a key. A PKCS#12 file
// shows nothing without its password: *signin.PassphraseError.
func File(ctx context.Context, path string, options Options) ([]*Report, error) {
	contents, state, err := read(ctx, path, options.Ask)
	if err != nil {
		return nil, fmt.Errorf("inspect certificate: %w", err)
	}
	if len(contents.Certificates) == 0 {
		return nil, &signin.CertificateProblem{Kind: signin.ErrNoCertificate, Subject: path}
	}
	keyFile := path
	if options.KeyFile != "" && options.KeyFile != path {
		keyFile = options.KeyFile
		keys, keyState, err := read(ctx, options.KeyFile, options.Ask)
		if err != nil {
			return nil, fmt.Errorf("inspect certificate: %w", err)
		}
		contents.Keys, state = keys.Keys, keyState
	}
	var reports []*Report
	for _, leaf := range leaves(contents) {
		report := Inspect(leaf, contents.Certificates, options)
		report.File = path
		report.PrivateKey = state
		if state != KeyLocked {
			report.PrivateKey = KeyMissing
			if contents.KeyOf(leaf) != nil {
				report.PrivateKey = KeyPresent
			}
		}
		report.addKeyFindings(len(contents.Keys) > 0, keyFile)
		reports = append(reports, report)
	}
	return reports, nil
}

// read reads a file, and of a PEM file whose key is locked the certificates.
func read(ctx context.Context, path string, ask signin.PassphraseFunc) (signin.Contents, KeyState, error) {
	contents, err := signin.ReadContents(ctx, path, ask)
	var locked *signin.PassphraseError
	if err == nil || ask != nil || !errors.As(err, &locked) {
		return contents, "", err
	}
	data, reading := os.ReadFile(path) // ReadContents has seen that it is not too large
	if reading != nil {
		return signin.Contents{}, "", reading
	}
	if contents, parsing := signin.ParsePEMContents(data, ""); errors.Is(parsing, signin.ErrEncryptedKey) && (len(contents.Certificates) > 0 || bytes.Contains(data, []byte("-----BEGIN "))) {
		return contents, KeyLocked, nil
	}
	return signin.Contents{}, "", err
}

// leaves are the certificates that a file is about.
func leaves(contents signin.Contents) []*x509.Certificate {
	var found []*x509.Certificate
	for _, candidate := range contents.Certificates {
		if contents.KeyOf(candidate) != nil {
			found = append(found, candidate)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, candidate := range contents.Certificates {
		issues := slices.ContainsFunc(contents.Certificates, func(c *x509.Certificate) bool {
			return !c.Equal(candidate) && bytes.Equal(c.RawIssuer, candidate.RawSubject)
		})
		if !issues {
			found = append(found, candidate)
		}
	}
	if len(found) == 0 { // they issue each other in a circle
		return contents.Certificates[:1]
	}
	return found
}

// daysLeft counts whole days, downwards: an hour after its end a certificate has -1 left.
func daysLeft(until, now time.Time) int {
	left := until.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days
}

// userGroup is what stands behind the "@" of a common name: user@marketing.contoso.com is in the group with the value
// marketing.contoso.com (https://learn.microsoft.com/azure/vpn-gateway/point-to-site-user-groups-about).
func userGroup(commonName string) string {
	at := strings.LastIndex(commonName, "@")
	if at < 0 {
		return ""
	}
	return commonName[at+1:]
}
