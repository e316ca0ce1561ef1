package datachannel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

var start = time.Unix(1_800_000_000, 0)

func material(seed byte) (m KeyMaterial) {
	for i := range m {
		m[i] = byte(i)*7 + seed
	}
	return m
}

// pair makes the two ends of a channel with one installed key.
func pair(t testing.TB, stream bool, edit func(*Parameters)) (a, b *Channel) {
	t.Helper()
	p := Parameters{Cipher: "AES-256-GCM", Digest: "SHA256", PeerID: 5, Send: material(1), Receive: material(2)}
	if edit != nil {
		edit(&p)
	}
	a, b = New(stream), New(stream)
	install(t, a, p)
	p.Send, p.Receive = p.Receive, p.Send
	install(t, b, p)
	return a, b
}

func install(t testing.TB, c *Channel, p Parameters) {
	t.Helper()
	keys, err := NewKeys(p)
	if err != nil {
		t.Fatal(err)
	}
	c.Install(keys)
	c.Use(p.KeyID)
}

// frames cuts a batch into its packets, without length prefixes, as copies.
func frames(b *packet.Batch) (out [][]byte) {
	begin := 0
	for _, end := range b.Ends {
		out = append(out, bytes.Clone(b.Buffer[begin+b.Prefix():end]))
		begin = end
	}
	return out
}

func ipPacket(size int, fill byte) []byte {
	p := bytes.Repeat([]byte{fill}, size)
	p[0] = 0x45
	return p
}

func buffers(n int) (into [][]byte, sizes []int) {
	for range n {
		into = append(into, make([]byte, 4096))
	}
	return into, make([]int, n)
}

func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"AES-256-GCM", "AES-192-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC"} {
		for _, digest := range []string{"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"} {
			if IsAEAD(name) && digest != "SHA1" {
				continue
			}
			for _, framing := range []Compression{NoCompression, CompLZO, Stub, StubV2} {
				for _, peer := range []uint32{0, 5, packet.NoPeer} {
					for _, stream := range []bool{true, false} {
						t.Run(fmt.Sprint(name, digest, framing, peer, stream), func(t *testing.T) {
							roundTrip(t, stream, func(p *Parameters) { p.Cipher, p.Digest, p.Compression, p.PeerID = name, digest, framing, peer })
						})
					}
				}
			}
		}
	}
}

func roundTrip(t *testing.T, stream bool, edit func(*Parameters)) {
	a, b := pair(t, stream, edit)
	var sent [][]byte
	for size := 1; size < 200; size += 13 {
		sent = append(sent, ipPacket(size, byte(size)))
	}
	stub := ipPacket(40, 1)
	sent = append(sent, stub, ipPacket(1500, 9))
	batch := packet.Batch{Stream: stream}
	if err := a.Seal(start, &batch, sent); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames(&batch) {
		if len(f) > 1500+a.Overhead() {
			t.Errorf("a frame has %d bytes, more than the overhead of %d says", len(f), a.Overhead())
		}
	}
	into, sizes := buffers(len(sent))
	if n := b.Open(start, frames(&batch), into, sizes, 20); n != len(sent) {
		t.Fatalf("%d of %d packets opened: %+v", n, len(sent), b.Counters())
	}
	for i, want := range sent {
		if got := into[i][20 : 20+sizes[i]]; !bytes.Equal(got, want) {
			t.Fatalf("packet %d differs: % x, want % x", i, got, want)
		}
	}
	if n := b.Open(start, frames(&batch), into, sizes, 0); n != 0 || b.Counters().Replays != uint64(len(sent)) {
		t.Errorf("replayed packets: %d opened, %+v", n, b.Counters())
	}
}

func TestDamagedPacketsAreDropped(t *testing.T) {
	for _, name := range []string{"AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"} {
		a, b := pair(t, false, func(p *Parameters) { p.Cipher = name })
		batch := packet.Batch{}
		if err := a.Seal(start, &batch, [][]byte{ipPacket(64, 1)}); err != nil {
			t.Fatal(err)
		}
		into, sizes := buffers(1)
		whole := frames(&batch)[0]
		for i := range whole {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x10
			covered := i >= 4 || IsAEAD(name) // the HMAC of CBC does not cover the header
			if n := b.Open(start, [][]byte{damaged}, into, sizes, 0); n != 0 && covered {
				t.Fatalf("%s: a packet damaged at byte %d was opened", name, i)
			}
		}
		for n := range whole {
			if opened := b.Open(start, [][]byte{bytes.Clone(whole[:n])}, into, sizes, 0); opened != 0 {
				t.Fatalf("%s: %d of %d bytes were opened", name, n, len(whole))
			}
		}
	}
}

func TestInBandMessages(t *testing.T) {
	a, b := pair(t, false, nil)
	woken := 0
	b.OnInBand(func() { woken++ })
	batch := packet.Batch{}
	for _, payload := range [][]byte{Ping(), AppendOCC(nil, OCCExit, nil), AppendOCC(nil, OCCRequest, []byte("x"))} {
		if err := a.SealInBand(start, &batch, payload); err != nil {
			t.Fatal(err)
		}
	}
	into, sizes := buffers(3)
	if n := b.Open(start.Add(time.Second), frames(&batch), into, sizes, 0); n != 0 {
		t.Errorf("%d messages to the session went to the device", n)
	}
	if got := fmt.Sprint(b.InBand()); got != "[{6 []} {0 [120]}]" || woken != 2 || len(b.InBand()) != 0 {
		t.Errorf("in-band messages %s, woken %d times", got, woken)
	}
	if !b.LastReceived().Equal(start.Add(time.Second)) || !a.LastSent().Equal(start) || b.Counters().PacketsReceived != 0 {
		t.Errorf("received %v, sent %v, %+v", b.LastReceived(), a.LastSent(), b.Counters())
	}
}

