package pump

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

const batchSize = 8

// fakeDevice gives out prepared reads and keeps what is written.
type fakeDevice struct {
	tun.Device
	reads  chan [][]byte
	closed chan struct{}

	mu      sync.Mutex
	written [][]byte
	keep    bool
}

func newFakeDevice() *fakeDevice {
	return &fakeDevice{reads: make(chan [][]byte), closed: make(chan struct{}), keep: true}
}

func (d *fakeDevice) BatchSize() int { return batchSize }

func (d *fakeDevice) Read(buffers [][]byte, sizes []int, offset int) (int, error) {
	select {
	case packets := <-d.reads:
		for i, p := range packets {
			sizes[i] = copy(buffers[i][offset:], p)
		}
		return len(packets), nil
	case <-d.closed:
		return 0, os.ErrClosed
	}
}

func (d *fakeDevice) Write(packets [][]byte, offset int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(packets) > batchSize {
		return 0, fmt.Errorf("%d packets at once", len(packets))
	}
	if d.keep {
		for _, p := range packets {
			d.written = append(d.written, bytes.Clone(p[offset:]))
		}
	}
	return len(packets), nil
}

func (d *fakeDevice) packets() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// fakeConn hands over batches of packets, and keeps what is written.
type fakeConn struct {
	stream bool
	reads  chan [][]byte
	writes chan []byte // copies of whole batches; nil: thrown away
	broken atomic.Bool
}

func newFakeConn(stream bool) *fakeConn {
	return &fakeConn{stream: stream, reads: make(chan [][]byte), writes: make(chan []byte, 1000)}
}

func (c *fakeConn) ReadPackets() ([][]byte, error) {
	packets, open := <-c.reads
	if !open {
		return nil, io.EOF
	}
	return packets, nil
}

func (c *fakeConn) WritePackets(b *packet.Batch) error {
	if c.broken.Load() {
		return errors.New("broken pipe")
	}
	if c.writes != nil {
		c.writes <- bytes.Clone(b.Buffer)
	}
	return nil
}

func (c *fakeConn) Stream() bool           { return c.stream }
func (c *fakeConn) Local() netip.AddrPort  { return netip.AddrPort{} }
func (c *fakeConn) Remote() netip.AddrPort { return gateway }
func (c *fakeConn) Close() error           { return nil }

var gateway = netip.MustParseAddrPort("203.0.113.1:443")

// channels makes both ends of a data channel.
func channels(t testing.TB, stream bool) (ours, theirs *datachannel.Channel) {
	t.Helper()
	p := datachannel.Parameters{Cipher: "AES-256-GCM", PeerID: 3}
	p.Send[0], p.Receive[0] = 1, 2
	ours, theirs = datachannel.New(stream), datachannel.New(stream)
	for _, c := range []*datachannel.Channel{ours, theirs} {
		keys, err := datachannel.NewKeys(p)
		if err != nil {
			t.Fatal(err)
		}
		c.Install(keys)
		c.Use(0)
		p.Send, p.Receive = p.Receive, p.Send
	}
	return ours, theirs
}

// ipv4 makes a UDP packet to an address and port.
func ipv4(destination string, port uint16, size int) []byte {
	p := make([]byte, size)
	p[0], p[9] = 0x45, protocolUDP
	binary.BigEndian.PutUint16(p[2:], uint16(size))
	address := netip.MustParseAddr(destination).As4()
	copy(p[16:], address[:])
	p[22], p[23] = byte(port>>8), byte(port)
	return p
}

func ipv6() []byte {
	p := make([]byte, 60)
	p[0], p[5] = 0x60, 20
	return p
}

