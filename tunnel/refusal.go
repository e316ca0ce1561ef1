package tunnel

import (
	"fmt"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// refusalPatience is how long a gateway may stay silent after its computer said that nothing listens on its port. OpenVPN itself ignores
// that message and waits for ping-restart, a minute or two, since it may be forged; a gateway that speaks within this time proves it so.
const refusalPatience = time.Second

// watchedConn notices that datagrams are refused (ICMP port unreachable), which reads and writes report in turn.
type watchedConn struct {
	transport.Conn
	refused chan struct{} // has a value once a datagram was refused
}

// watchRefusals watches datagrams; a stream ends by itself when it is refused.
func watchRefusals(conn transport.Conn) (transport.Conn, <-chan struct{}) {
	if conn.Stream() {
		return conn, nil
	}
	watched := &watchedConn{conn, make(chan struct{}, 1)}
	return watched, watched.refused
}

// ReadPackets implements transport.Conn.
func (w *watchedConn) ReadPackets() ([][]byte, error) {
	packets, err := w.Conn.ReadPackets()
	w.note(err)
	return packets, err
}

// WritePackets implements transport.Conn.
func (w *watchedConn) WritePackets(batch *packet.Batch) error {
	err := w.Conn.WritePackets(batch)
	w.note(err)
	return err
}

func (w *watchedConn) note(err error) {
	if err == nil || !transport.Transient(err) || transport.Classify(err) != transport.Refused {
		return
	}
	select {
	case w.refused <- struct{}{}:
	default:
	}
}

// refusal is what a session does about refused datagrams.
type refusal struct {
	since time.Time // of the first that was not disproved; zero: none
	heard time.Time // when a control packet came last
}

// silent reports whether the gateway said nothing since it was refused.
func (s *session) silent() bool {
	return !s.refusal.heard.After(s.refusal.since) && !s.client.Data().LastReceived().After(s.refusal.since)
}

// gatewayRefuses is the problem: a session that was up is lost and comes back at once; before that there was no gateway.
func (s *session) gatewayRefuses() *Problem {
	err := fmt.Errorf("the gateway's computer says that nothing listens on its UDP port: %w", syscall.ECONNREFUSED)
	if s.up {
		return newProblem(ConnectionLost, err)
	}
	return newProblem(Refused, err)
}
