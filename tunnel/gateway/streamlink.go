package gateway

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

const (
	// queueLimit is how many bytes wait for a TCP client, besides those in its socket, before packets for it are dropped.
	queueLimit = 256 << 10
	// patience is how long the device waits for one TCP client that does not take its packets, once.
	patience = 20 * time.Millisecond
	// lingering is how long a closing connection may take to send what waits.
	lingering = 2 * time.Second
)

// link is the way to one client.
type link interface {
	// writeControl sends control packets.
	writeControl(packets [][]byte)
	// write sends what seal appends to the batch it is given.
	write(seal func(*packet.Batch))
	// writePackets seals and sends packets from the device; it may drop them. Only one goroutine calls it.
	writePackets(sealer sealer, packets [][]byte)
	remote() netip.AddrPort
	stream() bool
	// close ends the way when what waits has been sent; abort breaks it off.
	close()
	abort()
}

// sealer appends data packets to a batch.
type sealer interface {
	seal(b *packet.Batch, packets [][]byte)
}

// streamLink is the way to a TCP client. A goroutine of its own writes, so that a client that does not read holds up
// nobody else.
type streamLink struct {
	socket net.Conn
	conn   transport.Conn
	wake   chan struct{} // something waits, or the end has come
	space  chan struct{} // the writer has taken what waited
	done   chan struct{} // the writer has ended

	mu      sync.Mutex
	queue   packet.Batch
	stalled bool // the client was waited for in vain
	closing bool
	timer   *time.Timer // of writePackets
}

func newStreamLink(socket net.Conn) *streamLink {
	l := &streamLink{socket: socket, conn: transport.NewStreamConn(socket), wake: make(chan struct{}, 1), space: make(chan struct{}, 1),
		done: make(chan struct{}), queue: packet.Batch{Stream: true}, timer: time.NewTimer(time.Hour)}
	l.timer.Stop()
	go l.run()
	return l
}

// run writes what waits until the connection ends.
func (l *streamLink) run() {
	defer close(l.done)
	defer l.socket.Close()
	batch := packet.Batch{Stream: true}
	for range l.wake {
		l.mu.Lock()
		batch, l.queue = l.queue, batch
		l.stalled = false
		closing := l.closing
		l.mu.Unlock()
		signal(l.space)
		if err := l.conn.WritePackets(&batch); err != nil || closing {
			l.mu.Lock()
			l.closing = true
			l.mu.Unlock()
			return
		}
		batch.Reset()
	}
}

// signal wakes whoever waits at a channel of one place.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (l *streamLink) write(seal func(*packet.Batch)) {
	l.mu.Lock()
	if !l.closing {
		seal(&l.queue)
	}
	l.mu.Unlock()
	signal(l.wake)
}

func (l *streamLink) writeControl(packets [][]byte) {
	l.write(func(b *packet.Batch) {
		for _, p := range packets {
			b.Append(p)
		}
	})
}

func (l *streamLink) writePackets(sealer sealer, packets [][]byte) {
	l.mu.Lock()
	if len(l.queue.Buffer) >= queueLimit && !l.stalled {
		l.mu.Unlock()
		l.waitForSpace()
		l.mu.Lock()
	}
	if len(l.queue.Buffer) >= queueLimit {
		l.stalled = true
		l.mu.Unlock()
		return
	}
	if !l.closing {
		sealer.seal(&l.queue, packets)
	}
	l.mu.Unlock()
	signal(l.wake)
}

// waitForSpace waits until the writer has taken what waits, or patience is at its end.
func (l *streamLink) waitForSpace() {
	l.timer.Reset(patience)
	defer l.timer.Stop()
	for {
		l.mu.Lock()
		full := len(l.queue.Buffer) >= queueLimit && !l.closing
		l.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-l.space:
		case <-l.timer.C:
			return
		case <-l.done:
			return
		}
	}
}

func (l *streamLink) remote() netip.AddrPort { return l.conn.Remote() }
func (l *streamLink) stream() bool           { return true }

func (l *streamLink) close() {
	l.socket.SetWriteDeadline(time.Now().Add(lingering))
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	signal(l.wake)
	<-l.done
}

func (l *streamLink) abort() {
	if tcp, ok := l.socket.(*net.TCPConn); ok {
		tcp.SetLinger(0) // a reset instead of an orderly end (socket(7))
	}
	l.socket.Close()
	l.close()
}
