// Package controlchannel agrees on one key of an OpenVPN session, driven by packets and a clock: the resets, then TLS
// over reliable and protected packets.
package controlchannel

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// maxBacklog bounds what a peer can make the channel keep while TLS waits for a slow signature, in bytes.
const maxBacklog = 256 << 10

// Channel is one key's control channel. Its owner calls Receive for packets, Advance when Deadline has come or Wake
// was called, and after any call sends what Outgoing returns. It is not safe for concurrent use, and must be closed.
type Channel struct {
	config Config
	engine *engine
	now    time.Time
	limit  time.Time // when the window closes

	remote      packet.SessionID
	provisional bool // the remote session is taken from a reset that did not prove to be an answer
	resendKey   bool // the server wants the wrapped tls-crypt-v2 key again

	sender   *reliable.Sender
	receiver *reliable.Receiver
	acks     reliable.Acks
	started  bool // the peer has this side's reset, so TLS may be sent

	unsent   [][]byte // plaintext from before TLS was established
	err      error
	farewell bool // TLS ended, and may have an alert for the peer
}

// New begins a key. A client's reset, or a soft reset, is in Outgoing at once; a server waits for the client's.
func New(config Config, now time.Time) (*Channel, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("set up control channel: %w", err)
	}
	first := uint32(0)
	if config.ResetsDone {
		first = 1
	}
	c := &Channel{
		config:   config,
		now:      now,
		limit:    now.Add(config.Window),
		remote:   config.RemoteSession,
		sender:   reliable.NewSender(first, config.RetransmitAfter),
		receiver: reliable.NewReceiver(first),
		started:  config.ResetsDone,
	}
	if config.KeyID != 0 || config.Role == Client {
		c.queueReset()
	}
	c.engine = startEngine(config.Role, config.TLS, now, config.Wake)
	c.collect()
	return c, nil
}

// Receive takes an unwrapped control packet. Packets of other keys and sessions, strays and duplicates are dropped.
func (c *Channel) Receive(now time.Time, p packet.Control) {
	if !c.tick(now) || p.KeyID != c.config.KeyID {
		return
	}
	if len(p.Acks) > 0 && p.PeerSession != c.config.LocalSession {
		c.config.Logger.Debug("drop control packet: it answers another session", "opcode", p.Opcode.String(), "session", p.PeerSession.String())
		return
	}
	if !c.admit(p) {
		c.config.Logger.Debug("drop control packet: it does not belong here", "opcode", p.Opcode.String(), "id", p.ID, "session", p.Session.String())
		return
	}
	c.acknowledged(p.Acks)
	if p.Opcode != packet.AckV1 && c.engine.status().backlog < maxBacklog {
		if c.receiver.Accept(reliable.Message{ID: p.ID, Opcode: p.Opcode, Payload: p.Payload}) {
			c.acks.Add(p.ID)
		}
		c.deliver()
	}
	c.collect()
}

// acknowledged notes what of this side has arrived. When its reset has, the peer is ready for TLS.
func (c *Channel) acknowledged(ids []uint32) {
	c.sender.Acknowledge(c.now, ids)
	if c.sender.Next() > 0 && c.sender.Empty() {
		c.started = true
	}
}

// deliver hands messages in order to TLS.
func (c *Channel) deliver() {
	for {
		m, ok := c.receiver.Next()
		if !ok {
			return
		}
		switch m.Opcode {
		case packet.ControlV1, packet.ControlWKCV1:
			c.engine.feed(m.Payload)
		case packet.HardResetServerV2:
			c.negotiateEarly(m.Payload)
		}
	}
}

// negotiateEarly reads what a server says in its reset. It says it to tls-crypt-v2 clients only; of others the draft
// wants it ignored.
func (c *Channel) negotiateEarly(payload []byte) {
	if c.config.Wrap.Mode() != tlswrap.CryptV2 {
		return
	}
	resend, err := tlswrap.ParseEarlyNegotiation(payload)
	if err != nil {
		c.fail(fmt.Errorf("read server's reset: %w", err))
		return
	}
	c.resendKey = resend
}

// Write queues application data, to be sent when TLS is established. Up to 16 KiB go in one TLS record, which OpenVPN
// takes for one message.
func (c *Channel) Write(plaintext []byte) {
	if c.err != nil || len(plaintext) == 0 {
		return
	}
	c.unsent = append(c.unsent, append([]byte(nil), plaintext...))
	c.collect()
}

