package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func openFileRing(t *testing.T, dir string) (Keyring, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	ring, choice, err := Open(t.Context(), Options{Preference: PreferFile, Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil || choice.Kind != File || choice.Warning == "" || ring.Kind() != File {
		t.Fatalf("%+v, %v", choice, err)
	}
	return ring, &log
}

// keeps checks what every keyring does.
func keeps(t *testing.T, ring Keyring) {
	t.Helper()
	ctx := t.Context()
	if _, found, err := ring.Get(ctx, "nothing"); found || err != nil {
		t.Errorf("nothing: %v, %v", found, err)
	}
	for _, secret := range [][]byte{{}, []byte("hunter2"), bytes.Repeat([]byte{0, 0xff, '\n'}, 30000)} {
		if err := ring.Set(ctx, "a/b", secret); err != nil {
			t.Fatal(err)
		}
		if got, found, err := ring.Get(ctx, "a/b"); err != nil || !found || !bytes.Equal(got, secret) {
			t.Fatalf("%d bytes became %d, %v, %v", len(secret), len(got), found, err)
		}
	}
	if err := ring.Set(ctx, "other", []byte("stays")); err != nil {
		t.Fatal(err)
	}
	if err := ring.Update(ctx, "a/b", func(before []byte) ([]byte, error) { return []byte(strconv.Itoa(len(before))), nil }); err != nil {
		t.Fatal(err)
	}
	if got, _, err := ring.Get(ctx, "a/b"); string(got) != "90000" || err != nil {
		t.Errorf("updated to %q, %v", got, err)
	}
	stop := errors.New("stop")
	if err := ring.Update(ctx, "a/b", func([]byte) ([]byte, error) { return []byte("x"), stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if err := ring.Update(ctx, "new", func(before []byte) ([]byte, error) {
		if before != nil {
			t.Error("something where nothing is")
		}
		return nil, nil
	}); err != nil {
		t.Error(err)
	}
	if err := ring.Update(ctx, "a/b", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"a/b", "new"} {
		if _, found, err := ring.Get(ctx, key); found || err != nil {
			t.Errorf("%s is still there: %v", key, err)
		}
		if err := ring.Delete(ctx, key); err != nil {
			t.Error(err)
		}
	}
	if got, _, err := ring.Get(ctx, "other"); string(got) != "stays" || err != nil {
		t.Errorf("other: %q, %v", got, err)
	}
	if err := ring.Set(ctx, "large", make([]byte, MaxSecret+1)); err == nil {
		t.Error("a secret that is too large")
	}
	if err := ring.Set(ctx, "", nil); err == nil {
		t.Error("a key that is empty")
	}
}

func TestMemoryKeeps(t *testing.T) { keeps(t, NewMemory()) }

func TestFileKeeps(t *testing.T) {
	ring, _ := openFileRing(t, filepath.Join(t.TempDir(), "keyring"))
	keeps(t, ring)
}

// nowhere checks that a text is in no file below a folder, and that nobody else can read any.
func nowhere(t *testing.T, dir string, texts ...string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		seen++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) || strings.Contains(path, text) {
				t.Errorf("%s has %q in it", path, text)
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("looked at %d files: %v", seen, err)
	}
}

func TestFileHidesSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keyring")
	ring, log := openFileRing(t, dir)
	if err := ring.Set(t.Context(), "passwords/contoso", []byte("correct horse battery staple")); err != nil {
		t.Fatal(err)
	}
	nowhere(t, dir, "correct horse", "contoso")
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "horse") {
		t.Error(log.String())
	}
	again, _ := openFileRing(t, dir)
	if got, found, err := again.Get(t.Context(), "passwords/contoso"); !found || err != nil || string(got) != "correct horse battery staple" {
		t.Errorf("%q, %v, %v", got, found, err)
	}
}

func TestFileWarnsOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keyring")
	for _, want := range []bool{false, true, true} {
		_, choice, err := Open(t.Context(), Options{Preference: PreferFile, Dir: dir})
		if err != nil || choice.Warned != want || choice.Warning == "" {
			t.Errorf("%+v, %v", choice, err)
		}
		if err := MarkWarned(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedFilesAreSetAside(t *testing.T) {
	damages := map[string]func(t *testing.T, dir, path string){
		"cut off":   func(t *testing.T, _, path string) { write(t, path, []byte(sealedMagic+"x")) },
		"empty":     func(t *testing.T, _, path string) { write(t, path, nil) },
		"noise":     func(t *testing.T, _, path string) { write(t, path, bytes.Repeat([]byte("noise"), 100)) },
		"huge":      func(t *testing.T, _, path string) { write(t, path, make([]byte, MaxSecret+1000)) },
		"one bit":   func(t *testing.T, _, path string) { flip(t, path) },
		"key gone":  func(t *testing.T, dir, _ string) { remove(t, filepath.Join(dir, "key")) },
		"key short": func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "key"), []byte("short")) },
		"key other": func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "key"), newKey()) },
		"key long":  func(t *testing.T, dir, _ string) { write(t, filepath.Join(dir, "key"), make([]byte, 100)) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ring, log := openFileRing(t, dir)
			if err := ring.Set(t.Context(), "tokens", []byte("precious")); err != nil {
				t.Fatal(err)
			}
			path := (&sealed{dir: dir}).path("tokens")
			damage(t, dir, path)
			if got, found, err := ring.Get(t.Context(), "tokens"); found || err != nil {
				t.Fatalf("%q, %v, %v", got, found, err)
			}
			if _, err := os.Stat(path + asideSuffix); err != nil || !strings.Contains(log.String(), "set aside") {
				t.Errorf("not set aside: %v, %s", err, log)
			}
			if err := ring.Set(t.Context(), "tokens", []byte("again")); err != nil {
				t.Fatal(err)
			}
			if got, found, err := ring.Get(t.Context(), "tokens"); !found || err != nil || string(got) != "again" {
				t.Errorf("%q, %v, %v", got, found, err)
			}
			if err := ring.Delete(t.Context(), "tokens"); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path + asideSuffix); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what was set aside outlives its secret: %v", err)
			}
		})
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	write(t, path, content)
}

