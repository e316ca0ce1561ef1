package service

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// office is a rig with what an administrator put on the computer.
type office struct {
	*rig
	policy, profiles string
	trusted          atomic.Value // the DNS suffix of the network
	log              *logfile.Log
	profile          []byte
	user             *pki.Identity
}

func newOffice(t *testing.T, policy string) *office {
	t.Helper()
	o := &office{}
	o.trusted.Store("")
	o.profile, o.user = serveGateway(t)
	dir, err := os.MkdirTemp("", "footbridged-office-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.policy, o.profiles = filepath.Join(dir, "policy.toml"), filepath.Join(dir, "profiles")
	o.write(t, o.policy, policy)
	if err := os.Mkdir(o.profiles, 0o755); err != nil {
		t.Fatal(err)
	}
	o.rig = newRigWith(t, func(options *Options) {
		options.Policy, options.Profiles = o.policy, o.profiles
		options.Trusted.Suffixes = func(context.Context) []string { return []string{o.trusted.Load().(string)} }
		if o.log, err = logfile.Open(filepath.Join(dir, "service.log"), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.log.Close() })
		options.Log = o.log
		options.Logger = newLoggerOf(o.log)
	})
	return o
}

func (o *office) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// install puts the gateway's profile into the machine's folder; with the certificate, where device is set.
func (o *office) install(t *testing.T, name string, device bool, change func(*settings.Settings)) store.Entry {
	t.Helper()
	folder, err := store.Open(o.profiles, store.Options{Machine: true})
	if err != nil {
		t.Fatal(err)
	}
	imported, err := profiles.Import(strings.NewReader(string(o.profile)), profiles.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var wanted settings.Settings
	if device {
		key, err := o.user.KeyPEM()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(filepath.Dir(o.profiles), "device.pem")
		if err := os.WriteFile(path, slices.Concat(o.user.CertificatePEM(), key), 0o600); err != nil {
			t.Fatal(err)
		}
		wanted.Certificate = &settings.CertificateSource{CertificateFile: path}
	}
	if change != nil {
		change(&wanted)
	}
	entry, _, err := folder.Add(imported.Profiles[0], store.AddOptions{Name: name, Settings: &wanted, Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func sessionOf(m api.Message, fits func(api.Session) bool) bool {
	if m.Snapshot != nil {
		return slices.ContainsFunc(m.Snapshot.Sessions, fits)
	}
	return m.Change.Session != nil && fits(*m.Change.Session)
}

func connectedTo(name string) func(api.Message) bool {
	return func(m api.Message) bool {
		return sessionOf(m, func(s api.Session) bool { return s.Profile == name && s.State == tunnel.Connected })
	}
}

// An always-on connection of the computer starts without anybody, is seen by all who may operate, is theirs to use but not to end, comes
// back when it is lost, and is in the history of each.
func TestAlwaysOn(t *testing.T) {
	o := newOffice(t, "always_on = [\"device\"]\n")
	o.install(t, "device", true, nil)
	root, user := o.as(0), o.as(alice)
	events, _ := o.watch(user)
	await(t, events, "connected", connectedTo("device"))
	machines, err := user.MachineProfiles(t.Context())
	if err != nil || len(machines.Profiles) != 1 || !machines.Profiles[0].Device || machines.Profiles[0].Settings.Certificate != nil {
		t.Errorf("%+v %v", machines, err)
	}
	snapshot, err := user.Status(t.Context())
	if err != nil || len(snapshot.Sessions) != 1 {
		t.Fatal(snapshot, err)
	}
	id := snapshot.Sessions[0].ID
	wantCode(t, user.Disconnect(t.Context(), id), api.NotPermitted)
	if err := root.Disconnect(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	ended := await(t, events, "end", func(m api.Message) bool { return m.Change != nil && m.Change.Ended != nil })
	if ended.Change.Ended.Reason != api.EndedByUser || ended.Change.Ended.Connected == nil {
		t.Errorf("%+v", ended.Change.Ended)
	}
	// An administrator ended it for now. Somebody may connect it again.
	if _, err := user.Connect(t.Context(), api.ConnectRequest{MachineProfile: "device"}); err != nil {
		t.Fatal(err)
	}
	await(t, events, "connected again", connectedTo("device"))
	history, err := user.History(t.Context(), 0)
	if err != nil || len(history.Records) != 1 || history.Records[0].Machine == "" {
		t.Errorf("%+v %v", history, err)
	}
}

// On a trusted network the connection is suspended, and says so; elsewhere it is up.
func TestTrustedNetworkSuspends(t *testing.T) {
	o := newOffice(t, "")
	o.trusted.Store("office.example")
	o.install(t, "device", true, func(s *settings.Settings) {
		s.AutoConnect, s.TrustedNetworks = true, []settings.TrustedNetwork{{DNSSuffix: "office.example"}}
	})
	events, _ := o.watch(o.as(alice))
	await(t, events, "suspended", func(m api.Message) bool {
		return sessionOf(m, func(s api.Session) bool { return s.Suspended == "office.example" && s.State == tunnel.Disconnected })
	})
	o.trusted.Store("home.test")
	more, _ := o.watch(o.as(alice)) // somebody who comes lets it look again
	await(t, more, "connected", connectedTo("device"))
}

// What administrators change is followed at once: profiles come, change and go, and with them their connections.
func TestMachineProfilesAreFollowed(t *testing.T) {
	o := newOffice(t, "")
	user := o.as(alice)
	events, _ := o.watch(user)
	await(t, events, "snapshot", func(m api.Message) bool { return m.Snapshot != nil })
	entry := o.install(t, "device", true, func(s *settings.Settings) { s.AutoConnect = true })
	await(t, events, "notice", func(m api.Message) bool { return m.Change != nil && m.Change.Machine })
	await(t, events, "connected", connectedTo("device"))
	folder, err := store.Open(o.profiles, store.Options{Machine: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Remove(entry.ID); err != nil {
		t.Fatal(err)
	}
	ended := await(t, events, "end", func(m api.Message) bool { return m.Change != nil && m.Change.Ended != nil })
	if ended.Change.Ended.Reason != api.EndedByPolicy {
		t.Errorf("%+v", ended.Change.Ended)
	}
}

// A machine profile that asks for a credential belongs to the user who connects it, is seen with its sign-in facts and without secrets.
func TestMachineProfileOfUser(t *testing.T) {
	o := newOffice(t, "")
	o.install(t, "shared", false, nil)
	o.service.Reload()
	user, other := o.as(alice), o.as(bob)
	events, _ := o.watch(user)
	started, err := user.Connect(t.Context(), api.ConnectRequest{MachineProfile: "shared", Certificate: string(o.user.CertificatePEM())})
	if err != nil {
		t.Fatal(err)
	}
	await(t, events, "question", func(m api.Message) bool { return signQuestion(m) != nil })
	_, err = other.Connect(t.Context(), api.ConnectRequest{MachineProfile: "shared"})
	wantCode(t, err, api.AlreadyConnected)
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if err := user.SetSignIn(t.Context(), started.ID, api.SignIn{Account: "alice@contoso.com", Expires: &expires}); err != nil {
		t.Fatal(err)
	}
	await(t, events, "sign-in", func(m api.Message) bool {
		return sessionOf(m, func(s api.Session) bool { return s.SignIn != nil && s.SignIn.Account == "alice@contoso.com" })
	})
}

// The policy is followed when it changes: sessions that it forbids end, and one that cannot be read lets nobody connect.
func TestPolicyIsFollowed(t *testing.T) {
	o := newOffice(t, "[settings]\nmtu = \"1300\"\n")
	user := o.as(alice)
	events, _ := o.watch(user)
	request := api.ConnectRequest{Profile: o.profile, Certificate: string(o.user.CertificatePEM()), Settings: &settings.Revealed{MTU: 1500}}
	started, err := user.Connect(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	o.service.mu.Lock()
	if mtu := o.service.sessions[started.ID].profile.OpenVPN.TunMTU; mtu != 1300 {
		t.Errorf("the MTU is %d", mtu)
	}
	o.service.mu.Unlock()
	o.write(t, o.policy, "machine_profiles_only = true\n")
	ended := await(t, events, "end", func(m api.Message) bool { return m.Change != nil && m.Change.Ended != nil })
	if ended.Change.Ended.Reason != api.EndedByPolicy {
		t.Errorf("%+v", ended.Change.Ended)
	}
	_, err = user.Connect(t.Context(), request)
	wantCode(t, err, api.NotPermitted)

	o.write(t, o.policy, "machine_profiles_onyl = true\n")
	await(t, events, "problem", func(m api.Message) bool {
		return m.Change != nil && m.Change.Policy != nil && m.Change.Policy.Problem != ""
	})
	_, err = user.Connect(t.Context(), request)
	wantCode(t, err, api.NotPermitted)
	if err == nil || !strings.Contains(err.Error(), "machine_profiles_onyl") {
		t.Error(err)
	}
	o.write(t, o.policy, "[operate]\nusers = [\"51002\"]\n")
	await(t, events, "mended", func(m api.Message) bool {
		return m.Change != nil && m.Change.Policy != nil && m.Change.Policy.Problem == ""
	})
	_, err = user.Connect(t.Context(), request)
	wantCode(t, err, api.NotPermitted)
	if _, err := o.as(bob).Connect(t.Context(), request); err != nil {
		t.Error(err)
	}
}

// Whom a new policy lets see nothing is told nothing any more, not even on a stream that was there before.
func TestPolicyShutsOut(t *testing.T) {
	o := newOffice(t, "")
	begun, ended := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(begun) })
	go func() {
		ended <- o.as(daemon).Events(t.Context(), func(api.Message) error { begin(); return nil })
	}()
	select {
	case <-begun:
	case err := <-ended:
		t.Fatal(err)
	}
	o.write(t, o.policy, "[observe]\nusers = [\"51001\"]\n")
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the stream ended as if all were well")
		}
	case <-time.After(20 * time.Second):
		t.Error("the stream goes on")
	}
	_, err := o.as(daemon).Status(t.Context())
	wantCode(t, err, api.NotPermitted)
}

// A policy or certificate that others than administrators could have written is not believed.
func TestOnlyAdministratorsFilesAreBelieved(t *testing.T) {
	o := newOffice(t, "")
	if err := os.Chmod(o.policy, 0o666); err != nil {
		t.Fatal(err)
	}
	o.service.Reload()
	_, err := o.as(alice).Connect(t.Context(), api.ConnectRequest{Profile: o.profile})
	wantCode(t, err, api.NotPermitted)
	if err := os.Chmod(o.policy, 0o644); err != nil {
		t.Fatal(err)
	}
	o.service.Reload()
	entry := o.install(t, "device", true, nil)
	o.service.Reload()
	if err := os.Chmod(entry.Settings.Certificate.CertificateFile, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = o.as(alice).Connect(t.Context(), api.ConnectRequest{MachineProfile: "device"})
	wantCode(t, err, api.BadCertificate)
}

// Each caller reads the log of their own sessions, and an administrator all of it.
func TestLogIsForThoseItIsAbout(t *testing.T) {
	o := newOffice(t, "")
	for _, uid := range []int{alice, bob} {
		if _, err := o.as(uid).Connect(t.Context(), api.ConnectRequest{Profile: o.profile, Certificate: string(o.user.CertificatePEM())}); err != nil {
			t.Fatal(err)
		}
	}
	sessions := func(uid int, query api.LogQuery) map[string]bool {
		found := map[string]bool{}
		if err := o.as(uid).Logs(t.Context(), query, func(r api.LogRecord) error { found[r.Session] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	for deadline := time.Now().Add(20 * time.Second); len(sessions(0, api.LogQuery{})) < 2; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is logged about the sessions")
		}
	}
	if got := sessions(alice, api.LogQuery{}); len(got) != 1 || got[""] {
		t.Errorf("alice reads of %v", got)
	}
	if got := sessions(daemon, api.LogQuery{}); len(got) != 0 {
		t.Errorf("a stranger reads of %v", got)
	}
	if got := sessions(0, api.LogQuery{Level: "ERROR"}); len(got) != 0 {
		t.Errorf("errors of %v", got)
	}
	err := o.as(alice).Logs(t.Context(), api.LogQuery{Level: "loud"}, func(api.LogRecord) error { return nil })
	wantCode(t, err, api.BadRequest)
}

// Two connections whose networks overlap say so, each with who wins.
func TestOverlapsAreReported(t *testing.T) {
	o := newOffice(t, "")
	user := o.as(alice)
	events, _ := o.watch(user)
	key, err := o.user.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	whole := slices.Concat(o.profile, []byte("<cert>\n"), o.user.CertificatePEM(), []byte("</cert>\n<key>\n"), key, []byte("</key>\n"))
	for _, name := range []string{"first", "second"} {
		if _, err := user.Connect(t.Context(), api.ConnectRequest{Profile: whole, Name: name}); err != nil {
			t.Fatal(err)
		}
		await(t, events, name, connectedTo(name))
	}
	snapshot, err := user.Status(t.Context())
	if err != nil || len(snapshot.Sessions) != 2 {
		t.Fatal(snapshot, err)
	}
	for _, s := range snapshot.Sessions {
		i := slices.IndexFunc(s.Overlaps, func(o api.Overlap) bool { return o.Prefix == "10.10.0.0/16" })
		if i < 0 || s.Overlaps[i].Wins != (s.Profile == "first") || s.Overlaps[i].Profile == s.Profile {
			t.Errorf("%s: %+v", s.Profile, s.Overlaps)
		}
	}
}
