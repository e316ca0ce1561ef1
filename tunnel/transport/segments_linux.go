package transport

import (
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

const (
	// sendSlots is how many messages one sendmmsg takes.
	sendSlots = 64
	// maxSegments is how many datagrams a message may be cut into (UDP_MAX_SEGMENTS of the kernels before 6.9).
	maxSegments = 64
	// maxSegmentsBytes bounds a message that is to be cut, in bytes: an IP packet's length has 16 bits, of which the headers take some.
	maxSegmentsBytes = 65535 - 60 - 8
)

// run is packets of a batch that go in one message: of equal size, but the last, which may be smaller.
type run struct {
	first, count int // packets
	start, end   int // bytes of the batch's buffer
	size         int // of each packet, in bytes
}

// datagramWriter sends many datagrams a call: several messages with sendmmsg(2), each a run of packets that the
// kernel, or the network card, cuts (udp(7), UDP_SEGMENT).
type datagramWriter struct {
	raw       syscall.RawConn
	connected bool
	family    uint16

	mu sync.Mutex // guards what follows
	// segmentLimit is the largest packet to send in runs, in bytes; 0: none. It falls when the kernel refuses to cut: to nothing where the
	// device has no checksum offload (EIO), to less than a size that exceeds the path's MTU (EINVAL, EMSGSIZE).
	segmentLimit int
	runs         []run
	messages     [sendSlots]messageHeader
	vectors      [sendSlots]unix.Iovec
	controls     [sendSlots]segmentControl
	name         unix.RawSockaddrInet6
	nameLength   uint32
	send         func(fd uintptr) bool // made once: a closure made for each call would be an allocation
	pending      int                   // messages to send
	sent         int
	errno        syscall.Errno
}

func newDatagramWriter(socket *net.UDPConn, connected bool) (*datagramWriter, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &datagramWriter{raw: raw, connected: connected, runs: make([]run, 0, sendSlots)}
	for i := range w.messages {
		header := &w.messages[i].header
		header.Iov = &w.vectors[i]
		header.SetIovlen(1)
		w.controls[i].header.Level = unix.SOL_UDP
		w.controls[i].header.Type = unix.UDP_SEGMENT
		w.controls[i].header.SetLen(unix.SizeofCmsghdr + 2)
	}
	w.send = w.sendNow
	err = raw.Control(func(fd uintptr) {
		if _, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT); err == nil {
			w.segmentLimit = maxDatagram
		}
		w.family = unix.AF_INET6
		if domain, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil {
			w.family = uint16(domain)
		}
	})
	return w, err
}

// write sends every packet of a batch, to a peer where the socket is not connected. An error of transientErrnos is the last that
// it met on its way through the whole batch.
func (w *datagramWriter) write(b *packet.Batch, to netip.AddrPort) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.connected {
		if w.family == unix.AF_INET && !to.Addr().Unmap().Is4() || !to.IsValid() {
			return unix.EAFNOSUPPORT
		}
		w.nameLength = putSockaddr(&w.name, w.family, to)
	}
	var lost error
	noticed := false // an ICMP message was seen and its packet is being tried again
	for next := 0; next < len(b.Ends); {
		w.plan(b, next)
		if len(w.runs) == 0 {
			break
		}
		w.prepare(b)
		err := w.raw.Write(w.send)
		clear(w.vectors[:w.pending]) // lets go of the batch's memory
		if err != nil {
			return err
		}
		if w.sent > 0 {
			last := w.runs[w.sent-1]
			next = last.first + last.count
			noticed = false
		}
		if w.errno == 0 {
			continue
		}
		failed := w.runs[w.sent]
		switch {
		case failed.count > 1 && w.refusesSegments(failed):
			next = failed.first
		case !noticed && isICMP(w.errno):
			noticed, lost = true, w.errno
			next = failed.first
		case isErrno(w.errno, transientErrnos):
			lost = w.errno
			next = failed.first + failed.count
		default:
			return w.errno
		}
	}
	return lost
}

// plan divides the packets from next on into runs, as many as one call sends.
func (w *datagramWriter) plan(b *packet.Batch, next int) {
	w.runs = w.runs[:0]
	start := 0
	if next > 0 {
		start = b.Ends[next-1]
	}
	for next < len(b.Ends) && len(w.runs) < sendSlots {
		size := b.Ends[next] - start
		if size == 0 {
			next++
			continue
		}
		r := run{first: next, count: 1, start: start, end: b.Ends[next], size: size}
		if size <= w.segmentLimit {
			r = extend(b, r)
		}
		w.runs = append(w.runs, r)
		next = r.first + r.count
		start = r.end
	}
}

// extend adds the packets that may follow the first of a run in one message.
func extend(b *packet.Batch, r run) run {
	for next := r.first + 1; next < len(b.Ends) && r.count < maxSegments; next++ {
		size := b.Ends[next] - r.end
		if size == 0 || size > r.size || b.Ends[next]-r.start > maxSegmentsBytes {
			break
		}
		r.end = b.Ends[next]
		r.count++
		if size < r.size {
			break
		}
	}
	return r
}

// prepare lays out the messages of the planned runs.
func (w *datagramWriter) prepare(b *packet.Batch) {
	for i, r := range w.runs {
		w.vectors[i].Base = &b.Buffer[r.start]
		w.vectors[i].SetLen(r.end - r.start)
		header := &w.messages[i].header
		if !w.connected {
			header.Name = (*byte)(unsafe.Pointer(&w.name))
			header.Namelen = w.nameLength
		}
		if r.count == 1 {
			header.Control = nil
			header.SetControllen(0)
			continue
		}
		*(*uint16)(unsafe.Pointer(&w.controls[i].value)) = uint16(r.size)
		header.Control = (*byte)(unsafe.Pointer(&w.controls[i]))
		header.SetControllen(int(unsafe.Sizeof(segmentControl{})))
	}
	w.pending = len(w.runs)
}

// sendNow sends the messages. It returns false to be called again when the socket has room.
func (w *datagramWriter) sendNow(fd uintptr) bool {
	w.sent, w.errno = 0, 0
	for w.sent < w.pending {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&w.messages[w.sent])), uintptr(w.pending-w.sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			w.sent += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			if w.sent == 0 {
				return false
			}
			return true // the rest is planned again
		default:
			w.errno = errno
			return true
		}
	}
	return true
}

// refusesSegments reports whether a run failed because it was to be cut, and sees to it that the next plan avoids that.
func (w *datagramWriter) refusesSegments(failed run) bool {
	switch w.errno {
	case unix.EIO:
		w.segmentLimit = 0
	case unix.EINVAL, unix.EMSGSIZE:
		w.segmentLimit = failed.size - 1
	default:
		return false
	}
	return true
}

// isICMP reports whether an error belongs to an earlier datagram, which an ICMP message was about; the present one was not sent for it.
func isICMP(errno syscall.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EPROTO, unix.ENOPROTOOPT, unix.EHOSTDOWN:
		return true
	}
	return false
}
