// Package profiles is what Footbridge knows of a gateway and how to reach it, and every file format that comes from or goes to.
package profiles

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/profiles/ovpn"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Profile is all that is needed to connect to one gateway, except the credentials of the person who connects.
// The zero value of every field means that the file did not say, and that the default holds.
type Profile struct {
	Name             string
	Servers          []Server // in the order to try them; at least one
	RemoteRandom     bool     // try the servers in random order
	Transport        Transport
	Authentication   Authentication
	Gateway          GatewayIdentity
	ControlChannel   ControlChannel
	DNS              DNS
	IncludeRoutes    []netip.Prefix // through the tunnel besides what the gateway pushes; 0.0.0.0/0 is forced tunnelling
	ExcludeRoutes    []netip.Prefix // never through the tunnel
	OpenVPN          OpenVPN
	Proxy            *Proxy // nil: none in the profile
	SecondaryProfile string // name of the profile to fail over to
	Format           Format // the kind of file it came from
	Source           []byte `json:"-"` // the file itself, for an export that keeps what we do not know; nil for a new profile
}

// String names the profile and shows nothing of its content, which has secrets in it.
func (p Profile) String() string {
	return fmt.Sprintf("profile %q", p.Name)
}

// GoString is String.
func (p Profile) GoString() string { return p.String() }

// LogValue implements slog.LogValuer without the content.
func (p Profile) LogValue() slog.Value { return slog.StringValue(p.Name) }

// Transport is how bytes travel to the gateway.
type Transport string

// The transports of the OpenVPN protocol.
const (
	TCP Transport = "tcp"
	UDP Transport = "udp"
)

// Server is one address of the gateway.
type Server struct {
	DisplayName string
	Host        string // a DNS name or an IP address
	Port        uint16
	Transport   Transport // empty: the profile's
}

// Authentication says how the user proves who they are.
type Authentication struct {
	Type         AuthenticationType
	Entra        *Entra               // with type Entra
	Certificate  *CertificateSelector // which client certificate the profile wants; nil: any
	Username     string               // with UsernamePassword, where the profile names one
	Password     secret.Text
	AuthUserPass bool        // a user name and password are sent besides the certificate (.ovpn auth-user-pass)
	ClientCert   secret.Text // PEM certificates inside the file; empty where the user brings them
	ClientKey    secret.Text // PEM private key inside the file
	PKCS12       secret.Text // raw PKCS#12 inside the file
	Challenge    *StaticChallenge
}

// AuthenticationType is clientauth/type of an Azure profile.
type AuthenticationType string

// The authentication types of an Azure VPN gateway.
const (
	Certificate      AuthenticationType = "cert"
	EntraID          AuthenticationType = "aad"
	UsernamePassword AuthenticationType = "usernamepass"
)

// Entra is clientauth/aad of an Azure profile.
type Entra struct {
	Audience         string // application id the gateway wants as aud
	Issuer           string // "https://sts.windows.net/{tenant}/"
	Tenant           string // authority URL
	ApplicationID    string // client id to sign in with; empty: the audience
	CacheSignInUser  bool   // false: keep the token in memory only
	EnableGroupToken bool
	DisableSSO       bool
	EnableDeviceSSO  bool
}

// CertificateSelector is clientauth/cert of an Azure profile.
type CertificateSelector struct {
	Thumbprint string // SHA-1, lower-case hex
	Issuer     string // common name of the issuer
}

// StaticChallenge is the .ovpn static-challenge option (OpenVPN man page, client options).
type StaticChallenge struct {
	Text   string
	Echo   bool
	Concat bool
}

// GatewayIdentity says how the gateway proves who it is.
type GatewayIdentity struct {
	RootThumbprints  []string            // SHA-1 of accepted roots, lower-case hex; empty: any of Roots, or the system's
	Roots            []*x509.Certificate // roots and intermediates that came with the profile
	TrustSystemRoots bool                // the system's roots may end the chain too
	Name             NameRule            // zero: derived from the server's name (azure gateways) or not checked (.ovpn without verify-x509-name)
	DeriveName       bool                // the name must match the server's FQDN, the Azure VNet GUID name, or a wildcard over it
	RequireServerEKU bool                // remote-cert-tls server
	UsePinnedRoot    *bool               // usepinnedroot of an Azure profile; nil: not said
	PeerFingerprints []string            // SHA-256 of accepted gateway certificates, lower-case hex (peer-fingerprint)
	RevocationList   []byte              // crl-verify, PEM
}

// NameRule is verify-x509-name.
type NameRule struct {
	Type  NameRuleType
	Value string
}

// NameRuleType is the type argument of verify-x509-name.
type NameRuleType string

// The types of verify-x509-name.
const (
	NameSubject NameRuleType = "subject"     // the whole subject
	NameExact   NameRuleType = "name"        // the common name
	NamePrefix  NameRuleType = "name-prefix" // how the common name begins
)

// ControlChannel says how control packets are protected.
type ControlChannel struct {
	Mode         ControlMode
	Key          secret.Text // static key: 512 hex digits; tls-crypt-v2: the PEM client key
	KeyDirection *int        // tls-auth: 0, 1 or nil for both ways the same
	Digest       string      // tls-auth: HMAC digest, "SHA256"
}

// ControlMode is the kind of control channel protection.
type ControlMode string

// The control channel protections of the OpenVPN protocol; the empty one is none.
const (
	NoControlProtection ControlMode = ""
	TLSAuth             ControlMode = "tls-auth"
	TLSCrypt            ControlMode = "tls-crypt"
	TLSCryptV2          ControlMode = "tls-crypt-v2"
)

// DNS is what the profile wants of name resolution while connected, besides what the gateway pushes.
type DNS struct {
	Servers  []netip.Addr
	Suffixes []string // without a leading dot, lower case: only these names are asked of Servers; empty: all names

	SearchDomains []string // completed to short names (dhcp-option DOMAIN and DOMAIN-SEARCH of an .ovpn); they limit nothing
	BlockOutside  bool     // block-outside-dns: no other name server is asked while connected
}

// Never, as a duration of an option, means that it was switched off, where zero means that it was not set.
const Never = ovpn.Never

// OpenVPN holds the options of the OpenVPN protocol that a profile can set (OpenVPN man page, by their names there).
type OpenVPN = ovpn.Options

// PullFilter is one pull-filter line.
type PullFilter = ovpn.PullFilter

// Proxy is an HTTP or SOCKS5 proxy between this computer and the gateway.
type Proxy struct {
	Type     ProxyType
	Host     string
	Port     uint16
	Username string
	Password secret.Text
}

// ProxyType is the protocol a proxy speaks.
type ProxyType string

// The proxy protocols.
const (
	HTTPProxy   ProxyType = "http"
	SOCKS5Proxy ProxyType = "socks5"
)

// Format is the kind of file a profile came from.
type Format string

// The formats profiles come in.
const (
	FormatAzureXML    Format = "azurevpnconfig.xml"
	FormatVPNSettings Format = "VpnSettings.xml"
	FormatOVPN        Format = "ovpn"

	FormatVPNv2        Format = "vpnv2"        // written by ExportVPNv2
	FormatMobileconfig Format = "mobileconfig" // written by ExportMobileconfig
)
