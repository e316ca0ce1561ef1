package diagnosis

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/dns"
)

// ThisComputer reads what this computer's network is like.
func ThisComputer(ctx context.Context) (*Computer, error) {
	links, err := readLinks()
	if err != nil {
		return nil, err
	}
	c := &Computer{Links: links, Names: readResolvConf("/etc/resolv.conf")}
	if err := c.readKinds(); err != nil {
		return nil, err
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if err := c.readRoutes(family); err != nil {
			return nil, err
		}
	}
	c.Names.Manager = string(dns.Detect(ctx, dns.ThisComputer()))
	readBus(ctx, c)
	return c, nil
}

func (c *Computer) readKinds() error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("list interfaces: %w", err)
	}
	for _, link := range links {
		i := slices.IndexFunc(c.Links, func(l Link) bool { return l.Index == link.Attrs().Index })
		if i < 0 || link.Type() == "device" {
			continue
		}
		c.Links[i].Kind = link.Type()
		if link.Type() == "tuntap" {
			c.Links[i].Kind = "tun"
		}
	}
	return nil
}

// readRoutes reads all tables but the one of the computer's own addresses: tunnels often use a table of their own.
func (c *Computer) readRoutes(family int) error {
	routes, err := netlink.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	rules, err := netlink.RuleList(family)
	if err != nil {
		return fmt.Errorf("list rules: %w", err)
	}
	for _, rule := range rules {
		c.Rules = append(c.Rules, rule.String())
	}
	for _, r := range routes {
		prefix := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if family == unix.AF_INET6 {
			prefix = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		if r.Dst != nil {
			address, ok := netip.AddrFromSlice(r.Dst.IP)
			bits, _ := r.Dst.Mask.Size()
			if !ok {
				continue
			}
			prefix = netip.PrefixFrom(address.Unmap(), bits)
		}
		if r.Table == unix.RT_TABLE_LOCAL || prefix.Addr().IsMulticast() || r.Type != unix.RTN_UNICAST {
			continue
		}
		route := Route{Prefix: prefix, Link: r.LinkIndex, Metric: r.Priority, Table: r.Table, Protocol: int(r.Protocol)}
		if gateway, ok := netip.AddrFromSlice(r.Gw); ok {
			route.Gateway = gateway.Unmap()
		}
		if len(r.MultiPath) > 0 && route.Link == 0 {
			route.Link = r.MultiPath[0].LinkIndex
		}
		if link, found := c.byIndex(route.Link); found {
			route.Device = link.Name
		}
		c.Routes = append(c.Routes, route)
	}
	return nil
}
