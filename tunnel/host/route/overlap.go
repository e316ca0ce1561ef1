package route

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// Relation is how a prefix of the tunnel stands to something on this computer.
type Relation string

// The relations that are worth saying.
const (
	// Equal: the tunnel's prefix is also that of a local network.
	Equal Relation = "equal"
	// Inside: the tunnel takes a part of a local network.
	Inside Relation = "inside"
	// Covers: a local network hides a part of the tunnel's prefix.
	Covers Relation = "covers"
	// Taken: another route to the same prefix is better than the tunnel's.
	Taken Relation = "taken"
	// IsGateway: the prefix is the gateway's own address; it was left out.
	IsGateway Relation = "gateway"
	// NotRoutable: the prefix holds only loopback, link-local or multicast addresses; it was left out.
	NotRoutable Relation = "not-routable"
	// NoFamily: this computer has no IPv6, or the tunnel's MTU is too small for it; the prefix was left out.
	NoFamily Relation = "no-ipv6"
)

// Overlap says that a prefix of the tunnel collides with something.
type Overlap struct {
	Prefix   netip.Prefix // of the tunnel
	Relation Relation
	Local    netip.Prefix // the local network or other route; zero where there is none
	Link     int          // its interface
}

// Code is a stable word for the kind of warning.
func (o Overlap) Code() string { return "route-" + string(o.Relation) }

// String is one sentence.
func (o Overlap) String() string {
	switch o.Relation {
	case Equal:
		return fmt.Sprintf("%s is in the tunnel and is also the network this computer is in", o.Prefix)
	case Inside:
		return fmt.Sprintf("%s is in the tunnel and is a part of the network this computer is in, %s", o.Prefix, o.Local)
	case Covers:
		return fmt.Sprintf("%s is in the tunnel, but its part %s is the network this computer is in and stays outside", o.Prefix, o.Local)
	case Taken:
		return fmt.Sprintf("another route to %s has precedence over the tunnel's", o.Prefix)
	case IsGateway:
		return fmt.Sprintf("%s is the gateway itself and stays outside the tunnel", o.Prefix)
	case NoFamily:
		return fmt.Sprintf("%s is not in the tunnel, because IPv6 cannot be used on it", o.Prefix)
	default:
		return fmt.Sprintf("%s cannot be routed", o.Prefix)
	}
}

// findOverlaps compares what goes into the tunnel with the networks this computer is in. Forced tunnelling covers all of
// them, on purpose.
func findOverlaps(wanted []netip.Prefix, others []rtnetlink.Route) []Overlap {
	var overlaps []Overlap
	local := localNetworks(others)
	better := make(map[netip.Prefix]rtnetlink.Route)
	for _, route := range others {
		if route.Metric <= tunnelMetric {
			better[route.Prefix] = route
		}
	}
	for _, prefix := range wanted {
		if prefix.Bits() <= 1 {
			continue
		}
		for _, route := range local {
			overlap := Overlap{Prefix: prefix, Local: route.Prefix, Link: route.Link}
			switch {
			case prefix == route.Prefix:
				overlap.Relation = Equal
			case covers(route.Prefix, prefix):
				overlap.Relation = Inside
			case covers(prefix, route.Prefix):
				overlap.Relation = Covers
			default:
				continue
			}
			overlaps = append(overlaps, overlap)
		}
		if route, taken := better[prefix]; taken {
			overlaps = append(overlaps, Overlap{Prefix: prefix, Relation: Taken, Local: route.Prefix, Link: route.Link})
		}
	}
	return overlaps
}

// localNetworks gives the routes to networks that an interface is in.
func localNetworks(others []rtnetlink.Route) []rtnetlink.Route {
	var local []rtnetlink.Route
	for _, route := range others {
		if route.Type == rtnetlink.Unicast && !route.Gateway.IsValid() && !route.Prefix.IsSingleIP() &&
			route.Prefix.Bits() > 0 && !route.Prefix.Addr().IsLinkLocalUnicast() && !route.Prefix.Addr().IsMulticast() {
			local = append(local, route)
		}
	}
	slices.SortStableFunc(local, func(a, b rtnetlink.Route) int { return cmp.Compare(a.Metric, b.Metric) })
	return slices.CompactFunc(local, func(a, b rtnetlink.Route) bool { return a.Prefix == b.Prefix && a.Link == b.Link })
}
