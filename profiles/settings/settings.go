// Package settings is what a user or an administrator adds to a profile that a gateway generated.
package settings

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Settings is what a user or an administrator adds to a profile. The zero value of every field leaves the profile as it is.
// As JSON its secrets are hidden; Revealed is the type that shows them.
type Settings struct {
	DNSServers       []netip.Addr       `json:"dns_servers,omitempty"`       // instead of the profile's
	DNSSuffixes      []string           `json:"dns_suffixes,omitempty"`      // instead of the profile's; without a leading dot, lower case
	IncludeRoutes    []netip.Prefix     `json:"include_routes,omitempty"`    // besides the profile's; 0.0.0.0/0 is forced tunnelling
	ExcludeRoutes    []netip.Prefix     `json:"exclude_routes,omitempty"`    // besides the profile's
	Transport        profiles.Transport `json:"transport,omitempty"`         // to all of the profile's servers
	Proxy            *Proxy             `json:"proxy,omitempty"`             // instead of the profile's
	MTU              int                `json:"mtu,omitempty"`               // of the tunnel's device, in bytes
	AutoConnect      bool               `json:"autoconnect,omitempty"`       // connected whenever it can be
	TrustedNetworks  []TrustedNetwork   `json:"trusted_networks,omitempty"`  // where AutoConnect does not connect: any of them is enough
	SecondaryProfile string             `json:"secondary_profile,omitempty"` // name of the profile to fail over to
	Username         string             `json:"username,omitempty"`          // for gateways that ask for a user name and a password
	RememberPassword *bool              `json:"remember_password,omitempty"` // nil: as the user says when asked
	Certificate      *CertificateSource `json:"certificate,omitempty"`       // where the user's certificate is
	SignIn           SignInMethod       `json:"sign_in,omitempty"`           // how to sign in with Entra ID
	LoginHint        string             `json:"login_hint,omitempty"`        // the account that the sign-in page offers, "alice@contoso.com"
	SignInServer     string             `json:"sign_in_server,omitempty"`    // "login.example" or "login.example:8443": besides Microsoft's, the user trusts it
	AzureGateway     string             `json:"azure_gateway,omitempty"`     // resource id of the gateway, for comparing the profile with what Azure would generate
}

// SignInMethod is how a user signs in with Entra ID.
type SignInMethod string

// The ways to sign in with Entra ID: the system's browser, and a browser on another device (RFC 8628).
const (
	SignInBrowser    SignInMethod = ""
	SignInDeviceCode SignInMethod = "device-code"
)

// NoProxy is the type of a Proxy that says not to use the profile's.
const NoProxy profiles.ProxyType = "none"

// Proxy is an HTTP or SOCKS5 proxy between this computer and the gateway.
type Proxy struct {
	Type     profiles.ProxyType `json:"type"` // HTTPProxy, SOCKS5Proxy or NoProxy, which has no other fields
	Host     string             `json:"host,omitempty"`
	Port     uint16             `json:"port,omitempty"`
	Username string             `json:"username,omitempty"`
	Password secret.Text        `json:"password,omitempty"`
}

// String is the proxy as a URL, its password hidden.
func (p Proxy) String() string {
	p.Password = secret.Text(p.Password.String())
	return p.url()
}

// url is the proxy as Set takes it, with its password.
func (p Proxy) url() string {
	if p.Type == NoProxy {
		return string(NoProxy)
	}
	user := ""
	switch {
	case p.Password == hidden:
		user = url.User(p.Username).String() + ":" + string(hidden) + "@"
	case p.Password != "":
		user = url.UserPassword(p.Username, p.Password.Reveal()).String() + "@"
	case p.Username != "":
		user = url.User(p.Username).String() + "@"
	}
	return string(p.Type) + "://" + user + net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
}

// TrustedNetwork tells that this computer is where it needs no tunnel. Exactly one field is set.
type TrustedNetwork struct {
	DNSSuffix string `json:"dns_suffix,omitempty"` // the network's own connection has this DNS suffix
	Probe     string `json:"probe,omitempty"`      // "host:port" of a TCP service that only answers there
}

// String is the suffix or the probe.
func (n TrustedNetwork) String() string { return n.DNSSuffix + n.Probe }

// CertificateSource says where the client certificate and its key are. Paths are the user's and are read by the user's program; those
// of a machine profile are the administrator's and are read by the service.
type CertificateSource struct {
	CertificateFile string `json:"certificate_file,omitempty"` // PEM or DER; may hold the key too
	KeyFile         string `json:"key_file,omitempty"`         // PEM or DER; empty: in CertificateFile
	PKCS12File      string `json:"pkcs12_file,omitempty"`
	PKCS11URI       string `json:"pkcs11_uri,omitempty"` // RFC 7512, without a PIN
	Folder          string `json:"folder,omitempty"`     // with several certificates to choose from
	Thumbprint      string `json:"thumbprint,omitempty"` // SHA-1 of the one to choose, lower-case hex; empty: the profile's
	Issuer          string `json:"issuer,omitempty"`     // common name of its issuer; empty: the profile's
}

// IsZero reports whether the settings leave every profile as it is.
func (s Settings) IsZero() bool {
	return len(s.DNSServers)+len(s.DNSSuffixes)+len(s.IncludeRoutes)+len(s.ExcludeRoutes)+len(s.TrustedNetworks) == 0 &&
		s.Transport == "" && s.Proxy == nil && s.MTU == 0 && !s.AutoConnect && s.SecondaryProfile == "" && s.Username == "" &&
		s.RememberPassword == nil && s.Certificate == nil && s.SignIn == SignInBrowser && s.LoginHint == "" && s.SignInServer == "" &&
		s.AzureGateway == ""
}

// Clone is a copy that shares nothing with the settings.
func (s Settings) Clone() Settings {
	s.DNSServers, s.DNSSuffixes = slices.Clone(s.DNSServers), slices.Clone(s.DNSSuffixes)
	s.IncludeRoutes, s.ExcludeRoutes = slices.Clone(s.IncludeRoutes), slices.Clone(s.ExcludeRoutes)
	s.TrustedNetworks = slices.Clone(s.TrustedNetworks)
	s.Proxy, s.RememberPassword, s.Certificate = cloned(s.Proxy), cloned(s.RememberPassword), cloned(s.Certificate)
	return s
}

func cloned[T any](pointer *T) *T {
	if pointer == nil {
		return nil
	}
	value := *pointer
	return &value
}

// hidden stands for a secret in what Redacted returns.
const hidden = secret.Text("[secret]")

// Redacted is a copy for showing: it says where there is a secret, and not which.
func (s Settings) Redacted() Settings {
	s = s.Clone()
	if s.Proxy != nil {
		s.Proxy.Password = secret.Text(s.Proxy.Password.String())
	}
	return s
}
