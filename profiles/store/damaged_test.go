package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// With one entry damaged the other one loads; what was damaged is kept under another name.
func TestDamagedFilesAreSetAside(t *testing.T) {
	huge := bytes.Repeat([]byte(" "), MaxFile+1)
	tests := []struct {
		name    string
		record  bool // damage that instead of the profile's file
		data    []byte
		says    string
		remains bool // the profile stays, without its settings
	}{
		{"profile cut short", false, azureFile("Contoso", "one.vpn.azure.com")[:900], "", false},
		{"profile empty", false, nil, "empty", false},
		{"profile huge", false, huge, "8 MB", false},
		{"profile is noise", false, []byte{0, 1, 2, 3}, "", false},
		{"settings cut short", true, []byte(`{"version": 1, "settings": {`), "settings cannot be read", true},
		{"settings empty", true, nil, "settings cannot be read", true},
		{"settings of something else", true, []byte(`{"colour": "blue"}`), "colour", true},
		{"settings impossible", true, []byte(`{"settings": {"mtu": 3}}`), "mtu", true},
		{"settings of another file", true, []byte(`{"file": "../passwd.xml", "settings": {}}`), "cannot be theirs", true},
		{"settings of an outside part", true, []byte(`{"part": ".part-../x", "settings": {}}`), "cannot be theirs", true},
		{"settings huge", true, huge, "8 MB", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, Options{})
			e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{Settings: &settings.Settings{MTU: 1400}})
			mustAdd(t, s, azureProfile(t, "Fabrikam", "two.vpn.azure.com"), AddOptions{})
			path := e.Path
			if test.record {
				path = filepath.Join(s.Dir(), e.ID+recordSuffix)
			}
			if err := os.WriteFile(path, test.data, 0o600); err != nil {
				t.Fatal(err)
			}
			readOnly, err := Open(s.Dir(), Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			entries, damaged, err := readOnly.List()
			if err != nil || len(entries) != 1 || len(damaged) != 1 || damaged[0].SetAsideAs != "" || damaged[0].Path != path {
				t.Fatalf("read-only: %d entries, %+v, %v", len(entries), damaged, err)
			}
			if _, err := s.Get(e.ID); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("get: %v", err)
			}
			entries, damaged, err = s.List()
			if err != nil || len(damaged) != 1 || damaged[0].Path != path || damaged[0].Err == nil || !strings.Contains(damaged[0].Err.Error(), test.says) {
				t.Fatalf("%+v, %v", damaged, err)
			}
			if kept, err := os.ReadFile(damaged[0].SetAsideAs); err != nil || !bytes.Equal(kept, test.data) || !strings.Contains(damaged[0].SetAsideAs, damagedSuffix) {
				t.Errorf("set aside as %q: %v", damaged[0].SetAsideAs, err)
			}
			if want := 1; test.remains {
				want = 2
				if len(entries) != want || entries[0].Settings.MTU != 0 {
					t.Errorf("%d entries, want %d: %+v", len(entries), want, entries)
				}
			} else if len(entries) != want || entries[0].Name != "Fabrikam" {
				t.Errorf("%d entries, want %d: %+v", len(entries), want, entries)
			}
			mustList(t, s)
		})
	}
}

func TestDamagedTwiceAtOnce(t *testing.T) {
	s := newStore(t, Options{})
	for range 3 {
		e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
		if err := os.WriteFile(e.Path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, damaged, err := s.List(); err != nil || len(damaged) != 1 || damaged[0].SetAsideAs == "" {
			t.Fatalf("%+v, %v", damaged, err)
		}
	}
	if names := fileNames(t, s); len(names) != 6 {
		t.Errorf("%v", names)
	}
}

func TestFromANewerVersion(t *testing.T) {
	s := newStore(t, Options{})
	e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	record := put(t, s, e.ID+recordSuffix, []byte(`{"version": 2, "teleport": true}`))
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 0 || len(damaged) != 1 || !errors.Is(damaged[0].Err, errNewer) || damaged[0].SetAsideAs != "" {
		t.Errorf("%v, %+v, %v", entries, damaged, err)
	}
	if _, err := os.Stat(record); err != nil {
		t.Error(err)
	}
}

// What is being copied into the folder right now is not set aside.
func TestUnfinishedCopyIsLeftAlone(t *testing.T) {
	s := newStore(t, Options{})
	whole := azureFile("Contoso", "one.vpn.azure.com")
	path := put(t, s, "azurevpnconfig.xml", whole[:500])
	if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	_, damaged, err := s.List()
	if err != nil || len(damaged) != 1 || damaged[0].SetAsideAs != "" {
		t.Errorf("%+v, %v", damaged, err)
	}
	put(t, s, "azurevpnconfig.xml", whole)
	if entries := mustList(t, s); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
	put(t, s, "azurevpnconfig.xml", whole[:500])
	_, damaged, err = s.List()
	if err != nil || len(damaged) != 1 || damaged[0].SetAsideAs == "" {
		t.Errorf("%+v, %v", damaged, err)
	}
}

// A user who keeps files elsewhere in the folder may link to them.
func TestLinkWithinTheFolder(t *testing.T) {
	s := newStore(t, Options{})
	put(t, s, "kept.txt", azureFile("Contoso", "one.vpn.azure.com"))
	if err := os.Symlink("kept.txt", filepath.Join(s.Dir(), "linked.xml")); err != nil {
		t.Fatal(err)
	}
	if entries := mustList(t, s); len(entries) != 1 || entries[0].ID != "linked" {
		t.Errorf("%v", entries)
	}
}

func TestTooManyProfiles(t *testing.T) {
	s := newStore(t, Options{})
	s.limit = 3
	for i := range 3 {
		mustAdd(t, s, azureProfile(t, fmt.Sprint("Contoso ", i), fmt.Sprintf("host%d.vpn.azure.com", i)), AddOptions{})
	}
	if _, _, err := s.Add(azureProfile(t, "One more", "more.vpn.azure.com"), AddOptions{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if _, outcome, err := s.Add(azureProfile(t, "Contoso 1", "other.vpn.azure.com"), AddOptions{Replace: true}); err != nil || outcome != Replaced {
		t.Errorf("another in its place: %v, %v", outcome, err)
	}
	put(t, s, "zzz.xml", azureFile("One more", "more.vpn.azure.com"))
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 3 || len(damaged) != 1 || damaged[0].Path != s.Dir() {
		t.Errorf("%d entries, %v, %v", len(entries), damaged, err)
	}
}

func TestImportErrorsSayWhatTheFileIs(t *testing.T) {
	s := newStore(t, Options{})
	put(t, s, "page.xml", []byte("<!DOCTYPE html><html><body>Sign in</body></html>"))
	_, damaged, err := s.List()
	var refused *profiles.ImportError
	if err != nil || len(damaged) != 1 || !errors.As(damaged[0].Err, &refused) {
		t.Errorf("%+v, %v", damaged, err)
	}
}
