package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// ErrNotAllowed says that passwords may not be kept on this computer.
var ErrNotAllowed = errors.New("keeping passwords is not allowed here")

// Passwords keeps users' passwords for gateways that ask for a user name and a password, by profile and user.
type Passwords struct {
	Keyring Keyring
	Allowed bool // the administrator's policy lets users keep passwords; false: none is kept, and none that was kept is given out
}

// keptPasswords is one profile's item.
type keptPasswords struct {
	Last  string            `json:"last"` // the user whose password was kept last
	Users map[string]string `json:"users"`
}

// maxUsers bounds how many users' passwords are kept for one profile.
const maxUsers = 32

func passwordsKey(profile string) string { return "passwords/" + profile }

// Get returns the password of a user for a profile's id. An empty username stands for the user whose password was kept last.
func (p Passwords) Get(ctx context.Context, profile, username string) (user string, password secret.Text, found bool, err error) {
	if !p.Allowed {
		return "", "", false, nil
	}
	content, found, err := p.Keyring.Get(ctx, passwordsKey(profile))
	if err != nil || !found {
		return "", "", false, err
	}
	kept := parsePasswords(content)
	if username == "" {
		username = kept.Last
	}
	text, found := kept.Users[username]
	if !found {
		return "", "", false, nil
	}
	return username, secret.Text(text), true, nil
}

// Set keeps a user's password for a profile's id.
func (p Passwords) Set(ctx context.Context, profile, username string, password secret.Text) error {
	if !p.Allowed {
		return ErrNotAllowed
	}
	return p.change(ctx, profile, func(kept *keptPasswords) error {
		if _, known := kept.Users[username]; !known && len(kept.Users) >= maxUsers {
			return fmt.Errorf("keep password: there are %d users' already", maxUsers)
		}
		kept.Users[username], kept.Last = password.Reveal(), username
		return nil
	})
}

// Delete forgets a user's password, such as one that the gateway refused. It works even where keeping is not allowed.
func (p Passwords) Delete(ctx context.Context, profile, username string) error {
	return p.change(ctx, profile, func(kept *keptPasswords) error {
		delete(kept.Users, username)
		if kept.Last == username {
			kept.Last = ""
		}
		return nil
	})
}

// Forget forgets all passwords for a profile, such as one that is removed.
func (p Passwords) Forget(ctx context.Context, profile string) error {
	return p.Keyring.Delete(ctx, passwordsKey(profile))
}

func (p Passwords) change(ctx context.Context, profile string, change func(*keptPasswords) error) error {
	return p.Keyring.Update(ctx, passwordsKey(profile), func(content []byte) ([]byte, error) {
		kept := parsePasswords(content)
		if err := change(&kept); err != nil {
			return nil, err
		}
		if len(kept.Users) == 0 {
			return nil, nil
		}
		return json.Marshal(kept)
	})
}

// parsePasswords reads an item. One that is damaged has no passwords in it.
func parsePasswords(content []byte) keptPasswords {
	var kept keptPasswords
	if json.Unmarshal(content, &kept) != nil || len(kept.Users) > maxUsers {
		kept = keptPasswords{}
	}
	if kept.Users == nil {
		kept.Users = map[string]string{}
	}
	return kept
}
