package pump

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// faultyDevice fails as it is told to: each error is what one read or write returns.
type faultyDevice struct {
	tun.Device
	reads  chan error
	writes []error
	packet []byte // what every read brings
	taken  [][]byte
}

func (d *faultyDevice) BatchSize() int { return batchSize }

func (d *faultyDevice) Read(into [][]byte, sizes []int, offset int) (int, error) {
	switch err := <-d.reads; {
	case err == nil, errors.Is(err, tun.ErrTooManySegments):
		sizes[0] = copy(into[0][offset:], d.packet)
		return 1, err
	default:
		return 0, err
	}
}

func (d *faultyDevice) Write(packets [][]byte, offset int) (int, error) {
	var err error
	if len(d.writes) > 0 {
		err, d.writes = d.writes[0], d.writes[1:]
	}
	if err != nil {
		return 0, err
	}
	for _, p := range packets {
		d.taken = append(d.taken, bytes.Clone(p[offset:]))
	}
	return len(packets), nil
}

// A packet that the device cannot take apart does not end the tunnel; a device that gives nothing any more does.
func TestSenderToleratesSinglePackets(t *testing.T) {
	broken := errors.New("unsupported virtio GSO type: 9")
	tests := []struct {
		name      string
		reads     []error
		sent      int
		wantError error
	}{
		{"one broken packet", []error{nil, broken, nil, os.ErrClosed}, 2, nil},
		{"more segments than buffers", []error{tun.ErrTooManySegments, nil, os.ErrClosed}, 2, nil},
		{"many broken packets with others between", append(repeat(3*toleratedFailures, broken, nil), os.ErrClosed), 3 * toleratedFailures, nil},
		{"nothing else any more", repeat(toleratedFailures+1, broken), 0, broken},
		{"a closed file", []error{&os.PathError{Op: "read", Path: "tun", Err: os.ErrClosed}}, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := &faultyDevice{reads: make(chan error, len(test.reads)), packet: ipv4("10.0.0.1", 80, 100)}
			ours, _ := channels(t, true)
			conn := newFakeConn(true)
			sender := NewSender(device, nil)
			sender.SetLink(&Link{Conn: conn, Data: ours, Gateway: gateway})
			for _, err := range test.reads {
				device.reads <- err
			}
			if err := sender.Run(); !errors.Is(err, test.wantError) {
				t.Errorf("ended with %v", err)
			}
			if len(conn.writes) != test.sent {
				t.Errorf("%d packets were sent, want %d", len(conn.writes), test.sent)
			}
		})
	}
}

func repeat(n int, errs ...error) (all []error) {
	for range n {
		all = append(all, errs...)
	}
	return all
}

// A device that is down refuses packets (EIO) until it is up again. That is counted, and no reason to end.
func TestReceiverGoesOnAfterTheDeviceFailed(t *testing.T) {
	device := &faultyDevice{writes: []error{syscall.EIO, syscall.EIO, nil, os.ErrClosed}}
	ours, theirs := channels(t, true)
	receiver := NewReceiver(newFakeConn(true), ours, func([]byte) {}, nil)
	receiver.SetDevice(device, mssfix.Limit{})
	defer receiver.free()
	for range 5 {
		receiver.deliver(time.Now(), sealedFrames(t, theirs.Seal, ipv4("10.0.0.9", 1, 50)))
	}
	if len(device.taken) != 2 || receiver.Dropped() != 3 {
		t.Errorf("%d packets were taken and %d dropped", len(device.taken), receiver.Dropped())
	}
}

