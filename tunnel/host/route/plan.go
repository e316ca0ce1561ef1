// Package route decides and sets the routes of a tunnel: what goes in, what stays out, and the gateway's own path.
package route

import (
	"net/netip"
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// Metrics of our routes. The lower one wins between routes to the same prefix.
const (
	// tunnelMetric is that of routes into a tunnel: better than what NetworkManager gives to cables (100) and radio (600),
	// so that of two equal prefixes the tunnel's wins, and the other stays in the table for when the tunnel is gone.
	tunnelMetric = 50
	// metricAttempts is how many metrics, from tunnelMetric, are tried for a prefix that others (another tunnel, most
	// likely) have already.
	metricAttempts = 8
	// keepMetric plus the index of the tunnel's device is that of routes on a physical network: two tunnels never share
	// one, and whose it was can be told when nothing else is known any more.
	keepMetric = 1_000_000
	// guardMetric plus the index of the tunnel's device is that of routes that refuse packets to a gateway while there is
	// no network: without, they would enter the tunnel whose packets they are.
	guardMetric = 2_000_000
)

// Config is what should be routed how.
type Config struct {
	Routes   []netip.Prefix // into the tunnel
	Excluded []netip.Prefix // stay on the network that has them now
	Gateways []netip.Addr   // never enter the tunnel
}

// plan is what the routing table should hold, and what there is to say about it.
type plan struct {
	tunnel   []rtnetlink.Route // on the tunnel's device; the kernel removes them with it
	physical []rtnetlink.Route // on other devices, or none
	overlaps []Overlap
}

// newPlan works out the routes of the tunnel on device link, given everything in the main table now. It looks at no route
// of ours: what is wanted depends on the rest of the computer only.
func newPlan(config Config, link int, table []rtnetlink.Route) plan {
	others := foreign(table, link)
	var p plan
	wanted := p.accept(config)
	for _, prefix := range wanted {
		for _, part := range outweigh(prefix) {
			p.tunnel = append(p.tunnel, tunnelRoute(part, link))
		}
	}
	p.overlaps = append(p.overlaps, findOverlaps(wanted, others)...)
	for _, prefix := range normal(config.Excluded) {
		if coveredBy(prefix, wanted) {
			if keep, ok := keepRoute(prefix, link, others); ok {
				p.physical = append(p.physical, keep)
			}
		}
	}
	for _, gateway := range gatewayPrefixes(config.Gateways) {
		if !coveredBy(gateway, wanted) {
			continue
		}
		if keep, ok := keepRoute(gateway, link, others); ok {
			p.physical = append(p.physical, keep)
		}
		p.physical = append(p.physical, guardRoute(gateway, link))
	}
	p.tunnel, p.physical = unique(p.tunnel), unique(p.physical)
	return p
}

// accept gives the prefixes that go into the tunnel: those asked for, without those excluded by the same prefix, the
// gateways themselves, and what is never routed.
func (p *plan) accept(config Config) []netip.Prefix {
	refused := make(map[netip.Prefix]bool)
	for _, gateway := range gatewayPrefixes(config.Gateways) {
		refused[gateway] = true
	}
	excluded := make(map[netip.Prefix]bool)
	for _, prefix := range normal(config.Excluded) {
		excluded[prefix] = true
	}
	var wanted []netip.Prefix
	for _, prefix := range normal(config.Routes) {
		switch {
		case refused[prefix]:
			p.overlaps = append(p.overlaps, Overlap{Prefix: prefix, Relation: IsGateway})
		case neverRouted(prefix):
			p.overlaps = append(p.overlaps, Overlap{Prefix: prefix, Relation: NotRoutable})
		case !excluded[prefix]:
			wanted = append(wanted, prefix)
		}
	}
	return wanted
}

// neverRouted reports whether a prefix holds only addresses that mean this computer or its links.
func neverRouted(prefix netip.Prefix) bool {
	addr := prefix.Addr()
	return prefix.Bits() >= 4 && (addr.IsMulticast() || addr.IsLoopback() || addr.IsLinkLocalUnicast()) ||
		prefix.Bits() == addr.BitLen() && (addr.IsUnspecified() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}))
}

