package push

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// applyNetwork follows options about addresses and routes.
func (o *Options) applyNetwork(name string, arguments []string) error {
	if name == "redirect-gateway" || name == "redirect-private" {
		return o.applyRedirect(name, arguments)
	}
	if name == "block-ipv6" {
		o.BlockIPv6 = true
		return nil
	}
	if len(arguments) == 0 {
		return errors.New("it has no argument")
	}
	switch name {
	case "topology":
		switch topology := Topology(arguments[0]); topology {
		case Subnet, Net30, P2P:
			o.Topology = topology
			return nil
		}
		return fmt.Errorf("%q is not a topology", printable(arguments[0]))
	case "route-gateway":
		if arguments[0] == "dhcp" {
			o.RouteGatewayDHCP = true
			return nil
		}
		return setAddress(&o.RouteGateway, arguments[0])
	case "route-metric":
		return setNumber(&o.RouteMetric, arguments[0], 0, maxMetric)
	case "route":
		return o.applyRoute(arguments)
	case "route-ipv6":
		return o.applyRouteIPv6(arguments)
	default:
		return o.applyIfconfigIPv6(arguments)
	}
}

const maxMetric = 1<<31 - 1

// applyIfconfig follows ifconfig, whose second argument is a netmask in a subnet and the other end's address otherwise.
func (o *Options) applyIfconfig(arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("it needs two arguments")
	}
	var ifconfig Ifconfig
	if err := errors.Join(setAddress(&ifconfig.Address, arguments[0]), onlyIPv4(arguments[0]), onlyIPv4(arguments[1])); err != nil {
		return err
	}
	if err := unusable(ifconfig.Address); err != nil {
		return err
	}
	length, isMask := maskLength(arguments[1])
	switch {
	case o.Topology == Subnet || o.Topology == "" && isMask && length < 31:
		if !isMask {
			return fmt.Errorf("%q is not a netmask", printable(arguments[1]))
		}
		ifconfig.Prefix = netip.PrefixFrom(ifconfig.Address, length)
	default:
		if err := setAddress(&ifconfig.Peer, arguments[1]); err != nil {
			return err
		}
		if err := unusable(ifconfig.Peer); err != nil {
			return err
		}
		ifconfig.Prefix = netip.PrefixFrom(ifconfig.Address, 32)
	}
	o.Ifconfig = ifconfig
	return nil
}

func (o *Options) applyIfconfigIPv6(arguments []string) error {
	prefix, err := parsePrefixIPv6(arguments[0])
	if err != nil {
		return err
	}
	if err := unusable(prefix.Addr()); err != nil {
		return err
	}
	ifconfig := IfconfigIPv6{Prefix: prefix}
	if len(arguments) > 1 {
		if err := setAddress(&ifconfig.Peer, arguments[1]); err != nil {
			return err
		}
	}
	o.IfconfigIPv6 = ifconfig
	return nil
}

// applyRoute follows route network [netmask [gateway [metric]]].
func (o *Options) applyRoute(arguments []string) error {
	network, err := netip.ParseAddr(arguments[0])
	if err != nil || !network.Is4() {
		return fmt.Errorf("%q is not an IPv4 address; names are not looked up", printable(arguments[0]))
	}
	length := 32
	if len(arguments) > 1 && arguments[1] != "default" {
		var isMask bool
		if length, isMask = maskLength(arguments[1]); !isMask {
			return fmt.Errorf("%q is not a netmask", printable(arguments[1]))
		}
	}
	return o.addRoute(netip.PrefixFrom(network, length), arguments[min(2, len(arguments)):])
}

// applyRouteIPv6 follows route-ipv6 network/bits [gateway [metric]].
func (o *Options) applyRouteIPv6(arguments []string) error {
	prefix, err := parsePrefixIPv6(arguments[0])
	if err != nil {
		return err
	}
	return o.addRoute(prefix, arguments[1:])
}

