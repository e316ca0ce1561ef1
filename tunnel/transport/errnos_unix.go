//go:build !windows

package transport

import "syscall"

// What the system's error numbers mean for a connection.
var (
	refusedErrnos     = []syscall.Errno{syscall.ECONNREFUSED}
	resetErrnos       = []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
	unreachableErrnos = []syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL}
	timedOutErrnos    = []syscall.Errno{syscall.ETIMEDOUT}

	// transientErrnos are errors of one datagram: an ICMP message came back (ip(7), IP_RECVERR), a firewall or a full queue of this
	// computer dropped it, or the network is away for now.
	transientErrnos = []syscall.Errno{syscall.ECONNREFUSED, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		syscall.ENOBUFS, syscall.EMSGSIZE, syscall.EPERM, syscall.EACCES, syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EADDRNOTAVAIL}
)
