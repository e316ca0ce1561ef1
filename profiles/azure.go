package profiles

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// What Azure's gateways speak, as their vpnconfig.ovpn says it; azurevpnconfig.xml does not.
const (
	azurePort       = 443
	azureDigest     = "SHA256"
	azureCipher     = "AES-256-GCM"
	azureTLSTimeout = 30 * time.Second
	clientDirection = 1
)

// azureDefaults is a profile of an Azure gateway that says nothing yet.
func azureDefaults() *Profile {
	return &Profile{
		Transport: TCP,
		Gateway:   GatewayIdentity{TrustSystemRoots: true, DeriveName: true, RequireServerEKU: true},
		OpenVPN: OpenVPN{DataCiphers: []string{azureCipher}, FallbackCipher: azureCipher, Auth: azureDigest,
			TLSVersionMin: tls.VersionTLS12, TLSTimeout: azureTLSTimeout, NoBind: true},
	}
}

// fromAzure is what an AzVpnProfile means. otherwise is its name where it has none.
func fromAzure(a *azvpn.Profile, source []byte, otherwise string) *Profile {
	p := azureDefaults()
	p.Format, p.Source = FormatAzureXML, source
	for _, server := range a.Servers {
		p.Servers = append(p.Servers, Server{DisplayName: server.DisplayName, Host: server.FQDN, Port: azurePort})
	}
	p.Name = profileName(a.Name, otherwise, a.Servers[0].FQDN)
	if a.Transport == string(UDP) {
		p.Transport = UDP
	}
	p.Authentication = authenticationFromAzure(a)
	p.Gateway.RootThumbprints = a.RootThumbprints
	p.Gateway.Roots = a.Roots
	p.Gateway.UsePinnedRoot = a.UsePinnedRoot
	p.ControlChannel = azureControlChannel()
	p.ControlChannel.Key = a.ServerSecret
	p.DNS = DNS{Servers: a.DNSServers, Suffixes: a.DNSSuffixes}
	p.IncludeRoutes, p.ExcludeRoutes = a.IncludeRoutes, a.ExcludeRoutes
	p.SecondaryProfile = a.SecondaryProfile
	return p
}

func azureControlChannel() ControlChannel {
	direction := clientDirection
	return ControlChannel{Mode: TLSAuth, KeyDirection: &direction, Digest: azureDigest}
}

func authenticationFromAzure(a *azvpn.Profile) Authentication {
	auth := Authentication{Username: a.Username, Password: a.Password}
	switch a.Type {
	case azvpn.AAD:
		auth.Type = EntraID
		entra := Entra(*a.Entra)
		auth.Entra = &entra
	case azvpn.UsernamePass:
		auth.Type = UsernamePassword
	default:
		auth.Type = Certificate
		if a.Certificate != nil {
			selector := CertificateSelector(*a.Certificate)
			auth.Certificate = &selector
		}
	}
	return auth
}

// fromSettings is what VpnSettings.xml means: everything but the server secret.
func fromSettings(s *azvpn.Settings, source []byte, otherwise string) *Profile {
	p := azureDefaults()
	p.Format, p.Source = FormatVPNSettings, source
	p.Name = profileName(s.VNetName, otherwise, s.Server)
	p.Servers = []Server{{Host: s.Server, Port: azurePort}}
	p.Gateway.Roots = s.Roots
	for _, root := range s.Roots {
		p.Gateway.RootThumbprints = append(p.Gateway.RootThumbprints, certificate.Thumbprint(root))
	}
	p.ControlChannel = azureControlChannel()
	p.IncludeRoutes = s.Routes
	p.DNS.Servers = s.DNSServers
	switch {
	case s.AADAudience != "":
		p.Authentication = Authentication{Type: EntraID, Entra: &Entra{Audience: s.AADAudience, Issuer: s.AADIssuer, Tenant: s.AADTenant, CacheSignInUser: true}}
	case strings.EqualFold(s.Auth, "EAPMSCHAPv2"):
		p.Authentication.Type = UsernamePassword
	default:
		p.Authentication.Type = Certificate
	}
	return p
}

// toAzure is a profile as an AzVpnProfile.
func toAzure(p *Profile) *azvpn.Profile {
	a := &azvpn.Profile{
		Name:             p.Name,
		Version:          1,
		Username:         p.Authentication.Username,
		Password:         p.Authentication.Password,
		DNSServers:       p.DNS.Servers,
		DNSSuffixes:      p.DNS.Suffixes,
		IncludeRoutes:    p.IncludeRoutes,
		ExcludeRoutes:    p.ExcludeRoutes,
		Transport:        string(p.Transport),
		RootThumbprints:  p.Gateway.RootThumbprints,
		ServerSecret:     p.ControlChannel.Key,
		UsePinnedRoot:    p.Gateway.UsePinnedRoot,
		SecondaryProfile: p.SecondaryProfile,
	}
	for _, server := range p.Servers {
		a.Servers = append(a.Servers, azvpn.Server{DisplayName: server.DisplayName, FQDN: server.Host})
	}
	if len(a.RootThumbprints) == 0 {
		for _, root := range p.Gateway.Roots {
			a.RootThumbprints = append(a.RootThumbprints, certificate.Thumbprint(root))
		}
	}
	switch p.Authentication.Type {
	case EntraID:
		a.Type = azvpn.AAD
		if p.Authentication.Entra != nil {
			entra := azvpn.Entra(*p.Authentication.Entra)
			a.Entra = &entra
		}
	case UsernamePassword:
		a.Type = azvpn.UsernamePass
	default:
		a.Type = azvpn.Certificate
		if p.Authentication.Certificate != nil {
			selector := azvpn.CertificateSelector(*p.Authentication.Certificate)
			a.Certificate = &selector
		}
	}
	return a
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
