package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func free(string) bool { return false }

func TestIdentifierIsRecognisable(t *testing.T) {
	for name, want := range map[string]string{
		"Contoso Hub":            "contoso-hub-",
		"Büro Köln – Süd":        "buro-koln-sud-",
		"東京":                     "profile-",
		"CON":                    "con-",
		"../../etc/passwd":       "etc-passwd-",
		"a:b|c?d*e":              "a-b-c-d-e-",
		strings.Repeat("x", 200): strings.Repeat("x", maxSlug) + "-",
		"ﬁliale №5":              "filiale-no5-",
	} {
		if got := identifier(name, free); !strings.HasPrefix(got, want) || len(got) != len(want)+maxDigest {
			t.Errorf("%q: %q", name, got)
		}
	}
	if a, b := identifier("Contoso", free), identifier("CONTOSO ", free); a != b {
		t.Errorf("case: %q, %q", a, b)
	}
	if a, b := identifier("Ko\u0308ln", free), identifier("Köln", free); a != b {
		t.Errorf("encoding: %q, %q", a, b)
	}
	first := identifier("Contoso", free)
	second := identifier("Contoso", func(id string) bool { return id == first })
	if second == first || !strings.HasPrefix(second, "contoso-") {
		t.Errorf("taken: %q", second)
	}
}

func TestIdentifierTellsNamesApart(t *testing.T) {
	names := []string{"a b", "a-b", "a_b", "a  b c", "ab", "ä b", "東京", "京都", "☎", "profile", strings.Repeat("x", 199), strings.Repeat("x", 200), strings.Repeat("x", 100) + "y"}
	for i := range 5000 {
		names = append(names, fmt.Sprintf("%d", i), fmt.Sprintf("東%d", i))
	}
	seen := map[string]string{}
	for _, name := range names {
		id := identifier(name, free)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %q", name, other, id)
		}
		seen[id] = name
	}
}

// reserved are the names that Windows keeps for devices, with any extension.
var reserved = []string{"con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9", "conin$", "conout$"}

// Whatever a profile is called, its file's name is safe everywhere, and the same only for the same name.
func FuzzIdentifier(f *testing.F) {
	for _, name := range []string{"Contoso", "CON", "..", "../x", `C:\x`, "a\x00b", "東京", "x\u0308", "x\x18\u0308", "\u202etxt.exe", strings.Repeat("é", 300), "nul.xml", " ", "."} {
		f.Add(name, "contoso")
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		id := identifier(name, free)
		file := id + ".xml"
		stem, ok := profileStem(file)
		base, _, _ := strings.Cut(id, ".")
		switch {
		case !isIdentifier(id), !ok, stem != id, len(file) > 100, !filepath.IsLocal(file), filepath.Base(file) != file:
			t.Errorf("%q: %q is not safe", name, id)
		case strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "", id[0] == '-', slices.Contains(reserved, base):
			t.Errorf("%q: %q has more in it than it should", name, id)
		case (nameKey(name) == nameKey(other)) != (id == identifier(other, free)):
			t.Errorf("%q and %q: %q", name, other, id)
		}
		clean := cleanName(name)
		if cleanName(clean) != clean || nameKey(clean) != nameKey(name) || !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > maxName {
			t.Errorf("%q is cleaned to %q", name, clean)
		}
		if strings.ContainsFunc(clean, func(r rune) bool { return unicode.IsControl(r) }) {
			t.Errorf("%q is cleaned to %q", name, clean)
		}
	})
}

// Whatever stands in a record, it is refused or can be written again, and names no file outside.
func FuzzRecord(f *testing.F) {
	for _, text := range []string{`{}`, `{"version": 1, "name": "x", "file": "id.xml", "part": ".part-id-1", "settings": {"mtu": 1400}}`,
		`{"file": "../x.xml"}`, `{"file": "id.xml", "replaces": "id.ovpn"}`, `{"file": "other.xml"}`, `{"part": ".part-../x"}`, `{"version": 9}`,
		`{"settings": {"proxy": {"type": "http", "host": "p", "port": 1, "username": "u", "password": "s"}}}`} {
		f.Add([]byte(text), "id")
	}
	f.Add([]byte(`{"file": "id.zip"}`), "id~2")
	f.Fuzz(func(t *testing.T, data []byte, id string) {
		r, err := parseRecord(data, id)
		if err != nil {
			return
		}
		for _, name := range []string{r.File, r.Part, r.Replaces} {
			if name != "" && (!filepath.IsLocal(name) || strings.ContainsAny(name, `/\`)) {
				t.Errorf("%q leads outside", name)
			}
		}
		encoded, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseRecord(encoded, id)
		if err != nil {
			t.Fatalf("%v: %s", err, encoded)
		}
		for _, key := range settings.Keys() {
			if got, want := settings.Settings(again.Settings).Get(key.Name), settings.Settings(r.Settings).Get(key.Name); got != want {
				t.Errorf("%s: %q, want %q", key.Name, got, want)
			}
		}
	})
}
