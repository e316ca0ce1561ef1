package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

const (
	azureHost = "azuregateway-0a1b2c3d-1111-4222-8333-444455556666-0123456789ab.vpn.azure.com"
	vnetName  = "0a1b2c3d-1111-4222-8333-444455556666.vpn.azure.com"
)

func pointer[T any](value T) *T { return &value }

// check verifies and compares the outcome; a code of "" is acceptance. texts must all be in the error.
func check(t *testing.T, gateway profiles.GatewayIdentity, host string, system []*x509.Certificate, offered []*x509.Certificate, code Code, texts ...string) {
	t.Helper()
	v, err := NewVerifier(gateway, host)
	if err != nil {
		t.Fatal(err)
	}
	v.Now = func() time.Time { return fixedNow }
	v.SystemRoots = func() ([]*x509.Certificate, error) { return system, nil }
	err = v.Verify(offered)
	if code == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("text %q lacks %q", err, text)
		}
	}
}

func TestPinnedRoots(t *testing.T) {
	p := newPKI(t)
	leaf := p.server(t, vnetName)
	pinNew, pinOld := []string{Thumbprint(p.newRoot.certificate)}, []string{strings.ToUpper(Thumbprint(p.oldRoot.certificate))}
	system := chainOf(p.oldRoot, p.newRoot, p.strangeRoot)
	strange := sign(t, newKey(t), vnetName, &p.strangeRoot, isServer)
	crossOnly := sign(t, newKey(t), "Example Global Root G2", &p.oldRoot, isCA)
	tests := []struct {
		name    string
		gateway profiles.GatewayIdentity
		system  []*x509.Certificate
		offered []*x509.Certificate
		code    Code
		texts   []string
	}{
		{"in the system", profiles.GatewayIdentity{RootThumbprints: pinNew}, system, chainOf(leaf, p.issuing), "", nil},
		{"in the profile", profiles.GatewayIdentity{RootThumbprints: pinNew, Roots: chainOf(p.newRoot)}, nil, chainOf(leaf, p.issuing), "", nil},
		{"sent by the gateway", profiles.GatewayIdentity{RootThumbprints: pinNew}, nil, chainOf(leaf, p.issuing, p.newRoot), "", nil},
		{"one of several", profiles.GatewayIdentity{RootThumbprints: append(pinOld, pinNew...)}, system, chainOf(leaf, p.issuing), "", nil},
		{"written with colons", profiles.GatewayIdentity{RootThumbprints: []string{strings.Join(pairs(pinNew[0]), ":")}}, system, chainOf(leaf, p.issuing), "", nil},
		{"the intermediate is in the profile", profiles.GatewayIdentity{RootThumbprints: pinNew, Roots: chainOf(p.issuing)}, system, chainOf(leaf), "", nil},
		{"the old root through the cross-signed one", profiles.GatewayIdentity{RootThumbprints: pinOld}, system, chainOf(leaf, p.issuing, p.crossRoot), "", nil},
		{"the old root through a cross-signed one in the profile", profiles.GatewayIdentity{RootThumbprints: pinOld, Roots: chainOf(p.crossRoot)}, system, chainOf(leaf, p.issuing), "", nil},
		{"the new root although a cross-signed one was sent", profiles.GatewayIdentity{RootThumbprints: pinNew}, system, chainOf(leaf, p.issuing, p.crossRoot), "", nil},
		{"the old root without the cross-signed one", profiles.GatewayIdentity{RootThumbprints: pinOld}, system, chainOf(leaf, p.issuing), UntrustedRoot,
			[]string{`subject "CN=` + vnetName, `issuer "CN=Example Issuing CA 1"`, `root "Example Global Root G2" (SHA-1 ` + pinNew[0], `expected root "Example Global Root CA" (SHA-1 ` + strings.ToLower(pinOld[0])}},
		{"another root of the system", profiles.GatewayIdentity{RootThumbprints: pinNew}, system, chainOf(strange), UntrustedRoot, []string{"Strange Root"}},
		{"another root that the gateway sent", profiles.GatewayIdentity{RootThumbprints: pinNew}, chainOf(p.newRoot), chainOf(strange, p.strangeRoot), UntrustedRoot, []string{"Strange Root"}},
		{"another root of the profile", profiles.GatewayIdentity{RootThumbprints: pinNew, Roots: chainOf(p.strangeRoot)}, system, chainOf(strange), UntrustedRoot, nil},
		{"system roots do not weaken the pin", profiles.GatewayIdentity{RootThumbprints: pinNew, TrustSystemRoots: true, UsePinnedRoot: pointer(true)}, system, chainOf(strange), UntrustedRoot, nil},
		{"nobody has the root", profiles.GatewayIdentity{RootThumbprints: pinNew}, nil, chainOf(leaf, p.issuing), RootUnavailable, []string{"expected root with SHA-1 " + pinNew[0], "no way beyond the issuer"}},
		{"the same name with another key", profiles.GatewayIdentity{RootThumbprints: pinNew}, system, chainOf(sign(t, newKey(t), vnetName, &crossOnly, isServer), crossOnly), UntrustedRoot, nil},
		{"pinning is off: the system's", profiles.GatewayIdentity{RootThumbprints: pinOld, UsePinnedRoot: pointer(false)}, system, chainOf(leaf, p.issuing), "", nil},
		{"pinning is off: untrusted", profiles.GatewayIdentity{RootThumbprints: pinNew, UsePinnedRoot: pointer(false)}, chainOf(p.oldRoot), chainOf(leaf, p.issuing, p.newRoot), UntrustedRoot, []string{"a root that this computer trusts"}},
		{"no pin: the system's", profiles.GatewayIdentity{}, system, chainOf(strange), "", nil},
		{"no pin: the profile's", profiles.GatewayIdentity{Roots: chainOf(p.strangeRoot)}, nil, chainOf(strange), "", nil},
		{"no pin: not the system's beside the profile's", profiles.GatewayIdentity{Roots: chainOf(p.newRoot)}, system, chainOf(strange), UntrustedRoot, []string{`expected root "Example Global Root G2"`}},
		{"no pin: the system's beside the profile's", profiles.GatewayIdentity{Roots: chainOf(p.newRoot), TrustSystemRoots: true}, system, chainOf(strange), "", nil},
		{"no pin: an intermediate of the profile ends no chain", profiles.GatewayIdentity{Roots: chainOf(p.strangeRoot, p.issuing)}, nil, chainOf(leaf), UntrustedRoot, nil},
		{"no pin: but it does alone", profiles.GatewayIdentity{Roots: chainOf(p.issuing)}, nil, chainOf(leaf), "", nil},
		{"no pin: a root that only the gateway has", profiles.GatewayIdentity{}, nil, chainOf(strange, p.strangeRoot), RootUnavailable, nil},
		{"nothing", profiles.GatewayIdentity{RootThumbprints: pinNew}, system, nil, NoCertificate, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check(t, test.gateway, azureHost, test.system, test.offered, test.code, test.texts...)
		})
	}
}

