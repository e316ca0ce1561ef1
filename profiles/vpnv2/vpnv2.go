// Package vpnv2 reads and writes the VPN profiles of Windows' device management (VPNv2 ProfileXML) that carry an Azure VPN profile.
package vpnv2

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// PackageFamilyName is the official client's, which a ProfileXML names as the plug-in to use.
const PackageFamilyName = "Microsoft.AzureVpn_8wekyb3d8bbwe"

// MaxSize bounds a document, in bytes.
const MaxSize = 8 << 20

// Document is a ProfileXML (Windows' VPNv2 configuration service provider; Azure's page "Create an Intune custom profile to deploy VPN
// client profiles").
type Document struct {
	Name                string // of the connection, where the document or the OMA-URI around it says one
	RememberCredentials bool
	AlwaysOn            bool
	TrustedNetworks     []string // DNS suffixes, TrustedNetworkDetection
	DeviceTunnel        bool
	RegisterDNS         bool
	Servers             []string // ServerUrlList
	PackageFamilyName   string
	AzureProfile        []byte // the AzVpnProfile in CustomConfiguration, as a document of its own; nil: there is none
	Routes              []Route
	Names               []NameRule
}

// Route is a Route element.
type Route struct {
	Prefix    netip.Prefix
	Exclusion bool
}

// NameRule is a DomainNameInformation element: a rule of the Name Resolution Policy Table.
type NameRule struct {
	Suffix  string // lower case, without a leading dot; empty: all names
	Servers []netip.Addr
}

// String names the document and shows nothing of its profile, which has secrets in it.
func (d Document) String() string { return fmt.Sprintf("ProfileXML %q for %s", d.Name, d.Servers) }

// GoString is String.
func (d Document) GoString() string { return d.String() }

// Is reports whether data is a ProfileXML, or the SyncML around one, well-formed or not, by what stands in it.
func Is(data []byte) bool {
	text := strings.ToLower(string(data[:min(len(data), 64<<10)]))
	if strings.Contains(text, "<vpnprofile") && (strings.Contains(text, "<pluginprofile") || strings.Contains(text, "<nativeprofile")) {
		return !strings.Contains(text, "<vpnserver>") // VpnSettings.xml has the same root
	}
	return strings.Contains(text, "/vpnv2/") && strings.Contains(text, "vpnprofile")
}

// remedy is what to do about a document that is not whole.
const remedy = "Export or copy the ProfileXML from your device management again."

func fault(code, problem string) finding.Finding {
	return finding.Finding{Severity: finding.Fault, Code: code, Problem: problem, Remedy: remedy}
}

func warning(code, problem, remedy string) finding.Finding {
	return finding.Finding{Severity: finding.Warning, Code: code, Problem: problem, Remedy: remedy}
}
