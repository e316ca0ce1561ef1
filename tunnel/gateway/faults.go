package gateway

import (
	"sync/atomic"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Faults is how the gateway misbehaves. The zero value is a gateway that behaves. To reset means a TCP reset; a UDP
// client, which cannot be reset, gets no more answers.
type Faults struct {
	Silent                bool // answer nothing
	ResetAfterReset       bool // reset when the client's first packet has arrived, as Azure does over a wrong tls-auth key
	StallTLS              bool // answer the client's reset, and then nothing
	ResetOnLongHello      bool // reset when the client's TLS hello needs more than one control packet
	ResetAfterKeyMaterial bool // reset when the client's key material has arrived
	RequireAzureHello     bool // reset unless options string and peer info are exactly the official Azure client's

	AuthDelay    time.Duration    // hold back the outcome of each login
	Refuse       *push.AuthFailed // refuse logins with this; nil: do not
	RefuseAfter  int              // logins to let pass before Refuse, counted since the faults were set
	WithholdPush bool             // never answer PUSH_REQUEST

	DropData bool // neither deliver nor send tunnelled packets
	NoPings  bool // send no pings

	CorruptControl int // flip a bit in every n-th control packet sent; 0: in none
	CorruptData    int // flip a bit in every n-th data packet sent; 0: in none
}

// faultState is the faults in force, and what was counted since they are.
type faultState struct {
	Faults
	logins  atomic.Int64
	control atomic.Int64
	data    atomic.Int64
}

// refusal is what to refuse a login with that would be accepted; nil: it is accepted.
func (f *faultState) refusal() *push.AuthFailed {
	if f.Refuse == nil || f.logins.Add(1) <= int64(f.RefuseAfter) {
		return nil
	}
	return f.Refuse
}

// corruptPackets flips a bit in the last byte of those control packets whose turn it is.
func (f *faultState) corruptPackets(packets [][]byte) {
	if f.CorruptControl <= 0 {
		return
	}
	for _, p := range packets {
		if f.control.Add(1)%int64(f.CorruptControl) == 0 {
			p[len(p)-1] ^= 1
		}
	}
}

// corruptBatch flips a bit in the last byte of those data packets whose turn it is, from the packet with number first.
func (f *faultState) corruptBatch(b *packet.Batch, first int) {
	if f.CorruptData <= 0 {
		return
	}
	for _, end := range b.Ends[first:] {
		if f.data.Add(1)%int64(f.CorruptData) == 0 {
			b.Buffer[end-1] ^= 1
		}
	}
}
