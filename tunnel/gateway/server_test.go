package gateway_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

func newBatch(conn transport.Conn) *packet.Batch { return &packet.Batch{Stream: conn.Stream()} }

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// signIn makes a gateway ask for user name and password instead of a certificate.
func signIn(authenticate gateway.Authenticator) func(*gateway.Config) {
	return func(config *gateway.Config) {
		config.TLS.ClientAuth = tls.NoClientCert
		config.Authenticate = authenticate
	}
}

func TestServerFaults(t *testing.T) {
	tests := []struct {
		name   string
		proto  string
		faults gateway.Faults
		config func(*openvpn.Config)
		want   openvpn.Code
	}{
		{"silent", "tcp", gateway.Faults{Silent: true}, nil, openvpn.NoAnswer},
		{"silent", "udp", gateway.Faults{Silent: true}, nil, openvpn.NoAnswer},
		{"reset after reset", "tcp", gateway.Faults{ResetAfterReset: true}, nil, openvpn.ClosedAfterReset},
		{"reset after reset", "udp", gateway.Faults{ResetAfterReset: true}, nil, openvpn.NoAnswer},
		{"stall in TLS", "tcp", gateway.Faults{StallTLS: true}, nil, openvpn.TLSStalled},
		{"long hello", "tcp", gateway.Faults{ResetOnLongHello: true}, nil, openvpn.ClosedDuringTLS},
		{"short hello", "tcp", gateway.Faults{ResetOnLongHello: true}, func(c *openvpn.Config) { c.SmallTLSHello = true }, ""},
		{"after key material", "tcp", gateway.Faults{ResetAfterKeyMaterial: true}, nil, openvpn.ClosedAfterKeyMaterial},
		{"standard hello", "tcp", gateway.Faults{RequireAzureHello: true}, nil, openvpn.ClosedAfterKeyMaterial},
		{"azure hello", "tcp", gateway.Faults{RequireAzureHello: true}, func(c *openvpn.Config) { c.Hello = openvpn.AzureHello }, ""},
		{"refusal", "tcp", gateway.Faults{Refuse: &push.AuthFailed{Reason: "no"}}, nil, openvpn.AuthFailed},
		{"refusal", "udp", gateway.Faults{Refuse: &push.AuthFailed{Temporary: true}}, nil, openvpn.AuthTemporary},
		{"no configuration", "tcp", gateway.Faults{WithholdPush: true}, nil, openvpn.NoPushReply},
		{"late decision", "udp", gateway.Faults{AuthDelay: 50 * time.Millisecond}, nil, ""},
		{"corrupt packets are sent again", "udp", gateway.Faults{CorruptControl: 3}, func(c *openvpn.Config) { c.TLSTimeout = 50 * time.Millisecond }, ""},
	}
	l := newLoopback(t, func(config *gateway.Config) {
		config.RetransmitAfter = 50 * time.Millisecond
	})
	for _, test := range tests {
		t.Run(test.name+" "+test.proto, func(t *testing.T) {
			l.server.SetFaults(test.faults)
			e := l.in(t).dial(test.proto, func(c *openvpn.Config) {
				if test.want == openvpn.NoAnswer || test.want == openvpn.TLSStalled || test.want == openvpn.NoPushReply {
					c.HandshakeWindow = 300 * time.Millisecond
				}
				if test.config != nil {
					test.config(c)
				}
			})
			if test.want == "" {
				e.established()
				return
			}
			if failure := e.failure(); failure.Code != test.want {
				t.Errorf("failed with %v at %v (%v), want %v", failure.Code, failure.Stage, failure, test.want)
			}
		})
	}
}

func TestServerTakesBackFaults(t *testing.T) {
	l := newLoopback(t, func(config *gateway.Config) {
		config.Faults = gateway.Faults{Refuse: &push.AuthFailed{Reason: "closed"}, RefuseAfter: 1}
	})
	l.dial("tcp", nil).established()
	if failure := l.dial("tcp", nil).failure(); failure.Reason != "closed" {
		t.Errorf("failed with %v", failure)
	}
	if got := l.server.Faults().RefuseAfter; got != 1 {
		t.Errorf("faults say %d", got)
	}
	l.server.SetFaults(gateway.Faults{})
	l.dial("tcp", nil).established()
}

