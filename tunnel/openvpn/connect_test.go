package openvpn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// wrapModes are both ends of every way to protect the control channel.
func wrapModes(t *testing.T) map[string][2]tlswrap.Config {
	t.Helper()
	key := tlswrap.GenerateStaticKey()
	serverKey := tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][2]tlswrap.Config{
		"none": {},
		"tls-auth": {{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Inverse},
			{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal}},
		"tls-crypt":    {{Mode: tlswrap.Crypt, Key: key}, {Mode: tlswrap.Crypt, Key: key}},
		"tls-crypt-v2": {{Mode: tlswrap.CryptV2, ClientKey: clientKey}, {Mode: tlswrap.CryptV2, ServerKey: serverKey}},
	}
}

func TestConnect(t *testing.T) {
	for name, wrap := range wrapModes(t) {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, stream := range []bool{true, false} {
				for _, flags := range []string{"", "protocol-flags cc-exit tls-ekm dyn-tls-crypt"} {
					t.Run(fmt.Sprintf("%s %s stream=%v %s", name, tls.VersionName(version), stream, flags), func(t *testing.T) {
						l := newLab(t, func(s *setUp) {
							s.client.Stream, s.client.Wrap, s.wrap = stream, wrap[0], wrap[1]
							s.client.TLS.MaxVersion = version
							if flags != "" {
								s.server.options = append(s.server.options, flags)
							}
						})
						established := l.connect()
						if established.TLSVersion != version || established.Cipher != "AES-256-GCM" || established.KeyExport != (flags != "") {
							t.Errorf("established with %+v", established)
						}
						l.exchange("hello")
						l.client.Renegotiate(l.now, "test")
						l.settle(t, 1)
						l.exchange("after renegotiation")
					})
				}
			}
		}
	}
}

// settle waits until so many renegotiations are over and the client seals with the newest key.
func (l *lab) settle(t *testing.T, renegotiations int) {
	t.Helper()
	if !l.run(5*time.Minute, func() bool {
		return l.client.Failure() != nil || count[KeyChanged](l) == renegotiations && l.client.current.inUse
	}) || l.client.Failure() != nil {
		t.Fatalf("%d renegotiations, failure %v", count[KeyChanged](l), l.client.Failure())
	}
}

// TestFlights counts how often the client sends before data can flow: nothing waits where the protocol does not ask for it.
func TestFlights(t *testing.T) {
	for _, test := range []struct {
		version uint16
		unasked bool
		want    int
	}{
		// reset; ACK with ClientHello; Finished with key material; PUSH_REQUEST; ACK
		{tls.VersionTLS13, false, 5},
		{tls.VersionTLS12, false, 6},
	} {
		l := newLab(t, func(s *setUp) {
			s.client.TLS.MaxVersion = test.version
			s.client.SmallTLSHello = true
		})
		l.connect()
		if l.flights > test.want {
			t.Errorf("%s: %d flights, want %d", tls.VersionName(test.version), l.flights, test.want)
		}
		if !l.now.Equal(l.start) {
			t.Errorf("%s: the client waited %v", tls.VersionName(test.version), l.now.Sub(l.start))
		}
	}
}

func TestLongCredentials(t *testing.T) {
	for _, size := range []int{6 << 10, 16 << 10, keymethod.MaxStringSize} {
		for _, hello := range []Hello{StandardHello, AzureHello} {
			l := newLab(t, func(s *setUp) { s.client.Hello, s.client.Stream = hello, size < 10000 })
			password := strings.Repeat("x", size)
			l.answer = func(CredentialNeeded) {
				l.client.Provide(l.now, Credential{Username: "AzureAD", Password: keymethod.Secret(password)})
			}
			l.connect()
			peer := l.server.keys[0].peer
			if string(peer.Password) != password || peer.Username != "AzureAD" {
				t.Errorf("%d bytes: got %d", size, len(peer.Password))
			}
		}
	}
}

func TestHello(t *testing.T) {
	l := newLab(t, func(s *setUp) { s.client.PeerInfo = map[string]string{"UV_ASSET": "42"} })
	l.connect()
	info := keymethod.ParsePeerInfo(l.server.keys[0].peer.PeerInfo)
	want := keymethod.DataV2 | keymethod.RequestPush | keymethod.TLSKeyExport | keymethod.AuthPendingKW | keymethod.CCExitNotify |
		keymethod.AuthFailTemp | keymethod.DynTLSCrypt | keymethod.DNSOptionV2
	if keymethod.ProtocolOf(info) != want || info["UV_ASSET"] != "42" || info["IV_MTU"] != "" || info["IV_GUI_VER"] != "Footbridge_test" {
		t.Errorf("peer info %v", info)
	}

	l = newLab(t, func(s *setUp) { s.client.Hello = AzureHello })
	l.connect()
	if peer := l.server.keys[0].peer; peer.PeerInfo != keymethod.AzurePeerInfo || peer.Options != keymethod.AzureOptions {
		t.Errorf("Azure hello: %q %q", peer.Options, peer.PeerInfo)
	}
}

