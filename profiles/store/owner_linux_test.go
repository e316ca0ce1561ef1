package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newMachineStore is an administrator's store.
func newMachineStore(t *testing.T) *Store {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to whom an administrator's files belong")
	}
	return newStore(t, Options{Machine: true, Group: "daemon"})
}

func TestMachineStore(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	s := newMachineStore(t)
	e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	var status unix.Stat_t
	if err := unix.Stat(e.Path, &status); err != nil || status.Mode&0o777 != 0o640 || status.Uid != 0 || status.Gid == 0 {
		t.Errorf("%s: mode %o, owner %d:%d, %v", e.Path, status.Mode, status.Uid, status.Gid, err)
	}
	if info, err := os.Stat(s.Dir()); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	mustList(t, s)
}

func TestMachineStoreRefusesFilesOfOthers(t *testing.T) {
	s := newMachineStore(t)
	kept := mustAdd(t, s, azureProfile(t, "Kept", "kept.vpn.azure.com"), AddOptions{})
	unsafe := map[string]func(string) error{
		"group":  func(path string) error { return os.Chmod(path, 0o660) },
		"others": func(path string) error { return os.Chmod(path, 0o602) },
		"owner":  func(path string) error { return os.Chown(path, 1, 0) },
		"link": func(path string) error {
			if err := os.Rename(path, filepath.Join(s.Dir(), "target")); err != nil {
				return err
			}
			return os.Symlink("target", path)
		},
	}
	for name, change := range unsafe {
		if err := change(put(t, s, name+".xml", azureFile(name, name+".vpn.azure.com"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(put(t, s, kept.ID+recordSuffix, []byte(`{"settings": {}}`)), 0o666); err != nil {
		t.Fatal(err)
	}
	put(t, s, "good.xml", azureFile("Good", "good.vpn.azure.com"))
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 1 || entries[0].ID != "good" || len(damaged) != len(unsafe)+1 {
		t.Errorf("%v, %v, %v", entries, damaged, err)
	}
	for _, d := range damaged {
		if d.SetAsideAs != "" {
			t.Errorf("%+v", d)
		}
	}
}

func TestMachineStoreRefusesFoldersOfOthers(t *testing.T) {
	s := newMachineStore(t)
	mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	above := filepath.Dir(s.Dir())
	link := filepath.Join(t.TempDir(), "open", "link")
	if err := os.Mkdir(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(link), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s.Dir(), link); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name         string
		dir          string
		change, undo func() error
		says         string
	}{
		{"others write", s.Dir(), func() error { return os.Chmod(s.Dir(), 0o757) }, func() error { return os.Chmod(s.Dir(), 0o755) }, "chmod go-w"},
		{"sticky", s.Dir(), func() error { return os.Chmod(s.Dir(), 0o777|os.ModeSticky) }, func() error { return os.Chmod(s.Dir(), 0o755) }, "chmod go-w"},
		{"of another", s.Dir(), func() error { return os.Chown(s.Dir(), 1, 1) }, func() error { return os.Chown(s.Dir(), 0, 0) }, "chown root"},
		{"above", s.Dir(), func() error { return os.Chmod(above, 0o777) }, func() error { return os.Chmod(above, 0o755) }, "chmod go-w " + above},
		{"through a link of others", link, func() error { return nil }, func() error { return nil }, "chmod go-w " + filepath.Dir(link)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.change(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(test.dir, Options{Machine: true}); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("open: %v", err)
			}
			if test.dir == s.Dir() {
				if _, _, err := s.List(); err == nil {
					t.Error("listed")
				}
				if _, _, err := s.Add(azureProfile(t, "Fabrikam", "two.vpn.azure.com"), AddOptions{}); err == nil {
					t.Error("added")
				}
			}
			if err := test.undo(); err != nil {
				t.Fatal(err)
			}
			mustList(t, s)
		})
	}
}
