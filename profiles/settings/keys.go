package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// The keys of settings.
const (
	keyDNSServers       = "dns-servers"
	keyDNSSuffixes      = "dns-suffixes"
	keyIncludeRoutes    = "include-routes"
	keyExcludeRoutes    = "exclude-routes"
	keyTransport        = "transport"
	keyProxy            = "proxy"
	keyMTU              = "mtu"
	keyAutoConnect      = "autoconnect"
	keyTrustedNetworks  = "trusted-networks"
	keySecondaryProfile = "secondary-profile"
	keyUsername         = "username"
	keyRememberPassword = "remember-password"
	keyCertificate      = "certificate"
	keyKey              = "key"
	keyPKCS12           = "pkcs12"
	keyPKCS11           = "pkcs11"
	keyFolder           = "certificate-folder"
	keyThumbprint       = "certificate-thumbprint"
	keyIssuer           = "certificate-issuer"
	keySignIn           = "sign-in"
	keyLoginHint        = "login-hint"
	keySignInServer     = "sign-in-server"
	keyAzureGateway     = "azure-gateway"
)

// Key is a setting by its name, for Set and Get.
type Key struct {
	Name    string
	Help    string // one sentence
	Example string // a value that Set takes
}

// Keys are all settings, those that belong together beside each other.
func Keys() []Key {
	var keys []Key
	for _, entry := range table() {
		keys = append(keys, entry.Key)
	}
	return keys
}

// UnknownKeyError says that there is no such setting.
type UnknownKeyError struct {
	Key     string
	Similar string // what was perhaps meant; empty where nothing is like it
}

// Error implements error.
func (e *UnknownKeyError) Error() string {
	if e.Similar != "" {
		return fmt.Sprintf("there is no setting %q; did you mean %s?", shortened(e.Key), e.Similar)
	}
	return fmt.Sprintf("there is no setting %q; the settings are %s", shortened(e.Key), strings.Join(names(), ", "))
}

// Set changes a setting to what a person wrote. An empty value makes the profile's hold again. The settings are as they were where
// there is an error, a *ValueError or an *UnknownKeyError.
func (s *Settings) Set(key, value string) error {
	entry, err := find(key)
	if err != nil {
		return err
	}
	if len(value) > MaxSize {
		return &ValueError{Key: entry.Name, Expected: "less text"}
	}
	changed := s.Clone()
	if err := entry.set(&changed, strings.TrimSpace(value)); err != nil {
		return err
	}
	if err := changed.Validate(); err != nil && s.Validate() == nil {
		return err
	}
	*s = changed
	return nil
}

// Get is a setting as Set takes it, secrets included; empty where the profile's holds, and for unknown keys.
func (s Settings) Get(key string) string {
	entry, err := find(key)
	if err != nil {
		return ""
	}
	return entry.get(&s)
}

// entry is a row of the table of settings.
type entry struct {
	Key
	set func(*Settings, string) error
	get func(*Settings) string
}

func table() []entry {
	return slices.Concat(networkKeys(), connectionKeys(), identityKeys())
}

func networkKeys() []entry {
	return []entry{
		{Key{keyDNSServers, "Name servers to ask while connected, instead of the profile's.", "10.0.0.4,10.0.0.5"},
			func(s *Settings, value string) (err error) {
				s.DNSServers, err = parseList(keyDNSServers, value, expectServers, parseServer)
				return err
			},
			func(s *Settings) string { return joined(s.DNSServers) }},
		{Key{keyDNSSuffixes, "Only names that end in these are asked of the tunnel's name servers, instead of the profile's.", "corp.example,example.net"},
			func(s *Settings, value string) (err error) {
				s.DNSSuffixes, err = parseList(keyDNSSuffixes, value, expectSuffixes, normalSuffix)
				return err
			},
			func(s *Settings) string { return strings.Join(s.DNSSuffixes, ",") }},
		{Key{keyIncludeRoutes, "Networks that go through the tunnel besides the profile's; 0.0.0.0/0 sends everything.", "10.20.0.0/16,192.0.2.7/32"},
			func(s *Settings, value string) (err error) {
				s.IncludeRoutes, err = parseList(keyIncludeRoutes, value, expectRoutes, parseRoute)
				return err
			},
			func(s *Settings) string { return joined(s.IncludeRoutes) }},
		{Key{keyExcludeRoutes, "Networks that never go through the tunnel, besides the profile's.", "10.20.30.0/24"},
			func(s *Settings, value string) (err error) {
				s.ExcludeRoutes, err = parseList(keyExcludeRoutes, value, expectRoutes, parseRoute)
				return err
			},
			func(s *Settings) string { return joined(s.ExcludeRoutes) }},
	}
}

