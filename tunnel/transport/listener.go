package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Datagram is one packet and where it came from.
type Datagram struct {
	Packet []byte
	From   netip.AddrPort
}

// PacketListener is the server's side of UDP: one socket for all peers. One goroutine may read while others write.
type PacketListener struct {
	socket *net.UDPConn
	reader *datagramReader
	writer *datagramWriter
	read   []Datagram
}

// ListenPackets opens a UDP socket at an address such as "192.0.2.1:1194", "[::]:1194" or ":0" (all addresses, both
// families). control is called on the socket before it is bound; nil: nothing is.
func ListenPackets(ctx context.Context, address string, control func(network, address string, c syscall.RawConn) error) (*PacketListener, error) {
	config := net.ListenConfig{Control: control}
	conn, err := config.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for packets: %w", err)
	}
	socket := conn.(*net.UDPConn)
	reader, writer, err := datagramIO(socket, false)
	if err != nil {
		socket.Close()
		return nil, fmt.Errorf("prepare UDP socket: %w", err)
	}
	return &PacketListener{socket: socket, reader: reader, writer: writer}, nil
}

// ReadPackets waits until something has arrived and returns all of it. The packets are valid, and may be changed by the caller,
// until the next call. After an error for which Transient is true it can be called again.
func (l *PacketListener) ReadPackets() ([]Datagram, error) {
	for {
		read, err := l.reader.read(l.read[:0])
		l.read = read
		if err != nil {
			return nil, datagramError("read", err)
		}
		if len(read) > 0 {
			return read, nil
		}
	}
}

// WriteTo sends a batch of datagrams to one peer. It does not keep the batch. Datagrams after one that could not be sent are still
// sent; the error, for which Transient is true, is of the last that was not.
func (l *PacketListener) WriteTo(batch *packet.Batch, to netip.AddrPort) error {
	if batch.Stream {
		return errFraming
	}
	return datagramError("write", l.writer.write(batch, to))
}

// Local is the address that the socket is bound to.
func (l *PacketListener) Local() netip.AddrPort { return addrPort(l.socket.LocalAddr()) }

// Close closes the socket and makes pending calls return.
func (l *PacketListener) Close() error { return l.socket.Close() }
