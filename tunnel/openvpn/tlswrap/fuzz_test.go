package tlswrap_test

import (
	"bytes"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

func FuzzUnwrap(f *testing.F) {
	for _, wire := range captured(f) {
		f.Add(wire)
	}
	all := pairs(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		for _, pair := range all {
			for _, config := range []tlswrap.Config{pair.client, pair.server} {
				before := bytes.Clone(wire)
				c, err := newWrapper(t, config).Unwrap(noon, wire)
				if !bytes.Equal(before, wire) {
					t.Errorf("%s changed the packet", pair.name)
				}
				if err == nil && (!c.Opcode.IsControl() || len(c.Acks) > packet.MaxAcks) {
					t.Errorf("%s accepted %v", pair.name, c)
				}
			}
		}
	})
}

// FuzzForgery wraps a packet and changes it: only the packet itself may pass.
func FuzzForgery(f *testing.F) {
	f.Add([]byte("payload"), uint16(3), byte(1))
	f.Add([]byte{}, uint16(0), byte(0))
	all := pairs(f)
	f.Fuzz(func(t *testing.T, payload []byte, at uint16, flip byte) {
		if len(payload) > 2048 {
			return
		}
		for _, pair := range all {
			if pair.client.Mode == tlswrap.None {
				continue
			}
			client, server := newWrapper(t, pair.client), newWrapper(t, pair.server)
			wire := wrap(t, client, packet.Control{Opcode: client.ClientReset(), Session: local, Payload: payload})
			wire[int(at)%len(wire)] ^= flip
			c, err := server.Unwrap(noon, wire)
			if (err == nil) != (flip == 0) {
				t.Errorf("%s: changed by %#x at %d: %v", pair.name, flip, at, err)
			}
			if err == nil && !bytes.Equal(c.Payload, payload) {
				t.Errorf("%s: payload %x became %x", pair.name, payload, c.Payload)
			}
		}
	})
}

func FuzzParseStaticKey(f *testing.F) {
	f.Add(readFile(f, "testdata/static.key"))
	f.Add(bare(f))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := tlswrap.ParseStaticKey(text)
		if err != nil {
			return
		}
		again, err := tlswrap.ParseStaticKey(key.PEM())
		if err != nil || *again != *key {
			t.Errorf("%q does not survive: %v", text, err)
		}
	})
}

func FuzzParseClientKey(f *testing.F) {
	f.Add(readFile(f, "testdata/tls-crypt-v2-client.key"))
	f.Add(readFile(f, "testdata/tls-crypt-v2-server.key"))
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := tlswrap.ParseServerKey(text); err == nil {
			if again, err := tlswrap.ParseServerKey(key.PEM()); err != nil || *again != *key {
				t.Errorf("server key %q does not survive: %v", text, err)
			}
		}
		key, err := tlswrap.ParseClientKey(text)
		if err != nil {
			return
		}
		if again, err := tlswrap.ParseClientKey(key.PEM()); err != nil || again.PEM() != key.PEM() {
			t.Errorf("client key %q does not survive: %v", text, err)
		}
		w := newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: key})
		wrap(t, w, packet.Control{Opcode: packet.HardResetClientV3, Session: local})
	})
}

func FuzzParseEarlyNegotiation(f *testing.F) {
	f.Add(tlswrap.AppendResendRequest(nil))
	f.Add([]byte{0x77, 0, 0, 3, 'x', 'y', 'z'})
	f.Fuzz(func(t *testing.T, payload []byte) {
		resend, err := tlswrap.ParseEarlyNegotiation(payload)
		if err != nil {
			return
		}
		more, err := tlswrap.ParseEarlyNegotiation(tlswrap.AppendResendRequest(bytes.Clone(payload)))
		if err != nil || !more {
			t.Errorf("%x (%v) and a request: %v, %v", payload, resend, more, err)
		}
	})
}
