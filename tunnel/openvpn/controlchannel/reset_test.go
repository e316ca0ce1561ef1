package controlchannel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// lonelyClient is a client that has sent its reset, and its session id.
func lonelyClient(t *testing.T) (*end, packet.SessionID) {
	t.Helper()
	checkGoroutines(t)
	config, _ := identities(t)
	session := packet.NewSessionID()
	e := newEnd(t, controlchannel.Config{TLS: config, LocalSession: session})
	e.Outgoing()
	return e, session
}

func TestStrayResetsAreIgnored(t *testing.T) {
	server, stranger := packet.NewSessionID(), packet.NewSessionID()
	good := func(client packet.SessionID) packet.Control {
		return packet.Control{Opcode: packet.HardResetServerV2, Session: server, Acks: []uint32{0}, PeerSession: client}
	}
	tests := []struct {
		name  string
		stray func(c *packet.Control)
	}{
		{"answers another session", func(c *packet.Control) { c.PeerSession = stranger }},
		{"of another key", func(c *packet.Control) { c.KeyID = 1 }},
		{"with another id", func(c *packet.Control) { c.ID = 1 }},
		{"without a session", func(c *packet.Control) { c.Session = packet.SessionID{} }},
		{"of a client", func(c *packet.Control) { c.Opcode = packet.HardResetClientV2 }},
		{"soft", func(c *packet.Control) { c.Opcode = packet.SoftResetV1 }},
		{"TLS before the reset", func(c *packet.Control) { c.Opcode, c.ID = packet.ControlV1, 1 }},
		{"acknowledgement before the reset", func(c *packet.Control) { c.Opcode = packet.AckV1 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, session := lonelyClient(t)
			stray := good(session)
			stray.Session = stranger
			test.stray(&stray)
			e.Receive(start, stray)
			if !e.RemoteSession().IsZero() || len(e.Outgoing()) > 0 {
				t.Fatal("the stray had an effect")
			}
			e.Receive(start, good(session))
			if e.RemoteSession() != server || len(e.Outgoing()) == 0 {
				t.Error("the answer had no effect")
			}
			e.Receive(start, packet.Control{Opcode: packet.HardResetServerV2, Session: stranger, Acks: []uint32{0}, PeerSession: session})
			if e.RemoteSession() != server {
				t.Error("a second answer took over the session")
			}
		})
	}
}

// TestAnOldServersResetHasNoAcknowledgement plays a server that repeats its reset without the acknowledgement
// that was lost with the first, and a stranger who was faster.
func TestAnOldServersResetHasNoAcknowledgement(t *testing.T) {
	e, session := lonelyClient(t)
	stranger, server := packet.NewSessionID(), packet.NewSessionID()
	e.Receive(start, packet.Control{Opcode: packet.HardResetServerV2, Session: stranger})
	if wires := e.Outgoing(); len(wires) != 1 {
		t.Fatalf("%d packets answer a reset without acknowledgement, want its acknowledgement alone", len(wires))
	}
	e.Receive(start, packet.Control{Opcode: packet.HardResetServerV2, Session: server, Acks: []uint32{0}, PeerSession: session})
	if e.RemoteSession() != server {
		t.Fatal("the proved answer was not preferred")
	}

	e, session = lonelyClient(t)
	e.Receive(start, packet.Control{Opcode: packet.HardResetServerV2, Session: server})
	e.Outgoing()
	e.Receive(start, packet.Control{Opcode: packet.AckV1, Session: server, Acks: []uint32{0}, PeerSession: session})
	var hello bool
	for _, wire := range e.Outgoing() {
		c, err := packet.ParseControl(wire)
		if err != nil {
			t.Fatal(err)
		}
		hello = hello || c.Opcode == packet.ControlV1
	}
	if !hello {
		t.Error("the client does not go on when its reset is acknowledged at last")
	}
}

func TestAServersLostAnswerIsRepeatedWithTheQuestion(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server, RetransmitAfter: time.Minute})
	lost := false
	l.fate = func(towards *end, _ []byte) (int, time.Duration) {
		if towards == l.client && !lost {
			lost = true
			return 0, 0
		}
		return 1, 0
	}
	l.establish()
	if took := l.now.Sub(start); took != controlchannel.DefaultRetransmitAfter {
		t.Errorf("took %v", took)
	}
}

// renegotiate makes the next key of an established link.
func renegotiate(t *testing.T, l *link, keyID uint8, wrap [2]*tlswrap.Wrapper, initiator controlchannel.Role) *link {
	t.Helper()
	client, server := identities(t)
	clientSession, serverSession := l.server.RemoteSession(), l.client.RemoteSession()
	configs := [2]controlchannel.Config{
		{Role: controlchannel.Client, TLS: client, KeyID: keyID, LocalSession: clientSession, RemoteSession: serverSession, Wrap: wrap[0]},
		{Role: controlchannel.Server, TLS: server, KeyID: keyID, LocalSession: serverSession, RemoteSession: clientSession, Wrap: wrap[1]},
	}
	next := &link{t: t, now: start}
	var ends [2]*end
	ends[initiator] = newEnd(t, configs[initiator])
	wires := ends[initiator].Outgoing()
	if len(wires) != 1 {
		t.Fatalf("renegotiation begins with %d packets", len(wires))
	}
	c, err := wrap[1-initiator].Unwrap(start, wires[0])
	if err != nil {
		t.Fatal(err)
	}
	if c.Opcode != packet.SoftResetV1 || c.KeyID != keyID || c.ID != 0 {
		t.Errorf("renegotiation begins with %v", c)
	}
	ends[1-initiator] = newEnd(t, configs[1-initiator])
	ends[1-initiator].Receive(start, c)
	next.client, next.server = ends[0], ends[1]
	return next
}

