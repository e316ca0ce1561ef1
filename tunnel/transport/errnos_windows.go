package transport

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// What Winsock's error numbers mean for a connection.
var (
	refusedErrnos     = []syscall.Errno{windows.WSAECONNREFUSED}
	resetErrnos       = []syscall.Errno{windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET}
	unreachableErrnos = []syscall.Errno{windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAENETDOWN, windows.WSAEHOSTDOWN, windows.WSAEADDRNOTAVAIL}
	timedOutErrnos    = []syscall.Errno{windows.WSAETIMEDOUT}

	// transientErrnos are errors of one datagram. On a datagram socket WSAECONNRESET is an ICMP "port unreachable".
	transientErrnos = []syscall.Errno{windows.WSAECONNRESET, windows.WSAENETRESET, windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH,
		windows.WSAENETDOWN, windows.WSAEHOSTDOWN, windows.WSAENOBUFS, windows.WSAEMSGSIZE, windows.WSAEACCES, windows.WSAEADDRNOTAVAIL}
)
