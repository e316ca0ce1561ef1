package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// ID names a session of one server. It is never used twice.
type ID uint64

// farewell is how long an ending session waits for the client to acknowledge its last message (OpenVPN push.c, send_auth_failed).
const farewell = 5 * time.Second

// Why a session ended.
var (
	errReset        = errors.New("connection reset as asked for") // by a fault or by Disconnect
	errClosed       = errors.New("session closed")
	errClientLeft   = errors.New("client left")
	errClientSilent = errors.New("client is silent")
	errRefused      = errors.New("login was refused")
	errStopped      = errors.New("gateway stops")
	errReplaced     = errors.New("client has begun a new session")
)

// dataKeys is where a session's agreed keys go: the data channel.
type dataKeys interface {
	// install makes keys receivable; use seals with them from now on; retire forgets them.
	install(keyID uint8, keys *keymethod.Keys, t *terms) error
	use(keyID uint8)
	retire(keyID uint8)
}

// surroundings is what a session asks of the server that runs it.
type surroundings struct {
	config  *Config
	faults  func() *faultState
	options func() []string // the options that every client gets now
	tls     func() *tls.Config
	pool    *pool

	// decide calls f elsewhere and hands what it returns to session.decided later.
	decide func(key *key, f func(ctx context.Context) (Decision, error))
	// join is called when the client has signed in: data may flow for it.
	join func(l lease, d *Decision)
}

// session is the control side of one client, driven by packets and a clock.
type session struct {
	surroundings
	id     ID
	peerID uint32
	stream bool
	remote func() netip.AddrPort
	logger *slog.Logger
	data   dataKeys

	local, client packet.SessionID
	wrap, dynamic *tlswrap.Wrapper // dynamic is for renegotiated keys, nil: the same

	keys     int  // that were agreed on
	current  *key // the newest whose exchange is done
	next     *key // being agreed upon
	old      *key // replaced, still accepted
	expires  time.Time
	renewAt  time.Time
	joined   bool
	pushed   time.Time // when the configuration was
	asked    bool      // PUSH_REQUEST has come
	lease    lease
	decision Decision
	terms    terms
	login    Login // the last that was accepted

	err    error // why the session has ended, or is about to
	endsAt time.Time
	over   bool
	out    [][]byte
}

// newSession begins a session with the client's first packet, which must be a hard reset that the wrapper accepts.
func newSession(s session, now time.Time, first []byte) (*session, error) {
	wrap, err := tlswrap.New(s.config.Wrap)
	if err != nil {
		return nil, err
	}
	control, err := wrap.Unwrap(now, first)
	if err != nil {
		return nil, err
	}
	if control.Opcode != packet.HardResetClientV2 && control.Opcode != packet.HardResetClientV3 {
		return nil, fmt.Errorf("begin session: %v is no client's reset", control.Opcode)
	}
	s.wrap, s.local, s.client = wrap, packet.NewSessionID(), control.Session
	if s.faults().ResetAfterReset {
		return nil, errReset
	}
	if s.next, err = s.newKey(now, 0, false); err != nil {
		return nil, err
	}
	s.next.receive(now, control)
	s.collect(now)
	return &s, nil
}

// newKey begins to agree on a key.
func (s *session) newKey(now time.Time, id uint8, byServer bool) (*key, error) {
	config := controlchannel.Config{
		Role:            controlchannel.Server,
		KeyID:           id,
		LocalSession:    s.local,
		Wrap:            s.wrapFor(id),
		TLS:             s.tls(),
		Stream:          s.stream,
		RetransmitAfter: s.config.RetransmitAfter,
		Window:          s.config.HandshakeWindow,
		MaxPacket:       s.config.MaxControlPacket,
		Logger:          s.logger,
	}
	if id != 0 {
		config.RemoteSession = s.client
	}
	channel, err := controlchannel.New(config, now)
	if err != nil {
		return nil, err
	}
	return &key{id: id, byServer: byServer, channel: channel, limit: now.Add(s.config.HandshakeWindow)}, nil
}

// wrapFor is the wrapper of a key's control packets.
func (s *session) wrapFor(keyID uint8) *tlswrap.Wrapper {
	if keyID != 0 && s.dynamic != nil {
		return s.dynamic
	}
	return s.wrap
}

// receive takes a control packet from the wire.
func (s *session) receive(now time.Time, wire []byte) {
	if s.over || len(wire) == 0 || s.faults().Silent {
		return
	}
	_, keyID := packet.ParseFirstByte(wire[0])
	control, err := s.wrapFor(keyID).Unwrap(now, wire)
	if err != nil {
		s.logger.Debug("drop control packet", "error", err)
		if s.stream && !errors.Is(err, tlswrap.ErrReplay) {
			s.end(fmt.Errorf("read control packet: %w", err))
		}
		return
	}
	if control.Session != s.client {
		return
	}
	if s.misbehave(&control) {
		return
	}
	key := s.keyFor(now, &control)
	if key == nil {
		return
	}
	key.receive(now, control)
	s.advanceKey(now, key)
	s.collect(now)
}

