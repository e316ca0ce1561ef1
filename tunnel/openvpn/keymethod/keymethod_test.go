package keymethod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessageRoundTrip(t *testing.T) {
	for _, test := range []struct {
		name    string
		message Message
	}{
		{"certificate only", Message{Options: "V4,dev-type tun"}},
		{"user name and password", Message{Options: "V4", Username: "AzureAD", Password: "eyJ0eXAi", PeerInfo: "IV_VER=2.6\n"}},
		{"16 KiB token", Message{Options: "V4", Username: "AzureAD", Password: Secret(strings.Repeat("t", 16<<10))}},
		{"longest", Message{Options: "V4", Username: strings.Repeat("u", MaxStringSize), Password: Secret(strings.Repeat("p", MaxStringSize))}},
	} {
		for _, role := range []Role{Client, Server} {
			t.Run(fmt.Sprintf("%s %d", test.name, role), func(t *testing.T) {
				want := test.message
				want.Source = NewSource(role)
				text, err := want.Append(nil, role)
				if err != nil {
					t.Fatal(err)
				}
				got, rest, err := Parse(append(text, "PUSH_REQUEST"...), role)
				if err != nil {
					t.Fatal(err)
				}
				if *got != want {
					t.Errorf("got another message than was written")
				}
				if string(rest) != "PUSH_REQUEST" {
					t.Errorf("rest is %q", rest)
				}
			})
		}
	}
}

// TestMessageLayout checks the bytes against the layout in the OpenVPN draft, written out by hand.
func TestMessageLayout(t *testing.T) {
	m := Message{Source: Source{PreMaster: [48]byte{1}, Random1: [32]byte{2}, Random2: [32]byte{3}}, Options: "V4", Username: "u", Password: "pw"}
	got, err := m.Append(nil, Client)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte{0, 0, 0, 0, 2, 1}, make([]byte, 47)...)
	want = append(append(want, 2), make([]byte, 31)...)
	want = append(append(want, 3), make([]byte, 31)...)
	want = append(want, 0, 3, 'V', '4', 0, 0, 2, 'u', 0, 0, 3, 'p', 'w', 0, 0, 0)
	if !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, m := range map[string]Message{
		"too long": {Options: "V4", Password: Secret(strings.Repeat("x", MaxStringSize+1))},
		"NUL":      {Options: "V4", Username: "a\x00b"},
	} {
		if _, err := m.Append(nil, Client); err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: error shows the password", name)
		}
	}
}

func TestParseIncomplete(t *testing.T) {
	m := Message{Options: "V4", Username: "user", Password: "password", PeerInfo: "IV_VER=2\n"}
	text, err := m.Append(nil, Client)
	if err != nil {
		t.Fatal(err)
	}
	whole := map[int]bool{} // lengths at which old peers stop
	for n := headerSize + preMasterSize + 2*randomSize; n < len(text); {
		n += 2 + int(binary.BigEndian.Uint16(text[n:]))
		whole[n] = true
	}
	for n := range len(text) {
		_, _, err := Parse(text[:n], Client)
		if whole[n] != (err == nil) {
			t.Errorf("%d bytes of %d: %v", n, len(text), err)
		}
		if err != nil && !errors.Is(err, ErrIncomplete) {
			t.Errorf("%d bytes of %d: %v", n, len(text), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good, err := (&Message{Options: "V4"}).Append(nil, Server)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for name, b := range map[string][]byte{
		"leading bytes": change(3, 1),
		"key method 1":  change(4, 1),
		"no NUL":        change(4+1+64+2+2, 'x'),
		"a web page":    []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
	} {
		if _, _, err := Parse(b, Server); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	var log bytes.Buffer
	m := Message{Source: NewSource(Client), Password: "hunter2"}
	slog.New(slog.NewTextHandler(&log, nil)).Info("message", "password", m.Password, "source", m.Source)
	for _, text := range []string{fmt.Sprint(m), fmt.Sprintf("%+v %#v", m, m), fmt.Sprintf("%q %s %v", m.Password, m.Password, m.Password), log.String(),
		fmt.Sprintf("%v %+v %#v", Keys{}, Keys{}, Keys{})} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "[0 0") {
			t.Errorf("secret shows in %q", text)
		}
	}
}

func TestOptionsString(t *testing.T) {
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{TunMTU: 1500, Cipher: "AES-256-GCM", Digest: "SHA256", TLSAuth: true, KeyDirection: 1, Stream: true},
			"V4,dev-type tun,link-mtu 1551,tun-mtu 1500,proto TCPv4_CLIENT,keydir 1,cipher AES-256-GCM,auth [null-digest],keysize 256,tls-auth,key-method 2,tls-client"},
		{Options{TunMTU: 1500, Cipher: "AES-256-CBC", Digest: "SHA1", KeyDirection: -1},
			"V4,dev-type tun,link-mtu 1557,tun-mtu 1500,proto UDPv4,cipher AES-256-CBC,auth SHA1,keysize 256,key-method 2,tls-client"},
		{Options{Role: Server, TunMTU: 1400, Cipher: "aes-128-gcm", Digest: "SHA1", KeyDirection: -1, TLSAuth: true},
			"V4,dev-type tun,link-mtu 1449,tun-mtu 1400,proto UDPv4,cipher AES-128-GCM,auth [null-digest],keysize 128,tls-auth,key-method 2,tls-server"},
	} {
		if diff := cmp.Diff(test.want, test.options.String()); diff != "" {
			t.Error(diff)
		}
	}
	if got := Option(AzureOptions, "cipher"); got != "AES-256-GCM" {
		t.Errorf("cipher of the Azure options string is %q", got)
	}
	if got := Option("V4,tls-client", "cipher"); got != "" {
		t.Errorf("cipher of none is %q", got)
	}
}