func TestServerPasswordOf64KB(t *testing.T) {
	password := keymethod.Secret(strings.Repeat("p", keymethod.MaxStringSize))
	l := newLoopback(t, signIn(func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		if login.Username == "AzureAD" && login.Password == password {
			return gateway.Decision{Outcome: gateway.Accept}, nil
		}
		return gateway.Decision{}, nil
	}))
	for _, proto := range []string{"tcp", "udp"} {
		e := l.dial(proto, func(c *openvpn.Config) { c.AsksCredential = true })
		e.await("it asks", func(event openvpn.Event) bool { _, ok := event.(openvpn.CredentialNeeded); return ok })
		e.do(func(c *openvpn.Client) {
			c.Provide(time.Now(), openvpn.Credential{Username: "AzureAD", Password: password})
		})
		e.established()
		if s := l.server.Sessions(); s[len(s)-1].Name != "AzureAD" || s[len(s)-1].Login.Password != "" {
			t.Errorf("sessions %s", describe(s))
		}
	}
}

func TestServerRenegotiatesAndTokens(t *testing.T) {
	logins := make(chan gateway.Login, 8)
	l := newLoopback(t, signIn(func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		logins <- login
		return gateway.Decision{Outcome: gateway.Accept, Token: "SESS-1", Name: "ann"}, nil
	}))
	e := l.dial("tcp", func(c *openvpn.Config) { c.AsksCredential = true })
	e.await("it asks", func(event openvpn.Event) bool { _, ok := event.(openvpn.CredentialNeeded); return ok })
	e.do(func(c *openvpn.Client) { c.Provide(time.Now(), openvpn.Credential{Username: "u", Password: "p"}) })
	e.established()
	id := l.server.Sessions()[0].ID
	if err := l.server.Renegotiate(id); err != nil {
		t.Fatal(err)
	}
	changed := e.await("key changes", func(event openvpn.Event) bool { _, ok := event.(openvpn.KeyChanged); return ok }).(openvpn.KeyChanged)
	if changed.KeyID != 1 || !changed.ByGateway {
		t.Errorf("key %+v", changed)
	}
	e.do(func(c *openvpn.Client) { c.Renegotiate(time.Now(), "test") })
	e.await("key changes", func(event openvpn.Event) bool { _, ok := event.(openvpn.KeyChanged); return ok })
	first, second, third := <-logins, <-logins, <-logins
	if first.Password != "p" || first.Renegotiation || second.Password != "SESS-1" || !second.Renegotiation || third.Password != "SESS-1" {
		t.Errorf("logins %+v, %+v, %+v", first, second, third)
	}
	if err := l.server.Renegotiate(id + 100); !errors.Is(err, gateway.ErrNoSession) {
		t.Errorf("error %v", err)
	}
}

func TestServerSendsMessages(t *testing.T) {
	tests := []struct {
		message push.Message
		want    openvpn.Code
		reason  string
	}{
		{push.Restart{Reason: "maintenance", NextServer: true}, openvpn.GatewayRestart, "maintenance"},
		{push.Halt{Reason: "out of order"}, openvpn.GatewayHalt, "out of order"},
		{push.AuthFailed{SessionExpired: true, Reason: "sign in anew"}, openvpn.AuthSessionExpired, "sign in anew"},
	}
	l := newLoopback(t, nil)
	for _, test := range tests {
		e := l.dial("udp", nil)
		e.established()
		sessions := l.server.Sessions()
		if err := l.server.Send(sessions[len(sessions)-1].ID, test.message); err != nil {
			t.Fatal(err)
		}
		if failure := e.failure(); failure.Code != test.want || failure.Reason != test.reason {
			t.Errorf("%v: failed with %v", test.message, failure)
		}
	}
}

func TestServerNotifiesWhenItStops(t *testing.T) {
	l := newLoopback(t, func(config *gateway.Config) { config.NotifyStop = true })
	tcp, udp := l.dial("tcp", nil), l.dial("udp", nil)
	tcp.established()
	udp.established()
	l.stop()
	for _, e := range []*engine{tcp, udp} {
		if failure := e.failure(); failure.Code != openvpn.GatewayRestart {
			t.Errorf("failed with %v", failure)
		}
	}
}

func TestServerGivesUpSilentClients(t *testing.T) {
	l := newLoopback(t, func(config *gateway.Config) { config.Ping, config.PingTimeout = time.Second, time.Second })
	e := l.dial("udp", nil)
	e.established()
	e.conn.Close() // as when a cable is cut
	eventually(t, "session is given up", func() bool { return len(l.server.Sessions()) == 0 })
}

// A gateway that sends no pings is found out by its clients.
func TestServerWithoutPings(t *testing.T) {
	l := newLoopback(t, func(config *gateway.Config) {
		config.Ping, config.PingTimeout = time.Second, 2*time.Second
		config.Faults.NoPings = true
	})
	e := l.dial("udp", nil)
	e.established()
	if failure := e.failure(); failure.Code != openvpn.PingRestart {
		t.Errorf("failed with %v", failure)
	}
}

