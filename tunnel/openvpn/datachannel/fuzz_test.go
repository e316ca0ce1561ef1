package datachannel

import (
	"bytes"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// variant picks a cipher, a framing and a kind of header by a number.
func variant(kind uint8) func(*Parameters) {
	return func(p *Parameters) {
		p.Cipher = []string{"AES-256-GCM", "AES-128-CBC", "CHACHA20-POLY1305"}[kind/8%3]
		p.Compression = []Compression{NoCompression, CompLZO, Stub, StubV2}[kind%4]
		if kind/4%2 == 1 {
			p.PeerID = packet.NoPeer
		}
	}
}

// FuzzOpen opens what anybody could send. Without the key nothing gets through, and nothing but a counter changes.
func FuzzOpen(f *testing.F) {
	for kind := range uint8(24) {
		a, _ := pair(f, false, variant(kind))
		batch := packet.Batch{}
		if err := a.Seal(start, &batch, [][]byte{ipPacket(60, 1)}); err != nil {
			f.Fatal(err)
		}
		f.Add(batch.Buffer, kind)
		f.Add(batch.Buffer[:len(batch.Buffer)/2], kind)
	}
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0x48}, uint8(1))
	f.Add(make([]byte, 120), uint8(6))
	f.Fuzz(func(t *testing.T, frame []byte, kind uint8) {
		_, b := pair(t, false, func(p *Parameters) {
			variant(kind)(p)
			p.Send, p.Receive = material(101), material(102) // not those of the seeds, which are right in everything else
		})
		into, sizes := buffers(1)
		if n := b.Open(start, [][]byte{frame}, into, sizes, 8); n != 0 {
			t.Errorf("%d packets opened", n)
		}
		c := b.Counters()
		if c.NotAuthentic+c.UnknownKey+c.Replays+c.Dropped != 1 || !b.LastReceived().IsZero() || b.InBand() != nil {
			t.Errorf("counters %+v, received %v", c, b.LastReceived())
		}
	})
}

// FuzzOpenAuthentic opens what a gateway that has the key could send: any framing, any payload. What comes out fits where it
// belongs, and every packet is either delivered, a message to the session, or counted.
func FuzzOpenAuthentic(f *testing.F) {
	for kind := range uint8(4) {
		for _, plaintext := range [][]byte{{}, {0x45}, {0xfa}, {0xfb}, {0xfb, 2, 0x45}, {0x50, 0}, {0x50, 0, 0x50}, {0x50, 1, 2}, {0x66, 1}, Ping(), append([]byte{0xfa}, Ping()...),
			AppendOCC(nil, OCCExit, nil), AppendOCC([]byte{0xfa}, OCCReply, []byte("V4")), occMagic(), ipPacket(60, 1)} {
			f.Add(plaintext, kind)
		}
	}
	f.Fuzz(func(t *testing.T, plaintext []byte, kind uint8) {
		if len(plaintext) > 3000 {
			return
		}
		a, _ := pair(t, false, func(p *Parameters) { variant(kind)(p); p.Compression = NoCompression })
		_, b := pair(t, false, variant(kind))
		batch := packet.Batch{}
		if err := a.Seal(start, &batch, [][]byte{plaintext}); err != nil {
			t.Fatal(err)
		}
		const offset, guard = 8, 0xa5
		into, sizes := buffers(1)
		for i := range offset {
			into[0][i] = guard
		}
		n := b.Open(start, frames(&batch), into, sizes, offset)
		counters, messages := b.Counters(), b.InBand()
		if b.LastReceived().IsZero() {
			t.Error("an authentic packet does not count as a sign of life")
		}
		if n == 1 {
			payload := into[0][offset : offset+sizes[0]]
			if version := payload[0] >> 4; version != 4 && version != 6 {
				t.Errorf("a packet of IP version %d was delivered", version)
			}
			if len(payload) > len(plaintext) {
				t.Errorf("%d bytes came out of %d", len(payload), len(plaintext))
			}
		}
		if uint64(n) != counters.PacketsReceived || n+len(messages) > 1 || counters.Replays+counters.NotAuthentic+counters.UnknownKey != 0 {
			t.Errorf("%d delivered, %d messages, %+v", n, len(messages), counters)
		}
		if !bytes.Equal(into[0][:offset], bytes.Repeat([]byte{guard}, offset)) {
			t.Error("bytes before the offset changed")
		}
	})
}

// FuzzFraming gives packets back as they were framed, and takes anything else apart without harm.
func FuzzFraming(f *testing.F) {
	f.Add([]byte{0x50, 0}, uint8(3))
	f.Add([]byte{}, uint8(2))
	f.Add(ipPacket(40, 1), uint8(1))
	f.Fuzz(func(t *testing.T, p []byte, kind uint8) {
		c := []Compression{NoCompression, CompLZO, Stub, StubV2}[kind%4]
		framed := c.frame(nil, p)
		if len(framed) > len(p)+c.overhead() {
			t.Errorf("%d bytes around %d", len(framed), len(p))
		}
		if len(p) > 0 || c != Stub { // nothing of no bytes can be swapped
			if got, err := c.unframe(framed); err != nil || !bytes.Equal(got, p) {
				t.Errorf("% x became % x, %v", p, got, err)
			}
		}
		if got, err := c.unframe(bytes.Clone(p)); err == nil && len(got) > len(p) {
			t.Errorf("%d bytes out of %d", len(got), len(p))
		}
	})
}
