package controlchannel_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// wrapping is a client's wrapping and the server's arguments for it.
type wrapping struct {
	name      string
	client    tlswrap.Config
	arguments []string
}

func openvpnWrappings(t *testing.T) []wrapping {
	t.Helper()
	dir := t.TempDir()
	key, serverKey := tlswrap.GenerateStaticKey(), tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.TimestampMetadata(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	static := writeFile(t, dir, "static.key", key.PEM())
	v2 := writeFile(t, dir, "v2.key", serverKey.PEM())
	all := []wrapping{
		{"none", tlswrap.Config{}, nil},
		{"tls-auth without direction", tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256"}, []string{"--tls-auth", static, "--auth", "SHA256"}},
		{"tls-crypt", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, []string{"--tls-crypt", static}},
		{"tls-crypt-v2", tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey}, []string{"--tls-crypt-v2", v2}},
	}
	for _, digest := range []string{"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"} {
		all = append(all, wrapping{"tls-auth " + digest,
			tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: digest, Direction: tlswrap.Inverse},
			[]string{"--tls-auth", static, "0", "--auth", digest}})
	}
	return all
}

// TestAgainstOpenVPN goes through TLS and the key exchange with Debian's OpenVPN.
func TestAgainstOpenVPN(t *testing.T) {
	for _, wrapping := range openvpnWrappings(t) {
		for _, stream := range []bool{false, true} {
			for version, number := range tlsVersions {
				t.Run(fmt.Sprintf("%s, stream %v, %s", wrapping.name, stream, version), func(t *testing.T) {
					d := startOpenVPN(t, stream, wrapping.arguments...)
					d.client.MaxVersion = number
					wrap := newWrapper(t, wrapping.client)
					channel, err := controlchannel.New(controlchannel.Config{
						LocalSession: packet.NewSessionID(), Wrap: wrap, TLS: d.client, Stream: stream,
					}, time.Now())
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(channel.Close)
					channel.Write(keyMethod2(0))
					var answer []byte
					caller := d.dial(t, stream)
					caller.drive(channel, wrap, func([]byte) {}, func() bool {
						answer = append(answer, channel.Read()...)
						return len(answer) > 0
					})
					if !bytes.HasPrefix(answer, []byte{0, 0, 0, 0, 2}) || !bytes.Contains(answer, []byte("tls-server")) {
						t.Errorf("answer %q", answer)
					}
					state, _ := channel.TLSState()
					if state.Version != number {
						t.Errorf("TLS version %#x", state.Version)
					}
					// Over UDP the server keeps nothing of the first packet, and asks for the key once more.
					askedAgain := wrapping.client.Mode == tlswrap.CryptV2 && !stream
					if slices.Contains(caller.sent, packet.ControlWKCV1) != askedAgain {
						t.Errorf("sent %v", caller.sent)
					}
					if !d.log.contains("VERIFY OK: depth=0, CN=laptop") {
						t.Error("openvpn did not verify the client's certificate")
					}
				})
			}
		}
	}
}

// TestOpenVPNRenegotiates lets Debian's OpenVPN ask for a second key and agrees on it under dynamic tls-crypt.
func TestOpenVPNRenegotiates(t *testing.T) {
	for _, wrapping := range openvpnWrappings(t)[:4] {
		t.Run(wrapping.name, func(t *testing.T) {
			t.Parallel()
			d := startOpenVPN(t, true, append([]string{"--reneg-sec", "2", "2"}, wrapping.arguments...)...)
			wrap := newWrapper(t, wrapping.client)
			config := controlchannel.Config{LocalSession: packet.NewSessionID(), Wrap: wrap, TLS: d.client, Stream: true}
			first, err := controlchannel.New(config, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(first.Close)
			// DATA_V2, push request, TLS key export and dynamic tls-crypt.
			first.Write(keyMethod2(1<<1 | 1<<2 | 1<<3 | 1<<9))
			caller := d.dial(t, true)
			var request []byte
			caller.drive(first, wrap, func(wire []byte) { request = wire }, func() bool { return request != nil })

			state, _ := first.TLSState()
			material, err := state.ExportKeyingMaterial(tlswrap.DynamicLabel, nil, tlswrap.DynamicSize)
			if err != nil {
				t.Fatal(err)
			}
			if config.Wrap, err = wrap.Dynamic(material); err != nil {
				t.Fatal(err)
			}
			p, err := config.Wrap.Unwrap(time.Now(), request)
			if err != nil {
				t.Fatal(err)
			}
			if p.Opcode != packet.SoftResetV1 || p.KeyID != 1 {
				t.Fatalf("openvpn renegotiates with %v", p)
			}
			config.KeyID, config.RemoteSession = p.KeyID, p.Session
			second, err := controlchannel.New(config, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(second.Close)
			second.Receive(time.Now(), p)
			second.Write(keyMethod2(1<<1 | 1<<2 | 1<<3 | 1<<9))
			var answer []byte
			caller.drive(second, config.Wrap, func([]byte) {}, func() bool {
				answer = append(answer, second.Read()...)
				return len(answer) > 0
			})
			if !bytes.HasPrefix(answer, []byte{0, 0, 0, 0, 2}) {
				t.Errorf("answer %q", answer)
			}
		})
	}
}
