package accounts

import (
	"context"
	"errors"
	"sync"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// provider has the accounts of a test.
type provider struct {
	mu       sync.Mutex
	accounts []entra.Account
	fails    error
}

func (p *provider) Accounts(context.Context) ([]entra.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]entra.Account(nil), p.accounts...), nil
}
func (p *provider) SignOut(_ context.Context, account entra.Account) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []entra.Account
	for _, a := range p.accounts {
		if a != account {
			left = append(left, a)
		}
	}
	p.accounts = left
	return p.fails
}
func (p *provider) SignOutAll(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts = nil
	return p.fails
}
func (p *provider) StorageProblem() error { return nil }

type viewer client.View

func (v viewer) View() client.View { return client.View(v) }

func connection(id, name, tenant string, session *api.Session) client.Connection {
	profile := &profiles.Profile{Name: name, Authentication: profiles.Authentication{Type: profiles.EntraID, Entra: &profiles.Entra{Tenant: "https://login.microsoftonline.com/" + tenant + "/"}}}
	return client.Connection{ID: id, Name: name, Authentication: profiles.EntraID, Entry: &store.Entry{ID: id, Profile: profile}, Session: session}
}

func world(t *testing.T) (viewer, *provider, keyring.Keyring, Source) {
	t.Helper()
	expires := pagetest.Moment()
	v := viewer{Connections: []client.Connection{connection("a", "contoso", "t1", &api.Session{SignIn: &api.SignIn{Account: "alice@contoso.com", Expires: &expires}}),
		connection("b", "contoso west", "t1", nil), {ID: "r", Name: "radius", Authentication: profiles.UsernamePassword}}}
	p := &provider{accounts: []entra.Account{{ID: "1", Username: "alice@contoso.com", Tenant: "t1", Host: "login.microsoftonline.com"},
		{ID: "2", Username: "bob@fabrikam.com", Tenant: "t2", Host: "login.microsoftonline.com"}}}
	ring := keyring.NewMemory()
	kept := keyring.Passwords{Keyring: ring, Allowed: true}
	if err := kept.Set(t.Context(), "r", "carol", "hunter2"); err != nil {
		t.Fatal(err)
	}
	return v, p, ring, Source{Provider: func(context.Context) (Provider, error) { return p, nil },
		Keyring: func(context.Context) (keyring.Keyring, keyring.Choice, error) {
			return ring, keyring.Choice{Kind: keyring.Memory}, nil
		}}
}

func open(t *testing.T, v viewer, source Source) (*pagetest.Bench, *Page) {
	t.Helper()
	b := pagetest.New(t, "en", look.Light, fyne.NewSize(420, 700))
	p := New(b.Env, v, source)
	b.Show(p)
	return b, p
}

func TestWhoIsSignedInAndWhatFor(t *testing.T) {
	v, _, _, source := world(t)
	b, _ := open(t, v, source)
	b.UntilShown("alice@contoso.com")
	for _, text := range []string{"Used by: contoso, contoso west", "until 2026-11-23 09:00:00", "No connection uses it.", "radius: carol", "Only in memory"} {
		if !b.Shows(text) {
			t.Errorf("%q is not shown", text)
		}
	}
	if b.Shows("hunter2") {
		t.Error("the password is shown")
	}
}

func TestSignOutAsksFirst(t *testing.T) {
	v, p, _, source := world(t)
	b, _ := open(t, v, source)
	b.UntilShown("alice@contoso.com")
	b.TabToButton("Sign out")
	b.UntilShown("Sign alice@contoso.com out?")
	b.Press("Cancel")
	if len(p.accounts) != 2 {
		t.Fatal(p.accounts)
	}
	b.TabToButton("Sign out everybody")
	b.Press("Sign out everybody")
	b.UntilShown("Nobody is signed in.")
	if len(b.Notices) != 1 {
		t.Error(b.Notices)
	}
}

func TestSignOutOne(t *testing.T) {
	v, p, _, source := world(t)
	b, _ := open(t, v, source)
	b.UntilShown("alice@contoso.com")
	b.TabToButton("Sign out")
	b.Press("Sign out")
	b.Until("she is gone", func() bool { return !b.Shows("alice@contoso.com") })
	p.mu.Lock()
	p.fails = errors.New("keyring is locked")
	p.mu.Unlock()
	b.TabToButton("Sign out")
	b.Press("Sign out")
	b.Until("it is said", func() bool { return len(b.Failures) == 1 })
}

func TestForgetPassword(t *testing.T) {
	v, _, ring, source := world(t)
	b, _ := open(t, v, source)
	b.UntilShown("radius: carol")
	b.Press("Forget")
	b.UntilShown("No password is kept.")
	if users, err := (keyring.Passwords{Keyring: ring}).Users(t.Context(), "r"); err != nil || len(users) != 0 {
		t.Errorf("%v, %v", users, err)
	}
}

func TestKeyringDoesNotOpen(t *testing.T) {
	v, _, _, source := world(t)
	source.Keyring = func(context.Context) (keyring.Keyring, keyring.Choice, error) {
		return nil, keyring.Choice{}, keyring.ErrLocked
	}
	b, _ := open(t, v, source)
	b.UntilShown("alice@contoso.com")
	if !b.Shows("the keyring is locked") {
		t.Error(b.Shown())
	}
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
	}{{"light-nl", "nl", look.Light}, {"dark-en", "en", look.Dark}} {
		t.Run(c.name, func(t *testing.T) {
			v, _, _, source := world(t)
			b := pagetest.New(t, c.tag, c.variant, fyne.NewSize(400, 600))
			p := New(b.Env, v, source)
			b.Show(p)
			b.UntilShown("alice@contoso.com")
			b.Settle(fyne.NewSize(400, 600))
			b.Scrolled(p.Content())
			b.Picture(c.name)
		})
	}
}
