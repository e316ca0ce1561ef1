package rootfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFindSource(t *testing.T) {
	for _, test := range []struct {
		name, file, text, mirror string
	}{
		{"line", "sources.list", "# old\ndeb-src http://mirror.test/src trixie main\ndeb http://mirror.test/debian trixie main contrib\n", "http://mirror.test/debian"},
		{"line with options", "sources.list.d/a.list", "deb [arch=amd64 signed-by=/k.gpg] https://mirror.test/d trixie main\n", "https://mirror.test/d"},
		{"stanza", "sources.list.d/debian.sources", "Types: deb\n# note\nURIs: http://mirror.test/x\nSuites: trixie trixie-updates\nComponents: main\n\nTypes: deb\nURIs: http://mirror.test/security\nSuites: trixie-security\nComponents: main\n", "http://mirror.test/x"},
		{"other release", "sources.list", "deb http://mirror.test/debian bookworm main\n", ""},
		{"other component", "sources.list", "deb http://mirror.test/debian trixie contrib\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "etc/os-release"), "NAME=\"Debian\"\nVERSION_CODENAME=trixie\n")
			write(t, filepath.Join(root, "etc/apt", test.file), test.text)
			got, err := findSource(root)
			if test.mirror == "" {
				if !errors.Is(err, errNoSource) {
					t.Fatalf("got %v, %v; want no source", got, err)
				}
				return
			}
			if err != nil || got != (source{test.mirror, "trixie"}) {
				t.Fatalf("got %v, %v; want %s", got, err, test.mirror)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
