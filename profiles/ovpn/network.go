package ovpn

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// networkOptions are routes and name resolution.
func networkOptions() map[string]option {
	return map[string]option{
		"route":             {1, 4, false, (*mapper).route},
		"route-ipv6":        {1, 3, false, (*mapper).routeIPv6},
		"redirect-gateway":  {0, maxArguments, false, (*mapper).redirectGateway},
		"redirect-private":  {0, maxArguments, false, (*mapper).redirectGateway},
		"route-nopull":      {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.RouteNoPull = true }},
		"pull-filter":       {2, 2, false, (*mapper).pullFilter},
		"dhcp-option":       {1, maxArguments, false, (*mapper).dhcpOption},
		"dns":               {2, maxArguments, false, (*mapper).dns},
		"block-outside-dns": {0, 0, false, func(m *mapper, _ *directive) { m.config.BlockOutsideDNS = true }},
	}
}

// route is "route network [netmask] [gateway] [metric]".
func (m *mapper) route(d *directive) {
	address, err := netip.ParseAddr(d.argument(0))
	if err != nil || !address.Is4() {
		if prefix, err := netip.ParsePrefix(d.argument(0)); err == nil && prefix.Addr().Is4() && d.argument(1) == "" {
			m.addRoute(d, prefix, "")
			return
		}
		m.unusableRoute(d)
		return
	}
	bits := 32
	if text := d.argument(1); text != "" && text != "default" {
		mask, err := netip.ParseAddr(text)
		if err != nil || !mask.Is4() {
			m.unusableRoute(d)
			return
		}
		ones, size := net.IPMask(mask.AsSlice()).Size()
		if size == 0 {
			m.unusableRoute(d)
			return
		}
		bits = ones
	}
	m.addRoute(d, netip.PrefixFrom(address, bits), d.argument(2))
}

