package transport

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// errAssociationEnded says that the proxy closed the connection that a UDP association lives by.
var errAssociationEnded = errors.New("the proxy ended the UDP association")

// association carries datagrams through a SOCKS5 proxy, each behind a header that names the gateway: 10 bytes for an
// IPv4 address (RFC 1928 section 7). It lasts as long as the connection on which it was asked for.
type association struct {
	*datagramConn
	control net.Conn
	header  []byte
	packets [][]byte

	mu      sync.Mutex // guards wrapped
	wrapped packet.Batch

	ending sync.Mutex // guards ended
	ended  error
}

func newAssociation(control net.Conn, socket *datagramConn, destination []byte, logger *slog.Logger) *association {
	a := &association{datagramConn: socket, control: control, header: append([]byte{0, 0, 0}, destination...)}
	if tcp, ok := control.(*net.TCPConn); ok {
		tuneTCP(tcp)
	}
	go a.watch(logger)
	return a
}

// watch ends the association when its control connection does. Close ends the watch.
func (a *association) watch(logger *slog.Logger) {
	_, err := io.Copy(io.Discard, a.control)
	if errors.Is(err, net.ErrClosed) {
		return
	}
	if err == nil {
		err = io.EOF
	}
	logger.Debug("UDP association ended", "error", err)
	a.ending.Lock()
	a.ended = fmt.Errorf("%w: %w", errAssociationEnded, err)
	a.ending.Unlock()
	a.datagramConn.Close()
}

// ReadPackets implements Conn.
func (a *association) ReadPackets() ([][]byte, error) {
	for {
		datagrams, err := a.datagramConn.ReadPackets()
		if err != nil {
			return nil, a.reason(err)
		}
		a.packets = a.packets[:0]
		for _, datagram := range datagrams {
			if payload, err := cutSOCKSHeader(datagram); err == nil && len(payload) > 0 {
				a.packets = append(a.packets, payload)
			}
		}
		if len(a.packets) > 0 {
			return a.packets, nil
		}
	}
}

// WritePackets implements Conn.
func (a *association) WritePackets(b *packet.Batch) error {
	if b.Stream {
		return errFraming
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrapped.Reset()
	start := 0
	for _, end := range b.Ends {
		a.wrapped.Buffer = append(a.wrapped.Buffer, a.header...)
		a.wrapped.Buffer = append(a.wrapped.Buffer, b.Buffer[start:end]...)
		a.wrapped.Ends = append(a.wrapped.Ends, len(a.wrapped.Buffer))
		start = end
	}
	return a.reason(a.datagramConn.WritePackets(&a.wrapped))
}

// reason replaces the error of a socket that was closed because the association ended.
func (a *association) reason(err error) error {
	if err == nil || !errors.Is(err, net.ErrClosed) {
		return err
	}
	a.ending.Lock()
	defer a.ending.Unlock()
	if a.ended != nil {
		return a.ended
	}
	return err
}

// Remote implements Conn: the proxy's address, which is where the control connection goes.
func (a *association) Remote() netip.AddrPort { return a.datagramConn.Remote() }

// Close implements Conn.
func (a *association) Close() error {
	return errors.Join(a.control.Close(), a.datagramConn.Close())
}

// cutSOCKSHeader returns what is behind the header of a datagram from the proxy. Fragments are refused, as RFC 1928 allows.
func cutSOCKSHeader(datagram []byte) ([]byte, error) {
	if len(datagram) < 4 || datagram[2] != 0 {
		return nil, errSOCKSAddress
	}
	size := 0
	switch datagram[3] {
	case socksIPv4:
		size = 4 + 4 + 2
	case socksIPv6:
		size = 4 + 16 + 2
	case socksName:
		if len(datagram) < 5 {
			return nil, errSOCKSAddress
		}
		size = 4 + 1 + int(datagram[4]) + 2
	default:
		return nil, errSOCKSAddress
	}
	if len(datagram) < size {
		return nil, errSOCKSAddress
	}
	return datagram[size:], nil
}
