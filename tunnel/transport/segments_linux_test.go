package transport

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

func repeat(size, count int) []int {
	sizes := make([]int, count)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

func TestPlanRuns(t *testing.T) {
	tests := []struct {
		name   string
		sizes  []int
		limit  int
		counts []int
	}{
		{"one", []int{5}, maxDatagram, []int{1}},
		{"equal", repeat(1400, 10), maxDatagram, []int{10}},
		{"a smaller one ends a run", []int{1400, 1400, 700, 1400, 1400}, maxDatagram, []int{3, 2}},
		{"a larger one begins one", []int{100, 1400, 1400, 1400}, maxDatagram, []int{1, 3}},
		{"falling", []int{4, 3, 2, 1}, maxDatagram, []int{2, 2}},
		{"not more than 64", repeat(10, 130), maxDatagram, []int{64, 64, 2}},
		{"not more than a packet's length", repeat(1400, 50), maxDatagram, []int{46, 4}},
		{"large ones", []int{40000, 40000}, maxDatagram, []int{1, 1}},
		{"without segmentation", repeat(1400, 3), 0, []int{1, 1, 1}},
		{"above the limit", []int{1400, 1400, 900, 900, 900}, 1000, []int{1, 1, 3}},
		{"empty ones", []int{0, 10, 0, 10, 10, 0}, maxDatagram, []int{1, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &datagramWriter{segmentLimit: test.limit}
			batch := batchOf(false, sized(test.sizes...)...)
			w.plan(batch, 0)
			var counts []int
			for _, r := range w.runs {
				counts = append(counts, r.count)
				if r.end-r.start > maxSegmentsBytes && r.count > 1 {
					t.Errorf("a run of %d bytes", r.end-r.start)
				}
			}
			if len(counts) != len(test.counts) {
				t.Fatalf("runs of %v, want %v", counts, test.counts)
			}
			for i := range counts {
				if counts[i] != test.counts[i] {
					t.Fatalf("runs of %v, want %v", counts, test.counts)
				}
			}
		})
	}
}

// The same packets arrive with segmentation and merging, and without either.
func TestSegmentationOnAndOff(t *testing.T) {
	for _, segments := range []bool{true, false} {
		for _, merge := range []bool{true, false} {
			gateway := listenPackets(t, "127.0.0.1:0")
			conn := dialUDP(t, gateway)
			if conn.writer.segmentLimit == 0 {
				t.Fatal("this kernel has no UDP_SEGMENT")
			}
			if !segments {
				conn.writer.segmentLimit = 0
			}
			if !merge {
				setMerging(t, gateway, 0)
			}
			sent := sized(append(repeat(1400, 100), 1200, 60, 60, 60, 1, 1400, 9000, 9000, 8999)...)
			if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
				t.Fatal(err)
			}
			if got, _ := readDatagrams(t, gateway, len(sent)); !equalPackets(got, sent) {
				t.Errorf("segments %v, merging %v: packets changed", segments, merge)
			}
		}
	}
}

func setMerging(t *testing.T, l *PacketListener, on int) {
	t.Helper()
	raw, err := l.socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, on) })
	if err != nil {
		t.Fatal(err)
	}
}

// With merging and segmentation, a batch of equal packets is received in few calls.
func TestMergedDatagramsComeTogether(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	conn := dialUDP(t, gateway)
	if err := conn.WritePackets(batchOf(false, sized(repeat(1400, 46)...)...)); err != nil {
		t.Fatal(err)
	}
	gateway.socket.SetReadDeadline(time.Now().Add(patience))
	datagrams, err := gateway.ReadPackets()
	if err != nil || len(datagrams) != 46 {
		t.Errorf("got %d datagrams in a call, want 46: %v", len(datagrams), err)
	}
}

// When the kernel refuses to cut, the packets are sent whole, none twice and none left out, and it is remembered.
func TestSegmentationRefused(t *testing.T) {
	sent := sized(append(append(repeat(300, 5), repeat(900, 5)...), repeat(300, 5)...)...)
	batch := batchOf(false, sent...)
	tests := []struct {
		errno unix.Errno
		limit int
	}{{unix.EIO, 0}, {unix.EINVAL, 899}, {unix.EMSGSIZE, 899}}
	for _, test := range tests {
		gateway := listenPackets(t, "127.0.0.1:0")
		conn := dialUDP(t, gateway)
		w := conn.writer
		real := w.send
		refused := 0
		w.send = func(fd uintptr) bool {
			// As a device without checksum offload, or a path with a small MTU, does: fail at the first run that is too much.
			for i, r := range w.runs {
				if r.count > 1 && (test.errno == unix.EIO || r.size > 500) {
					w.pending = i
					if i == 0 {
						refused++
						w.sent, w.errno = 0, test.errno
						return true
					}
					break
				}
			}
			return real(fd)
		}
		if err := conn.WritePackets(batch); err != nil {
			t.Fatalf("%v: %v", test.errno, err)
		}
		if got, _ := readDatagrams(t, gateway, len(sent)); !equalPackets(got, sent) {
			t.Errorf("%v: packets changed", test.errno)
		}
		if refused != 1 || w.segmentLimit != test.limit {
			t.Errorf("%v: refused %d times, limit %d, want %d", test.errno, refused, w.segmentLimit, test.limit)
		}
	}
}

