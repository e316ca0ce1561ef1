package datachannel

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Keys change again and again while packets flow. What was sealed with the old key is read until it is retired, which is when the last of it
// has arrived: nothing is lost.
func TestKeysChangeUnderTraffic(t *testing.T) {
	for _, name := range []string{"AES-256-GCM", "AES-128-CBC"} {
		t.Run(name, func(t *testing.T) { changeKeysUnderTraffic(t, name) })
	}
}

// arrival is packets on their way, or a mark that is closed when everything before it was opened.
type arrival struct {
	packets [][]byte
	mark    chan struct{}
}

func changeKeysUnderTraffic(t *testing.T, cipher string) {
	const changes, perBatch = 100, 20
	a, b := pair(t, false, func(p *Parameters) { p.Cipher = cipher })
	wire, stop, sealed := make(chan arrival, 8), make(chan struct{}), make(chan struct{})
	var sent, opened int
	var ends sync.WaitGroup
	var sealing sync.WaitGroup
	sealing.Go(func() {
		var packets [][]byte
		for i := range perBatch {
			packets = append(packets, ipPacket(200, byte(i)))
		}
		for {
			select {
			case <-stop:
				return
			case sealed <- struct{}{}:
			default:
			}
			batch := packet.Batch{}
			if err := a.Seal(start, &batch, packets); err != nil {
				t.Error(err)
				return
			}
			sent += perBatch
			wire <- arrival{packets: frames(&batch)}
		}
	})
	ends.Go(func() {
		into, sizes := buffers(perBatch)
		for arrived := range wire {
			opened += b.Open(start, arrived.packets, into, sizes, 0)
			if arrived.mark != nil {
				close(arrived.mark)
			}
		}
	})
	var used []*Keys
	for i := range changes {
		id, old := uint8(i%packet.MaxKeyID+1), a.sending.Load().id
		p := Parameters{Cipher: cipher, Digest: "SHA256", KeyID: id, PeerID: 5, Send: material(byte(i)), Receive: material(byte(i + 1))}
		theirs := p
		theirs.Send, theirs.Receive = p.Receive, p.Send
		install(t, b, theirs)
		install(t, a, p)
		used = append(used, a.sending.Load())
		<-sealed // the batch before this may have had the old key
		<-sealed
		mark := make(chan struct{})
		wire <- arrival{mark: mark}
		<-mark
		a.Retire(old)
		b.Retire(old)
	}
	close(stop)
	sealing.Wait()
	close(wire)
	ends.Wait()
	if counters := b.Counters(); opened != sent || sent == 0 {
		t.Errorf("%d of %d packets opened: %+v", opened, sent, counters)
	}
	for i, keys := range used {
		if keys.sent.lastID == 0 {
			t.Errorf("key %d sealed nothing", i)
		}
	}
}

// Each direction has the limit of AES-GCM for itself; ChaCha20 and CBC have none (OpenVPN crypto.c, cipher_get_aead_limits).
func TestUsageLimits(t *testing.T) {
	for name, limited := range map[string]bool{"AES-256-GCM": true, "AES-128-GCM": true, "CHACHA20-POLY1305": false, "AES-256-CBC": false} {
		set := func(p *Parameters) { p.Cipher = name }
		batch := packet.Batch{}
		into, sizes := buffers(1)

		a, b := pair(t, false, set)
		a.sending.Load().sent.blocks = gcmTrigger - 3 // a packet of one block and its number are still missing
		for _, want := range []bool{false, limited} {
			if err := a.Seal(start, &batch, [][]byte{ipPacket(16, 1)}); err != nil || a.NeedsNewKey() != want {
				t.Errorf("%s: %v, needs a new key for sealing: %v", name, err, a.NeedsNewKey())
			}
		}
		b.sending.Load().opened = gcmTrigger - 3
		for i, want := range []bool{false, limited} {
			if n := b.Open(start, frames(&batch)[i:i+1], into, sizes, 0); n != 1 || b.NeedsNewKey() != want {
				t.Errorf("%s: %d opened, needs a new key for opening: %v", name, n, b.NeedsNewKey())
			}
		}
	}
}

func TestPacketsUnderAnUnknownKeyAreCounted(t *testing.T) {
	a, b := pair(t, false, func(p *Parameters) { p.KeyID = 4 })
	batch := packet.Batch{}
	if err := a.Seal(start, &batch, [][]byte{ipPacket(40, 1)}); err != nil {
		t.Fatal(err)
	}
	b.Retire(4)
	into, sizes := buffers(1)
	if n := b.Open(start, frames(&batch), into, sizes, 0); n != 0 || b.Counters() != (Counters{UnknownKey: 1}) {
		t.Errorf("%d opened, %+v", n, b.Counters())
	}
}

// A length prefix has two bytes. A packet that it cannot describe would end the stream for all that follow.
func TestPacketsTooLargeForAnyFrameAreDropped(t *testing.T) {
	for _, name := range []string{"AES-256-GCM", "AES-256-CBC"} {
		a, b := pair(t, true, func(p *Parameters) { p.Cipher, p.Compression = name, StubV2 })
		batch := packet.Batch{Stream: true}
		largest := largestPacket - a.Overhead()
		sent := [][]byte{ipPacket(largest+1, 1), ipPacket(largest, 2), ipPacket(40, 3)}
		if err := a.Seal(start, &batch, sent); err != nil {
			t.Fatal(err)
		}
		received, rest, err := packet.Split(nil, batch.Buffer, 0)
		if err != nil || len(rest) != 0 || len(received) != 2 {
			t.Fatalf("%d packets and %d bytes, %v", len(received), len(rest), err)
		}
		into, sizes := [][]byte{make([]byte, 1<<16), make([]byte, 1<<16)}, make([]int, 2)
		if n := b.Open(start, received, into, sizes, 0); n != 2 || sizes[0] != largest {
			t.Errorf("%d opened, the first of %d bytes", n, sizes[0])
		}
		if counters := a.Counters(); counters.Dropped != 1 || counters.PacketsSent != 2 || counters.BytesSent != uint64(largest+40) {
			t.Errorf("%+v", counters)
		}
		if err := a.SealInBand(start, &batch, make([]byte, largest+1)); err == nil {
			t.Error("a message that is too large was sealed")
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	p := Parameters{Cipher: "AES-256-GCM", Send: material(0x41), Receive: material(0x42)}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("keys", "parameters", p, "key", p.Send)
	slog.New(slog.NewTextHandler(&log, nil)).Info("keys", "parameters", p, "key", p.Send)
	text := log.String() + fmt.Sprintf("%v %+v %#v %x %d %s %q", p, p, p.Send, p.Send, p.Send, p.Send, &p.Send)
	for _, leaked := range []string{"65,72", "65 72", "4148", "AHOV", "0x41"} {
		if strings.Contains(text, leaked) {
			t.Errorf("%q is in %s", leaked, text)
		}
	}
	if strings.Count(text, redacted) < 10 {
		t.Errorf("unexpected text %s", text)
	}
}
