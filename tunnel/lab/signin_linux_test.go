package lab_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
)

func checkProgram(options lab.Options) lab.Options {
	options.CheckLogin = []string{os.Args[0], authentication.CheckCommand}
	return options
}

func token(t *testing.T, l *lab.Lab) string {
	t.Helper()
	made, err := l.Entra.AccessToken(entra.AliceUsername)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestEveryWayIn(t *testing.T) {
	for _, kind := range []lab.Kind{lab.BuiltIn, lab.OpenVPN} {
		t.Run(string(kind), func(t *testing.T) {
			l := up(t, checkProgram(lab.Options{
				Gateway: kind, Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra, azurezip.Radius},
				ChangeRADIUS:      func(o *freeradius.Options) { o.Delay = 1500 * time.Millisecond },
				ChangeRADIUSLogin: func(o *authentication.RADIUSOptions) { o.PendingAfter = 700 * time.Millisecond },
			}))
			access := token(t, l)
			if small := len(access) < 1665; small != (kind == lab.OpenVPN) {
				t.Errorf("the token has %d bytes", len(access))
			}
			for _, test := range []struct {
				name   string
				way    profiles.AuthenticationType
				answer answer
				want   tunnel.Code
				detail string
				asked  string
			}{
				{"certificate", profiles.Certificate, answer{}, "", "", ""},
				{"token", profiles.EntraID, answer{Username: "AzureAD", Password: access}, "", "", ""},
				{"broken token", profiles.EntraID, answer{Username: "AzureAD", Password: access[:len(access)-8]}, tunnel.AuthFailed, "", ""},
				{"password", profiles.UsernamePassword, answer{Username: freeradius.Alice, Password: freeradius.AlicePassword}, "", "", ""},
				{"wrong password", profiles.UsernamePassword, answer{Username: freeradius.Alice, Password: "a guess"}, tunnel.AuthFailed, "", ""},
				{"expired password", profiles.UsernamePassword, answer{Username: freeradius.Erin, Password: freeradius.ErinPassword}, tunnel.AuthFailed, freeradius.ExpiredMessage, ""},
				{"approval on the phone", profiles.UsernamePassword, answer{Username: freeradius.Paul, Password: freeradius.PaulPassword}, "", "", ""},
				{"code", profiles.UsernamePassword, answer{Username: freeradius.Carol, Password: freeradius.CarolPassword, Response: freeradius.CarolCode}, "", "", freeradius.ChallengeText},
				{"wrong code", profiles.UsernamePassword, answer{Username: freeradius.Carol, Password: freeradius.CarolPassword, Response: "000000"}, tunnel.AuthFailed, "", freeradius.ChallengeText},
			} {
				t.Run(test.name, func(t *testing.T) {
					got := connect(t, l, test.way, test.answer)
					if got.Code != test.want || !strings.Contains(got.Detail, test.detail) {
						t.Errorf("became %+v\n%s", got, gatewayLog(l))
					}
					if strings.Join(got.Asked, "; ") != test.asked {
						t.Errorf("asked %q", got.Asked)
					}
					if paul := test.answer.Username == freeradius.Paul; kind == lab.BuiltIn && got.Waited != paul {
						t.Errorf("made to wait: %t", got.Waited)
					}
				})
			}
		})
	}
}

func gatewayLog(l *lab.Lab) string {
	if l.OpenVPN == nil {
		return ""
	}
	lines := l.OpenVPN.Log()
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// OpenVPN's own RADIUS plugin, where user name and password are the only way in.
func TestRADIUSPlugin(t *testing.T) {
	l := up(t, lab.Options{Gateway: lab.OpenVPN, Authentications: []azurezip.Authentication{azurezip.Radius},
		ChangeRADIUS: func(o *freeradius.Options) { o.Delay = time.Second }})
	for _, test := range []struct {
		answer answer
		want   tunnel.Code
	}{
		{answer{Username: freeradius.Alice, Password: freeradius.AlicePassword}, ""},
		{answer{Username: freeradius.Alice, Password: "a guess"}, tunnel.AuthFailed},
		{answer{Username: freeradius.Paul, Password: freeradius.PaulPassword}, ""},
	} {
		got := connect(t, l, profiles.UsernamePassword, test.answer)
		if got.Code != test.want {
			t.Errorf("%s: became %+v\n%s\n%s", test.answer.Username, got, gatewayLog(l), strings.Join(l.RADIUS.Log(), "\n"))
		}
	}
}

// The identity provider answers by its public name on the laptop, whose programs trust it.
func TestSignInFromTheLaptop(t *testing.T) {
	l := up(t, lab.Options{Authentications: []azurezip.Authentication{azurezip.Entra}})
	profile, err := profileFor(l.Files.Package, profiles.EntraID)
	if err != nil {
		t.Fatal(err)
	}
	if wanted := "https://login.microsoftonline.com/" + l.Entra.Tenant() + "/"; profile.Authentication.Entra.Tenant != wanted || l.Entra.Authority() != wanted {
		t.Errorf("tenant %q", profile.Authentication.Entra.Tenant)
	}
	output, err := l.Laptop.Command(t.Context(), "curl", "--silent", "--show-error", "--fail", l.Entra.Discovery()).CombinedOutput()
	if err != nil || !strings.Contains(string(output), `"device_authorization_endpoint"`) {
		t.Errorf("discovery from the laptop: %s, %v", output, err)
	}
	browser, err := visitor.New(l.HTTPClient())
	if err != nil {
		t.Fatal(err)
	}
	page, err := browser.Open(t.Context(), l.Entra.Authority()+"oauth2/v2.0/authorize?client_id=nobody&redirect_uri=http://localhost:2023", visitor.Person{})
	if err != nil || !strings.HasPrefix(page.Error, "AADSTS700016: ") {
		t.Errorf("%+v, %v", page, err)
	}
	state, err := l.State()
	if err != nil {
		t.Fatal(err)
	}
	remote := entra.Remote{Socket: state.Entra.Control}
	if _, err := remote.Set(t.Context(), map[string]string{"mfa": "totp", "token-lifetime": "60s"}); err != nil {
		t.Error(err)
	}
	if switches := l.Entra.Switches(); switches.MFA != entra.TOTP || switches.TokenLifetime != time.Minute {
		t.Errorf("switches %+v", switches)
	}
}
