package netns

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Connect joins two namespaces with a cable (veth) that ends in an interface of the given name in each, and sets both up.
func Connect(a *Namespace, linkA string, b *Namespace, linkB string) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = linkA
	cable := &netlink.Veth{LinkAttrs: attributes, PeerName: linkB, PeerNamespace: netlink.NsFd(int(b.handle))}
	if err := a.links.LinkAdd(cable); err != nil {
		return fmt.Errorf("connect %s in %s with %s in %s: %w", linkA, a.name, linkB, b.name, err)
	}
	if err := a.SetUp(linkA); err != nil {
		return err
	}
	return b.SetUp(linkB)
}

// SetUp sets an interface up.
func (n *Namespace) SetUp(link string) error {
	return n.onLink(link, "set up", n.links.LinkSetUp)
}

// SetDown sets an interface down, as when a cable is pulled.
func (n *Namespace) SetDown(link string) error {
	return n.onLink(link, "set down", n.links.LinkSetDown)
}

// SetMTU sets an interface's MTU, in bytes.
func (n *Namespace) SetMTU(link string, mtu int) error {
	return n.onLink(link, "set MTU of", func(l netlink.Link) error { return n.links.LinkSetMTU(l, mtu) })
}

func (n *Namespace) onLink(name, action string, f func(netlink.Link) error) error {
	link, err := n.links.LinkByName(name)
	if err == nil {
		err = f(link)
	}
	if err != nil {
		return fmt.Errorf("%s %s in %s: %w", action, name, n.name, err)
	}
	return nil
}

// AddAddress gives an interface an address with the length of its network. It is usable at once: IPv6 addresses are not probed for duplicates.
func (n *Namespace) AddAddress(link string, address netip.Prefix) error {
	return n.onLink(link, "add address "+address.String()+" to", func(l netlink.Link) error {
		a := &netlink.Addr{IPNet: ipNet(address)}
		if address.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD
		}
		return n.links.AddrAdd(l, a)
	})
}

// RemoveAddress takes an address away again.
func (n *Namespace) RemoveAddress(link string, address netip.Prefix) error {
	return n.onLink(link, "remove address "+address.String()+" from", func(l netlink.Link) error {
		return n.links.AddrDel(l, &netlink.Addr{IPNet: ipNet(address)})
	})
}

// AddRoute adds a route through an interface; gateway may be the zero Addr.
func (n *Namespace) AddRoute(destination netip.Prefix, gateway netip.Addr, link string) error {
	return n.onLink(link, "add route "+destination.String()+" to", func(l netlink.Link) error {
		route := &netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(destination.Masked())}
		if gateway.IsValid() {
			route.Gw = gateway.AsSlice()
		}
		return n.links.RouteAdd(route)
	})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// Counters are what an interface has carried since it was made.
type Counters struct {
	ReceivedBytes, ReceivedPackets, SentBytes, SentPackets uint64
}

// Counters reads an interface's counters.
func (n *Namespace) Counters(link string) (Counters, error) {
	var counters Counters
	err := n.onLink(link, "read counters of", func(l netlink.Link) error {
		if s := l.Attrs().Statistics; s != nil {
			counters = Counters{s.RxBytes, s.RxPackets, s.TxBytes, s.TxPackets}
		}
		return nil
	})
	return counters, err
}

// Links lists the names of the interfaces.
func (n *Namespace) Links() ([]string, error) {
	links, err := n.links.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces in %s: %w", n.name, err)
	}
	var names []string
	for _, link := range links {
		names = append(names, link.Attrs().Name)
	}
	return names, nil
}

// Sysctl sets one of the kernel's network settings in the namespace, such as "net.ipv4.ip_forward".
func (n *Namespace) Sysctl(key, value string) error {
	return n.Do(func() error {
		path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			return fmt.Errorf("set %s in %s: %w", key, n.name, err)
		}
		return nil
	})
}
