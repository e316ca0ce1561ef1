package datachannel

import (
	"fmt"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// A benchmark's batch: what a device cuts 64 KB into, roughly.
const (
	benchmarkPackets = 64
	benchmarkSize    = 1400
)

var benchmarkCiphers = []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"}

func benchmarkBatch() (packets [][]byte) {
	for i := range benchmarkPackets {
		packets = append(packets, ipPacket(benchmarkSize, byte(i)))
	}
	return packets
}

func BenchmarkSeal(b *testing.B) {
	for _, name := range benchmarkCiphers {
		b.Run(name, func(b *testing.B) {
			a, _ := pair(b, true, func(p *Parameters) { p.Cipher = name })
			packets, batch := benchmarkBatch(), packet.Batch{Stream: true}
			b.SetBytes(benchmarkPackets * benchmarkSize)
			b.ReportAllocs()
			for b.Loop() {
				batch.Reset()
				if err := a.Seal(start, &batch, packets); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen opens the same packets again and again, to a window that has forgotten them.
func BenchmarkOpen(b *testing.B) {
	for _, name := range benchmarkCiphers {
		b.Run(name, func(b *testing.B) {
			a, c := pair(b, true, func(p *Parameters) { p.Cipher = name })
			batch := packet.Batch{Stream: true}
			if err := a.Seal(start, &batch, benchmarkBatch()); err != nil {
				b.Fatal(err)
			}
			cut := frames(&batch)
			into, sizes := buffers(benchmarkPackets)
			keys := c.receiving[0].Load()
			b.SetBytes(benchmarkPackets * benchmarkSize)
			b.ReportAllocs()
			for b.Loop() {
				keys.replay = newEmptied(keys.replay)
				if n := c.Open(start, cut, into, sizes, 16); n != benchmarkPackets {
					b.Fatalf("%d opened: %+v", n, c.Counters())
				}
			}
		})
	}
}

// newEmptied is a window that has seen nothing, in the memory of another.
func newEmptied(w replayWindow) replayWindow {
	clear(w.words)
	return replayWindow{words: w.words}
}

func BenchmarkReplayWindow(b *testing.B) {
	for _, reordered := range []uint32{0, 7, 500} {
		b.Run(fmt.Sprintf("reordered=%d", reordered), func(b *testing.B) {
			w := newReplayWindow(0)
			id := uint32(1)
			for b.Loop() {
				other := id ^ reordered
				if other != 0 && w.fresh(other) {
					w.mark(other)
				}
				id++
			}
		})
	}
}