// misbehave reports whether a fault takes the packet away.
func (s *session) misbehave(control *packet.Control) bool {
	if control.Opcode != packet.ControlV1 && control.Opcode != packet.ControlWKCV1 {
		return false
	}
	faults := s.faults()
	if faults.ResetOnLongHello && s.current == nil && control.ID == 1 && isCut(control.Payload) {
		s.reset()
		return true
	}
	return faults.StallTLS
}

// isCut reports whether a TLS record that begins here goes on in another packet (RFC 8446 section 5.1).
func isCut(payload []byte) bool {
	const header = 5
	return len(payload) < header || header+int(payload[3])<<8+int(payload[4]) > len(payload)
}

// keyFor finds whose a packet is. A soft reset from the client begins the next key.
func (s *session) keyFor(now time.Time, control *packet.Control) *key {
	for _, key := range []*key{s.next, s.current, s.old} {
		if key != nil && key.id == control.KeyID {
			return key
		}
	}
	if control.Opcode != packet.SoftResetV1 || s.current == nil || s.next != nil || s.err != nil || control.KeyID != packet.NextKeyID(s.current.id) {
		return nil
	}
	if err := s.renegotiate(now, false); err != nil {
		s.end(err)
	}
	return s.next
}

// renegotiate begins the next key.
func (s *session) renegotiate(now time.Time, byServer bool) error {
	if s.current == nil || s.next != nil || s.err != nil {
		return errors.New("renegotiate: the session has no key to replace, or is replacing it")
	}
	key, err := s.newKey(now, packet.NextKeyID(s.current.id), byServer)
	if err != nil {
		return fmt.Errorf("renegotiate: %w", err)
	}
	s.next = key
	s.logger.Debug("renegotiate", "key", key.id, "by server", byServer)
	return nil
}

// advance lets time pass.
func (s *session) advance(now time.Time) {
	if s.over {
		return
	}
	for _, key := range []*key{s.old, s.current, s.next} {
		if key != nil {
			key.channel.Advance(now)
			s.advanceKey(now, key)
		}
	}
	if s.old != nil && !now.Before(s.expires) {
		s.dropOld()
	}
	if s.err == nil && s.joined && s.next == nil && !s.renewAt.IsZero() && !now.Before(s.renewAt) {
		if err := s.renegotiate(now, true); err != nil {
			s.end(err)
		}
	}
	s.collect(now)
	if s.err != nil && (!now.Before(s.endsAt) || s.current != nil && s.current.channel.Delivered()) {
		s.end(s.err)
	}
}

func (s *session) dropOld() {
	s.data.retire(s.old.id)
	s.old.channel.Close()
	s.old = nil
}

// deadline is when advance is to be called; zero: only when something happens.
func (s *session) deadline() time.Time {
	if s.over {
		return time.Time{}
	}
	deadline := time.Time{}
	sooner := func(t time.Time) {
		if !t.IsZero() && (deadline.IsZero() || t.Before(deadline)) {
			deadline = t
		}
	}
	for _, key := range []*key{s.old, s.current, s.next} {
		if key != nil {
			sooner(key.deadline())
		}
	}
	if s.old != nil {
		sooner(s.expires)
	}
	if s.joined && s.next == nil && s.err == nil {
		sooner(s.renewAt)
	}
	if s.err != nil {
		sooner(s.endsAt)
	}
	return deadline
}

// collect gathers the packets to send.
func (s *session) collect(now time.Time) {
	for _, key := range []*key{s.old, s.current, s.next} {
		if key != nil {
			s.out = append(s.out, key.channel.Outgoing()...)
		}
	}
}

// outgoing returns the control packets to send now.
func (s *session) outgoing() [][]byte {
	out := s.out
	s.out = nil
	if s.faults().Silent {
		return nil
	}
	return out
}

// send queues a control message under the newest key, before which it waits to be agreed.
func (s *session) send(now time.Time, message push.Message) error {
	if s.current == nil || s.over {
		return errors.New("send control message: the session has no key yet, or has ended")
	}
	s.current.send(message)
	s.collect(now)
	return nil
}

// leave ends the session when the client has acknowledged a last message.
func (s *session) leave(now time.Time, message push.Message, why error) {
	if s.err != nil {
		return
	}
	if s.send(now, message) != nil {
		s.end(why)
		return
	}
	s.err, s.endsAt = why, now.Add(farewell)
}

// reset ends the session and, where the transport can, breaks the connection off.
func (s *session) reset() { s.end(errReset) }

// end ends the session now. Packets that are to be sent, such as TLS alerts, may still be.
func (s *session) end(why error) {
	if s.over {
		return
	}
	s.over = true
	if s.err == nil || why == errReset {
		s.err = why
	}
	for _, key := range []*key{s.old, s.current, s.next} {
		if key != nil {
			s.out = append(s.out, key.channel.Outgoing()...)
			key.channel.Close()
		}
	}
	if s.joined {
		s.pool.release(s.lease)
	}
}
