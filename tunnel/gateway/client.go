package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// inboxSize is how many control packets of a client wait before more are dropped; the client sends them again.
const inboxSize = 32

// client runs a session: it is the goroutine that owns it, and the data path beside.
type client struct {
	server    *Server
	session   *session
	link      link
	data      *dataChannel
	keepalive keepalive
	logger    *slog.Logger

	ctx      context.Context // ends with the session
	cancel   context.CancelCauseFunc
	inbox    chan []byte
	inBand   chan struct{} // messages in the data channel wait
	commands chan func(now time.Time)
	ended    chan struct{} // closed when run has returned

	onJoin   func()                // nil: nothing more to do
	joined   time.Time             // when the client signed in; of the session's goroutine
	inner    atomic.Pointer[inner] // nil until signed in
	snapshot atomic.Pointer[Session]

	pending  [][]byte // the device reader's
	deciding sync.WaitGroup
}

// newClient begins a session with its first packet.
func (s *Server) newClient(ctx context.Context, link link, first []byte) (*client, error) {
	id := ID(s.lastID.Add(1))
	c := &client{server: s, link: link, keepalive: s.config.keepalive(),
		logger: s.config.Logger.With("session", uint64(id), "client", link.remote().String()),
		inbox:  make(chan []byte, inboxSize), inBand: make(chan struct{}, 1), commands: make(chan func(time.Time)), ended: make(chan struct{})}
	c.data = newDataChannel(&s.config, link.stream(), s.faults.Load)
	c.data.OnInBand(func() { signal(c.inBand) })
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	session, err := newSession(session{
		surroundings: surroundings{config: &s.config, faults: s.faults.Load, options: s.options, tls: s.tlsConfig.Load, pool: s.pool,
			decide: c.decide, join: c.join},
		id: id, stream: link.stream(), remote: link.remote, logger: c.logger, data: c.data,
	}, time.Now(), first)
	if err == nil {
		c.session = session
		c.publish()
		if err = s.register(c); err != nil {
			session.end(err)
		}
	}
	if err != nil {
		c.cancel(err)
		return nil, err
	}
	return c, nil
}

// run drives the session to its end.
func (c *client) run() {
	defer close(c.ended)
	c.logger.Debug("session begins")
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		deadline := c.advance(time.Now())
		if c.session.over {
			break
		}
		timer.Reset(time.Until(deadline))
		select {
		case wire := <-c.inbox:
			c.session.receive(time.Now(), wire)
		case command := <-c.commands:
			command(time.Now())
		case <-c.inBand:
			c.readInBand()
		case <-timer.C:
		case <-c.ctx.Done():
			c.stop()
		}
	}
	c.finish()
}

// idle is how often a session that waits for nothing looks around.
const idle = time.Minute

// advance does what is due, sends what there is to send, and says when it is to be called again.
func (c *client) advance(now time.Time) time.Time {
	c.session.advance(now)
	again := now.Add(idle)
	if c.session.joined && c.session.err == nil {
		again = sooner(again, c.keepAlive(now))
	}
	c.publish() // before the client can know
	if out := c.session.outgoing(); len(out) > 0 {
		c.server.faults.Load().corruptPackets(out)
		c.link.writeControl(out)
	}
	return sooner(again, c.session.deadline())
}

