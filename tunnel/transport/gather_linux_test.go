package transport

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Bytes that are let to gather are never left lying: after a burst of single packets a lone one comes through, and the end of the
// connection is seen.
func TestGatheringNeverSticks(t *testing.T) {
	ours, theirs := tcpPair(t, "127.0.0.1:0")
	conn := newStreamConn(ours, 0, nil)
	lone := bytes.Repeat([]byte{0x28}, 90)
	const rounds, burst = 5, 4000
	go func() {
		defer theirs.Close()
		single := packet.Batch{Stream: true}
		single.Append(bytes.Repeat([]byte{0x48}, 60))
		for range rounds {
			for range burst {
				theirs.Write(single.Buffer)
				for begin := time.Now(); time.Since(begin) < 15*time.Microsecond; { // sleeping takes far longer
				}
			}
			time.Sleep(30 * time.Millisecond)
			b := packet.Batch{Stream: true}
			b.Append(lone)
			theirs.Write(b.Buffer)
			time.Sleep(30 * time.Millisecond)
		}
	}()
	watchdog := time.AfterFunc(20*time.Second, func() { ours.Close() })
	defer watchdog.Stop()
	singles, lones, gathered := 0, 0, 0
	for {
		packets, err := conn.ReadPackets()
		for _, p := range packets {
			if bytes.Equal(p, lone) {
				lones++
			} else {
				singles++
			}
		}
		if conn.holding {
			gathered++
		}
		if err != nil {
			if err != io.EOF {
				t.Errorf("the connection ended with %v", err)
			}
			break
		}
	}
	if singles != rounds*burst || lones != rounds {
		t.Errorf("%d of %d packets came, and %d of %d lone ones", singles, rounds*burst, lones, rounds)
	}
	if gathered == 0 {
		t.Error("packets never gathered")
	}
}
