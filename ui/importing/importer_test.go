package importing

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

const fixture = "../../profiles/testdata/import/settings.xml"

func newStore(t *testing.T) *store.Store {
	t.Helper()
	into, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return into
}

func names(t *testing.T, from *store.Store) []string {
	t.Helper()
	entries, _, err := from.List()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name)
	}
	return list
}

// A profile comes in once; one of the same name and other content is asked about, and nothing is lost whatever the user chooses.
func TestImport(t *testing.T) {
	into := newStore(t)
	r := Run(t.Context(), into, []Source{{Path: fixture}}, nil)
	if len(r.Done) != 1 || r.Done[0].Outcome != store.Added || len(r.Failed) != 0 {
		t.Fatalf("%+v", r)
	}
	if r := Run(t.Context(), into, []Source{{Path: fixture}}, nil); len(r.Done) != 1 || r.Done[0].Outcome != store.Unchanged {
		t.Errorf("again: %+v", r)
	}
	data, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), filepath.Base(fixture))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(data), "10.10.1.53", "10.10.1.54", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		choice Choice
		names  int
	}{{Skip, 1}, {KeepBoth, 2}, {Replace, 2}} {
		r := Run(t.Context(), into, []Source{{Path: changed}}, nil)
		if len(r.Conflicts) != 1 {
			if test.choice == Replace && len(r.Done) == 1 {
				continue // it is there already, under its other name
			}
			t.Fatalf("%s: %+v", test.choice, r)
		}
		if more := Decide(into, r.Conflicts[0], test.choice); len(more.Failed) != 0 {
			t.Errorf("%s: %+v", test.choice, more)
		}
		if got := names(t, into); len(got) != test.names {
			t.Errorf("%s: %q", test.choice, got)
		}
	}
}

// What is pasted comes in too; what is no profile is named, and the others still come in.
func TestSources(t *testing.T) {
	into := newStore(t)
	data, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	r := Run(t.Context(), into, []Source{{Path: "/nonexistent/profile.zip"}, {Text: "good morning"}, {Text: string(data)}}, nil)
	if len(r.Failed) != 2 || len(r.Done) != 1 {
		t.Errorf("%+v", r)
	}
}

// New profiles get the user's defaults; ones that are there keep what they have.
func TestDefaults(t *testing.T) {
	into := newStore(t)
	defaults := func(profiles.AuthenticationType) (*settings.Settings, error) {
		return &settings.Settings{Transport: profiles.UDP}, nil
	}
	r := Run(t.Context(), into, []Source{{Path: fixture}}, defaults)
	if len(r.Done) != 1 {
		t.Fatalf("%+v", r)
	}
	entry, err := into.Get(r.Done[0].ID)
	if err != nil || entry.Settings.Transport != profiles.UDP {
		t.Errorf("%+v %v", entry.Settings, err)
	}
}

// What Azure generated comes in with its gateway, however a conflict is decided, so that it can be compared with Azure's later.
func TestFromAzure(t *testing.T) {
	into := newStore(t)
	read := func(dns string) azure.Package {
		data, err := os.ReadFile(fixture)
		if err != nil {
			t.Fatal(err)
		}
		imported, err := profiles.Import(strings.NewReader(strings.Replace(string(data), "10.10.1.53", dns, 1)), profiles.ImportOptions{Name: "settings.xml"})
		if err != nil {
			t.Fatal(err)
		}
		return azure.Package{Profile: imported.Profiles[0], Gateway: azure.Gateway{Name: "contoso", ID: "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/network/providers/Microsoft.Network/virtualNetworkGateways/contoso"},
			Findings: []finding.Finding{{Code: "noticed", Severity: finding.Warning}, {Code: "noted", Severity: finding.Note}}}
	}
	keptFor := func(id string) string {
		entry, err := into.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		return entry.Settings.AzureGateway
	}
	first := read("10.10.1.53")
	r := Run(t.Context(), into, []Source{{Azure: &first}}, nil)
	if len(r.Done) != 1 || len(r.Failed) != 0 || len(r.Warnings) != 1 || keptFor(r.Done[0].ID) != first.Gateway.ID {
		t.Fatalf("%+v", r)
	}
	second := read("10.10.1.54")
	second.Gateway.ID += "-2"
	r = Run(t.Context(), into, []Source{{Azure: &second}}, nil)
	if len(r.Conflicts) != 1 || len(r.Done) != 0 {
		t.Fatalf("%+v", r)
	}
	for choice, want := range map[Choice]string{KeepBoth: " (2)", Replace: ""} {
		more := Decide(into, r.Conflicts[0], choice)
		if len(more.Done) != 1 || more.Done[0].Name != second.Profile.Name+want && choice == KeepBoth || keptFor(more.Done[0].ID) != second.Gateway.ID {
			t.Errorf("%s: %+v", choice, more)
		}
	}
}
