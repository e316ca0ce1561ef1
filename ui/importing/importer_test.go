package importing

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
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
