package transport

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// messageHeader is struct mmsghdr of recvmmsg(2): a message and how many bytes of it were moved.
type messageHeader struct {
	header unix.Msghdr
	length uint32
}

// segmentControl is a control message that carries one number: a segment size (udp(7), UDP_SEGMENT and UDP_GRO).
type segmentControl struct {
	header unix.Cmsghdr
	value  int32
	_      int32
}

const (
	// receiveSlots is how many messages one recvmmsg takes.
	receiveSlots = 16
	// receiveStride is the distance between the slots' buffers in bytes. Each must hold 64 KiB of merged datagrams; the odd rest spreads
	// the beginnings, which is all that is used where nothing is merged, over the sets of the processor's cache.
	receiveStride = 64<<10 + 1<<10 + 64
)

// datagramReader receives many datagrams a call: several messages with recvmmsg(2), each of which may be a run of
// datagrams that the kernel merged (UDP_GRO).
type datagramReader struct {
	raw       syscall.RawConn
	connected bool
	buffer    []byte
	messages  [receiveSlots]messageHeader
	vectors   [receiveSlots]unix.Iovec
	names     [receiveSlots]unix.RawSockaddrInet6
	controls  [receiveSlots]segmentControl
	receive   func(fd uintptr) bool // made once: a closure made for each call would be an allocation
	received  int
	errno     syscall.Errno
}

func newDatagramReader(socket *net.UDPConn, connected bool) (*datagramReader, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &datagramReader{raw: raw, connected: connected, buffer: make([]byte, receiveSlots*receiveStride)}
	for i := range r.messages {
		r.vectors[i].Base = &r.buffer[i*receiveStride]
		r.vectors[i].SetLen(receiveStride)
		header := &r.messages[i].header
		header.Iov = &r.vectors[i]
		header.SetIovlen(1)
		header.Control = (*byte)(unsafe.Pointer(&r.controls[i]))
		if !connected {
			header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		}
	}
	r.receive = r.receiveNow
	err = raw.Control(func(fd uintptr) {
		// Beyond what the system allows to all, if this process may; where it may not, or where the kernel cannot merge,
		// there are only more system calls.
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer)
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)
		unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	})
	return r, err
}

// read waits for datagrams and appends them to into; none where only empty ones arrived.
func (r *datagramReader) read(into []Datagram) ([]Datagram, error) {
	if err := r.raw.Read(r.receive); err != nil {
		return into, err
	}
	if r.errno != 0 {
		return into, r.errno
	}
	for i := range r.received {
		into = r.appendSlot(into, i)
	}
	return into, nil
}

// receiveNow fills the slots with what is there. It returns false to be called again when there is something.
func (r *datagramReader) receiveNow(fd uintptr) bool {
	for i := range r.messages {
		header := &r.messages[i].header
		header.SetControllen(int(unsafe.Sizeof(segmentControl{})))
		header.Flags = 0
		if !r.connected {
			header.Namelen = uint32(unsafe.Sizeof(r.names[i]))
		}
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.messages)), receiveSlots, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		case 0:
			r.received, r.errno = int(n), 0
		default:
			r.received, r.errno = 0, errno
		}
		return true
	}
}

// appendSlot cuts a message into the datagrams that it was merged from: all of one size but the last, which may be smaller.
func (r *datagramReader) appendSlot(into []Datagram, slot int) []Datagram {
	message := &r.messages[slot]
	start := slot * receiveStride
	payload := r.buffer[start : start+int(message.length)]
	if message.header.Flags&unix.MSG_TRUNC != 0 {
		return into
	}
	size := len(payload)
	control := &r.controls[slot]
	if message.header.Controllen >= unix.SizeofCmsghdr+4 && control.header.Level == unix.SOL_UDP && control.header.Type == unix.UDP_GRO && control.value > 0 {
		size = int(control.value)
	}
	datagram := Datagram{}
	if !r.connected {
		datagram.From = parseSockaddr(&r.names[slot])
	}
	for len(payload) > 0 {
		n := min(size, len(payload))
		datagram.Packet = payload[:n:n]
		into = append(into, datagram)
		payload = payload[n:]
	}
	return into
}
