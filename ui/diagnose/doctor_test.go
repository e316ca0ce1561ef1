package diagnose

import (
	"archive/zip"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// service answers as one that nobody is connected with.
type service struct{}

func (service) Status(context.Context) (*api.Snapshot, error) {
	return &api.Snapshot{Version: api.Version, Service: "1.2.3", Role: api.Operate}, nil
}
func (service) Policy(context.Context) (*api.Policy, error) {
	return &api.Policy{SavePasswords: true}, nil
}
func (service) History(context.Context, int) (*api.History, error) { return &api.History{}, nil }
func (service) MachineProfiles(context.Context) (*api.MachineProfiles, error) {
	return &api.MachineProfiles{}, nil
}
func (service) Logs(context.Context, api.LogQuery, func(api.LogRecord) error) error { return nil }

// unreachable is a connection to an address that nothing is at.
func unreachable() viewer {
	profile := &profiles.Profile{Name: "contoso", Servers: []profiles.Server{{Host: "127.0.0.1", Port: 1}},
		Authentication: profiles.Authentication{Type: profiles.EntraID, Entra: &profiles.Entra{Tenant: "https://127.0.0.1:1/11111111-2222-3333-4444-555555555555/"}}}
	return viewer{Connections: []client.Connection{{ID: "c1", Name: "contoso", Entry: &store.Entry{ID: "c1", Name: "contoso", Profile: profile}}}}
}

func local(model Viewer) *Local {
	return &Local{Service: service{}, Model: model, Version: "1.2.3", Probes: diagnosis.Probes{Off: true},
		Accounts: func(context.Context) ([]entra.Account, error) {
			return []entra.Account{{Username: "alice@contoso.com", Tenant: "11111111-2222-3333-4444-555555555555", Host: "127.0.0.1:1"}}, nil
		}}
}

func TestLocalDiagnosis(t *testing.T) {
	var seen []diagnosis.Check
	result, err := local(unreachable()).Diagnose(t.Context(), "c1", "", func(c diagnosis.Check) { seen = append(seen, c) })
	if err != nil || result.Profile != "contoso" || len(seen) != len(result.Checks) {
		t.Fatalf("%v, %q, %d of %d", err, result.Profile, len(seen), len(result.Checks))
	}
	found := map[diagnosis.ID]bool{}
	for _, c := range seen {
		found[c.ID] = true
		if place(c.Stage) < 0 {
			t.Errorf("%s has no place", c.Stage)
		}
	}
	if !found[diagnosis.ServiceOK] || !found[diagnosis.ReachRefused] {
		t.Errorf("%+v", seen)
	}
}

func TestLocalDiagnosisWithoutConnection(t *testing.T) {
	result, err := local(viewer{}).Diagnose(t.Context(), "gone", "", nil)
	if err != nil || result.Profile != "" {
		t.Errorf("%v, %+v", err, result)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := local(viewer{}).Diagnose(ctx, "", "", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAccountOfAConnection(t *testing.T) {
	l, connection := local(unreachable()), unreachable().Connections[0]
	if got := l.account(t.Context(), connection); got != "alice@contoso.com" {
		t.Error(got)
	}
	connection.Settings.LoginHint = "bob@contoso.com"
	if got := l.account(t.Context(), connection); got != "" {
		t.Error(got)
	}
}

func TestLocalReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.zip")
	result := broken(t)
	written, err := local(unreachable()).Report(t.Context(), path, false, &result)
	if err != nil || written.Path != path {
		t.Fatalf("%+v, %v", written, err)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if len(archive.File) != len(written.Files) || len(archive.File) < 3 {
		t.Errorf("%v", written.Files)
	}
}