func TestFilesCannotChangePlaces(t *testing.T) {
	dir := t.TempDir()
	ring, _ := openFileRing(t, dir)
	if err := ring.Set(t.Context(), "mine", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	s := &sealed{dir: dir}
	if err := os.Rename(s.path("mine"), s.path("yours")); err != nil {
		t.Fatal(err)
	}
	if got, found, err := ring.Get(t.Context(), "yours"); found || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOpenKeyFileIsTightened(t *testing.T) {
	dir := t.TempDir()
	ring, log := openFileRing(t, dir)
	if err := ring.Set(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, found, err := ring.Get(t.Context(), "k"); !found || err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, "key"))
	if err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(log.String(), "others could read") {
		t.Errorf("%v, %v, %s", info.Mode(), err, log)
	}
}

// Several programs count in one secret; none of their steps may be lost.
func TestProgramsTakeTurns(t *testing.T) {
	const programs, steps = 4, 25
	dir := t.TempDir()
	if os.Getenv("FOOTBRIDGE_TEST_COUNT_IN") != "" {
		count(t, os.Getenv("FOOTBRIDGE_TEST_COUNT_IN"), steps)
		return
	}
	var wait sync.WaitGroup
	for range programs {
		wait.Go(func() {
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProgramsTakeTurns$")
			command.Env = append(os.Environ(), "FOOTBRIDGE_TEST_COUNT_IN="+dir)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	ring, _ := openFileRing(t, dir)
	if got, _, err := ring.Get(t.Context(), "count"); err != nil || string(got) != fmt.Sprint(programs*steps) {
		t.Errorf("counted %q, %v", got, err)
	}
}

func count(t *testing.T, dir string, steps int) {
	ring, _ := openFileRing(t, dir)
	for range steps {
		err := ring.Update(t.Context(), "count", func(before []byte) ([]byte, error) {
			n, _ := strconv.Atoi(string(before)) // nothing is zero
			return []byte(strconv.Itoa(n + 1)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnknownPreference(t *testing.T) {
	if _, _, err := Open(t.Context(), Options{Preference: "drawer", Dir: t.TempDir()}); err == nil {
		t.Error("a keyring that nobody knows")
	}
	ring, choice, err := Open(t.Context(), Options{Preference: PreferMemory})
	if err != nil || choice.Kind != Memory || ring.Kind() != Memory || choice.Warning != "" {
		t.Errorf("%+v, %v", choice, err)
	}
}

func TestPasswords(t *testing.T) {
	ctx := t.Context()
	passwords := Passwords{Keyring: NewMemory(), Allowed: true}
	forbidden := Passwords{Keyring: passwords.Keyring}
	get := func(p Passwords, profile, user string) string {
		name, password, found, err := p.Get(ctx, profile, user)
		if err != nil || !found {
			return fmt.Sprint(found, err)
		}
		return name + "=" + password.Reveal()
	}
	for _, step := range []struct{ profile, user, password string }{{"p1", "alice", "one"}, {"p1", "bob", "two"}, {"p2", "alice", "three"}} {
		if err := passwords.Set(ctx, step.profile, step.user, secret.Text(step.password)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ profile, user, want string }{
		{"p1", "alice", "alice=one"}, {"p1", "", "bob=two"}, {"p2", "", "alice=three"}, {"p2", "bob", "false <nil>"}, {"p3", "", "false <nil>"},
	} {
		if got := get(passwords, c.profile, c.user); got != c.want {
			t.Errorf("%s of %q: %s", c.user, c.profile, got)
		}
		if got := get(forbidden, c.profile, c.user); got != "false <nil>" {
			t.Errorf("given out where it is not allowed: %s", got)
		}
	}
	if err := forbidden.Set(ctx, "p1", "carol", "x"); !errors.Is(err, ErrNotAllowed) {
		t.Error(err)
	}
	if err := forbidden.Delete(ctx, "p1", "bob"); err != nil {
		t.Error(err)
	}
	if got := get(passwords, "p1", ""); got != "false <nil>" {
		t.Errorf("the last one is gone, and there is %s", got)
	}
	if err := passwords.Forget(ctx, "p1"); err != nil {
		t.Error(err)
	}
	if get(passwords, "p1", "alice") != "false <nil>" || get(passwords, "p2", "alice") != "alice=three" {
		t.Error("forgot too little or too much")
	}
	for i := range maxUsers + 1 {
		err := passwords.Set(ctx, "full", fmt.Sprint(i), "x")
		if (err != nil) != (i == maxUsers) {
			t.Fatalf("user %d: %v", i, err)
		}
	}
}

func TestCancelledLock(t *testing.T) {
	dir := t.TempDir()
	ring, _ := openFileRing(t, dir)
	held := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- ring.Update(t.Context(), "k", func([]byte) ([]byte, error) {
			close(held)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			other, _ := openFileRing(t, dir)
			if err := other.Set(ctx, "k", []byte("x")); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			return []byte("kept"), nil
		})
	}()
	<-held
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func FuzzUnseal(f *testing.F) {
	key := newKey()
	whole, err := seal(key, "k", []byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(sealedMagic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		secret, err := unseal(key, "k", content)
		if err == nil && string(secret) != "secret" {
			t.Errorf("opened %q", secret)
		}
	})
}

func FuzzPasswords(f *testing.F) {
	for _, text := range []string{``, `{}`, `null`, `{"last":"a","users":{"a":"b"}}`, `{"users":null}`, `{"users":[]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		kept := parsePasswords(content)
		if kept.Users == nil || len(kept.Users) > maxUsers {
			t.Errorf("%d users", len(kept.Users))
		}
	})
}
