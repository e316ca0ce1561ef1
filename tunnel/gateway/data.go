package gateway

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// dataChannel is one client's data channel.
type dataChannel struct{ started time.Time }

func newDataChannel(*Config, bool, func() *faultState) *dataChannel {
	return &dataChannel{started: time.Now()}
}

func (d *dataChannel) install(uint8, *keymethod.Keys, *terms) error { return nil }
func (d *dataChannel) use(uint8)                                    {}
func (d *dataChannel) retire(uint8)                                 {}
func (d *dataChannel) received(uint8) bool                          { return false }
func (d *dataChannel) seal(*packet.Batch, [][]byte)                 {}
func (d *dataChannel) sealPing(*packet.Batch)                       {}
func (d *dataChannel) open([][]byte, *delivery) (int, bool)         { return 0, false }
func (d *dataChannel) left() bool                                   { return false }
func (d *dataChannel) lastSent() time.Time                          { return time.Now() }
func (d *dataChannel) lastReceived() time.Time                      { return time.Now() }
func (d *dataChannel) traffic() Traffic                             { return Traffic{} }
