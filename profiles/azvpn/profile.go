// Package azvpn reads and writes the files that Azure generates for its VPN Client: azurevpnconfig.xml and VpnSettings.xml.
package azvpn

import (
	"crypto/x509"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Profile is an AzVpnProfile. The zero value of a field means that the file did not say.
type Profile struct {
	Name             string
	Version          int
	Type             Type
	Entra            *Entra               // with type AAD
	Certificate      *CertificateSelector // with type Certificate
	Username         string
	Password         secret.Text
	DNSServers       []netip.Addr
	DNSSuffixes      []string // lower case, without a leading dot
	IncludeRoutes    []netip.Prefix
	ExcludeRoutes    []netip.Prefix
	Transport        string // "tcp" or "udp"
	Servers          []Server
	RootThumbprints  []string            // SHA-1, lower-case hex
	Roots            []*x509.Certificate // from certificatedata
	ServerSecret     secret.Text         // 512 lower-case hexadecimal digits
	UsePinnedRoot    *bool
	SecondaryProfile string
}

// Type is clientauth/type.
type Type string

// The authentication types.
const (
	AAD          Type = "aad"
	Certificate  Type = "cert"
	UsernamePass Type = "usernamepass"
)

// Entra is clientauth/aad.
type Entra struct {
	Audience         string
	Issuer           string
	Tenant           string
	ApplicationID    string
	CacheSignInUser  bool
	EnableGroupToken bool
	DisableSSO       bool
	EnableDeviceSSO  bool
}

// CertificateSelector is clientauth/cert.
type CertificateSelector struct {
	Thumbprint string // SHA-1, lower-case hex
	Issuer     string
}

// Server is a ServerEntry.
type Server struct {
	DisplayName string
	FQDN        string
}
