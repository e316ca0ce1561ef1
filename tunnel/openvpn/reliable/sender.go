// Package reliable makes the control packets of one OpenVPN key arrive once and in order: windows, acknowledgements
// and retransmission.
package reliable

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

const (
	// SendWindow is how far the newest message sent may be ahead of the oldest unacknowledged one, itself included
	// (OpenVPN ssl_pkt.h, TLS_RELIABLE_N_SEND_BUFFERS).
	SendWindow = 6

	// earlyResend is after how many acknowledgements of later messages one counts as lost (OpenVPN reliable.h,
	// N_ACK_RETRANSMIT).
	earlyResend = 3

	// maxInterval bounds how far doubling takes the time between retransmissions.
	maxInterval = time.Minute
)

// Errors of a Sender.
var (
	ErrWindowFull = errors.New("send window is full")
	ErrExhausted  = errors.New("message packet ids are exhausted")
)

// Message is one message packet of the control channel.
type Message struct {
	ID      uint32
	Opcode  packet.Opcode
	Payload []byte
}

// Sender holds messages until the peer has acknowledged them.
type Sender struct {
	initial time.Duration
	next    uint32
	waiting []waiting // ascending by id, at most SendWindow
}

type waiting struct {
	message  Message
	due      time.Time
	interval time.Duration // until it is sent again
	sent     bool
	passed   int // later messages acknowledged since it was last sent
}

// NewSender makes a sender whose first message has the id first, and which sends a message again after initial, then
// after twice as long, and so on (the option `tls-timeout`).
func NewSender(first uint32, initial time.Duration) *Sender {
	return &Sender{initial: initial, next: first, waiting: make([]waiting, 0, SendWindow)}
}

// Room is how many messages may be queued now.
func (s *Sender) Room() int {
	if len(s.waiting) == 0 {
		return SendWindow
	}
	return SendWindow - int(s.next-s.waiting[0].message.ID)
}

// Next is the id that the next queued message gets.
func (s *Sender) Next() uint32 { return s.next }

// Queue adds a message, to be sent at once. The sender keeps payload. ErrExhausted is final.
func (s *Sender) Queue(now time.Time, opcode packet.Opcode, payload []byte) error {
	if s.next == math.MaxUint32 {
		return ErrExhausted
	}
	if s.Room() <= 0 {
		return ErrWindowFull
	}
	s.waiting = append(s.waiting, waiting{
		message:  Message{ID: s.next, Opcode: opcode, Payload: payload},
		due:      now,
		interval: s.initial,
	})
	s.next++
	return nil
}

// Acknowledge forgets the messages that the peer says have arrived. Ids that are not waiting, or were never sent, are
// ignored.
func (s *Sender) Acknowledge(now time.Time, ids []uint32) {
	for _, id := range ids {
		at := slices.IndexFunc(s.waiting, func(w waiting) bool { return w.message.ID == id && w.sent })
		if at < 0 {
			continue
		}
		for i := range s.waiting[:at] {
			s.waiting[i].passed++
			if s.waiting[i].passed == earlyResend {
				s.waiting[i].due = now
			}
		}
		s.waiting = slices.Delete(s.waiting, at, at+1)
	}
}

// Due returns the oldest message that is to be sent now, for the first time or again, and notes it as sent.
func (s *Sender) Due(now time.Time) (Message, bool) {
	for i := range s.waiting {
		w := &s.waiting[i]
		if w.due.After(now) {
			continue
		}
		w.due = now.Add(w.interval)
		w.interval = max(w.interval, min(2*w.interval, maxInterval))
		w.sent, w.passed = true, 0
		return w.message, true
	}
	return Message{}, false
}

// Deadline is when Due has something next; zero when nothing waits for the peer.
func (s *Sender) Deadline() time.Time {
	var deadline time.Time
	for i := range s.waiting {
		if due := s.waiting[i].due; deadline.IsZero() || due.Before(deadline) {
			deadline = due
		}
	}
	return deadline
}

// Resend makes everything unacknowledged due now, with the first interval again: after a change of address, for example.
func (s *Sender) Resend(now time.Time) {
	for i := range s.waiting {
		s.waiting[i].due = now
		s.waiting[i].interval = s.initial
	}
}

// Empty reports whether the peer has acknowledged everything.
func (s *Sender) Empty() bool { return len(s.waiting) == 0 }
