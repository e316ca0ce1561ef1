package reliable_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
)

var start = time.Unix(1_800_000_000, 0)

// dueIDs sends everything that is due.
func dueIDs(s *reliable.Sender, now time.Time) []uint32 {
	var ids []uint32
	for m, ok := s.Due(now); ok; m, ok = s.Due(now) {
		ids = append(ids, m.ID)
	}
	return ids
}

func queue(t *testing.T, s *reliable.Sender, now time.Time, count int) {
	t.Helper()
	for range count {
		if err := s.Queue(now, packet.ControlV1, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func expectDue(t *testing.T, s *reliable.Sender, after time.Duration, want ...uint32) {
	t.Helper()
	if got := dueIDs(s, start.Add(after)); !slices.Equal(got, want) {
		t.Errorf("after %v due are %v, want %v", after, got, want)
	}
}

func TestRetransmissionDoubles(t *testing.T) {
	s := reliable.NewSender(0, 2*time.Second)
	queue(t, s, start, 1)
	expectDue(t, s, 0, 0)
	for _, after := range []time.Duration{2, 6, 14, 30, 62, 122, 182} {
		at := after * time.Second
		if got := s.Deadline().Sub(start); got != at {
			t.Fatalf("deadline after %v, want %v", got, at)
		}
		expectDue(t, s, at-1)
		expectDue(t, s, at, 0)
	}
	s.Acknowledge(start, []uint32{0})
	if !s.Empty() || !s.Deadline().IsZero() {
		t.Errorf("empty %v, deadline %v", s.Empty(), s.Deadline())
	}
}

func TestALongFirstIntervalStays(t *testing.T) {
	s := reliable.NewSender(0, 90*time.Second)
	queue(t, s, start, 1)
	expectDue(t, s, 0, 0)
	expectDue(t, s, 90*time.Second, 0)
	expectDue(t, s, 179*time.Second)
	expectDue(t, s, 180*time.Second, 0)
}

func TestThreeLaterAcknowledgementsResend(t *testing.T) {
	s := reliable.NewSender(0, 2*time.Second)
	queue(t, s, start, 5)
	expectDue(t, s, 0, 0, 1, 2, 3, 4)
	s.Acknowledge(start, []uint32{2, 3})
	s.Acknowledge(start, []uint32{3, 2}) // said before: counts once
	expectDue(t, s, time.Millisecond)
	s.Acknowledge(start.Add(time.Millisecond), []uint32{4})
	expectDue(t, s, time.Millisecond, 0, 1)
	expectDue(t, s, 2*time.Millisecond)
	expectDue(t, s, 4*time.Second+time.Millisecond, 0, 1)
}

func TestSendWindow(t *testing.T) {
	s := reliable.NewSender(0, 2*time.Second)
	queue(t, s, start, reliable.SendWindow)
	if err := s.Queue(start, packet.ControlV1, nil); !errors.Is(err, reliable.ErrWindowFull) || s.Room() != 0 {
		t.Errorf("room %d, error %v", s.Room(), err)
	}
	dueIDs(s, start)
	s.Acknowledge(start, []uint32{1, 2, 3, 4, 5})
	if s.Room() != 0 {
		t.Errorf("room for %d messages ahead of an unacknowledged one", s.Room())
	}
	s.Acknowledge(start, []uint32{0})
	if s.Room() != reliable.SendWindow {
		t.Errorf("room %d", s.Room())
	}
}

func TestNobodyAcknowledgesWhatWasNotSent(t *testing.T) {
	s := reliable.NewSender(0, 2*time.Second)
	queue(t, s, start, 4)
	s.Acknowledge(start, []uint32{0, 1, 2, 3, 4, math.MaxUint32})
	expectDue(t, s, 0, 0, 1, 2, 3)
}

func TestResendStartsOver(t *testing.T) {
	s := reliable.NewSender(0, 2*time.Second)
	queue(t, s, start, 2)
	for _, after := range []time.Duration{0, 2, 6} {
		expectDue(t, s, after*time.Second, 0, 1)
	}
	s.Resend(start.Add(7 * time.Second))
	s.Acknowledge(start.Add(7*time.Second), []uint32{0})
	expectDue(t, s, 7*time.Second, 1)
	expectDue(t, s, 9*time.Second, 1)
}

func TestIDsDoNotWrap(t *testing.T) {
	s := reliable.NewSender(math.MaxUint32-1, 2*time.Second)
	queue(t, s, start, 1)
	if err := s.Queue(start, packet.ControlV1, nil); !errors.Is(err, reliable.ErrExhausted) {
		t.Errorf("error %v", err)
	}
	expectDue(t, s, 0, math.MaxUint32-1)
}
