package store

import (
	"bytes"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func TestAddKeepsEverything(t *testing.T) {
	ports := azureProfile(t, "Ports", "ports.vpn.azure.com")
	ports.Servers[0].Port = 8443
	roots := azureProfile(t, "Roots", "roots.vpn.azure.com")
	roots.Gateway.Roots = imported(t, openVPNFile(t, "x.example")).Gateway.Roots
	roots.Gateway.Name = profiles.NameRule{Type: profiles.NameExact, Value: "gw.vpn.azure.com"}
	edited := imported(t, openVPNFile(t, "edited.example"))
	edited.DNS.Servers = []netip.Addr{netip.MustParseAddr("10.0.0.4")}
	tests := []struct {
		profile   *profiles.Profile
		extension string
	}{
		{azureProfile(t, "Contoso", "contoso.vpn.azure.com"), ".xml"},
		{ports, ".xml"},
		{roots, ".xml"},
		{imported(t, openVPNFile(t, "vpn.example")), ".ovpn"},
		{edited, ".ovpn"},
	}
	s := newStore(t, Options{})
	for _, test := range tests {
		e, outcome, err := s.Add(test.profile, AddOptions{})
		if err != nil || outcome != Added {
			t.Errorf("%s: %v, %v", test.profile.Name, outcome, err)
			continue
		}
		if filepath.Ext(e.Path) != test.extension {
			t.Errorf("%s is kept as %s", test.profile.Name, e.Path)
		}
		again, err := s.Get(e.ID)
		if err != nil || digest(again.Profile) != digest(test.profile) || again.Name != test.profile.Name || again.Profile.Name != again.Name {
			t.Errorf("%s: got %v, %v", test.profile.Name, again.Profile, err)
		}
		if again.Imported.IsZero() || again.SHA256 == "" {
			t.Errorf("%s: %+v", test.profile.Name, again)
		}
	}
	if got := len(mustList(t, s)); got != len(tests) {
		t.Errorf("%d profiles", got)
	}
	original := openVPNFile(t, "vpn.example")
	e, err := s.Find("vpn.example")
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(e.Path); err != nil || !bytes.Equal(kept, original) {
		t.Errorf("the .ovpn is not kept as it came: %v\n%s", err, kept)
	}
}

func TestAddRefusesFaults(t *testing.T) {
	s := newStore(t, Options{})
	broken := azureProfile(t, "Broken", "broken.vpn.azure.com")
	broken.Servers = nil
	_, _, err := s.Add(broken, AddOptions{})
	var fault finding.Finding
	if !errors.As(err, &fault) || fault.Code != "missing-server" {
		t.Errorf("a profile without servers: %v", err)
	}
	_, _, err = s.Add(azureProfile(t, "Contoso", "contoso.vpn.azure.com"), AddOptions{Settings: &settings.Settings{MTU: 3}})
	var value *settings.ValueError
	if !errors.As(err, &value) {
		t.Errorf("a wrong setting: %v", err)
	}
	nameless := azureProfile(t, "Contoso", "contoso.vpn.azure.com")
	nameless.Name = " \x00 "
	if _, _, err = s.Add(nameless, AddOptions{}); !errors.Is(err, ErrNoName) {
		t.Errorf("no name: %v", err)
	}
	mixed := imported(t, openVPNFile(t, "vpn.example"))
	mixed.Authentication = azureProfile(t, "x", "x.vpn.azure.com").Authentication
	mixed.Format, mixed.Source = "", nil
	if _, _, err = s.Add(mixed, AddOptions{}); err == nil || !strings.Contains(err.Error(), "no kind of file") {
		t.Errorf("a profile that no format can say: %v", err)
	}
	if _, err := os.Stat(s.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("refused profiles made the folder: %v", err)
	}
}

func TestAddTwice(t *testing.T) {
	s := newStore(t, Options{})
	one := azureProfile(t, "Contoso", "one.vpn.azure.com")
	two := azureProfile(t, "CONTOSO", "two.vpn.azure.com")
	chosen := settings.Settings{MTU: 1400}
	first := mustAdd(t, s, one, AddOptions{Settings: &chosen})

	same, outcome, err := s.Add(azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	if err != nil || outcome != Unchanged || same.ID != first.ID || same.Settings.MTU != 1400 {
		t.Errorf("the same again: %v, %v, %v", same, outcome, err)
	}
	var exists *ExistsError
	if _, _, err = s.Add(two, AddOptions{}); !errors.As(err, &exists) || exists.Entry.ID != first.ID || exists.Entry.Name != "Contoso" {
		t.Errorf("another of the name: %v", err)
	}
	if _, _, err = s.Add(one, AddOptions{Settings: &settings.Settings{MTU: 1300}}); !errors.As(err, &exists) {
		t.Errorf("the same with other settings: %v", err)
	}
	replaced, outcome, err := s.Add(two, AddOptions{Replace: true})
	if err != nil || outcome != Replaced || replaced.ID != first.ID || replaced.Settings.MTU != 1400 || replaced.Profile.Servers[0].Host != "two.vpn.azure.com" {
		t.Errorf("replaced: %v, %v, %v", replaced, outcome, err)
	}
	other, outcome, err := s.Add(two, AddOptions{Name: "Fabrikam"})
	if err != nil || outcome != Added || other.ID == first.ID || other.Profile.Name != "Fabrikam" {
		t.Errorf("the same under another name: %v, %v, %v", other, outcome, err)
	}
	asOpenVPN, outcome, err := s.Add(imported(t, openVPNFile(t, "vpn.example")), AddOptions{Name: "Contoso", Replace: true, Settings: &settings.Settings{}})
	if err != nil || outcome != Replaced || asOpenVPN.ID != first.ID || filepath.Ext(asOpenVPN.Path) != ".ovpn" || !asOpenVPN.Settings.IsZero() {
		t.Errorf("replaced by another format: %v, %v, %v", asOpenVPN, outcome, err)
	}
	if names := fileNames(t, s); len(names) != 4 {
		t.Errorf("files left: %v", names)
	}
}

func TestAddAgainAfterRename(t *testing.T) {
	s := newStore(t, Options{})
	first := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	if _, err := s.Rename(first.ID, "Work"); err != nil {
		t.Fatal(err)
	}
	again, outcome, err := s.Add(azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	if err != nil || outcome != Unchanged || again.ID != first.ID || again.Name != "Work" {
		t.Errorf("the same import: %+v, %v, %v", again, outcome, err)
	}
	second, outcome, err := s.Add(azureProfile(t, "Contoso", "two.vpn.azure.com"), AddOptions{})
	if err != nil || outcome != Added || second.ID == first.ID {
		t.Errorf("another of the old name: %+v, %v, %v", second, outcome, err)
	}
}

func TestRename(t *testing.T) {
	s := newStore(t, Options{})
	east := mustAdd(t, s, azureProfile(t, "East", "east.vpn.azure.com"), AddOptions{})
	west := mustAdd(t, s, azureProfile(t, "West", "west.vpn.azure.com"), AddOptions{Settings: &settings.Settings{SecondaryProfile: "east"}})
	var exists *ExistsError
	if _, err := s.Rename(west.ID, "EAST"); !errors.As(err, &exists) || exists.Entry.ID != east.ID {
		t.Errorf("to a name that is taken: %v", err)
	}
	renamed, err := s.Rename(east.ID, "  Ost\u00a0 Büro ")
	if err != nil || renamed.ID != east.ID || renamed.Name != "Ost Büro" || renamed.Profile.Name != "Ost Büro" {
		t.Fatalf("%+v, %v", renamed, err)
	}
	if west, err = s.Get(west.ID); err != nil || west.Settings.SecondaryProfile != "Ost Büro" {
		t.Errorf("fails over to %q, %v", west.Settings.SecondaryProfile, err)
	}
	if renamed, err = s.Rename(east.ID, "OST BÜRO"); err != nil || renamed.Name != "OST BÜRO" {
		t.Errorf("other case: %+v, %v", renamed, err)
	}
	if _, err = s.Rename(east.ID, "\n"); !errors.Is(err, ErrNoName) {
		t.Errorf("no name: %v", err)
	}
	var missing *NotFoundError
	if _, err = s.Rename("nothing", "x"); !errors.As(err, &missing) {
		t.Errorf("nothing: %v", err)
	}
}

func TestUpdate(t *testing.T) {
	s := newStore(t, Options{})
	e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	updated, err := s.Update(e.ID, func(set *settings.Settings) error { return set.Set("proxy", "http://alice:s3cret@proxy.example:8080") })
	if err != nil || updated.Settings.Proxy.Password.Reveal() != "s3cret" || updated.SHA256 == e.SHA256 {
		t.Fatalf("%+v, %v", updated.Settings, err)
	}
	again, err := s.Get(e.ID)
	if err != nil || again.Settings.Proxy.Password.Reveal() != "s3cret" {
		t.Errorf("%+v, %v", again.Settings.Proxy, err)
	}
	refused := errors.New("no")
	if _, err = s.Update(e.ID, func(set *settings.Settings) error { set.MTU = 1400; return refused }); !errors.Is(err, refused) {
		t.Errorf("a change that refuses: %v", err)
	}
	var value *settings.ValueError
	if _, err = s.Update(e.ID, func(set *settings.Settings) error { set.MTU = 1; return nil }); !errors.As(err, &value) {
		t.Errorf("a change to what cannot be: %v", err)
	}
	if again, err = s.Get(e.ID); err != nil || again.Settings.MTU != 0 {
		t.Errorf("refused changes stay: %+v, %v", again.Settings, err)
	}
}

func TestChangeAllAtOnce(t *testing.T) {
	s := newStore(t, Options{})
	e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	changed, err := s.Change(e.ID, func(e *Entry) error {
		e.Name = "Fabrikam"
		e.Profile.Servers[0].Host = "two.vpn.azure.com"
		e.Profile.Servers[0].Port = 8443
		e.Settings.AutoConnect = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Entry{changed, mustList(t, s)[0]} {
		if e.Name != "Fabrikam" || e.Profile.Servers[0].Host != "two.vpn.azure.com" || e.Profile.Servers[0].Port != 8443 || !e.Settings.AutoConnect || e.ID != changed.ID {
			t.Errorf("%+v", e)
		}
	}
	_, err = s.Change(e.ID, func(e *Entry) error { e.Profile.Servers = nil; return nil })
	var fault finding.Finding
	if !errors.As(err, &fault) {
		t.Errorf("no servers: %v", err)
	}
}

func TestRemoveAndUndo(t *testing.T) {
	s := newStore(t, Options{})
	before := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{Settings: &settings.Settings{MTU: 1400}})
	if err := s.Remove(before.ID); err != nil {
		t.Fatal(err)
	}
	if names := fileNames(t, s); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
	var missing *NotFoundError
	if err := s.Remove(before.ID); !errors.As(err, &missing) {
		t.Errorf("twice: %v", err)
	}
	after := mustAdd(t, s, before.Profile, AddOptions{Name: before.Name, Settings: &before.Settings})
	if after.ID != before.ID || after.Settings.MTU != 1400 || digest(after.Profile) != digest(before.Profile) {
		t.Errorf("undone: %+v", after)
	}
}

func TestFind(t *testing.T) {
	s := newStore(t, Options{})
	hub := mustAdd(t, s, azureProfile(t, "Contoso Hub", "hub.vpn.azure.com"), AddOptions{})
	east := mustAdd(t, s, azureProfile(t, "Contoso East", "east.vpn.azure.com"), AddOptions{})
	short := mustAdd(t, s, azureProfile(t, "Contoso", "contoso.vpn.azure.com"), AddOptions{})
	umlaut := mustAdd(t, s, azureProfile(t, "Köln", "koeln.vpn.azure.com"), AddOptions{})
	for text, want := range map[string]string{
		"Contoso": short.ID, "contoso": short.ID, "CONTOSO HUB": hub.ID, "contoso e": east.ID, east.ID: east.ID, "ko\u0308LN": umlaut.ID, "K": umlaut.ID,
	} {
		if e, err := s.Find(text); err != nil || e.ID != want {
			t.Errorf("%q: %q, %v", text, e.ID, err)
		}
	}
	_, err := s.Find("contoso ")
	if err != nil {
		t.Errorf("with a space: %v", err)
	}
	_, err = s.Find("cont")
	var ambiguous *AmbiguousError
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Names, []string{"Contoso", "Contoso East", "Contoso Hub"}) {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "x", "../" + short.ID, "Contoso Hub 2"} {
		var missing *NotFoundError
		if _, err := s.Find(text); !errors.As(err, &missing) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := s.Get(text); !errors.As(err, &missing) {
			t.Errorf("get %q: %v", text, err)
		}
	}
}
