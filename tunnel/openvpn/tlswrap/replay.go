package tlswrap

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

const (
	// replayIDSize is the length of a replay packet id on the wire: a counter and a time, four bytes each.
	replayIDSize = 8

	// replayWindowSize is how far behind the newest a packet may arrive (OpenVPN packet_id.h, DEFAULT_SEQ_BACKTRACK).
	replayWindowSize = 64

	// earlyNegotiation is where a tls-crypt-v2 client starts counting, to say that it understands a server's
	// early negotiation (OpenVPN ssl_pkt.h, EARLY_NEG_START). Servers look at the highest byte.
	earlyNegotiation uint32 = 0x0f000000
	earlyMask        uint32 = 0xff000000
)

// errExhausted says that all replay packet ids of this second are used.
var errExhausted = errors.New("replay packet ids are exhausted")

// replayID orders the packets of one sender: by its clock when it started, in seconds, then by its counter.
type replayID struct {
	counter uint32
	time    uint32
}

func (id replayID) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, id.counter)
	return binary.BigEndian.AppendUint32(b, id.time)
}

func parseReplayID(b []byte) replayID {
	return replayID{counter: binary.BigEndian.Uint32(b), time: binary.BigEndian.Uint32(b[4:])}
}

// next moves the sender's id on. The time stands still until the counter is used up.
func (id *replayID) next(now time.Time) error {
	if id.time == 0 {
		id.time = uint32(now.Unix())
	}
	if id.counter == math.MaxUint32 {
		if uint32(now.Unix()) <= id.time {
			return errExhausted
		}
		id.time, id.counter = uint32(now.Unix()), 0
	}
	id.counter++
	return nil
}

// replayWindow remembers which packets of the peer arrived. Only authenticated ids may be given to it.
type replayWindow struct {
	newest replayID
	seen   uint64 // bit n: newest.counter-n has arrived
}

// accept reports whether the id is new, and remembers it.
func (w *replayWindow) accept(id replayID) bool {
	switch {
	case id.counter == 0 || id.time < w.newest.time:
		return false
	case id.time > w.newest.time || w.seen == 0:
		w.newest, w.seen = id, 1
		return true
	case id.counter > w.newest.counter:
		w.seen = w.seen<<(id.counter-w.newest.counter) | 1
		w.newest = id
		return true
	}
	behind := w.newest.counter - id.counter
	if behind >= replayWindowSize || w.seen&(1<<behind) != 0 {
		return false
	}
	w.seen |= 1 << behind
	return true
}
