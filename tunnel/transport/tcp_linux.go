package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// tuneTCPSocket sets what package net does not know (tcp(7)).
func tuneTCPSocket(fd uintptr) {
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowWater)
}

// acknowledgeNow switches delayed acknowledgements off until the kernel switches them on again (TCP_QUICKACK in tcp(7)).
func acknowledgeNow(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
}
