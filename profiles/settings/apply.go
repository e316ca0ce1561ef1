package settings

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// Apply is a copy of the profile with the settings in it. An error is about the settings, or is a finding.Finding of profiles.Validate
// about the two together. What only programs of the user need (AutoConnect, TrustedNetworks, files, the sign-in) stays out of it.
func (s Settings) Apply(p *profiles.Profile) (*profiles.Profile, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("apply settings: %w", err)
	}
	applied := *p
	s.applyNetworks(&applied)
	s.applyTransport(&applied)
	s.applyIdentity(&applied)
	if s.SecondaryProfile != "" {
		applied.SecondaryProfile = s.SecondaryProfile
	}
	for _, f := range profiles.Validate(&applied) {
		if f.Severity == finding.Fault {
			return nil, fmt.Errorf("apply settings: %w", f)
		}
	}
	return &applied, nil
}

func (s Settings) applyNetworks(p *profiles.Profile) {
	if len(s.DNSServers) > 0 {
		p.DNS.Servers = slices.Clone(s.DNSServers)
	}
	if len(s.DNSSuffixes) > 0 {
		p.DNS.Suffixes = nil
		for _, text := range s.DNSSuffixes {
			if suffix, _ := normalSuffix(text); !slices.Contains(p.DNS.Suffixes, suffix) {
				p.DNS.Suffixes = append(p.DNS.Suffixes, suffix)
			}
		}
	}
	p.IncludeRoutes = added(p.IncludeRoutes, s.IncludeRoutes)
	p.ExcludeRoutes = added(p.ExcludeRoutes, s.ExcludeRoutes)
}

// added is a new list of the profile's routes and the settings'.
func added(routes, more []netip.Prefix) []netip.Prefix {
	all := slices.Clone(routes)
	for _, prefix := range more {
		if prefix = prefix.Masked(); !slices.Contains(all, prefix) {
			all = append(all, prefix)
		}
	}
	return all
}

func (s Settings) applyTransport(p *profiles.Profile) {
	if s.Transport != "" {
		p.Transport = s.Transport
		p.Servers = slices.Clone(p.Servers)
		for i := range p.Servers {
			p.Servers[i].Transport = ""
		}
	}
	switch {
	case s.Proxy == nil:
	case s.Proxy.Type == NoProxy:
		p.Proxy = nil
	default:
		p.Proxy = &profiles.Proxy{Type: s.Proxy.Type, Host: s.Proxy.Host, Port: s.Proxy.Port, Username: s.Proxy.Username, Password: s.Proxy.Password}
	}
	if s.MTU != 0 {
		p.OpenVPN.TunMTU = s.MTU
	}
}

func (s Settings) applyIdentity(p *profiles.Profile) {
	if s.Username != "" {
		p.Authentication.Username = s.Username
	}
	if c := s.Certificate; c != nil && (c.Thumbprint != "" || c.Issuer != "") {
		thumbprint, _ := certificate.ParseThumbprint(c.Thumbprint)
		p.Authentication.Certificate = &profiles.CertificateSelector{Thumbprint: thumbprint, Issuer: c.Issuer}
	}
}
