// Package mobileconfig reads and writes Apple's configuration profiles that carry an Azure VPN profile, for device management of Macs.
package mobileconfig

import (
	"bytes"
	"errors"
	"fmt"

	"howett.net/plist"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// The types and values that a configuration profile with a VPN of an app has (Apple, Device Management, "VPN").
const (
	typeConfiguration = "Configuration"
	typeVPN           = "com.apple.vpn.managed"
	vpnOfApp          = "VPN"

	// SubType is the bundle identifier of the official client for macOS.
	SubType = "com.microsoft.AzureVpnMac"
	// OwnSubType is that of Footbridge.
	OwnSubType = "com.footbridge-vpn.footbridge"
	// TypeSettings is the payload type of Footbridge's managed settings, which hold its policy.
	TypeSettings = "com.footbridge-vpn.footbridge"
)

// vendorKey is where our export puts the Azure profile in VendorConfig. Others are read from wherever they put it.
const vendorKey = "AzVpnProfile"

// MaxSize bounds a file, in bytes.
const MaxSize = 8 << 20

// Document is a configuration profile.
type Document struct {
	Identifier   string // reverse DNS; with the same one a newer profile replaces an older
	UUID         string
	Name         string // shown to the user
	Organization string
	Description  string
	Removable    bool   // the user may remove it
	Signer       string // common name of who signed the file; empty: it is not signed
	Connections  []Connection
	Policy       []byte // Footbridge's policy (TOML), as managed settings; nil: there is none
}

// Connection is one VPN payload.
type Connection struct {
	Name            string // UserDefinedName
	SubType         string // bundle identifier of the app
	Server          string
	AzureProfile    []byte
	OnDemand        bool     // connect by itself
	TrustedNetworks []string // DNS suffixes where it does not
	TrustedProbes   []string // addresses, "https://host/…", that answer only where it does not
	UUID            string
}

// String names the connection and shows nothing of its profile, which has secrets in it.
func (c Connection) String() string { return fmt.Sprintf("connection %q", c.Name) }

// GoString is String.
func (c Connection) GoString() string { return c.String() }

// Is reports whether data is a configuration profile, signed or not, by how it begins and what stands in it.
func Is(data []byte) bool {
	begin := data[:min(len(data), 64<<10)]
	switch {
	case bytes.HasPrefix(data, []byte("bplist00")):
		return bytes.Contains(data, []byte("PayloadType"))
	case len(data) > 1 && data[0] == 0x30 && data[1] >= 0x80: // DER
		return bytes.Contains(begin, []byte("<plist")) || bytes.Contains(begin, []byte("PayloadType"))
	default:
		return bytes.Contains(begin, []byte("<plist")) && bytes.Contains(data, []byte("PayloadType"))
	}
}

const remedy = "Export the configuration profile from your device management again."

func fault(code, problem, remedy string) finding.Finding {
	return finding.Finding{Severity: finding.Fault, Code: code, Problem: problem, Remedy: remedy}
}

// Parse reads a configuration profile: XML or binary, signed or not. The document is nil where it is not one.
func Parse(data []byte) (*Document, []finding.Finding) {
	if len(data) > MaxSize {
		return nil, []finding.Finding{fault("too-large", fmt.Sprintf("The file has more than %d MiB, which no configuration profile has.", MaxSize>>20), remedy)}
	}
	content, signer, findings := unsigned(data)
	if finding.Faulty(findings) {
		return nil, findings
	}
	var top payload
	if err := decode(content, &top); err != nil {
		return nil, append(findings, fault("bad-plist", "The property list cannot be read.", remedy))
	}
	if top.Type != typeConfiguration {
		return nil, append(findings, fault("wrong-file", "This is a property list, but no configuration profile.", remedy))
	}
	if len(top.Encrypted) > 0 {
		return nil, append(findings, fault("encrypted", "This configuration profile is encrypted for one device.", "Export it from your device management without encryption."))
	}
	d := &Document{Identifier: top.Identifier, UUID: top.UUID, Name: top.DisplayName, Organization: top.Organization, Description: top.Description,
		Removable: !top.RemovalDisallowed, Signer: signer}
	return d, append(findings, d.read(top.Content)...)
}

// decode reads a property list. The library panics on some that are damaged in ways of their own.
func decode(content []byte, into *payload) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the property list is damaged")
		}
	}()
	_, err = plist.Unmarshal(content, into)
	return err
}

// read takes the VPN payloads and the settings out of the content.
func (d *Document) read(payloads []payload) []finding.Finding {
	var findings []finding.Finding
	others := 0
	for _, p := range payloads {
		switch {
		case p.Type == TypeSettings:
			if p.Policy != "" {
				d.Policy = []byte(p.Policy)
			}
		case p.Type != typeVPN && p.Type != typeVPN+".applayer":
		case p.VPNType != vpnOfApp:
			others++
		default:
			d.Connections = append(d.Connections, p.connection())
		}
	}
	for i, c := range d.Connections {
		if c.AzureProfile == nil {
			findings = append(findings, fault("no-azure-profile", fmt.Sprintf("The VPN %q of this configuration profile has no Azure VPN profile in it.", d.Connections[i].Name), remedy))
		}
	}
	if len(d.Connections) == 0 && d.Policy == nil {
		problem := "This configuration profile has no VPN in it."
		if others > 0 {
			problem = "This configuration profile is for the VPN client built into macOS, which speaks other protocols."
		}
		findings = append(findings, fault("wrong-file", problem, "Choose the profile of the Azure VPN Client."))
	}
	return findings
}
