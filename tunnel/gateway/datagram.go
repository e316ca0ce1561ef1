package gateway

import (
	"context"
	"net/netip"
	"sync"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// datagramServer finds out which of the clients of one UDP socket a packet is from: control packets by the client's session id,
// which they carry in the clear, and data packets by peer id or, without one, by address.
type datagramServer struct {
	server  *Server
	socket  *transport.PacketListener
	running sync.WaitGroup

	mu        sync.Mutex
	sessions  map[packet.SessionID]*client
	peers     map[uint32]*client
	addresses map[netip.AddrPort]*client // clients without peer id
}

// serveDatagrams serves UDP clients until ctx ends or the socket does.
func (s *Server) serveDatagrams(ctx context.Context, socket *transport.PacketListener) error {
	d := &datagramServer{server: s, socket: socket, sessions: make(map[packet.SessionID]*client),
		peers: make(map[uint32]*client), addresses: make(map[netip.AddrPort]*client)}
	defer d.running.Wait()
	frames := make([][]byte, 0, 256)
	for {
		datagrams, err := socket.ReadPackets()
		if transport.Transient(err) {
			continue
		}
		if err != nil {
			return err
		}
		if s.faults.Load().Silent {
			continue
		}
		for len(datagrams) > 0 {
			n := d.takeRun(ctx, datagrams, &frames)
			datagrams = datagrams[n:]
		}
	}
}

// takeRun handles the first datagrams that belong together, and says how many they are.
func (d *datagramServer) takeRun(ctx context.Context, datagrams []transport.Datagram, frames *[][]byte) int {
	first := datagrams[0]
	if !packet.IsData(first.Packet) {
		if packet.IsControl(first.Packet) && len(first.Packet) >= packet.HeaderSize() {
			d.takeControl(ctx, first)
		}
		return 1
	}
	_, peerID, _, err := packet.ParseDataHeader(first.Packet)
	if err != nil {
		return 1
	}
	run := append((*frames)[:0], first.Packet)
	for _, next := range datagrams[1:] {
		_, id, _, err := packet.ParseDataHeader(next.Packet)
		if err != nil || id != peerID || next.From != first.From {
			break
		}
		run = append(run, next.Packet)
	}
	*frames = run
	if client := d.findData(peerID, first.From); client != nil {
		client.openFrom(run, first.From)
	}
	return len(run)
}

func (d *datagramServer) findData(peerID uint32, from netip.AddrPort) *client {
	d.mu.Lock()
	defer d.mu.Unlock()
	if peerID == packet.NoPeer {
		return d.addresses[from]
	}
	return d.peers[peerID]
}

// takeControl hands a control packet to its session, or begins one.
func (d *datagramServer) takeControl(ctx context.Context, datagram transport.Datagram) {
	opcode, _ := packet.ParseFirstByte(datagram.Packet[0])
	id := packet.SessionID(datagram.Packet[1:packet.HeaderSize()])
	d.mu.Lock()
	client := d.sessions[id]
	d.mu.Unlock()
	switch {
	case client != nil:
		// Only data moves a session to another address: its packets cannot be replayed (OpenVPN ssl.c, tls_update_remote_addr).
		if client.link.remote() == datagram.From {
			client.deliver(datagram.Packet)
		}
	case opcode.IsHardReset() && ctx.Err() == nil:
		d.greet(ctx, id, datagram)
	}
}

// greet begins a session with a client's first packet.
func (d *datagramServer) greet(ctx context.Context, id packet.SessionID, datagram transport.Datagram) {
	link := newDatagramLink(d.socket, datagram.From)
	client, err := d.server.newClient(ctx, link, datagram.Packet)
	if err != nil {
		d.server.config.Logger.Info("datagram refused", "client", datagram.From.String(), "reason", err)
		return
	}
	d.mu.Lock()
	d.sessions[id] = client
	d.peers[client.session.peerID] = client
	d.mu.Unlock()
	client.onJoin = func() { d.joined(client) }
	d.running.Go(func() {
		client.run()
		d.remove(id, client)
	})
}

// joined gives an address to the session that signed in from there, and ends one of before: the client has begun anew.
func (d *datagramServer) joined(c *client) {
	from := c.link.remote()
	d.mu.Lock()
	before := d.addresses[from]
	d.addresses[from] = c
	d.mu.Unlock()
	if before != nil && before != c {
		before.cancel(errReplaced)
	}
}

func (d *datagramServer) remove(id packet.SessionID, c *client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, id)
	delete(d.peers, c.session.peerID)
	for address, client := range d.addresses {
		if client == c {
			delete(d.addresses, address)
		}
	}
}
