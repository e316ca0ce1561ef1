package netns

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Priorities of rules. The kernel's rule for local addresses comes first of all; it has to make room for ours.
const (
	originalLocalPriority = 0
	forbidPriority        = 10
	localPriority         = 100
)

// Forbid refuses packets that arrive on an interface for the given destinations, as a router's filter does, also where an
// address is the namespace's own. Their sender is told.
func (n *Namespace) Forbid(link string, destinations ...netip.Prefix) error {
	for _, destination := range destinations {
		family := unix.AF_INET
		if destination.Addr().Is6() {
			family = unix.AF_INET6
		}
		if err := n.forbid(link, destination, family); err != nil {
			return fmt.Errorf("forbid %s on %s in %s: %w", destination, link, n.name, err)
		}
	}
	return nil
}

func (n *Namespace) forbid(link string, destination netip.Prefix, family int) error {
	if err := n.makeRoom(family); err != nil {
		return err
	}
	// Only routers tell the sender.
	version := "ipv4"
	if family == unix.AF_INET6 {
		version = "ipv6"
	}
	if err := n.Sysctl("net."+version+".conf."+link+".forwarding", "1"); err != nil {
		return err
	}
	refuse := netlink.NewRule()
	refuse.Family, refuse.Priority, refuse.Type = family, forbidPriority, unix.FR_ACT_PROHIBIT
	refuse.IifName, refuse.Dst = link, ipNet(destination.Masked())
	return n.links.RuleAdd(refuse)
}

// makeRoom moves the rule for local addresses behind ours, once. To the kernel, deleting priority 0 is deleting the first rule
// that matches, so the moved one must not be mistaken for it.
func (n *Namespace) makeRoom(family int) error {
	rules, err := n.links.RuleList(family)
	if err != nil {
		return fmt.Errorf("list rules: %w", err)
	}
	for _, rule := range rules {
		if rule.Table == unix.RT_TABLE_LOCAL && rule.Priority == localPriority {
			return nil
		}
	}
	local := netlink.NewRule()
	local.Family, local.Table, local.Priority = family, unix.RT_TABLE_LOCAL, localPriority
	if err := n.links.RuleAdd(local); err != nil {
		return fmt.Errorf("move rule for local addresses: %w", err)
	}
	local.Priority = originalLocalPriority
	if err := n.links.RuleDel(local); err != nil {
		return fmt.Errorf("remove rule for local addresses: %w", err)
	}
	return nil
}
