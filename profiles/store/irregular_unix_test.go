//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestIrregularFilesAreNotOpened(t *testing.T) {
	s := newStore(t, Options{})
	mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	outside := filepath.Join(t.TempDir(), "outside.xml")
	if err := os.WriteFile(outside, azureFile("Outside", "outside.vpn.azure.com"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		syscall.Mkfifo(filepath.Join(s.Dir(), "pipe.xml"), 0o600),
		os.Mkdir(filepath.Join(s.Dir(), "folder.xml"), 0o700),
		os.Symlink(outside, filepath.Join(s.Dir(), "absolute.xml")),
		os.Symlink("../../outside.xml", filepath.Join(s.Dir(), "relative.xml")),
		os.Symlink("nothing.xml", filepath.Join(s.Dir(), "dangling.xml")),
		os.Symlink("loop.xml", filepath.Join(s.Dir(), "loop.xml")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	entries, damaged, err := s.List()
	if err != nil || len(entries) != 1 || len(damaged) != 5 {
		t.Errorf("%d entries, %v, %v", len(entries), damaged, err)
	}
	for _, d := range damaged {
		if d.SetAsideAs != "" {
			t.Errorf("%+v", d)
		}
	}
}
