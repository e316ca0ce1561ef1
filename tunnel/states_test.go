package tunnel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func TestConnectAndDisconnect(t *testing.T) {
	for name, edits := range map[string][]rigOption{"TCP": nil, "UDP": {overUDP}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, edits...)
			end := r.run()
			session := r.awaitSession()
			if session.Transport != strings.ToLower(name) || session.Cipher != "AES-256-GCM" || session.Interface != "test0" ||
				fmt.Sprint(session.Routes, session.Addresses, session.DNSServers) != "[10.10.0.0/16] [172.16.0.2/24] [10.10.0.4]" || session.TLSVersion != "TLS 1.3" {
				t.Errorf("session %+v", session)
			}
			if r.tunnel.Session() != session {
				t.Error("Session does not return the session that was told")
			}
			if err := end(); err != nil {
				t.Error(err)
			}
			if sets, closed := r.computer.state(); sets != 1 || closed != 1 || r.tunnel.Session() != nil {
				t.Errorf("the computer was set %d times and closed %d times", sets, closed)
			}
		})
	}
}

// What the gateway does or says, and what the user is told.
func TestFailures(t *testing.T) {
	tests := []struct {
		name   string
		edits  []rigOption
		faults gateway.Faults
		code   Code
		detail string // what the detail contains
	}{
		{name: "hang-up after the first packet", faults: gateway.Faults{ResetAfterReset: true}, code: SecretRefused},
		{name: "hang-up after key material, whatever the hello", faults: gateway.Faults{ResetAfterKeyMaterial: true}, code: ResetAfterKey},
		{name: "refused without a user to ask", faults: gateway.Faults{Refuse: &push.AuthFailed{Reason: "not you"}}, code: AuthFailed, detail: "not you"},
		{name: "another root", edits: []rigOption{func(r *rig, _ *gateway.Config) {
			r.profile.Gateway.Roots = []*x509.Certificate{r.pki.ClientRoot.Certificate}
		}}, code: GatewayUntrusted, detail: "Lab TLS CA1"},
		{name: "another name", edits: []rigOption{func(r *rig, _ *gateway.Config) { r.profile.Gateway.Name.Value = "other.example" }}, code: GatewayWrongName, detail: "other.example"},
		{name: "an expired gateway", edits: []rigOption{func(r *rig, c *gateway.Config) {
			c.TLS.Certificates = []tls.Certificate{r.issue(pki.Request{CommonName: gatewayName, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
				NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})}
		}}, code: GatewayExpired},
		{name: "a client's certificate as the gateway's", edits: []rigOption{func(r *rig, c *gateway.Config) {
			c.TLS.Certificates = []tls.Certificate{r.issue(pki.Request{CommonName: gatewayName, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})}
		}}, code: GatewayUntrusted, detail: "server"},
		{name: "an unknown client certificate", edits: []rigOption{clientCertificate((*pki.Set).UnknownClient)}, code: CertificateRefused},
		{name: "an unknown client certificate, TLS 1.2", edits: []rigOption{clientCertificate((*pki.Set).UnknownClient), onlyTLS12}, code: CertificateRefused},
		{name: "an expired client certificate", edits: []rigOption{clientCertificate((*pki.Set).ExpiredClient)}, code: CertificateExpired},
		{name: "no client certificate", edits: []rigOption{func(r *rig, _ *gateway.Config) { r.options.Certificate = nil }}, code: CertificateMissing},
		{name: "a configuration that the profile rejects", edits: []rigOption{func(r *rig, _ *gateway.Config) {
			r.profile.OpenVPN.PullFilters = []profiles.PullFilter{{Action: "reject", Prefix: "route"}}
		}}, code: PushRejected},
		{name: "no privileges", edits: []rigOption{func(r *rig, _ *gateway.Config) { r.computer.openErr = errors.New("operation not permitted") }}, code: HostFailed, detail: "not permitted"},
		{name: "a system without tunnels", edits: []rigOption{func(r *rig, _ *gateway.Config) { r.computer.openErr = host.ErrUnsupported }}, code: HostUnsupported},
		{name: "routes that cannot be set", edits: []rigOption{func(r *rig, _ *gateway.Config) { r.computer.setErr = errors.New("no buffer space") }}, code: HostFailed, detail: "no buffer space"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.edits...)
			r.server.SetFaults(test.faults)
			end := r.run()
			problem := r.awaitFailure(test.code)
			if !strings.Contains(problem.Detail, test.detail) {
				t.Errorf("detail %q, want %q in it", problem.Detail, test.detail)
			}
			var returned *Problem
			if err := end(); !errors.As(err, &returned) || returned.Code != test.code {
				t.Errorf("Run returned %v", err)
			}
			if _, closed := r.computer.state(); closed != 1 && r.computer.openErr == nil {
				t.Errorf("the computer was closed %d times", closed)
			}
		})
	}
}

