package controlchannel

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// maxRecord is the most plaintext a TLS record holds, in bytes (RFC 8446 section 5.1).
const maxRecord = 16 << 10

// engine runs crypto/tls in lock-step with its owner. TLS has a goroutine of its own, since crypto/tls can only wait
// for input inside a call. feed and settle return when that goroutine waits for more input, has ended, or is inside a
// call that was declared slow; so to the owner TLS looks like a function from bytes to bytes.
type engine struct {
	conn   *tls.Conn
	cancel context.CancelFunc
	wake   func()

	mu       sync.Mutex
	changed  *sync.Cond
	now      time.Time
	incoming []byte   // ciphertext from the peer that TLS has not read
	outgoing []byte   // ciphertext for the peer
	records  [][]byte // plaintext from the peer, one element a record
	waiting  bool     // TLS waits for incoming
	slow     int      // calls declared slow that TLS is inside of
	closed   bool     // by the owner
	ended    bool     // the goroutine is gone
	state    *tls.ConnectionState
	err      error // why TLS ended
}

// startEngine begins the handshake. For a client its first flight is in outgoing when startEngine returns.
func startEngine(role Role, config *tls.Config, now time.Time, wake func()) *engine {
	e := &engine{now: now, wake: wake}
	e.changed = sync.NewCond(&e.mu)
	config = e.adapt(config)
	if role == Client {
		e.conn = tls.Client(memory{e}, config)
	} else {
		e.conn = tls.Server(memory{e}, config)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	go e.run(ctx)
	e.settle()
	return e
}

// adapt makes the configuration fit for lock-step and for OpenVPN, which takes a TLS record for a message: a message
// must not be cut into small records. There is nothing to resume, so tickets would be waste.
func (e *engine) adapt(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.DynamicRecordSizingDisabled = true
	config.SessionTicketsDisabled = true
	config.ClientSessionCache = nil
	if config.Time == nil {
		config.Time = e.clock
	}
	e.adaptKeys(config)
	if choose := config.GetConfigForClient; choose != nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if err != nil || chosen == nil {
				return chosen, err
			}
			return e.adapt(chosen), nil
		}
	}
	return config
}

// setClock sets the time at which certificates are judged.
func (e *engine) setClock(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = now
}

func (e *engine) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// run is the goroutine of TLS.
func (e *engine) run(ctx context.Context) {
	err := e.conn.HandshakeContext(ctx)
	if err == nil {
		e.established()
		err = e.read()
	}
	e.cancel()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended, e.err = true, err
	e.changed.Broadcast()
}

func (e *engine) established() {
	state := e.conn.ConnectionState()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state = &state
}

func (e *engine) read() error {
	buffer := make([]byte, maxRecord)
	for {
		n, err := e.conn.Read(buffer)
		if n > 0 {
			e.mu.Lock()
			e.records = append(e.records, append([]byte(nil), buffer[:n]...))
			e.mu.Unlock()
		}
		if err != nil {
			return err
		}
	}
}

// settle lets TLS work until it waits for its owner.
func (e *engine) settle() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.ended && e.slow == 0 && (!e.waiting || len(e.incoming) > 0) {
		e.changed.Wait()
	}
}

// feed gives TLS ciphertext; settle must follow.
func (e *engine) feed(ciphertext []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.incoming = append(e.incoming, ciphertext...)
	e.changed.Broadcast()
}

// write encrypts plaintext. The handshake must be done.
func (e *engine) write(plaintext []byte) error {
	_, err := e.conn.Write(plaintext)
	return err
}

// takeOutgoing removes up to max bytes of ciphertext.
func (e *engine) takeOutgoing(max int) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := min(max, len(e.outgoing))
	taken := append([]byte(nil), e.outgoing[:n]...)
	if e.outgoing = e.outgoing[n:]; len(e.outgoing) == 0 {
		e.outgoing = nil
	}
	return taken
}

// takeRecord removes the oldest record of plaintext.
func (e *engine) takeRecord() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.records) == 0 {
		return nil
	}
	record := e.records[0]
	e.records = e.records[1:]
	return record
}

// status is what there is to do, all of one moment.
type status struct {
	state    *tls.ConnectionState // nil until the handshake is done
	ended    bool
	err      error
	slow     bool
	backlog  int // bytes that TLS has not read
	outgoing int // bytes for the peer
}

func (e *engine) status() status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return status{e.state, e.ended, e.err, e.slow > 0, len(e.incoming), len(e.outgoing)}
}

// close ends TLS. It waits for the goroutine unless that is inside a slow call, with which it then ends.
func (e *engine) close() {
	e.cancel()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.changed.Broadcast()
	for !e.ended && e.slow == 0 {
		e.changed.Wait()
	}
}

// enterSlow declares that TLS is going to wait for something that is not its peer. The function it returns declares
// the end of that.
func (e *engine) enterSlow() (leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.slow++
	e.changed.Broadcast()
	return func() {
		e.mu.Lock()
		e.slow--
		wake := e.wake
		if e.closed {
			wake = nil
		}
		e.mu.Unlock()
		if wake != nil {
			wake()
		}
	}
}

// memory is the connection that TLS believes to have.
type memory struct{ e *engine }

func (m memory) Read(b []byte) (int, error) {
	e := m.e
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.incoming) == 0 && !e.closed {
		e.waiting = true
		e.changed.Broadcast()
		e.changed.Wait()
	}
	e.waiting = false
	if e.closed {
		return 0, net.ErrClosed
	}
	n := copy(b, e.incoming)
	if e.incoming = e.incoming[n:]; len(e.incoming) == 0 {
		e.incoming = nil
	}
	return n, nil
}

func (m memory) Write(b []byte) (int, error) {
	m.e.mu.Lock()
	defer m.e.mu.Unlock()
	if m.e.closed {
		return 0, net.ErrClosed
	}
	m.e.outgoing = append(m.e.outgoing, b...)
	return len(b), nil
}

func (m memory) Close() error                     { return nil }
func (m memory) LocalAddr() net.Addr              { return address{} }
func (m memory) RemoteAddr() net.Addr             { return address{} }
func (m memory) SetDeadline(time.Time) error      { return nil }
func (m memory) SetReadDeadline(time.Time) error  { return nil }
func (m memory) SetWriteDeadline(time.Time) error { return nil }

type address struct{}

func (address) Network() string { return "openvpn" }
func (address) String() string  { return "control channel" }
