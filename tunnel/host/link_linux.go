package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/route"
)

// Limits of an MTU: the least that IPv4 allows (RFC 791), the least that IPv6 allows (RFC 8200), the largest packet.
const (
	minMTU     = 68
	minMTUIPv6 = 1280
	maxMTU     = 65535
)

// normalize copies a config, so that the caller may go on with it, and checks it.
func normalize(config Config) (Config, error) {
	if config.MTU == 0 {
		config.MTU = defaultMTU
	}
	if config.MTU < minMTU || config.MTU > maxMTU {
		return Config{}, fmt.Errorf("MTU %d is not between %d and %d", config.MTU, minMTU, maxMTU)
	}
	for _, prefix := range slices.Concat(config.Addresses, config.Routes, config.ExcludedRoutes) {
		if !prefix.IsValid() {
			return Config{}, errors.New("a prefix is empty")
		}
	}
	config.Addresses = slices.Clone(config.Addresses)
	for i, prefix := range config.Addresses {
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			config.Addresses[i] = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
	}
	config.Routes = slices.Clone(config.Routes)
	config.ExcludedRoutes = slices.Clone(config.ExcludedRoutes)
	config.Gateways = slices.Clone(config.Gateways)
	config.DNS.Servers = slices.Clone(config.DNS.Servers)
	config.DNS.Search = slices.Clone(config.DNS.Search)
	config.DNS.Match = slices.Clone(config.DNS.Match)
	return config, nil
}

// withoutUnusableIPv6 leaves out IPv6 where the kernel has none, or takes it from the device because the MTU is too small.
func (s *System) withoutUnusableIPv6(config Config) (Config, []Warning) {
	if s.ipv6 && config.MTU >= minMTUIPv6 {
		return config, nil
	}
	var warnings []Warning
	drop := func(prefix netip.Prefix) bool {
		if prefix.Addr().Is4() || prefix.Addr().Is4In6() {
			return false
		}
		warnings = append(warnings, route.Overlap{Prefix: prefix, Relation: route.NoFamily})
		return true
	}
	config.Addresses = slices.DeleteFunc(slices.Clone(config.Addresses), drop)
	config.Routes = slices.DeleteFunc(slices.Clone(config.Routes), drop)
	return config, warnings
}

// setLink gives the device its MTU and addresses, and brings it up.
func (s *System) setLink(config Config) error {
	link, err := s.links.LinkByIndex(s.index)
	if err != nil {
		return fmt.Errorf("find device %s: %w", s.name, err)
	}
	if link.Attrs().MTU != config.MTU {
		if err := s.links.LinkSetMTU(link, config.MTU); err != nil {
			return fmt.Errorf("set MTU of %s: %w", s.name, err)
		}
	}
	if err := s.setAddresses(link, config.Addresses); err != nil {
		return err
	}
	if link.Attrs().RawFlags&unix.IFF_UP == 0 {
		if err := s.links.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring up %s: %w", s.name, err)
		}
	}
	return nil
}

// setAddresses takes away what is not wanted before it adds: removing an IPv4 address takes the later ones of the same
// network with it.
func (s *System) setAddresses(link netlink.Link, wanted []netip.Prefix) error {
	list, err := s.links.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list addresses of %s: %w", s.name, err)
	}
	var have []netip.Prefix
	for _, entry := range list {
		prefix, ok := prefixOf(entry.IPNet)
		if !ok || prefix.Addr().Is6() && prefix.Addr().IsLinkLocalUnicast() && !slices.Contains(wanted, prefix) {
			continue
		}
		if slices.Contains(wanted, prefix) {
			have = append(have, prefix)
			continue
		}
		if err := s.links.AddrDel(link, &entry); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("remove address %s from %s: %w", prefix, s.name, err)
		}
	}
	for _, prefix := range wanted {
		if slices.Contains(have, prefix) {
			continue
		}
		addr := &netlink.Addr{IPNet: &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}}
		if prefix.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD // nobody else is on the link
		}
		if err := s.links.AddrAdd(link, addr); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("add address %s to %s: %w", prefix, s.name, err)
		}
	}
	return nil
}

// clearLink makes the device as it was before the first Set: down, and without addresses.
func (s *System) clearLink() error {
	link, err := s.links.LinkByIndex(s.index)
	if err != nil {
		return fmt.Errorf("find device %s: %w", s.name, err)
	}
	if err := s.links.LinkSetDown(link); err != nil {
		return fmt.Errorf("bring down %s: %w", s.name, err)
	}
	if err := s.setAddresses(link, nil); err != nil {
		return err
	}
	if err := s.links.LinkSetMTU(link, s.mtu); err != nil {
		return fmt.Errorf("set MTU of %s: %w", s.name, err)
	}
	return nil
}

func prefixOf(network *net.IPNet) (netip.Prefix, bool) {
	if network == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(network.IP)
	ones, _ := network.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones), ok
}