func sooner(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// keepAlive pings a client that was not sent anything for a while, and ends the session of one that is silent.
func (c *client) keepAlive(now time.Time) (again time.Time) {
	ping, dead, again := c.keepalive.due(now, c.data.lastSent(), c.data.lastReceived())
	if dead {
		c.session.end(errClientSilent)
		return time.Time{}
	}
	if ping && !c.server.faults.Load().NoPings {
		c.link.write(func(b *packet.Batch) { c.data.sealInBand(b, datachannel.Ping()) })
	}
	if c.data.NeedsNewKey() {
		_ = c.session.renegotiate(now, true) // one that goes on already will do
	}
	return again
}

// readInBand does what messages in the data channel want.
func (c *client) readInBand() {
	for _, message := range c.data.InBand() {
		switch message.Message {
		case datachannel.OCCRequest:
			reply := datachannel.AppendOCC(nil, datachannel.OCCReply, append([]byte(c.session.optionsString()), 0))
			c.link.write(func(b *packet.Batch) { c.data.sealInBand(b, reply) })
		case datachannel.OCCExit:
			c.session.end(errClientLeft)
		}
	}
}

// stop ends the session from beside: because the server does, or the connection has.
func (c *client) stop() {
	why := context.Cause(c.ctx)
	if errors.Is(why, context.Canceled) {
		why = errStopped
		if c.server.config.NotifyStop && c.session.err == nil {
			_ = c.session.send(time.Now(), push.Restart{}) // without a key there is nobody to tell
		}
	}
	c.session.end(why)
}

// finish gives back what the session had.
func (c *client) finish() {
	if out := c.session.outgoing(); len(out) > 0 {
		c.link.writeControl(out)
	}
	c.cancel(c.session.err)
	c.inner.Store(nil)
	c.server.router.remove(c)
	c.deciding.Wait()
	if errors.Is(c.session.err, errReset) {
		c.link.abort()
	} else {
		c.link.close()
	}
	c.server.forget(c)
	c.logger.Info("session ended", "reason", c.session.err)
}

// deliver hands a control packet to the session. It copies it.
func (c *client) deliver(wire []byte) {
	select {
	case c.inbox <- append([]byte(nil), wire...):
	case <-c.ctx.Done():
	default:
		// A stream's packets are not sent again soon, so their reader waits.
		if c.link.stream() {
			select {
			case c.inbox <- append([]byte(nil), wire...):
			case <-c.ctx.Done():
			}
		}
	}
}

// do has the session's goroutine call f. It reports whether it did.
func (c *client) do(f func(now time.Time)) bool {
	done := make(chan struct{})
	select {
	case c.commands <- func(now time.Time) { f(now); close(done) }:
		<-done
		return true
	case <-c.ended:
		return false
	}
}

// decide implements surroundings: it asks beside the session's goroutine, so that the session goes on meanwhile.
func (c *client) decide(key *key, f func(context.Context) (Decision, error)) {
	c.deciding.Go(func() {
		decision, err := f(c.ctx)
		if c.ctx.Err() != nil {
			return
		}
		select {
		case c.commands <- func(now time.Time) { c.session.decided(now, key, decision, err) }:
		case <-c.ctx.Done():
		}
	})
}

// join implements surroundings: from now on packets for the client find it.
func (c *client) join(l lease, d *Decision) {
	mss := mssfix.NewLimit(c.server.config.MSSFix, c.link.remote().Addr().Is6(), c.link.stream(), c.data.Overhead())
	c.inner.Store(&inner{ipv4: l.ipv4, ipv6: l.ipv6, networks: d.Networks, mss: mss})
	c.server.router.add(c, l, d.Networks)
	c.joined = time.Now()
	if c.onJoin != nil {
		c.onJoin()
	}
	c.logger.Info("client signed in", "ipv4", l.ipv4.String(), "ipv6", l.ipv6.String())
}

// Session is what the server knows about a client.
type Session struct {
	ID          ID
	Name        string
	Remote      netip.AddrPort
	Stream      bool       // TCP
	IPv4, IPv6  netip.Addr // inside the tunnel; not valid: none
	SignedIn    bool
	Since       time.Time // of SignedIn
	Login       Login     // without the password
	Cipher      string    // of the data channel
	PeerID      uint32    // packet.NoPeer: none
	ExportKeys  bool      // data keys by TLS exporter
	DynamicWrap bool      // renegotiation under dynamic tls-crypt
	TLSVersion  uint16
	KeyID       uint8 // of the newest agreed key
	Keys        int   // agreed so far
	Traffic
}

// Traffic counts what was carried inside the tunnel. In is from the client.
type Traffic struct {
	BytesIn, BytesOut     uint64
	PacketsIn, PacketsOut uint64
}

// publish makes the session's state visible to other goroutines.
func (c *client) publish() {
	s := c.session
	shown := Session{ID: s.id, Stream: s.stream, SignedIn: s.joined, Login: s.login, PeerID: packet.NoPeer, Keys: s.keys}
	if s.current != nil {
		shown.KeyID = s.current.id
		shown.Cipher, shown.PeerID = s.terms.cipher, s.terms.peerID
		shown.ExportKeys, shown.DynamicWrap = s.terms.exportKeys, s.terms.dynamicWrap
		if state, ok := s.current.channel.TLSState(); ok {
			shown.TLSVersion = state.Version
		}
	}
	if s.joined {
		shown.Name, shown.Since = s.login.name(&s.decision), c.joined
		shown.IPv4, shown.IPv6 = s.lease.ipv4, s.lease.ipv6
	}
	c.snapshot.Store(&shown)
}

// view is the session as Sessions shows it.
func (c *client) view() Session {
	shown := *c.snapshot.Load()
	shown.Remote = c.link.remote()
	shown.Traffic = c.data.traffic()
	return shown
}
