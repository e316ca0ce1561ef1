package datachannel

import (
	"errors"
	"sync/atomic"
	"time"
)

// Counters is what went through a channel: bytes and packets of inner IP, and received packets that were dropped.
type Counters struct {
	BytesSent       uint64
	PacketsSent     uint64
	BytesReceived   uint64
	PacketsReceived uint64

	Replays      uint64
	NotAuthentic uint64
	UnknownKey   uint64 // of a key id that is not, or no longer, known
	Compressed   uint64
	Dropped      uint64 // for any other reason, in either direction
}

// direction is what went one way, and when last.
type direction struct {
	bytes, packets atomic.Uint64
	last           moment
}

// drops counts received packets that were dropped, by reason.
type drops struct{ replays, notAuthentic, unknownKey, compressed, other atomic.Uint64 }

func (d *direction) add(bytes, packets uint64) {
	d.bytes.Add(bytes)
	d.packets.Add(packets)
}

func (d *drops) count(err error) {
	switch {
	case errors.Is(err, errReplay):
		d.replays.Add(1)
	case errors.Is(err, errNotAuthentic):
		d.notAuthentic.Add(1)
	case errors.Is(err, ErrNoKey):
		d.unknownKey.Add(1)
	case errors.Is(err, errCompressed):
		d.compressed.Add(1)
	default:
		d.other.Add(1)
	}
}

// Counters returns the counts since the channel was made. It may be called from any goroutine.
func (c *Channel) Counters() Counters {
	d := &c.dropped
	return Counters{BytesSent: c.sent.bytes.Load(), PacketsSent: c.sent.packets.Load(),
		BytesReceived: c.received.bytes.Load(), PacketsReceived: c.received.packets.Load(),
		Replays: d.replays.Load(), NotAuthentic: d.notAuthentic.Load(), UnknownKey: d.unknownKey.Load(),
		Compressed: d.compressed.Load(), Dropped: d.other.Load()}
}

// moment is a time that one goroutine sets for each batch and others read. It keeps the monotonic clock: only the distance from
// the first time set is stored each time.
type moment struct {
	first  atomic.Pointer[time.Time]
	offset atomic.Int64
}

func (m *moment) stamp(now time.Time) {
	first := m.first.Load()
	if first == nil {
		begin := now // a copy, so that only the first time is allocated
		if m.first.CompareAndSwap(nil, &begin) {
			return
		}
		first = m.first.Load()
	}
	m.offset.Store(int64(now.Sub(*first)))
}

func (m *moment) load() time.Time {
	first := m.first.Load()
	if first == nil {
		return time.Time{}
	}
	return first.Add(time.Duration(m.offset.Load()))
}

// LastSent is when a packet was sealed last; the zero time: never.
func (c *Channel) LastSent() time.Time { return c.sent.last.load() }

// LastReceived is when an authentic packet was opened last; the zero time: never.
func (c *Channel) LastReceived() time.Time { return c.received.last.load() }
