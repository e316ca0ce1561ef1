package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// readSize is what one read of a stream may return, in bytes: as much as a fast peer has in flight, so that one system
// call brings dozens of packets.
const readSize = 128 << 10

// streamConn cuts a stream into packets (OpenVPN draft, "TCP framing").
type streamConn struct {
	conn      net.Conn
	local     netip.AddrPort
	remote    netip.AddrPort
	maxPacket int

	buffer     []byte
	start, end int // buffer[start:end] has arrived and was not returned yet
	packets    [][]byte
	moderation moderation
	raw        syscall.RawConn // to let bytes gather; nil: they do not
	holding    bool            // bytes gather: see readGathered
	reads      int             // up to handshakeReads
	spoken     bool            // a whole packet has arrived
	err        error           // to be returned when the packets before it were
}

// NewStreamConn makes a Conn of an open stream, such as one that a listener accepted. Closing the Conn closes the stream.
// On a TCP connection it sets the options that a tunnel wants.
func NewStreamConn(conn net.Conn) Conn {
	return newStreamConn(conn, DefaultMaxPacket, nil)
}

// newStreamConn makes a Conn of a stream of which early has been read already.
func newStreamConn(conn net.Conn, maxPacket int, early []byte) *streamConn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tuneTCP(tcp)
	}
	if maxPacket <= 0 {
		maxPacket = DefaultMaxPacket
	}
	c := &streamConn{conn: conn, local: addrPort(conn.LocalAddr()), remote: addrPort(conn.RemoteAddr()), maxPacket: maxPacket,
		buffer: make([]byte, max(readSize, len(early))), packets: make([][]byte, 0, 256)}
	if canGather {
		c.raw = rawConn(conn)
	}
	c.end = copy(c.buffer, early)
	c.quickly()
	return c
}

// ReadPackets implements Conn.
func (c *streamConn) ReadPackets() ([][]byte, error) {
	for {
		packets, err := c.split()
		if len(packets) > 0 {
			c.moderate(len(packets))
			return packets, nil
		}
		if err != nil {
			return nil, err
		}
		c.makeRoom()
		n, err := c.read(c.buffer[c.end:])
		c.end += n
		c.quickly()
		if err != nil {
			c.err = c.readError(err)
		}
	}
}

// moderate decides whether to let bytes gather before the next read.
func (c *streamConn) moderate(packets int) {
	if c.raw == nil {
		return
	}
	if gather := c.moderation.read(time.Now(), packets); gather && !c.holding {
		c.holding = holdWakeUps(c.raw, true)
	}
}

// read reads what gathered or, where nothing did, waits for more as usual.
func (c *streamConn) read(b []byte) (int, error) {
	if c.holding {
		if n := readGathered(c.raw, b); n > 0 {
			return n, nil
		}
		c.moderation.streak = 0
		c.holding = false
		holdWakeUps(c.raw, false) // fails on a closed socket only, which the read below says better
	}
	return c.conn.Read(b)
}

// handshakeReads is how many reads a handshake and its configuration take at most, roughly.
const handshakeReads = 64

// quickly acknowledges what arrives during the handshake at once. Gateways that leave Nagle's algorithm on hold the second half of a
// flight back until the first is acknowledged, which costs 40 ms each time with delayed acknowledgements.
func (c *streamConn) quickly() {
	if c.reads == handshakeReads {
		return
	}
	c.reads++
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		acknowledgeNow(tcp)
	}
}

// split takes the whole packets out of the buffer. An error that stands behind packets waits for the next call.
func (c *streamConn) split() ([][]byte, error) {
	pending := c.buffer[c.start:c.end]
	if !c.spoken {
		if err := recognise(pending, nil); err != nil {
			c.fail(err)
			return nil, c.err
		}
	}
	packets, rest, err := packet.Split(c.packets[:0], pending, c.maxPacket)
	c.packets = packets
	if err != nil {
		if !c.spoken && len(packets) == 0 {
			err = foreign(pending, err)
		} else {
			err = &ProtocolError{Err: err}
		}
		c.fail(err)
	} else {
		c.start = c.end - len(rest)
	}
	if len(packets) > 0 {
		c.spoken = true
		return packets, nil
	}
	return nil, c.err
}

// fail ends the connection: nothing that follows can be trusted.
func (c *streamConn) fail(err error) {
	c.err = err
	c.start, c.end = 0, 0
	c.conn.Close()
}

// makeRoom moves the beginning of an unfinished packet to the front.
func (c *streamConn) makeRoom() {
	if c.start == 0 {
		return
	}
	c.end = copy(c.buffer, c.buffer[c.start:c.end])
	c.start = 0
}

// readError says what the end of the stream means.
func (c *streamConn) readError(err error) error {
	pending := c.buffer[c.start:c.end]
	if !c.spoken && len(pending) > 0 {
		if found := recognise(pending, err); found != nil {
			return found
		}
	}
	if errors.Is(err, io.EOF) {
		if _, rest, splitErr := packet.Split(c.packets[:0], pending, c.maxPacket); splitErr == nil && len(rest) > 0 {
			return io.ErrUnexpectedEOF
		}
		return io.EOF
	}
	return fmt.Errorf("read from %v: %w", c.remote, err)
}

// WritePackets implements Conn with a single write.
func (c *streamConn) WritePackets(b *packet.Batch) error {
	if !b.Stream {
		return errFraming
	}
	if len(b.Buffer) == 0 {
		return nil
	}
	if _, err := c.conn.Write(b.Buffer); err != nil {
		return fmt.Errorf("write to %v: %w", c.remote, err)
	}
	return nil
}

// errFraming is a mistake of the caller: the packets of a batch are laid out for the other kind of transport.
var errFraming = errors.New("batch is framed for another transport")

// Stream implements Conn.
func (c *streamConn) Stream() bool { return true }

// Local implements Conn.
func (c *streamConn) Local() netip.AddrPort { return c.local }

// Remote implements Conn.
func (c *streamConn) Remote() netip.AddrPort { return c.remote }

// Close implements Conn.
func (c *streamConn) Close() error { return c.conn.Close() }

// addrPort is the address of a socket; the zero one where it has none of the Internet's.
func addrPort(address net.Addr) netip.AddrPort {
	var found netip.AddrPort
	switch address := address.(type) {
	case *net.TCPAddr:
		found = address.AddrPort()
	case *net.UDPAddr:
		found = address.AddrPort()
	}
	return unmap(found)
}

func unmap(address netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}
