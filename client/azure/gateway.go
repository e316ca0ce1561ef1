package azure

import (
	"net/netip"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
)

// Gateway is a gateway that clients can connect to, and how it is set up for them.
type Gateway struct {
	ID               string       `json:"id"` // the resource's
	Name             string       `json:"name"`
	Kind             Kind         `json:"kind"`
	Subscription     string       `json:"subscription"` // its id
	SubscriptionName string       `json:"subscription_name,omitempty"`
	ResourceGroup    string       `json:"resource_group"`
	Location         string       `json:"location"`
	State            string       `json:"state"` // in Azure's words: "Succeeded", "Updating", "Failed"
	SKU              string       `json:"sku,omitempty"`
	PointToSite      *PointToSite `json:"point_to_site,omitempty"` // nil: not set up

	// Of Virtual WAN, resource ids.
	VirtualHub          string   `json:"virtual_hub,omitempty"`
	VirtualWAN          string   `json:"virtual_wan,omitempty"`
	ServerConfiguration string   `json:"server_configuration,omitempty"` // that has the settings, for all gateways that use it
	SharedWith          []string `json:"shared_with,omitempty"`          // names of the other gateways that use it
}

// Kind is how a gateway is part of a network.
type Kind string

// The kinds of gateways.
const (
	VirtualNetwork Kind = "virtual-network" // Microsoft.Network/virtualNetworkGateways
	VirtualWAN     Kind = "virtual-wan"     // Microsoft.Network/p2svpnGateways
)

// The types of resources.
const (
	typeVirtualNetworkGateway = "Microsoft.Network/virtualNetworkGateways"
	typeP2SVPNGateway         = "Microsoft.Network/p2svpnGateways"
	typeServerConfiguration   = "Microsoft.Network/vpnServerConfigurations"
)

// PointToSite is how a gateway is set up for clients.
type PointToSite struct {
	AddressPools   []netip.Prefix   `json:"address_pools"` // of clients
	Protocols      []Protocol       `json:"protocols"`
	Authentication []Authentication `json:"authentication"`
	Entra          *Entra           `json:"entra,omitempty"`
	RADIUS         []RADIUSServer   `json:"radius,omitempty"`
	Roots          []Root           `json:"roots,omitempty"`   // of client certificates
	Revoked        []Revoked        `json:"revoked,omitempty"` // client certificates
	CustomRoutes   []netip.Prefix   `json:"custom_routes,omitempty"`
	DNSServers     []netip.Addr     `json:"dns_servers,omitempty"` // of Virtual WAN; a virtual network has its own
}

// Protocol is a tunnel's.
type Protocol string

// The protocols of point-to-site connections.
const (
	OpenVPN Protocol = "openvpn"
	IKEv2   Protocol = "ikev2"
	SSTP    Protocol = "sstp"
)

// Authentication is how users prove who they are.
type Authentication string

// The ways to authenticate.
const (
	CertificateAuthentication Authentication = "cert"
	EntraAuthentication       Authentication = "entra"
	RADIUSAuthentication      Authentication = "radius"
)

// Entra is what a gateway wants of Microsoft Entra ID.
type Entra struct {
	Tenant   string `json:"tenant"`   // "https://login.microsoftonline.com/{tenant}/"
	Audience string `json:"audience"` // application id
	Issuer   string `json:"issuer"`   // "https://sts.windows.net/{tenant}/"
}

// registeredAudience is the application id of the Azure VPN client that is there in every tenant
// (https://learn.microsoft.com/azure/vpn-gateway/point-to-site-entra-gateway).
const registeredAudience = "c632b3df-fb67-4d84-bdcf-b95ad541b5c8"

// EntraOf is what a gateway wants of the users of a tenant, with the application that Microsoft registered.
func EntraOf(cloud Cloud, tenant string) Entra {
	issuer := "https://sts.windows.net/"
	if cloud.Name == "china" {
		issuer = "https://sts.chinacloudapi.cn/"
	}
	return Entra{Tenant: cloud.Authority + "/" + tenant + "/", Audience: registeredAudience, Issuer: issuer + tenant + "/"}
}

// RADIUSServer is one that a gateway asks.
type RADIUSServer struct {
	Address string `json:"address"`
	Score   int64  `json:"score,omitempty"` // the higher, the sooner it is asked; 1 to 30
}

// Root is a root certificate that clients' certificates may end in.
type Root struct {
	Name       string    `json:"name"`
	Subject    string    `json:"subject,omitempty"`    // empty: Data is no certificate
	Thumbprint string    `json:"thumbprint,omitempty"` // SHA-1, lower-case hex
	Expires    time.Time `json:"expires,omitzero"`
	Data       string    `json:"-"` // base64 of the DER, as Azure has it
}

// Revoked is a client certificate that is refused.
type Revoked struct {
	Name       string `json:"name"`
	Thumbprint string `json:"thumbprint"` // SHA-1, lower-case hex
}

// RootsExpire is when the first of the root certificates ends; zero where there is none.
func (p PointToSite) RootsExpire() time.Time {
	var first time.Time
	for _, root := range p.Roots {
		if !root.Expires.IsZero() && (first.IsZero() || root.Expires.Before(first)) {
			first = root.Expires
		}
	}
	return first
}

// place is where a resource is.
type place struct{ subscription, group, name string }

// placeOf reads a resource id.
func placeOf(id string) (place, string, bool) {
	parsed, err := arm.ParseResourceID(id)
	if err != nil {
		return place{}, "", false
	}
	return place{parsed.SubscriptionID, parsed.ResourceGroupName, parsed.Name}, parsed.ResourceType.String(), true
}

// is reports whether a gateway goes by a name: its own, the one with its resource group ("group/name"), or its resource id.
func (g Gateway) is(name string) bool {
	return strings.EqualFold(g.Name, name) || strings.EqualFold(g.ResourceGroup+"/"+g.Name, name) || strings.EqualFold(g.ID, name)
}
