package profiles

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/mobileconfig"
	"github.com/footbridge-vpn/footbridge/profiles/vpnv2"
)

// Management is what a device management, or the client that a profile comes from, says about it besides what is in it.
type Management struct {
	AutoConnect     bool
	TrustedNetworks []string // DNS suffixes where AutoConnect is not needed
	TrustedProbes   []string // "host:port" that answers only where AutoConnect is not needed
	CertificateFile string   // of the user, PEM
	KeyFile         string   // of the user, PEM
}

// manage notes what is said about a profile.
func (m *importer) manage(p *Profile, management Management) {
	if p == nil {
		return
	}
	if m.management == nil {
		m.management = map[*Profile]Management{}
	}
	m.management[p] = management
}

// readVPNv2 reads a ProfileXML of Windows' device management.
func (m *importer) readVPNv2(data []byte) {
	d, findings := vpnv2.Parse(data)
	m.note(m.options.Name, findings)
	if d == nil || finding.Faulty(findings) {
		return
	}
	p := m.azureProfile(d.AzureProfile, cmp.Or(d.Name, m.options.Name))
	if p == nil {
		return
	}
	for _, route := range d.Routes {
		if route.Exclusion {
			p.ExcludeRoutes = append(p.ExcludeRoutes, route.Prefix)
		} else {
			p.IncludeRoutes = append(p.IncludeRoutes, route.Prefix)
		}
	}
	for _, rule := range d.Names {
		for _, server := range rule.Servers {
			if !slices.Contains(p.DNS.Servers, server) {
				p.DNS.Servers = append(p.DNS.Servers, server)
			}
		}
		if rule.Suffix != "" && !slices.Contains(p.DNS.Suffixes, rule.Suffix) {
			p.DNS.Suffixes = append(p.DNS.Suffixes, rule.Suffix)
		}
	}
	m.add(p)
	m.manage(p, Management{AutoConnect: d.AlwaysOn, TrustedNetworks: d.TrustedNetworks})
}

// readMobileconfig reads a configuration profile of Apple's device management.
func (m *importer) readMobileconfig(data []byte) {
	d, findings := mobileconfig.Parse(data)
	m.note(m.options.Name, findings)
	if d == nil {
		return
	}
	m.policy = d.Policy
	if d.Policy != nil && len(d.Connections) == 0 {
		m.fault("policy-only", "This configuration profile has Footbridge's policy in it, but no VPN.", "Put the policy itself into place as policy.toml.")
	}
	for _, connection := range d.Connections {
		if connection.AzureProfile == nil {
			continue
		}
		p := m.azureProfile(connection.AzureProfile, cmp.Or(connection.Name, m.options.Name))
		m.add(p)
		management := Management{AutoConnect: connection.OnDemand, TrustedNetworks: connection.TrustedNetworks}
		for _, address := range connection.TrustedProbes {
			if probe, ok := probeOf(address); ok {
				management.TrustedProbes = append(management.TrustedProbes, probe)
			}
		}
		m.manage(p, management)
	}
}

// readKept reads the files in which the official clients keep their profiles.
func (m *importer) readPhoneBook(data []byte) {
	kept, findings := azvpn.ParsePhoneBook(data)
	m.note(m.options.Name, findings)
	for _, k := range kept {
		m.add(m.azureProfile(k.XML, k.Name))
	}
}

func (m *importer) readLinuxClient(data []byte) {
	kept, findings := azvpn.ParseLinuxClient(data)
	m.note(m.options.Name, findings)
	for _, k := range kept {
		written := azvpn.Write(k.Profile, nil)
		p := m.azureProfile(written, k.Name)
		m.add(p)
		m.manage(p, Management{CertificateFile: k.CertificateFile, KeyFile: k.KeyFile})
	}
}

// ManagedOptions says how a profile is handed to a device management.
type ManagedOptions struct {
	Management
	Each         map[*Profile]Management // of single profiles of a configuration profile, in place of Management
	Remember     bool                    // RememberCredentials of VPNv2
	Identifier   string                  // of a configuration profile, reverse DNS; empty: made of the profile's server
	Organization string                  // of a configuration profile
	ForOfficial  bool                    // a configuration profile for the official client instead of Footbridge
	Policy       []byte                  // Footbridge's policy, in a configuration profile
}

// ExportVPNv2 writes a profile as ProfileXML for Windows' device management.
func ExportVPNv2(p *Profile, options ManagedOptions) ([]byte, error) {
	azure, err := Export(p, FormatAzureXML)
	if err != nil {
		return nil, err
	}
	d := vpnv2.Document{RememberCredentials: options.Remember, AlwaysOn: options.AutoConnect, TrustedNetworks: options.TrustedNetworks, AzureProfile: azure}
	for _, server := range p.Servers {
		d.Servers = append(d.Servers, server.Host)
	}
	return vpnv2.Write(d)
}

// ExportMobileconfig writes profiles as one configuration profile for Apple's device management. It is not signed.
func ExportMobileconfig(name string, all []*Profile, options ManagedOptions) ([]byte, error) {
	if len(all) == 0 {
		return nil, &ExportError{FormatMobileconfig, "there is no profile to write"}
	}
	d := mobileconfig.Document{Identifier: options.Identifier, Name: name, Organization: options.Organization, Removable: true, Policy: options.Policy}
	if d.Identifier == "" {
		d.Identifier = mobileconfig.OwnSubType + "." + identifierPart(all[0].Servers[0].Host)
	}
	for _, p := range all {
		azure, err := Export(p, FormatAzureXML)
		if err != nil {
			return nil, err
		}
		managed, own := options.Each[p]
		if !own {
			managed = options.Management
		}
		c := mobileconfig.Connection{Name: p.Name, SubType: mobileconfig.OwnSubType, Server: p.Servers[0].Host, AzureProfile: bytes.TrimSpace(azure),
			OnDemand: managed.AutoConnect, TrustedNetworks: managed.TrustedNetworks}
		if options.ForOfficial {
			c.SubType = mobileconfig.SubType
		}
		for _, probe := range managed.TrustedProbes {
			c.TrustedProbes = append(c.TrustedProbes, "https://"+probe+"/")
		}
		d.Connections = append(d.Connections, c)
	}
	return mobileconfig.Write(d)
}

// identifierPart keeps of a host name what an identifier may hold.
func identifierPart(host string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(host))
}

// probeOf makes host:port of an address that Apple's rules probe.
func probeOf(address string) (string, bool) {
	rest, secure := strings.CutPrefix(address, "https://")
	if !secure {
		var plain bool
		if rest, plain = strings.CutPrefix(address, "http://"); !plain {
			return "", false
		}
	}
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case host == "" || strings.ContainsAny(host, "@ "):
		return "", false
	case strings.Contains(host, ":"):
		return host, true
	case secure:
		return fmt.Sprintf("%s:443", host), true
	default:
		return fmt.Sprintf("%s:80", host), true
	}
}