// inNamespace runs a test on a thread in a network namespace of its own, whose loopback has the given MTU. Both end with the thread.
func inNamespace(t *testing.T, mtu uint32, test func()) {
	t.Helper()
	if unix.Geteuid() != 0 {
		t.Skip("only root may make a network namespace")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is not to be used again
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = raiseLoopback(mtu)
		}
		if err == nil {
			test()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func raiseLoopback(mtu uint32) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint32(mtu)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, request); err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// A path with a smaller MTU than the packets: the kernel will not cut into pieces that it would have to fragment, but it fragments whole ones.
func TestSegmentsLargerThanThePath(t *testing.T) {
	inNamespace(t, 1000, func() {
		gateway := listenPackets(t, "127.0.0.1:0")
		conn := dialUDP(t, gateway)
		sent := sized(append(repeat(1200, 20), repeat(800, 20)...)...)
		for range 2 {
			if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
				t.Error(err)
				return
			}
			gateway.socket.SetReadDeadline(time.Now().Add(patience))
			var got [][]byte
			for len(got) < len(sent) {
				datagrams, err := gateway.ReadPackets()
				if err != nil {
					t.Errorf("after %d datagrams: %v", len(got), err)
					return
				}
				for _, d := range datagrams {
					got = append(got, bytes.Clone(d.Packet))
				}
			}
			if !equalPackets(got, sent) {
				t.Error("packets changed")
			}
		}
		if limit := conn.writer.segmentLimit; limit != 1199 {
			t.Errorf("limit %d, want 1199", limit)
		}
	})
}

func TestBuffersAreLarge(t *testing.T) {
	conn := dialUDP(t, listenPackets(t, "127.0.0.1:0"))
	raw, err := conn.socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		size, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		if want := 2 * socketBuffer; unix.Geteuid() == 0 && (err != nil || size < want) {
			t.Errorf("receive buffer %d, want %d: %v", size, want, err)
		}
	})
}

func TestTCPOptions(t *testing.T) {
	client, _ := tcpPair(t, "127.0.0.1:0")
	NewStreamConn(client)
	raw, err := client.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for option, want := range map[int]int{unix.TCP_USER_TIMEOUT: 30000, unix.TCP_NOTSENT_LOWAT: 128 << 10, unix.TCP_NODELAY: 1, unix.TCP_KEEPIDLE: 30} {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); err != nil || got != want {
				t.Errorf("option %d is %d, want %d: %v", option, got, want, err)
			}
		}
	})
}

// FuzzPlan sends every packet of any batch exactly once, in order.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{14, 14, 14, 7, 0, 200}, uint16(65000))
	f.Add([]byte{0}, uint16(0))
	f.Add(bytes.Repeat([]byte{100}, 150), uint16(5000))
	f.Fuzz(func(t *testing.T, sizes []byte, limit uint16) {
		b := &packet.Batch{}
		for i, size := range sizes {
			b.Append(bytes.Repeat([]byte{byte(i)}, int(size)*100))
		}
		w := &datagramWriter{segmentLimit: int(limit)}
		position := 0
		for next := 0; next < b.Len(); {
			w.plan(b, next)
			if len(w.runs) == 0 {
				break
			}
			for _, r := range w.runs {
				if r.start != position || r.count > maxSegments || r.count > 1 && r.end-r.start > maxSegmentsBytes {
					t.Fatalf("run %+v at %d", r, position)
				}
				for i := r.first; i < r.first+r.count-1; i++ {
					if b.Ends[i]-position != r.size {
						t.Fatalf("packet %d of run %+v has another size", i, r)
					}
					position = b.Ends[i]
				}
				position = r.end
			}
			last := w.runs[len(w.runs)-1]
			next = last.first + last.count
		}
		if position != len(b.Buffer) {
			t.Fatalf("sent %d bytes of %d", position, len(b.Buffer))
		}
	})
}
