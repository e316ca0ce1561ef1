// Package settings is what a user or an administrator adds to a profile that a gateway generated.
package settings

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Settings is what a user or an administrator adds to a profile. The zero value of every field leaves the profile as it is.
type Settings struct {
	DNSServers       []netip.Addr       `json:"dns_servers,omitempty"`  // instead of the profile's
	DNSSuffixes      []string           `json:"dns_suffixes,omitempty"` // instead of the profile's
	IncludeRoutes    []netip.Prefix     `json:"include_routes,omitempty"`
	ExcludeRoutes    []netip.Prefix     `json:"exclude_routes,omitempty"`
	Transport        profiles.Transport `json:"transport,omitempty"`
	Proxy            *Proxy             `json:"proxy,omitempty"`
	MTU              int                `json:"mtu,omitempty"` // of the tunnel's interface, in bytes
	AutoConnect      bool               `json:"autoconnect,omitempty"`
	TrustedNetworks  []TrustedNetwork   `json:"trusted_networks,omitempty"` // where autoconnect is not needed
	SecondaryProfile string             `json:"secondary_profile,omitempty"`
	Username         string             `json:"username,omitempty"`
	RememberPassword *bool              `json:"remember_password,omitempty"` // nil: ask
	Certificate      *CertificateSource `json:"certificate,omitempty"`
	SignIn           SignInMethod       `json:"sign_in,omitempty"`    // how to sign in with Entra ID
	LoginHint        string             `json:"login_hint,omitempty"` // the account to sign in with
}

// Proxy is profiles.Proxy. Encoded as JSON its password is redacted, as every secret.Text: what must carry it does so beside.
type Proxy struct {
	Type     profiles.ProxyType `json:"type"`
	Host     string             `json:"host"`
	Port     uint16             `json:"port"`
	Username string             `json:"username,omitempty"`
	Password secret.Text        `json:"password,omitempty"`
}

// TrustedNetwork is a network from which the destinations can be reached without a tunnel. Exactly one field is set.
type TrustedNetwork struct {
	DNSSuffix string `json:"dns_suffix,omitempty"` // that the network gives out
	Probe     string `json:"probe,omitempty"`      // "host:port" that takes TCP connections there and nowhere else
}

// CertificateSource says where the client certificate and its key are. Paths are the user's and are read by the user's program; those
// of a machine profile are the administrator's and are read by the service.
type CertificateSource struct {
	CertificateFile string `json:"certificate_file,omitempty"` // PEM
	KeyFile         string `json:"key_file,omitempty"`         // PEM; empty: in CertificateFile
	PKCS12File      string `json:"pkcs12_file,omitempty"`
	PKCS11URI       string `json:"pkcs11_uri,omitempty"` // RFC 7512
	Folder          string `json:"folder,omitempty"`     // with several certificates to choose from
	Thumbprint      string `json:"thumbprint,omitempty"` // SHA-1, lower-case hex; empty: the profile's
	Issuer          string `json:"issuer,omitempty"`     // common name; empty: the profile's
}

// SignInMethod is how a user signs in with Entra ID.
type SignInMethod string

// The ways to sign in with Entra ID.
const (
	SignInBrowser    SignInMethod = ""
	SignInDeviceCode SignInMethod = "device-code"
)
