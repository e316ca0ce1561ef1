package reliable

import (
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// MaxAcksWithMessage is how many acknowledgements travel on a message packet (OpenVPN ssl.c, CONTROL_SEND_ACK_MAX). Some
// servers drop packets with more.
const MaxAcksWithMessage = 4

// maxPending bounds what waits to be acknowledged; the peer repeats what is not.
const maxPending = 2 * ReceiveWindow

// Acks collects the acknowledgements that are owed to the peer and remembers the latest ones given, so that they can
// be repeated: a lost acknowledgement then rarely costs a retransmission (OpenVPN reliable.c, copy_acks_to_mru).
type Acks struct {
	pending []uint32
	recent  []uint32 // latest first, at most packet.MaxAcks
}

// Add owes an acknowledgement.
func (a *Acks) Add(id uint32) {
	if len(a.pending) < maxPending && !slices.Contains(a.pending, id) {
		a.pending = append(a.pending, id)
	}
}

// Pending is how many acknowledgements are owed.
func (a *Acks) Pending() int { return len(a.pending) }

// Take appends to ids the acknowledgements for one packet, at most max: those owed, oldest first, then, if repeat is
// set, the latest already given.
func (a *Acks) Take(ids []uint32, max int, repeat bool) []uint32 {
	count := min(len(a.pending), max)
	for i := count - 1; i >= 0; i-- {
		a.remember(a.pending[i])
	}
	a.pending = a.pending[:copy(a.pending, a.pending[count:])]
	if repeat {
		count = min(len(a.recent), max)
	}
	return append(ids, a.recent[:count]...)
}

func (a *Acks) remember(id uint32) {
	at := slices.Index(a.recent, id)
	if at < 0 {
		if len(a.recent) < packet.MaxAcks {
			a.recent = append(a.recent, 0)
		}
		at = len(a.recent) - 1
	}
	copy(a.recent[1:at+1], a.recent[:at])
	a.recent[0] = id
}
