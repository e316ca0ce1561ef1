package accounts

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// Provider knows who is signed in with Microsoft Entra ID: an *entra.Provider.
type Provider interface {
	Accounts(context.Context) ([]entra.Account, error)
	SignOut(context.Context, entra.Account) error
	SignOutAll(context.Context) error
	StorageProblem() error
}

// Viewer has what there is to show: control.Controller.
type Viewer interface{ View() client.View }

// Account is who is signed in, and what for.
type Account struct {
	entra.Account
	Connections []string  // names
	Expires     time.Time // of the token of a connection that is up; zero: none is
}

// Password is a kept password, without itself.
type Password struct {
	ID, Connection, User string
}

// Found is what rests on this computer.
type Found struct {
	Accounts  []Account
	Passwords []Password
	Kind      keyring.Kind
	Warning   string // what the user should know of where it rests; may be empty
	Problem   error  // why sign-ins are not kept beyond this process; nil: they are
	Err       error  // why not all is known
}

// Source opens what secrets rest in. Opening may ask the user, so it is done beside.
type Source struct {
	Provider func(context.Context) (Provider, error)
	Keyring  func(context.Context) (keyring.Keyring, keyring.Choice, error)
}

// find reads what rests here. It goes on after an error.
func (s Source) find(ctx context.Context, view client.View) Found {
	var found Found
	provider, err := s.Provider(ctx)
	if err == nil {
		var list []entra.Account
		list, err = provider.Accounts(ctx)
		found.Problem = provider.StorageProblem()
		for _, account := range list {
			found.Accounts = append(found.Accounts, use(account, view))
		}
	}
	found.Err = err
	ring, choice, err := s.Keyring(ctx)
	if err != nil {
		found.Err = errors.Join(found.Err, err)
		return found
	}
	found.Kind, found.Warning = ring.Kind(), choice.Warning
	for _, c := range view.Connections {
		if c.Authentication != profiles.UsernamePassword {
			continue
		}
		users, err := keyring.Passwords{Keyring: ring}.Users(ctx, c.ID)
		found.Err = errors.Join(found.Err, err)
		for _, user := range users {
			found.Passwords = append(found.Passwords, Password{c.ID, c.Name, user})
		}
	}
	return found
}

// forget forgets a kept password.
func (s Source) forget(ctx context.Context, password Password) error {
	ring, _, err := s.Keyring(ctx)
	if err != nil {
		return err
	}
	return keyring.Passwords{Keyring: ring}.Delete(ctx, password.ID, password.User)
}

// signOut signs one account out, or all where it is nil.
func (s Source) signOut(ctx context.Context, account *entra.Account) error {
	provider, err := s.Provider(ctx)
	switch {
	case err != nil:
		return err
	case account == nil:
		return provider.SignOutAll(ctx)
	default:
		return provider.SignOut(ctx, *account)
	}
}

// use finds the connections that an account is for, and until when their token is good.
func use(account entra.Account, view client.View) Account {
	a := Account{Account: account}
	for _, c := range view.Connections {
		signedIn, hint := "", c.Settings.LoginHint
		if c.Session != nil && c.Session.SignIn != nil {
			signedIn = c.Session.SignIn.Account
		}
		wanted := signedIn
		if wanted == "" {
			wanted = hint
		}
		wants, ok := entraOf(c)
		if !ok || !account.Fits(wants) || wanted != "" && !strings.EqualFold(wanted, account.Username) {
			continue
		}
		a.Connections = append(a.Connections, c.Name)
		if signedIn != "" && c.Session.SignIn.Expires != nil && (a.Expires.IsZero() || c.Session.SignIn.Expires.Before(a.Expires)) {
			a.Expires = *c.Session.SignIn.Expires
		}
	}
	return a
}

func entraOf(c client.Connection) (profiles.Entra, bool) {
	switch {
	case c.Authentication != profiles.EntraID:
		return profiles.Entra{}, false
	case c.Entry != nil && c.Entry.Profile.Authentication.Entra != nil:
		return *c.Entry.Profile.Authentication.Entra, true
	case c.Machine != nil && c.Machine.Entra != nil:
		return profiles.Entra{Tenant: c.Machine.Entra.Tenant}, true
	default:
		return profiles.Entra{}, false
	}
}
