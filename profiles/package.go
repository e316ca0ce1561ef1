package profiles

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/bundle"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// readBundle reads the ZIP that Azure generates. Its files are about one gateway: what one of them knows completes the others.
func (m *importer) readBundle(data []byte) {
	b, err := bundle.Open(data)
	if err != nil {
		var refused finding.Finding
		if !errors.As(err, &refused) {
			refused = finding.Finding{Severity: finding.Fault, Code: "damaged-zip", Problem: "The ZIP cannot be read.", Remedy: expected}
		}
		m.note(m.options.Name, []finding.Finding{refused})
		return
	}
	roots := m.bundledRoots(b)
	ofKind(b, bundle.AzureProfile, func(entry bundle.Entry) { m.add(m.azureProfile(entry.Data, entry.Name)) })
	azure := slices.Clone(m.profiles)
	ofKind(b, bundle.OpenVPN, func(entry bundle.Entry) { m.addBundledOpenVPN(entry, azure) })
	m.bundledSettings(b, &roots)
	for _, p := range m.profiles {
		p.Gateway.Roots = certificate.Add(p.Gateway.Roots, roots...)
	}
	if len(m.profiles) == 0 && !finding.Faulty(m.findings) {
		m.fault("wrong-file", describeBundle(b), expected)
	}
}

// bundledRoots are the certificates beside the profiles.
func (m *importer) bundledRoots(b *bundle.Bundle) []*x509.Certificate {
	var roots []*x509.Certificate
	ofKind(b, bundle.ServerRoot, func(entry bundle.Entry) {
		found, err := certificate.Parse(entry.Data)
		if err != nil {
			m.note(entry.Name, []finding.Finding{{Severity: finding.Warning, Code: "bad-certificate", Problem: "The root certificate of the gateway cannot be read.",
				Remedy: "Download the package from Azure again."}})
		}
		roots = certificate.Add(roots, found...)
	})
	return roots
}

// addBundledOpenVPN takes vpnconfig.ovpn for a profile of its own only where no azurevpnconfig.xml is about the same gateway and way to
// sign in. It alone names the gateway's certificate, which goes for all profiles of that gateway.
func (m *importer) addBundledOpenVPN(entry bundle.Entry, azure []*Profile) {
	p := m.openVPN(entry.Data, entry.Name, nil)
	if p == nil {
		return
	}
	known := false
	for _, candidate := range azure {
		if !sameGateway(candidate, p) {
			continue
		}
		candidate.Gateway.Roots = certificate.Add(candidate.Gateway.Roots, p.Gateway.Roots...)
		if candidate.Gateway.Name.Value == "" {
			candidate.Gateway.Name = p.Gateway.Name
		}
		if candidate.Authentication.Type == p.Authentication.Type && !p.Authentication.AuthUserPass {
			completeCertificate(&candidate.Authentication, p.Authentication)
			known = true
		}
	}
	if !known {
		if len(azure) > 0 && p.Name == p.Servers[0].Host && sameGateway(azure[0], p) {
			p.Name = azure[0].Name
		}
		m.add(p)
	}
}

// sameGateway reports whether all servers of one profile are the other's, and both have the same server secret.
func sameGateway(azure, other *Profile) bool {
	for _, server := range azure.Servers {
		if !slices.ContainsFunc(other.Servers, func(s Server) bool { return strings.EqualFold(s.Host, server.Host) && s.Port == server.Port }) {
			return false
		}
	}
	return azure.ControlChannel.Mode == other.ControlChannel.Mode && azure.ControlChannel.Key == other.ControlChannel.Key
}

// completeCertificate takes over a client certificate that someone has filled into vpnconfig.ovpn.
func completeCertificate(to *Authentication, from Authentication) {
	if to.ClientCert == "" && to.PKCS12 == "" {
		to.ClientCert, to.ClientKey, to.PKCS12 = from.ClientCert, from.ClientKey, from.PKCS12
	}
}

// bundledSettings takes the roots from VpnSettings.xml and, where nothing else in the package is usable, a profile.
func (m *importer) bundledSettings(b *bundle.Bundle, roots *[]*x509.Certificate) {
	others := len(b.Of(bundle.AzureProfile)) + len(b.Of(bundle.OpenVPN))
	ofKind(b, bundle.Settings, func(entry bundle.Entry) {
		settings, findings := azvpn.ParseSettings(entry.Data)
		if settings == nil || finding.Faulty(findings) {
			if others > 0 { // nothing is lost but roots
				for i := range findings {
					findings[i].Severity = min(findings[i].Severity, finding.Warning)
				}
			}
			m.note(entry.Name, findings)
			return
		}
		m.note(entry.Name, findings)
		*roots = certificate.Add(*roots, settings.Roots...)
		if others > 0 {
			m.nameAfterNetwork(settings)
			return
		}
		m.addSettings(settings, entry.Data, entry.Name)
	})
}

// nameAfterNetwork gives profiles that are only called after their server the name of the virtual network.
func (m *importer) nameAfterNetwork(settings *azvpn.Settings) {
	for _, p := range m.profiles {
		if settings.VNetName != "" && p.Name == p.Servers[0].Host && strings.EqualFold(settings.Server, p.Name) {
			p.Name = settings.VNetName
		}
	}
}

// describeBundle says what a ZIP is that holds no profile.
func describeBundle(b *bundle.Bundle) string {
	names := b.Names()
	if len(names) == 0 {
		return "This is an empty ZIP."
	}
	has := func(match func(string) bool) bool {
		return slices.ContainsFunc(names, func(name string) bool { return match(strings.ToLower(name)) })
	}
	suffix := func(ends ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(ends, path.Ext(name)) }
	}
	switch {
	case has(suffix(".zip")):
		return "This is a ZIP with another ZIP in it, which is not looked into; unpack it first."
	case has(func(name string) bool { return strings.Contains(name, "vpnclientsetup") }):
		return "This is a package for the VPN client built into Windows; the gateway does not offer OpenVPN."
	case has(func(name string) bool { return name == "[content_types].xml" }):
		return "This is an Office document."
	case has(suffix(".mobileconfig")):
		return "This is a package for the VPN client built into macOS; the gateway does not offer OpenVPN."
	default:
		return fmt.Sprintf("This is a ZIP of %d files without a VPN profile.", len(names))
	}
}
