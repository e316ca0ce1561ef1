package push

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Limits of name resolution settings.
const (
	maxServerAddresses = 8 // of one server (OpenVPN dns.h)
	maxNames           = 1024
	maxNameSize        = 255 // bytes
)

// applyDHCP follows dhcp-option (OpenVPN man page, "VPN network options").
func (o *Options) applyDHCP(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("it has no argument")
	}
	d := &o.DHCP
	kind := strings.ToUpper(arguments[0])
	if kind == "DISABLE-NBT" {
		d.DisableNetBIOS = true
		return nil
	}
	if len(arguments) < 2 {
		return errors.New("it has no value")
	}
	value := arguments[1]
	switch kind {
	case "DNS", "DNS6":
		return appendServer(&d.DNS, value)
	case "WINS":
		return appendServer(&d.WINS, value)
	case "NTP":
		return appendServer(&d.NTP, value)
	case "NBDD":
		return appendServer(&d.NBDD, value)
	case "DOMAIN":
		name, err := domain(value)
		if err != nil {
			return err
		}
		if d.Domain != "" { // repeated, it is one more suffix to search, as other clients take it
			d.SearchDomains = appendNew(d.SearchDomains, name)
			return nil
		}
		d.Domain = name
	case "DOMAIN-SEARCH":
		for _, argument := range arguments[1:] {
			name, err := domain(argument)
			if err != nil {
				return err
			}
			d.SearchDomains = appendNew(d.SearchDomains, name)
		}
	case "ADAPTER_DOMAIN_SUFFIX":
		name, err := domain(value)
		if err != nil {
			return err
		}
		d.AdapterDomainSuffix = name
	case "NBT":
		return setNumber(&d.NetBIOSNodeType, value, 1, 8)
	case "NBS":
		d.NetBIOSScope = printable(value)
	case "PROXY_AUTO_CONFIG_URL":
		page, ok := webPage("", value)
		if !ok {
			return fmt.Errorf("%q is not an address of a page", printable(value))
		}
		d.ProxyAutoConfigURL = page.URL
	case "PROXY_HTTP", "PROXY_HTTPS":
		return o.setProxy(kind, arguments[1:])
	case "PROXY_BYPASS":
		for _, argument := range arguments[1:] {
			if len(d.ProxyBypass) < maxNames {
				d.ProxyBypass = append(d.ProxyBypass, printable(argument))
			}
		}
	default:
		return errIgnored
	}
	return nil
}

func (o *Options) setProxy(kind string, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("it has no port")
	}
	var port int
	if err := setNumber(&port, arguments[1], 1, 65535); err != nil {
		return err
	}
	if _, err := netip.ParseAddr(arguments[0]); err != nil {
		if _, err := domain(arguments[0]); err != nil {
			return err
		}
	}
	proxy := arguments[0] + ":" + arguments[1]
	if strings.Contains(arguments[0], ":") {
		proxy = "[" + arguments[0] + "]:" + arguments[1]
	}
	if kind == "PROXY_HTTP" {
		o.DHCP.ProxyHTTP = proxy
	} else {
		o.DHCP.ProxyHTTPS = proxy
	}
	return nil
}

// applyDNS follows dns (OpenVPN man page, "Client options"; dns.c).
func (o *Options) applyDNS(arguments []string) error {
	if len(arguments) >= 2 && arguments[0] == "search-domains" {
		return appendDomains(&o.DNS.SearchDomains, arguments[1:])
	}
	if len(arguments) < 4 || arguments[0] != "server" {
		return errors.New("it is neither a server nor search-domains")
	}
	priority, err := strconv.Atoi(arguments[1])
	if err != nil || priority < 0 || priority > 127 {
		return fmt.Errorf("%q is not a number from 0 to 127", printable(arguments[1]))
	}
	server := o.DNS.server(priority)
	values := arguments[3:]
	switch arguments[2] {
	case "address":
		for _, value := range values {
			address, err := serverAddress(value)
			if err != nil {
				return err
			}
			if len(server.Addresses) == maxServerAddresses {
				return fmt.Errorf("server %d has more than %d addresses", priority, maxServerAddresses)
			}
			server.Addresses = append(server.Addresses, address)
		}
	case "resolve-domains":
		return appendDomains(&server.ResolveDomains, values)
	case "dnssec":
		return setOneOf(&server.DNSSEC, values[0], "yes", "optional", "no")
	case "transport":
		return setOneOf(&server.Transport, values[0], "plain", "DoT", "DoH")
	case "sni":
		if server.SNI, err = domain(values[0]); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%q is not known of a server", printable(arguments[2]))
	}
	return nil
}

