package controlchannel_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// FuzzReceive plays a peer that passes the wrapping and then says anything.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("\x08\x01\x00\x00" + "\x04\x01\x01\x05hello" + "\x05\x01\x00\x00"))
	f.Add([]byte("\x08\x01\x00\x00" + "\x04\x01\x01\x07\x15\x03\x03\x00\x02\x02\x28"))
	f.Add([]byte("\x07\x00\x00\x00" + "\x04\x01\x01\x05\x16\x03\x01\x02\x00"))
	root := newAuthority(f, start)
	configs := map[controlchannel.Role]*tls.Config{
		controlchannel.Client: {RootCAs: root.pool, ServerName: "gateway"},
		controlchannel.Server: {Certificates: []tls.Certificate{root.issue(f, "gateway", ecdsaKey(f), start)}},
	}
	local, remote := packet.NewSessionID(), packet.NewSessionID()
	f.Fuzz(func(t *testing.T, script []byte) {
		for role, config := range configs {
			channel, err := controlchannel.New(controlchannel.Config{Role: role, LocalSession: local, TLS: config}, start)
			if err != nil {
				t.Fatal(err)
			}
			now := start
			for rest := script; len(rest) >= 4; {
				c := packet.Control{Opcode: packet.Opcode(rest[0] & 15), KeyID: rest[0] >> 7, Session: remote, PeerSession: local, ID: uint32(rest[2])}
				for id := range uint32(rest[1] % 4) {
					c.Acks = append(c.Acks, id)
				}
				size := min(int(rest[3]), len(rest)-4)
				c.Payload, rest = rest[4:4+size], rest[4+size:]
				now = now.Add(100 * time.Millisecond)
				channel.Receive(now, c)
				for _, wire := range channel.Outgoing() {
					if _, err := packet.ParseControl(wire); err != nil {
						t.Errorf("sent %x: %v", wire, err)
					}
				}
				if _, established := channel.TLSState(); established || len(channel.Read()) > 0 {
					t.Error("TLS was established with nobody")
				}
			}
			channel.Close()
			if channel.Err() == nil {
				t.Error("a closed channel has no error")
			}
		}
	})
}
