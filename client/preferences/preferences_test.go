package preferences

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func filled() Preferences {
	return Preferences{Language: "nl", Theme: DarkTheme, NoTray: true, QuitWhenClosed: true, Muted: []string{"connected", "lost"},
		ImportProxy: "http://proxy.corp.example:8080", ImportSignIn: "device-code", ImportTransport: "tcp"}
}

func TestRoundTrip(t *testing.T) {
	file := At(filepath.Join(t.TempDir(), "footbridge", "preferences.json"))
	for _, p := range []Preferences{filled(), {}} {
		if err := file.Save(p); err != nil {
			t.Fatal(err)
		}
		got, err := file.Load()
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	info, err := os.Stat(file.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(file.Path())); len(entries) != 1 {
		t.Errorf("left beside: %v", entries)
	}
}

func TestMissingFileIsTheDefault(t *testing.T) {
	p, err := At(filepath.Join(t.TempDir(), "gone", "x.json")).Load()
	if err != nil || !reflect.DeepEqual(p, Preferences{}) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	file := At(filepath.Join(t.TempDir(), "preferences.json"))
	if err := os.WriteFile(file.Path(), []byte(`{"theme":"purple"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := file.Load()
	var damaged *DamagedError
	var value *ValueError
	if !errors.As(err, &damaged) || !errors.As(err, &value) || value.Name != "theme" || !reflect.DeepEqual(p, Preferences{}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if content, err := os.ReadFile(damaged.Aside); err != nil || string(content) != `{"theme":"purple"}` {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := file.Load(); err != nil {
		t.Error(err)
	}
	if err := file.Save(filled()); err != nil {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{``, `[]`, `null`, `"x"`, `{`, `{}{}`, `{"theme":"light","theme":"dark"}`, `{"Theme":"light"}`, `{"unknown":1}`, `{"language":"xx"}`,
		`{"muted":[""]}`, `{"muted":["` + strings.Repeat(`x","`, 40) + `x"]}`, `{"import_proxy":"http://alice:hunter2@proxy:8080"}`, `{"import_proxy":"ftp://x"}`,
		`{"import_sign_in":"fax"}`, `{"import_transport":"carrier-pigeon"}`, `{"no_tray":"yes"}`, `{"language":"` + strings.Repeat("x", MaxSize) + `"}`} {
		if p, err := Parse([]byte(text)); err == nil || !reflect.DeepEqual(p, Preferences{}) {
			t.Errorf("%.60s is taken: %+v", text, p)
		}
	}
}

func TestSaveRefusesWhatLoadWould(t *testing.T) {
	file := At(filepath.Join(t.TempDir(), "preferences.json"))
	if err := file.Save(Preferences{ImportProxy: "http://alice:hunter2@proxy:8080"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	if err := At(filepath.Join(file.Path(), "\x00", "x")).Save(Preferences{}); err == nil {
		t.Error("saved nowhere")
	}
}

func TestMute(t *testing.T) {
	var p Preferences
	p.Mute("lost", true)
	p.Mute("connected", true)
	p.Mute("lost", true)
	if !reflect.DeepEqual(p.Muted, []string{"connected", "lost"}) || !p.Mutes("lost") {
		t.Error(p.Muted)
	}
	p.Mute("lost", false)
	p.Mute("connected", false)
	if p.Muted != nil || p.Mutes("lost") {
		t.Error(p.Muted)
	}
}

func TestForImport(t *testing.T) {
	s, err := filled().ForImport(profiles.EntraID)
	if err != nil || s.Get("proxy") != "http://proxy.corp.example:8080" || s.Transport != profiles.TCP || s.SignIn != settings.SignInDeviceCode {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := filled().ForImport(profiles.UsernamePassword); err != nil || s.SignIn != settings.SignInBrowser {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := (Preferences{}).ForImport(profiles.EntraID); s != nil || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// What is parsed is valid and is read again as the same.
func FuzzParse(f *testing.F) {
	data, err := json.Marshal(filled())
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{string(data), `{}`, `{"muted":[]}`, `{"theme":"dark"} `, `{"a":{"a":1}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(encoded)
		if twice, _ := json.Marshal(again); err != nil || string(twice) != string(encoded) {
			t.Errorf("%v: %s, then %s", err, encoded, twice)
		}
		for _, way := range []profiles.AuthenticationType{profiles.EntraID, profiles.UsernamePassword} {
			if _, err := p.ForImport(way); err != nil {
				t.Error(err)
			}
		}
	})
}