func TestCompressedPacketsAreRefused(t *testing.T) {
	a, _ := pair(t, false, nil)
	_, b := pair(t, false, func(p *Parameters) { p.Compression = CompLZO })
	batch := packet.Batch{}
	if err := a.Seal(start, &batch, [][]byte{{0x66, 1, 2, 3}}); err != nil { // LZO's own marker
		t.Fatal(err)
	}
	into, sizes := buffers(1)
	if n := b.Open(start, frames(&batch), into, sizes, 0); n != 0 || b.Counters().Compressed != 1 {
		t.Errorf("%d opened, %+v", n, b.Counters())
	}
}

func TestStubV2EscapesItsMarker(t *testing.T) {
	framed := StubV2.frame(nil, []byte{stubV2Byte, 7})
	if !bytes.Equal(framed, []byte{stubV2Byte, 0, stubV2Byte, 7}) {
		t.Fatalf("% x", framed)
	}
	if got, err := StubV2.unframe(framed); err != nil || !bytes.Equal(got, []byte{stubV2Byte, 7}) {
		t.Errorf("% x, %v", got, err)
	}
	if _, err := StubV2.unframe([]byte{stubV2Byte, 1, 2}); err == nil {
		t.Error("a compressed packet was accepted")
	}
}

func TestReplayWindow(t *testing.T) {
	w := newReplayWindow(64)
	seen := map[uint32]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	highest := uint32(0)
	for range 100_000 {
		id := uint32(max(1, int64(highest)+random.Int64N(400)-300))
		want := !seen[id] && (id > highest || highest-id < w.size())
		if got := w.fresh(id); got != want {
			t.Fatalf("id %d after %d: fresh is %v", id, highest, got)
		}
		if want {
			w.mark(id)
			seen[id] = true
			highest = max(highest, id)
		}
	}
	w = newReplayWindow(0)
	w.mark(1)
	w.mark(0xffffffff) // a jump over the whole ring
	if w.fresh(0xffffffff) || !w.fresh(0xfffffffe) || w.fresh(1) {
		t.Error("the window is wrong after a jump")
	}
}

func TestKeyLimits(t *testing.T) {
	a, _ := pair(t, false, nil)
	keys := a.sending.Load()
	keys.sent.lastID = packetIDTrigger - 2
	batch := packet.Batch{}
	seal := func() error { return a.Seal(start, &batch, [][]byte{{0x45}}) }
	if err := seal(); err != nil || a.NeedsNewKey() {
		t.Errorf("%v, needs a new key: %v", err, a.NeedsNewKey())
	}
	if err := seal(); err != nil || !a.NeedsNewKey() {
		t.Errorf("%v, needs a new key: %v", err, a.NeedsNewKey())
	}
	keys.sent.lastID = packetIDLimit
	if err := seal(); err != ErrKeyUsedUp {
		t.Errorf("an id was used twice: %v", err)
	}
	a, _ = pair(t, false, nil)
	a.sending.Load().sent.blocks = gcmTrigger - 2
	if err := seal(); err != nil || !a.NeedsNewKey() {
		t.Errorf("%v, needs a new key: %v", err, a.NeedsNewKey())
	}
}

func TestRetiredKeyReadsNothing(t *testing.T) {
	a, b := pair(t, false, nil)
	batch := packet.Batch{}
	if err := a.Seal(start, &batch, [][]byte{ipPacket(20, 1)}); err != nil {
		t.Fatal(err)
	}
	b.Retire(0)
	into, sizes := buffers(1)
	if n := b.Open(start, frames(&batch), into, sizes, 0); n != 0 {
		t.Error("a retired key opened a packet")
	}
	a.Retire(0)
	if err := a.Seal(start, &batch, [][]byte{ipPacket(20, 1)}); err != ErrNoKey {
		t.Errorf("a retired key sealed: %v", err)
	}
}

func TestNoAllocationPerPacket(t *testing.T) {
	for _, name := range []string{"AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"} {
		a, b := pair(t, true, func(p *Parameters) { p.Cipher = name })
		packets := make([][]byte, 64)
		for i := range packets {
			packets[i] = ipPacket(1400, byte(i))
		}
		batch := packet.Batch{Stream: true}
		into, sizes := buffers(64)
		cut := make([][]byte, 0, 64)
		once := func() {
			batch.Reset()
			if err := a.Seal(start, &batch, packets); err != nil {
				t.Fatal(err)
			}
			cut = cut[:0]
			begin := 0
			for _, end := range batch.Ends {
				cut = append(cut, batch.Buffer[begin+2:end])
				begin = end
			}
			if n := b.Open(start, cut, into, sizes, 16); n != 64 {
				t.Fatalf("%d opened", n)
			}
		}
		once()
		if allocations := testing.AllocsPerRun(100, once); allocations != 0 {
			t.Errorf("%s: %v allocations for 64 packets", name, allocations)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	if _, err := NewKeys(Parameters{Cipher: "BF-CBC"}); err == nil {
		t.Error("BF-CBC was accepted")
	}
	if _, err := NewKeys(Parameters{Cipher: "none"}); err == nil {
		t.Error("no encryption was accepted")
	}
	if _, err := NewKeys(Parameters{Cipher: "AES-128-CBC", Digest: "none"}); err == nil {
		t.Error("no authentication was accepted")
	}
}
