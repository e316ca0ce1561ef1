package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// tcpConnectionDropTime is TCP_RXT_CONNDROPTIME of <netinet/tcp.h>: how long to retransmit, in seconds.
const tcpConnectionDropTime = 0x80

// tuneTCPSocket sets what package net does not know.
func tuneTCPSocket(fd uintptr) {
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, tcpConnectionDropTime, int(userTimeout.Seconds()))
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowWater)
}

// acknowledgeNow has no counterpart here.
func acknowledgeNow(*net.TCPConn) {}
