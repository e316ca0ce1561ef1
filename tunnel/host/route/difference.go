package route

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// Owner tells the index of the tunnel device that a route belongs to, if it is a route of ours.
func Owner(route rtnetlink.Route) (link int, ours bool) {
	const span = guardMetric - keepMetric
	switch {
	case route.Protocol != rtnetlink.Protocol:
		return 0, false
	case route.Metric >= keepMetric && route.Metric < guardMetric && route.Type == rtnetlink.Unicast:
		return int(route.Metric - keepMetric), true
	case route.Metric >= guardMetric && route.Metric < guardMetric+span && route.Type == rtnetlink.Unreachable:
		return int(route.Metric - guardMetric), true
	case route.Metric >= tunnelMetric && route.Metric < tunnelMetric+metricAttempts:
		return route.Link, true
	}
	return 0, false
}

// difference gives what to add to have and what to drop from it. A route that takes the place of another is only added.
func difference(wanted, have []rtnetlink.Route) (add, drop []rtnetlink.Route) {
	type place struct {
		prefix netip.Prefix
		metric uint32
	}
	there := make(map[place]rtnetlink.Route, len(have))
	for _, route := range have {
		there[place{route.Prefix, route.Metric}] = route
	}
	for _, route := range wanted {
		at := place{route.Prefix, route.Metric}
		if there[at] != route {
			add = append(add, route)
		}
		delete(there, at)
	}
	for _, route := range have {
		if _, left := there[place{route.Prefix, route.Metric}]; left {
			drop = append(drop, route)
		}
	}
	return add, drop
}

// tunnelDifference is difference for routes on the tunnel's device, whose metric may be other than wanted.
func tunnelDifference(wanted, have []rtnetlink.Route) (add, drop []rtnetlink.Route) {
	there := make(map[netip.Prefix]bool, len(have))
	for _, route := range have {
		there[route.Prefix] = true
	}
	keep := make(map[netip.Prefix]bool, len(wanted))
	for _, route := range wanted {
		keep[route.Prefix] = true
		if !there[route.Prefix] {
			add = append(add, route)
		}
	}
	for _, route := range have {
		if !keep[route.Prefix] {
			drop = append(drop, route)
		}
	}
	return add, drop
}
