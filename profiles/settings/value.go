package settings

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// What a value has to be, as it goes on after "is not" and "expected".
const (
	expectServers    = "a list of IP addresses, such as 10.0.0.4,10.0.0.5"
	expectSuffixes   = "a list of DNS suffixes, such as corp.example,example.net"
	expectRoutes     = "a list of networks, such as 10.20.0.0/16,192.0.2.7"
	expectNetworks   = "a list of DNS suffixes and of hosts with a port, such as corp.example,intranet.corp.example:443"
	expectTransport  = "tcp or udp"
	expectProxy      = "a proxy, such as http://proxy.corp.example:8080 or socks5://10.0.0.9:1080, or none"
	expectMTU        = "a number of bytes from 576 to 65535"
	expectSwitch     = "true or false"
	expectSignIn     = "browser or device-code"
	expectText       = "one line of at most 256 characters"
	expectPath       = "the whole path of a file, such as /home/alice/alice.pem"
	expectToken      = "a PKCS #11 URI without a PIN, such as pkcs11:token=alice;object=vpn"
	expectServer     = "a host name, perhaps with a port"
	expectGateway    = "the resource id of a virtual network gateway or a P2S VPN gateway"
	expectThumbprint = "a SHA-1 thumbprint of 40 hexadecimal digits"
)

// ValueError says that a setting cannot have a value, and what it can have.
type ValueError struct {
	Key      string // as in Keys
	Value    string // what is wrong in it; empty where it is too long or may be secret
	Expected string // "a list of IP addresses, such as 10.0.0.4,10.0.0.5"
}

// Error implements error in one sentence.
func (e *ValueError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: expected %s", e.Key, e.Expected)
	}
	return fmt.Sprintf("%s: %q is not %s", e.Key, shortened(e.Value), e.Expected)
}

// shortened keeps a quotation short.
func shortened(text string) string {
	const longest = 80
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// parseList reads entries with commas, semicolons or white space between them. What is there twice is taken once.
func parseList[T comparable](key, value, expected string, parse func(string) (T, bool)) ([]T, error) {
	var list []T
	for text := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(", ;\t\r\n", r) }) {
		item, ok := parse(text)
		if !ok {
			return nil, &ValueError{Key: key, Value: text, Expected: expected}
		}
		if len(list) < maxRoutes && slices.Contains(list, item) {
			continue
		}
		list = append(list, item)
		if len(list) > maxRoutes {
			break // Validate says that it is too long
		}
	}
	if list == nil && value != "" {
		return nil, &ValueError{Key: key, Value: value, Expected: expected}
	}
	return list, nil
}

func parseServer(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err == nil && isServer(address) && address.Zone() == ""
}

// parseRoute reads a network, or an address as the network of itself.
func parseRoute(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err == nil
}

// parseSwitch reads what people write for yes and no; nil for nothing.
func parseSwitch(key, value string) (*bool, error) {
	on := slices.Contains([]string{"true", "yes", "on", "1"}, strings.ToLower(value))
	switch {
	case value == "":
		return nil, nil
	case !on && !slices.Contains([]string{"false", "no", "off", "0"}, strings.ToLower(value)):
		return nil, &ValueError{Key: key, Value: value, Expected: expectSwitch}
	}
	return &on, nil
}

func joined[T fmt.Stringer](list []T) string {
	var texts []string
	for _, item := range list {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ",")
}

func setMTU(s *Settings, value string) error {
	s.MTU = 0
	if value == "" {
		return nil
	}
	number, err := strconv.Atoi(value)
	if err != nil || number == 0 {
		return &ValueError{Key: keyMTU, Value: value, Expected: expectMTU}
	}
	s.MTU = number
	return nil
}

func setSignIn(s *Settings, value string) error {
	switch strings.ToLower(value) {
	case "", "browser":
		s.SignIn = SignInBrowser
	default:
		s.SignIn = SignInMethod(strings.ToLower(value))
	}
	return nil
}

// setProxy reads a proxy's URL; "host:port" is an HTTP proxy. Errors never quote it, since a password may be in it.
func setProxy(s *Settings, value string) error {
	s.Proxy = nil
	switch {
	case value == "":
		return nil
	case strings.EqualFold(value, string(NoProxy)):
		s.Proxy = &Proxy{Type: NoProxy}
		return nil
	case strings.Contains(value, string(hidden)):
		return &ValueError{Key: keyProxy, Expected: "the password itself, where it was hidden for showing"}
	case !strings.Contains(value, "://"):
		value = string(profiles.HTTPProxy) + "://" + value
	}
	refused := &ValueError{Key: keyProxy, Expected: expectProxy}
	address, err := url.Parse(value)
	if err != nil || strings.Trim(address.Path, "/") != "" || address.RawQuery != "" || address.Fragment != "" {
		return refused
	}
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	if err != nil {
		return refused
	}
	password, _ := address.User.Password()
	s.Proxy = &Proxy{Type: profiles.ProxyType(address.Scheme), Host: strings.ToLower(address.Hostname()), Port: uint16(port),
		Username: address.User.Username(), Password: secret.Text(password)}
	if s.Proxy.Type == "socks5h" { // what curl calls a proxy that resolves names, as ours do
		s.Proxy.Type = profiles.SOCKS5Proxy
	}
	return nil
}

// The ways in which a certificate is given exclude each other, and the one that was set last holds; but a certificate file that was set
// before a token stays, for the issuers that are not on the token.

func setCertificateFile(c *CertificateSource, value string) error {
	if value != "" {
		c.PKCS12File, c.PKCS11URI, c.Folder = "", "", ""
	}
	return setPath(&c.CertificateFile, keyCertificate, value)
}

func setKeyFile(c *CertificateSource, value string) error {
	if value != "" {
		c.PKCS12File, c.PKCS11URI = "", ""
	}
	return setPath(&c.KeyFile, keyKey, value)
}

func setPKCS12File(c *CertificateSource, value string) error {
	if value != "" {
		c.CertificateFile, c.KeyFile, c.PKCS11URI, c.Folder = "", "", "", ""
	}
	return setPath(&c.PKCS12File, keyPKCS12, value)
}

func setToken(c *CertificateSource, value string) error {
	if value != "" {
		c.KeyFile, c.PKCS12File, c.Folder = "", "", ""
	}
	c.PKCS11URI = value
	return nil
}

func setFolder(c *CertificateSource, value string) error {
	if value != "" {
		c.CertificateFile, c.PKCS12File, c.PKCS11URI = "", "", ""
	}
	return setPath(&c.Folder, keyFolder, value)
}

// setPath wants whole paths: the folder that a relative one begins in is not known when it is read.
func setPath(field *string, key, value string) error {
	if value != "" && !filepath.IsAbs(value) {
		return &ValueError{Key: key, Value: value, Expected: expectPath}
	}
	*field = value
	return nil
}
