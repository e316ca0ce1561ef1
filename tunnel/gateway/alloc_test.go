package gateway

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// sink is a link that only keeps the last batch.
type sink struct{ batch packet.Batch }

func (s *sink) writeControl([][]byte)          {}
func (s *sink) write(seal func(*packet.Batch)) { s.batch.Reset(); seal(&s.batch) }
func (s *sink) writePackets(sealer sealer, packets [][]byte) {
	s.batch.Reset()
	sealer.seal(&s.batch, packets)
}
func (s *sink) remote() netip.AddrPort { return netip.AddrPort{} }
func (s *sink) stream() bool           { return false }
func (s *sink) close()                 {}
func (s *sink) abort()                 {}

// dataPath is a client that has signed in, without anything around it, and the other end of its data channel.
func dataPath(t *testing.T) (*client, *sink, *datachannel.Channel) {
	t.Helper()
	config, err := newConversation(t, nil).config.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{config: config, buffers: newDeliveries(nil)}
	server.SetFaults(Faults{})
	link := &sink{}
	c := &client{server: server, link: link, logger: config.Logger, data: newDataChannel(&server.config, false, server.faults.Load)}
	keys := &keymethod.Keys{}
	copy(keys.ClientToServer[:], "the client's")
	copy(keys.ServerToClient[:], "the server's")
	if err := c.data.install(0, keys, &terms{cipher: "AES-256-GCM", peerID: 5}); err != nil {
		t.Fatal(err)
	}
	c.data.use(0)
	c.inner.Store(&inner{ipv4: netip.MustParseAddr("10.99.0.2")})
	other := datachannel.New(false)
	made, err := datachannel.NewKeys(datachannel.Parameters{Cipher: "AES-256-GCM", PeerID: 5, Send: keys.ClientToServer, Receive: keys.ServerToClient})
	if err != nil {
		t.Fatal(err)
	}
	other.Install(made)
	other.Use(0)
	return c, link, other
}

func TestDataPathDoesNotAllocate(t *testing.T) {
	c, link, other := dataPath(t)
	packets := slices.Repeat([][]byte{packet4("10.1.0.1", "10.99.0.2", 1400)}, 64)
	send := func() {
		c.pending = append(c.pending, packets...)
		c.forward()
	}
	send()
	if allocations := testing.AllocsPerRun(100, send); allocations != 0 {
		t.Errorf("%v allocations for %d packets to a client", allocations, len(packets))
	}
	if link.batch.Len() != len(packets) {
		t.Fatalf("sealed %d packets", link.batch.Len())
	}
	var batch packet.Batch
	fromClient := slices.Repeat([][]byte{packet4("10.99.0.2", "10.1.0.1", 1400)}, 64)
	frames := make([][]byte, 0, 64)
	receive := func() {
		batch.Reset()
		if err := other.Seal(c.data.started, &batch, fromClient); err != nil {
			t.Fatal(err)
		}
		frames = frames[:0]
		start := 0
		for _, end := range batch.Ends {
			frames = append(frames, batch.Buffer[start:end])
			start = end
		}
		if !c.open(frames) {
			t.Fatal("nothing was authentic")
		}
	}
	receive()
	if allocations := testing.AllocsPerRun(100, receive); allocations != 0 {
		t.Errorf("%v allocations for %d packets from a client", allocations, len(fromClient))
	}
	if traffic := c.data.traffic(); traffic.PacketsIn != traffic.PacketsOut || traffic.PacketsIn < 6400 {
		t.Errorf("traffic %+v", traffic)
	}
}

func TestDataFaults(t *testing.T) {
	c, link, _ := dataPath(t)
	packets := slices.Repeat([][]byte{packet4("10.1.0.1", "10.99.0.2", 100)}, 4)
	c.server.SetFaults(Faults{DropData: true})
	c.pending = append(c.pending, packets...)
	c.forward()
	if link.batch.Len() != 0 || len(c.pending) != 0 {
		t.Errorf("%d packets were sent", link.batch.Len())
	}
	c.server.SetFaults(Faults{CorruptData: 2})
	c.pending = append(c.pending, packets...)
	c.forward()
	_, _, other := dataPath(t)
	into, sizes := packetBuffers(4), make([]int, 4)
	var frames [][]byte
	start := 0
	for _, end := range link.batch.Ends {
		frames = append(frames, link.batch.Buffer[start:end])
		start = end
	}
	if n := other.Open(c.data.started, frames, into, sizes, 0); len(frames) != 4 || n != 2 {
		t.Errorf("of %d packets %d are whole", len(frames), n)
	}
}
