package reliable_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
)

// frame is what travels between the two ends.
type frame struct {
	message reliable.Message
	acks    []uint32
	arrives time.Time
}

// end is one side of a lossy link.
type end struct {
	sender   *reliable.Sender
	receiver *reliable.Receiver
	acks     reliable.Acks
	queued   uint32
	received []uint32
}

func newEnd(first uint32) *end {
	return &end{sender: reliable.NewSender(first, 2*time.Second), receiver: reliable.NewReceiver(first)}
}

func (e *end) transmit(t *testing.T, now time.Time, total uint32) []frame {
	for e.queued < total && e.sender.Room() > 0 {
		if err := e.sender.Queue(now, packet.ControlV1, binary.BigEndian.AppendUint32(nil, e.queued)); err != nil {
			t.Fatal(err)
		}
		e.queued++
	}
	var frames []frame
	for m, ok := e.sender.Due(now); ok; m, ok = e.sender.Due(now) {
		frames = append(frames, frame{message: m, acks: e.acks.Take(nil, reliable.MaxAcksWithMessage, true)})
	}
	for e.acks.Pending() > 0 {
		frames = append(frames, frame{message: reliable.Message{Opcode: packet.AckV1}, acks: e.acks.Take(nil, packet.MaxAcks, true)})
	}
	return frames
}

func (e *end) receive(now time.Time, f frame) {
	e.sender.Acknowledge(now, f.acks)
	if f.message.Opcode == packet.AckV1 {
		return
	}
	if e.receiver.Accept(f.message) {
		e.acks.Add(f.message.ID)
	}
	for m, ok := e.receiver.Next(); ok; m, ok = e.receiver.Next() {
		e.received = append(e.received, binary.BigEndian.Uint32(m.Payload))
	}
}

// exchange sends total messages each way over a link on which fate decides what becomes of every frame, until all
// have arrived and been acknowledged, and returns how long that took.
func exchange(t *testing.T, first, total uint32, fate func() (copies int, delay time.Duration)) time.Duration {
	t.Helper()
	ends := [2]*end{newEnd(first), newEnd(first)}
	var flying [2][]frame // towards each end
	now := start
	for now.Sub(start) < 24*time.Hour {
		for i, e := range ends {
			for _, f := range e.transmit(t, now, total) {
				copies, delay := fate()
				for range copies {
					f.arrives = now.Add(delay)
					flying[1-i] = append(flying[1-i], f)
					delay += time.Millisecond
				}
			}
		}
		var next time.Time
		soonest := func(at time.Time) {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		for i, e := range ends {
			soonest(e.sender.Deadline())
			for _, f := range flying[i] {
				soonest(f.arrives)
			}
		}
		if next.IsZero() {
			break
		}
		now = next
		for i, e := range ends {
			flying[i] = slices.DeleteFunc(flying[i], func(f frame) bool {
				if f.arrives.After(now) {
					return false
				}
				e.receive(now, f)
				return true
			})
		}
	}
	for i, e := range ends {
		want := make([]uint32, total)
		for j := range want {
			want[j] = uint32(j)
		}
		if !slices.Equal(e.received, want) {
			t.Fatalf("end %d received %v", i, e.received)
		}
		if !e.sender.Empty() {
			t.Fatalf("end %d waits for acknowledgements", i)
		}
	}
	return now.Sub(start)
}

func TestEverythingArrivesOnceAndInOrder(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		loss := random.Float64() * 0.6
		exchange(t, 0, 40, func() (int, time.Duration) {
			copies := 1
			if random.Float64() < loss {
				copies = 0
			} else if random.Float64() < 0.2 {
				copies = 2
			}
			return copies, time.Duration(random.IntN(200)) * time.Millisecond
		})
	}
}

func TestALosslessLinkNeedsNoTimer(t *testing.T) {
	took := exchange(t, 0, 600, func() (int, time.Duration) { return 1, 10 * time.Millisecond })
	// 600 messages in windows of 6 are 100 round trips of 20 ms.
	if took > 2100*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// FuzzLink lets the fuzzer decide what becomes of each frame. When it has said all, the link is good.
func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0x10, 0xff}, uint32(0))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint32(0xffffff00))
	f.Fuzz(func(t *testing.T, fates []byte, first uint32) {
		if len(fates) > 300 || first > 0xffffff00 {
			return
		}
		exchange(t, first, 30, func() (int, time.Duration) {
			if len(fates) == 0 {
				return 1, time.Millisecond
			}
			fate := fates[0]
			fates = fates[1:]
			return int(fate & 3), time.Duration(fate>>2) * 50 * time.Millisecond
		})
	})
}
