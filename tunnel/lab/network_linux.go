package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// makeNetwork makes the two computers and the cable between them. The gateway's computer also is the rest of the world: the laptop's
// default route leads there, so that what does not go through the tunnel arrives too, with the laptop's own address.
func (l *Lab) makeNetwork(context.Context) error {
	for name, namespace := range map[string]**netns.Namespace{"laptop": &l.Laptop, "gateway": &l.Gateway} {
		made, err := netns.New(name)
		if err != nil {
			return err
		}
		l.later(made.Close)
		*namespace = made
	}
	if err := netns.Connect(l.Laptop, cable, l.Gateway, cable); err != nil {
		return err
	}
	if err := l.giveAddress(l.Laptop, cable, laptopAddress()); err != nil {
		return err
	}
	if err := l.giveAddress(l.Gateway, cable, gatewayAddress()); err != nil {
		return err
	}
	if err := l.Laptop.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), gatewayAddress().ipv4.Addr(), cable); err != nil {
		return err
	}
	if l.ipv6 {
		if err := l.Laptop.AddRoute(netip.MustParsePrefix("::/0"), gatewayAddress().ipv6.Addr(), cable); err != nil {
			return err
		}
	}
	// Networks behind the gateway are reached through a tunnel only.
	behind := []netip.Prefix{vnet().ipv4, onPremises().ipv4}
	if l.ipv6 {
		behind = append(behind, vnet().ipv6, onPremises().ipv6)
	}
	if err := l.Gateway.Forbid(cable, behind...); err != nil {
		return err
	}
	return l.Laptop.IsolateFiles(map[string]string{
		"resolv.conf":   fmt.Sprintf("nameserver %s\n", outsideResolver()),
		"nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
		"hosts":         "127.0.0.1 localhost\n::1 localhost\n",
		"hostname":      "laptop\n",
		trustedRoots:    l.trusted(),
	})
}

// trustedRoots is where programs on Debian find the roots that they trust, below /etc.
const trustedRoots = "ssl/certs/ca-certificates.crt"

// trusted are the roots that the laptop trusts: this computer's, and the one that the lab's public servers have their certificates from.
func (l *Lab) trusted() string {
	roots, err := os.ReadFile("/etc/" + trustedRoots)
	if err != nil {
		roots = nil // this computer trusts nobody, or keeps that elsewhere
	}
	return string(roots) + string(l.Certificates.GatewayRoot.PEM())
}

func (l *Lab) giveAddress(namespace *netns.Namespace, link string, a address) error {
	if err := namespace.AddAddress(link, a.ipv4); err != nil {
		return err
	}
	if !l.ipv6 {
		return nil
	}
	return namespace.AddAddress(link, a.ipv6)
}