func (r *rig) issue(request pki.Request) tls.Certificate {
	identity, err := r.pki.GatewayIntermediate.Issue(request)
	if err != nil {
		r.t.Fatal(err)
	}
	return identity.TLS()
}

func clientCertificate(make func(*pki.Set, string) (*pki.Identity, error)) rigOption {
	return func(r *rig, _ *gateway.Config) {
		identity, err := make(r.pki, "user")
		if err != nil {
			r.t.Fatal(err)
		}
		certificate := identity.TLS()
		r.options.Certificate = &certificate
	}
}

func onlyTLS12(r *rig, _ *gateway.Config) { r.profile.OpenVPN.TLSVersionMax = tls.VersionTLS12 }

// What is worth trying again, and works once the gateway mends its ways.
func TestRetries(t *testing.T) {
	tests := []struct {
		name   string
		edits  []rigOption
		faults gateway.Faults
		code   Code
	}{
		{"no answer, UDP", []rigOption{overUDP}, gateway.Faults{Silent: true}, NoAnswer},
		{"no answer, TCP", nil, gateway.Faults{Silent: true}, NoAnswer},
		{"no configuration", nil, gateway.Faults{WithholdPush: true}, NoPushReply},
		{"a temporary refusal", nil, gateway.Faults{Refuse: &push.AuthFailed{Temporary: true, Reason: "busy"}}, AuthTemporary},
		{"a stall in TLS, whatever the hello", nil, gateway.Faults{StallTLS: true}, TLSStalled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, append(test.edits, func(r *rig, _ *gateway.Config) { r.profile.OpenVPN.HandshakeWindow = time.Second })...)
			r.server.SetFaults(test.faults)
			r.run()
			r.awaitRetry(test.code)
			r.server.SetFaults(gateway.Faults{})
			r.awaitSession()
		})
	}
}

func TestWrongSecretMeetsSilence(t *testing.T) {
	r := newRig(t, overUDP, func(r *rig, _ *gateway.Config) {
		r.profile.ControlChannel.Key = secret.Text(staticKey("0"))
		r.profile.OpenVPN.HandshakeWindow = time.Second
	})
	r.run()
	r.awaitRetry(NoAnswer)
}

// A gateway that is picky about the hello is met with another one, which is remembered.
func TestPickyGateways(t *testing.T) {
	tests := []struct {
		name   string
		faults gateway.Faults
		want   HelloVariant
	}{
		{"a hello that must fit one packet", gateway.Faults{ResetOnLongHello: true}, HelloVariant{Small: true}},
		{"the official client's hello only", gateway.Faults{RequireAzureHello: true}, HelloVariant{Azure: true}},
		{"both", gateway.Faults{RequireAzureHello: true, ResetOnLongHello: true}, HelloVariant{Azure: true, Small: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			memory := &fakeMemory{hellos: map[string]HelloVariant{}}
			r := newRig(t, func(r *rig, _ *gateway.Config) { r.options.Memory = memory })
			r.server.SetFaults(test.faults)
			end := r.run()
			r.awaitSession()
			if got, _ := memory.Hello("test"); got != test.want {
				t.Errorf("remembered %+v, want %+v", got, test.want)
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			r.forget()
			r.computer = newFakeComputer()
			r.run()
			r.awaitSession()
			if n := r.count(func(e Event) bool { return e.Kind == KindStage && e.Stage == Dialling }); n != 1 {
				t.Errorf("%d attempts with the remembered hello", n)
			}
		})
	}
}

func (r *rig) count(fits func(Event) bool) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.events {
		if fits(event) {
			n++
		}
	}
	return n
}

type fakeMemory struct {
	mu     sync.Mutex
	hellos map[string]HelloVariant
}

func (m *fakeMemory) Hello(profile string) (HelloVariant, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hello, known := m.hellos[profile]
	return hello, known
}

func (m *fakeMemory) RememberHello(profile string, hello HelloVariant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hellos[profile] = hello
}

