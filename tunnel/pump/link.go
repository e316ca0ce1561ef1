// Package pump moves packets between a tunnel's device, its data channel and the network, in batches: one goroutine each way.
package pump

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Link is one session as the pumps see it.
type Link struct {
	Conn transport.Conn
	Data *datachannel.Channel
	MSS  mssfix.Limit // in both directions
	// Gateway is the outer address; packets to it never enter the tunnel that they carry (OpenVPN forward.c, drop_if_recursive_routing).
	Gateway netip.AddrPort
	// BlockIPv6 drops IPv6 packets instead of sending them (block-ipv6).
	BlockIPv6 bool
}

// wants reports whether a packet from the device is to be sent.
func (l *Link) wants(packet []byte) bool {
	if len(packet) < 20 {
		return false
	}
	switch packet[0] >> 4 {
	case 4:
		destination := netip.AddrFrom4([4]byte(packet[16:20]))
		return destination != l.Gateway.Addr() || !l.isOuter(packet, int(packet[0]&0x0f)*4, packet[9])
	case 6:
		if len(packet) < 40 || l.BlockIPv6 {
			return false
		}
		destination := netip.AddrFrom16([16]byte(packet[24:40]))
		return destination != l.Gateway.Addr() || !l.isOuter(packet, 40, packet[6])
	default:
		return false
	}
}

// Protocol numbers (IANA).
const (
	protocolTCP = 6
	protocolUDP = 17
)

// isOuter reports whether a packet to the gateway's address is one of the tunnel's own.
func (l *Link) isOuter(packet []byte, header int, protocol byte) bool {
	if len(packet) < header+4 {
		return false
	}
	port := uint16(packet[header+2])<<8 | uint16(packet[header+3])
	own := byte(protocolUDP)
	if l.Conn.Stream() {
		own = protocolTCP
	}
	return protocol == own && port == l.Gateway.Port()
}
