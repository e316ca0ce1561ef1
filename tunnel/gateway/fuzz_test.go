package gateway

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Whatever a client sends that shares no key with the gateway, its session stays a session that has not signed in.
func FuzzSessionReceives(f *testing.F) {
	session := packet.SessionID{1, 2, 3, 4, 5, 6, 7, 8}
	f.Add((&packet.Control{Opcode: packet.HardResetClientV2, Session: session}).Append(nil), []byte{0x28})
	f.Add((&packet.Control{Opcode: packet.HardResetClientV2, Session: session}).Append(nil),
		(&packet.Control{Opcode: packet.ControlV1, Session: session, ID: 1, Payload: []byte{22, 3, 1, 0, 5, 1, 0, 0, 1, 0}}).Append(nil))
	f.Add((&packet.Control{Opcode: packet.HardResetClientV2, Session: session}).Append(nil),
		(&packet.Control{Opcode: packet.SoftResetV1, KeyID: 1, Session: session}).Append(nil))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := newConversation(t, func(config *Config) { config.Wrap = tlswrap.Config{} })
		if err := c.beginWith(first); err != nil {
			return
		}
		for range 2 {
			c.session.receive(c.now, second)
			c.session.advance(c.now)
			c.session.outgoing()
			c.now = c.now.Add(c.config.HandshakeWindow)
		}
		c.session.advance(c.now)
		if c.joined || len(c.keys.installed) > 0 {
			t.Error("signed in")
		}
		if !c.session.over {
			t.Error("the session lives on")
		}
	})
}