func TestLostSessionsComeBack(t *testing.T) {
	tests := []struct {
		name string
		lose func(*rig)
		code Code
	}{
		{"the connection breaks", func(r *rig) { r.disconnect(gateway.Abort) }, ConnectionLost},
		{"the gateway closes", func(r *rig) { r.disconnect(gateway.Close) }, ConnectionLost},
		{"the gateway restarts", func(r *rig) { r.disconnect(gateway.Restart) }, GatewayRestart},
		{"the computer slept", func(r *rig) { r.network <- netmon.Change{Kind: netmon.Woke} }, ConnectionLost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			r.run()
			r.awaitSession()
			r.forget()
			test.lose(r)
			if event := r.awaitState(Reconnecting); event.Problem.Code != test.code {
				t.Errorf("reconnecting because of %v", event.Problem)
			}
			r.awaitSession()
			if sets, closed := r.computer.state(); sets != 2 || closed != 0 {
				t.Errorf("the computer was set %d times and closed %d times: the device must stay", sets, closed)
			}
		})
	}
}

func (r *rig) disconnect(how gateway.Disconnection) {
	if err := r.server.Disconnect(r.onlySession().ID, how); err != nil {
		r.t.Fatal(err)
	}
}

func TestSilentGatewayIsLeft(t *testing.T) {
	r := newRig(t, func(r *rig, _ *gateway.Config) { r.profile.OpenVPN.PingRestart = time.Second })
	r.server.SetFaults(gateway.Faults{NoPings: true, DropData: true})
	r.run()
	r.awaitSession()
	if event := r.awaitState(Reconnecting); event.Problem.Code != PingTimeout {
		t.Errorf("reconnecting because of %v", event.Problem)
	}
}

func TestHaltEndsForGood(t *testing.T) {
	r := newRig(t)
	r.run()
	r.awaitSession()
	r.disconnect(gateway.Halt)
	r.awaitFailure(GatewayHalt)
}

func TestNextServer(t *testing.T) {
	r := newRig(t, func(r *rig, _ *gateway.Config) {
		r.profile.Servers = []profiles.Server{{Host: "127.0.0.1", Port: 1}, {Host: "no-such-host.invalid", Port: 443}}
	})
	r.run()
	if session := r.awaitSession(); session.Server != "127.0.0.1" {
		t.Errorf("connected to %s", session.Server)
	}
}

// A web server, or the sign-in page of a hotel, answers in its own language.
func TestServerThatSpeaksHTTP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	r := newRig(t)
	r.profile.Servers = []profiles.Server{{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).AddrPort().Port()}}
	r.run()
	r.awaitRetry(NotOpenVPN)
}

func TestUDPSessionSurvivesANewNetwork(t *testing.T) {
	r := newRig(t, overUDP)
	r.run()
	r.awaitSession()
	r.network <- netmon.Change{Kind: netmon.NetworkChanged}
	r.network <- netmon.Change{Kind: netmon.NetworkChanged} // the first was handled when the second is taken
	if r.count(func(e Event) bool { return e.State == Reconnecting }) != 0 || len(r.server.Sessions()) != 1 {
		t.Error("the session was given up")
	}
}

