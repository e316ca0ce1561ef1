// Package transport carries OpenVPN packets between this computer and a gateway: TCP or UDP, directly or through a proxy.
package transport

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Conn carries packets to and from one gateway, many at a time. One goroutine may read while others write.
//
// An error for which Transient is true (a datagram that could not be sent, an ICMP message that came back) leaves the
// Conn usable and is for the caller to weigh; after any other error it is of no more use.
type Conn interface {
	// ReadPackets waits until something has arrived and returns all of it: on a stream every whole packet, without
	// the length prefixes. The packets are valid, and may be changed by the caller, until the next call. It returns io.EOF when the
	// gateway closed the stream.
	ReadPackets() ([][]byte, error)
	// WritePackets sends a batch whose Stream is Stream(). It does not keep the batch. Datagrams after one that could
	// not be sent are still sent.
	WritePackets(*packet.Batch) error
	// Stream reports whether packets are framed with a length prefix (TCP).
	Stream() bool
	// Local and Remote are the outer addresses. Behind a proxy, Remote is the proxy.
	Local() netip.AddrPort
	Remote() netip.AddrPort
	// Close ends the connection and makes pending calls return.
	Close() error
}

// DefaultMaxPacket bounds a packet on a stream, in bytes, where Options say nothing. It holds any packet of a device with
// jumbo frames, and is less than the first two bytes of a text read as a length.
const DefaultMaxPacket = 16 << 10
