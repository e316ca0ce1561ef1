package tunnel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// defaultMTU is the tun-mtu of OpenVPN where neither side says another.
const defaultMTU = 1500

// Bounds of the device's MTU in bytes: IPv6 needs 1280 (RFC 8200 section 5); the largest IP packet is 65535.
const (
	smallestMTU     = 576
	smallestIPv6MTU = 1280
	largestMTU      = 65535
)

// hostConfig is what this computer should look like: what the gateway pushed, as the profile wants it. gateways are the
// outer addresses whose path stays outside. The sentences returned are for the user.
func hostConfig(profile *profiles.Profile, pushed *push.Options, gateways []netip.Addr) (host.Config, []string) {
	b := hostConfigBuilder{gateways: gateways, routed: map[netip.Prefix]bool{}}
	b.addresses(pushed)
	b.routes(profile, pushed)
	b.dns(profile, pushed)
	b.config.Gateways = slices.Clone(gateways)
	b.config.MTU = mtu(profile, pushed)
	return b.config, b.warnings
}

type hostConfigBuilder struct {
	config   host.Config
	gateways []netip.Addr
	routed   map[netip.Prefix]bool // what config.Routes holds: a gateway can push thousands
	warnings []string
}

func (b *hostConfigBuilder) addresses(pushed *push.Options) {
	if pushed.Ifconfig.Prefix.IsValid() {
		b.config.Addresses = append(b.config.Addresses, pushed.Ifconfig.Prefix)
	}
	if pushed.Ifconfig.Peer.IsValid() && pushed.Topology != push.Subnet {
		b.route(netip.PrefixFrom(pushed.Ifconfig.Peer, 32))
	}
	if pushed.IfconfigIPv6.Prefix.IsValid() {
		b.config.Addresses = append(b.config.Addresses, pushed.IfconfigIPv6.Prefix)
	}
}

func (b *hostConfigBuilder) routes(profile *profiles.Profile, pushed *push.Options) {
	for _, route := range pushed.Routes {
		if route.Via == push.ViaNet {
			b.exclude(route.Prefix)
		} else {
			b.route(route.Prefix)
		}
	}
	if redirect := redirection(profile, pushed); redirect != nil && !redirect.Private {
		if !redirect.NoIPv4 {
			b.route(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
		}
		if redirect.IPv6 {
			b.route(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
		}
	}
	if pushed.BlockIPv6 {
		b.route(netip.PrefixFrom(netip.IPv6Unspecified(), 0)) // into the tunnel, where IPv6 is dropped
	}
	for _, prefix := range profile.IncludeRoutes {
		b.route(prefix)
	}
	for _, prefix := range profile.ExcludeRoutes {
		b.exclude(prefix)
	}
}

// redirection is redirect-gateway from the gateway or, as in OpenVPN, from the profile.
func redirection(profile *profiles.Profile, pushed *push.Options) *push.RedirectGateway {
	if pushed.RedirectGateway != nil || profile.OpenVPN.RedirectGateway == nil {
		return pushed.RedirectGateway
	}
	flags := profile.OpenVPN.RedirectGateway
	return &push.RedirectGateway{Private: slices.Contains(flags, "private"), Def1: slices.Contains(flags, "def1"),
		IPv6: slices.Contains(flags, "ipv6"), NoIPv4: slices.Contains(flags, "!ipv4")}
}

// route adds a prefix once. The gateway's own address never goes into the tunnel that leads to it.
func (b *hostConfigBuilder) route(prefix netip.Prefix) {
	prefix = prefix.Masked()
	if prefix.IsSingleIP() && slices.Contains(b.gateways, prefix.Addr()) {
		b.warnings = append(b.warnings, fmt.Sprintf("The route to %s was left out: it is the gateway's own address.", prefix))
		return
	}
	if !b.routed[prefix] {
		b.routed[prefix] = true
		b.config.Routes = append(b.config.Routes, prefix)
	}
}

func (b *hostConfigBuilder) exclude(prefix netip.Prefix) {
	prefix = prefix.Masked()
	if !slices.Contains(b.config.ExcludedRoutes, prefix) {
		b.config.ExcludedRoutes = append(b.config.ExcludedRoutes, prefix)
	}
}

// dns takes the profile's servers where it names some, since whoever wrote them there meant them, else the pushed ones. Only names
// under the suffixes go through the tunnel; where nobody gave any, all do, since private zones such as
// privatelink.* are not under the suffixes of a company.
func (b *hostConfigBuilder) dns(profile *profiles.Profile, pushed *push.Options) {
	wanted := &b.config.DNS
	if len(pushed.DNS.Servers) > 0 {
		for _, address := range pushed.DNS.Servers[0].Addresses {
			wanted.Servers = append(wanted.Servers, address.Addr())
		}
		for _, domain := range pushed.DNS.Servers[0].ResolveDomains {
			wanted.Match = appendDomain(wanted.Match, domain)
		}
	} else {
		wanted.Servers = slices.Clone(pushed.DHCP.DNS)
	}
	for _, domains := range [][]string{{pushed.DHCP.Domain, pushed.DHCP.AdapterDomainSuffix}, pushed.DHCP.SearchDomains, pushed.DNS.SearchDomains, profile.DNS.SearchDomains} {
		for _, domain := range domains {
			wanted.Search = appendDomain(wanted.Search, domain)
		}
	}
	if len(profile.DNS.Servers) > 0 {
		wanted.Servers = slices.Clone(profile.DNS.Servers)
	}
	if len(profile.DNS.Suffixes) > 0 {
		wanted.Match = nil
	}
	for _, domain := range profile.DNS.Suffixes {
		wanted.Match = appendDomain(wanted.Match, domain)
		wanted.Search = appendDomain(wanted.Search, domain)
	}
	if len(wanted.Servers) == 0 {
		if len(wanted.Match) > 0 {
			b.warnings = append(b.warnings, "The profile has DNS suffixes, but neither it nor the gateway names a DNS server; the suffixes are not used.")
		}
		*wanted = host.DNS{}
		return
	}
	wanted.AllNames = len(wanted.Match) == 0
	wanted.BlockOthers = pushed.BlockOutsideDNS || profile.DNS.BlockOutside
}

// appendDomain adds a domain once, lower case and without dots at its ends.
func appendDomain(domains []string, domain string) []string {
	domain = strings.ToLower(strings.Trim(domain, "."))
	if domain == "" || slices.Contains(domains, domain) {
		return domains
	}
	return append(domains, domain)
}

func mtu(profile *profiles.Profile, pushed *push.Options) int {
	mtu := defaultMTU
	if profile.OpenVPN.TunMTU > 0 {
		mtu = profile.OpenVPN.TunMTU
	}
	if pushed.TunMTU > 0 {
		mtu = pushed.TunMTU
	}
	smallest := smallestMTU
	if pushed.IfconfigIPv6.Prefix.IsValid() {
		smallest = smallestIPv6MTU
	}
	return min(max(mtu, smallest), largestMTU)
}
