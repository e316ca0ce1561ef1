//go:build !linux

package transport

import (
	"net"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// datagramReader receives one datagram a call: what package net offers everywhere.
type datagramReader struct {
	socket    *net.UDPConn
	connected bool
	buffer    []byte
}

func newDatagramReader(socket *net.UDPConn, connected bool) (*datagramReader, error) {
	return &datagramReader{socket: socket, connected: connected, buffer: make([]byte, maxDatagram)}, nil
}

// read waits for a datagram and appends it to into.
func (r *datagramReader) read(into []Datagram) ([]Datagram, error) {
	n, from, err := r.socket.ReadFromUDPAddrPort(r.buffer)
	if err != nil {
		return into, err
	}
	if n == 0 {
		return into, nil
	}
	datagram := Datagram{Packet: r.buffer[:n:n]}
	if !r.connected {
		datagram.From = unmap(from)
	}
	return append(into, datagram), nil
}

// datagramWriter sends one datagram a call.
type datagramWriter struct {
	socket    *net.UDPConn
	connected bool
	mapped    bool // an IPv6 socket, which wants IPv4 addresses mapped
}

func newDatagramWriter(socket *net.UDPConn, connected bool) (*datagramWriter, error) {
	local, _ := socket.LocalAddr().(*net.UDPAddr)
	return &datagramWriter{socket: socket, connected: connected, mapped: local != nil && local.IP.To4() == nil}, nil
}

// write sends every packet of a batch and returns the last error.
func (w *datagramWriter) write(b *packet.Batch, to netip.AddrPort) error {
	if w.mapped && to.Addr().Is4() {
		to = netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())
	}
	var lost error
	start := 0
	for _, end := range b.Ends {
		if err := w.send(b.Buffer[start:end], to); err != nil {
			if !isErrno(err, transientErrnos) {
				return err
			}
			lost = err
		}
		start = end
	}
	return lost
}

func (w *datagramWriter) send(packet []byte, to netip.AddrPort) error {
	if len(packet) == 0 {
		return nil
	}
	if w.connected {
		_, err := w.socket.Write(packet)
		return err
	}
	_, err := w.socket.WriteToUDPAddrPort(packet, to)
	return err
}
