package tlswrap_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// captured are the first packets that OpenVPN 2.6.14 clients sent with the keys in testdata.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	packets := map[string][]byte{}
	for line := range strings.Lines(readFile(t, "testdata/openvpn-2.6.14-resets.txt")) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		wire, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		packets[name] = wire
	}
	return packets
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func staticKey(t testing.TB) *tlswrap.StaticKey {
	t.Helper()
	key, err := tlswrap.ParseStaticKey(readFile(t, "testdata/static.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func clientKey(t testing.TB) *tlswrap.ClientKey {
	t.Helper()
	key, err := tlswrap.ParseClientKey(readFile(t, "testdata/tls-crypt-v2-client.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serverKey(t testing.TB) *tlswrap.ServerKey {
	t.Helper()
	key, err := tlswrap.ParseServerKey(readFile(t, "testdata/tls-crypt-v2-server.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newWrapper(t testing.TB, config tlswrap.Config) *tlswrap.Wrapper {
	t.Helper()
	w, err := tlswrap.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pair is the configuration of a client and the server it fits to, as the capture's name says.
type pair struct {
	name           string
	client, server tlswrap.Config
	replayIDAt     int // where the replay packet id stands in a wrapped packet; 0: there is none
}

func pairs(t testing.TB) []pair {
	t.Helper()
	key := staticKey(t)
	all := []pair{
		{"none", tlswrap.Config{}, tlswrap.Config{Server: true}, 0},
		{
			"tls-auth-bidirectional",
			tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256"},
			tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Server: true},
			9 + 32,
		},
		{
			"tls-crypt",
			tlswrap.Config{Mode: tlswrap.Crypt, Key: key},
			tlswrap.Config{Mode: tlswrap.Crypt, Key: key, Server: true},
			9,
		},
		{
			"tls-crypt-v2",
			tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey(t)},
			tlswrap.Config{Mode: tlswrap.CryptV2, ServerKey: serverKey(t), Server: true},
			9,
		},
	}
	for digest, size := range map[string]int{"MD5": 16, "SHA1": 20, "SHA224": 28, "SHA256": 32, "SHA384": 48, "SHA512": 64} {
		all = append(all, pair{
			"tls-auth-" + digest,
			tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: digest, Direction: tlswrap.Inverse},
			tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: digest, Direction: tlswrap.Normal, Server: true},
			9 + size,
		})
	}
	return all
}

func TestReadsCapturedResets(t *testing.T) {
	for _, pair := range pairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			wire := captured(t)[pair.name]
			got, err := newWrapper(t, pair.server).Unwrap(time.Time{}, wire)
			if err != nil {
				t.Fatal(err)
			}
			want := packet.Control{
				Opcode:  newWrapper(t, pair.client).ClientReset(),
				Session: packet.SessionID(wire[1:9]),
				Payload: []byte{},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWritesCapturedResets(t *testing.T) {
	for _, pair := range pairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			wire := captured(t)[pair.name]
			var at time.Time
			if pair.replayIDAt > 0 {
				at = time.Unix(int64(binary.BigEndian.Uint32(wire[pair.replayIDAt+4:])), 0)
			}
			client := newWrapper(t, pair.client)
			reset := packet.Control{Opcode: client.ClientReset(), Session: packet.SessionID(wire[1:9])}
			got, err := client.Wrap(at, nil, &reset)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, wire) {
				t.Errorf("wrote %x, OpenVPN wrote %x", got, wire)
			}
			if inTheClear := len(reset.Append(nil)); len(got) != inTheClear+client.Overhead(reset.Opcode) {
				t.Errorf("overhead is %d, said to be %d", len(got)-inTheClear, client.Overhead(reset.Opcode))
			}
		})
	}
}

func TestCapturedMetadata(t *testing.T) {
	var got tlswrap.Metadata
	server := newWrapper(t, tlswrap.Config{Mode: tlswrap.CryptV2, Server: true, ServerKey: serverKey(t),
		CheckMetadata: func(_ time.Time, metadata tlswrap.Metadata) error { got = metadata; return nil }})
	if _, err := server.Unwrap(time.Time{}, captured(t)["tls-crypt-v2"]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tlswrap.Metadata{Type: tlswrap.MetadataUser, Data: []byte("footbridge")}, got); diff != "" {
		t.Error(diff)
	}
	if !server.SupportsEarlyNegotiation() {
		t.Error("OpenVPN 2.6's early negotiation is not noticed")
	}
}