// Read returns the application data that has arrived since the last call, nil if none has. It still returns what came
// before an error.
func (c *Channel) Read() []byte {
	var all []byte
	for record := c.ReadRecord(); record != nil; record = c.ReadRecord() {
		all = append(all, record...)
	}
	return all
}

// ReadRecord returns the oldest TLS record of application data that has arrived, nil if there is none. Old peers mark
// the end of a message with the end of a record.
func (c *Channel) ReadRecord() []byte { return c.engine.takeRecord() }

// Advance lets time pass, and notices slow work that has finished.
func (c *Channel) Advance(now time.Time) {
	if c.tick(now) {
		c.collect()
	}
}

// tick sets the clock and reports whether the channel still lives.
func (c *Channel) tick(now time.Time) bool {
	c.now = now
	c.engine.setClock(now)
	if c.err != nil {
		return false
	}
	status := c.engine.status()
	if status.state == nil && !status.ended && !now.Before(c.limit) {
		c.fail(fmt.Errorf("agree on a key within %v: %w", c.config.Window, c.missing(status)))
		return false
	}
	return true
}

// missing is what the handshake waits for.
func (c *Channel) missing(status status) error {
	switch {
	case status.slow:
		return ErrSignatureStalled
	case !c.started:
		return ErrNoAnswer
	}
	return ErrTLSStalled
}

// collect lets TLS work with what it was given, and notices what has become of it.
func (c *Channel) collect() {
	if c.err != nil {
		return
	}
	c.engine.settle()
	status := c.engine.status()
	if status.state != nil && !status.ended {
		for len(c.unsent) > 0 {
			// An error here is TLS's own, and ends its goroutine too.
			if err := c.engine.write(c.unsent[0]); err != nil {
				c.failTLS(err, true)
				return
			}
			c.unsent = c.unsent[1:]
		}
	}
	if status.ended {
		c.failTLS(status.err, status.state != nil)
	}
}

// fail ends the channel.
func (c *Channel) fail(err error) {
	if c.err == nil {
		c.err = err
		c.unsent = nil
		c.engine.close()
	}
}

// failTLS ends the channel after TLS has ended. What that has still to say, an alert, stays in Outgoing.
func (c *Channel) failTLS(err error, established bool) {
	if c.err == nil {
		c.farewell = true
		c.fail(newTLSError(err, established))
	}
}

// Deadline is when Advance is to be called; zero when only a packet can change anything. A time that is past means now.
func (c *Channel) Deadline() time.Time {
	if c.err != nil {
		return time.Time{}
	}
	if c.acks.Pending() > 0 {
		return c.now
	}
	deadline := c.sender.Deadline()
	if c.engine.status().state == nil && (deadline.IsZero() || c.limit.Before(deadline)) {
		deadline = c.limit
	}
	return deadline
}

// TLSState is the state of the TLS connection once its handshake is done; its ExportKeyingMaterial works then.
func (c *Channel) TLSState() (tls.ConnectionState, bool) {
	if state := c.engine.status().state; state != nil {
		return *state, true
	}
	return tls.ConnectionState{}, false
}

// Delivered reports whether everything written has been sent and the peer has acknowledged it.
func (c *Channel) Delivered() bool {
	return len(c.unsent) == 0 && c.sender.Empty() && c.engine.status().outgoing == 0
}

// KeyID is the channel's key id.
func (c *Channel) KeyID() uint8 { return c.config.KeyID }

// RemoteSession is the peer's session id, zero until it is known.
func (c *Channel) RemoteSession() packet.SessionID { return c.remote }

// Resend makes what the peer has not acknowledged due at once, because the path to it is new.
func (c *Channel) Resend(now time.Time) {
	if c.tick(now) {
		c.sender.Resend(now)
	}
}

// Err is why the channel is at its end: a *TLSError, an error that is ErrNoAnswer, ErrTLSStalled or
// ErrSignatureStalled, reliable.ErrExhausted, or ErrClosed. It is nil while the channel lives. Outgoing should be
// asked once more after an error: there may be an alert for the peer.
func (c *Channel) Err() error { return c.err }

// Close ends the channel and its goroutine. One that waits for a slow signature ends when that comes.
func (c *Channel) Close() {
	c.fail(ErrClosed)
	c.engine.close()
}