func TestRenegotiation(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			client, server := identities(t)
			wrap := wrappers(t, mode)
			l := newLink(t, controlchannel.Config{TLS: client, Wrap: wrap[0]}, controlchannel.Config{TLS: server, Wrap: wrap[1]})
			l.establish()

			// The session's wrapper goes on, and a dynamic one takes over.
			shared := renegotiate(t, l, 1, wrap, controlchannel.Server)
			shared.establish()
			shared.converse(2000)
			material := l.exported(tlswrap.DynamicLabel, tlswrap.DynamicSize)
			for i := range wrap {
				dynamic, err := wrap[i].Dynamic(material)
				if err != nil {
					t.Fatal(err)
				}
				wrap[i] = dynamic
			}
			keyID := uint8(2)
			for range 7 {
				renegotiated := renegotiate(t, l, keyID, wrap, controlchannel.Client)
				renegotiated.establish()
				renegotiated.converse(2000)
				keyID = packet.NextKeyID(keyID)
			}
			l.converse(100) // the first key's channel lives on
		})
	}
}

func TestBothSidesRenegotiateAtOnce(t *testing.T) {
	client, server := identities(t)
	a, b := packet.NewSessionID(), packet.NewSessionID()
	l := newLink(t,
		controlchannel.Config{TLS: client, KeyID: 3, LocalSession: a, RemoteSession: b},
		controlchannel.Config{TLS: server, KeyID: 3, LocalSession: b, RemoteSession: a})
	l.fate = lossy(7, 0.2)
	l.establish()
	l.converse(100)
}

// TestAServerWithoutMemory answers a reset without keeping anything, and takes the session up when the client proves
// that it got the answer.
func TestAServerWithoutMemory(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			clientTLS, serverTLS := identities(t)
			configs := wrapConfigs(t, mode)
			wrap := [2]*tlswrap.Wrapper{newWrapper(t, configs[0]), newWrapper(t, configs[1])}
			checkGoroutines(t)
			l := &link{t: t, now: start}
			clientSession, serverSession := packet.NewSessionID(), packet.NewSessionID()
			l.client = newEnd(t, controlchannel.Config{TLS: clientTLS, Wrap: wrap[0], LocalSession: clientSession})

			question, err := wrap[1].Unwrap(start, l.client.Outgoing()[0])
			if err != nil {
				t.Fatal(err)
			}
			answer := packet.Control{Opcode: packet.HardResetServerV2, Session: serverSession, Acks: []uint32{0}, PeerSession: question.Session}
			if mode == "tls-crypt-v2" {
				if !wrap[1].SupportsEarlyNegotiation() {
					t.Fatal("the client does not say that it can send its key again")
				}
				answer.Payload = tlswrap.AppendResendRequest(nil)
			}
			l.client.Receive(start, answer)

			// Here the server has forgotten everything, its wrapper's client key too.
			fresh := newWrapper(t, configs[1])
			wires := l.client.Outgoing()
			first, err := fresh.Unwrap(start, wires[0])
			if err != nil {
				t.Fatal(err)
			}
			want := packet.ControlV1
			if mode == "tls-crypt-v2" {
				want = packet.ControlWKCV1
			}
			if first.Opcode != want || first.ID != 1 || first.PeerSession != serverSession {
				t.Fatalf("client went on with %v", first)
			}
			if limit := controlchannel.DefaultMaxPacket - 48; len(wires[0]) > limit {
				t.Errorf("packet of %d bytes, at most %d", len(wires[0]), limit)
			}
			l.server = newEnd(t, controlchannel.Config{Role: controlchannel.Server, TLS: serverTLS, Wrap: fresh,
				LocalSession: serverSession, RemoteSession: clientSession, ResetsDone: true})
			l.server.Receive(start, first)
			for _, wire := range wires[1:] {
				l.flying = append(l.flying, flight{l.server, wire, start})
			}
			l.establish()
			l.converse(3000)
		})
	}
}

func TestAMalformedNegotiationEndsTheChannel(t *testing.T) {
	config, _ := identities(t)
	checkGoroutines(t)
	wrap := wrappers(t, "tls-crypt-v2")
	session := packet.NewSessionID()
	e := newEnd(t, controlchannel.Config{TLS: config, Wrap: wrap[0], LocalSession: session})
	e.Receive(start, packet.Control{Opcode: packet.HardResetServerV2, Session: packet.NewSessionID(), Acks: []uint32{0}, PeerSession: session, Payload: []byte{0, 1, 0}})
	if !errors.Is(e.Err(), tlswrap.ErrMalformed) {
		t.Errorf("error %v", e.Err())
	}
}

func TestResendAfterARebind(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client, RetransmitAfter: 30 * time.Second}, controlchannel.Config{TLS: server})
	down := true
	l.fate = func(*end, []byte) (int, time.Duration) {
		if down {
			return 0, 0
		}
		return 1, 0
	}
	l.send()
	down = false
	l.now = start.Add(time.Second)
	l.client.Resend(l.now)
	l.establish()
	if took := l.now.Sub(start); took != time.Second {
		t.Errorf("took %v", took)
	}
}
