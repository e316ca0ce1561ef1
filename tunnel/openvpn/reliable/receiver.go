package reliable

// ReceiveWindow is how far ahead of the next expected message one is kept (OpenVPN ssl_pkt.h, TLS_RELIABLE_N_REC_BUFFERS).
const ReceiveWindow = 12

// slots is a power of two, so that a slot stays a message's own when ids pass zero.
const slots = 16

// Receiver puts arriving messages in order.
type Receiver struct {
	next uint32
	held [slots]held // a message with id n is at n % slots
}

type held struct {
	message Message
	present bool
}

// NewReceiver makes a receiver that expects first as the first id.
func NewReceiver(first uint32) *Receiver { return &Receiver{next: first} }

// Accept takes an arrived message, copying its payload, and reports whether to acknowledge it: always when it is
// kept, and again when it is a duplicate, since the acknowledgement may have been lost. One too far ahead is neither
// kept nor acknowledged.
func (r *Receiver) Accept(m Message) (acknowledge bool) {
	ahead := m.ID - r.next
	if ahead >= 1<<31 {
		return true
	}
	if ahead >= ReceiveWindow {
		return false
	}
	slot := &r.held[m.ID%slots]
	if !slot.present {
		m.Payload = append([]byte(nil), m.Payload...)
		*slot = held{message: m, present: true}
	}
	return true
}

// Next returns the next message in order, once.
func (r *Receiver) Next() (Message, bool) {
	slot := &r.held[r.next%slots]
	if !slot.present {
		return Message{}, false
	}
	m := slot.message
	*slot = held{}
	r.next++
	return m, true
}