func connectionKeys() []entry {
	return []entry{
		{Key{keyTransport, "How to reach the gateway: tcp or udp.", "tcp"},
			func(s *Settings, value string) error {
				s.Transport = profiles.Transport(strings.ToLower(value))
				return nil // Validate knows them
			},
			func(s *Settings) string { return string(s.Transport) }},
		{Key{keyProxy, "A proxy to reach the gateway through, or none for no proxy at all.", "http://proxy.corp.example:8080"},
			setProxy,
			func(s *Settings) string {
				if s.Proxy == nil {
					return ""
				}
				return s.Proxy.url()
			}},
		{Key{keyMTU, "The largest packet in the tunnel, in bytes.", "1400"},
			setMTU,
			func(s *Settings) string {
				if s.MTU == 0 {
					return ""
				}
				return strconv.Itoa(s.MTU)
			}},
		{Key{keyAutoConnect, "Whether to connect without being asked: when the computer starts or you sign in.", "true"},
			func(s *Settings, value string) error {
				on, err := parseSwitch(keyAutoConnect, value)
				s.AutoConnect = on != nil && *on
				return err
			},
			func(s *Settings) string {
				if !s.AutoConnect {
					return ""
				}
				return strconv.FormatBool(true)
			}},
		{Key{keyTrustedNetworks, "Networks where autoconnect does not connect: by DNS suffix, or by a host and port that only answers there.", "corp.example,intranet.corp.example:443"},
			func(s *Settings, value string) (err error) {
				s.TrustedNetworks, err = parseList(keyTrustedNetworks, value, expectNetworks, trustedNetwork)
				return err
			},
			func(s *Settings) string { return joined(s.TrustedNetworks) }},
		{Key{keySecondaryProfile, "The profile to connect with when this one's gateway cannot be reached.", "Contoso West"},
			textOf(func(s *Settings) *string { return &s.SecondaryProfile }), func(s *Settings) string { return s.SecondaryProfile }},
		{Key{keyAzureGateway, "The Azure resource id of the gateway, for footbridge azure check.", "/subscriptions/0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0/resourceGroups/network/providers/Microsoft.Network/virtualNetworkGateways/contoso"},
			textOf(func(s *Settings) *string { return &s.AzureGateway }), func(s *Settings) string { return s.AzureGateway }},
	}
}

