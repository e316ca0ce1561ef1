package diagnosis

import (
	"net/netip"
	"slices"
	"strings"
)

// Computer is what this computer's network is like at one moment. It is read without privileges.
type Computer struct {
	Links     []Link   `json:"links"`
	Routes    []Route  `json:"routes"`
	Rules     []string `json:"rules,omitempty"`     // as "ip rule" shows them
	NoRoutes  bool     `json:"no_routes,omitempty"` // this system's routes cannot be read: Routes is empty
	Names     Names    `json:"names"`
	ClockKept *bool    `json:"clock_synchronised,omitempty"` // as the system says; nil: it does not
}

// Link is a network interface.
type Link struct {
	Index     int            `json:"index"`
	Name      string         `json:"name"`
	Kind      string         `json:"kind,omitempty"` // the kernel's word: "veth", "bridge", "wireguard", "tun"; empty: a device, or not known
	Up        bool           `json:"up"`
	Loopback  bool           `json:"loopback,omitempty"`
	MTU       int            `json:"mtu"`
	Hardware  string         `json:"hardware_address,omitempty"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
}

// Route is an entry of a routing table.
type Route struct {
	Prefix   netip.Prefix `json:"prefix"`
	Link     int          `json:"link,omitempty"` // index
	Device   string       `json:"device,omitempty"`
	Gateway  netip.Addr   `json:"gateway,omitzero"`
	Metric   int          `json:"metric,omitempty"`
	Table    int          `json:"table,omitempty"`
	Protocol int          `json:"protocol,omitempty"`
}

// Names is how this computer resolves names.
type Names struct {
	Manager string           `json:"manager,omitempty"` // "systemd-resolved", "NetworkManager", "resolv.conf" …
	Servers []netip.AddrPort `json:"servers,omitempty"` // that programs ask
	Search  []string         `json:"search,omitempty"`
	Links   []LinkNames      `json:"links,omitempty"` // with systemd-resolved
}

// LinkNames is what systemd-resolved does for one interface (org.freedesktop.resolve1, Link properties).
type LinkNames struct {
	Link    int              `json:"link"`
	Device  string           `json:"device"`
	Servers []netip.AddrPort `json:"servers,omitempty"`
	Domains []string         `json:"domains,omitempty"` // "~" before those that only route
	Default bool             `json:"default_route,omitempty"`
}

// Use says what an interface is for.
type Use string

// The uses of an interface.
const (
	UseLoopback   Use = "loopback"
	UseNetwork    Use = "network"    // a cable, a radio, or what looks like one
	UseContainers Use = "containers" // containers or virtual machines
	UseTunnel     Use = "tunnel"
)

// Use tells what an interface is for by the kernel's word for it and, as drivers share kinds, by the names that programs give.
func (l Link) Use() Use {
	begins := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(l.Name, name) })
	}
	switch {
	case l.Loopback:
		return UseLoopback
	case begins("docker", "br-", "virbr", "lxcbr", "lxdbr", "incusbr", "podman", "cni", "vmnet", "vboxnet", "flannel", "cali", "waydroid", "vEthernet", "bridge1"):
		return UseContainers
	case l.Kind == "wireguard" || l.Kind == "tun" || l.Kind == "ppp" || l.Kind == "xfrm" || l.Kind == "vti" || l.Kind == "ipip" || l.Kind == "gre" || l.Kind == "ovpn" || l.Kind == "ovpn-dco":
		return UseTunnel
	case begins("wg", "tun", "tap", "tailscale", "utun", "ppp", "zt", "nordlynx", "footbridge", "ipsec", "gpd", "cscotun", "proton", "CloudflareWARP"):
		return UseTunnel
	default:
		return UseNetwork
	}
}

// byIndex finds an interface; false: there is none.
func (c *Computer) byIndex(index int) (Link, bool) {
	if i := slices.IndexFunc(c.Links, func(l Link) bool { return l.Index == index }); i >= 0 {
		return c.Links[i], true
	}
	return Link{}, false
}

// hasDefault reports whether there is a way out, for IPv4 or IPv6. What leads into a tunnel does not count: the tunnel needs a way itself.
func (c *Computer) hasDefault(v6 bool) bool {
	return slices.ContainsFunc(c.Routes, func(r Route) bool {
		link, _ := c.byIndex(r.Link)
		return r.Prefix.Bits() == 0 && r.Prefix.Addr().Is6() == v6 && link.Use() != UseTunnel
	})
}

// way finds the route of a packet: the longest prefix, of equal ones the best metric.
func (c *Computer) way(to netip.Addr) (Route, bool) {
	var best Route
	found := false
	for _, r := range c.Routes {
		if !r.Prefix.Contains(to.Unmap()) {
			continue
		}
		if !found || r.Prefix.Bits() > best.Prefix.Bits() || r.Prefix.Bits() == best.Prefix.Bits() && r.Metric < best.Metric {
			best, found = r, true
		}
	}
	return best, found
}
