package openvpn

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// TestRefusals lets the gateway end the session with a message.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		message string
		want    Failure
	}{
		{"AUTH_FAILED", Failure{Code: AuthFailed}},
		{"AUTH_FAILED,wrong password", Failure{Code: AuthFailed, Reason: "wrong password"}},
		{"AUTH_FAILED,TEMP[backoff 42,advance remote]:busy", Failure{Code: AuthTemporary, Reason: "busy", Temporary: true, Backoff: 42 * time.Second, Advance: push.AdvanceServer}},
		{"AUTH_FAILED,SESSION:over", Failure{Code: AuthSessionExpired, Reason: "over"}},
		{"RESTART,[PN]maintenance", Failure{Code: GatewayRestart, Reason: "maintenance", Temporary: true, KeepCredential: true, Advance: push.AdvanceServer}},
		{"RESTART", Failure{Code: GatewayRestart, Temporary: true}},
		{"HALT,go away", Failure{Code: GatewayHalt, Reason: "go away"}},
		{"EXIT", Failure{Code: GatewayExit, Temporary: true}},
		{"PUSH_REPLY,compress lz4", Failure{Code: Unsupported}},
		{"PUSH_REPLY,cipher BF-CBC", Failure{Code: Unsupported}},
		{"PUSH_REPLY,cipher AES-256-GCM,protocol-flags aead-epoch", Failure{Code: Unsupported}},
		{"PUSH_REPLY,cipher AES-256-GCM,reject me", Failure{Code: PushRejected}},
		{"PUSH_REPLY," + strings.Repeat("x", push.MaxMessage+1), Failure{Code: PushRejected}},
	} {
		l := newLab(t, func(s *setUp) { s.client.PullFilters = []push.Filter{{Action: push.Reject, Prefix: "reject"}} })
		l.server.onMessage = func(_ time.Time, key *serverKey, _ push.Message) bool {
			key.channel.Write(append([]byte(test.message), 0))
			return true
		}
		f := *l.fails()
		if (f.Err == nil) != (test.want.Code != Unsupported && test.want.Code != PushRejected) {
			t.Errorf("%.40s: cause %v", test.message, f.Err)
		}
		f.Err = nil
		test.want.Stage = StagePush
		if f != test.want {
			t.Errorf("%.40s: got %+v, want %+v", test.message, f, test.want)
		}
	}
}

// TestStages hangs up at every stage.
func TestStages(t *testing.T) {
	broken := errors.New("connection reset")
	for stage, want := range map[Stage]Code{
		StageReset: ClosedAfterReset, StageTLS: ClosedDuringTLS, StageKeyMaterial: ClosedAfterKeyMaterial,
		StagePush: ClosedAfterKeyMaterial, StageEstablished: ConnectionClosed,
	} {
		l := newLab(t, nil)
		hungUp := false
		l.onEvent = func(event Event) {
			if reached, ok := event.(StageReached); ok && reached.Stage == stage {
				hungUp = true
			}
			if _, ok := event.(Established); ok && stage == StageEstablished {
				hungUp = true
			}
			if hungUp {
				l.cut = true
			}
		}
		l.client.Start(l.now)
		l.run(time.Minute, func() bool { return hungUp })
		l.client.TransportClosed(l.now, broken)
		if f := l.client.Failure(); f == nil || f.Code != want || f.Stage != stage || !errors.Is(f, broken) {
			t.Errorf("%v: %+v", stage, f)
		}
	}
}

// TestSilence lets the gateway fall silent at every stage.
func TestSilence(t *testing.T) {
	for stage, want := range map[Stage]Code{StageReset: NoAnswer, StageTLS: TLSStalled, StageKeyMaterial: NoKeyMaterial, StagePush: NoPushReply} {
		l := newLab(t, nil)
		l.onEvent = func(event Event) {
			if reached, ok := event.(StageReached); ok && reached.Stage == stage {
				l.cut = true
			}
		}
		f := l.fails()
		if f.Code != want || f.Stage != stage || !f.Temporary {
			t.Errorf("%v: %+v", stage, f)
		}
		if waited := l.now.Sub(l.start); waited < 60*time.Second || waited > 65*time.Second {
			t.Errorf("%v: waited %v", stage, waited)
		}
	}
}

// TestWrongKey meets a gateway with another tls-auth key, which drops everything, and one that is no gateway at all.
func TestWrongKey(t *testing.T) {
	l := newLab(t, func(s *setUp) {
		s.client.Wrap = tlswrap.Config{Mode: tlswrap.Auth, Key: tlswrap.GenerateStaticKey(), Digest: "SHA256", Direction: tlswrap.Inverse}
		s.wrap = tlswrap.Config{Mode: tlswrap.Auth, Key: tlswrap.GenerateStaticKey(), Digest: "SHA256", Direction: tlswrap.Normal}
	})
	if f := l.fails(); f.Code != NoAnswer {
		t.Errorf("silent: %v", f)
	}
	l = newLab(t, func(s *setUp) { s.client.AsksCredential = false })
	l.client.Start(l.now)
	l.client.Receive(l.now, []byte("HTTP/1.1 400 Bad Request"))
	l.client.TransportClosed(l.now, nil)
	if f := l.client.Failure(); f == nil || f.Code != NotOpenVPN {
		t.Errorf("web server: %v", f)
	}
}

