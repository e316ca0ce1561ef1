package azvpn

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// Settings is a VpnSettings.xml: what a person needs to set a client up by hand. It has no server secret.
type Settings struct {
	Server      string
	Types       []string            // VpnType: "OpenVPN", "SSTP", "IkeV2"
	Roots       []*x509.Certificate // CaCert, CaCerts
	Routes      []netip.Prefix
	Auth        string // EAPTLS, also for Entra, or EAPMSCHAPv2
	VNetName    string
	VNetID      string
	AddressPool []netip.Prefix // of the clients
	AADIssuer   string         // these three only with Entra
	AADTenant   string
	AADAudience string
	DNSServers  []netip.Addr // CustomDnsServers
}

// OffersOpenVPN reports whether the gateway speaks OpenVPN. A file that does not say is given the benefit of the doubt.
func (s *Settings) OffersOpenVPN() bool {
	for _, kind := range s.Types {
		if strings.EqualFold(kind, "OpenVPN") {
			return true
		}
	}
	return len(s.Types) == 0
}

// IsSettings reports whether data is a VpnSettings.xml, well-formed or not.
func IsSettings(data []byte) bool {
	root, f := readTree(data)
	if f == nil {
		return looksLikeSettings(root)
	}
	text := strings.ToLower(string(data[:min(len(data), maxSize)]))
	return strings.Contains(text, "<vpnprofile") && strings.Contains(text, "<vpnserver>")
}

// looksLikeSettings tells VpnProfile from the VPNProfile of Windows' VPNv2, which differ in the case of two letters.
func looksLikeSettings(root *element) bool {
	return root.is("VpnProfile") && len(root.all("VpnServer", "VpnType", "VpnClientAddressPool")) > 0
}

// ParseSettings reads a VpnSettings.xml of any age. Settings are nil where the file is not one.
func ParseSettings(data []byte) (*Settings, []finding.Finding) {
	root, f := readTree(data)
	if f != nil {
		return nil, []finding.Finding{*f}
	}
	if !looksLikeSettings(root) {
		return nil, []finding.Finding{*fault("not-settings", root.line, fmt.Sprintf("The XML is about <%s>, not VPN settings.", root.name),
			"Choose Generic/VpnSettings.xml from the package that Azure generated.")}
	}
	r := settingsReader{root: root, settings: &Settings{}}
	r.read()
	return r.settings, r.ByLine()
}

type settingsReader struct {
	finding.List
	root     *element
	settings *Settings
}

func (r *settingsReader) read() {
	s := r.settings
	s.Types = strings.FieldsFunc(r.root.value("VpnType"), isListSeparator)
	s.Auth = r.root.value("Auth")
	s.VNetName, s.VNetID = r.root.value("VnetName"), r.root.value("VnetId")
	s.AADIssuer, s.AADTenant, s.AADAudience = r.root.value("AadIssuer"), r.root.value("AadTenant"), r.root.value("AadAudience")
	if e := r.root.child("VpnServer"); e == nil || !isHost(e.text) {
		r.Fault("missing-server", e.at(r.root), "The settings name no server.", "Download the package from Azure again.")
	} else {
		s.Server = strings.TrimSuffix(e.text, ".")
	}
	r.roots()
	s.Routes = r.prefixes("Routes")
	s.AddressPool = r.prefixes("VpnClientAddressPool")
	r.dnsServers()
}

// roots reads the one certificate of older files and the list of newer ones, which have two while Azure replaces its root.
func (r *settingsReader) roots() {
	for _, list := range r.root.all("CaCert", "CaCerts") {
		entries := list.all("string")
		if len(entries) == 0 && list.text != "" {
			entries = []*element{list}
		}
		for _, e := range entries {
			roots, err := certificate.Parse([]byte(e.text))
			if err != nil {
				r.Warning("bad-certificate", e.line, "A root certificate of the gateway cannot be read.", "Download the package from Azure again.")
				continue
			}
			r.settings.Roots = certificate.Add(r.settings.Roots, roots...)
		}
	}
}

func (r *settingsReader) prefixes(name string) []netip.Prefix {
	var all []netip.Prefix
	for _, e := range r.root.all(name) {
		for _, text := range strings.FieldsFunc(e.text, isListSeparator) {
			prefix, err := netip.ParsePrefix(text)
			if err != nil {
				r.Warning("bad-route", e.line, fmt.Sprintf("An entry of <%s> is not a network such as 10.20.0.0/16.", e.name), "Correct it.")
				continue
			}
			all = appendUnique(all, prefix.Masked())
		}
	}
	return all
}

func (r *settingsReader) dnsServers() {
	for _, e := range r.root.all("CustomDnsServers") {
		var texts []string
		for _, entry := range e.children {
			texts = append(texts, entry.text)
		}
		for _, text := range strings.FieldsFunc(e.text+" "+strings.Join(texts, " "), isListSeparator) {
			address, err := netip.ParseAddr(text)
			if err != nil {
				r.Warning("bad-dns-server", e.line, "A DNS server is not an IP address.", "Write an address, such as 10.0.0.4.")
				continue
			}
			r.settings.DNSServers = appendUnique(r.settings.DNSServers, address)
		}
	}
}
