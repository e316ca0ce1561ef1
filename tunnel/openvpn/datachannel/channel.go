// Package datachannel protects the packets of a tunnel with the keys that its control channel negotiated, many packets at a time.
package datachannel

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// ErrNoKey says that there is no key to seal with yet.
var ErrNoKey = errors.New("no data channel key")

// ErrKeyUsedUp says that the key has no packet ids left; a renegotiation should have come long before.
var ErrKeyUsedUp = errors.New("data channel key is used up")

// Why a packet is dropped.
var (
	errReplay       = errors.New("data packet is a replay")
	errNotAuthentic = errors.New("data packet is not authentic")
	errTooLarge     = errors.New("data packet is larger than the buffer")
)

// Channel seals and opens data packets. One goroutine may seal and one open, while a third installs keys and sends messages of
// the session itself.
type Channel struct {
	stream   bool
	ping     []byte
	occMagic []byte

	receiving [packet.MaxKeyID + 1]atomic.Pointer[Keys]
	sending   atomic.Pointer[Keys]

	sealing  sync.Mutex // a pump and the session itself seal
	sent     direction
	opening  sync.Mutex
	received direction
	dropped  drops

	inBandMu sync.Mutex
	inBand   []InBand
	wake     func() // under inBandMu
}

// New makes a channel without keys, for a stream (TCP) or for datagrams.
func New(stream bool) *Channel {
	return &Channel{stream: stream, ping: Ping(), occMagic: occMagic()}
}

// Install makes packets under a key readable. It replaces an older key of the same id.
func (c *Channel) Install(keys *Keys) { c.receiving[keys.id].Store(keys) }

// Use seals with an installed key from now on.
func (c *Channel) Use(keyID uint8) {
	if keys := c.receiving[keyID&packet.MaxKeyID].Load(); keys != nil {
		c.sending.Store(keys)
	}
}

// Retire forgets a key: neither is anything read with it any more, nor sealed.
func (c *Channel) Retire(keyID uint8) {
	if keys := c.receiving[keyID&packet.MaxKeyID].Swap(nil); keys != nil {
		c.sending.CompareAndSwap(keys, nil)
	}
}

// NeedsNewKey reports whether the key that seals is close to a limit of its use, so that a renegotiation is due.
func (c *Channel) NeedsNewKey() bool {
	keys := c.sending.Load()
	return keys != nil && keys.exhausted.Load()
}

// Overhead is the most that sealing adds to a packet, in bytes, without a transport's length prefix; 0 without a key.
func (c *Channel) Overhead() int {
	keys := c.sending.Load()
	if keys == nil {
		return 0
	}
	return keys.overhead()
}

// Seal appends a data packet for each packet to b, whose Stream is the channel's. Packets that no data packet can carry are dropped. After an
// error b has what was sealed before it. now is for LastSent.
func (c *Channel) Seal(now time.Time, b *packet.Batch, packets [][]byte) error {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	keys := c.sending.Load()
	if keys == nil {
		c.dropped.other.Add(uint64(len(packets)))
		return ErrNoKey
	}
	var size, sealed uint64
	for _, p := range packets {
		err := c.sealOne(keys, b, p)
		if errors.Is(err, errTooLarge) {
			c.dropped.count(err)
			continue
		}
		if err != nil {
			return err
		}
		size += uint64(len(p))
		sealed++
	}
	c.sent.add(size, sealed)
	c.sent.last.stamp(now)
	return nil
}

// SealInBand appends a data packet of the session itself, which is not counted as traffic.
func (c *Channel) SealInBand(now time.Time, b *packet.Batch, payload []byte) error {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	keys := c.sending.Load()
	if keys == nil {
		return ErrNoKey
	}
	if err := c.sealOne(keys, b, payload); err != nil {
		return err
	}
	c.sent.last.stamp(now)
	return nil
}

// largestPacket is what a stream's length prefix can say, and more than any datagram carries.
const largestPacket = 0xffff