// TestSmallTLSHello counts control packets that the first TLS message takes.
func TestSmallTLSHello(t *testing.T) {
	packets := func(small bool) int {
		l := newLab(t, func(s *setUp) { s.client.SmallTLSHello = small })
		n := 0
		answered := false
		l.seen = func(up bool, p []byte) {
			if up && !answered && p[0]>>3 == 4 {
				n++
			}
			if !up && p[0]>>3 == 4 {
				answered = true
			}
		}
		l.connect()
		return n
	}
	if small, large := packets(true), packets(false); small != 1 || large != 2 {
		t.Errorf("small hello takes %d packets, the other %d", small, large)
	}
}

func TestManyRoutes(t *testing.T) {
	l := newLab(t, func(s *setUp) {
		for i := range 1500 {
			s.server.options = append(s.server.options, fmt.Sprintf("route 10.%d.%d.0 255.255.255.0", i/256, i%256))
		}
		s.client.Stream = false
	})
	if established := l.connect(); len(established.Options.Routes) != 1501 {
		t.Errorf("%d routes", len(established.Options.Routes))
	}
}

// TestUnaskedPush connects to a gateway that pushes right behind its key material.
func TestUnaskedPush(t *testing.T) {
	l := newLab(t, nil)
	l.server.onKeyMaterial = func(_ time.Time, key *serverKey) {
		l.server.answer(key)
		l.server.pushTo(key)
	}
	l.connect()
}

// TestUnterminatedPush connects to a gateway that does not end its messages with a NUL byte.
func TestUnterminatedPush(t *testing.T) {
	l := newLab(t, nil)
	l.server.onMessage = func(_ time.Time, key *serverKey, m push.Message) bool {
		key.channel.Write([]byte("PUSH_REPLY,ifconfig 10.8.0.2 10.8.0.1,cipher AES-256-GCM,pe"))
		key.channel.Write([]byte("er-id 3"))
		return true
	}
	if established := l.connect(); established.Options.PeerID != 3 {
		t.Errorf("options %+v", established.Options)
	}
}

func TestLoss(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		l := newLab(t, func(s *setUp) { s.client.Stream = false })
		l.lose = func(bool, []byte) bool { return random.IntN(100) < 20 }
		l.connect()
		for i := range 3 {
			if i%2 == 0 {
				l.client.Renegotiate(l.now, "test")
			} else {
				l.server.renegotiate(l.now)
			}
			l.settle(t, i+1)
		}
	}
}

func TestClientCertificate(t *testing.T) {
	var ca *authority
	withCertificate := func(until time.Time, stranger bool) func(*setUp) {
		return func(s *setUp) {
			ca = newAuthority(t)
			signer := ca
			if stranger {
				signer = newAuthority(t)
			}
			s.client.AsksCredential = false
			s.client.TLS.Certificates = []tls.Certificate{signer.issue(t, "client", x509.ExtKeyUsageClientAuth, until)}
			s.tls.ClientAuth, s.tls.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
		}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		max := func(change func(*setUp)) func(*setUp) {
			return func(s *setUp) {
				change(s)
				s.client.TLS.MaxVersion = version
			}
		}
		name := tls.VersionName(version)
		newLab(t, max(withCertificate(epoch().AddDate(1, 0, 0), false))).connect()
		if f := newLab(t, max(withCertificate(epoch().AddDate(0, 0, -1), false))).fails(); f.Code != CertificateExpired && f.Code != CertificateRefused {
			t.Errorf("%s, expired: %v", name, f)
		}
		if f := newLab(t, max(withCertificate(epoch().AddDate(1, 0, 0), true))).fails(); f.Code != CertificateRefused {
			t.Errorf("%s, unknown: %v", name, f)
		}
		f := newLab(t, max(func(s *setUp) {
			s.client.AsksCredential = false
			s.tls.ClientAuth = tls.RequireAndVerifyClientCert
		})).fails()
		if f.Code != CertificateMissing && f.Code != CertificateRefused {
			t.Errorf("%s, missing: %v", name, f)
		}
	}
}

func TestGatewayRefused(t *testing.T) {
	errName := errors.New("wrong name")
	for name, change := range map[string]func(*setUp){
		"root": func(s *setUp) { s.client.TLS.RootCAs = newAuthority(t).pool },
		"name": func(s *setUp) { s.client.TLS.ServerName = "other.example" },
		"own check": func(s *setUp) {
			s.client.TLS.InsecureSkipVerify = true
			s.client.TLS.VerifyConnection = func(tls.ConnectionState) error { return errName }
		},
	} {
		l := newLab(t, change)
		f := l.fails()
		if f.Code != GatewayRefused || f.Stage != StageTLS {
			t.Errorf("%s: %v at %v", name, f, f.Stage)
		}
		if name == "own check" && !errors.Is(f, errName) {
			t.Errorf("cause is lost: %v", f)
		}
		if len(l.server.keys) > 0 && l.server.keys[0].peer != nil {
			t.Errorf("%s: the credential was sent", name)
		}
	}
}
