package transport

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

const (
	// socketBuffer is the wanted size of a UDP socket's buffers in bytes: datagrams that arrive while
	// a batch is being decrypted wait there, or are lost.
	socketBuffer = 7 << 20

	// maxDatagram is the largest UDP payload in bytes.
	maxDatagram = 65535 - 8
)

// datagramConn sends each packet in a datagram of its own over a connected UDP socket.
type datagramConn struct {
	socket  *net.UDPConn
	local   netip.AddrPort
	remote  netip.AddrPort
	reader  *datagramReader
	writer  *datagramWriter
	read    []Datagram
	packets [][]byte
}

// newDatagramConn takes over a connected socket.
func newDatagramConn(socket *net.UDPConn) (*datagramConn, error) {
	reader, writer, err := datagramIO(socket, true)
	if err != nil {
		return nil, fmt.Errorf("prepare UDP socket: %w", err)
	}
	return &datagramConn{socket: socket, local: addrPort(socket.LocalAddr()), remote: addrPort(socket.RemoteAddr()),
		reader: reader, writer: writer}, nil
}

// datagramIO prepares a socket for batches.
func datagramIO(socket *net.UDPConn, connected bool) (*datagramReader, *datagramWriter, error) {
	// Larger than the system allows is cut by it, and no error.
	socket.SetReadBuffer(socketBuffer)
	socket.SetWriteBuffer(socketBuffer)
	reader, err := newDatagramReader(socket, connected)
	if err != nil {
		return nil, nil, err
	}
	writer, err := newDatagramWriter(socket, connected)
	if err != nil {
		return nil, nil, err
	}
	return reader, writer, nil
}

// ReadPackets implements Conn.
func (c *datagramConn) ReadPackets() ([][]byte, error) {
	for {
		read, err := c.reader.read(c.read[:0])
		c.read = read
		if err != nil {
			return nil, datagramError("read from "+c.remote.String(), err)
		}
		c.packets = c.packets[:0]
		for i := range read {
			c.packets = append(c.packets, read[i].Packet)
		}
		if len(c.packets) > 0 {
			return c.packets, nil
		}
	}
}

// WritePackets implements Conn.
func (c *datagramConn) WritePackets(b *packet.Batch) error {
	if b.Stream {
		return errFraming
	}
	if err := c.writer.write(b, netip.AddrPort{}); err != nil {
		return datagramError("write to "+c.remote.String(), err)
	}
	return nil
}

// datagramError marks the errors after which a socket works on.
func datagramError(verb string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", verb, err)
	if isErrno(err, transientErrnos) {
		return &TransientError{Err: err}
	}
	return err
}

// Stream implements Conn.
func (c *datagramConn) Stream() bool { return false }

// Local implements Conn.
func (c *datagramConn) Local() netip.AddrPort { return c.local }

// Remote implements Conn.
func (c *datagramConn) Remote() netip.AddrPort { return c.remote }

// Close implements Conn.
func (c *datagramConn) Close() error { return c.socket.Close() }
