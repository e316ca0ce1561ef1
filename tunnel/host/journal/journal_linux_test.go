package journal

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func record() Record {
	return Record{Device: "footbridge0", Link: 7, DNS: &DNS{Mode: "resolv.conf"}, Routes: []Route{
		{Prefix: netip.MustParsePrefix("203.0.113.9/32"), Metric: 1_000_007, Link: 2, Gateway: netip.MustParseAddr("192.168.1.1")},
		{Prefix: netip.MustParsePrefix("2001:db8::9/128"), Metric: 2_000_007, Unreachable: true},
	}}
}

func open(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir, "footbridge0")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func write(t *testing.T, j *Journal, r Record, wanted bool) {
	t.Helper()
	if written, err := j.Write(r); err != nil || written != wanted {
		t.Fatalf("written %v, %v; want %v", written, err, wanted)
	}
}

func TestLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	j := open(t, dir)
	if _, err := Open(dir, "footbridge0"); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	write(t, j, Record{Device: "footbridge0"}, false)
	write(t, j, record(), true)
	write(t, j, record(), false)
	if leftovers, err := Leftovers(dir); err != nil || len(leftovers) != 0 {
		t.Fatalf("a living tunnel's journal is left over: %v, %v", leftovers, err)
	}
	if info, err := os.Stat(j.path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}

	// The process dies: the kernel takes the lock, and nobody else does anything.
	if err := j.lock.Close(); err != nil {
		t.Fatal(err)
	}
	leftovers, err := Leftovers(dir)
	if err != nil || len(leftovers) != 1 {
		t.Fatalf("got %v, %v", leftovers, err)
	}
	leftover := leftovers[0]
	want := record()
	want.Version, want.Boot = Version, j.boot
	if diff := cmp.Diff(want, leftover.Record, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if leftover.Err != nil || !leftover.SameBoot || leftover.Name() != "footbridge0" {
		t.Errorf("got %+v", leftover)
	}
	if again, err := Leftovers(dir); err != nil || len(again) != 0 {
		t.Errorf("two take the same: %v, %v", again, err)
	}
	if err := leftover.Done(false); err != nil {
		t.Fatal(err)
	}
	leftovers, err = Leftovers(dir)
	if err != nil || len(leftovers) != 1 {
		t.Fatalf("what was not undone is not there again: %v, %v", leftovers, err)
	}
	if err := leftovers[0].Done(true); err != nil {
		t.Fatal(err)
	}
	expectFiles(t, dir)
}

func TestNothingIsNoFile(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	write(t, j, record(), true)
	write(t, j, Record{Device: "footbridge0"}, true)
	expectFiles(t, dir, "footbridge0.lock")
	if err := j.Remove(); err != nil {
		t.Fatal(err)
	}
	expectFiles(t, dir)
}

func TestDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `{"version":1,"routes":[{"pre`, "other version": `{"version":99}`, "no prefix": `{"version":1,"routes":[{"metric":3}]}`,
		"not json": "\x00\x00\x00\x00", "negative link": `{"version":1,"routes":[{"prefix":"1.2.3.4/32","link":-1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "footbridge0.journal"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			leftovers, err := Leftovers(dir)
			if err != nil || len(leftovers) != 1 || !errors.Is(leftovers[0].Err, ErrDamaged) {
				t.Fatalf("got %v, %v", leftovers, err)
			}
			if err := leftovers[0].Done(true); err != nil {
				t.Fatal(err)
			}
			expectFiles(t, dir, "footbridge0.journal.damaged")
			write(t, open(t, dir), record(), true)
		})
	}
}

func TestDeadLockIsRemoved(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if err := j.lock.Close(); err != nil {
		t.Fatal(err)
	}
	if leftovers, err := Leftovers(dir); err != nil || len(leftovers) != 0 {
		t.Fatalf("got %v, %v", leftovers, err)
	}
	expectFiles(t, dir)
}

func TestNoDirectory(t *testing.T) {
	if leftovers, err := Leftovers(filepath.Join(t.TempDir(), "none")); err != nil || leftovers != nil {
		t.Errorf("got %v, %v", leftovers, err)
	}
}

func expectFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
