package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sizeOfFleet is how many computers follow one manifest; fewer under the race detector, which slows them down.
func sizeOfFleet() int {
	if testing.Short() {
		return 12
	}
	return 50
}

// A whole fleet goes through everything that happens to a manifest, and no computer ever loses a working profile.
func TestFleet(t *testing.T) {
	s, c, dir, fleetSize := newSite(t), newClock(), t.TempDir(), sizeOfFleet()
	source := s.signed()
	computers := make([]*Follower, fleetSize)
	for i := range computers {
		computers[i] = newFollower(t, s, filepath.Join(dir, fmt.Sprint(i)), c)
	}
	everywhere := func(what string, problem Code, changed, policy bool, wanted ...string) {
		t.Helper()
		c.now = c.now.Add(time.Hour)
		var wait sync.WaitGroup
		for turn := range 4 { // at a time
			wait.Go(func() {
				for i := turn; i < fleetSize; i += 4 {
					did, err := computers[i].Check(t.Context(), source)
					if (err == nil) != (problem == "") || err != nil && AsProblem(err).Code != problem || did != changed {
						t.Errorf("%s: computer %d: changed %v, %v", what, i, did, err)
					}
				}
			})
		}
		wait.Wait()
		for i, f := range computers {
			if i%10 == 3 { // some are started anew
				computers[i] = newFollower(t, s, filepath.Join(dir, fmt.Sprint(i)), c)
			}
			has(t, f, what, policy, wanted...)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	west, east := azureFile("West", "west.example"), azureFile("East", "east.example")
	s.publish(1, map[string][]byte{"west.xml": west})
	everywhere("first", "", true, false, "West west.example")
	before := s.requests
	everywhere("nothing new", "", false, false, "West west.example")
	if s.requests-before != fleetSize || s.unchanged != fleetSize {
		t.Errorf("%d requests, %d of them for what has not changed", s.requests-before, s.unchanged)
	}
	s.publish(2, map[string][]byte{"west.xml": west, "east.xml": east, "policy.toml": []byte("machine_profiles_only = true\n")})
	everywhere("added", "", true, true, "East east.example", "West west.example")
	s.publish(3, map[string][]byte{"west.xml": azureFile("West", "west2.example"), "east.xml": east, "policy.toml": []byte("save_passwords = false\n")})
	everywhere("changed", "", true, true, "East east.example", "West west2.example")

	s.setAway(true)
	everywhere("away", Refused, false, true, "East east.example", "West west2.example")
	s.setAway(false)
	everywhere("back", "", false, true, "East east.example", "West west2.example")

	s.publish(4, map[string][]byte{"west.xml": azureFile("West", "west3.example"), "north.xml": azureFile("North", "north.example")})
	s.change(func(files map[string][]byte) { files["west.xml"] = files["west.xml"][:len(files["west.xml"])-20] })
	everywhere("corrupted", Corrupted, false, true, "East east.example", "West west2.example")

	data := s.publish(5, map[string][]byte{"north.xml": azureFile("North", "north.example")})
	s.change(func(files map[string][]byte) {
		files["manifest.json"] = []byte(strings.Replace(string(data), `"serial":5`, `"serial":6`, 1))
	})
	everywhere("forged", BadSignature, false, true, "East east.example", "West west2.example")
	s.change(func(files map[string][]byte) { delete(files, "manifest.json.minisig") })
	everywhere("not signed", Refused, false, true, "East east.example", "West west2.example")

	s.publish(1, map[string][]byte{"west.xml": west})
	everywhere("replayed", OldManifest, false, true, "East east.example", "West west2.example")
	s.publish(3, map[string][]byte{"west.xml": west})
	everywhere("same serial", SameSerial, false, true, "East east.example", "West west2.example")

	s.publish(7, map[string][]byte{"east.xml": east})
	everywhere("withdrawn", "", true, false, "East east.example")
	s.Close()
	everywhere("gone", Unreachable, false, false, "East east.example")
}

func TestNothingIsDoneByHalves(t *testing.T) {
	good := azureFile("West", "west.example")
	for name, test := range map[string]struct {
		files  map[string][]byte
		change func(*Manifest)
		code   Code
	}{
		"a bad policy":      {map[string][]byte{"a.xml": azureFile("A", "a.example"), "policy.toml": []byte("no_such_rule = true\n")}, nil, BadPolicy},
		"no profile":        {map[string][]byte{"a.xml": azureFile("A", "a.example"), "b.html": []byte("<!DOCTYPE html><html></html>")}, nil, BadProfile},
		"one name for two":  {map[string][]byte{"a.xml": azureFile("A", "a.example"), "b.xml": azureFile("a", "b.example")}, nil, BadManifest},
		"a file is missing": {map[string][]byte{"a.xml": azureFile("A", "a.example")}, func(m *Manifest) { m.Profiles[0].URL = "c.xml" }, Refused},
		"a plain address":   {map[string][]byte{"a.xml": azureFile("A", "a.example")}, func(m *Manifest) { m.Profiles[0].URL = "http://x/a.xml" }, BadManifest},
		"too large":         {map[string][]byte{"a.xml": make([]byte, 17<<20)}, nil, TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newSite(t), newClock()
			f := newFollower(t, s, t.TempDir(), c)
			s.publish(1, map[string][]byte{"west.xml": good})
			check(t, f, s.signed(), "")
			m := Manifest{Format: Format, Serial: 2, Profiles: []File{}}
			for _, name := range sortedNames(test.files) {
				file := File{URL: name, SHA256: sum(test.files[name])}
				if name == policyFile {
					m.Policy = &file
				} else {
					m.Profiles = append(m.Profiles, file)
				}
			}
			if test.change != nil {
				test.change(&m)
			}
			s.publishManifest(m, test.files)
			if check(t, f, s.signed(), test.code) {
				t.Error("something was changed")
			}
			has(t, f, name, false, "West west.example")
			if s.publish(3, map[string][]byte{"west.xml": good}); check(t, f, s.signed(), "") {
				t.Error("nothing was to be changed")
			}
		})
	}
}

func TestPinnedManifest(t *testing.T) {
	s, c := newSite(t), newClock()
	f := newFollower(t, s, t.TempDir(), c)
	data := s.publish(5, map[string][]byte{"west.xml": azureFile("West", "west.example")})
	source := &Source{URL: s.URL + "/manifest.json", SHA256: strings.ToUpper(sum(data))}
	check(t, f, source, "")
	data = s.publish(4, map[string][]byte{"east.xml": azureFile("East", "east.example")})
	check(t, f, source, WrongSHA256)
	has(t, f, "another manifest", false, "West west.example")
	// Who pins another manifest means it, whatever its serial is.
	source.SHA256 = sum(data)
	if due := f.Due(source); due.After(c.now) {
		t.Errorf("another source is looked at only at %s", due)
	}
	check(t, f, source, "")
	has(t, f, "pinned anew", false, "East east.example")
}

func TestLostFilesComeBack(t *testing.T) {
	s, c, dir := newSite(t), newClock(), t.TempDir()
	f := newFollower(t, s, dir, c)
	s.publish(1, map[string][]byte{"west.xml": azureFile("West", "west.example"), "policy.toml": []byte("save_passwords = false\n")})
	check(t, f, s.signed(), "")
	entries, _, err := f.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{entries[0].Path, f.PolicyPath()} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if !check(t, f, s.signed(), "") {
			t.Errorf("%s is still lost", path)
		}
		has(t, f, path, true, "West west.example")
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = newFollower(t, s, dir, c)
	has(t, f, "without notes", true, "West west.example")
	check(t, f, s.signed(), "")
	has(t, f, "notes written anew", true, "West west.example")
}

func TestExpiredManifestHoldsOn(t *testing.T) {
	s, c := newSite(t), newClock()
	f := newFollower(t, s, t.TempDir(), c)
	west := azureFile("West", "west.example")
	s.publishManifest(Manifest{Format: Format, Serial: 1, Expires: c.now.Add(time.Hour), Profiles: []File{{URL: "west.xml", SHA256: sum(west), Name: "Contoso"}}},
		map[string][]byte{"west.xml": west})
	check(t, f, s.signed(), "")
	c.now = c.now.Add(2 * time.Hour)
	check(t, f, s.signed(), Expired)
	has(t, f, "expired", false, "Contoso west.example")
}

func TestLeave(t *testing.T) {
	s, c := newSite(t), newClock()
	f := newFollower(t, s, t.TempDir(), c)
	s.publish(1, map[string][]byte{"west.xml": azureFile("West", "west.example"), "policy.toml": []byte("save_passwords = false\n")})
	check(t, f, s.signed(), "")
	for range 2 {
		if _, err := f.Leave(); err != nil {
			t.Fatal(err)
		}
		has(t, f, "left", false)
	}
	check(t, f, s.signed(), "")
	has(t, f, "again", true, "West west.example")
}

func TestWaits(t *testing.T) {
	source := &Source{Interval: "1h"}
	for _, test := range []struct {
		failures int
		problem  *Problem
		about    time.Duration
	}{
		{0, nil, time.Hour}, {1, &Problem{}, time.Minute}, {3, &Problem{}, 4 * time.Minute}, {50, &Problem{}, 15 * time.Minute},
		{1, &Problem{retryAfter: 10 * time.Minute}, 10 * time.Minute}, {1, &Problem{retryAfter: 10 * time.Hour}, time.Hour},
	} {
		least, most := test.about, time.Duration(0)
		for range 1000 {
			wait := source.wait(test.failures, test.problem)
			least, most = min(least, wait), max(most, wait)
		}
		if least < test.about*9/10 || most > test.about*11/10 || most-least < test.about/10 {
			t.Errorf("after %d failures: from %s to %s, want about %s", test.failures, least, most, test.about)
		}
	}
}

// The way to the manifest is the source's proxy, then the policy's.
func TestProxy(t *testing.T) {
	asked := make(chan string, 4)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer proxy.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, source := range []*Source{{URL: "https://fleet.example/m.json", SHA256: strings.Repeat("0", 64), Proxy: proxy.URL}, {URL: "https://fleet.example/m.json", SHA256: strings.Repeat("0", 64)}} {
		_, _, err := Try(ctx, source, Options{Proxy: func() string { return proxy.URL }})
		if AsProblem(err).Code != Unreachable {
			t.Error(err)
		}
		if got := <-asked; got != "CONNECT fleet.example:443" {
			t.Error(got)
		}
	}
}

func TestTryKeepsNothing(t *testing.T) {
	s := newSite(t)
	s.publish(3, map[string][]byte{"west.xml": azureFile("West", "west.example")})
	manifest, names, err := Try(t.Context(), s.signed(), Options{Transport: s.Client().Transport})
	if err != nil || manifest.Serial != 3 || len(names) != 1 || names[0] != "West" {
		t.Error(manifest, names, err)
	}
}

// Secrets in addresses and proxies reach no error.
func TestErrorsHaveNoSecrets(t *testing.T) {
	source := &Source{URL: "https://127.0.0.1:1/m.json?sig=hunter2", SHA256: strings.Repeat("0", 64), Proxy: "http://me:hunter2@127.0.0.1:1"}
	_, _, err := Try(t.Context(), source, Options{})
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(source.String(), "hunter2") {
		t.Error(err)
	}
}