// server finds the server with a priority, or makes it.
func (d *DNS) server(priority int) *DNSServer {
	i := slices.IndexFunc(d.Servers, func(s DNSServer) bool { return s.Priority == priority })
	if i < 0 {
		d.Servers = append(d.Servers, DNSServer{Priority: priority})
		i = len(d.Servers) - 1
	}
	return &d.Servers[i]
}

// settle sorts the servers and takes out those without an address.
func (d *DNS) settle(o *Options) {
	d.Servers = slices.DeleteFunc(d.Servers, func(s DNSServer) bool {
		if len(s.Addresses) > 0 {
			return false
		}
		o.refuse(fmt.Sprintf("dns server %d", s.Priority), errors.New("it has no address"))
		return true
	})
	slices.SortStableFunc(d.Servers, func(a, b DNSServer) int { return cmp.Compare(a.Priority, b.Priority) })
}

// serverAddress reads an address with an optional port: 192.0.2.1, 192.0.2.1:853, 2001:db8::1, [2001:db8::1]:853.
func serverAddress(text string) (netip.AddrPort, error) {
	address, err := netip.ParseAddr(text)
	port := uint16(0)
	if err != nil {
		both, err := netip.ParseAddrPort(text)
		if err != nil || both.Port() == 0 {
			return netip.AddrPort{}, fmt.Errorf("%q is not the address of a server", printable(text))
		}
		address, port = both.Addr(), both.Port()
	}
	address = address.Unmap()
	if address.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%q is not the address of a server", printable(text))
	}
	return netip.AddrPortFrom(address, port), unusable(address)
}

func appendServer(to *[]netip.Addr, text string) error {
	var address netip.Addr
	if err := setAddress(&address, text); err != nil {
		return err
	}
	if err := unusable(address); err != nil {
		return err
	}
	if len(*to) >= maxNames {
		return fmt.Errorf("there are more than %d", maxNames)
	}
	if !slices.Contains(*to, address) {
		*to = append(*to, address)
	}
	return nil
}

func appendDomains(to *[]string, texts []string) error {
	for _, text := range texts {
		name, err := domain(text)
		if err != nil {
			return err
		}
		if len(*to) >= maxNames {
			return fmt.Errorf("there are more than %d", maxNames)
		}
		*to = appendNew(*to, name)
	}
	return nil
}

func appendNew(to []string, name string) []string {
	if slices.Contains(to, name) || len(to) >= maxNames {
		return to
	}
	return append(to, name)
}

// domain reads a DNS name: lower case, without dots around it. "." is the root, above all names.
func domain(text string) (string, error) {
	name := strings.ToLower(strings.Trim(text, "."))
	if text == "." {
		return ".", nil
	}
	if name == "" || len(name) > maxNameSize || strings.Contains(name, "..") {
		return "", fmt.Errorf("%q is not a domain", printable(text))
	}
	for i := range len(name) {
		b := name[i]
		if b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-' || b == '.' || b == '_' || b >= 0x80 {
			continue
		}
		return "", fmt.Errorf("%q is not a domain", printable(text))
	}
	return name, nil
}

func setOneOf(to *string, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %s", printable(value), strings.Join(allowed, ", "))
	}
	*to = value
	return nil
}
