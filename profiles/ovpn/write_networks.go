package ovpn

import (
	"net"
	"net/netip"
	"slices"
)

func (w *writer) networks(c *Config) {
	for _, prefix := range c.IncludeRoutes {
		w.route(prefix, "vpn_gateway")
	}
	for _, prefix := range c.ExcludeRoutes {
		w.route(prefix, "net_gateway")
	}
	if flags := c.Options.RedirectGateway; flags != nil {
		name := "redirect-gateway"
		if slices.Contains(flags, "private") {
			name = "redirect-private"
		}
		w.line(append([]string{name}, slices.DeleteFunc(slices.Clone(flags), func(flag string) bool { return flag == "private" })...)...)
	}
	w.flag(c.Options.RouteNoPull, "route-nopull")
	for _, filter := range c.Options.PullFilters {
		w.line("pull-filter", filter.Action, filter.Prefix)
	}
	w.nameServers(c)
	if c.BlockOutsideDNS {
		w.line("setenv", "opt", "block-outside-dns") // known on Windows only
	}
}

func (w *writer) route(prefix netip.Prefix, gateway string) {
	if prefix.Addr().Is6() {
		words := []string{"route-ipv6", prefix.String()}
		if gateway == "net_gateway" {
			words = append(words, gateway)
		}
		w.line(words...)
		return
	}
	mask := net.IP(net.CIDRMask(prefix.Bits(), 32)).String()
	w.line("route", prefix.Addr().String(), mask, gateway)
}

// nameServers uses the dns option only where it is needed: clients before 2.6 know dhcp-option alone.
func (w *writer) nameServers(c *Config) {
	if len(c.DNSSuffixes) > 0 && len(c.DNSServers) > 0 {
		words := []string{"dns", "server", "1", "address"}
		for _, address := range c.DNSServers {
			words = append(words, address.String())
		}
		w.line(words...)
		w.line(append([]string{"dns", "server", "1", "resolve-domains"}, c.DNSSuffixes...)...)
	} else {
		for _, address := range c.DNSServers {
			w.line("dhcp-option", "DNS", address.String())
		}
		for _, suffix := range c.DNSSuffixes {
			w.line("dhcp-option", "DOMAIN-ROUTE", suffix)
		}
	}
	for _, domain := range c.SearchDomains {
		w.line("dhcp-option", "DOMAIN-SEARCH", domain)
	}
}
