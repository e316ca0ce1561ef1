// Package identity decides whether the server that answered is the gateway that a profile means.
package identity

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Verifier checks the certificate of one gateway against its profile. Its fields may be changed until it is first used; then it is safe
// for several goroutines.
type Verifier struct {
	// SystemRoots returns the roots that this computer trusts; it is called only where they are needed. nil: SystemRoots of this package,
	// or the system's own verification where its roots cannot be listed.
	SystemRoots func() ([]*x509.Certificate, error)
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	gateway profiles.GatewayIdentity
	host    string
	pins    []string // SHA-1 of accepted roots; empty: any trusted one
	revoked []*x509.RevocationList
}

// NewVerifier prepares the verification of the server at host, a DNS name or an IP address, which is what the profile calls it.
func NewVerifier(gateway profiles.GatewayIdentity, host string) (*Verifier, error) {
	v := &Verifier{gateway: gateway, host: strings.ToLower(strings.TrimSuffix(host, "."))}
	if gateway.UsePinnedRoot == nil || *gateway.UsePinnedRoot {
		pins, err := fingerprints(gateway.RootThumbprints, sha1.Size)
		if err != nil {
			return nil, fmt.Errorf("read root thumbprint: %w", err)
		}
		v.pins = pins
	}
	leaves, err := fingerprints(gateway.PeerFingerprints, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("read peer fingerprint: %w", err)
	}
	v.gateway.PeerFingerprints = leaves
	if v.revoked, err = parseRevocationLists(gateway.RevocationList); err != nil {
		return nil, err
	}
	return v, nil
}

// fingerprints writes hashes in one way, lower-case hex, whatever way the profile has.
func fingerprints(written []string, size int) ([]string, error) {
	var hashes []string
	for _, text := range written {
		hash := strings.ToLower(strings.NewReplacer(":", "", " ", "", "-", "").Replace(text))
		if decoded, err := hex.DecodeString(hash); err != nil || len(decoded) != size {
			return nil, fmt.Errorf("%q is not %d hex digits", text, 2*size)
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// VerifyConnection is for tls.Config. Every error is an *Error.
func (v *Verifier) VerifyConnection(state tls.ConnectionState) error {
	return v.Verify(state.PeerCertificates)
}

// Verify checks what a server offered, its own certificate first. Every error is an *Error.
func (v *Verifier) Verify(offered []*x509.Certificate) error {
	if len(offered) == 0 {
		return &Error{Code: NoCertificate, Expected: "a certificate", Err: errors.New("the gateway sent no certificate")}
	}
	leaf := offered[0]
	if err := v.checkFingerprint(leaf); err != nil {
		return err
	}
	if !v.fingerprintSuffices() {
		chains, err := v.buildChains(offered)
		if err != nil {
			return err
		}
		if err := v.checkRevocation(chains); err != nil {
			return err
		}
	}
	if err := v.checkUsage(leaf); err != nil {
		return err
	}
	return v.checkName(leaf)
}

// fingerprintSuffices reports whether the profile trusts a certificate by its fingerprint alone: peer-fingerprint without a CA
// (OpenVPN man page, tls-options.rst).
func (v *Verifier) fingerprintSuffices() bool {
	return len(v.gateway.PeerFingerprints) > 0 && len(v.gateway.Roots) == 0 && len(v.pins) == 0 && !v.gateway.TrustSystemRoots
}

func (v *Verifier) checkFingerprint(leaf *x509.Certificate) error {
	if len(v.gateway.PeerFingerprints) == 0 {
		return nil
	}
	got := sha256.Sum256(leaf.Raw)
	offered := hex.EncodeToString(got[:])
	if slices.Contains(v.gateway.PeerFingerprints, offered) {
		return nil
	}
	return &Error{Code: WrongFingerprint, Offered: describe(leaf) + " with SHA-256 " + offered,
		Expected: "SHA-256 " + strings.Join(v.gateway.PeerFingerprints, " or ")}
}

// checkUsage is remote-cert-tls server: the key usages must be there, and the extended ones must name server authentication
// (OpenVPN ssl_verify_openssl.c, x509_verify_cert_ku and x509_verify_cert_eku).
func (v *Verifier) checkUsage(leaf *x509.Certificate) error {
	if !v.gateway.RequireServerEKU {
		return nil
	}
	const expected = "extended key usage serverAuth (TLS Web Server Authentication)"
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return &Error{Code: WrongUsage, Offered: describe(leaf) + " with " + describeUsages(leaf), Expected: expected}
	}
	if leaf.KeyUsage == 0 {
		return &Error{Code: WrongUsage, Offered: describe(leaf) + " without a key usage", Expected: "a key usage, and " + expected}
	}
	return nil
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}
