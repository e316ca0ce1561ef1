package mobileconfig

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
)

// payload is a dictionary of a configuration profile: the profile itself, or one of its parts. Only what is used here is read.
type payload struct {
	Type              string    `plist:"PayloadType"`
	Version           int       `plist:"PayloadVersion"`
	Identifier        string    `plist:"PayloadIdentifier"`
	UUID              string    `plist:"PayloadUUID"`
	DisplayName       string    `plist:"PayloadDisplayName,omitempty"`
	Description       string    `plist:"PayloadDescription,omitempty"`
	Organization      string    `plist:"PayloadOrganization,omitempty"`
	RemovalDisallowed bool      `plist:"PayloadRemovalDisallowed,omitempty"`
	Scope             string    `plist:"PayloadScope,omitempty"`
	Content           []payload `plist:"PayloadContent,omitempty"`
	Encrypted         []byte    `plist:"EncryptedPayloadContent,omitempty"`

	UserDefinedName string `plist:"UserDefinedName,omitempty"`
	VPNType         string `plist:"VPNType,omitempty"`
	VPNSubType      string `plist:"VPNSubType,omitempty"`
	VPN             *vpn   `plist:"VPN,omitempty"`
	Vendor          vendor `plist:"VendorConfig,omitempty"`

	Policy string `plist:"Policy,omitempty"`
}

// vendor is whatever an app wants in its configuration.
type vendor map[string]value

// value is a text or data of VendorConfig; anything else in it is skipped.
type value struct{ text []byte }

// UnmarshalPlist implements plist.Unmarshaler.
func (v *value) UnmarshalPlist(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		v.text = []byte(text)
		return nil
	}
	var data []byte
	if unmarshal(&data) == nil {
		v.text = data
	}
	return nil
}

// MarshalPlist implements plist.Marshaler.
func (v value) MarshalPlist() (any, error) { return string(v.text), nil }

// vpn is the VPN dictionary.
type vpn struct {
	RemoteAddress        string `plist:"RemoteAddress"`
	AuthenticationMethod string `plist:"AuthenticationMethod,omitempty"`
	OnDemandEnabled      int    `plist:"OnDemandEnabled,omitempty"`
	OnDemandRules        []rule `plist:"OnDemandRules,omitempty"`
}

// rule is one of OnDemandRules: the first that matches the network decides.
type rule struct {
	Action             string   `plist:"Action"`
	DNSDomainMatch     []string `plist:"DNSDomainMatch,omitempty"`
	URLStringProbe     string   `plist:"URLStringProbe,omitempty"`
	InterfaceTypeMatch string   `plist:"InterfaceTypeMatch,omitempty"`
}

// The actions of rules.
const (
	actionConnect    = "Connect"
	actionDisconnect = "Disconnect"
	actionIgnore     = "Ignore"
)

func (p payload) connection() Connection {
	c := Connection{Name: cmp.Or(p.UserDefinedName, p.DisplayName), SubType: p.VPNSubType, UUID: p.UUID, AzureProfile: p.Vendor.azureProfile()}
	if p.VPN == nil {
		return c
	}
	c.Server = p.VPN.RemoteAddress
	for _, r := range p.VPN.OnDemandRules {
		switch r.Action {
		case actionConnect:
			c.OnDemand = p.VPN.OnDemandEnabled != 0
		case actionDisconnect, actionIgnore:
			c.TrustedNetworks = append(c.TrustedNetworks, r.DNSDomainMatch...)
			if r.URLStringProbe != "" {
				c.TrustedProbes = append(c.TrustedProbes, r.URLStringProbe)
			}
		}
	}
	return c
}

// azureProfile finds the Azure profile in a VendorConfig, whatever its key: there is no documented one.
func (v vendor) azureProfile() []byte {
	keys := make([]string, 0, len(v))
	for key := range v {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if text := bytes.TrimSpace(v[key].text); azvpn.IsProfile(text) {
			return text
		}
	}
	return nil
}

func (c Connection) payload(parent string) payload {
	p := payload{Type: typeVPN, Version: 1, Identifier: parent + ".vpn." + c.UUID, UUID: c.UUID, DisplayName: "VPN: " + c.Name,
		UserDefinedName: c.Name, VPNType: vpnOfApp, VPNSubType: cmp.Or(c.SubType, OwnSubType),
		VPN: &vpn{RemoteAddress: c.Server, AuthenticationMethod: "Password"}, Vendor: vendor{vendorKey: {c.AzureProfile}}}
	if !c.OnDemand {
		return p
	}
	p.VPN.OnDemandEnabled = 1
	if len(c.TrustedNetworks) > 0 {
		p.VPN.OnDemandRules = append(p.VPN.OnDemandRules, rule{Action: actionDisconnect, DNSDomainMatch: c.TrustedNetworks})
	}
	for _, probe := range c.TrustedProbes {
		p.VPN.OnDemandRules = append(p.VPN.OnDemandRules, rule{Action: actionDisconnect, URLStringProbe: probe})
	}
	p.VPN.OnDemandRules = append(p.VPN.OnDemandRules, rule{Action: actionConnect})
	return p
}

func (d Document) payload() payload {
	top := payload{Type: typeConfiguration, Version: 1, Identifier: d.Identifier, UUID: d.UUID, DisplayName: d.Name, Description: d.Description,
		Organization: d.Organization, RemovalDisallowed: !d.Removable, Scope: "System"}
	for _, c := range d.Connections {
		top.Content = append(top.Content, c.payload(d.Identifier))
	}
	if d.Policy != nil {
		uuid := uuidFor(d.UUID, "policy")
		top.Content = append(top.Content, payload{Type: TypeSettings, Version: 1, Identifier: fmt.Sprintf("%s.policy", d.Identifier), UUID: uuid,
			DisplayName: "Footbridge", Policy: string(d.Policy)})
	}
	return top
}
