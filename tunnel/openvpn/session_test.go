package openvpn

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// TestRenegotiations goes around the key ids, started by either side, with data in flight at every moment.
func TestRenegotiations(t *testing.T) {
	for _, stream := range []bool{true, false} {
		l := newLab(t, func(s *setUp) {
			s.client.Stream, s.client.AsksCredential = stream, false
			s.server.options = append(s.server.options, "protocol-flags tls-ekm")
		})
		l.connect()
		sent := 0
		l.seen = func(bool, []byte) { // both ends send at every step of the renegotiation
			l.exchange(fmt.Sprintf("packet %d", sent))
			sent++
		}
		for i := range 9 {
			if i%2 == 0 {
				l.server.renegotiate(l.now)
			} else {
				l.client.Renegotiate(l.now, "test")
			}
			before := sent
			l.settle(t, i+1)
			if sent == before {
				t.Error("nothing was in flight")
			}
			changed, _ := find[KeyChanged](l)
			if want := uint8(i%7 + 1); changed.KeyID != want || changed.ByGateway != (i%2 == 0) {
				t.Errorf("renegotiation %d: %+v", i, changed)
			}
		}
		if len(l.client.retired) > 1 {
			t.Errorf("%d old keys are kept", len(l.client.retired))
		}
	}
}

// TestRenegotiationsInARow starts the next renegotiation before the last key is used.
func TestRenegotiationsInARow(t *testing.T) {
	l := newLab(t, nil)
	l.connect()
	for i := range 4 {
		l.server.renegotiate(l.now)
		if !l.run(20*time.Second, func() bool { return count[KeyChanged](l) == i+1 }) {
			t.Fatalf("renegotiation %d: %v", i, l.client.Failure())
		}
		l.exchange(fmt.Sprint(i))
	}
}

// TestBothRenegotiate lets both ends start at the same moment.
func TestBothRenegotiate(t *testing.T) {
	l := newLab(t, nil)
	l.connect()
	l.server.renegotiate(l.now)
	l.client.Renegotiate(l.now, "test")
	l.settle(t, 1)
	l.exchange("after both")
}

func TestRenegotiateByClock(t *testing.T) {
	l := newLab(t, func(s *setUp) {
		s.client.RenegotiateAfter, s.client.TransitionWindow = 1000*time.Second, 300*time.Second
	})
	l.connect()
	if !l.run(1001*time.Second, func() bool { return count[KeyChanged](l) == 1 }) {
		t.Fatal("no renegotiation")
	}
	if after := l.now.Sub(l.start); after < 900*time.Second || after > 1000*time.Second {
		t.Errorf("renegotiated after %v", after)
	}
	if len(l.client.retired) != 1 {
		t.Fatal("the old key is not kept")
	}
	l.run(301*time.Second, nil)
	if len(l.client.retired) != 0 {
		t.Error("the old key is kept")
	}
}

func TestRenegotiateByUse(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"bytes":   func(c *Config) { c.RenegotiateBytes = 1000 },
		"packets": func(c *Config) { c.RenegotiatePackets = 10 },
	} {
		l := newLab(t, func(s *setUp) { change(&s.client) })
		l.connect()
		l.run(20*time.Second, nil)
		if count[KeyChanged](l) != 0 {
			t.Errorf("%s: renegotiated without use", name)
		}
		for i := range 6 {
			l.exchange(fmt.Sprintf("%d %s", i, strings.Repeat("x", 100)))
		}
		if !l.run(2*time.Second, func() bool { return count[KeyChanged](l) == 1 }) {
			t.Errorf("%s: no renegotiation", name)
		}
	}
}

