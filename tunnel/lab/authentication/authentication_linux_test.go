package authentication_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func startProvider(t *testing.T) *entra.Provider {
	t.Helper()
	provider, err := entra.Start(entra.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(); err != nil {
			t.Error(err)
		}
	})
	return provider
}

func startRADIUS(t *testing.T, delay time.Duration) *authentication.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	server, err := freeradius.Start(ctx, freeradius.Options{Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &authentication.Server{Address: server.Address(), Secret: server.Secret()}
}

func login(username, password string) gateway.Login {
	return gateway.Login{Username: username, Password: keymethod.Secret(password), Remote: netip.MustParseAddrPort("203.0.113.10:50000")}
}

func decide(t *testing.T, authenticate gateway.Authenticator, l gateway.Login) gateway.Decision {
	t.Helper()
	decision, err := authenticate(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return decision
}

func TestMixed(t *testing.T) {
	provider, server := startProvider(t), startRADIUS(t, 0)
	token, err := provider.AccessToken(entra.AliceUsername)
	if err != nil {
		t.Fatal(err)
	}
	all := authentication.Methods{
		Certificate: true, Entra: authentication.Entra(provider.Validate, nil), RADIUS: authentication.RADIUS(server, authentication.RADIUSOptions{}),
	}
	withCertificate := gateway.Login{ClientCertificate: &x509.Certificate{Subject: pkix.Name{CommonName: "carla"}}}
	bad := withCertificate
	bad.Username, bad.Password = "AzureAD", "no token"
	for _, test := range []struct {
		name    string
		methods authentication.Methods
		login   gateway.Login
		accept  bool
		whose   string
	}{
		{"certificate", all, withCertificate, true, "carla"},
		{"certificate, not this way", authentication.Methods{Entra: all.Entra}, withCertificate, false, ""},
		{"token", all, login("AzureAD", token), true, entra.AliceUsername},
		{"token of nobody", all, login("AzureAD", "x.y.z"), false, ""},
		{"token, not this way", authentication.Methods{Certificate: true, RADIUS: all.RADIUS}, login("AzureAD", token), false, ""},
		{"bad token beside a certificate", all, bad, false, ""},
		{"password", all, login(freeradius.Alice, freeradius.AlicePassword), true, freeradius.Alice},
		{"wrong password", all, login(freeradius.Alice, "a guess"), false, ""},
		{"token as a user's password", all, login(entra.AliceUsername, "x"), false, ""},
		{"nothing", all, gateway.Login{}, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			decision := decide(t, test.methods.Authenticator(), test.login)
			if (decision.Outcome == gateway.Accept) != test.accept || decision.Name != test.whose {
				t.Errorf("decision %+v", decision)
			}
		})
	}
	for want, methods := range map[tls.ClientAuthType]authentication.Methods{
		tls.VerifyClientCertIfGiven:    all,
		tls.RequireAndVerifyClientCert: {Certificate: true},
		tls.NoClientCert:               {Entra: all.Entra},
	} {
		if got := methods.ClientAuth(); got != want {
			t.Errorf("TLS wants %v, not %v", got, want)
		}
	}
}

func TestRADIUS(t *testing.T) {
	const delay = 1200 * time.Millisecond
	server := startRADIUS(t, delay)
	plain := authentication.RADIUS(server, authentication.RADIUSOptions{})
	t.Run("expired", func(t *testing.T) {
		decision := decide(t, plain, login(freeradius.Erin, freeradius.ErinPassword))
		if decision.Outcome != gateway.Reject || decision.Refusal.Reason != freeradius.ExpiredMessage {
			t.Errorf("decision %+v", decision)
		}
	})
	t.Run("delayed, as Azure does it", func(t *testing.T) {
		begun := time.Now()
		decision := decide(t, plain, login(freeradius.Paul, freeradius.PaulPassword))
		if decision.Outcome != gateway.Accept || time.Since(begun) < delay {
			t.Errorf("decision %+v after %v", decision, time.Since(begun))
		}
	})
	t.Run("delayed, the client is told", func(t *testing.T) {
		patient := authentication.RADIUS(server, authentication.RADIUSOptions{PendingAfter: 600 * time.Millisecond})
		decision := decide(t, patient, login(freeradius.Paul, freeradius.PaulPassword))
		if decision.Outcome != gateway.Pending || decision.Pending.Timeout < time.Second {
			t.Fatalf("decision %+v", decision)
		}
		if decision, err := decision.Pending.Decide(t.Context(), nil); err != nil || decision.Outcome != gateway.Accept {
			t.Errorf("decision %+v, %v", decision, err)
		}
		if decision := decide(t, patient, login(freeradius.Alice, "a guess")); decision.Outcome != gateway.Reject {
			t.Errorf("a quick answer: %+v", decision)
		}
	})
	t.Run("challenge", func(t *testing.T) {
		asked := decide(t, plain, login(freeradius.Carol, freeradius.CarolPassword)).Challenge
		if asked == nil || asked.Kind != push.DynamicChallenge || asked.Text != freeradius.ChallengeText || !asked.ResponseRequired || asked.Username != freeradius.Carol {
			t.Fatalf("challenge %+v", asked)
		}
		if strings.ContainsAny(asked.State, ":,") {
			t.Errorf("state %q", asked.State)
		}
		answer := string(asked.Answer("", freeradius.CarolCode))
		if decision := decide(t, plain, login(freeradius.Carol, answer)); decision.Outcome != gateway.Accept {
			t.Errorf("right code: %+v", decision)
		}
		if decision := decide(t, plain, login(freeradius.Carol, answer)); decision.Outcome != gateway.Reject {
			t.Errorf("the same answer again: %+v", decision)
		}
		asked = decide(t, plain, login(freeradius.Carol, freeradius.CarolPassword)).Challenge
		if decision := decide(t, plain, login(freeradius.Carol, string(asked.Answer("", "000000")))); decision.Outcome != gateway.Reject {
			t.Errorf("wrong code: %+v", decision)
		}
	})
	t.Run("challenge in the same session", func(t *testing.T) {
		same := authentication.RADIUS(server, authentication.RADIUSOptions{SameSession: true})
		able := login(freeradius.Carol, freeradius.CarolPassword)
		able.PeerInfo = map[string]string{"IV_SSO": "webauth,crtext"}
		decision := decide(t, same, able)
		if decision.Outcome != gateway.Pending || decision.Pending.Info.Challenge.Kind != push.TextChallenge {
			t.Fatalf("decision %+v", decision)
		}
		if decision, err := decision.Pending.Decide(t.Context(), []byte(freeradius.CarolCode)); err != nil || decision.Outcome != gateway.Accept {
			t.Errorf("decision %+v, %v", decision, err)
		}
		if decision := decide(t, same, login(freeradius.Carol, freeradius.CarolPassword)); decision.Outcome != gateway.Challenge {
			t.Errorf("a client that cannot: %+v", decision)
		}
	})
	t.Run("challenge of the profile", func(t *testing.T) {
		static := push.Challenge{Kind: push.StaticChallenge}
		if decision := decide(t, plain, login(freeradius.Carol, string(static.Answer(freeradius.CarolPassword, freeradius.CarolCode)))); decision.Outcome != gateway.Accept {
			t.Errorf("decision %+v", decision)
		}
	})
	t.Run("passwords that look like answers", func(t *testing.T) {
		for _, password := range []string{"CRV1::", "CRV1::%::x", "CRV1::" + base64.RawURLEncoding.EncodeToString([]byte("s")), "SCRV1:", "SCRV1:a:b", "SCRV1:::"} {
			if decision := decide(t, plain, login(freeradius.Alice, password)); decision.Outcome != gateway.Reject {
				t.Errorf("%q: %+v", password, decision)
			}
		}
	})
	t.Run("wrong secret", func(t *testing.T) {
		stranger := &authentication.Server{Address: server.Address, Secret: "another", Timeout: 300 * time.Millisecond}
		if decision, err := authentication.RADIUS(stranger, authentication.RADIUSOptions{})(t.Context(), login(freeradius.Alice, freeradius.AlicePassword)); err == nil {
			t.Errorf("decision %+v", decision)
		}
	})
}
