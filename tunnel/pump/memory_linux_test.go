package pump

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
)

// largeDevice takes as many packets at once as a real one with offloads.
type largeDevice struct{ faultyDevice }

func (d *largeDevice) BatchSize() int                            { return 128 }
func (d *largeDevice) Write(p [][]byte, offset int) (int, error) { return len(p), nil }

// residentMemory is how much of this process is in memory, in bytes (proc(5), /proc/pid/statm).
func residentMemory(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// A laptop reconnects many times a day. What a connection used goes back to the system when it ends.
func TestReconnectsUseNoMoreMemory(t *testing.T) {
	ours, theirs := channels(t, true)
	device := &largeDevice{}
	var packets [][]byte
	for range 128 {
		packets = append(packets, ipv4("10.0.0.9", 1, 1400))
	}
	connect := func() {
		receiver := NewReceiver(newFakeConn(true), ours, func([]byte) {}, nil)
		receiver.SetDevice(device, mssfix.Limit{})
		receiver.deliver(time.Now(), sealedFrames(t, theirs.Seal, packets...))
		receiver.free()
	}
	connect()
	before := residentMemory(t)
	for range 20 {
		connect()
	}
	if grown := residentMemory(t) - before; grown > 12<<20 {
		t.Errorf("20 connections left %d MiB", grown>>20)
	}
}
