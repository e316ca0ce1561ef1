package tunnel

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func routes(texts ...string) (out []push.Route) {
	for _, prefix := range prefixes(texts...) {
		out = append(out, push.Route{Prefix: prefix})
	}
	return out
}

func addresses(texts ...string) (out []netip.Addr) {
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

func TestHostConfig(t *testing.T) {
	inside := push.Ifconfig{Address: netip.MustParseAddr("172.16.0.2"), Prefix: netip.MustParsePrefix("172.16.0.2/24")}
	gateway := addresses("203.0.113.1")
	tests := []struct {
		name     string
		profile  profiles.Profile
		pushed   push.Options
		want     host.Config
		warnings string // what the warnings contain
	}{
		{"only what the gateway pushed",
			profiles.Profile{},
			push.Options{Topology: push.Subnet, Ifconfig: inside, Routes: routes("10.10.0.0/16", "10.101.0.0/16", "10.10.0.0/16")},
			host.Config{MTU: 1500, Addresses: prefixes("172.16.0.2/24"), Routes: prefixes("10.10.0.0/16", "10.101.0.0/16"), Gateways: gateway}, ""},
		{"the profile adds and excludes",
			profiles.Profile{IncludeRoutes: prefixes("192.168.7.9/24"), ExcludeRoutes: prefixes("10.10.9.0/24")},
			push.Options{Topology: push.Subnet, Ifconfig: inside, Routes: append(routes("10.10.0.0/16"), push.Route{Prefix: netip.MustParsePrefix("10.9.0.0/16"), Via: push.ViaNet})},
			host.Config{MTU: 1500, Addresses: prefixes("172.16.0.2/24"), Routes: prefixes("10.10.0.0/16", "192.168.7.0/24"),
				ExcludedRoutes: prefixes("10.9.0.0/16", "10.10.9.0/24"), Gateways: gateway}, ""},
		{"net30 has a route to the other end",
			profiles.Profile{},
			push.Options{Topology: push.Net30, Ifconfig: push.Ifconfig{Prefix: netip.MustParsePrefix("10.8.0.6/32"), Peer: netip.MustParseAddr("10.8.0.5")}},
			host.Config{MTU: 1500, Addresses: prefixes("10.8.0.6/32"), Routes: prefixes("10.8.0.5/32"), Gateways: gateway}, ""},
		{"everything, both families",
			profiles.Profile{},
			push.Options{Topology: push.Subnet, Ifconfig: inside, RedirectGateway: &push.RedirectGateway{Def1: true, IPv6: true}, TunMTU: 1400},
			host.Config{MTU: 1400, Addresses: prefixes("172.16.0.2/24"), Routes: prefixes("0.0.0.0/0", "::/0"), Gateways: gateway}, ""},
		{"redirect-private redirects nothing",
			profiles.Profile{},
			push.Options{Topology: push.Subnet, Ifconfig: inside, RedirectGateway: &push.RedirectGateway{Private: true}},
			host.Config{MTU: 1500, Addresses: prefixes("172.16.0.2/24"), Gateways: gateway}, ""},
		{"the gateway's own address stays outside",
			profiles.Profile{},
			push.Options{Topology: push.Subnet, Ifconfig: inside, Routes: routes("203.0.113.1/32", "10.0.0.0/8")},
			host.Config{MTU: 1500, Addresses: prefixes("172.16.0.2/24"), Routes: prefixes("10.0.0.0/8"), Gateways: gateway}, "203.0.113.1/32"},
		{"pushed DNS for all names",
			profiles.Profile{},
			push.Options{DHCP: push.DHCP{DNS: addresses("10.10.0.4"), Domain: "Corp.Example"}, BlockOutsideDNS: true},
			host.Config{MTU: 1500, Gateways: gateway, DNS: host.DNS{Servers: addresses("10.10.0.4"), Search: []string{"corp.example"}, AllNames: true, BlockOthers: true}}, ""},
		{"the profile's suffixes split, its servers win",
			profiles.Profile{DNS: profiles.DNS{Servers: addresses("10.10.0.5"), Suffixes: []string{".vnet.example"}}},
			push.Options{DHCP: push.DHCP{DNS: addresses("10.10.0.4")}},
			host.Config{MTU: 1500, Gateways: gateway, DNS: host.DNS{Servers: addresses("10.10.0.5"), Search: []string{"vnet.example"}, Match: []string{"vnet.example"}}}, ""},
		{"suffixes without a server are said and not used",
			profiles.Profile{DNS: profiles.DNS{Suffixes: []string{"vnet.example"}}},
			push.Options{},
			host.Config{MTU: 1500, Gateways: gateway}, "neither it nor the gateway names a DNS server"},
		{"the newer dns option goes before dhcp-option",
			profiles.Profile{},
			push.Options{DHCP: push.DHCP{DNS: addresses("10.10.0.4")}, DNS: push.DNS{SearchDomains: []string{"a.example"},
				Servers: []push.DNSServer{{Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.10.0.9:53")}, ResolveDomains: []string{"b.example"}}}}},
			host.Config{MTU: 1500, Gateways: gateway, DNS: host.DNS{Servers: addresses("10.10.0.9"), Search: []string{"a.example"}, Match: []string{"b.example"}}}, ""},
		{"the profile's search domains complete names and limit nothing",
			profiles.Profile{DNS: profiles.DNS{SearchDomains: []string{"corp.example"}, BlockOutside: true}},
			push.Options{DHCP: push.DHCP{DNS: addresses("10.10.0.4")}},
			host.Config{MTU: 1500, Gateways: gateway, DNS: host.DNS{Servers: addresses("10.10.0.4"), Search: []string{"corp.example"}, AllNames: true, BlockOthers: true}}, ""},
		{"an MTU too small for IPv6",
			profiles.Profile{OpenVPN: profiles.OpenVPN{TunMTU: 1000}},
			push.Options{IfconfigIPv6: push.IfconfigIPv6{Prefix: netip.MustParsePrefix("fd00::2/64")}},
			host.Config{MTU: 1280, Addresses: prefixes("fd00::2/64"), Gateways: gateway}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, warnings := hostConfig(&test.profile, &test.pushed, gateway)
			if diff := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if all := strings.Join(warnings, " "); !strings.Contains(all, test.warnings) || (test.warnings == "") != (all == "") {
				t.Errorf("warnings %q, want %q", all, test.warnings)
			}
		})
	}
}
