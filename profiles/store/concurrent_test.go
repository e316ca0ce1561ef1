package store

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Readers never see half a change: host and MTU are always changed together, and what nobody touches is always there.
func TestReadersSeeWholeChanges(t *testing.T) {
	dir := newStore(t, Options{}).Dir()
	open := func() *Store {
		s, err := Open(dir, Options{LockTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const still = 5
	for i := range still {
		mustAdd(t, open(), azureProfile(t, fmt.Sprintf("Still %d", i), fmt.Sprintf("still%d.vpn.azure.com", i)), AddOptions{})
	}
	moving := mustAdd(t, open(), azureProfile(t, "Moving", "host1400.vpn.azure.com"), AddOptions{Settings: &settings.Settings{MTU: 1400}})

	var writers, readers sync.WaitGroup
	var done atomic.Bool
	const rounds = 15
	writers.Go(func() { // replaces the pair, also by another format
		s := open()
		for i := range rounds {
			mtu := 1300 + i
			p := azureProfile(t, "Moving", fmt.Sprintf("host%d.vpn.azure.com", mtu))
			if i%3 == 0 {
				p = imported(t, openVPNFile(t, fmt.Sprintf("host%d.vpn.azure.com", mtu)))
			}
			if _, outcome, err := s.Add(p, AddOptions{Name: "Moving", Replace: true, Settings: &settings.Settings{MTU: mtu}}); err != nil || outcome != Replaced {
				t.Errorf("replace: %v, %v", outcome, err)
			}
		}
	})
	for w := range 3 { // adds, renames, removes
		writers.Go(func() {
			s := open()
			for i := range rounds {
				name := fmt.Sprintf("Guest %d %d", w, i)
				e, _, err := s.Add(azureProfile(t, name, fmt.Sprintf("guest%d-%d.vpn.azure.com", w, i)), AddOptions{Settings: &settings.Settings{MTU: 1234}})
				if err != nil {
					t.Errorf("add: %v", err)
					return
				}
				if _, err := s.Rename(e.ID, name+" renamed"); err != nil {
					t.Errorf("rename: %v", err)
				}
				if _, err := s.Update(e.ID, func(set *settings.Settings) error { set.AutoConnect = true; return nil }); err != nil {
					t.Errorf("update: %v", err)
				}
				if err := s.Remove(e.ID); err != nil {
					t.Errorf("remove: %v", err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			s := open()
			for !done.Load() {
				checkWhole(t, s, moving.ID, still)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	checkWhole(t, open(), moving.ID, still)
	if names := fileNames(t, open()); len(names) != 2*(still+1) {
		t.Errorf("files left over: %v", names)
	}
}

func checkWhole(t *testing.T, s *Store, moving string, still int) {
	t.Helper()
	entries, damaged, err := s.List()
	if err != nil || len(damaged) > 0 {
		t.Errorf("list: %v, %v", damaged, err)
	}
	count, found := 0, false
	for _, e := range entries {
		switch {
		case e.ID == moving:
			found = true
			if want := "host" + strconv.Itoa(e.Settings.MTU) + ".vpn.azure.com"; e.Profile.Servers[0].Host != want {
				t.Errorf("half a change: MTU %d, host %s", e.Settings.MTU, e.Profile.Servers[0].Host)
			}
		case e.Settings.MTU == 1234:
		default:
			count++
		}
	}
	if !found || count != still {
		t.Errorf("moving there: %v; %d still", found, count)
	}
	if e, err := s.Find("moving"); err != nil || e.ID != moving {
		t.Errorf("find: %v", err)
	}
}

// Of many that add the same profile at once, one adds it.
func TestAddTheSameAtOnce(t *testing.T) {
	dir := newStore(t, Options{}).Dir()
	var added atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			s, err := Open(dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			_, outcome, err := s.Add(azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
			if err != nil {
				t.Error(err)
			}
			if outcome == Added {
				added.Add(1)
			}
		})
	}
	wait.Wait()
	if added.Load() != 1 {
		t.Errorf("added %d times", added.Load())
	}
}

func TestAnotherProgramHoldsTheLock(t *testing.T) {
	s := newStore(t, Options{LockTimeout: 50 * time.Millisecond})
	e := mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{})
	held := flock.New(s.Dir() + "/" + lockName)
	if locked, err := held.TryLock(); !locked || err != nil {
		t.Fatal(locked, err)
	}
	var locked *LockedError
	if _, err := s.Rename(e.ID, "Work"); !errors.As(err, &locked) || !errors.Is(err, ErrBusy) || locked.Dir != s.Dir() {
		t.Errorf("rename: %v", err)
	}
	if entries := mustList(t, s); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
	put(t, s, "noise.xml", []byte("x"))
	if _, damaged, err := s.List(); err != nil || len(damaged) != 1 || damaged[0].SetAsideAs != "" {
		t.Errorf("%+v, %v", damaged, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rename(e.ID, "Work"); err != nil {
		t.Error(err)
	}
}