// pairs cuts a text into pieces of two.
func pairs(text string) []string {
	var all []string
	for i := 0; i < len(text); i += 2 {
		all = append(all, text[i:i+2])
	}
	return all
}

func TestValidity(t *testing.T) {
	p := newPKI(t)
	day := 24 * time.Hour
	gateway := profiles.GatewayIdentity{RootThumbprints: []string{Thumbprint(p.newRoot.certificate)}, Roots: chainOf(p.newRoot)}
	expired := p.server(t, vnetName, validity(fixedNow.Add(-9*day), fixedNow.Add(-day)))
	future := p.server(t, vnetName, validity(fixedNow.Add(day), fixedNow.Add(9*day)))
	oldIssuing := sign(t, newKey(t), "Example Old Issuing CA", &p.newRoot, isCA, validity(fixedNow.Add(-9*day), fixedNow.Add(-day)))
	underOld := sign(t, newKey(t), vnetName, &oldIssuing, isServer)
	oldRoot := sign(t, newKey(t), "Example Dead Root", nil, isCA, validity(fixedNow.Add(-9*day), fixedNow.Add(-day)))
	underOldRoot := sign(t, newKey(t), vnetName, &oldRoot, isServer)
	check(t, gateway, azureHost, nil, chainOf(expired, p.issuing), Expired, "valid from 2026-05-23 12:00:00 UTC to 2026-05-31 12:00:00 UTC", "2026-06-01 12:00:00 UTC", "computer's clock")
	check(t, gateway, azureHost, nil, chainOf(future, p.issuing), NotYetValid, "not valid yet", "computer's clock")
	check(t, gateway, azureHost, nil, chainOf(underOld, oldIssuing), Expired, "Example Old Issuing CA")
	check(t, profiles.GatewayIdentity{Roots: chainOf(oldRoot)}, azureHost, nil, chainOf(underOldRoot), Expired, "Example Dead Root")
}