// outweigh gives the routes that take a prefix: itself, but for a default route its two halves, which win over any default
// route whatever its metric, and leave it in place.
func outweigh(prefix netip.Prefix) []netip.Prefix {
	if prefix.Bits() > 0 {
		return []netip.Prefix{prefix}
	}
	upper := prefix.Addr().AsSlice()
	upper[0] = 0x80
	half, _ := netip.AddrFromSlice(upper)
	return []netip.Prefix{netip.PrefixFrom(prefix.Addr(), 1), netip.PrefixFrom(half, 1)}
}

func tunnelRoute(prefix netip.Prefix, link int) rtnetlink.Route {
	// The kernel shows an IPv6 route's scope as universe whatever was asked.
	scope := rtnetlink.ScopeLink
	if prefix.Addr().Is6() {
		scope = rtnetlink.ScopeUniverse
	}
	return rtnetlink.Route{Prefix: prefix, Link: link, Metric: tunnelMetric, Table: rtnetlink.TableMain,
		Protocol: rtnetlink.Protocol, Type: rtnetlink.Unicast, Scope: scope}
}

// keepRoute copies the route that a prefix has now. There is none to make where there is no path, where the path is exactly
// this prefix already, or where somebody refuses it.
func keepRoute(prefix netip.Prefix, link int, others []rtnetlink.Route) (rtnetlink.Route, bool) {
	path, ok := lookup(prefix, others)
	if !ok || path.Prefix == prefix || path.Type != rtnetlink.Unicast {
		return rtnetlink.Route{}, false
	}
	path.Prefix = prefix
	path.Metric = keepMetric + uint32(link)
	path.Protocol = rtnetlink.Protocol
	return path, true
}

func guardRoute(prefix netip.Prefix, link int) rtnetlink.Route {
	return rtnetlink.Route{Prefix: prefix, Metric: guardMetric + uint32(link), Table: rtnetlink.TableMain,
		Protocol: rtnetlink.Protocol, Type: rtnetlink.Unreachable}
}

// lookup finds the route that packets for a prefix take: the longest that covers it, then the best metric.
func lookup(prefix netip.Prefix, routes []rtnetlink.Route) (rtnetlink.Route, bool) {
	var best rtnetlink.Route
	found := false
	for _, route := range routes {
		if !covers(route.Prefix, prefix) {
			continue
		}
		if !found || route.Prefix.Bits() > best.Prefix.Bits() ||
			route.Prefix.Bits() == best.Prefix.Bits() && route.Metric < best.Metric {
			best, found = route, true
		}
	}
	return best, found
}

// foreign gives the routes that are neither ours nor on the tunnel's device.
func foreign(table []rtnetlink.Route, link int) []rtnetlink.Route {
	others := make([]rtnetlink.Route, 0, min(len(table), 64))
	for _, route := range table {
		if route.Protocol != rtnetlink.Protocol && route.Link != link {
			others = append(others, route)
		}
	}
	return others
}

// covers reports whether every address of inner is in outer.
func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

func coveredBy(prefix netip.Prefix, outers []netip.Prefix) bool {
	return slices.ContainsFunc(outers, func(outer netip.Prefix) bool { return covers(outer, prefix) })
}

func gatewayPrefixes(gateways []netip.Addr) []netip.Prefix {
	prefixes := make([]netip.Prefix, 0, len(gateways))
	for _, gateway := range gateways {
		gateway = gateway.Unmap().WithZone("")
		if gateway.IsValid() {
			prefixes = append(prefixes, netip.PrefixFrom(gateway, gateway.BitLen()))
		}
	}
	return prefixes
}

// normal masks the bits after each prefix, and leaves out doubles and what is not a prefix.
func normal(prefixes []netip.Prefix) []netip.Prefix {
	seen := make(map[netip.Prefix]bool, len(prefixes))
	list := make([]netip.Prefix, 0, len(prefixes))
	for _, prefix := range prefixes {
		if prefix = Normal(prefix); prefix.IsValid() && !seen[prefix] {
			seen[prefix] = true
			list = append(list, prefix)
		}
	}
	return list
}

// Normal masks the bits after the prefix and unmaps an IPv4 address in IPv6 clothes.
func Normal(prefix netip.Prefix) netip.Prefix {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked()
}

func unique(routes []rtnetlink.Route) []rtnetlink.Route {
	type key struct {
		prefix netip.Prefix
		metric uint32
	}
	seen := make(map[key]bool, len(routes))
	return slices.DeleteFunc(routes, func(route rtnetlink.Route) bool {
		k := key{route.Prefix, route.Metric}
		double := seen[k]
		seen[k] = true
		return double
	})
}