func TestPasswords(t *testing.T) {
	accept := func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		if login.Username == "alice" && strings.HasPrefix(string(login.Password), "right") {
			return gateway.Decision{Outcome: gateway.Accept}, nil
		}
		return gateway.Decision{Refusal: push.AuthFailed{Reason: "wrong password"}}, nil
	}
	t.Run("right, and as long as a token", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		r.options.Ask = answers(Answer{Username: "alice", Password: secret.Text("right" + strings.Repeat("x", 16<<10))})
		r.run()
		r.awaitSession()
	})
	t.Run("wrong once", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		var questions []Question
		give := answers(Answer{Username: "alice", Password: "wrong"}, Answer{Username: "alice", Password: "right"})
		r.options.Ask = func(ctx context.Context, q Question) (Answer, error) {
			questions = append(questions, q)
			return give(ctx, q)
		}
		r.run()
		r.awaitSession()
		if len(questions) != 2 || questions[0].Refused != nil || questions[1].Refused == nil || questions[1].Refused.Detail != "wrong password" {
			t.Errorf("questions %+v", questions)
		}
	})
	t.Run("wrong three times", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		wrong := Answer{Username: "alice", Password: "wrong"}
		r.options.Ask = answers(wrong, wrong, wrong)
		r.run()
		r.awaitFailure(AuthFailed)
	})
	t.Run("none given", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		r.options.Ask = func(context.Context, Question) (Answer, error) { return Answer{}, errors.New("cancelled by the user") }
		r.run()
		r.awaitFailure(CredentialCancelled)
	})
	t.Run("nobody to ask", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		r.run()
		r.awaitFailure(CredentialCancelled)
	})
	t.Run("cancelled while the user thinks", func(t *testing.T) {
		r := newRig(t, withPassword(accept))
		asked := make(chan struct{})
		r.options.Ask = func(ctx context.Context, _ Question) (Answer, error) {
			close(asked)
			<-ctx.Done()
			return Answer{}, ctx.Err()
		}
		end := r.run()
		<-asked
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// answers gives one answer after the other, and then no more.
func answers(given ...Answer) func(context.Context, Question) (Answer, error) {
	var mu sync.Mutex
	return func(context.Context, Question) (Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(given) == 0 {
			return Answer{}, errors.New("asked too often")
		}
		answer := given[0]
		given = given[1:]
		return answer, nil
	}
}

func TestChallenge(t *testing.T) {
	challenge := &push.Challenge{Kind: push.DynamicChallenge, Text: "Code from your app?", ResponseRequired: true, State: "s1", Username: "alice"}
	r := newRig(t, withPassword(func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		if string(login.Password) == "CRV1::s1::123456" {
			return gateway.Decision{Outcome: gateway.Accept}, nil
		}
		return gateway.Decision{Outcome: gateway.Challenge, Challenge: challenge}, nil
	}))
	var texts []string
	r.options.Ask = func(_ context.Context, q Question) (Answer, error) {
		texts = append(texts, q.Text)
		if q.Response {
			return Answer{Username: q.Username, Response: "123456"}, nil
		}
		return Answer{Username: "alice", Password: "pw"}, nil
	}
	r.run()
	r.awaitSession()
	if !slices.Equal(texts, []string{"", challenge.Text}) {
		t.Errorf("asked %q", texts)
	}
}

func TestApprovalIsAwaited(t *testing.T) {
	approved := make(chan struct{})
	r := newRig(t, withPassword(func(context.Context, gateway.Login) (gateway.Decision, error) {
		return gateway.Decision{Outcome: gateway.Pending, Pending: &gateway.PendingLogin{Timeout: 20 * time.Second,
			Decide: func(ctx context.Context, _ []byte) (gateway.Decision, error) {
				select {
				case <-approved:
					return gateway.Decision{Outcome: gateway.Accept}, nil
				case <-ctx.Done():
					return gateway.Decision{}, ctx.Err()
				}
			}}}, nil
	}))
	r.options.Ask = answers(Answer{Username: "alice", Password: "pw"})
	r.run()
	r.await("waiting for approval", func(e Event) bool { return e.Stage == Pending })
	close(approved)
	r.awaitSession()
}

// A renegotiation asks for a fresh credential while the tunnel stays up.
func TestRenegotiationAsksAnew(t *testing.T) {
	r := newRig(t, withPassword(func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		if login.Renegotiation != (login.Password == "second") {
			return gateway.Decision{}, nil
		}
		return gateway.Decision{Outcome: gateway.Accept}, nil
	}))
	var reasons []Reason
	give := answers(Answer{Username: "a", Password: "first"}, Answer{Username: "a", Password: "second"})
	r.options.Ask = func(ctx context.Context, q Question) (Answer, error) {
		reasons = append(reasons, q.Reason)
		return give(ctx, q)
	}
	r.run()
	r.awaitSession()
	if err := r.server.Renegotiate(r.onlySession().ID); err != nil {
		t.Fatal(err)
	}
	r.await("renewed keys", func(e Event) bool { return e.Stage == Renegotiated })
	if !slices.Equal(reasons, []Reason{ForConnecting, ForRenegotiation}) || r.count(func(e Event) bool { return e.State == Reconnecting }) != 0 {
		t.Errorf("asked for %v", reasons)
	}
}

// Disconnecting works at any moment and leaves nothing behind.
func TestDisconnectAtAnyMoment(t *testing.T) {
	for i := range 12 {
		r := newRig(t)
		if i%3 == 0 {
			r.server.SetFaults(gateway.Faults{Silent: true})
		}
		end := r.run()
		time.Sleep(time.Duration(i) * time.Millisecond) // where exactly does not matter: every place must do
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if _, closed := r.computer.state(); closed > 1 {
			t.Errorf("the computer was closed %d times", closed)
		}
	}
}

func TestFailureToUndoIsReported(t *testing.T) {
	r := newRig(t)
	r.computer.closeErr = errors.New("resolv.conf is read-only")
	end := r.run()
	r.awaitSession()
	if err := end(); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("Run returned %v", err)
	}
}