func TestUsage(t *testing.T) {
	p := newPKI(t)
	with := func(require bool) profiles.GatewayIdentity {
		return profiles.GatewayIdentity{Roots: chainOf(p.newRoot), RequireServerEKU: require}
	}
	noEKU := p.server(t, vnetName, usages())
	anyEKU := p.server(t, vnetName, usages(x509.ExtKeyUsageAny))
	client := p.server(t, vnetName, usages(x509.ExtKeyUsageClientAuth))
	both := p.server(t, vnetName, usages(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth))
	noKU := p.server(t, vnetName, func(c *x509.Certificate) { c.KeyUsage = 0 })
	clientsOnly := sign(t, newKey(t), "Example Client CA", &p.newRoot, isCA, usages(x509.ExtKeyUsageClientAuth))
	tests := []struct {
		name    string
		require bool
		offered []*x509.Certificate
		code    Code
	}{
		{"server, required", true, chainOf(p.server(t, vnetName), p.issuing), ""},
		{"both, required", true, chainOf(both, p.issuing), ""},
		{"none, required", true, chainOf(noEKU, p.issuing), WrongUsage},
		{"any, required", true, chainOf(anyEKU, p.issuing), WrongUsage},
		{"client, required", true, chainOf(client, p.issuing), WrongUsage},
		{"no key usage, required", true, chainOf(noKU, p.issuing), WrongUsage},
		{"server", false, chainOf(p.server(t, vnetName), p.issuing), ""},
		{"none", false, chainOf(noEKU, p.issuing), ""},
		{"no key usage", false, chainOf(noKU, p.issuing), ""},
		{"client", false, chainOf(client, p.issuing), WrongUsage},
		{"an authority for clients", false, chainOf(sign(t, newKey(t), vnetName, &clientsOnly, isServer), clientsOnly), WrongUsage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, with(test.require), azureHost, nil, test.offered, test.code) })
	}
	check(t, with(true), azureHost, nil, chainOf(client, p.issuing), WrongUsage, "extended key usage clientAuth", "serverAuth")
	check(t, with(true), azureHost, nil, chainOf(noEKU, p.issuing), WrongUsage, "no extended key usage")
}

func TestChainFaults(t *testing.T) {
	p := newPKI(t)
	gateway := profiles.GatewayIdentity{Roots: chainOf(p.newRoot)}
	server := p.server(t, vnetName)
	forged := sign(t, newKey(t), "forged.example", &server, isServer)
	check(t, gateway, azureHost, nil, chainOf(forged, server, p.issuing), UntrustedRoot, "forged.example") // a server is no authority
	constrained := sign(t, newKey(t), "Example Elsewhere CA", &p.newRoot, isCA, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"elsewhere.example"}, true
	})
	check(t, gateway, azureHost, nil, chainOf(sign(t, newKey(t), vnetName, &constrained, isServer, alternativeNames(vnetName)), constrained), InvalidChain)
}

