package netmon

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// picture is what of the network matters to a connection: two equal pictures mean that packets take the same path.
type picture struct {
	text string
	lost bool // there is no address to send from
}

// painter makes pictures of one network namespace.
type painter struct {
	links  *netlink.Handle
	routes *rtnetlink.Conn
}

func newPainter() (*painter, error) {
	links, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	routes, err := rtnetlink.Dial()
	if err != nil {
		links.Close()
		return nil, err
	}
	return &painter{links: links, routes: routes}, nil
}

func (p *painter) close() {
	p.links.Close()
	_ = p.routes.Close()
}

func (p *painter) paint() (picture, error) {
	names, err := p.usableLinks()
	if err != nil {
		return picture{}, err
	}
	addresses, err := p.addresses(names)
	if err != nil {
		return picture{}, err
	}
	routes, err := p.routes.Routes()
	if err != nil {
		return picture{}, err
	}
	return draw(names, addresses, routes), nil
}

// usableLinks gives the names of the interfaces that are up and carry packets to somewhere else, by index.
func (p *painter) usableLinks() (map[int]string, error) {
	links, err := p.links.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	names := make(map[int]string, len(links))
	for _, link := range links {
		attributes := link.Attrs()
		const lowerUp = unix.IFF_LOWER_UP
		if attributes.RawFlags&unix.IFF_UP != 0 && attributes.RawFlags&lowerUp != 0 && attributes.RawFlags&unix.IFF_LOOPBACK == 0 && !device.IsOurs(link) {
			names[attributes.Index] = attributes.Name
		}
	}
	return names, nil
}

// address is an address on an interface.
type address struct {
	link   int
	prefix netip.Prefix
}

// addresses gives the lasting global addresses of the links. Temporary ones come and go all day without any change of
// network (RFC 8981).
func (p *painter) addresses(names map[int]string) ([]address, error) {
	list, err := p.links.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	var addresses []address
	for _, entry := range list {
		addr, ok := netip.AddrFromSlice(entry.IP)
		const passing = unix.IFA_F_TENTATIVE | unix.IFA_F_DEPRECATED | unix.IFA_F_DADFAILED
		temporary := entry.Flags&unix.IFA_F_TEMPORARY != 0 && addr.Unmap().Is6()
		if !ok || names[entry.LinkIndex] == "" || entry.Flags&passing != 0 || temporary || addr.IsLinkLocalUnicast() {
			continue
		}
		ones, _ := entry.Mask.Size()
		addresses = append(addresses, address{entry.LinkIndex, netip.PrefixFrom(addr.Unmap(), ones)})
	}
	return addresses, nil
}

// draw puts into words where packets to the outside go: the default routes and the addresses of their interfaces, or, where
// there is no default route, all addresses.
func draw(names map[int]string, addresses []address, routes []rtnetlink.Route) picture {
	var lines []string
	through := make(map[int]bool)
	for _, route := range routes {
		if route.Prefix.Bits() == 0 && route.Protocol != rtnetlink.Protocol && route.Type == rtnetlink.Unicast && names[route.Link] != "" {
			through[route.Link] = true
			lines = append(lines, fmt.Sprintf("default %s via %s dev %s metric %d", route.Prefix, route.Gateway, names[route.Link], route.Metric))
		}
	}
	reachable := false
	for _, entry := range addresses {
		if len(through) == 0 || through[entry.link] {
			reachable = true
			lines = append(lines, fmt.Sprintf("address %s dev %s", entry.prefix, names[entry.link]))
		}
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return picture{text: strings.Join(lines, "\n"), lost: !reachable}
}
