package settings

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// Limits of settings.
const (
	maxServers  = 64
	maxSuffixes = 512
	maxRoutes   = 4096
	maxNetworks = 64
	maxText     = 256  // bytes of a name
	maxPath     = 4096 // bytes of a path or a URI
	minMTU      = 576  // what every IPv4 network carries (RFC 791)
	maxMTU      = 65535
)

// Validate reports everything that is wrong with the settings by themselves, whatever the profile is.
func (s Settings) Validate() error {
	return errors.Join(s.validateNetworks(), s.validateTransport(), s.validateTexts(), s.validateCertificate())
}

func (s Settings) validateNetworks() error {
	var problems []error
	count := func(key string, length, limit int) {
		if length > limit {
			problems = append(problems, &ValueError{Key: key, Expected: "fewer entries"})
		}
	}
	count(keyDNSServers, len(s.DNSServers), maxServers)
	count(keyDNSSuffixes, len(s.DNSSuffixes), maxSuffixes)
	count(keyIncludeRoutes, len(s.IncludeRoutes), maxRoutes)
	count(keyExcludeRoutes, len(s.ExcludeRoutes), maxRoutes)
	count(keyTrustedNetworks, len(s.TrustedNetworks), maxNetworks)
	if slices.ContainsFunc(s.DNSServers, func(a netip.Addr) bool { return !isServer(a) }) {
		problems = append(problems, &ValueError{Key: keyDNSServers, Expected: expectServers})
	}
	for _, suffix := range s.DNSSuffixes {
		if _, ok := normalSuffix(suffix); !ok {
			problems = append(problems, &ValueError{Key: keyDNSSuffixes, Value: suffix, Expected: expectSuffixes})
		}
	}
	if slices.ContainsFunc(s.IncludeRoutes, func(p netip.Prefix) bool { return !p.IsValid() }) {
		problems = append(problems, &ValueError{Key: keyIncludeRoutes, Expected: expectRoutes})
	}
	if slices.ContainsFunc(s.ExcludeRoutes, func(p netip.Prefix) bool { return !p.IsValid() }) {
		problems = append(problems, &ValueError{Key: keyExcludeRoutes, Expected: expectRoutes})
	}
	for _, network := range s.TrustedNetworks {
		if again, ok := trustedNetwork(network.String()); !ok || (again.Probe == "") != (network.Probe == "") {
			problems = append(problems, &ValueError{Key: keyTrustedNetworks, Value: network.String(), Expected: expectNetworks})
		}
	}
	return errors.Join(problems...)
}

func (s Settings) validateTransport() error {
	var problems []error
	if !slices.Contains([]profiles.Transport{"", profiles.TCP, profiles.UDP}, s.Transport) {
		problems = append(problems, &ValueError{Key: keyTransport, Value: string(s.Transport), Expected: expectTransport})
	}
	if s.MTU != 0 && (s.MTU < minMTU || s.MTU > maxMTU) {
		problems = append(problems, &ValueError{Key: keyMTU, Value: strconv.Itoa(s.MTU), Expected: expectMTU})
	}
	if s.Proxy != nil {
		problems = append(problems, s.Proxy.validate())
	}
	return errors.Join(problems...)
}

func (p Proxy) validate() error {
	wrong := func(expected string) error { return &ValueError{Key: keyProxy, Expected: expected} }
	switch {
	case p.Type == NoProxy && p == Proxy{Type: NoProxy}:
		return nil
	case p.Type != profiles.HTTPProxy && p.Type != profiles.SOCKS5Proxy, !IsHost(p.Host), p.Port == 0:
		return wrong(expectProxy)
	case p.Password == hidden:
		return wrong("the password itself, where it was hidden for showing")
	case p.Username == "" && p.Password != "":
		return wrong("a user name before the password")
	case !isText(p.Username, maxText), !isText(p.Password.Reveal(), maxText), strings.Contains(p.Username, ":"):
		return wrong("a user name without a colon, and both it and the password with at most 256 characters")
	case p.Type == profiles.SOCKS5Proxy && (len(p.Username) > 255 || len(p.Password) > 255): // RFC 1929
		return wrong("a user name and a password of at most 255 bytes")
	}
	return nil
}

