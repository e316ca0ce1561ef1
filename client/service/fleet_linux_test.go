package service

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/fleet"
)

// publisher is a web server with a signed manifest and what it names.
type publisher struct {
	*httptest.Server
	key   minisign.PrivateKey
	mu    sync.Mutex
	files map[string][]byte
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{files: map[string][]byte{}}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if data, there := p.files[r.URL.Path]; there {
			w.Write(data)
		} else {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(p.Close)
	var err error
	if _, p.key, err = minisign.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *publisher) publish(serial uint64, profiles map[string][]byte, policy string) {
	m := fleet.Manifest{Format: fleet.Format, Serial: serial, Profiles: []fleet.File{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	file := func(path string, data []byte) fleet.File {
		p.files[path] = data
		return fleet.File{URL: path, SHA256: fmt.Sprintf("%x", sha256.Sum256(data))}
	}
	for name, data := range profiles {
		f := file("/"+name+".ovpn", data)
		f.Name = name
		m.Profiles = append(m.Profiles, f)
	}
	if policy != "" {
		f := file("/policy.toml", []byte(policy))
		m.Policy = &f
	}
	data, _ := json.Marshal(m)
	p.files["/m.json"], p.files["/m.json.minisig"] = data, minisign.Sign(p.key, data)
}

// newFleetOffice is an office whose service follows fleet.toml and a drop folder.
func newFleetOffice(t *testing.T, p *publisher) (o *office, source, drop string) {
	t.Helper()
	o = &office{}
	o.profile, o.user = serveGateway(t)
	dir, err := os.MkdirTemp("", "footbridged-fleet-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.policy, o.profiles = filepath.Join(dir, "policy.toml"), filepath.Join(dir, "profiles")
	source, drop = filepath.Join(dir, "fleet.toml"), filepath.Join(dir, "profiles.d")
	for _, folder := range []string{o.profiles, drop} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o.rig = newRigWith(t, func(options *Options) {
		options.Policy, options.Profiles, options.Fleet, options.Drop = o.policy, o.profiles, source, drop
		options.FleetTransport = p.Client().Transport
	})
	return o, source, drop
}

// machineNames are the machine profiles, with where each comes from.
func machineNames(t *testing.T, client *api.Client) []string {
	t.Helper()
	machines, err := client.MachineProfiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range machines.Profiles {
		names = append(names, strings.TrimSuffix(p.Name+" "+string(p.Origin), " "))
	}
	slices.Sort(names)
	return names
}

// eventually waits for what the service does in the background.
func eventually(t *testing.T, what string, fits func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !fits() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A computer follows a manifest from when an administrator says so until that is taken back. What the administrator installed stays, and
// goes before what the manifest has of the same name.
func TestServiceFollowsManifest(t *testing.T) {
	p := newPublisher(t)
	o, source, _ := newFleetOffice(t, p)
	root, user := o.as(0), o.as(alice)
	o.install(t, "Own", false, nil)
	p.publish(1, map[string][]byte{"West": o.profile, "own": o.profile}, "machine_profiles_only = true\n")
	settings, err := (&fleet.Source{URL: p.URL + "/m.json", PublicKey: p.key.Public().(minisign.PublicKey).String()}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, source, string(settings))
	eventually(t, "the manifest's profile is there", func() bool {
		return slices.Equal(machineNames(t, user), []string{"Own", "West fleet"})
	})
	eventually(t, "its policy holds", func() bool {
		policy, err := user.Policy(t.Context())
		return err == nil && policy.MachineProfilesOnly && strings.HasSuffix(policy.Source, "fleet/policy.toml")
	})
	view, err := user.Fleet(t.Context())
	if err != nil || view.Serial != 1 || !view.Signed || view.Problem != nil || view.Succeeded == nil || view.Address != p.URL+"/m.json" || !view.Policy {
		t.Errorf("%+v %v", view, err)
	}
	_, err = user.CheckFleet(t.Context())
	wantCode(t, err, api.NotPermitted)

	// An administrator's own policy goes before the manifest's.
	o.write(t, o.policy, "save_passwords = false\n")
	eventually(t, "the computer's own policy holds", func() bool {
		policy, err := user.Policy(t.Context())
		return err == nil && !policy.MachineProfilesOnly && !policy.SavePasswords && policy.Source == o.policy
	})

	p.publish(2, map[string][]byte{"East": o.profile}, "")
	p.mu.Lock()
	p.files["/m.json.minisig"] = minisign.Sign(p.key, []byte("something else"))
	p.mu.Unlock()
	view, err = root.CheckFleet(t.Context())
	if err != nil || view.Problem == nil || view.Problem.Code != string(fleet.BadSignature) {
		t.Errorf("%+v %v", view.Problem, err)
	}
	if got := machineNames(t, user); !slices.Equal(got, []string{"Own", "West fleet"}) {
		t.Errorf("after a bad signature: %q", got)
	}
	p.publish(3, map[string][]byte{"East": o.profile}, "")
	if view, err = root.CheckFleet(t.Context()); err != nil || view.Problem != nil || view.Serial != 3 {
		t.Errorf("%+v %v", view, err)
	}
	if got := machineNames(t, user); !slices.Equal(got, []string{"East fleet", "Own"}) {
		t.Errorf("after a new manifest: %q", got)
	}
	if err := os.Remove(source); err != nil {
		t.Fatal(err)
	}
	eventually(t, "only the administrator's own is left", func() bool { return slices.Equal(machineNames(t, user), []string{"Own"}) })
}

// Files in the drop folder are machine profiles for as long as they lie there.
func TestServiceFollowsDropFolder(t *testing.T) {
	o, _, drop := newFleetOffice(t, newPublisher(t))
	root, user := o.as(0), o.as(alice)
	path := filepath.Join(drop, "west.ovpn")
	o.write(t, filepath.Join(drop, "notes.txt"), "Nothing but text.")
	o.write(t, path, string(o.profile))
	eventually(t, "the profile is there", func() bool { return len(machineNames(t, user)) == 1 })
	if got := machineNames(t, user); !strings.HasSuffix(got[0], " drop-folder") {
		t.Errorf("%q", got)
	}
	view, err := root.Fleet(t.Context())
	if err != nil || len(view.Dropped) != 1 || len(view.Unused) != 1 || !strings.HasSuffix(view.Unused[0].Path, "notes.txt") {
		t.Errorf("%+v %v", view, err)
	}
	if view, err = user.Fleet(t.Context()); err != nil || len(view.Unused) != 0 {
		t.Errorf("%+v %v", view, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is withdrawn", func() bool { return len(machineNames(t, user)) == 0 })
}
