package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// canGather says that this system can let bytes gather in a socket without being woken for each of them.
const canGather = true

// gatherLowWater is more than gathers in gatherTime, so that nothing wakes the reader meanwhile.
const gatherLowWater = 1 << 20

// holdWakeUps keeps the kernel from telling of bytes that arrive, or lets it again (SO_RCVLOWAT in socket(7)). Waiting for the socket
// while they are held would be waiting for a megabyte.
func holdWakeUps(raw syscall.RawConn, hold bool) bool {
	lowWater, done := 1, false
	if hold {
		lowWater = gatherLowWater
	}
	err := raw.Control(func(fd uintptr) {
		done = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, lowWater) == nil
	})
	return err == nil && done
}

// readGathered waits for gatherTime and reads what has arrived by then; 0 bytes: nothing, or an error that an ordinary read will meet too. The
// runtime's own timers have a resolution of a millisecond while nothing else happens.
func readGathered(raw syscall.RawConn, b []byte) (n int) {
	wait := unix.NsecToTimespec(gatherTime.Nanoseconds())
	unix.Nanosleep(&wait, nil) // cut short by a signal it is only shorter
	raw.Read(func(fd uintptr) bool {
		n, _ = unix.Read(int(fd), b)
		return true // never wait here
	})
	return max(n, 0)
}

// rawConn is the socket of a TCP connection; nil for another kind of stream.
func rawConn(conn net.Conn) syscall.RawConn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
