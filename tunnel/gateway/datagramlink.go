package gateway

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// datagramLink is the way to a UDP client over the socket that all share.
type datagramLink struct {
	socket  *transport.PacketListener
	address atomic.Pointer[netip.AddrPort] // changes when the client roams

	mu    sync.Mutex // one batch at a time, in the order of its packet ids
	batch packet.Batch
}

func newDatagramLink(socket *transport.PacketListener, address netip.AddrPort) *datagramLink {
	l := &datagramLink{socket: socket}
	l.address.Store(&address)
	return l
}

func (l *datagramLink) write(seal func(*packet.Batch)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batch.Reset()
	seal(&l.batch)
	l.send()
}

// send sends the batch. What the network does not take is lost, as datagrams may be.
func (l *datagramLink) send() {
	if l.batch.Len() > 0 {
		_ = l.socket.WriteTo(&l.batch, l.remote())
	}
}

func (l *datagramLink) writeControl(packets [][]byte) {
	l.write(func(b *packet.Batch) {
		for _, p := range packets {
			b.Append(p)
		}
	})
}

func (l *datagramLink) writePackets(sealer sealer, packets [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batch.Reset()
	sealer.seal(&l.batch, packets)
	l.send()
}

func (l *datagramLink) remote() netip.AddrPort { return *l.address.Load() }
func (l *datagramLink) stream() bool           { return false }
func (l *datagramLink) close()                 {}
func (l *datagramLink) abort()                 {}