// sealedFrames are the data packets that a gateway sends.
func sealedFrames(t testing.TB, seal func(time.Time, *packet.Batch, [][]byte) error, packets ...[]byte) [][]byte {
	t.Helper()
	b := packet.Batch{Stream: true}
	if err := seal(time.Now(), &b, packets); err != nil {
		t.Fatal(err)
	}
	frames, _, err := packet.Split(nil, b.Buffer, 0)
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// Only whole IP packets reach the device, without what stands behind them.
func TestReceiverDropsWhatIsNoPacket(t *testing.T) {
	device := &faultyDevice{}
	ours, theirs := channels(t, true)
	receiver := NewReceiver(newFakeConn(true), ours, func([]byte) {}, nil)
	receiver.SetDevice(device, mssfix.Limit{})
	defer receiver.free()
	first, second, third := ipv4("10.0.0.9", 1, 50), ipv6(), ipv4("10.0.0.9", 3, 28)
	short := ipv4("10.0.0.9", 1, 50)
	padded := append(bytes.Clone(second), 0, 0, 0)
	receiver.deliver(time.Now(), sealedFrames(t, theirs.Seal, first, short[:49], []byte{0x45}, padded, []byte{0x15, 1, 2}, third))
	if len(device.taken) != 3 || !bytes.Equal(device.taken[0], first) || !bytes.Equal(device.taken[1], second) || !bytes.Equal(device.taken[2], third) {
		t.Errorf("the device got % x", device.taken)
	}
	if receiver.Dropped() != 2 || ours.Counters().Dropped != 1 {
		t.Errorf("%d and %d dropped, want two packets that end early and one of no IP version", receiver.Dropped(), ours.Counters().Dropped)
	}
}

func TestWholePacket(t *testing.T) {
	header := func(first byte, total int) []byte {
		p := make([]byte, 60)
		p[0], p[2], p[3] = first, byte(total>>8), byte(total)
		return p
	}
	long6 := ipv6()
	long6[5] = 21
	tests := map[string]struct {
		packet []byte
		size   int // 0: none
	}{
		"nothing":                      {nil, 0},
		"IPv4":                         {header(0x45, 60), 60},
		"IPv4 with more behind":        {header(0x45, 20), 20},
		"IPv4 cut short":               {header(0x45, 61), 0},
		"IPv4 header only":             {header(0x4f, 60), 60},
		"IPv4 shorter than its header": {header(0x4f, 59), 0},
		"IPv4 without a header length": {header(0x40, 19), 0},
		"IPv6":                         {ipv6(), 60},
		"IPv6 with more behind":        {append(ipv6(), 1), 60},
		"IPv6 cut short":               {long6, 0},
		"IPv6 header cut short":        {ipv6()[:39], 0},
		"version 5":                    {header(0x55, 60), 0},
	}
	for name, test := range tests {
		if p, ok := wholePacket(test.packet); len(p) != test.size || ok != (test.size > 0) {
			t.Errorf("%s: %d bytes, %v", name, len(p), ok)
		}
	}
}

func FuzzWholePacket(f *testing.F) {
	f.Add(ipv6())
	f.Add(ipv4("10.0.0.1", 80, 60))
	f.Add(append(ipv4("10.0.0.1", 80, 60), 0))
	ours, _ := channels(f, true)
	link := &Link{Conn: newFakeConn(true), Data: ours, Gateway: gateway, BlockIPv6: true}
	f.Fuzz(func(t *testing.T, p []byte) {
		link.wants(p) // whatever the device gives
		whole, ok := wholePacket(p)
		if ok != (len(whole) >= ipv4Header) || !bytes.HasPrefix(p, whole) {
			t.Errorf("% x of % x", whole, p)
		}
	})
}

// Packets that come before there is a device count as signs of life, and are opened in the memory of one.
func TestReceiverWithoutADevice(t *testing.T) {
	ours, theirs := channels(t, true)
	conn := newFakeConn(true)
	receiver := NewReceiver(conn, ours, func([]byte) {}, nil)
	ended := make(chan error)
	go func() { ended <- receiver.Run() }()
	conn.reads <- sealedFrames(t, theirs.Seal, ipv4("10.0.0.9", 1, 50), ipv4("10.0.0.9", 1, 50))
	close(conn.reads)
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if receiver.Dropped() != 2 || ours.LastReceived().IsZero() || receiver.memory.each != nil {
		t.Errorf("%d dropped, last received %v, memory kept: %v", receiver.Dropped(), ours.LastReceived(), receiver.memory.each != nil)
	}
}
