package standalone

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

func TestAskFor(t *testing.T) {
	given := func(context.Context, tunnel.Question) (tunnel.Answer, error) {
		return tunnel.Answer{Username: "alice", Password: "pw"}, nil
	}
	password := &profiles.Profile{Authentication: profiles.Authentication{Type: profiles.UsernamePassword}}
	inside := &profiles.Profile{Authentication: profiles.Authentication{Type: profiles.UsernamePassword, Username: "bob", Password: "inside"}}
	entra := &profiles.Profile{Authentication: profiles.Authentication{Type: profiles.EntraID}}
	tests := []struct {
		name    string
		profile *profiles.Profile
		given   asker
		want    tunnel.Answer
		failure string // what the error says
	}{
		{"given", password, given, tunnel.Answer{Username: "alice", Password: "pw"}, ""},
		{"in the profile", inside, nil, tunnel.Answer{Username: "bob", Password: "inside"}, ""},
		{"a token for Entra ID", entra, given, tunnel.Answer{Username: "AzureAD", Password: "pw"}, ""},
		{"nothing for Entra ID", entra, nil, tunnel.Answer{}, "access token"},
		{"nothing", password, nil, tunnel.Answer{}, "--username"},
	}
	for _, test := range tests {
		got, err := askFor(test.profile, test.given)(t.Context(), tunnel.Question{Password: true})
		if test.failure != "" {
			if err == nil || !strings.Contains(err.Error(), test.failure) {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%s: %q, %v", test.name, got.Username, err)
		}
	}
}

// A password is sent once: repeating one that was refused locks accounts.
func TestAskOnce(t *testing.T) {
	ask := AskOnce("", "pw")
	if answer, err := ask(t.Context(), tunnel.Question{Username: "carol"}); err != nil || answer.Username != "carol" {
		t.Errorf("%q, %v", answer.Username, err)
	}
	refused := tunnel.CredentialProblem(errors.New("wrong"))
	if _, err := ask(t.Context(), tunnel.Question{Refused: refused}); !errors.Is(err, refused) {
		t.Errorf("after a refusal: %v", err)
	}
	if _, err := ask(t.Context(), tunnel.Question{Response: true, Text: "Code?"}); err == nil || !strings.Contains(err.Error(), "Code?") {
		t.Errorf("for a challenge: %v", err)
	}
}

func TestCertificateFor(t *testing.T) {
	set, err := pki.NewSet("gateway.example")
	if err != nil {
		t.Fatal(err)
	}
	identity := func(identity *pki.Identity, err error) *pki.Identity {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	good := identity(set.Client("alice", pki.ECDSA))
	key, err := good.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	inline := &profiles.Profile{Authentication: profiles.Authentication{ClientCert: secret.Text(good.CertificatePEM()), ClientKey: secret.Text(key)}}
	if certificate, err := certificateFor(inline, nil); err != nil || signin.Thumbprint(certificate.Leaf) != signin.Thumbprint(good.Certificate) {
		t.Errorf("the profile's own certificate: %v", err)
	}
	if certificate, err := certificateFor(&profiles.Profile{}, nil); certificate != nil || err != nil {
		t.Errorf("no certificate: %v, %v", certificate, err)
	}
	for name, test := range map[string]struct {
		identity *pki.Identity
		code     tunnel.Code
	}{
		"expired":       {identity(set.ExpiredClient("alice")), tunnel.CertificateExpired},
		"not yet valid": {identity(set.NotYetValidClient("alice")), tunnel.CertificateExpired},
		"for servers":   {identity(set.ServerOnlyClient("alice")), tunnel.CertificateWrong},
	} {
		given := test.identity.TLS()
		var problem *tunnel.Problem
		if _, err := certificateFor(&profiles.Profile{}, &given); !errors.As(err, &problem) || problem.Code != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	another := &profiles.Profile{Authentication: profiles.Authentication{Certificate: &profiles.CertificateSelector{Thumbprint: strings.Repeat("0", 40)}}}
	given := good.TLS()
	if _, err := certificateFor(another, &given); err == nil {
		t.Error("a certificate that the profile does not name was taken")
	}
}
