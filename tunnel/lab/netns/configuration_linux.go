package netns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Configuration is the namespace's addresses, routes of all tables and rules as text, to compare with another time's.
func (n *Namespace) Configuration() (string, error) {
	var lines []string
	addresses, err := n.links.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return "", fmt.Errorf("list addresses in %s: %w", n.name, err)
	}
	for _, address := range addresses {
		if !address.IP.IsLinkLocalUnicast() { // come and go with the state of the link
			lines = append(lines, fmt.Sprintf("address %s on interface %d", address.IPNet, address.LinkIndex))
		}
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := n.links.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		if err != nil {
			return "", fmt.Errorf("list routes in %s: %w", n.name, err)
		}
		for _, route := range routes {
			if route.Dst == nil || !(route.Dst.IP.IsLinkLocalUnicast() || route.Dst.IP.IsMulticast()) {
				lines = append(lines, fmt.Sprintf("route to %v through %v on interface %d in table %d", route.Dst, route.Gw, route.LinkIndex, route.Table))
			}
		}
		rules, err := n.links.RuleList(family)
		if err != nil {
			return "", fmt.Errorf("list rules in %s: %w", n.name, err)
		}
		for _, rule := range rules {
			lines = append(lines, fmt.Sprintf("rule of family %d: %v", family, rule))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n", nil
}