// TestRenegotiationAsks wants a fresh credential for each key, and waits for it without a limit of its own.
func TestRenegotiationAsks(t *testing.T) {
	for _, byGateway := range []bool{true, false} {
		l := newLab(t, nil)
		l.connect()
		asked := 0
		l.answer = func(needed CredentialNeeded) {
			asked++
			if needed.Reason != ForRenegotiation {
				t.Errorf("asked for %v", needed.Reason)
			}
		}
		if byGateway {
			l.server.renegotiate(l.now)
		} else {
			l.client.Renegotiate(l.now, "test")
		}
		l.run(10*time.Minute, func() bool { return false })
		if asked != 1 || count[KeyChanged](l) != 0 || l.client.Failure() != nil {
			t.Fatalf("asked %d times, %d keys, failure %v", asked, count[KeyChanged](l), l.client.Failure())
		}
		l.exchange("meanwhile")
		l.client.Provide(l.now, Credential{Username: "user", Password: "fresh"})
		l.settle(t, 1)
		if got := l.server.keys[0].peer.Password; got != "fresh" {
			t.Error("the fresh credential was not sent")
		}
	}
}

func TestToken(t *testing.T) {
	l := newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "auth-token TOKEN1") })
	l.connect()
	changed, _ := find[TokenChanged](l)
	if changed.Token == nil || *changed.Token != (Token{Username: "user", Secret: "TOKEN1"}) {
		t.Fatalf("token %#v", changed.Token)
	}
	l.answer = func(CredentialNeeded) { t.Error("asked although there is a token") }
	l.server.onKeyMaterial = func(now time.Time, key *serverKey) {
		l.server.answer(key)
		l.server.say(key, push.Reply{List: "auth-token TOKEN2,auth-token-user bmV3"})
	}
	l.server.renegotiate(l.now)
	l.settle(t, 1)
	if peer := l.server.keys[0].peer; peer.Username != "user" || peer.Password != "TOKEN1" {
		t.Error("the token was not sent")
	}
	if changed, _ := find[TokenChanged](l); changed.Token == nil || *changed.Token != (Token{Username: "new", Secret: "TOKEN2"}) {
		t.Error("the new token was not taken")
	}
	if count[Established](l) != 1 {
		t.Error("established again")
	}

	// The next session uses it without asking, and drops it when it is refused.
	token := changed.Token
	for _, reason := range []string{"SESSION:expired", "anything"} {
		l = newLab(t, func(s *setUp) { s.client.Token = token })
		l.answer = func(CredentialNeeded) { t.Error("asked although there is a token") }
		l.server.onKeyMaterial = func(_ time.Time, key *serverKey) {
			l.server.answer(key)
			l.server.say(key, push.ParseMessage("AUTH_FAILED,"+reason))
		}
		if f := l.fails(); f.Code != AuthSessionExpired {
			t.Errorf("%s: %v", reason, f)
		}
		if dropped, ok := find[TokenChanged](l); !ok || dropped.Token != nil {
			t.Errorf("%s: the token is kept", reason)
		}
	}
}

func TestKeepalive(t *testing.T) {
	l := newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "ping 10", "ping-restart 60") })
	l.connect()
	pings := 0
	l.seen = func(up bool, p []byte) {
		if up && packet.IsData(p) {
			pings++
		}
	}
	for range 10 { // a gateway that speaks keeps the session alive
		l.run(30*time.Second, nil)
		l.sendDown("still here")
	}
	if pings < 28 || pings > 31 {
		t.Errorf("%d pings in 300 s", pings)
	}
	silent := l.now
	if f := l.ends(2 * time.Minute); f.Code != PingRestart || !f.Temporary || l.now.Sub(silent) != 60*time.Second {
		t.Errorf("after %v: %+v", l.now.Sub(silent), f)
	}

	l = newLab(t, func(s *setUp) { s.client.PingExit, s.client.Ping = 30*time.Second, Never })
	l.connect()
	if f := l.ends(time.Minute); f.Code != PingExit || f.Temporary {
		t.Errorf("%+v", f)
	}
}

