package editor

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func english(t *testing.T) *language.Texts {
	t.Helper()
	texts, err := language.Open("en")
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// stored is a store with two profiles, and what a window shows of it.
func stored(t *testing.T) (*store.Store, client.View) {
	t.Helper()
	into, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../profiles/testdata/import/settings.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Contoso", "Fabrikam"} {
		imported, err := profiles.Import(strings.NewReader(string(data)), profiles.ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := into.Add(imported.Profiles[0], store.AddOptions{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	return into, viewOf(t, into)
}

func viewOf(t *testing.T, into *store.Store) client.View {
	t.Helper()
	model := client.NewModel(nil, into, nil)
	model.Reload()
	return model.View()
}

func TestDraft(t *testing.T) {
	into, view := stored(t)
	contoso, _ := view.Named("Contoso")
	d := NewDraft(english(t), time.Now, view, contoso)
	if d.Changed() || !d.Valid() || d.ReadOnly() != "" {
		t.Fatal("a new draft is changed or invalid")
	}
	d.Set("dns-servers", "10.0.0")
	if d.Valid() || d.Wrong("dns-servers") == "" {
		t.Error("a wrong address is taken")
	}
	d.Set("dns-servers", "10.0.0.4")
	d.Set("mtu", "1400")
	d.SetName("fabrikam")
	if d.Wrong("name") == "" {
		t.Error("a name is taken twice")
	}
	d.SetName("Contoso Amsterdam")
	if !d.Valid() || !d.Changed() {
		t.Errorf("%v", d.wrong)
	}
	// Somebody changes something else meanwhile.
	if _, err := into.Update(contoso.ID, func(s *settings.Settings) error { return s.Set("username", "alice") }); err != nil {
		t.Fatal(err)
	}
	if err := d.Save(into); err != nil {
		t.Fatal(err)
	}
	saved, ok := viewOf(t, into).Named("Contoso Amsterdam")
	if !ok || saved.Settings.Get("dns-servers") != "10.0.0.4" || saved.Settings.Get("mtu") != "1400" || saved.Settings.Get("username") != "alice" {
		t.Errorf("%+v", saved.Settings)
	}
}

// Every setting is in exactly one section.
func TestEverySettingIsThere(t *testing.T) {
	_, view := stored(t)
	contoso, _ := view.Named("Contoso")
	seen := map[string]int{}
	for _, section := range NewDraft(english(t), time.Now, view, contoso).Sections() {
		for _, field := range section.Fields {
			seen[field.Key]++
			if field.Help == "setting."+field.Key {
				t.Errorf("%s has no text", field.Key)
			}
			if field.Key == "secondary-profile" && !slices.Equal(field.Choices, []string{"", "Fabrikam"}) {
				t.Errorf("secondary: %q", field.Choices)
			}
		}
	}
	for _, key := range settings.Keys() {
		if seen[key.Name] != 1 {
			t.Errorf("%s is there %d times", key.Name, seen[key.Name])
		}
	}
}

// What an administrator decided cannot be changed.
func TestLocked(t *testing.T) {
	_, view := stored(t)
	view.Policy = &api.Policy{Locked: []string{"dns-servers"}}
	contoso, _ := view.Named("Contoso")
	for _, section := range NewDraft(english(t), time.Now, view, contoso).Sections() {
		for _, field := range section.Fields {
			if field.Locked != (field.Key == "dns-servers") {
				t.Errorf("%s: locked %v", field.Key, field.Locked)
			}
		}
	}
	managed := client.Connection{ID: "machine:x", Name: "Machine", Machine: &api.MachineProfile{ID: "x"}}
	if NewDraft(english(t), time.Now, view, managed).ReadOnly() == "" {
		t.Error("a machine profile can be changed")
	}
}
