package diagnosis

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/tunnel/host/dns"
)

// azureServer answers inside a VNet only (what-is-ip-address-168-63-129-16, learn.microsoft.com).
var azureServer = netip.AddrFrom4([4]byte{168, 63, 129, 16})

// checkTunnelDNS asks the tunnel's name servers, and looks whether this computer asks them.
func checkTunnelDNS(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	p := f.plan
	switch {
	case p == nil:
		return one(DNSNotAsked)
	case len(p.nameServers) == 0 && !p.live:
		return one(DNSNotAsked)
	case len(p.nameServers) == 0:
		return one(DNSNone)
	case !slices.ContainsFunc(p.nameServers, func(a netip.Addr) bool { return a != azureServer }):
		return one(DNSAzureOnly)
	case !p.live:
		return one(DNSNotAsked)
	}
	var servers []netip.AddrPort
	for _, server := range p.nameServers {
		servers = append(servers, netip.AddrPortFrom(server, dnsPort))
	}
	answers := x.askEach(ctx, servers, x.testName(p))
	if !slices.ContainsFunc(answers, func(a serverAnswer) bool { return a.err == nil }) {
		return one(DNSUnreachable, describeAnswers(answers))
	}
	return judgeNameSetting(p, f.computer, describeAnswers(answers)), nil
}

// testName is a name that the tunnel's servers should know something of.
func (x *examination) testName(p *plan) string {
	if host, _, err := parseHost(x.Host); err == nil && host != "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return host
		}
	}
	if len(p.suffixes) > 0 {
		return p.suffixes[0]
	}
	return x.profile.Servers[0].Host
}

// judgeNameSetting says whether this computer asks the tunnel's servers, and who else wants to be asked.
func judgeNameSetting(p *plan, computer *Computer, answers string) []Check {
	if computer == nil {
		return []Check{say(DNSOK, answers)}
	}
	names := computer.Names
	if names.Manager != string(dns.Resolved) {
		switch {
		case !slices.ContainsFunc(names.Servers, func(s netip.AddrPort) bool { return slices.Contains(p.nameServers, s.Addr()) || s.Addr().IsLoopback() }):
			return []Check{say(DNSNotSet, "this computer asks "+list(names.Servers))}
		case len(p.suffixes) > 0 && names.Manager != "" && names.Manager != string(dns.NetworkManager):
			return []Check{say(DNSOK, answers), say(DNSNotSplit, names.Manager)}
		default:
			return []Check{say(DNSOK, answers)}
		}
	}
	ours := slices.IndexFunc(names.Links, func(l LinkNames) bool { return l.Device == p.device })
	if ours < 0 || len(names.Links[ours].Servers) == 0 {
		return []Check{say(DNSNotSet, "systemd-resolved has no name server for "+cmp.Or(p.device, "the tunnel"))}
	}
	checks := []Check{say(DNSOK, answers)}
	for i, link := range names.Links {
		if i != ours {
			if shared := sharedDomains(names.Links[ours], link); len(shared) > 0 {
				checks = append(checks, say(DNSOtherOwner, link.Device+" resolves "+strings.Join(shared, ", ")))
			}
		}
	}
	return checks
}

// sharedDomains are the domains that two links both want. That the network's own link gets what nobody wants is as it should be.
func sharedDomains(a, b LinkNames) []string {
	var shared []string
	for _, domain := range b.Domains {
		plain := strings.TrimPrefix(domain, "~")
		if slices.ContainsFunc(a.Domains, func(d string) bool { return strings.TrimPrefix(d, "~") == plain }) {
			shared = append(shared, cmp.Or(strings.Trim(plain, "."), "all names"))
		}
	}
	return shared
}
