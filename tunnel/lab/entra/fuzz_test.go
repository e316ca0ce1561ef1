package entra

import (
	"context"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/control"
)

func FuzzValidate(f *testing.F) {
	provider, err := Start(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { provider.Close() })
	good, err := provider.AccessToken(AliceUsername)
	if err != nil {
		f.Fatal(err)
	}
	for _, token := range []string{good, "", "..", "a.b.c", strings.ReplaceAll(good, ".", ".."), good[:len(good)-4], "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(token)
	}
	verifier := Verifier{Issuer: provider.Issuer(), Audience: provider.Audience(), Keys: provider.keys.find}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := verifier.Validate(context.Background(), token)
		if token == good && err != nil || err == nil && claims.Username != AliceUsername {
			t.Errorf("%q: %+v, %v", token, claims, err)
		}
	})
}

func FuzzSwitches(f *testing.F) {
	f.Add(`{"access-denied":"on","token-lifetime":"60s","error":"AADSTS53003","mfa":"totp"}`)
	f.Add(`{"slow":"-1s"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		changes, err := control.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, value := range changes {
			var switches, again Switches
			if switches.Set(name, value) != nil {
				continue
			}
			for name, value := range switches.Values() {
				if err := again.Set(name, value); err != nil {
					t.Errorf("%s=%s: %v", name, value, err)
				}
			}
			if again != switches {
				t.Errorf("%+v became %+v", switches, again)
			}
		}
	})
}

func FuzzKeySet(f *testing.F) {
	f.Add(`{"keys":[{"use":"sig","kty":"RSA","kid":"a","alg":"RS256","n":"AQAB","e":"AQAB"}]}`)
	f.Add(`{"keys":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseKeySet(strings.NewReader(text))
		if err == nil {
			set.Key("a")
		}
	})
}
