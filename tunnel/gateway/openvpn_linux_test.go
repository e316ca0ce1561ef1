package gateway_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// wrapping is a way to protect the control channel, on both sides.
type wrapping struct {
	name   string
	config tlswrap.Config
	client []string // openvpn's options
}

func wrappings(t *testing.T) []wrapping {
	t.Helper()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, serverKey := tlswrap.GenerateStaticKey(), tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.TimestampMetadata(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	static := file("static.key", key.PEM())
	auth := func(digest string) wrapping {
		return wrapping{"tls-auth " + digest, tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: digest, Direction: tlswrap.Normal},
			[]string{"--tls-auth", static, "1", "--auth", digest}}
	}
	return []wrapping{
		auth("SHA256"), auth("SHA1"), auth("SHA512"),
		{"tls-crypt", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, []string{"--tls-crypt", static}},
		{"tls-crypt-v2", tlswrap.Config{Mode: tlswrap.CryptV2, ServerKey: serverKey}, []string{"--tls-crypt-v2", file("client.key", clientKey.PEM())}},
		{"none", tlswrap.Config{}, nil},
	}
}

// reach are openvpn's options to find the gateway and prove who it is.
func (l *lab) reach(proto string) []string {
	root, cert, key := l.ca.WriteClient(l.t.TempDir(), "ann.example")
	address, name := l.udp, "udp4"
	if proto == "tcp" {
		address, name = l.tcp, "tcp4-client"
	}
	return []string{"--remote", address.Addr().String(), strconv.Itoa(int(address.Port())), "--proto", name,
		"--ca", root, "--cert", cert, "--key", key, "--remote-cert-tls", "server"}
}

func TestDebianOverTCP(t *testing.T) { testDebian(t, "tcp") }
func TestDebianOverUDP(t *testing.T) { testDebian(t, "udp") }

func testDebian(t *testing.T, proto string) {
	ciphers := []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"}
	versions := []uint16{tls.VersionTLS12, tls.VersionTLS13}
	turn := strings.Index("tcp udp", proto) / 4 // all pairs of TLS version and cipher come up, and each wrapping with both versions
	wraps := wrappings(t)
	for i := range wraps {
		for j, version := range versions {
			wrap, cipher := wraps[i], ciphers[(i+2*j+turn)%len(ciphers)]
			t.Run(fmt.Sprintf("%s, %s, %s", wrap.name, tls.VersionName(version), cipher), func(t *testing.T) {
				l := newLab(t, func(config *gateway.Config) {
					config.Wrap = wrap.config
					config.TLS.MinVersion, config.TLS.MaxVersion = version, version
					config.Digest = wrap.config.Digest
					config.Ping, config.PingTimeout = 10*time.Second, time.Minute
				})
				client := l.start(append(append(l.reach(proto), wrap.client...), "--data-ciphers", cipher)...)
				client.connected()
				l.ping(tunnelGateway4)
				l.ping(tunnelGateway6)
				l.exchange(tunnelGateway4, 1<<20)
				l.exchange(tunnelGateway6, 1<<20)
				sessions := l.server.Sessions()
				if len(sessions) != 1 {
					t.Fatalf("sessions %v", sessions)
				}
				s := sessions[0]
				if s.Cipher != cipher || s.TLSVersion != version || !s.SignedIn || s.Name != "ann.example" || s.Stream != (proto == "tcp") || !s.ExportKeys {
					t.Errorf("session %+v", s)
				}
				if s.BytesIn < 2<<20 || s.BytesOut < 2<<20 {
					t.Errorf("traffic %+v", s.Traffic)
				}
				for _, complaint := range []string{"WARNING: '", "is used inconsistently", "Options error", "Authenticate/Decrypt packet error"} {
					if client.said(complaint) {
						t.Errorf("openvpn complains:\n%s", strings.Join(client.log, "\n"))
					}
				}
			})
		}
	}
}

func TestDebianManyRoutes(t *testing.T) {
	const routes = 1500
	l := newLab(t, func(config *gateway.Config) {
		for i := range routes {
			config.Routes = append(config.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 100 + byte(i>>8), byte(i), 0}), 24))
		}
	})
	client := l.start(append(l.reach("tcp"), "--max-routes", "2000", "--verb", "1")...)
	client.connected()
	output, err := l.laptop.run("ip", "-4", "route", "show", "dev", "tun0")
	if err != nil || strings.Count(output, "via "+tunnelGateway4) != routes {
		t.Errorf("%d routes (%v)", strings.Count(output, "via"), err)
	}
}

