package identity

import (
	"crypto/x509"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// azureGateway is the name of a VNet gateway; its certificate is for the VNet's GUID in the same domain.
var azureGateway = regexp.MustCompile(`^azuregateway-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-[0-9a-f]{12}(\.[a-z0-9-]+(?:\.[a-z0-9-]+)+)$`)

// checkName compares the name with the profile's rule or, where it has none, with the names that the server may have.
func (v *Verifier) checkName(leaf *x509.Certificate) error {
	rule := v.gateway.Name
	if rule.Value != "" {
		return checkRule(leaf, rule)
	}
	if !v.gateway.DeriveName {
		return nil
	}
	names := GatewayNames(v.host)
	if slices.ContainsFunc(names, func(name string) bool { return isFor(leaf, name) }) {
		return nil
	}
	return &Error{Code: WrongName, Offered: describe(leaf), Expected: "a certificate for " + strings.Join(names, " or ") + ", or a wildcard over it"}
}

// checkRule is verify-x509-name: equal bytes (OpenVPN ssl_verify.c, verify_peer_cert).
func checkRule(leaf *x509.Certificate, rule profiles.NameRule) error {
	common := leaf.Subject.CommonName
	var matches bool
	var expected string
	switch rule.Type {
	case profiles.NameSubject:
		matches, expected = Subject(leaf) == rule.Value, "subject "
	case profiles.NamePrefix:
		matches, expected = strings.HasPrefix(common, rule.Value), "a common name that begins with "
	default:
		// Some authorities leave the common name empty by now; OpenVPN would refuse their certificates.
		matches, expected = common == rule.Value || common == "" && slices.Contains(leaf.DNSNames, rule.Value), "common name "
	}
	if matches {
		return nil
	}
	return &Error{Code: WrongName, Offered: describe(leaf), Expected: expected + `"` + rule.Value + `"`}
}

// GatewayNames are the names that the certificate of the server at host may be for: its own and, of an Azure VNet gateway
// "azuregateway-GUID-xxxxxxxxxxxx.vpn.azure.com", "GUID.vpn.azure.com".
func GatewayNames(host string) []string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	names := []string{host}
	if parts := azureGateway.FindStringSubmatch(host); parts != nil {
		names = append(names, parts[1]+parts[2])
	}
	return names
}

// isFor reports whether a certificate is for a host by its alternative names (RFC 6125) or, as Azure's gateways do it, its common name.
func isFor(leaf *x509.Certificate, host string) bool {
	if leaf.VerifyHostname(host) == nil {
		return true
	}
	common := strings.ToLower(strings.TrimSuffix(leaf.Subject.CommonName, "."))
	if common == host {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	// A wildcard is the whole first label, and stands over a domain of at least two (RFC 6125 section 6.4.3).
	domain, isWildcard := strings.CutPrefix(common, "*.")
	_, rest, _ := strings.Cut(host, ".")
	return isWildcard && strings.Contains(domain, ".") && !strings.Contains(domain, "*") && rest == domain
}
