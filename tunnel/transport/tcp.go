package transport

import (
	"net"
	"time"
)

// How a dead path is noticed: after keepAliveIdle without a byte, keepAliveCount probes keepAliveInterval apart; with
// bytes under way, when none was acknowledged for userTimeout (RFC 5482).
const (
	keepAliveIdle     = 30 * time.Second
	keepAliveInterval = 10 * time.Second
	keepAliveCount    = 3
	userTimeout       = 30 * time.Second
)

// tuneTCP sets a tunnel's options. The buffers are left to the system, which sizes them by the path; fixed ones would
// end that. An option that the system does not have costs speed or time, so none is an error.
func tuneTCP(conn *net.TCPConn) {
	conn.SetNoDelay(true)
	conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount})
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(tuneTCPSocket)
}
