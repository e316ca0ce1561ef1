package store

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// packed is a ZIP such as Azure generates.
func packed(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, data := range files {
		file, err := w.Create(name)
		if err == nil {
			_, err = file.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFilesOfOthersAreProfiles(t *testing.T) {
	s := newStore(t, Options{})
	put(t, s, "azurevpnconfig.xml", azureFile("Contoso", "one.vpn.azure.com"))
	put(t, s, "Branch Office.OVPN", openVPNFile(t, "vpn.example"))
	put(t, s, "package.zip", packed(t, map[string][]byte{"AzureVPN/azurevpnconfig.xml": azureFile("Packed", "packed.vpn.azure.com")}))
	put(t, s, "README.txt", []byte("Put profiles here."))
	put(t, s, ".azurevpnconfig.xml.swp", []byte("x"))
	put(t, s, "by-hand.xml", azureFile("By hand", "hand.vpn.azure.com"))
	put(t, s, "by-hand.settings.json", []byte(`{"settings": {"mtu": 1400, "autoconnect": true}}`))
	put(t, s, "alone.settings.json", []byte(`{"settings": {}}`))
	want := map[string]string{"azurevpnconfig": "Contoso", "Branch Office": "Branch Office", "package": "Packed", "by-hand": "By hand"}
	for _, e := range mustList(t, s) {
		if want[e.ID] != e.Name || e.Imported.IsZero() {
			t.Errorf("%q is named %q, %v", e.ID, e.Name, e.Imported)
		}
		delete(want, e.ID)
		if e.ID == "by-hand" && (e.Settings.MTU != 1400 || !e.Settings.AutoConnect) {
			t.Errorf("%+v", e.Settings)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	if _, outcome, err := s.Add(azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{}); err != nil || outcome != Unchanged {
		t.Errorf("import of one that was copied here: %v, %v", outcome, err)
	}
}

func TestChangeFilesOfOthers(t *testing.T) {
	s := newStore(t, Options{})
	put(t, s, "azurevpnconfig.xml", azureFile("Contoso", "one.vpn.azure.com"))
	e, err := s.Update("azurevpnconfig", func(set *settings.Settings) error { return set.Set("mtu", "1400") })
	if err != nil || e.Settings.MTU != 1400 || e.ID != "azurevpnconfig" {
		t.Fatalf("%+v, %v", e, err)
	}
	if e, err = s.Rename(e.ID, "Work"); err != nil || e.Name != "Work" {
		t.Fatalf("%+v, %v", e, err)
	}
	put(t, s, "azurevpnconfig.xml", azureFile("Contoso", "two.vpn.azure.com")) // the deployment tool has a new one
	if e, err = s.Get(e.ID); err != nil || e.Name != "Work" || e.Settings.MTU != 1400 || e.Profile.Servers[0].Host != "two.vpn.azure.com" {
		t.Errorf("%+v, %v", e, err)
	}
	e, outcome, err := s.Add(imported(t, openVPNFile(t, "vpn.example")), AddOptions{Name: "work", Replace: true})
	if err != nil || outcome != Replaced || filepath.Base(e.Path) != "azurevpnconfig.ovpn" || e.Settings.MTU != 1400 {
		t.Errorf("%+v, %v, %v", e, outcome, err)
	}
	put(t, s, "azurevpnconfig.xml", azureFile("Contoso", "three.vpn.azure.com"))
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 1 || len(damaged) != 1 || !strings.Contains(damaged[0].Err.Error(), "same name") || damaged[0].SetAsideAs != "" {
		t.Errorf("two files of one name: %v, %v, %v", entries, damaged, err)
	}
	if err := s.Remove("azurevpnconfig"); err != nil {
		t.Error(err)
	}
	if entries := mustList(t, s); len(entries) != 1 || entries[0].Profile.Servers[0].Host != "three.vpn.azure.com" {
		t.Errorf("%v", entries)
	}
}

func TestPackageOfSeveral(t *testing.T) {
	s := newStore(t, Options{})
	certificate := bytes.Replace(azureFile("Contoso", "one.vpn.azure.com"), []byte("<type>aad</type>"), []byte("<type>cert</type>"), 1)
	put(t, s, "package.zip", packed(t, map[string][]byte{
		"AzureVPN/azurevpnconfig_aad.xml": azureFile("Contoso", "one.vpn.azure.com"), "AzureVPN/azurevpnconfig_cert.xml": certificate}))
	entries := mustList(t, s)
	if len(entries) != 2 {
		t.Fatalf("%v", entries)
	}
	for i, e := range entries {
		if _, err := s.Update(e.ID, func(set *settings.Settings) error { set.MTU = 1400 + i; return nil }); err != nil {
			t.Error(err)
		}
		if again, err := s.Get(e.ID); err != nil || again.ID != e.ID || again.Name != e.Name || again.Settings.MTU != 1400+i {
			t.Errorf("%+v, %v", again, err)
		}
		if err := s.Remove(e.ID); err == nil || !strings.Contains(err.Error(), "package.zip has several profiles") {
			t.Errorf("remove %s: %v", e.ID, err)
		}
		if _, err := s.Change(e.ID, func(e *Entry) error { e.Profile.Servers[0].Host = "x.example"; return nil }); err == nil {
			t.Errorf("rewrote %s", e.ID)
		}
	}
	if entries = mustList(t, s); len(entries) != 2 {
		t.Errorf("%v", entries)
	}
	put(t, s, "package~2.settings.json", []byte("{"))
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 2 || len(damaged) != 1 || filepath.Base(damaged[0].Path) != "package~2.settings.json" || damaged[0].SetAsideAs == "" {
		t.Errorf("%d entries, %+v, %v", len(entries), damaged, err)
	}
}

func TestReadOnlyStore(t *testing.T) {
	s := newStore(t, Options{ReadOnly: true})
	if entries := mustList(t, s); len(entries) != 0 {
		t.Errorf("%v", entries)
	}
	p := azureProfile(t, "Contoso", "one.vpn.azure.com")
	if _, _, err := s.Add(p, AddOptions{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("add: %v", err)
	}
	if _, outcome, err := s.Add(p, AddOptions{DryRun: true}); err != nil || outcome != Added {
		t.Errorf("dry run: %v, %v", outcome, err)
	}
	put(t, s, "contoso.xml", azureFile("Contoso", "one.vpn.azure.com"))
	if err := s.Remove("contoso"); !errors.Is(err, ErrReadOnly) {
		t.Errorf("remove: %v", err)
	}
	if e, outcome, err := s.Add(p, AddOptions{DryRun: true}); err != nil || outcome != Unchanged || e.ID != "contoso" {
		t.Errorf("dry run of the same: %v, %v", outcome, err)
	}
	other := azureProfile(t, "Contoso", "two.vpn.azure.com")
	var exists *ExistsError
	if _, _, err := s.Add(other, AddOptions{DryRun: true}); !errors.As(err, &exists) {
		t.Errorf("dry run of another: %v", err)
	}
	if e, outcome, err := s.Add(other, AddOptions{DryRun: true, Replace: true}); err != nil || outcome != Replaced || e.ID != "contoso" {
		t.Errorf("dry run of a replacement: %v, %v", outcome, err)
	}
	if names := fileNames(t, s); len(names) != 1 {
		t.Errorf("%v", names)
	}
}

func TestModes(t *testing.T) {
	for _, test := range []struct {
		options Options
		file    os.FileMode
		folder  os.FileMode
	}{{Options{}, 0o600, 0o700}, {Options{Mode: 0o640}, 0o640, 0o700}} {
		s := newStore(t, test.options)
		e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
		for path, want := range map[string]os.FileMode{e.Path: test.file, filepath.Join(s.Dir(), e.ID+recordSuffix): test.file, s.Dir(): test.folder} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, want %v (%v)", path, info.Mode(), want, err)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open("profiles", Options{}); err == nil {
		t.Error("a relative folder")
	}
	if _, err := Open(t.TempDir(), Options{Group: "no-such-group-here"}); err == nil {
		t.Error("a group that there is not")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil {
		t.Error("a file")
	}
}

func TestUserDir(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/somewhere")
	t.Setenv("HOME", "/home/alice")
	if got := UserDir(); got != "/somewhere/footbridge/profiles" {
		t.Error(got)
	}
	t.Setenv("XDG_CONFIG_HOME", "")
	if got := UserDir(); got != "/home/alice/.config/footbridge/profiles" {
		t.Error(got)
	}
}
