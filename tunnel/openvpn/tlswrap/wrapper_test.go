package tlswrap_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/digest"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

var (
	noon   = time.Unix(1_800_000_000, 0)
	local  = packet.SessionID{1, 2, 3, 4, 5, 6, 7, 8}
	remote = packet.SessionID{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8}
	tls    = packet.Control{Opcode: packet.ControlV1, Session: local, Acks: []uint32{1, 2}, PeerSession: remote, ID: 3, Payload: []byte("a TLS record")}
	acks   = packet.Control{Opcode: packet.AckV1, Session: local, Acks: []uint32{7}, PeerSession: remote, Payload: []byte{}}
)

func wrap(t testing.TB, w *tlswrap.Wrapper, c packet.Control) []byte {
	t.Helper()
	wire, err := w.Wrap(noon, nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// introduce lets a server learn a tls-crypt-v2 client's key.
func introduce(t testing.TB, client, server *tlswrap.Wrapper) {
	t.Helper()
	if _, err := server.Unwrap(noon, wrap(t, client, packet.Control{Opcode: client.ClientReset(), Session: local})); err != nil {
		t.Fatal(err)
	}
}

func TestBothWays(t *testing.T) {
	for _, pair := range pairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			client, server := newWrapper(t, pair.client), newWrapper(t, pair.server)
			introduce(t, client, server)
			for _, c := range []packet.Control{tls, acks} {
				got, err := server.Unwrap(noon, wrap(t, client, c))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c, got); diff != "" {
					t.Errorf("to the server: %s", diff)
				}
				if got, err = client.Unwrap(noon, wrap(t, server, c)); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c, got); diff != "" {
					t.Errorf("to the client: %s", diff)
				}
			}
		})
	}
}

func TestEveryByteIsProtected(t *testing.T) {
	for _, pair := range pairs(t) {
		if pair.client.Mode == tlswrap.None {
			continue
		}
		t.Run(pair.name, func(t *testing.T) {
			for _, c := range []packet.Control{{Opcode: newWrapper(t, pair.client).ClientReset(), Session: local}, tls} {
				client, server := newWrapper(t, pair.client), newWrapper(t, pair.server)
				if c.Opcode == packet.ControlV1 {
					introduce(t, client, server)
				}
				wire := wrap(t, client, c)
				for i := range wire {
					forged := bytes.Clone(wire)
					forged[i] ^= 0x20
					if _, err := server.Unwrap(noon, forged); err == nil {
						t.Errorf("%v with byte %d changed is accepted", c.Opcode, i)
					}
				}
				for end := range wire {
					if _, err := server.Unwrap(noon, wire[:end]); err == nil {
						t.Errorf("%v cut at %d is accepted", c.Opcode, end)
					}
				}
				// Forgeries leave no trace: the packet itself is still welcome.
				if _, err := server.Unwrap(noon, wire); err != nil {
					t.Errorf("%v after its forgeries: %v", c.Opcode, err)
				}
			}
		})
	}
}

