package client

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// newModel is a model of a store with two profiles.
func newModel(t *testing.T) *Model {
	t.Helper()
	own, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	imported, err := profiles.ImportFile("../profiles/testdata/import/settings.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Fabrikam", "contoso"} {
		if _, _, err := own.Add(imported.Profiles[0], store.AddOptions{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	m := NewModel(api.Dial(filepath.Join(t.TempDir(), "none")), own, nil)
	m.Reload()
	return m
}

func TestModelFoldsEvents(t *testing.T) {
	m := newModel(t)
	if v := m.View(); v.Service.Known || len(v.Connections) != 2 || v.Connections[0].Name != "contoso" {
		t.Fatalf("before the service was heard: %+v", v)
	}
	m.Observe(api.Message{Snapshot: &api.Snapshot{UID: 1000, Sessions: []api.Session{{ID: "a", UID: 1000, Profile: "contoso", State: tunnel.Connecting},
		{ID: "b", UID: 1001, Profile: "Fabrikam"}, {ID: "c", UID: 1000, Profile: "removed since"}}}})
	v := m.View()
	contoso, _ := v.Named("CONTOSO")
	fabrikam, _ := v.Named("Fabrikam")
	if !v.Service.Running || contoso.Session == nil || contoso.Session.ID != "a" || fabrikam.Session != nil || len(v.Foreign) != 2 {
		t.Fatalf("%+v", v)
	}
	before := contoso.Session.State
	m.Observe(api.Message{Change: &api.Change{Session: &api.Session{ID: "a", UID: 1000, Profile: "contoso", State: tunnel.Connected}}})
	if now, _ := m.View().Find(contoso.ID); now.Session.State != tunnel.Connected || contoso.Session.State != before {
		t.Errorf("now %v; the earlier view says %v", now.Session.State, contoso.Session.State)
	}
	m.fail("a", errors.New("what this program knows"))
	m.Observe(api.Message{Change: &api.Change{Ended: &api.Record{Session: "a", Profile: "contoso", Reason: api.EndedByProblem}}})
	m.Observe(api.Message{Change: &api.Change{Removed: "a"}})
	if now, _ := m.View().Find(contoso.ID); now.Session != nil {
		t.Error("a session that is over is shown")
	}
	if end, ok := m.LastEnd("contoso"); !ok || end.Err() == nil || end.Err().Error() != "what this program knows" {
		t.Errorf("%+v", end)
	}
	m.Observe(api.Message{Change: &api.Change{Session: &api.Session{ID: "d", UID: 1000, Profile: "contoso"}}})
	if _, ok := m.LastEnd("contoso"); ok {
		t.Error("a new session does not make the old end forgotten")
	}
	select {
	case <-m.Changed():
	default:
		t.Error("nobody is told of changes")
	}
}

// A service that went away took its sessions with it, and says why in words.
func TestModelLosesService(t *testing.T) {
	m := newModel(t)
	m.Observe(api.Message{Snapshot: &api.Snapshot{UID: 1000, Sessions: []api.Session{{ID: "a", UID: 1000, Profile: "contoso"}}}})
	m.Lost(errors.New("connection reset"))
	v := m.View()
	var refusal *api.Error
	if v.Service.Running || !errors.As(v.Service.Err, &refusal) || refusal.Remedy == "" {
		t.Errorf("%+v", v.Service)
	}
	for _, c := range v.Connections {
		if c.Session != nil {
			t.Errorf("%s still has a session", c.Name)
		}
	}
}

// What an administrator keeps on is marked, and saving passwords is theirs to allow.
func TestModelFollowsPolicy(t *testing.T) {
	m := newModel(t)
	m.Observe(api.Message{Snapshot: &api.Snapshot{UID: 1000}})
	m.mu.Lock()
	m.machine = &api.MachineProfiles{Profiles: []api.MachineProfile{{ID: "hq", Name: "Headquarters"}}}
	m.mu.Unlock()
	if !m.View().MaySavePasswords() {
		t.Error("without a policy passwords may be saved")
	}
	m.Observe(api.Message{Change: &api.Change{Policy: &api.Policy{AlwaysOn: []string{"hq"}}}})
	m.Observe(api.Message{Change: &api.Change{Session: &api.Session{ID: "x", Machine: "hq", UID: 1001}}})
	v := m.View()
	hq, ok := v.Find(MachinePrefix + "hq")
	if !ok || !hq.AlwaysOn || hq.Session == nil || v.MaySavePasswords() {
		t.Errorf("%+v, may save %v", hq, v.MaySavePasswords())
	}
}