// TestSuspended holds the client for longer than the gateway is patient. What came for it meanwhile still waited in its socket.
func TestSuspended(t *testing.T) {
	for held, want := range map[time.Duration]Code{50 * time.Second: "", 120 * time.Second: PingRestart} {
		l := newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "ping 10", "ping-restart 60") })
		l.connect()
		l.run(30*time.Second, nil)
		l.now = l.now.Add(held)
		l.sendDown("sent long ago")
		l.client.Advance(l.now)
		var got Code
		if f := l.client.Failure(); f != nil {
			got = f.Code
		}
		if got != want {
			t.Errorf("held for %v: %q, want %q", held, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	l := newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "session-timeout 600") })
	l.connect()
	if f := l.ends(time.Hour); f.Code != SessionTimeout || l.now.Sub(l.start) != 600*time.Second {
		t.Errorf("after %v: %v", l.now.Sub(l.start), f)
	}

	l = newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "inactive 60 50", "ping 5") })
	l.connect()
	for range 5 {
		l.run(40*time.Second, nil)
		l.exchange(strings.Repeat("x", 100))
		l.client.Advance(l.now)
	}
	if l.client.Failure() != nil {
		t.Fatal(l.client.Failure())
	}
	l.exchange("little")
	if f := l.ends(2 * time.Minute); f.Code != Inactive {
		t.Errorf("%v", f)
	}
}

func TestExit(t *testing.T) {
	// Over datagrams, in the data channel.
	l := newLab(t, func(s *setUp) { s.client.Stream, s.client.ExplicitExitNotify = false, 3 })
	l.connect()
	l.client.Close(l.now)
	l.pass()
	if len(l.server.inBand) != 3 || l.server.inBand[0].Message != datachannel.OCCExit || count[Closed](l) != 1 {
		t.Errorf("in-band %v", l.server.inBand)
	}

	// On the control channel, where both ends can, and delivered.
	l = newLab(t, func(s *setUp) {
		s.client.Stream = false
		s.server.options = append(s.server.options, "protocol-flags cc-exit tls-ekm")
	})
	l.connect()
	l.client.Close(l.now)
	l.run(5*time.Second, func() bool { return l.client.Stage() == StageClosed })
	if last := l.server.messages[len(l.server.messages)-1]; last != (push.Exit{}) || count[Closed](l) != 1 {
		t.Errorf("last message %v", last)
	}
	if l.client.Failure() != nil || !l.client.Deadline().IsZero() {
		t.Error("closed is not the end")
	}

	// The same to a gateway that is gone: a second.
	l = newLab(t, func(s *setUp) { s.server.options = append(s.server.options, "protocol-flags cc-exit tls-ekm") })
	l.connect()
	l.cut = true
	at := l.now
	l.client.Close(l.now)
	l.run(time.Minute, func() bool { return l.client.Stage() == StageClosed })
	if waited := l.now.Sub(at); waited != exitWait {
		t.Errorf("waited %v", waited)
	}

	// The gateway leaves.
	l = newLab(t, func(s *setUp) { s.client.Stream = false })
	l.connect()
	l.inBandDown(datachannel.AppendOCC(nil, datachannel.OCCExit, nil))
	if f := l.ends(time.Minute); f.Code != GatewayExit {
		t.Error(f)
	}
}

func TestOCC(t *testing.T) {
	l := newLab(t, nil)
	l.connect()
	l.inBandDown(datachannel.AppendOCC(nil, datachannel.OCCRequest, nil))
	<-l.client.Wake()
	l.client.Advance(l.now)
	l.pass()
	if len(l.server.inBand) != 1 || l.server.inBand[0].Message != datachannel.OCCReply || string(l.server.inBand[0].Payload) != l.client.optionsString()+"\x00" {
		t.Errorf("in-band %q", l.server.inBand)
	}
}

// inBandDown sends a message of the session itself through the data channel.
func (l *lab) inBandDown(payload []byte) {
	l.t.Helper()
	batch := packet.Batch{Stream: l.server.stream}
	if err := l.server.data.SealInBand(l.now, &batch, payload); err != nil {
		l.t.Fatal(err)
	}
	l.openAtClient(batch.Buffer[batch.Prefix():])
}