func TestPeerFingerprint(t *testing.T) {
	p := newPKI(t)
	self := sign(t, newKey(t), "self", nil, isServer)
	sum := sha256.Sum256(self.certificate.Raw)
	print := hex.EncodeToString(sum[:])
	gateway := profiles.GatewayIdentity{PeerFingerprints: []string{strings.Repeat("ab", 32), strings.ToUpper(strings.Join(pairs(print), ":"))}}
	check(t, gateway, "gateway.example", nil, chainOf(self), "")
	check(t, gateway, "gateway.example", nil, chainOf(p.server(t, "x"), p.issuing), WrongFingerprint, print, "SHA-256")
	gateway.Roots = chainOf(p.newRoot) // with an authority both must hold
	check(t, gateway, "gateway.example", nil, chainOf(self), UntrustedRoot)
	gateway.Roots, gateway.Name = nil, profiles.NameRule{Type: profiles.NameExact, Value: "other"}
	check(t, gateway, "gateway.example", nil, chainOf(self), WrongName)
}

func TestRevocation(t *testing.T) {
	p := newPKI(t)
	next := fixedNow.AddDate(0, 1, 0)
	good, bad := p.server(t, vnetName), p.server(t, vnetName)
	list := p.revocationList(t, p.issuing, next, bad.certificate.SerialNumber)
	rootList := p.revocationList(t, p.newRoot, next, p.issuing.certificate.SerialNumber)
	impostor := sign(t, newKey(t), "Example Issuing CA 1", &p.strangeRoot, isCA)
	forged := p.revocationList(t, impostor, next, good.certificate.SerialNumber)
	with := func(lists ...[]byte) profiles.GatewayIdentity {
		gateway := profiles.GatewayIdentity{Roots: chainOf(p.newRoot)}
		for _, list := range lists {
			gateway.RevocationList = append(gateway.RevocationList, list...)
		}
		return gateway
	}
	check(t, with(list), azureHost, nil, chainOf(good, p.issuing), "")
	check(t, with(list), azureHost, nil, chainOf(bad, p.issuing), Revoked, "2026-04-01")
	check(t, with(list, rootList), azureHost, nil, chainOf(good, p.issuing), Revoked, "Example Issuing CA 1")
	check(t, with(forged), azureHost, nil, chainOf(good, p.issuing), "")
	check(t, with(p.revocationList(t, p.issuing, fixedNow.Add(-time.Hour))), azureHost, nil, chainOf(good, p.issuing), RevocationListExpired, "2026-06-01 11:00:00 UTC")
	for name, faulty := range map[string][]byte{"text": []byte("no list"), "certificate": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"nonsense": []byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")} {
		if _, err := NewVerifier(profiles.GatewayIdentity{RevocationList: faulty}, "x"); err == nil {
			t.Errorf("%s was taken for a revocation list", name)
		}
	}
}

func TestNewVerifierChecksHashes(t *testing.T) {
	for _, hash := range []string{"", "abc", strings.Repeat("z", 40), strings.Repeat("a", 64)} {
		if _, err := NewVerifier(profiles.GatewayIdentity{RootThumbprints: []string{hash}}, "x"); err == nil {
			t.Errorf("%q was taken for a SHA-1", hash)
		}
	}
	if _, err := NewVerifier(profiles.GatewayIdentity{PeerFingerprints: []string{strings.Repeat("a", 40)}}, "x"); err == nil {
		t.Error("a SHA-1 was taken for a SHA-256")
	}
}

// An unreadable store of roots is said, but not where the profile's own roots suffice.
func TestSystemRootsUnreadable(t *testing.T) {
	p := newPKI(t)
	unreadable := errors.New("permission denied")
	for _, own := range []bool{true, false} {
		gateway := profiles.GatewayIdentity{RootThumbprints: []string{Thumbprint(p.newRoot.certificate)}}
		if own {
			gateway.Roots = chainOf(p.newRoot)
		}
		v, err := NewVerifier(gateway, azureHost)
		if err != nil {
			t.Fatal(err)
		}
		v.Now = func() time.Time { return fixedNow }
		v.SystemRoots = func() ([]*x509.Certificate, error) { return nil, unreadable }
		if err := v.Verify(chainOf(p.server(t, vnetName), p.issuing)); own != (err == nil) || !own && !errors.Is(err, unreadable) {
			t.Errorf("own root %v: %v", own, err)
		}
	}
}