func TestAnotherPeerIsRefused(t *testing.T) {
	key, other := staticKey(t), tlswrap.GenerateStaticKey()
	auth := tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Inverse}
	with := func(change func(*tlswrap.Config)) tlswrap.Config { c := auth; change(&c); return c }
	server := tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal, Server: true}
	strangerKey, err := tlswrap.GenerateServerKey().NewClientKey(tlswrap.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name           string
		client, server tlswrap.Config
		want           error
	}{
		{"key", with(func(c *tlswrap.Config) { c.Key = other }), server, tlswrap.ErrAuthentication},
		{"digest", with(func(c *tlswrap.Config) { c.Digest = "SHA384" }), server, tlswrap.ErrAuthentication},
		{"direction of the server", with(func(c *tlswrap.Config) { c.Direction = tlswrap.Normal }), server, tlswrap.ErrAuthentication},
		{"no wrapping", tlswrap.Config{}, server, tlswrap.ErrMalformed},
		{"tls-crypt against tls-auth", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, server, tlswrap.ErrAuthentication},
		{"tls-crypt of the other side", tlswrap.Config{Mode: tlswrap.Crypt, Key: key, Server: true}, tlswrap.Config{Mode: tlswrap.Crypt, Key: key, Server: true}, tlswrap.ErrAuthentication},
		{"client key of another server", tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: strangerKey}, tlswrap.Config{Mode: tlswrap.CryptV2, ServerKey: serverKey(t), Server: true}, tlswrap.ErrAuthentication},
		{"wrapped key where none belongs", tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: strangerKey}, server, tlswrap.ErrMalformed},
		{"no wrapped key where one belongs", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, tlswrap.Config{Mode: tlswrap.CryptV2, ServerKey: serverKey(t), Server: true}, tlswrap.ErrNoClientKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newWrapper(t, test.client)
			reset := packet.Control{Opcode: client.ClientReset(), Session: local}
			if _, err := newWrapper(t, test.server).Unwrap(noon, wrap(t, client, reset)); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestReplaysAreRefused(t *testing.T) {
	for _, pair := range pairs(t) {
		if pair.client.Mode == tlswrap.None {
			continue
		}
		t.Run(pair.name, func(t *testing.T) {
			client, server := newWrapper(t, pair.client), newWrapper(t, pair.server)
			introduce(t, client, server)
			var wires [][]byte
			for range 100 {
				wires = append(wires, wrap(t, client, tls))
			}
			accepted := func(i int) bool {
				_, err := server.Unwrap(noon, wires[i])
				if err != nil && !errors.Is(err, tlswrap.ErrReplay) {
					t.Fatal(err)
				}
				return err == nil
			}
			for _, step := range []struct {
				i    int
				want bool
			}{
				{0, true}, {0, false}, {2, true}, {1, true}, {1, false}, {2, false},
				{99, true}, {98, true}, {36, true}, {36, false}, {35, false}, {3, false}, {37, true}, {99, false},
			} {
				if got := accepted(step.i); got != step.want {
					t.Errorf("packet %d accepted: %v", step.i, got)
				}
			}
			if !slices.Equal(wires[0][:9], wires[1][:9]) || slices.Equal(wires[0], wires[1]) {
				t.Error("packets with the same content must differ on the wire")
			}
		})
	}
}

func TestAClockMovesTheReplayWindow(t *testing.T) {
	key := staticKey(t)
	restarted := func(at time.Time) []byte {
		client := newWrapper(t, tlswrap.Config{Mode: tlswrap.Crypt, Key: key})
		wire, err := client.Wrap(at, nil, &tls)
		if err != nil {
			t.Fatal(err)
		}
		return wire
	}
	server := newWrapper(t, tlswrap.Config{Mode: tlswrap.Crypt, Key: key, Server: true})
	for _, step := range []struct {
		at   time.Time
		want error
	}{
		{noon, nil}, {noon, tlswrap.ErrReplay}, {noon.Add(time.Second), nil}, {noon, tlswrap.ErrReplay}, {noon.Add(time.Hour), nil},
	} {
		if _, err := server.Unwrap(noon, restarted(step.at)); !errors.Is(err, step.want) {
			t.Errorf("packet counted from %v: %v, want %v", step.at.Sub(noon), err, step.want)
		}
	}
}

func TestMetadataDecides(t *testing.T) {
	key := tlswrap.GenerateServerKey()
	client, err := key.NewClientKey(tlswrap.TimestampMetadata(noon))
	if err != nil {
		t.Fatal(err)
	}
	tooOld := errors.New("older than a week")
	server := newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, Server: true, ServerKey: key,
		CheckMetadata: func(now time.Time, metadata tlswrap.Metadata) error {
			made, ok := metadata.Timestamp()
			if !ok || !made.Equal(noon) {
				t.Errorf("made at %v, %v", made, ok)
			}
			if now.Sub(made) > 7*24*time.Hour {
				return tooOld
			}
			return nil
		}})
	reset := wrap(t, newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: client}), packet.Control{Opcode: packet.HardResetClientV3, Session: local})
	if _, err := server.Unwrap(noon.Add(30*24*time.Hour), reset); !errors.Is(err, tlswrap.ErrMetadata) || !errors.Is(err, tooOld) {
		t.Errorf("old key: %v", err)
	}
	if _, err := server.Unwrap(noon.Add(time.Hour), reset); err != nil {
		t.Errorf("new key: %v", err)
	}
	if _, err := key.NewClientKey(tlswrap.Metadata{Data: make([]byte, 1024)}); err == nil {
		t.Error("metadata of 1024 bytes fits")
	}
}

func TestWrappedKeyIsResent(t *testing.T) {
	config := tlswrap.Config{Mode: tlswrap.CryptV2, Server: true, ServerKey: serverKey(t)}
	client := newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey(t)})
	again := tls
	again.Opcode = packet.ControlWKCV1
	wire := wrap(t, client, again)

	// A server that forgot the reset reads it, and one that did not reads it too.
	forgetful, mindful := newWrapper(t, config), newWrapper(t, config)
	introduce(t, newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey(t)}), mindful)
	if _, err := mindful.Unwrap(noon, wire); !errors.Is(err, tlswrap.ErrReplay) {
		t.Errorf("the same replay id: %v", err)
	}
	if _, err := mindful.Unwrap(noon, wrap(t, client, again)); err != nil {
		t.Error(err)
	}
	got, err := forgetful.Unwrap(noon, wire)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, got); diff != "" {
		t.Error(diff)
	}
	if _, err := forgetful.Wrap(noon, nil, &acks); err != nil {
		t.Errorf("answer: %v", err)
	}
	if _, err := newWrapper(t, config).Wrap(noon, nil, &acks); !errors.Is(err, tlswrap.ErrNoClientKey) {
		t.Errorf("answer without a key: %v", err)
	}
}

