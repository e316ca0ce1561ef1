package editor

import (
	"errors"
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

// There is one certificate, in one place: the last one that is typed.
func TestOneCertificateTakesThePlaceOfAnother(t *testing.T) {
	into, view := stored(t)
	contoso, _ := view.Named("Contoso")
	d := NewDraft(english(t), time.Now, view, contoso)
	d.Set("pkcs12", "/home/alice/alice.pfx")
	d.Set("certificate", "/home/alice/alice.pem")
	if d.Value("pkcs12") != "" || d.Value("certificate") == "" {
		t.Errorf("%q %q", d.Value("pkcs12"), d.Value("certificate"))
	}
	d.Set("pkcs11", "pkcs11:token=alice")
	if d.Value("certificate") == "" { // with the issuers that are not on the token
		t.Error("the certificate file is gone")
	}
	d.Set("certificate-folder", "/home/alice/certificates")
	if d.Value("pkcs11") != "" || d.Value("certificate") != "" {
		t.Errorf("%q %q", d.Value("pkcs11"), d.Value("certificate"))
	}
	if err := d.Save(into); err != nil {
		t.Fatal(err)
	}
	kept, _ := viewOf(t, into).Named("Contoso")
	if c := kept.Settings.Certificate; c == nil || c.Folder != "/home/alice/certificates" || c.PKCS11URI != "" || c.CertificateFile != "" {
		t.Errorf("%+v", c)
	}
}

// What is wrong is said while it is typed, in words, in every language; a password never.
func TestEveryMistakeIsSaid(t *testing.T) {
	mistakes := map[string]string{
		"dns-servers": "10.0.0", "dns-suffixes": "corp example.-", "include-routes": "10.0.0.0/33", "exclude-routes": "x", "transport": "sctp",
		"proxy": "ftp://alice:hunter2@proxy:1", "mtu": "100", "autoconnect": "maybe", "trusted-networks": "host:0", "secondary-profile": strings.Repeat("a", 300),
		"azure-gateway": "/subscriptions/x", "username": strings.Repeat("a", 300), "remember-password": "perhaps", "certificate": "alice.pem", "key": "alice.key",
		"pkcs12": "alice.pfx", "pkcs11": "token=alice", "certificate-folder": "certificates", "certificate-thumbprint": "12", "certificate-issuer": strings.Repeat("a", 300),
		"sign-in": "carrier pigeon", "login-hint": strings.Repeat("a", 300), "sign-in-server": "https://login.contoso.example/",
	}
	_, view := stored(t)
	contoso, _ := view.Named("Contoso")
	for _, tag := range language.Languages() {
		texts, err := language.Open(tag)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDraft(texts, time.Now, view, contoso)
		for _, key := range settings.Keys() {
			if !texts.Has("ui.editor.field." + key.Name) {
				t.Errorf("%s: %s has no name", tag, key.Name)
			}
			mistake, known := mistakes[key.Name]
			if !known {
				t.Errorf("%s is not tried", key.Name)
				continue
			}
			d.Set(key.Name, mistake)
			said := d.Wrong(key.Name)
			if said == "" || d.Valid() || strings.Contains(said, "hunter2") || strings.HasPrefix(said, "ui.") {
				t.Errorf("%s: %s: %q", tag, key.Name, said)
			}
			if tag != language.Default && expectedInEnglish(t, key.Name, mistake, said) {
				t.Errorf("%s: %s is not translated: %q", tag, key.Name, said)
			}
			d.Set(key.Name, key.Example)
			if said := d.Wrong(key.Name); said != "" {
				t.Errorf("%s: %s: the example is wrong: %q", tag, key.Name, said)
			}
			d.Set(key.Name, "")
		}
	}
}

// expectedInEnglish reports whether what is said has the English words for what was expected in it.
func expectedInEnglish(t *testing.T, key, mistake, said string) bool {
	t.Helper()
	var probe settings.Settings
	var wrong *settings.ValueError
	if err := probe.Set(key, mistake); !errors.As(err, &wrong) {
		t.Fatalf("%s: %q is right", key, mistake)
	}
	return strings.Contains(said, wrong.Expected)
}
