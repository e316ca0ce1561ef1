package client

import (
	"context"
	"errors"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// A password is kept once the user wants it, used the next time, and dropped when the gateway refuses it; not where the administrator forbids it.
func TestPasswordsAreKept(t *testing.T) {
	ring := keyring.NewMemory()
	passwords := Passwords{Open: func(context.Context) (keyring.Keyring, error) { return ring, nil }}
	prepare := func(allowed bool) agent.Secrets {
		prepared := &Prepared{Secrets: agent.Secrets{Type: profiles.UsernamePassword}}
		passwords.Use(t.Context(), prepared, "P1", allowed)
		return prepared.Secrets
	}
	first := prepare(true)
	if first.Password != "" || first.Remember == nil || first.Forget == nil {
		t.Fatalf("nothing was kept yet: %v", first)
	}
	first.Remember("alice", "correct horse")
	if second := prepare(true); second.Username != "alice" || second.Password.Reveal() != "correct horse" {
		t.Errorf("not used: %q", second.Username)
	}
	if forbidden := prepare(false); forbidden.Password != "" || forbidden.Remember != nil {
		t.Error("used though it is forbidden")
	}
	first.Forget("alice")
	if third := prepare(true); third.Password != "" {
		t.Error("a refused password is still kept")
	}
}

// Where no keyring can be opened, the user types: that is no error.
func TestPasswordsWithoutAKeyring(t *testing.T) {
	passwords := Passwords{Open: func(context.Context) (keyring.Keyring, error) { return nil, errors.New("locked") }}
	prepared := &Prepared{Secrets: agent.Secrets{Type: profiles.UsernamePassword, Username: "alice"}}
	passwords.Use(t.Context(), prepared, "P1", true)
	if prepared.Secrets.Remember != nil || prepared.Secrets.Username != "alice" {
		t.Errorf("%v", prepared.Secrets)
	}
}
