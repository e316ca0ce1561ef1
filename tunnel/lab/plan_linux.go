package lab

import "net/netip"

// address is a computer's address in both families, with the length of its network.
type address struct{ ipv4, ipv6 netip.Prefix }

// network is one behind the gateway: what is routed to it, the web server and the name server in it.
type network struct {
	ipv4, ipv6 netip.Prefix
	server     address
	resolver   netip.Addr
	zone, host string // host is the web server's name
	title      string
}

// The lab's addresses and names. Those of the outside world are from the documentation ranges (RFC 5737, RFC 3849, RFC 2606).
const (
	cable        = "eth0" // the interface of either end
	gatewayPort  = 443    // Azure's, always
	vnetName     = "vnet-example"
	vnetID       = "3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001"
	gatewayDigit = 0x5c1d20aa7e01 // the end of the gateway's host name
	mtu          = 1500           // bytes
)

func laptopAddress() address { return parse("203.0.113.10/24", "2001:db8:113::10/64") }

func gatewayAddress() address { return parse("203.0.113.1/24", "2001:db8:113::1/64") }

// entraAddress is the identity provider's and azureAddress the resource manager's, outside; radiusAddress the RADIUS server's, in the virtual network.
func entraAddress() netip.AddrPort { return netip.MustParseAddrPort("198.51.100.44:443") }

func azureAddress() netip.AddrPort { return netip.MustParseAddrPort("198.51.100.45:443") }

func radiusAddress() netip.AddrPort { return netip.MustParseAddrPort("10.10.0.12:1812") }

func outsideResolver() netip.Addr { return netip.MustParseAddr("198.51.100.53") }

// pool is what clients get addresses from.
func pool() address { return parse("172.16.201.0/24", "fd00:172:201::/64") }

func vnet() network {
	return network{
		ipv4: netip.MustParsePrefix("10.10.0.0/16"), ipv6: netip.MustParsePrefix("fd00:10:10::/48"),
		server: parse("10.10.0.4/32", "fd00:10:10::4/128"), resolver: netip.MustParseAddr("10.10.0.53"),
		zone: "vnet.example", host: "app.vnet.example", title: "the application in the Azure virtual network",
	}
}

func onPremises() network {
	return network{
		ipv4: netip.MustParsePrefix("10.101.0.0/16"), ipv6: netip.MustParsePrefix("fd00:10:101::/48"),
		server: parse("10.101.0.4/32", "fd00:10:101::4/128"), resolver: netip.MustParseAddr("10.101.0.53"),
		zone: "corp.example", host: "intranet.corp.example", title: "the intranet on the organisation's premises",
	}
}

// outside has nothing to do with the gateway. Its addresses are reached through the laptop's own network.
func outside() network {
	return network{
		server: parse("198.51.100.80/32", "2001:db8:100::80/128"), resolver: outsideResolver(),
		zone: "outside.example", host: "www.outside.example", title: "an unrelated page on the internet",
	}
}

func parse(ipv4, ipv6 string) address {
	return address{netip.MustParsePrefix(ipv4), netip.MustParsePrefix(ipv6)}
}

// first is the first address of a pool, the gateway's own, with the length of the pool.
func (a address) first() address {
	return address{netip.PrefixFrom(a.ipv4.Masked().Addr().Next(), a.ipv4.Bits()), netip.PrefixFrom(a.ipv6.Masked().Addr().Next(), a.ipv6.Bits())}
}

// InPool reports whether an address is one that the lab's gateway gives to clients.
func InPool(a netip.Addr) bool { return pool().ipv4.Contains(a) || pool().ipv6.Contains(a) }