func TestDebianUserAndPassword(t *testing.T) {
	for _, test := range []struct {
		name, password, want string
	}{
		{"right", strings.Repeat("password ", 150), "Initialization Sequence Completed"},
		{"wrong", "guess", "AUTH: Received control message: AUTH_FAILED,no such user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, func(config *gateway.Config) {
				config.TLS.ClientAuth = tls.NoClientCert
				config.Authenticate = func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
					if login.Username == "ann" && len(login.Password) >= 1349 && login.ClientCertificate == nil {
						return gateway.Decision{Outcome: gateway.Accept}, nil
					}
					return gateway.Decision{Refusal: push.AuthFailed{Reason: "no such user"}}, nil
				}
			})
			path := filepath.Join(t.TempDir(), "login")
			if err := os.WriteFile(path, []byte("ann\n"+test.password+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			reach := l.reach("udp")
			arguments := append(reach[:len(reach)-6:len(reach)-6], "--remote-cert-tls", "server", "--auth-user-pass", path)
			l.start(arguments...).expect(test.want)
		})
	}
}

func TestDebianRefusals(t *testing.T) {
	other := gateway.NewAuthority(t, "another root")
	wraps := wrappings(t)
	l := newLab(t, func(config *gateway.Config) { config.Wrap = wraps[0].config })
	otherCA, otherCert, otherKey := other.WriteClient(t.TempDir(), "eve.example")
	tests := []struct {
		name      string
		arguments []string
		want      string
	}{
		{"client certificate", []string{"--cert", otherCert, "--key", otherKey}, "Received fatal SSL alert: unknown CA"},
		{"gateway's root", []string{"--ca", otherCA}, "VERIFY ERROR"},
		{"tls-auth digest", []string{"--auth", "SHA1"}, "Connection reset, restarting"},
		{"tls-auth direction", []string{"--tls-auth", wraps[0].client[1], "0"}, "Connection reset, restarting"},
		{"cipher", []string{"--data-ciphers", "AES-192-GCM"}, "Connection reset, restarting"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := l.in(t)
			client := l.start(append(append(l.reach("tcp"), wraps[0].client...), test.arguments...)...)
			client.expect(test.want)
			eventually(t, "session is forgotten", func() bool { return len(l.server.Sessions()) == 0 })
		})
	}
}

// The interval is the shortest that leaves room for traffic in between; each side starts about half of the renegotiations.
func TestDebianRenegotiation(t *testing.T) {
	for _, test := range []struct {
		proto  string
		client []string
		server time.Duration
	}{
		{"tcp", []string{"--reneg-sec", "1", "1"}, -1},
		{"tcp", []string{"--reneg-sec", "0"}, time.Second},
		{"udp", []string{"--reneg-sec", "1", "1"}, -1},
		{"udp", []string{"--reneg-sec", "0"}, time.Second},
	} {
		by := "client"
		if test.server > 0 {
			by = "gateway"
		}
		t.Run(test.proto+" by "+by, func(t *testing.T) {
			wrap := wrappings(t)[0]
			l := newLab(t, func(config *gateway.Config) {
				config.Wrap, config.RenegotiateAfter = wrap.config, test.server
			})
			client := l.start(append(append(l.reach(test.proto), wrap.client...), test.client...)...)
			client.connected()
			l.exchangeUntil(tunnelGateway4, func() bool {
				sessions := l.server.Sessions()
				return len(sessions) != 1 || sessions[0].Keys >= 3
			})
			sessions := l.server.Sessions()
			if len(sessions) != 1 || !sessions[0].DynamicWrap || sessions[0].KeyID < 2 {
				t.Errorf("sessions %+v", sessions)
			}
			l.ping(tunnelGateway4)
		})
	}
}

