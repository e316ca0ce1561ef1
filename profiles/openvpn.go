package profiles

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/ovpn"
)

// defaultDigest is OpenVPN's of the option auth.
const defaultDigest = "SHA1"

// fromOpenVPN is what an OpenVPN configuration means. otherwise is its name where it has none.
func fromOpenVPN(c *ovpn.Config, source []byte, otherwise string) *Profile {
	p := &Profile{
		Name:         profileName(c.FriendlyName, otherwise, c.Remotes[0].Host),
		RemoteRandom: c.RemoteRandom,
		Transport:    Transport(c.Transport),
		Gateway: GatewayIdentity{Roots: c.CA, RequireServerEKU: c.RequireServerEKU, PeerFingerprints: c.PeerFingerprints,
			RevocationList: c.RevocationList, Name: NameRule{Type: NameRuleType(c.NameType), Value: c.Name}},
		ControlChannel: ControlChannel{Mode: ControlMode(c.ControlMode), Key: c.ControlKey, KeyDirection: c.KeyDirection},
		DNS:            DNS{Servers: c.DNSServers, Suffixes: c.DNSSuffixes, SearchDomains: c.SearchDomains, BlockOutside: c.BlockOutsideDNS},
		IncludeRoutes:  c.IncludeRoutes,
		ExcludeRoutes:  c.ExcludeRoutes,
		OpenVPN:        c.Options,
		Format:         FormatOVPN,
		Source:         source,
	}
	for _, remote := range c.Remotes {
		server := Server{Host: remote.Host, Port: remote.Port}
		if remote.Transport != c.Transport {
			server.Transport = Transport(remote.Transport)
		}
		p.Servers = append(p.Servers, server)
	}
	if p.ControlChannel.Mode == TLSAuth {
		p.ControlChannel.Digest = firstOf(c.Options.Auth, defaultDigest)
	}
	if c.Proxy != nil {
		p.Proxy = &Proxy{Type: ProxyType(c.Proxy.Type), Host: c.Proxy.Host, Port: c.Proxy.Port, Username: c.Proxy.Username, Password: c.Proxy.Password}
	}
	p.Authentication = authenticationFromOpenVPN(c)
	return p
}

func authenticationFromOpenVPN(c *ovpn.Config) Authentication {
	auth := Authentication{Type: Certificate, AuthUserPass: c.AuthUserPass, Username: c.Username, Password: c.Password,
		ClientCert: c.ClientCert, ClientKey: c.ClientKey, PKCS12: c.PKCS12}
	if !c.HasCertificate() {
		auth.Type = UsernamePassword
	}
	if c.Challenge != nil {
		challenge := StaticChallenge(*c.Challenge)
		auth.Challenge = &challenge
	}
	return auth
}

// toOpenVPN is a profile as an OpenVPN configuration.
func toOpenVPN(p *Profile) *ovpn.Config {
	c := &ovpn.Config{
		FriendlyName:     p.Name,
		RemoteRandom:     p.RemoteRandom,
		Transport:        firstOf(string(p.Transport), string(TCP)),
		CA:               acceptedRoots(p.Gateway),
		NameType:         string(p.Gateway.Name.Type),
		Name:             p.Gateway.Name.Value,
		RequireServerEKU: p.Gateway.RequireServerEKU,
		PeerFingerprints: p.Gateway.PeerFingerprints,
		RevocationList:   p.Gateway.RevocationList,
		ControlMode:      string(p.ControlChannel.Mode),
		ControlKey:       p.ControlChannel.Key,
		KeyDirection:     p.ControlChannel.KeyDirection,
		ClientCert:       p.Authentication.ClientCert,
		ClientKey:        p.Authentication.ClientKey,
		PKCS12:           p.Authentication.PKCS12,
		AuthUserPass:     p.Authentication.AuthUserPass || p.Authentication.Type != Certificate,
		Username:         p.Authentication.Username,
		Password:         p.Authentication.Password,
		IncludeRoutes:    p.IncludeRoutes,
		ExcludeRoutes:    p.ExcludeRoutes,
		DNSServers:       p.DNS.Servers,
		DNSSuffixes:      p.DNS.Suffixes,
		SearchDomains:    p.DNS.SearchDomains,
		BlockOutsideDNS:  p.DNS.BlockOutside,
		Options:          p.OpenVPN,
	}
	c.BringsOwn = p.Authentication.Type == Certificate && c.PKCS12 == "" && (c.ClientCert == "" || c.ClientKey == "")
	for _, server := range p.Servers {
		remote := ovpn.Remote{Host: server.Host, Port: server.Port}
		if string(server.Transport) != c.Transport {
			remote.Transport = string(server.Transport)
		}
		c.Remotes = append(c.Remotes, remote)
	}
	if p.ControlChannel.Mode == TLSAuth && c.Options.Auth == "" && p.ControlChannel.Digest != defaultDigest {
		c.Options.Auth = p.ControlChannel.Digest
	}
	if p.Proxy != nil {
		c.Proxy = &ovpn.Proxy{Type: string(p.Proxy.Type), Host: p.Proxy.Host, Port: p.Proxy.Port, Username: p.Proxy.Username, Password: p.Proxy.Password}
	}
	if p.Authentication.Challenge != nil {
		challenge := ovpn.Challenge(*p.Authentication.Challenge)
		c.Challenge = &challenge
	}
	if c.Name == "" && p.Gateway.DeriveName && len(p.Servers) == 1 {
		c.NameType, c.Name = string(NameExact), gatewayName(p.Servers[0].Host)
	}
	if p.Authentication.Type == EntraID && c.Username == "" {
		c.Username = "AzureAD" // with an access token as password
	}
	return c
}

// acceptedRoots are the roots that the gateway's chain may end in, and intermediates: OpenVPN has no thumbprints to choose by.
func acceptedRoots(gateway GatewayIdentity) []*x509.Certificate {
	if len(gateway.RootThumbprints) == 0 || gateway.UsePinnedRoot != nil && !*gateway.UsePinnedRoot {
		return gateway.Roots
	}
	pinned := false
	var accepted []*x509.Certificate
	for _, candidate := range gateway.Roots {
		isPinned := slices.Contains(gateway.RootThumbprints, certificate.Thumbprint(candidate))
		pinned = pinned || isPinned
		if isPinned || !bytes.Equal(candidate.RawSubject, candidate.RawIssuer) {
			accepted = append(accepted, candidate)
		}
	}
	if !pinned {
		return nil
	}
	return accepted
}

// gatewayName is the common name in the certificate of an Azure gateway: that of its virtual network,
// "GUID.vpn.azure.com" for "azuregateway-GUID-xxxxxxxxxxxx.vpn.azure.com", else its own.
func gatewayName(host string) string {
	first, domain, _ := strings.Cut(host, ".")
	rest, isGateway := strings.CutPrefix(strings.ToLower(first), "azuregateway-")
	if last := strings.LastIndexByte(rest, '-'); isGateway && last == len("00000000-0000-0000-0000-000000000000") {
		return rest[:last] + "." + domain
	}
	return host
}
