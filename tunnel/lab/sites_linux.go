package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/site"
)

// Site is what can be visited in one of the lab's networks: a page and the name server that knows it.
type Site struct {
	Host     string     // the page's name
	Address  netip.Addr // and address, port 80
	Resolver netip.Addr
	Routes   []netip.Prefix // of the network behind the gateway; none: outside
	Page     *site.Page
	Names    *site.Names
}

// makeSites puts pages and name servers into the networks. The name server of the virtual network asks those of the others, as an
// Azure DNS resolver with forwarding rules does.
func (l *Lab) makeSites(ctx context.Context) error {
	l.Host = azurezip.HostName(vnetID, gatewayDigit)
	for _, s := range []struct {
		where   network
		records map[string][]netip.Addr
		forward map[string]site.Forwarder
		made    **Site
	}{
		{outside(), l.publicNames(), nil, &l.Outside},
		{onPremises(), nil, nil, &l.OnPremises},
		{vnet(), nil, map[string]site.Forwarder{onPremises().zone: l.ask(onPremises().resolver), ".": l.ask(outsideResolver())}, &l.VNet},
	} {
		made, err := l.makeSite(ctx, s.where, s.records, s.forward)
		if err != nil {
			return fmt.Errorf("make %s: %w", s.where.host, err)
		}
		*s.made = made
	}
	return nil
}

// publicNames are the names that everybody can look up, besides the page's.
func (l *Lab) publicNames() map[string][]netip.Addr {
	names := map[string][]netip.Addr{l.Host: {gatewayAddress().ipv4.Addr()}}
	if l.options.Azure {
		names[azureHost] = []netip.Addr{azureAddress().Addr()}
	}
	if l.options.has(azurezip.Entra) || l.options.Azure {
		names[l.options.EntraHost] = []netip.Addr{entraAddress().Addr()}
	}
	return names
}

// ask dials a name server from the gateway's computer.
func (l *Lab) ask(resolver netip.Addr) site.Forwarder {
	return func(ctx context.Context) (net.Conn, error) {
		return l.Gateway.Dial(ctx, "udp", netip.AddrPortFrom(resolver, 53).String())
	}
}

func (l *Lab) makeSite(ctx context.Context, where network, records map[string][]netip.Addr, forward map[string]site.Forwarder) (*Site, error) {
	if err := l.giveAddress(l.Gateway, "lo", where.server); err != nil {
		return nil, err
	}
	if err := l.Gateway.AddAddress("lo", netip.PrefixFrom(where.resolver, where.resolver.BitLen())); err != nil {
		return nil, err
	}
	all := map[string][]netip.Addr{where.host: {where.server.ipv4.Addr()}}
	if l.ipv6 {
		all[where.host] = append(all[where.host], where.server.ipv6.Addr())
	}
	for name, addresses := range records {
		all[name] = addresses
	}
	made := &Site{Host: where.host, Address: where.server.ipv4.Addr(), Resolver: where.resolver}
	for _, route := range []netip.Prefix{where.ipv4, where.ipv6} {
		if route.IsValid() && (route.Addr().Is4() || l.ipv6) {
			made.Routes = append(made.Routes, route)
		}
	}
	if err := l.openPage(ctx, made, where); err != nil {
		return nil, err
	}
	return made, l.openNames(ctx, made, site.NamesOptions{Records: all, Zones: []string{where.zone}, Forward: forward})
}

func (l *Lab) openPage(ctx context.Context, made *Site, where network) error {
	listener, err := l.Gateway.Listen(ctx, "tcp", netip.AddrPortFrom(where.server.ipv4.Addr(), 80).String())
	if err != nil {
		return err
	}
	listeners := []net.Listener{listener}
	if l.ipv6 {
		listener, err := l.Gateway.Listen(ctx, "tcp", netip.AddrPortFrom(where.server.ipv6.Addr(), 80).String())
		if err != nil {
			return errors.Join(err, listeners[0].Close())
		}
		listeners = append(listeners, listener)
	}
	made.Page = site.NewPage(where.title, listeners...)
	l.later(made.Page.Close)
	return nil
}

func (l *Lab) openNames(ctx context.Context, made *Site, options site.NamesOptions) error {
	endpoint := netip.AddrPortFrom(made.Resolver, 53).String()
	packets, err := l.Gateway.ListenPacket(ctx, "udp", endpoint)
	if err != nil {
		return err
	}
	streams, err := l.Gateway.Listen(ctx, "tcp", endpoint)
	if err != nil {
		return errors.Join(err, packets.Close())
	}
	options.Packets, options.Streams = packets, streams
	made.Names = site.NewNames(options)
	l.later(made.Names.Close)
	return nil
}

// routes are what the gateway pushes.
func (l *Lab) routes() []netip.Prefix {
	return append(append([]netip.Prefix(nil), l.VNet.Routes...), l.OnPremises.Routes...)
}

// suffixes are the names that the virtual network's name server knows and the outside does not.
func suffixes() []string { return []string{vnet().zone, onPremises().zone} }
