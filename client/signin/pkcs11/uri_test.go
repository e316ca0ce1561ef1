package pkcs11

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURI(t *testing.T) {
	slot := uint(7)
	tests := []struct {
		text string
		want URI
	}{
		{"pkcs11:", URI{}},
		{"PKCS11:token=My%20card", URI{Token: "My card"}},
		// What p11tool --list-all prints.
		{"pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=0f1e2d;token=footbridge;id=%01%A2;object=alice+1;type=private",
			URI{Model: "SoftHSM v2", Manufacturer: "SoftHSM project", Serial: "0f1e2d", Token: "footbridge", ID: []byte{1, 0xa2}, Object: "alice+1"}},
		{"pkcs11:slot-id=7?module-path=/usr/lib/libykcs11.so", URI{SlotID: &slot, ModulePath: "/usr/lib/libykcs11.so"}},
		{"pkcs11:?module-name=softhsm2&pin-source=/home/a/pin", URI{ModuleName: "softhsm2", PINSource: "/home/a/pin"}},
		{"pkcs11:?pin-source=file:/home/a%20b/pin", URI{PINSource: "/home/a b/pin"}},
		{"pkcs11:?pin-source=file:///home/a/pin", URI{PINSource: "/home/a/pin"}},
	}
	for _, test := range tests {
		if uri, err := ParseURI(test.text); err != nil || !cmp.Equal(uri, test.want) {
			t.Errorf("%s: %v\n%s", test.text, err, cmp.Diff(test.want, uri))
		}
	}
	for _, text := range []string{"", "pkcs11", "https://example.com", "pkcs11:token", "pkcs11:token=%zz", "pkcs11:token=a;token=b", "pkcs11:colour=red", "pkcs11:type=secret-key",
		"pkcs11:slot-id=x", "pkcs11:slot-id=-1", "pkcs11:?module-path=lib.so", "pkcs11:?module-name=../x", "pkcs11:?module-path=/a.so&module-name=a", "pkcs11:?pin-source=%7Ccat%20pin",
		"pkcs11:?pin-source=pin", "pkcs11:?pin-source=file://elsewhere/pin", "pkcs11:?token=a", "pkcs11:module-path=/a", "pkcs11:token=" + strings.Repeat("a", longestURI)} {
		if uri, err := ParseURI(text); !errors.Is(err, ErrURI) {
			t.Errorf("%.60s: %+v, %v", text, uri, err)
		}
	}
	if _, err := ParseURI("pkcs11:token=a?pin-value=123456"); err == nil || strings.Contains(err.Error(), "123456") || !strings.Contains(err.Error(), "pin-value") {
		t.Error(err)
	}
}

func TestReadPIN(t *testing.T) {
	dir := t.TempDir()
	write := func(content string, mode os.FileMode) string {
		path := filepath.Join(dir, "pin")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, content := range []string{"123456", "123456\n", "123456\r\nmore"} {
		if pin, err := readPIN(write(content, 0o600)); err != nil || pin.Reveal() != "123456" {
			t.Errorf("%q: %v", content, err)
		}
	}
	for name, path := range map[string]string{"none": filepath.Join(dir, "none"), "a folder": dir} {
		if _, err := readPIN(path); !errors.Is(err, ErrPINFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620} {
		if _, err := readPIN(write("123456", mode)); !errors.Is(err, ErrPINFile) || strings.Contains(err.Error(), "123456") {
			t.Errorf("%v: %v", mode, err)
		}
	}
	for _, content := range []string{"", "\n123456", strings.Repeat("1", longestPIN+1)} {
		if _, err := readPIN(write(content, 0o600)); !errors.Is(err, ErrPINFile) {
			t.Errorf("%.10q: %v", content, err)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("pkcs11:token=My%20card;id=%01;object=alice?module-path=/usr/lib/a.so&pin-source=file:/home/a/pin")
	f.Fuzz(func(t *testing.T, text string) {
		uri, err := ParseURI(text)
		if err != nil && !errors.Is(err, ErrURI) {
			t.Error(err)
		}
		if err == nil && (uri.PINSource != "" && !filepath.IsAbs(uri.PINSource) || uri.ModulePath != "" && !filepath.IsAbs(uri.ModulePath)) {
			t.Errorf("%+v", uri)
		}
	})
}