func TestServerChangesCertificate(t *testing.T) {
	l := newLoopback(t, nil)
	l.server.SetTLS(gateway.NewAuthority(t, "another root").ServerTLS())
	if failure := l.dial("tcp", nil).failure(); failure.Code != openvpn.GatewayRefused {
		t.Errorf("failed with %v", failure)
	}
}

func TestServerIsFull(t *testing.T) {
	l := newLoopback(t, func(config *gateway.Config) { config.MaxClients = 1 })
	l.dial("tcp", nil).established()
	if failure := l.dial("tcp", nil).failure(); failure.Code != openvpn.ClosedAfterReset {
		t.Errorf("failed with %v", failure)
	}
	if sessions := l.server.Sessions(); len(sessions) != 1 {
		t.Errorf("sessions %s", describe(sessions))
	}
}

func TestServerSurvivesGarbage(t *testing.T) {
	l := newLoopback(t, nil)
	for _, garbage := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "\x00\x00", "\x00\x01\x38", "\x00\x0e\x38aaaaaaaa\xff\x00\x00\x00\x00", "\x00\x05\x48abcd", ""} {
		conn, err := net.Dial("tcp", l.tcp.String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(garbage))
		conn.(*net.TCPConn).CloseWrite()
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !closedEarly(err) {
			t.Errorf("%q: %v", garbage, err)
		}
		conn.Close()
		datagram, err := net.Dial("udp", l.udp.String())
		if err != nil {
			t.Fatal(err)
		}
		datagram.Write([]byte(garbage))
		datagram.Close()
	}
	l.dial("tcp", nil).established()
	l.dial("udp", nil).established()
}

func TestServerManyClientsAtOnce(t *testing.T) {
	l := newLoopback(t, nil)
	const clients = 40
	var engines []*engine
	for i := range clients {
		engines = append(engines, l.dial([]string{"tcp", "udp"}[i%2], nil))
	}
	addresses := map[string]bool{}
	for _, e := range engines {
		addresses[e.established().Options.Ifconfig.Address.String()] = true
	}
	if len(addresses) != clients {
		t.Errorf("%d different addresses", len(addresses))
	}
	peers := map[uint32]bool{}
	for _, s := range l.server.Sessions() {
		peers[s.PeerID] = true
	}
	if len(peers) != clients {
		t.Errorf("%d different peer ids", len(peers))
	}
}

// Options are asked for, and the end is announced, inside the data channel too.
func TestServerUnderstandsOCC(t *testing.T) {
	l := newLoopback(t, nil)
	e := l.dial("udp", nil)
	e.established()
	answered := make(chan struct{}, 1)
	data := e.session.Data()
	data.OnInBand(func() { answered <- struct{}{} })
	say := func(message datachannel.OCC) {
		batch := newBatch(e.conn)
		if err := data.SealInBand(time.Now(), batch, datachannel.AppendOCC(nil, message, nil)); err != nil {
			t.Fatal(err)
		}
		if err := e.conn.WritePackets(batch); err != nil {
			t.Fatal(err)
		}
	}
	say(datachannel.OCCRequest)
	select {
	case <-answered:
	case <-time.After(patience):
		t.Fatal("no answer")
	}
	messages := data.InBand()
	if len(messages) != 1 || messages[0].Message != datachannel.OCCReply || !strings.HasPrefix(string(messages[0].Payload), "V4,dev-type tun,") {
		t.Errorf("messages %v", messages)
	}
	say(datachannel.OCCExit)
	eventually(t, "session is forgotten", func() bool { return len(l.server.Sessions()) == 0 })
}

// Whatever was going on when it stops, nothing of a gateway stays behind.
func TestServerLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("a life", func(t *testing.T) {
		l := newLoopback(t, func(config *gateway.Config) {
			config.Ping, config.PingTimeout = time.Second, time.Minute
			signIn(func(ctx context.Context, login gateway.Login) (gateway.Decision, error) {
				if login.Username == "waits" {
					<-ctx.Done()
					return gateway.Decision{}, ctx.Err()
				}
				return gateway.Decision{Outcome: gateway.Accept}, nil
			})(config)
		})
		for _, proto := range []string{"tcp", "udp", "tcp", "udp"} {
			l.dial(proto, nil).established()
		}
		waiting := l.dial("tcp", func(c *openvpn.Config) { c.AsksCredential = true })
		waiting.do(func(c *openvpn.Client) { c.Provide(time.Now(), openvpn.Credential{Username: "waits"}) })
		eventually(t, "five sessions", func() bool { return len(l.server.Sessions()) == 5 })
		silent, err := net.Dial("tcp", l.tcp.String())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		l.stop()
		if sessions := l.server.Sessions(); len(sessions) != 0 {
			t.Errorf("sessions %s", describe(sessions))
		}
	})
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}
