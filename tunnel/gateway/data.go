package gateway

import (
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// dataChannel is one client's data channel as the gateway uses it.
type dataChannel struct {
	*datachannel.Channel
	config  *Config
	stream  bool
	faults  func() *faultState
	started time.Time
}

func newDataChannel(config *Config, stream bool, faults func() *faultState) *dataChannel {
	return &dataChannel{Channel: datachannel.New(stream), config: config, stream: stream, faults: faults, started: time.Now()}
}

// install implements dataKeys.
func (d *dataChannel) install(keyID uint8, keys *keymethod.Keys, t *terms) error {
	made, err := datachannel.NewKeys(datachannel.Parameters{
		Cipher:      t.cipher,
		Digest:      d.config.Digest,
		KeyID:       keyID,
		PeerID:      t.peerID,
		Send:        keys.ServerToClient,
		Receive:     keys.ClientToServer,
		Compression: datachannel.Compression(d.config.Compression),
	})
	if err != nil {
		return fmt.Errorf("install data channel keys: %w", err)
	}
	d.Install(made)
	return nil
}

// use implements dataKeys.
func (d *dataChannel) use(keyID uint8) { d.Use(keyID) }

// retire implements dataKeys.
func (d *dataChannel) retire(keyID uint8) { d.Retire(keyID) }

// seal implements sealer. Without a key, or with one that is used up, the packets are dropped.
func (d *dataChannel) seal(b *packet.Batch, packets [][]byte) {
	first := b.Len()
	if err := d.Seal(time.Now(), b, packets); err != nil {
		return
	}
	d.faults().corruptBatch(b, first)
}

// sealInBand appends a packet of the session itself.
func (d *dataChannel) sealInBand(b *packet.Batch, payload []byte) {
	_ = d.SealInBand(time.Now(), b, payload) // without a key there is no session to speak of
}

// open decrypts into the first buffers of a delivery, and says how many it filled and whether any packet was authentic.
func (d *dataChannel) open(frames [][]byte, into *delivery) (n int, authentic bool) {
	before := d.LastReceived()
	n = d.Open(time.Now(), frames, into.buffers, into.sizes, deviceOffset)
	return n, !d.LastReceived().Equal(before)
}

// lastSent and lastReceived are for the keepalive, which counts from the beginning where there was nothing yet.
func (d *dataChannel) lastSent() time.Time     { return later(d.LastSent(), d.started) }
func (d *dataChannel) lastReceived() time.Time { return later(d.LastReceived(), d.started) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *dataChannel) traffic() Traffic {
	c := d.Counters()
	return Traffic{BytesIn: c.BytesReceived, BytesOut: c.BytesSent, PacketsIn: c.PacketsReceived, PacketsOut: c.PacketsSent}
}
