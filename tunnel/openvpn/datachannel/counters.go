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
	Compressed   uint64
	Dropped      uint64 // for any other reason
}

type counters struct {
	sent, received                             direction
	replays, notAuthentic, compressed, dropped atomic.Uint64
}

type direction struct{ bytes, packets atomic.Uint64 }

func (d *direction) add(bytes, packets uint64) {
	d.bytes.Add(bytes)
	d.packets.Add(packets)
}

func (c *counters) drop(err error) {
	switch {
	case errors.Is(err, errReplay):
		c.replays.Add(1)
	case errors.Is(err, errNotAuthentic):
		c.notAuthentic.Add(1)
	case errors.Is(err, errCompressed):
		c.compressed.Add(1)
	default:
		c.dropped.Add(1)
	}
}

// Counters returns the counts since the channel was made. It may be called from any goroutine.
func (c *Channel) Counters() Counters {
	n := &c.counters
	return Counters{BytesSent: n.sent.bytes.Load(), PacketsSent: n.sent.packets.Load(),
		BytesReceived: n.received.bytes.Load(), PacketsReceived: n.received.packets.Load(),
		Replays: n.replays.Load(), NotAuthentic: n.notAuthentic.Load(), Compressed: n.compressed.Load(), Dropped: n.dropped.Load()}
}

// activity is when something was sent and received last.
type activity struct{ sent, received moment }

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
func (c *Channel) LastSent() time.Time { return c.clock.sent.load() }

// LastReceived is when an authentic packet was opened last; the zero time: never.
func (c *Channel) LastReceived() time.Time { return c.clock.received.load() }
