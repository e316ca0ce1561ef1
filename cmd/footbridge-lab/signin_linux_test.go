package main

import (
	"os"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

func TestSignInOfTheLab(t *testing.T) {
	for name, who := range map[string]func(*testing.T) *user{"root": root, "unprivileged": unprivileged} {
		t.Run(name, func(t *testing.T) {
			u := who(t)
			r := u.up("--auth", "certificate,entra,radius")
			if r.Entra == nil || r.RADIUS == nil || len(r.Entra.Users) != 2 || len(r.RADIUS.Users) == 0 {
				t.Fatalf("state %+v", r.State)
			}
			status, err := u.lab("status")
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{r.Entra.Authority, r.Entra.Audience, entra.AliceUsername, entra.AlicePassword, "whose password has expired", r.RADIUS.Address.String(), r.Files.Root} {
				if !strings.Contains(status, want) {
					t.Errorf("status lacks %q:\n%s", want, status)
				}
			}
			if output, err := u.lab("entra", "set", "access-denied=on", "token-lifetime=60s", "error=AADSTS53003"); err != nil {
				t.Errorf("set: %s, %v", output, err)
			}
			shown, err := u.lab("entra", "show")
			if err != nil || !strings.Contains(shown, "access-denied=on\n") || !strings.Contains(shown, "token-lifetime=1m0s\n") || !strings.Contains(shown, "error=53003\n") || !strings.Contains(shown, "mfa=off\n") {
				t.Errorf("show: %s, %v", shown, err)
			}
			for _, bad := range [][]string{{"entra", "set", "mfa"}, {"entra", "set", "slow=on"}, {"entra", "set", "no-such=on"}, {"entra", "code", "mallory"}} {
				if output, err := u.lab(bad...); err == nil {
					t.Errorf("%v: %s", bad, output)
				}
			}
			if output, err := u.lab("entra", "code", entra.AliceUsername); err != nil || len(strings.TrimSpace(output)) != 6 {
				t.Errorf("code: %s, %v", output, err)
			}
			for _, action := range [][]string{{"entra", "revoke"}, {"entra", "rotate-keys", "--forget"}} {
				if output, err := u.lab(action...); err != nil {
					t.Errorf("%v: %s, %v", action, output, err)
				}
			}
			output, err := u.lab("exec", "laptop", "--", "curl", "--silent", "--show-error", r.Entra.Authority+"v2.0/.well-known/openid-configuration")
			if err != nil || !strings.Contains(output, `"token_endpoint":"`+r.Entra.Authority+`oauth2/v2.0/token"`) {
				t.Errorf("discovery on the laptop: %s, %v", output, err)
			}
			if output, err := u.lab("down"); err != nil {
				t.Errorf("down: %s, %v", output, err)
			}
			r.Wait()
			r.checkGone(t, u)
			if _, err := os.Stat(r.Entra.Control); !os.IsNotExist(err) {
				t.Errorf("the control socket is left: %v", err)
			}
		})
	}
	t.Run("without", func(t *testing.T) {
		u := root(t)
		u.up()
		if output, err := u.lab("entra", "show"); err == nil || !strings.Contains(output, "--auth entra") {
			t.Errorf("show: %s, %v", output, err)
		}
		if output, err := u.lab("up", "--auth", "handshake"); err == nil || !strings.Contains(output, "none of certificate, entra, radius") {
			t.Errorf("up: %s, %v", output, err)
		}
	})
}