// TestNothingBeforeCredential checks that nothing is sent before the credential is there, and that it may come first.
func TestNothingBeforeCredential(t *testing.T) {
	l := newLab(t, nil)
	l.answer = func(CredentialNeeded) {}
	l.client.Start(l.now)
	l.run(time.Hour, nil)
	if l.flights != 0 || l.client.Stage() != StageIdle || count[CredentialNeeded](l) != 1 {
		t.Errorf("%d flights at %v", l.flights, l.client.Stage())
	}
	l.client.Provide(l.now, Credential{Username: "a", Password: "b"})
	if !l.run(time.Minute, func() bool { return l.client.Stage() == StageEstablished }) {
		t.Error("not established")
	}

	l = newLab(t, nil)
	l.client.Provide(l.now, Credential{Username: "a", Password: "b"})
	l.connect()
	if count[CredentialNeeded](l) != 0 {
		t.Error("asked although it was there")
	}

	l = newLab(t, nil)
	l.answer = func(CredentialNeeded) { l.client.Provide(l.now, Credential{Cancel: true}) }
	if f := l.fails(); f.Code != CredentialCancelled {
		t.Errorf("cancelled: %v", f)
	}
}

func TestChallenges(t *testing.T) {
	// The profile's own question.
	static := &push.Challenge{Kind: push.StaticChallenge, Text: "PIN", ResponseRequired: true}
	l := newLab(t, func(s *setUp) { s.client.StaticChallenge = static })
	l.connect()
	if needed, _ := find[CredentialNeeded](l); needed.Challenge != static {
		t.Errorf("asked %+v", needed)
	}
	if got := l.server.keys[0].peer.Password; got != "SCRV1:cGFzc3dvcmQ=:MTIzNDU2" {
		t.Errorf("static challenge: %q", string(got))
	}

	// The gateway's question, with a refusal; the answer belongs to the next session.
	l = newLab(t, nil)
	l.server.onMessage = func(_ time.Time, key *serverKey, _ push.Message) bool {
		l.server.say(key, push.ParseMessage("AUTH_FAILED,CRV1:R,E:STATE:dXNlcjI=:Code?"))
		return true
	}
	f := l.fails()
	if f.Code != AuthChallenge || f.Challenge == nil || f.Challenge.Text != "Code?" {
		t.Fatalf("%+v", f)
	}
	l = newLab(t, func(s *setUp) { s.client.Challenge = f.Challenge })
	l.answer = func(needed CredentialNeeded) {
		if needed.Challenge != f.Challenge {
			t.Errorf("asked %+v", needed)
		}
		l.client.Provide(l.now, Credential{Response: "123456"})
	}
	l.connect()
	if peer := l.server.keys[0].peer; peer.Username != "user2" || peer.Password != "CRV1::STATE::123456" {
		t.Errorf("dynamic challenge: %q %q", peer.Username, string(peer.Password))
	}

	// A question in the running session.
	l = newLab(t, nil)
	l.server.onMessage = func(_ time.Time, key *serverKey, m push.Message) bool {
		if response, ok := m.(push.CRResponse); ok {
			if string(response.Response) != "123456" {
				t.Errorf("response %q", response.Response)
			}
			l.server.pushTo(key)
		} else if len(l.server.messages) == 1 {
			l.server.say(key, push.AuthPending{Timeout: 300 * time.Second})
			l.server.say(key, push.ParseMessage("INFO_PRE,CR_TEXT:R:Code?"))
		}
		return true
	}
	l.connect()
	if count[AuthPending](l) != 1 {
		t.Error("no AuthPending event")
	}
}

// TestPending waits for a web sign-in longer than hand-window, as long as the gateway says.
func TestPending(t *testing.T) {
	l := newLab(t, nil)
	l.server.onMessage = func(now time.Time, key *serverKey, _ push.Message) bool {
		if len(l.server.messages) == 1 {
			l.server.say(key, push.ParseMessage("AUTH_PENDING,timeout 300"))
			l.server.say(key, push.ParseMessage("INFO_PRE,WEB_AUTH:external:https://login.example/"))
		}
		if now.Sub(l.start) > 200*time.Second {
			l.server.pushTo(key)
		}
		return true
	}
	l.client.Start(l.now)
	if !l.run(10*time.Minute, func() bool { return l.client.Stage() == StageEstablished }) {
		t.Fatal(l.client.Failure())
	}
	if page, _ := find[OpenURL](l); page.Page.URL != "https://login.example/" || !page.Page.External {
		t.Errorf("page %+v", page)
	}
	if requests := len(l.server.messages); requests < 40 || requests > 43 {
		t.Errorf("%d PUSH_REQUESTs in 200 s", requests)
	}

	l = newLab(t, nil)
	l.server.onMessage = func(_ time.Time, key *serverKey, _ push.Message) bool {
		if len(l.server.messages) == 1 {
			l.server.say(key, push.ParseMessage("AUTH_PENDING,timeout 100000"))
		}
		return true
	}
	l.client.Start(l.now)
	if f := l.ends(time.Hour); f.Code != NoPushReply || l.now.Sub(l.start) > 31*time.Minute {
		t.Errorf("after %v: %v", l.now.Sub(l.start), f)
	}
}