func (c *Channel) sealOne(keys *Keys, b *packet.Batch, payload []byte) error {
	if len(payload)+keys.overhead() > largestPacket {
		return errTooLarge
	}
	id, ok := keys.reserve(len(payload))
	if !ok {
		return ErrKeyUsedUp
	}
	start := len(b.Buffer)
	out := grow(b.Buffer, b.Prefix()+keys.overhead()+len(payload)+tagSize)
	if b.Stream {
		out = append(out, 0, 0)
	}
	headerAt := len(out)
	out = packet.AppendDataHeader(out, keys.id, keys.peer)
	out = keys.sealer.seal(out, headerAt, id, payload, keys.compression)
	if b.Stream {
		length := len(out) - headerAt
		out[start], out[start+1] = byte(length>>8), byte(length)
	}
	b.Buffer = out
	b.Ends = append(b.Ends, len(out))
	return nil
}

// grow makes room for n more bytes, in large steps, since the buffer is used again.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	larger := make([]byte, len(b), 2*cap(b)+n+4096)
	copy(larger, b)
	return larger
}

// Open opens many data packets into the buffers, from offset on, and sets their sizes. It returns how many buffers were filled:
// packets that are not authentic, replayed or messages to the session itself fill none. Each buffer must have room for the largest packet.
// now is for LastReceived. Packets may be overwritten.
func (c *Channel) Open(now time.Time, packets, into [][]byte, sizes []int, offset int) int {
	c.opening.Lock()
	defer c.opening.Unlock()
	filled, authentic := 0, 0
	var size uint64
	for _, p := range packets {
		if filled == len(into) {
			c.dropped.other.Add(1)
			continue
		}
		payload, err := c.openOne(p, into[filled][offset:])
		if err == nil || errors.Is(err, errCompressed) {
			authentic++ // it shows that the peer is alive, also where nothing can be made of it
		}
		if err != nil {
			c.dropped.count(err)
			continue
		}
		if len(payload) == 0 || c.takeInBand(payload) {
			continue
		}
		copy(into[filled][offset:], payload) // in its place already, unless a framing stood in front
		sizes[filled] = len(payload)
		size += uint64(len(payload))
		filled++
	}
	if authentic > 0 {
		c.received.add(size, uint64(filled))
		c.received.last.stamp(now)
	}
	return filled
}

func (c *Channel) openOne(p, dst []byte) ([]byte, error) {
	keyID, _, headerSize, err := packet.ParseDataHeader(p)
	if err != nil {
		return nil, errMalformed
	}
	keys := c.receiving[keyID].Load()
	if keys == nil {
		return nil, ErrNoKey
	}
	plaintext, id, err := keys.opener.open(dst, p[:headerSize], p[headerSize:], &keys.replay)
	if err != nil {
		return nil, err
	}
	keys.accept(id, len(plaintext))
	return keys.compression.unframe(plaintext)
}

// takeInBand keeps a message to the session itself, and reports whether the payload is nothing for a device.
func (c *Channel) takeInBand(payload []byte) bool {
	if version := payload[0] >> 4; version == 4 || version == 6 {
		return false
	}
	if bytes.Equal(payload, c.ping) {
		return true // it says no more than that it came
	}
	message, ok := c.parseInBand(payload)
	if !ok || !c.keepInBand(message) {
		c.dropped.other.Add(1)
	}
	return true
}

// keepInBand keeps a message until InBand is called, unless there are too many.
func (c *Channel) keepInBand(message InBand) bool {
	c.inBandMu.Lock()
	defer c.inBandMu.Unlock()
	if len(c.inBand) == mostInBand {
		return false
	}
	c.inBand = append(c.inBand, message)
	if c.wake != nil {
		c.wake()
	}
	return true
}

// InBand returns the messages to the session itself that have arrived since the last call.
func (c *Channel) InBand() []InBand {
	c.inBandMu.Lock()
	defer c.inBandMu.Unlock()
	messages := c.inBand
	c.inBand = nil
	return messages
}

// OnInBand calls wake, from the goroutine that opens, when there is something for InBand. It must not block.
func (c *Channel) OnInBand(wake func()) {
	c.inBandMu.Lock()
	defer c.inBandMu.Unlock()
	c.wake = wake
}
