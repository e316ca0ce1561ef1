package transport

import "golang.org/x/sys/unix"

// tuneTCPSocket sets what package net does not know (tcp(7)).
func tuneTCPSocket(fd uintptr) {
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowWater)
}
