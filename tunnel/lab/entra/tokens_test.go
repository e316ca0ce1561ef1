package entra_test

import (
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

func TestTokens(t *testing.T) {
	w := newWorld(t, entra.Options{})
	for _, test := range []struct {
		name     string
		switches entra.Switches
		want     string // of the error; empty: valid
		small    bool
		groups   int
	}{
		{"as Entra's", entra.Switches{}, "", false, 0},
		{"small", entra.Switches{SmallTokens: true}, "", true, 0},
		{"small with groups", entra.Switches{SmallTokens: true, Groups: true}, "", true, 2},
		{"with groups", entra.Switches{Groups: true}, "", false, 2},
		{"clock a little ahead", entra.Switches{ClockSkew: 4 * time.Minute}, "", false, 0},
		{"clock far ahead", entra.Switches{ClockSkew: 10 * time.Minute}, "not valid before", false, 0},
		{"clock far behind", entra.Switches{ClockSkew: -2 * time.Hour}, "expired at", false, 0},
		{"expired", entra.Switches{TokenLifetime: time.Minute, ClockSkew: -2 * time.Minute}, "expired at", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.Set(func(s *entra.Switches) { *s = test.switches })
			token, err := w.AccessToken(entra.AliceUsername)
			if err != nil {
				t.Fatal(err)
			}
			if small := len(token) < 1665; small != test.small || !small && len(token) < 2200 {
				t.Errorf("%d bytes", len(token))
			}
			claims, err := w.Validate(token)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), token[:20]) {
				t.Error("the error holds the token")
			}
			if len(claims.Groups) != test.groups {
				t.Errorf("groups %q", claims.Groups)
			}
		})
	}
	other, err := entra.Start(entra.Options{Issuer: "https://sts.windows.net/another/", Audience: entra.LegacyAudience})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	strange, err := other.AccessToken(entra.AliceUsername)
	if err != nil {
		t.Fatal(err)
	}
	for want, verifier := range map[string]entra.Verifier{
		"issued by": {Issuer: w.Issuer(), Audience: entra.LegacyAudience}, "it is for": {Issuer: other.Issuer(), Audience: w.Audience()},
	} {
		verifier.Keys = entra.RemoteKeys(other.KeysURL(), other.HTTPClient())
		if _, err := verifier.Validate(w.ctx, strange); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := w.Validate(strange); err == nil || !strings.Contains(err.Error(), "does not publish") {
		t.Errorf("a stranger's key: %v", err)
	}
}