func (s Settings) validateTexts() error {
	var problems []error
	for key, text := range map[string]string{keySecondaryProfile: s.SecondaryProfile, keyUsername: s.Username, keyLoginHint: s.LoginHint} {
		if !isText(text, maxText) {
			problems = append(problems, &ValueError{Key: key, Expected: expectText})
		}
	}
	if s.SignIn != SignInBrowser && s.SignIn != SignInDeviceCode {
		problems = append(problems, &ValueError{Key: keySignIn, Value: string(s.SignIn), Expected: expectSignIn})
	}
	if s.SignInServer != "" && !isSignInServer(s.SignInServer) {
		problems = append(problems, &ValueError{Key: keySignInServer, Value: s.SignInServer, Expected: expectServer})
	}
	if s.AzureGateway != "" && !isGateway(s.AzureGateway) {
		problems = append(problems, &ValueError{Key: keyAzureGateway, Value: s.AzureGateway, Expected: expectGateway})
	}
	return errors.Join(problems...)
}

// isSignInServer reports whether a text is a host, perhaps with a port.
func isSignInServer(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return IsHost(text)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return IsHost(host) && err == nil && number > 0
}

// isGateway reports whether a text is the resource id of a gateway that profiles can be of.
func isGateway(id string) bool {
	parts := strings.Split(id, "/")
	return len(parts) == 9 && isText(id, maxPath) && parts[0] == "" && strings.EqualFold(parts[1], "subscriptions") && parts[2] != "" &&
		strings.EqualFold(parts[3], "resourceGroups") && parts[4] != "" && strings.EqualFold(parts[5], "providers") &&
		strings.EqualFold(parts[6], "Microsoft.Network") && parts[8] != "" &&
		(strings.EqualFold(parts[7], "virtualNetworkGateways") || strings.EqualFold(parts[7], "p2svpnGateways"))
}

func (s Settings) validateCertificate() error {
	c := s.Certificate
	if c == nil {
		return nil
	}
	var problems []error
	for key, path := range map[string]string{keyCertificate: c.CertificateFile, keyKey: c.KeyFile, keyPKCS12: c.PKCS12File, keyFolder: c.Folder} {
		if !isText(path, maxPath) {
			problems = append(problems, &ValueError{Key: key, Expected: expectPath})
		}
	}
	if c.PKCS11URI != "" && !isToken(c.PKCS11URI) {
		problems = append(problems, &ValueError{Key: keyPKCS11, Expected: expectToken})
	}
	if _, ok := certificate.ParseThumbprint(c.Thumbprint); !ok && c.Thumbprint != "" {
		problems = append(problems, &ValueError{Key: keyThumbprint, Value: c.Thumbprint, Expected: expectThumbprint})
	}
	if !isText(c.Issuer, maxText) {
		problems = append(problems, &ValueError{Key: keyIssuer, Expected: expectText})
	}
	return errors.Join(problems...)
}

// isText reports whether text is one line that can be shown.
func isText(text string, limit int) bool {
	return len(text) <= limit && strings.ToValidUTF8(text, "") == text && !strings.ContainsFunc(text, unicode.IsControl)
}

// isToken reports whether text is a PKCS #11 URI without a PIN: a PIN is asked for and never written down.
func isToken(text string) bool {
	return isText(text, maxPath) && strings.HasPrefix(strings.ToLower(text), "pkcs11:") && !strings.Contains(strings.ToLower(text), "pin-value")
}

// isServer reports whether an address can be that of a name server.
func isServer(address netip.Addr) bool {
	return address.IsValid() && !address.IsUnspecified() && !address.IsMulticast()
}

// IsHost reports whether text is an IP address or a DNS name.
func IsHost(text string) bool {
	if address, err := netip.ParseAddr(text); err == nil {
		return !address.IsUnspecified()
	}
	_, ok := normalSuffix(text)
	return ok
}

// normalSuffix is a DNS name in lower case and in ASCII, without dots around it.
func normalSuffix(text string) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(text, "."), "."))
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", false
		}
		name = ascii
	}
	const longest, longestLabel = 253, 63 // RFC 1035
	if _, err := netip.ParseAddr(name); err == nil || len(name) > longest {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > longestLabel || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, isNotInName) {
			return "", false
		}
	}
	return name, true
}

// isNotInName allows the underscore, which Windows domains have.
func isNotInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// trustedNetwork reads "corp.example" or "host:port".
func trustedNetwork(text string) (TrustedNetwork, bool) {
	if host, port, err := net.SplitHostPort(text); err == nil {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 || !IsHost(host) {
			return TrustedNetwork{}, false
		}
		return TrustedNetwork{Probe: net.JoinHostPort(strings.ToLower(host), strconv.FormatUint(number, 10))}, true
	}
	suffix, ok := normalSuffix(text)
	return TrustedNetwork{DNSSuffix: suffix}, ok
}
