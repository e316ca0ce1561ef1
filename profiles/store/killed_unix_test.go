//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// victimVariable tells a test program that it is the writer that gets killed: "operation step dir".
const victimVariable = "FOOTBRIDGE_STORE_VICTIM"

func TestMain(m *testing.M) {
	if plan := os.Getenv(victimVariable); plan != "" {
		fmt.Fprintln(os.Stderr, "not killed:", dieAt(plan))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// operations are the changes in which a writer gets killed, with what is there before them and after them.
func operations() map[string]struct {
	change        func(*Store) error
	before, after string
} {
	type operation = struct {
		change        func(*Store) error
		before, after string
	}
	find := func(s *Store) (string, error) {
		e, err := s.Find("Contoso")
		return e.ID, err
	}
	return map[string]operation{
		"add": {func(s *Store) error {
			_, _, err := s.Add(victimProfile(azureFile("Fabrikam", "two.vpn.azure.com")), AddOptions{Settings: &settings.Settings{MTU: 1300}})
			return err
		}, "Contoso one 1400", "Contoso one 1400, Fabrikam two 1300"},
		"replace": {func(s *Store) error {
			_, _, err := s.Add(victimProfile(azureFile("Contoso", "two.vpn.azure.com")), AddOptions{Replace: true, Settings: &settings.Settings{MTU: 1300}})
			return err
		}, "Contoso one 1400", "Contoso two 1300"},
		"other-format": {func(s *Store) error {
			fingerprint := strings.TrimSuffix(strings.Repeat("ab:", 32), ":")
			data := fmt.Appendf(nil, "client\ndev tun\nproto udp\nremote two.vpn.azure.com 1194\nauth-user-pass\npeer-fingerprint %s\n", fingerprint)
			_, _, err := s.Add(victimProfile(data), AddOptions{Name: "Contoso", Replace: true, Settings: &settings.Settings{MTU: 1300}})
			return err
		}, "Contoso one 1400", "Contoso two 1300"},
		"update": {func(s *Store) error {
			id, err := find(s)
			if err == nil {
				_, err = s.Update(id, func(set *settings.Settings) error { set.MTU = 1300; return nil })
			}
			return err
		}, "Contoso one 1400", "Contoso one 1300"},
		"rename": {func(s *Store) error {
			id, err := find(s)
			if err == nil {
				_, err = s.Rename(id, "Work")
			}
			return err
		}, "Contoso one 1400", "Work one 1400"},
		"remove": {func(s *Store) error {
			id, err := find(s)
			if err == nil {
				err = s.Remove(id)
			}
			return err
		}, "Contoso one 1400", ""},
	}
}

func victimProfile(data []byte) *profiles.Profile {
	found, err := profiles.Import(strings.NewReader(string(data)), profiles.ImportOptions{})
	if err != nil {
		panic(err)
	}
	return found.Profiles[0]
}

// dieAt runs a change and kills this process before one of its steps.
func dieAt(plan string) error {
	var name, dir string
	var step int
	if _, err := fmt.Sscanf(plan, "%s %d %s", &name, &step, &dir); err != nil {
		return err
	}
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	s.beforeStep = func() {
		if step--; step < 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}
	return operations()[name].change(s)
}

// A writer that is killed before any of its steps leaves what was there before or what was to be there, and no lock; the next writer tidies up.
func TestKilledWriterLosesNothing(t *testing.T) {
	for name, operation := range operations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for step := 0; ; step++ {
				s := newStore(t, Options{})
				mustAdd(t, s, azureProfile(t, "Contoso", "one.vpn.azure.com"), AddOptions{Settings: &settings.Settings{MTU: 1400}})
				victim := exec.Command(os.Args[0])
				victim.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", victimVariable, name, step, s.Dir()))
				out, err := victim.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) {
					t.Fatalf("%v: %s", err, out)
				}
				if exit.ExitCode() == 3 { // it had no more steps
					if !strings.Contains(string(out), "not killed: <nil>") || describe(t, s) != operation.after {
						t.Errorf("%s: %s", out, describe(t, s))
					}
					break
				}
				got := describe(t, s)
				if got != operation.before && got != operation.after {
					t.Errorf("killed before step %d: %s", step, got)
				}
				seen[got] = true
				next := mustAdd(t, s, azureProfile(t, "Next", "next.vpn.azure.com"), AddOptions{})
				checkTidy(t, s, step)
				if err := s.Remove(next.ID); err != nil {
					t.Error(err)
				}
				if after := describe(t, s); after != got {
					t.Errorf("killed before step %d: %s, and after the next writer %s", step, got, after)
				}
			}
			if !seen[operation.before] || len(seen) < 2 && name != "remove" && name != "update" && name != "rename" {
				t.Errorf("saw only %v", seen)
			}
		})
	}
}

// describe is what a reader sees.
func describe(t *testing.T, s *Store) string {
	t.Helper()
	var all []string
	for _, e := range mustList(t, s) {
		host, _, _ := strings.Cut(e.Profile.Servers[0].Host, ".")
		all = append(all, fmt.Sprintf("%s %s %d", e.Name, host, e.Settings.MTU))
	}
	return strings.Join(all, ", ")
}

// checkTidy looks for what a killed writer left.
func checkTidy(t *testing.T, s *Store, step int) {
	t.Helper()
	for _, name := range fileNames(t, s) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("step %d left %s", step, name)
		}
	}
}