func (m *mapper) routeIPv6(d *directive) {
	prefix, err := netip.ParsePrefix(d.argument(0))
	if address, single := netip.ParseAddr(d.argument(0)); err != nil && single == nil {
		prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	if err != nil || !prefix.Addr().Is6() {
		m.unusableRoute(d)
		return
	}
	m.addRoute(d, prefix, d.argument(1))
}

func (m *mapper) unusableRoute(d *directive) {
	m.Warning("unsupported-route", d.line, "The route is not between plain networks, and is left out.", fmt.Sprintf("Write addresses: %s.", map[string]string{
		"route": "route 10.20.0.0 255.255.0.0", "route-ipv6": "route-ipv6 2001:db8::/32"}[d.name]))
}

func (m *mapper) addRoute(d *directive, prefix netip.Prefix, gateway string) {
	prefix = prefix.Masked()
	switch gateway {
	case "", "default", "vpn_gateway":
		m.config.IncludeRoutes = appendNew(m.config.IncludeRoutes, prefix)
	case "net_gateway":
		m.config.ExcludeRoutes = appendNew(m.config.ExcludeRoutes, prefix)
	default:
		m.Note("route-gateway", d.line, "The gateway of a route is ignored: the tunnel has only one end.")
		m.config.IncludeRoutes = appendNew(m.config.IncludeRoutes, prefix)
	}
}

func (m *mapper) redirectGateway(d *directive) {
	flags := []string{}
	if d.name == "redirect-private" {
		flags = append(flags, "private")
	}
	for _, flag := range d.arguments {
		switch flag {
		case "def1", "ipv6", "!ipv4", "local", "autolocal", "bypass-dhcp", "bypass-dns", "block-local":
			flags = append(flags, flag)
		default:
			m.Fault("bad-argument", d.line, fmt.Sprintf("A flag of %s is not known.", d.name), "Write redirect-gateway def1, and ipv6 for IPv6 too.")
			return
		}
	}
	m.config.Options.RedirectGateway = flags
}

func (m *mapper) pullFilter(d *directive) {
	switch action := d.argument(0); action {
	case "accept", "ignore", "reject":
		m.config.Options.PullFilters = append(m.config.Options.PullFilters, PullFilter{Action: action, Prefix: d.argument(1)})
	default:
		m.Fault("bad-argument", d.line, "The action of pull-filter is not known.", "Write accept, ignore or reject.")
	}
}

func (m *mapper) dhcpOption(d *directive) {
	value := d.argument(1)
	switch strings.ToUpper(d.argument(0)) {
	case "DNS", "DNS6":
		m.dnsAddress(d, value)
	case "DOMAIN", "DOMAIN-SEARCH", "ADAPTER_DOMAIN_SUFFIX":
		m.domain(d, &m.config.SearchDomains, value)
	case "DOMAIN-ROUTE":
		if value != "." {
			m.domain(d, &m.config.DNSSuffixes, value)
		}
	default:
		m.Note("ignored-option", d.line, "This kind of dhcp-option has no effect, and is ignored.")
		m.config.Kept = append(m.config.Kept, append([]string{d.name}, d.arguments...))
	}
}

func (m *mapper) dnsAddress(d *directive, text string) {
	address, err := netip.ParseAddr(text)
	if err != nil || address.IsUnspecified() {
		m.Fault("bad-dns-server", d.line, "A DNS server is not an IP address.", "Write an address, such as 10.0.0.4.")
		return
	}
	m.config.DNSServers = appendNew(m.config.DNSServers, address.Unmap())
}

func (m *mapper) domain(d *directive, list *[]string, text string) {
	name := strings.ToLower(strings.Trim(text, "."))
	if !isHost(name) {
		m.Fault("bad-domain", d.line, "A DNS suffix is not a domain name.", "Write a domain such as corp.example.")
		return
	}
	*list = appendNew(*list, name)
}

// dns is "dns server N address A…", "dns server N resolve-domains D…", "dns search-domains D…" (OpenVPN 2.6). Of several servers the
// one with the lowest number counts.
func (m *mapper) dns(d *directive) {
	switch {
	case d.argument(0) == "search-domains":
		for _, name := range d.arguments[1:] {
			m.domain(d, &m.config.SearchDomains, name)
		}
	case d.argument(0) == "server" && len(d.arguments) >= 4:
		number, err := strconv.Atoi(d.argument(1))
		if err != nil {
			m.Fault("bad-number", d.line, "The number of a DNS server is not one.", "Write dns server 1 address, then the address.")
			return
		}
		if m.takesDNSServer(number) {
			m.dnsServerOption(d)
		}
	default:
		m.Fault("bad-argument", d.line, "The option dns is not complete.", "Write dns server 1 address, then the address.")
	}
}

// takesDNSServer reports whether an option of this server counts, and forgets a server with a higher number.
func (m *mapper) takesDNSServer(number int) bool {
	if m.hasDNS && number > m.dnsServer {
		return false
	}
	if m.hasDNS && number < m.dnsServer {
		m.config.DNSServers, m.config.DNSSuffixes = nil, nil
	}
	m.hasDNS, m.dnsServer = true, number
	return true
}

func (m *mapper) dnsServerOption(d *directive) {
	values := d.arguments[3:]
	switch d.argument(2) {
	case "address":
		for _, text := range values {
			host := text
			if name, port, err := net.SplitHostPort(text); err == nil {
				if host = name; port != "53" {
					m.Note("dns-port", d.line, "The port of a DNS server is ignored: 53 is used.")
				}
			}
			m.dnsAddress(d, strings.Trim(host, "[]"))
		}
	case "resolve-domains":
		for _, name := range values {
			m.domain(d, &m.config.DNSSuffixes, name)
		}
	case "dnssec", "transport", "sni":
		if values[0] != "no" && values[0] != "optional" && values[0] != "plain" {
			m.Warning("unsupported-option", d.line, fmt.Sprintf("The option dns server … %s is not supported; names are asked in the clear, inside the tunnel.", d.argument(2)), "Remove the line if that is acceptable.")
		}
	default:
		m.Fault("bad-argument", d.line, "The kind of dns server option is not known.", "Write address or resolve-domains.")
	}
}

func appendNew[T comparable](list []T, item T) []T {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
