package azvpn

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// clientConfig reads name resolution and routes.
func (p *parser) clientConfig() {
	all := p.root.all("clientconfig")
	if len(all) > 1 {
		p.Warning("repeated-element", all[1].line, fmt.Sprintf("There are %d <clientconfig> elements; all are read here, but other clients read only one.", len(all)),
			"Put everything into one <clientconfig>.")
	}
	for _, config := range all {
		p.dnsServers(config)
		p.dnsSuffixes(config)
		for _, routes := range config.all("includeroutes") {
			p.profile.IncludeRoutes = p.routes(p.profile.IncludeRoutes, routes)
		}
		for _, routes := range config.all("excluderoutes") {
			p.profile.ExcludeRoutes = p.routes(p.profile.ExcludeRoutes, routes)
		}
	}
	if p.root.find("includedRoutes") != nil {
		p.legacyRoutes()
	}
	for _, prefix := range p.profile.IncludeRoutes {
		if prefix == netip.PrefixFrom(netip.IPv4Unspecified(), 0) && p.profile.Version < 2 {
			p.Warning("needs-version-2", p.root.find("includeroutes").at(p.root), "The profile includes 0.0.0.0/0, for which other clients want version 2.",
				"Write <version>2</version>. An export does so by itself.")
		}
	}
}

// dnsServers takes both shapes: the portal puts each address into a DnsServerEntry, the documentation does not.
func (p *parser) dnsServers(config *element) {
	for _, list := range config.all("dnsservers") {
		for _, e := range list.all("dnsserver", "DnsServerEntry") {
			if e.is("dnsserver") {
				p.dnsServer(e)
				continue
			}
			for _, inside := range e.all("dnsserver") {
				p.dnsServer(inside)
			}
		}
	}
}

func (p *parser) dnsServer(e *element) {
	if e.text == "" || p.placeholder(e) {
		return
	}
	for _, text := range strings.FieldsFunc(e.text, isListSeparator) {
		address, err := netip.ParseAddr(text)
		if err != nil || address.IsUnspecified() || address.IsMulticast() {
			p.Fault("bad-dns-server", e.line, "A DNS server is not an IP address.", "Write an address, such as 10.0.0.4, not a name.")
			continue
		}
		p.profile.DNSServers = appendUnique(p.profile.DNSServers, address.Unmap())
	}
}

func isListSeparator(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' }

func (p *parser) dnsSuffixes(config *element) {
	for _, list := range config.all("dnssuffixes", "dnsssuffixes") {
		for _, e := range list.all("dnssuffix", "dnsssuffix") { // the macOS client writes three s
			if e.text == "" || p.placeholder(e) {
				continue
			}
			suffix := strings.ToLower(strings.Trim(e.text, "."))
			if !isHost(strings.TrimPrefix(suffix, "*.")) || strings.HasPrefix(suffix, "*.") {
				p.Fault("bad-dns-suffix", e.line, "A DNS suffix is not a domain name.", "Write one domain in each <dnssuffix>, such as .corp.example, without a *.")
				continue
			}
			p.profile.DNSSuffixes = appendNew(p.profile.DNSSuffixes, suffix)
		}
	}
}

func (p *parser) routes(list []netip.Prefix, routes *element) []netip.Prefix {
	if routes.text != "" || len(routes.all("destination")) > 0 {
		p.Fault("bad-route", routes.line, fmt.Sprintf("A destination stands in <%s> without a <route> around it.", routes.name), "Put each destination with its mask into a <route> of its own.")
	}
	for _, route := range routes.all("route") {
		if prefix, ok := p.route(route); ok {
			list = appendUnique(list, prefix)
		}
	}
	return list
}

func (p *parser) route(route *element) (netip.Prefix, bool) {
	destinations := route.all("destination")
	if len(destinations) != 1 || destinations[0].text == "" {
		p.Fault("bad-route", route.line, fmt.Sprintf("A route has %d destinations.", len(destinations)), "Put exactly one <destination> and one <mask> into each <route>.")
		return netip.Prefix{}, false
	}
	destination := destinations[0]
	if p.placeholder(destination) {
		return netip.Prefix{}, false
	}
	if prefix, err := netip.ParsePrefix(destination.text); err == nil && route.value("mask") == "" {
		p.Warning("route-notation", destination.line, "A destination has its prefix length behind a slash, which other clients do not read.", "Put the number into <mask>.")
		return p.masked(prefix, destination), true
	}
	address, err := netip.ParseAddr(destination.text)
	if err != nil || address.Zone() != "" {
		p.Fault("bad-route", destination.line, "A route's destination is not an IP address.", "Write the network's address, such as 10.20.0.0, and its prefix length into <mask>.")
		return netip.Prefix{}, false
	}
	address = address.Unmap()
	mask := route.child("mask")
	bits, ok := parseMask(route.value("mask"), address)
	if !ok {
		p.Fault("bad-mask", mask.at(route), fmt.Sprintf("A route's mask is not a number from 0 to %d.", address.BitLen()), "Write the prefix length, such as 16 for 255.255.0.0.")
		return netip.Prefix{}, false
	}
	if strings.Contains(mask.text, ".") {
		p.Warning("route-notation", mask.line, "A route's mask is written as an address, which other clients do not read.", fmt.Sprintf("Write %d.", bits))
	}
	return p.masked(netip.PrefixFrom(address, bits), destination), true
}

func (p *parser) masked(prefix netip.Prefix, e *element) netip.Prefix {
	if prefix != prefix.Masked() {
		p.Warning("route-host-bits", e.line, fmt.Sprintf("The destination %s has bits set behind its mask; %s is taken.", prefix, prefix.Masked()), "Write the network's first address.")
	}
	return prefix.Masked()
}

// parseMask reads a prefix length or, for IPv4, a mask in dotted notation.
func parseMask(text string, address netip.Addr) (int, bool) {
	if bits, err := strconv.Atoi(text); err == nil {
		return bits, bits >= 0 && bits <= address.BitLen()
	}
	mask, err := netip.ParseAddr(text)
	if err != nil || !mask.Is4() || !address.Is4() {
		return 0, false
	}
	ones, size := net.IPMask(mask.AsSlice()).Size()
	return ones, size != 0
}

func appendUnique[T comparable](list []T, item T) []T {
	for _, existing := range list {
		if existing == item {
			return list
		}
	}
	return append(list, item)
}

// isHost reports whether text is a DNS name (RFC 1123, and the underscores that some have) or an IP address.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f) {
				return false
			}
		}
	}
	return true
}

// isTenantURL reports whether text is an https URL with a path: the tenant.
func isTenantURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && strings.EqualFold(u.Scheme, "https") && u.Host != "" && strings.Trim(u.Path, "/") != "" && u.User == nil
}