func TestPeerInfo(t *testing.T) {
	info := PeerInfo{
		Version: "2.6", Platform: "linux", Protocol: DataV2 | RequestPush | AuthPendingKW, Ciphers: DefaultCiphers(), SSO: "webauth,crtext",
		Extra: map[string]string{"UV_B": "2", "UV_A": "1", "IV_PLAT": "win", "IV_SSO": ""},
	}
	want := "IV_VER=2.6\nIV_PLAT=win\nIV_TCPNL=1\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305\nIV_PROTO=22\n" +
		"IV_LZO_STUB=1\nIV_COMP_STUB=1\nIV_COMP_STUBv2=1\nUV_A=1\nUV_B=2\n"
	if diff := cmp.Diff(want, info.String()); diff != "" {
		t.Error(diff)
	}
	entries := ParsePeerInfo(want)
	if got := ProtocolOf(entries); got != info.Protocol {
		t.Errorf("protocol is %d", got)
	}
	if diff := cmp.Diff(info.Ciphers, CiphersOf(entries)); diff != "" {
		t.Error(diff)
	}
	if !IsAzure(AzurePeerInfo) || IsAzure(want) {
		t.Error("the official client is not told apart")
	}
	if diff := cmp.Diff([]string{"AES-256-GCM", "AES-128-GCM"}, CiphersOf(map[string]string{"IV_NCP": "2"})); diff != "" {
		t.Error(diff)
	}
}

func TestCheckExtra(t *testing.T) {
	for _, good := range [][2]string{{"UV_ID", "x y"}, {"IV_PLAT_VER", "6.1"}} {
		if err := CheckExtra(good[0], good[1]); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range [][2]string{{"PATH", "x"}, {"UV_A=B", "x"}, {"UV_A", "x\nIV_VER=1"}} {
		if CheckExtra(bad[0], bad[1]) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range []Message{{Options: "V4"}, {Options: AzureOptions, Username: "u", Password: "p", PeerInfo: AzurePeerInfo}} {
		for _, role := range []Role{Client, Server} {
			text, err := m.Append(nil, role)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, role == Client)
		}
	}
	f.Add([]byte{0, 0, 0, 0, 2}, false)
	f.Fuzz(func(t *testing.T, b []byte, client bool) {
		role := Server
		if client {
			role = Client
		}
		m, rest, err := Parse(b, role)
		if err != nil {
			return
		}
		if len(rest) > len(b) {
			t.Fatal("more is left than there was")
		}
		text, err := m.Append(nil, role)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := Parse(text, role)
		if err != nil || *again != *m {
			t.Fatalf("what was written is not read: %v", err)
		}
		ParsePeerInfo(m.PeerInfo)
	})
}