func TestDebianIsTold(t *testing.T) {
	tests := []struct {
		proto string
		how   gateway.Disconnection
		want  string
	}{
		{"tcp", gateway.Restart, "SIGUSR1[soft,server-pushed-connection-reset] received"},
		{"udp", gateway.Restart, "SIGUSR1[soft,server-pushed-connection-reset] received"},
		{"udp", gateway.Halt, "SIGTERM[soft,server-pushed-halt] received"},
		{"udp", gateway.Goodbye, "SIGUSR1[soft,remote-exit] received"},
		{"tcp", gateway.Close, "Connection reset, restarting"},
		{"tcp", gateway.Abort, "Connection reset, restarting"},
	}
	l := newLab(t, nil)
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %d", test.proto, test.how), func(t *testing.T) {
			l := l.in(t)
			client := l.start(l.reach(test.proto)...)
			client.connected()
			// The session before may still wait for an acknowledgement.
			sessions := l.server.Sessions()
			if err := l.server.Disconnect(sessions[len(sessions)-1].ID, test.how); err != nil {
				t.Fatal(err)
			}
			client.expect(test.want)
			client.stop()
		})
	}
	eventually(t, "sessions are forgotten", func() bool { return len(l.server.Sessions()) == 0 })
}

func TestDebianLeaves(t *testing.T) {
	for _, proto := range []string{"tcp", "udp"} {
		t.Run(proto, func(t *testing.T) {
			l := newLab(t, func(config *gateway.Config) {
				config.Push = []string{"explicit-exit-notify 1"}
			})
			client := l.start(l.reach(proto)...)
			client.connected()
			client.stop()
			eventually(t, "session is forgotten", func() bool { return len(l.server.Sessions()) == 0 })
		})
	}
}

// A client whose address changes keeps its session: the next packet it sends tells the new address.
func TestDebianRoams(t *testing.T) {
	l := newLab(t, nil)
	client := l.start(append(l.reach("udp"), "--float")...)
	client.connected()
	l.ping(tunnelGateway4)
	before := l.server.Sessions()
	l.laptop.must("ip", "address", "del", laptopAddress, "dev", "eth0")
	l.laptop.must("ip", "address", "add", "203.0.113.77/24", "dev", "eth0")
	l.ping(tunnelGateway4)
	after := l.server.Sessions()
	if len(after) != 1 || after[0].ID != before[0].ID || after[0].Remote.Addr() != netip.MustParseAddr("203.0.113.77") {
		t.Errorf("before %+v, after %+v", before, after)
	}
	l.exchange(tunnelGateway4, 1<<20)
}

// Packets with another inner source than the client's address go nowhere.
func TestDebianCannotSpoof(t *testing.T) {
	l := newLab(t, nil)
	l.start(l.reach("tcp")...).connected()
	l.ping(tunnelGateway4)
	l.laptop.must("ip", "address", "add", "10.99.7.7/32", "dev", "tun0")
	if err := l.pingFrom("10.99.7.7", tunnelGateway4, time.Second); err == nil {
		t.Error("answered")
	}
	session := l.server.Sessions()[0]
	if session.PacketsOut > session.PacketsIn-1 {
		t.Errorf("traffic %+v", session.Traffic)
	}
}

// Four clients at a time, two by each transport, reach the gateway and each other.
func TestDebianManyClients(t *testing.T) {
	l := newLab(t, nil)
	l.gateway.must("ip", "link", "set", "gw0", "up")
	for i, proto := range []string{"tcp", "udp", "tcp", "udp"} {
		client := l.start(append(l.reach(proto), "--dev", fmt.Sprintf("tun%d", i))...)
		client.connected()
	}
	sessions := l.server.Sessions()
	peers := map[uint32]bool{}
	for i, session := range sessions {
		peers[session.PeerID] = true
		if want := netip.AddrFrom4([4]byte{10, 99, 0, byte(2 + i)}); session.IPv4 != want {
			t.Errorf("client %d has %v, want %v", i, session.IPv4, want)
		}
		// All tunnels end in the one laptop; its source address decides whose packet it is.
		device := fmt.Sprintf("tun%d", i)
		l.laptop.must("ip", "rule", "add", "from", session.IPv4.String(), "table", fmt.Sprint(100+i), "priority", fmt.Sprint(100+i))
		l.laptop.must("ip", "route", "add", "default", "dev", device, "table", fmt.Sprint(100+i))
		if err := l.pingFrom(session.IPv4.String(), tunnelGateway4, patience); err != nil {
			t.Error(err)
		}
	}
	if len(sessions) != 4 || len(peers) != 4 {
		t.Errorf("sessions %+v", sessions)
	}
	for _, session := range l.server.Sessions() {
		if session.PacketsIn < 1 || session.PacketsOut < 1 {
			t.Errorf("session %d: %+v", session.ID, session.Traffic)
		}
	}
}
