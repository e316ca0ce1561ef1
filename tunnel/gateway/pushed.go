package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// commonOptions are the options that every client gets.
func (c *Config) commonOptions() []string {
	var options []string
	for _, route := range c.Routes {
		options = append(options, routeOption(route))
	}
	for _, server := range c.DNS {
		options = append(options, "dhcp-option DNS "+server.String())
	}
	for _, domain := range c.Domains {
		options = append(options, "dhcp-option DOMAIN-SEARCH "+domain)
	}
	options = append(options, c.Push...)
	if c.Ping > 0 {
		options = append(options, fmt.Sprintf("ping %d", seconds(c.Ping)))
	}
	if c.PingTimeout > 0 {
		options = append(options, fmt.Sprintf("ping-restart %d", seconds(c.PingTimeout)))
	}
	switch c.Compression {
	case push.CompLZO:
		options = append(options, "comp-lzo no")
	case push.Stub:
		options = append(options, "compress")
	case push.StubV2:
		options = append(options, "compress stub-v2")
	}
	if c.TunMTU != 0 {
		options = append(options, fmt.Sprintf("tun-mtu %d", c.TunMTU))
	}
	return options
}

// seconds rounds up: an option of zero would switch the thing off.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func routeOption(route netip.Prefix) string {
	route = route.Masked()
	if route.Addr().Is6() {
		return "route-ipv6 " + route.String()
	}
	return "route " + route.Addr().String() + " " + netmask(route)
}

func netmask(prefix netip.Prefix) string {
	return net.IP(net.CIDRMask(prefix.Bits(), 32)).String()
}

// terms is what was negotiated with one client.
type terms struct {
	protocol    keymethod.Protocol // what the client announced
	cipher      string
	pushCipher  bool   // the client takes a pushed cipher
	peerID      uint32 // packet.NoPeer: data without peer id
	exportKeys  bool   // data keys by TLS exporter
	dynamicWrap bool   // renegotiation under dynamic tls-crypt
}

// pushUnasked reports whether the client reads a configuration that it did not ask for.
func (t *terms) pushUnasked() bool { return t.protocol&keymethod.RequestPush != 0 }

// protocolFlags says how keys are derived and what else both sides can do. A client that does not know protocol-flags
// has an option of its own for the keys (OpenVPN push.c, prepare_push_reply).
func (t *terms) protocolFlags() (option string, found bool) {
	if t.protocol&keymethod.CCExitNotify == 0 {
		return "key-derivation tls-ekm", t.exportKeys
	}
	flags := []string{"protocol-flags", "cc-exit"}
	if t.exportKeys {
		flags = append(flags, "tls-ekm")
	}
	if t.dynamicWrap {
		flags = append(flags, "dyn-tls-crypt")
	}
	return strings.Join(flags, " "), true
}

// clientOptions are the options that are one client's own.
func clientOptions(p *pool, l lease, t *terms, d *Decision) []string {
	var options []string
	if l.ipv4.IsValid() {
		options = append(options, "topology subnet", "route-gateway "+p.gateway4().String(),
			"ifconfig "+l.ipv4.String()+" "+netmask(p.ipv4))
	}
	if l.ipv6.IsValid() {
		options = append(options, fmt.Sprintf("ifconfig-ipv6 %v/%d %v", l.ipv6, p.ipv6.Bits(), p.gateway6()))
	}
	options = append(options, d.Options...)
	options = append(options, tokenOptions(d)...)
	if t.peerID != packet.NoPeer {
		options = append(options, fmt.Sprintf("peer-id %d", t.peerID))
	}
	if t.pushCipher {
		options = append(options, "cipher "+t.cipher)
	}
	if flags, found := t.protocolFlags(); found {
		options = append(options, flags)
	}
	return options
}

func tokenOptions(d *Decision) []string {
	if d.Token == "" {
		return nil
	}
	options := []string{"auth-token " + string(d.Token)}
	if d.TokenUser != "" {
		options = append(options, "auth-token-user "+d.TokenUser)
	}
	return options
}