func identityKeys() []entry {
	return []entry{
		{Key{keyUsername, "The user name for gateways that ask for one and a password.", "alice"},
			textOf(func(s *Settings) *string { return &s.Username }), func(s *Settings) string { return s.Username }},
		{Key{keyRememberPassword, "Whether to keep the password on this computer.", "false"},
			func(s *Settings, value string) (err error) {
				s.RememberPassword, err = parseSwitch(keyRememberPassword, value)
				return err
			},
			func(s *Settings) string {
				if s.RememberPassword == nil {
					return ""
				}
				return strconv.FormatBool(*s.RememberPassword)
			}},
		certificateEntry(Key{keyCertificate, "The file with your certificate, and perhaps its key.", "/home/alice/alice.pem"},
			func(c *CertificateSource) *string { return &c.CertificateFile }, setCertificateFile),
		certificateEntry(Key{keyKey, "The file with the private key of your certificate.", "/home/alice/alice.key"},
			func(c *CertificateSource) *string { return &c.KeyFile }, setKeyFile),
		certificateEntry(Key{keyPKCS12, "The file with your certificate and its key, as Windows exports it (.pfx, .p12).", "/home/alice/alice.pfx"},
			func(c *CertificateSource) *string { return &c.PKCS12File }, setPKCS12File),
		certificateEntry(Key{keyPKCS11, "Your certificate on a smart card or token, as a PKCS #11 URI without the PIN.", "pkcs11:token=alice;object=vpn"},
			func(c *CertificateSource) *string { return &c.PKCS11URI }, setToken),
		certificateEntry(Key{keyFolder, "A folder with several certificates of yours to choose from.", "/home/alice/certificates"},
			func(c *CertificateSource) *string { return &c.Folder }, setFolder),
		certificateEntry(Key{keyThumbprint, "The SHA-1 thumbprint of the certificate to choose.", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"},
			func(c *CertificateSource) *string { return &c.Thumbprint }, setThumbprint),
		certificateEntry(Key{keyIssuer, "The common name of the issuer of the certificate to choose.", "Contoso Client CA"},
			func(c *CertificateSource) *string { return &c.Issuer }, func(c *CertificateSource, value string) error { c.Issuer = value; return nil }),
		{Key{keySignIn, "Where to sign in to Microsoft Entra ID: browser, or device-code for a browser on another device.", "device-code"},
			setSignIn, func(s *Settings) string { return string(s.SignIn) }},
		{Key{keyLoginHint, "The account that the sign-in page offers.", "alice@contoso.com"},
			textOf(func(s *Settings) *string { return &s.LoginHint }), func(s *Settings) string { return s.LoginHint }},
		{Key{keySignInServer, "A server besides Microsoft's that you trust to sign you in, because your administrator said so.", "login.contoso.com"},
			textOf(func(s *Settings) *string { return &s.SignInServer }), func(s *Settings) string { return s.SignInServer }},
	}
}

func textOf(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		*field(s) = value
		return nil
	}
}

// certificateEntry is the row of a field of CertificateSource, which there is only while one of its fields says something.
func certificateEntry(key Key, field func(*CertificateSource) *string, set func(*CertificateSource, string) error) entry {
	return entry{key,
		func(s *Settings, value string) error {
			var source CertificateSource
			if s.Certificate != nil {
				source = *s.Certificate
			}
			if err := set(&source, value); err != nil {
				return err
			}
			s.Certificate = nil
			if source != (CertificateSource{}) {
				s.Certificate = &source
			}
			return nil
		},
		func(s *Settings) string {
			if s.Certificate == nil {
				return ""
			}
			return *field(s.Certificate)
		}}
}

func setThumbprint(c *CertificateSource, value string) error {
	thumbprint, ok := certificate.ParseThumbprint(value)
	if !ok && value != "" {
		return &ValueError{Key: keyThumbprint, Value: value, Expected: expectThumbprint}
	}
	c.Thumbprint = thumbprint
	return nil
}

func names() []string {
	var all []string
	for _, entry := range table() {
		all = append(all, entry.Name)
	}
	return all
}

// find looks a key up as people write it: in any case, with underscores for dashes.
func find(key string) (entry, error) {
	wanted := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(key)), "_", "-")
	for _, entry := range table() {
		if entry.Name == wanted {
			return entry, nil
		}
	}
	unknown := &UnknownKeyError{Key: key}
	for _, name := range names() {
		if len(wanted) > 2 && (strings.Contains(name, wanted) || strings.Contains(wanted, name) || strings.ReplaceAll(name, "-", "") == strings.ReplaceAll(wanted, "-", "")) {
			unknown.Similar = name
			break
		}
	}
	return entry{}, unknown
}