// TestRebind moves the client in the middle of a renegotiation: what was lost goes out again at once, and a ping before it.
func TestRebind(t *testing.T) {
	l := newLab(t, func(s *setUp) { s.client.Stream = false })
	l.connect()
	l.client.Renegotiate(l.now, "test")
	l.cut = true
	l.pass()
	l.cut = false
	at := l.now
	l.client.Rebind(l.now)
	pinged := false
	l.seen = func(up bool, p []byte) { pinged = pinged || up && packet.IsData(p) }
	if !l.run(time.Second, func() bool { return count[KeyChanged](l) == 1 }) || l.now != at || !pinged {
		t.Errorf("after %v, pinged %v: %v", l.now.Sub(at), pinged, l.client.Failure())
	}
}

func TestCiphers(t *testing.T) {
	for _, cipher := range []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC", "AES-128-CBC"} {
		for framing, option := range map[datachannel.Compression]string{
			datachannel.NoCompression: "ping 0", datachannel.CompLZO: "comp-lzo no", datachannel.Stub: "compress stub", datachannel.StubV2: "compress stub-v2",
		} {
			l := newLab(t, func(s *setUp) {
				s.client.DataCiphers = []string{"AES-256-GCM", "?BF-CBC", "aes-128-gcm", "CHACHA20-POLY1305", "AES-256-CBC", "AES-128-CBC"}
				s.server.cipher, s.server.framing = cipher, framing
				s.server.options = append(s.server.options, option)
			})
			if established := l.connect(); established.Cipher != cipher {
				t.Errorf("%s: established with %s", cipher, established.Cipher)
			}
			l.exchange("hello")
		}
	}
	l := newLab(t, nil) // a gateway of before cipher negotiation
	l.server.onMessage = func(_ time.Time, key *serverKey, _ push.Message) bool {
		l.server.say(key, push.Reply{List: "ifconfig 10.8.0.2 10.8.0.1"})
		return true
	}
	if established := l.connect(); established.Cipher != "AES-256-GCM" {
		t.Errorf("cipher of the options string: %s", established.Cipher)
	}
	if _, err := NewClient(Config{DataCiphers: []string{"BF-CBC"}, TLS: l.client.config.TLS}); err == nil {
		t.Error("a client without a usable cipher")
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	var log strings.Builder
	l := newLab(t, func(s *setUp) {
		s.client.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.server.options = append(s.server.options, "auth-token hunter3", "unknown-option")
	})
	l.answer = func(CredentialNeeded) {
		l.client.Provide(l.now, Credential{Username: "user", Password: "hunter2", Response: "hunter4"})
	}
	l.connect()
	l.client.Renegotiate(l.now, "test")
	l.settle(t, 1)
	for _, event := range l.events {
		fmt.Fprintf(&log, "%v %+v %#v\n", event, event, event)
	}
	credential := Credential{Password: "hunter2"}
	fmt.Fprintf(&log, "%v %+v %#v %v", credential, credential, credential, Token{Secret: "hunter3"})
	if strings.Contains(log.String(), "hunter") {
		t.Errorf("a secret shows:\n%s", log.String())
	}
	if !strings.Contains(log.String(), "unknown-option") {
		t.Error("nothing was logged")
	}
}

// FuzzReceive gives a client anything, before and after it is established.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x40, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}, uint8(0))
	f.Add([]byte{0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0}, uint8(2))
	f.Add([]byte("PUSH_REPLY,route 10.0.0.1,ifconfig 1 2\x00AUTH_FAILED,CRV1:R:a:b:c"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, mode uint8) {
		l := newLab(t, nil)
		if mode%4 >= 2 {
			l.connect()
		} else {
			l.client.Start(l.now)
			l.takeEvents()
			l.pass()
		}
		if mode%4 == 3 { // inside TLS
			l.server.keys[0].channel.Write(b)
			l.server.keys[0].channel.Write([]byte{0})
			l.run(10*time.Second, nil)
			return
		}
		if len(b) > 9 && mode%2 == 1 { // of the right session
			copy(b[1:], l.server.session[:])
		}
		l.client.Receive(l.now, b)
		l.run(5*time.Second, nil)
	})
}