// addRoute adds a route; arguments are its gateway and metric, both optional.
func (o *Options) addRoute(prefix netip.Prefix, arguments []string) error {
	route := Route{Prefix: prefix.Masked()}
	if err := captured(route.Prefix); err != nil {
		return err
	}
	if len(arguments) > 0 {
		switch arguments[0] {
		case "default", "vpn_gateway":
		case "net_gateway", "net_gateway_ipv6":
			route.Via = ViaNet
		default:
			route.Via = ViaAddress
			if err := setAddress(&route.Gateway, arguments[0]); err != nil {
				return err
			}
			if route.Gateway.Is4() != prefix.Addr().Is4() {
				return errors.New("network and gateway are not of one family")
			}
		}
	}
	if len(arguments) > 1 && arguments[1] != "default" {
		if err := setNumber(&route.Metric, arguments[1], 0, maxMetric); err != nil {
			return err
		}
	}
	o.Routes = append(o.Routes, route)
	return nil
}

func (o *Options) applyRedirect(name string, flags []string) error {
	redirect := o.RedirectGateway
	if redirect == nil {
		redirect = &RedirectGateway{Private: true}
	}
	redirect.Private = redirect.Private && name == "redirect-private"
	for _, flag := range flags {
		switch flag {
		case "local":
			redirect.Local = true
		case "autolocal":
			redirect.AutoLocal = true
		case "def1":
			redirect.Def1 = true
		case "bypass-dhcp":
			redirect.BypassDHCP = true
		case "bypass-dns":
			redirect.BypassDNS = true
		case "block-local":
			redirect.BlockLocal = true
		case "ipv6":
			redirect.IPv6 = true
		case "!ipv4":
			redirect.NoIPv4 = true
		default:
			return fmt.Errorf("%q is not a flag", printable(flag))
		}
	}
	o.RedirectGateway = redirect
	return nil
}

// captured refuses routes inside ranges that never leave this computer or its link. Ranges that merely contain them
// are harmless: more specific routes win.
func captured(prefix netip.Prefix) error {
	for _, special := range []struct {
		prefix netip.Prefix
		name   string
	}{
		{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
		{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
		{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
		{netip.MustParsePrefix("::1/128"), "loopback"},
		{netip.MustParsePrefix("fe80::/10"), "link-local"},
		{netip.MustParsePrefix("ff00::/8"), "multicast"},
	} {
		if special.prefix.Bits() <= prefix.Bits() && special.prefix.Contains(prefix.Addr()) {
			return fmt.Errorf("it would capture %s addresses", special.name)
		}
	}
	return nil
}

// unusable refuses addresses that no end of a tunnel, and no server inside, can have.
func unusable(address netip.Addr) error {
	if !address.IsValid() || address.IsUnspecified() || address.IsLoopback() || address.IsMulticast() {
		return fmt.Errorf("%v cannot be an address inside the tunnel", address)
	}
	return nil
}

func setAddress(to *netip.Addr, text string) error {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return fmt.Errorf("%q is not an IP address; names are not looked up", printable(text))
	}
	*to = address.Unmap()
	return nil
}

func onlyIPv4(text string) error {
	if strings.Contains(text, ":") {
		return fmt.Errorf("%q is not an IPv4 address", printable(text))
	}
	return nil
}

// maskLength is the number of leading ones of a netmask such as 255.255.255.0, if it is one.
func maskLength(text string) (int, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		return 0, false
	}
	b := address.As4()
	mask := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	length := bits.LeadingZeros32(^mask)
	return length, bits.TrailingZeros32(mask) == 32-length
}

func parsePrefixIPv6(text string) (netip.Prefix, error) {
	host, length, found := strings.Cut(text, "/")
	address, err := netip.ParseAddr(host)
	if err != nil || address.Zone() != "" || !address.Is6() || address.Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is not an IPv6 address", printable(text))
	}
	n := 128
	if found {
		if n, err = strconv.Atoi(length); err != nil || n < 0 || n > 128 {
			return netip.Prefix{}, fmt.Errorf("%q is not an IPv6 prefix", printable(text))
		}
	}
	return netip.PrefixFrom(address, n), nil
}