// opened is what the other end reads in a batch that was sent.
func opened(t *testing.T, c *datachannel.Channel, batch []byte, stream bool) [][]byte {
	t.Helper()
	frames := [][]byte{batch}
	if stream {
		var err error
		if frames, _, err = packet.Split(nil, batch, 1<<15); err != nil {
			t.Fatal(err)
		}
	}
	memory, sizes := makeBuffers(len(frames), largestWrite), make([]int, len(frames))
	defer memory.release()
	var out [][]byte
	for i := range c.Open(time.Now(), frames, memory.each, sizes, deviceOffset) {
		out = append(out, bytes.Clone(memory.each[i][deviceOffset:deviceOffset+sizes[i]]))
	}
	return out
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestSender(t *testing.T) {
	device := newFakeDevice()
	sender := NewSender(device, nil)
	ended := make(chan error, 1)
	go func() { ended <- sender.Run() }()

	first, second := ipv4("10.0.0.1", 80, 100), ipv4("10.0.0.2", 80, 60)
	device.reads <- [][]byte{first} // no link yet: dropped
	eventually(t, func() bool { return sender.Dropped() == 1 })
	ours, theirs := channels(t, true)
	conn := newFakeConn(true)
	sender.SetLink(&Link{Conn: conn, Data: ours, Gateway: gateway, BlockIPv6: true})
	own := ipv4("203.0.113.1", 443, 100)
	own[9] = protocolTCP
	other := ipv4("203.0.113.1", 8080, 100)
	device.reads <- [][]byte{first, own, ipv6(), {0x45}, second, other}
	got := opened(t, theirs, <-conn.writes, true)
	if len(got) != 3 || !bytes.Equal(got[0], first) || !bytes.Equal(got[1], second) || !bytes.Equal(got[2], other) {
		t.Errorf("%d packets were sent", len(got))
	}
	if dropped := sender.Dropped(); dropped != 4 {
		t.Errorf("%d packets dropped, want the one without a link, the tunnel's own, the IPv6 and the short one", dropped)
	}

	// A link that broke takes nothing more, and another takes its place.
	conn.broken.Store(true)
	device.reads <- [][]byte{first}
	device.reads <- [][]byte{first}
	eventually(t, func() bool { return sender.Dropped() == 6 }) // the one that did not get out, and the one after it
	again := newFakeConn(true)
	sender.SetLink(&Link{Conn: again, Data: ours, Gateway: gateway})
	device.reads <- [][]byte{ipv6()}
	if got := opened(t, theirs, <-again.writes, true); len(got) != 1 {
		t.Error("IPv6 was not sent over a link that does not block it")
	}
	close(device.closed)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	sender.Wait()
}

func TestReceiver(t *testing.T) {
	device := newFakeDevice()
	ours, theirs := channels(t, false)
	conn := newFakeConn(false)
	var control [][]byte
	receiver := NewReceiver(conn, ours, func(p []byte) { control = append(control, p) }, nil)
	ended := make(chan error, 1)
	go func() { ended <- receiver.Run() }()

	sealed := func(packets ...[]byte) (frames [][]byte) {
		var b packet.Batch
		if err := theirs.Seal(time.Now(), &b, packets); err != nil {
			t.Fatal(err)
		}
		begin := 0
		for _, end := range b.Ends {
			frames = append(frames, b.Buffer[begin:end])
			begin = end
		}
		return frames
	}
	ack := []byte{byte(packet.AckV1) << 3, 1, 2, 3}
	conn.reads <- append(sealed(ipv4("10.0.0.9", 1, 50)), ack) // no device yet: data is dropped
	eventually(t, func() bool { return ours.Counters().PacketsReceived == 1 })
	receiver.SetDevice(device, mssfix.Limit{})
	var packets [][]byte
	for i := range 3*batchSize + 1 { // more than the device takes at once
		packets = append(packets, ipv4("10.0.0.9", uint16(i), 40+i))
	}
	frames := sealed(packets...)
	frames[2][20] ^= 1 // one is damaged
	conn.reads <- append(frames, []byte{0xff, 0xff}, []byte{})
	close(conn.reads)
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
	if got := device.packets(); len(got) != len(packets)-1 || !bytes.Equal(got[0], packets[0]) || !bytes.Equal(got[len(got)-1], packets[len(packets)-1]) {
		t.Errorf("%d of %d packets came out", len(got), len(packets))
	}
	if len(control) != 3 || !bytes.Equal(control[0], ack) {
		t.Errorf("control packets % x", control)
	}
	if counters := ours.Counters(); counters.NotAuthentic != 1 {
		t.Errorf("counters %+v", counters)
	}
}

// Links are replaced while packets flow; each packet is sealed for the link that it is sent over.
func TestLinkChangesUnderTraffic(t *testing.T) {
	device := newFakeDevice()
	sender := NewSender(device, nil)
	go sender.Run()
	links := make([]*Link, 4)
	for i := range links {
		ours, _ := channels(t, i%2 == 0)
		conn := newFakeConn(i%2 == 0)
		conn.writes = nil
		links[i] = &Link{Conn: conn, Data: ours, Gateway: gateway}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2000 {
			sender.SetLink(links[i%len(links)])
		}
	}()
	for range 2000 {
		device.reads <- [][]byte{ipv4("10.0.0.1", 80, 100), ipv4("10.0.0.1", 80, 200)}
	}
	<-done
	close(device.closed)
	sender.Wait()
	var sent uint64
	for _, link := range links {
		sent += link.Data.Counters().PacketsSent
	}
	if sent+sender.Dropped() != 4000 {
		t.Errorf("%d packets sent and %d dropped, of 4000", sent, sender.Dropped())
	}
}

func TestNoAllocationPerPacket(t *testing.T) {
	ours, theirs := channels(t, true)
	conn := newFakeConn(true)
	conn.writes = nil
	device := newFakeDevice()
	device.keep = false
	sender := NewSender(device, nil)
	sender.SetLink(&Link{Conn: conn, Data: ours, Gateway: gateway, MSS: mssfix.Limit{IPv4: 1200, IPv6: 1200}})
	batch := packet.Batch{}
	packets := make([][]byte, batchSize)
	send := func() {
		for i := range packets {
			packets[i] = outgoing[i%len(outgoing)]
		}
		sender.send(&batch, packets)
	}
	send()
	if n := testing.AllocsPerRun(200, send); n != 0 {
		t.Errorf("sending a batch allocates %v times", n)
	}

	receiver := NewReceiver(conn, theirs, func([]byte) {}, nil)
	receiver.SetDevice(device, mssfix.Limit{})
	frames := make([][]byte, 0, batchSize)
	receive := func() {
		batch.Reset()
		batch.Stream = true
		if err := ours.Seal(time.Time{}, &batch, outgoing); err != nil {
			t.Fatal(err)
		}
		frames, _, _ = packet.Split(frames[:0], batch.Buffer, 1<<15)
		receiver.deliver(time.Time{}, frames)
	}
	receive()
	if n := testing.AllocsPerRun(200, receive); n != 0 {
		t.Errorf("receiving a batch allocates %v times", n)
	}
}

var outgoing = [][]byte{ipv4("10.0.0.1", 80, 1400), ipv4("10.0.0.1", 80, 1300)}

func BenchmarkSend(b *testing.B) {
	for _, stream := range []bool{true, false} {
		b.Run(fmt.Sprintf("stream=%v", stream), func(b *testing.B) {
			ours, _ := channels(b, stream)
			conn := newFakeConn(stream)
			conn.writes = nil
			sender := NewSender(newFakeDevice(), nil)
			sender.SetLink(&Link{Conn: conn, Data: ours, Gateway: gateway})
			batch := packet.Batch{}
			packets := make([][]byte, 44) // what a device cuts 64 KB into
			for i := range packets {
				packets[i] = ipv4("10.0.0.1", 80, 1448)
			}
			b.SetBytes(44 * 1448)
			b.ReportAllocs()
			for b.Loop() {
				sender.send(&batch, packets)
			}
		})
	}
}