func TestEarlyNegotiation(t *testing.T) {
	tests := []struct {
		name    string
		payload []byte
		resend  bool
		err     error
	}{
		{"silence", nil, false, nil},
		{"our own", tlswrap.AppendResendRequest(nil), true, nil},
		{"as in the draft", []byte{0, 1, 0, 2, 0, 1}, true, nil},
		{"other flags", []byte{0, 1, 0, 2, 0xff, 0xfe}, false, nil},
		{"after an unknown entry", append([]byte{0x77, 0, 0, 3, 'x', 'y', 'z'}, tlswrap.AppendResendRequest(nil)...), true, nil},
		{"flags of another length", []byte{0, 1, 0, 1, 1}, false, tlswrap.ErrMalformed},
		{"cut head", []byte{0, 1, 0}, false, tlswrap.ErrMalformed},
		{"cut value", []byte{0, 1, 0, 2, 0}, false, tlswrap.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resend, err := tlswrap.ParseEarlyNegotiation(test.payload)
			if resend != test.resend || !errors.Is(err, test.err) {
				t.Errorf("resend %v, error %v", resend, err)
			}
		})
	}
}

// TestDynamic writes a packet as the rule says, byte by byte, and lets a wrapper read it.
func TestDynamic(t *testing.T) {
	material := make([]byte, tlswrap.DynamicSize)
	for i := range material {
		material[i] = byte(i)
	}
	for _, pair := range pairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			client, server := newWrapper(t, pair.client), newWrapper(t, pair.server)
			introduce(t, client, server)
			client, err := client.Dynamic(material)
			if err != nil {
				t.Fatal(err)
			}
			if server, err = server.Dynamic(material); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if got, err := server.Unwrap(noon, wrap(t, client, tls)); err != nil || !cmp.Equal(got, tls) {
					t.Errorf("got %v, error %v", got, err)
				}
			}
			if got, err := client.Unwrap(noon, wrap(t, server, acks)); err != nil || !cmp.Equal(got, acks) {
				t.Errorf("got %v, error %v", got, err)
			}
			if client.Mode() != tlswrap.Crypt {
				t.Errorf("dynamic mode is %v", client.Mode())
			}
		})
	}

	// Without a shared key the material itself is the key: cipher and HMAC keys of the client are the second pair.
	unshared, err := newWrapper(t, tlswrap.Config{Server: true}).Dynamic(material)
	if err != nil {
		t.Fatal(err)
	}
	head := append(append([]byte{packet.FirstByte(tls.Opcode, 0)}, local[:]...), 0, 0, 0, 9, 0x6b, 0x49, 0xd2, 0)
	body := tls.AppendBody(nil)
	mac := hmac.New(sha256.New, material[192:192+32])
	mac.Write(head)
	mac.Write(body)
	tag := mac.Sum(nil)
	block, err := aes.NewCipher(material[128 : 128+32])
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCTR(block, tag[:16]).XORKeyStream(body, body)
	got, err := unshared.Unwrap(noon, slices.Concat(head, tag, body))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tls, got); diff != "" {
		t.Error(diff)
	}
	if _, err := unshared.Dynamic(material[1:]); err == nil {
		t.Error("255 bytes are enough")
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, config := range map[string]tlswrap.Config{
		"tls-auth without key":             {Mode: tlswrap.Auth, Digest: "SHA1"},
		"tls-auth without digest":          {Mode: tlswrap.Auth, Key: staticKey(t)},
		"tls-auth with a strange digest":   {Mode: tlswrap.Auth, Key: staticKey(t), Digest: "WHIRLPOOL"},
		"tls-crypt without key":            {Mode: tlswrap.Crypt},
		"tls-crypt-v2 without client key":  {Mode: tlswrap.CryptV2},
		"tls-crypt-v2 without server key":  {Mode: tlswrap.CryptV2, Server: true},
		"tls-crypt-v2 with the wrong role": {Mode: tlswrap.CryptV2, Server: true, ClientKey: clientKey(t)},
		"mode of the future":               {Mode: 9},
	} {
		if _, err := tlswrap.New(config); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := tlswrap.New(tlswrap.Config{Mode: tlswrap.Auth, Key: staticKey(t), Digest: "none"}); !errors.Is(err, digest.ErrUnknown) {
		t.Errorf("digest none: %v", err)
	}
}

func TestAuthDoesNotAllocate(t *testing.T) {
	client := newWrapper(t, tlswrap.Config{Mode: tlswrap.Auth, Key: staticKey(t), Digest: "SHA256"})
	server := newWrapper(t, tlswrap.Config{Mode: tlswrap.Auth, Key: staticKey(t), Digest: "SHA256", Server: true})
	buffer, c := make([]byte, 0, 2048), packet.Control{Opcode: packet.ControlV1, Session: local, Payload: make([]byte, 1200)}
	if allocations := testing.AllocsPerRun(100, func() {
		wire, err := client.Wrap(noon, buffer, &c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.Unwrap(noon, wire); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations a packet", allocations)
	}
}
